"""Root causes: what the sealed evidence shows, the minimal case by replay, the whys that people go on with."""

from __future__ import annotations

from temporalio.exceptions import ActivityError

from halon.incident import times
from halon.incident.about import about
from halon.incident.remedies import Corrective, case_told
from halon.incident.restriction import access
from halon.incident.standing import with_phase
from halon.incident.timeline import tell_roles
from halon.ports import rca, record
from halon_workflows import looking
from halon_workflows.durable import Durable, reason_of


async def find_causes(inc: Durable) -> None:
    """Find the causes, then draft the report about them."""
    await investigate(inc)
    await seal_draft(inc)


async def investigate(inc: Durable) -> None:
    """Once the harm has stopped, or is only observed: investigate, and propose corrective actions with an owner and a deadline."""
    if inc.done("investigated"):
        return
    inc.state = with_phase(inc.state, "rca", "waiting", inc.now, "the harm to stop")
    await inc.until(lambda: _may_begin(inc))
    if inc.state.false_alarm_by:
        return
    inc.state = with_phase(inc.state, "rca", "running", inc.now)
    request = rca.Investigate(inc.state.incident_id, inc.state.agent, inc.state.evidence, inc.now)
    try:
        causes = await inc.act(rca.investigate, request, "find causes in the sealed evidence, replay the case")
    except ActivityError as error:
        causes = rca.Causes(note=": ".join(reason_of(error)))
    known = {found.id for found in inc.state.findings}
    inc.change(
        findings=(*inc.state.findings, *(one for one in causes.findings if one.id not in known)),
        whys=inc.state.whys or causes.whys, case=causes.case,
    )  # fmt: skip
    for found in causes.findings:
        inc.note("finding", "rca", f"Finding {found.id} ({found.layer}, {found.certainty}): {found.text}",
                 sealed=list(found.evidence))  # fmt: skip
    if causes.case is not None:
        inc.note("case", "rca", case_told(causes.case))
    propose(inc, causes.proposals)
    if not causes.findings:
        body = f"Nothing was found by itself ({causes.note or 'the evidence shows no cause'}). Say `finding`, `why`, `corrective`."
        inc.note("rca", "rca", body)
        inc.state = tell_roles(inc.state, inc.now, "no-finding", f"[{inc.state.reference}] no cause found", body,
                               "technical_lead", "commander",
                               asked="Nothing was found by itself. Say `finding`, `why`, `corrective`")  # fmt: skip
    inc.mark("investigated")


def _may_begin(inc: Durable) -> bool:
    """Whether the harm has stopped or is only observed; the causes of what is merged are found in the other incident."""
    if inc.state.merged_into is not None:
        return False
    if inc.state.false_alarm_by:
        return True
    return inc.done("evidence") and (bool(inc.state.harm_stopped_at) or looking.observed(inc))


async def seal_draft(inc: Durable) -> None:
    """Seal a first draft of the postmortem, for people to go on with."""
    if inc.done("drafted-postmortem") or inc.state.false_alarm_by:
        return
    request = record.Finish(inc.state.incident_id, about(inc.state, inc.now), ("postmortem",), label="draft",
                            access=access(inc.state))  # fmt: skip
    drafted = await inc.act(record.finish, request, "draft the postmortem")
    inc.keep_sealed("rca", drafted.sealed)
    inc.mark("drafted-postmortem")
    inc.state = with_phase(inc.state, "rca", "done", inc.now)


def propose(inc: Durable, proposals: tuple[str, ...]) -> None:
    """Each proposal becomes a corrective action of the technical lead, with the kit's deadline."""
    days = inc.state.assessment.corrective_days if inc.state.assessment else 14
    deadline = times.after(inc.now, days * 86_400)
    owner = inc.state.technical_lead or inc.state.commander or "commander"
    for text in proposals or ("Find the cause and remove it",):
        number = len(inc.state.correctives) + 1
        new = Corrective(f"c{number}", text, owner, deadline, "halon", inc.now)
        inc.change(correctives=(*inc.state.correctives, new))
        inc.note("corrective", "remediate", f"Proposed {new.id}: {text} (owner {owner}, until {deadline}).")
