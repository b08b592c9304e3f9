"""Triage: how bad, how far, whose, what follows. Judged beside the workflow, kept here."""

from __future__ import annotations

from dataclasses import replace

from temporalio.exceptions import ActivityError

from halon.incident import hearing, kits, levels, quiet, waking
from halon.incident.judged import alerted, alerts_joined, filings, take_in
from halon.incident.standing import with_phase
from halon.incident.state import State
from halon.ports import triage
from halon_workflows import detect, modes, patches
from halon_workflows.durable import Durable, reason_of


async def assess(inc: Durable) -> None:
    """The first assessment, and the first page."""
    if not inc.done("triaged"):
        inc.state = with_phase(inc.state, "triage", "running", inc.now)
        await judge(inc)
        inc.change(page_next_at=inc.now, next_update_at=inc.now)
        inc.mark("triaged")
    inc.spawn("triage.acknowledged", lambda: acknowledged(inc))


def case_of(state: State, now: str) -> triage.Case:
    """What there is to judge at ``now``."""
    return triage.Case(
        incident_id=state.incident_id, reference=state.reference, agent=state.agent,
        group=state.group, rules=tuple(count.rule for count in state.counts), facts=state.facts,
        now=now, filed=filings(state), kit_digest=kits.to_judge_by(state), evidence_sealed=bool(state.evidence),
        kit_kept=bool(state.kit_digest) or not kits.to_judge_by(state), sources=hearing.sources(state),
        level=levels.said(state),
        in_force=tuple(one.order.id for one in state.actions if one.status == "verified"),
        failed=tuple(one.order.id for one in state.actions if one.status == "failed"),
        standing=state.level or "",
    )  # fmt: skip


async def judge(inc: Durable) -> None:
    """Judge the facts as they are now. A kit that can't be used is said aloud and tried again; nothing is guessed."""
    version, sealed = inc.state.facts_version, bool(inc.state.evidence)
    case = case_of(inc.state, inc.now)
    alerts, before = alerts_joined(inc.state), inc.state.assessment
    judged = inc.early.take_judged(case) if inc.early else None
    if judged is None:
        try:
            judged = await inc.act_now(triage.assess, case, "assess the facts with the kit")
        except ActivityError as error:
            kind, text = reason_of(error)
            inc.note("failed", "triage", f"The facts could not be assessed ({kind}: {text}).")
            raise
    inc.state = replace(take_in(inc.state, judged, version, inc.now, sealed=sealed), assessed_alerts=alerts)
    if before is not None and before.mode != judged.mode:
        modes.hold_back(inc)


async def rejudge(inc: Durable) -> None:
    """Whenever a fact, a filing, the kit, a person's severity, or (while the mode holds Halon back) an alert changes what follows, judge again."""
    as_before = False  # this history judged no alerts
    while not inc.finished:
        await inc.until(
            lambda as_before=as_before: (
                inc.finished  # type: ignore[misc]
                or (inc.done("triaged") and (_something_new(inc) or (not as_before and alerted(inc.state))))
            )
        )
        if inc.finished:
            return
        if not _something_new(inc) and not inc.goes(patches.ALERTS):
            as_before = True
            continue
        if quiet.due(inc.state):  # what it did meanwhile decides whether anybody is woken
            inc.state = waking.looked(inc.state, await detect.look(inc))
        await judge(inc)


def _something_new(inc: Durable) -> bool:
    state = inc.state
    # What ticks a step by itself; an incident of an earlier release has no steps.
    sealed = bool(state.tasks) and bool(state.evidence) and not state.assessed_sealed
    return (
        state.facts_version != state.assessed_version
        or bool(state.kit_wanted)
        or sealed
        or quiet.to_judge(state)
        or hearing.to_judge(state)
        or levels.to_judge(state)
    )


async def acknowledged(inc: Durable) -> None:
    """The phase is done when somebody has it; the clock pages and escalates until then."""
    if not inc.state.acked_by:
        inc.state = with_phase(inc.state, "triage", "waiting", inc.now, "an acknowledgement")
    await inc.until(lambda: bool(inc.state.acked_by) or inc.finished)
    inc.state = with_phase(inc.state, "triage", "done", inc.now)
