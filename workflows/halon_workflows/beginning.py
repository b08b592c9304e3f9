"""Where a run begins: new, continued, reset, or reopened after somebody terminated it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from temporalio import workflow
from temporalio.api.common.v1 import Payload
from temporalio.exceptions import ActivityError, ApplicationError

from halon.incident import waking
from halon.incident.errors import ForgedState, Malformed
from halon.incident.ids import PREFIX, incident_id
from halon.incident.opening import LOOKS_AT_ONCE, LOOKS_ONCE, UNMARKED, Opening
from halon.incident.opening_state import first_state
from halon.incident.state import State
from halon.ports import begin as port
from halon.ports import record
from halon_workflows import detect, triage
from halon_workflows.durable import AGAIN_AFTER, Durable, reason_of
from halon_workflows.early import early

FORGED = ("ForgedReopen", "NotAnIncident", "Malformed")
"""What is answered to a start that is none, and asked about only once."""


def opening_in(payload: Payload) -> Opening:
    """What the run was started with. Raises ApplicationError, so that the run fails, for a start typed by hand.

    What a run before this one handed over and this build can't read fails the workflow task: a fixed build goes on.
    """
    try:
        opening = workflow.payload_converter().from_payload(payload, Opening)
    except Exception as error:  # any converter's own error
        if workflow.info().continued_run_id:
            raise
        raise _refused(
            Malformed(f"This is no opening ({type(error).__name__}); alerts come in at the front door.")
        ) from None
    if not isinstance(opening, Opening):
        raise _refused(Malformed("An opening is one JSON object; alerts come in at the front door."))
    return opening


async def begin(inc: Durable, opening: Opening) -> None:
    """Find or make the state of this run.

    Raises ApplicationError (and so fails the run) for a forged or empty start: nothing has run then.
    """
    info = workflow.info()
    if not info.workflow_id.startswith(PREFIX):
        raise _refused(
            ForgedState(f"An incident's workflow id begins with {PREFIX!r}; alerts come in at the front door.")
        )
    if opening.state is not None:
        await _carried(inc, opening.state, info)
        return
    if opening.form >= LOOKS_ONCE and not opening.reopens:
        await _fresh(inc, opening, info)
        return
    identity = incident_id(info.workflow_id, info.first_execution_run_id)
    found = await _find(
        inc, record.Find("" if opening.reopens else identity, info.workflow_id, info.run_id, opening.reopens)
    )
    if found.state is not None:
        _adopt(inc, found, opening)
        return
    if opening.reopens:
        raise _refused(ForgedState(f"Run {opening.reopens} left no state to go on from."))
    try:
        inc.state = first_state(opening, info.workflow_id, info.first_execution_run_id, inc.now)
    except Malformed as error:
        raise _refused(error) from None
    inc.change(run_ids=(info.run_id,))


async def _fresh(inc: Durable, opening: Opening, info: Any) -> None:
    """An opening of the front door: one look finds, corroborates and judges. What it could not do is done step by step."""
    try:
        first = first_state(opening, info.workflow_id, info.first_execution_run_id, inc.now)
    except Malformed as error:
        raise _refused(error) from None
    request = port.Begin(
        record.Find(first.incident_id, info.workflow_id, info.run_id),
        detect.request(first),
        triage.case_of(first, inc.now),
    )
    inc.was_reset = False
    inc.orders_lead, inc.unmarked = opening.form >= LOOKS_AT_ONCE, opening.form >= UNMARKED
    begun = await _glance(inc, request) if inc.orders_lead else None
    if begun is None:
        begun = await _look(inc, request)
    while inc.was_reset:  # the answer may be the one that the run before this one was given
        inc.was_reset = False
        begun = port.Begun(await _find(inc, request.find))
    if begun.found.state is not None:
        _adopt(inc, begun.found, opening)
        return
    inc.state, inc.early = first, early(request, begun)
    inc.change(run_ids=(info.run_id,))


async def _glance(inc: Durable, request: port.Begin) -> port.Begun | None:
    """The look within this very workflow task, before which no call can be sent; None if it has to take a turn of its own."""
    try:
        return await inc.act_within(port.glance, request, "corroborate and judge")
    except (
        ActivityError,
        ApplicationError,
    ) as error:  # a local activity's own error comes as it is, its timeout wrapped
        if (error.type if isinstance(error, ApplicationError) else reason_of(error)[0]) in FORGED:
            raise
        return None


async def _look(inc: Durable, request: port.Begin) -> port.Begun:
    """The look as a turn of its own, with what it could not do left to the steps that it stands for."""
    try:
        return await inc.act_now(port.look, request, "find, corroborate and judge")
    except ActivityError as error:
        if reason_of(error)[0] in FORGED:
            raise
        return port.Begun(await _find(inc, request.find))


async def _find(inc: Durable, request: record.Find) -> record.Found:
    """Was this run reset, and where does the incident stand? Asked until it is answered: no outage ends an incident."""
    while True:
        try:
            return await inc.act_now(record.find, request, "look for an earlier state of this incident")
        except ActivityError as error:
            if reason_of(error)[0] in FORGED:
                raise
        await workflow.sleep(AGAIN_AFTER, summary="look again for an earlier state")


async def _carried(inc: Durable, state: State, info: Any) -> None:
    if not info.continued_run_id or state.workflow_id != info.workflow_id:
        raise _refused(
            ForgedState("A state is carried on only by the run before it. Alerts come in at the front door.")
        )
    request = record.Find(state.incident_id, info.workflow_id, info.run_id)
    inc.state = state
    found = await _find(inc, request)
    if found.reset_from:
        _after(inc, found)


def _adopt(inc: Durable, found: record.Found, opening: Opening) -> None:
    state = found.state
    assert state is not None
    inc.state = replace(state, run_ids=(*state.run_ids, workflow.info().run_id)[-50:])
    if opening.reopens:
        inc.change(reopened_from=opening.reopens)
        inc.note("reopened", "triage", f"Somebody terminated this incident; reopened from {found.where}, with its clocks and gates.",
                 run=opening.reopens)  # fmt: skip
        inc.state = waking.alarmed(inc.state, inc.now)
        inc.change(page_next_at=inc.now, acked_by="", acked_at="", paged=0)
        _forget_pages(inc)
    else:
        inc.note("reset", "triage", f"Somebody reset this incident; it goes on from {found.where}: no effect is repeated, "
                 "no decision is lost.")  # fmt: skip


async def after_reset(inc: Durable) -> None:
    """A Reset cut the history of this run: take the furthest state there is and go on from it."""
    info = workflow.info()
    inc.was_reset = False
    inc.early, inc.head_start = None, False  # nothing is left that would end the head start
    inc.tasks.clear()
    request = record.Find(inc.state.incident_id, info.workflow_id, info.run_id)
    found = await _find(inc, request)
    _after(inc, found)


def _after(inc: Durable, found: record.Found) -> None:
    if found.state is not None and found.state.chain.seq >= inc.state.chain.seq:
        _adopt(inc, found, Opening())
    else:
        inc.note("reset", "triage", "Somebody reset this incident; nothing had happened after that point.")


def _forget_pages(inc: Durable) -> None:
    inc.change(ledger={key: at for key, at in inc.state.ledger.items() if not key.startswith(("page:", "told:page:"))})


def _refused(error: Exception) -> ApplicationError:
    return ApplicationError(str(error), type=type(error).__name__, non_retryable=True)
