"""Triage: how bad, how far, whose, what follows. Judged beside the workflow, kept here."""

from __future__ import annotations

from temporalio.exceptions import ActivityError

from halon.incident.judged import take_in
from halon.incident.standing import with_phase
from halon.ports import triage
from halon_workflows.durable import Durable, reason_of


async def assess(inc: Durable) -> None:
    """The first assessment, and the first page."""
    if not inc.done("triaged"):
        inc.state = with_phase(inc.state, "triage", "running", inc.now)
        await judge(inc)
        inc.change(page_next_at=inc.now, next_update_at=inc.now)
        inc.mark("triaged")
    inc.spawn("triage.acknowledged", lambda: acknowledged(inc))


async def judge(inc: Durable) -> None:
    """Judge the facts as they are now. A kit that can't be used is said aloud and tried again; nothing is guessed."""
    version = inc.state.facts_version
    filed = {
        f"{duty.id}/{stage.id}": stage.filed_at
        for duty in inc.state.obligations for stage in duty.stages if stage.filed_at
    }  # fmt: skip
    case = triage.Case(
        incident_id=inc.state.incident_id, reference=inc.state.reference, agent=inc.state.agent,
        group=inc.state.group, rules=tuple(count.rule for count in inc.state.counts), facts=inc.state.facts,
        now=inc.now, filed=filed,
    )  # fmt: skip
    try:
        judged = await inc.act_now(triage.assess, case, "assess the facts with the kit")
    except ActivityError as error:
        kind, text = reason_of(error)
        inc.note("failed", "triage", f"The facts could not be assessed ({kind}: {text}).")
        raise
    inc.state = take_in(inc.state, judged, version, inc.now)


async def rejudge(inc: Durable) -> None:
    """Whenever a fact, an alert or a filing changes what is known, judge again."""
    while not inc.finished:
        await inc.until(
            lambda: inc.finished or (inc.done("triaged") and inc.state.facts_version != inc.state.assessed_version)
        )
        if inc.finished:
            return
        await judge(inc)


async def acknowledged(inc: Durable) -> None:
    """The phase is done when somebody has it; the clock pages and escalates until then."""
    if not inc.state.acked_by:
        inc.state = with_phase(inc.state, "triage", "waiting", inc.now, "an acknowledgement")
    await inc.until(lambda: bool(inc.state.acked_by) or inc.finished)
    inc.state = with_phase(inc.state, "triage", "done", inc.now)
