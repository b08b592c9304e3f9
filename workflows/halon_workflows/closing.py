"""Close: when everything is settled and somebody says so, the reports are rendered and sealed and the record ends."""

from __future__ import annotations

import json
from dataclasses import replace

from halon.incident import paging, storm
from halon.incident.about import about
from halon.incident.opening import Closing
from halon.incident.restriction import access
from halon.incident.standing import with_phase
from halon.incident.status import status
from halon.ports import record
from halon_workflows.durable import Durable

REPORTS = ("status", "timeline", "postmortem")


async def close(inc: Durable) -> Closing:
    """Wait for `close`, then close."""
    await inc.until(lambda: bool(inc.state.close_requested_by) and not inc.state.ended_as)
    return await finish(inc)


async def ended(inc: Durable) -> Closing:
    """Wait until it closes by itself, wherever its story is: it was merged and holds nothing, or was muted all along."""
    await inc.until(lambda: bool(inc.state.ended_as))
    return await finish(inc)


async def finish(inc: Durable) -> Closing:
    """Render and seal the reports, write the last entry, flush."""
    if not inc.done("closed"):
        inc.change(outcome=_outcome(inc))
        inc.mark("closing")
        inc.state = storm.tell_tally(with_phase(inc.state, "remediate", "done", inc.now), inc.now)
        await inc.recorded()
        closed = replace(inc.state, closed_at=inc.state.ledger["closing"])  # what is sealed says when, and that it is
        files = {"status.json": json.dumps(status(closed), indent=2, ensure_ascii=False, sort_keys=True)}
        request = record.Finish(inc.state.incident_id, about(closed, inc.now), REPORTS, files=files,
                                access=access(inc.state))  # fmt: skip
        finished = await inc.act(record.finish, request, "render and seal the reports")
        inc.keep_sealed("remediate", finished.sealed)
        inc.note("closed", "remediate", f"{inc.state.reference} closed: {inc.state.outcome.replace('_', ' ')}.")
        if inc.state.assessment is not None and inc.state.assessment.form:
            inc.state = paging.ended(inc.state, inc.now)
        inc.mark("closed")
    await inc.recorded()
    await inc.until(lambda: not inc.state.outbox and not inc.state.forwarding and not inc.state.passing)
    await inc.recorded()
    inc.change(closed_at=inc.state.ledger.get("closing", inc.now))
    return Closing(
        reference=inc.state.reference, outcome=inc.state.outcome, closed_at=inc.state.closed_at,
        entries=inc.state.chain.seq, head=inc.state.chain.head,
    )  # fmt: skip


def _outcome(inc: Durable) -> str:
    if inc.state.ended_as:
        return inc.state.ended_as
    if inc.state.false_alarm_by:
        return "false_alarm"
    return "resolved" if inc.state.reruns and inc.state.reruns[-1].passed else "waived"
