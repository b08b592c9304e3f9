"""Seal the evidence: once, again while nothing could be sealed, and what waits for it."""

from __future__ import annotations

from temporalio.exceptions import ActivityError

from halon.incident import seal_waits
from halon.incident.looking_back import looked_back
from halon.incident.timeline import tell
from halon.ports import evidence
from halon_workflows.durable import Durable, reason_of


async def seal_evidence(inc: Durable) -> None:
    """Collect and seal, once. What can't be had is said; the irreversible then waits for it."""
    if not inc.done("evidence"):
        await _collect(inc)
        inc.mark("evidence")
    if not inc.state.evidence:
        inc.spawn("contain.evidence", lambda: seal_again(inc))


def seal_beside(inc: Durable) -> None:
    """Begin to seal beside what goes on, unless that has begun or is done."""
    if not inc.done("evidence"):
        inc.spawn("contain.seal", lambda: seal_evidence(inc))


async def seal_again(inc: Durable) -> None:
    """Nothing could be sealed: again whenever the clock says so, until something is."""
    while not inc.state.evidence and not inc.finished:
        asked = _asked_again(inc)
        await inc.until(lambda asked=asked: inc.finished or _asked_again(inc) != asked)  # type: ignore[misc]
        if not inc.finished:
            await _collect(inc)


async def _collect(inc: Durable) -> None:
    since, _ = looked_back(inc.state.alerts, inc.state.opened_at)
    request = evidence.Collect(inc.state.incident_id, inc.state.agent, since)
    try:
        # The step keeps its name of before: a run that is being renewed finds the time left of its own by it.
        got = await inc.act(evidence.collect, request, "seal evidence", step="seal evidence before containment")
    except ActivityError as error:
        got = evidence.Collected((), (": ".join(reason_of(error)),))
    inc.keep_sealed("contain", got.sealed)
    for missing in got.missing:
        inc.note("evidence", "contain", f"Not sealed: {missing}")
    if not got.sealed:
        also = seal_waits.held(inc.state)
        waits = (
            f"Irreversible actions wait, and what would change the evidence: {', '.join(also)}"
            if also
            else "Irreversible actions wait"
        )
        body = f"No evidence could be sealed. {waits}; `override` what=evidence lets them run, on record."
        inc.state = tell(inc.state, inc.now, "no-evidence", f"[{inc.state.reference}] no evidence sealed", body,
                         names=(inc.state.commander,))  # fmt: skip


def _asked_again(inc: Durable) -> int:
    return sum(1 for key in inc.state.ledger if key.startswith("evidence-again:"))
