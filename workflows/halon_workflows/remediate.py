"""Remediate: corrective actions done, the case and the evals rerun until they pass."""

from __future__ import annotations

from dataclasses import replace

from temporalio.exceptions import ActivityError

from halon.incident.remedies import Rerun, case_in_words
from halon.incident.settling import proved
from halon.incident.standing import with_phase
from halon.incident.timeline import tell_roles
from halon.ports import remediate
from halon_workflows import patches
from halon_workflows.durable import Durable, reason_of


async def fix_and_prove(inc: Durable) -> None:
    """Wait for the corrective actions, rerun, and begin again with those that did not help (promise 9)."""
    await inc.until(lambda: inc.done("investigated") or bool(inc.state.false_alarm_by))
    await _prove(inc)
    inc.mark("fixed")
    inc.state = with_phase(inc.state, "remediate", "waiting", inc.now, "restore and `close`")


async def keep_proved(inc: Durable) -> None:
    """A recurrence, or a fix that was said after the proof, takes the proof away: prove again."""
    while not inc.finished:
        await inc.until(lambda: inc.finished or (inc.done("fixed") and not _over(inc)))
        if not inc.finished:
            await _prove(inc)
            inc.state = with_phase(inc.state, "remediate", "waiting", inc.now, "restore and `close`")


async def _prove(inc: Durable) -> None:
    while not _over(inc):
        owners = ", ".join(sorted({one.owner for one in inc.state.correctives if one.status in ("open", "failed")}))
        waits = (
            f"corrective actions ({owners})"
            if owners
            else "the proof: say a corrective action again, or `waive` what=proof"
        )
        inc.state = with_phase(inc.state, "remediate", "waiting", inc.now, waits)
        await inc.until(lambda: _fix_is_said(inc) or _over(inc))
        if not _over(inc):
            inc.state = with_phase(inc.state, "remediate", "running", inc.now)
            await _rerun(inc)


def _over(inc: Durable) -> bool:
    return proved(inc.state) or bool(inc.state.false_alarm_by)


async def _rerun(inc: Durable) -> None:
    attempt = len(inc.state.reruns) + 1
    request = remediate.Prove(inc.state.incident_id, inc.state.agent, inc.state.case, attempt)
    try:
        result = await inc.act(remediate.prove, request, f"rerun the case and the evals ({attempt})")
    except ActivityError as error:
        kind, text = reason_of(error)
        result = Rerun(inc.now, passed=False, case_passed=False, evals_passed=0, evals_failed=0,
                       details=(f"could not be rerun ({kind}: {text})",),
                       case="was not tried" if inc.goes(patches.UNDECIDED) else "")  # fmt: skip
    inc.change(reruns=(*inc.state.reruns, result))
    _keep_result(inc, result)
    word = "passed" if result.passed else "DECIDED NOTHING" if result.undecided else "FAILED"
    told = (f"Rerun {attempt} {word}: the case {case_in_words(result)}, "
            f"evals {result.evals_passed} passed, {result.evals_failed} failed. {'; '.join(result.details)}")  # fmt: skip
    if result.undecided:
        told += " Say `corrective` again to rerun it, or a named person stands in for the proof: `waive` what=proof."
    inc.note("rerun", "remediate", told.strip(), sealed=result.evidence, passed=result.passed)
    if not result.passed:
        inc.state = tell_roles(inc.state, inc.now, f"rerun:{attempt}", f"[{inc.state.reference}] the fix is not proved",
                               told, "technical_lead", "commander",
                               asked=f"Rerun {attempt} failed: look at what it says, and mend it",
                               command=f"halon show {inc.state.reference}")  # fmt: skip


def _keep_result(inc: Durable, result: Rerun) -> None:
    """The fix is proved or not; of each corrective action it is kept what came after somebody said that it is done."""
    if result.case == "still reproduces" and inc.state.case is not None:
        inc.change(case=replace(inc.state.case, reproduced=True))  # seen now, whatever could be tried before
    now = [one for one in inc.state.correctives if one.status == "done"]
    if result.passed:
        kept = [replace(one, status="proved", after="passed", after_at=result.at) for one in now]
    elif result.undecided:
        kept = [replace(one, after="undecided", after_at=result.at) for one in now]
    else:
        kept = [replace(one, status="failed", after="failed", after_at=result.at) for one in now]
    changed = {one.id: one for one in kept}
    inc.change(correctives=tuple(changed.get(one.id, one) for one in inc.state.correctives))


def _fix_is_said(inc: Durable) -> bool:
    """Something was done since the last rerun, and nothing is left open."""
    statuses = {one.status for one in inc.state.correctives}
    fresh = any(one.status == "done" and not one.after for one in inc.state.correctives)
    return fresh and not {"open", "failed"} & statuses
