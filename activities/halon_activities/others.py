"""Find other incidents of an agent: from Temporal's list, each one's standing from its own answer or from the record."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from temporalio.client import (
    WorkflowExecution,
    WorkflowExecutionStatus,
    WorkflowFailureError,
    WorkflowQueryFailedError,
    WorkflowQueryRejectedError,
)
from temporalio.common import SearchAttributeKey
from temporalio.service import RPCError

from halon.incident import times
from halon.incident.facts import held
from halon.incident.ids import PREFIX, slug
from halon.incident.others import LOOK_BACK_DAYS, MOST, Other, Told, traces_of
from halon.incident.state import State
from halon.ports.detect import Others
from halon_activities.finding import QUERY, checkpointed
from halon_activities.guard import WORKFLOW_TYPE
from halon_activities.hands import Hands

ANSWER_WITHIN = 4.0
"""Seconds in which another incident says where it stands; after that its record does."""
_REF = SearchAttributeKey.for_keyword("HalonRef")
_LISTED = 200
_OPEN = (WorkflowExecutionStatus.RUNNING, WorkflowExecutionStatus.CONTINUED_AS_NEW)


async def others_of(hands: Hands, request: Others, task_queue: str) -> tuple[Other, ...]:
    """The other incidents of the agent that this installation (``task_queue``) holds, newest first. Raises RPCError."""
    own = request.incident_id.rpartition(":")[0]
    since = (hands.clock() - timedelta(days=LOOK_BACK_DAYS)).strftime("%Y-%m-%dT%H:%M:%SZ")
    # By the id's beginning, a slug that needs no quoting: the search attributes come only with the first task.
    query = (
        f"WorkflowType = '{WORKFLOW_TYPE}' AND WorkflowId STARTS_WITH '{PREFIX}{slug(request.agent)}.' "
        f"AND (StartTime > '{since}' OR ExecutionStatus = 'Running')"
    )
    found: dict[str, WorkflowExecution] = {}
    async for one in hands.temporal.list_workflows(query, limit=_LISTED):
        known = found.get(one.id)
        if one.id != own and one.task_queue == task_queue and (known is None or one.start_time > known.start_time):
            found[one.id] = one
    newest = sorted(found.values(), key=lambda one: one.start_time, reverse=True)[: 2 * MOST]
    looked = await asyncio.gather(*(_other(hands, request, one) for one in newest))
    return tuple(one for one in looked if one is not None)[:MOST]


async def _other(hands: Hands, request: Others, found: WorkflowExecution) -> Other | None:
    """None for a drill beside the real thing, and the other way round: neither tells anybody of the other."""
    state = await _asked(hands, found) or await _recorded(hands, found.id)
    if state is None:
        closed = found.close_time if found.status not in _OPEN else None
        reference = found.typed_search_attributes.get(_REF) or ""
        return Other(reference, found.id, times.text(found.start_time), times.text(closed) if closed else "")
    if state.drill != request.drill:
        return None
    traces = set(traces_of(state))
    return Other(
        state.reference, state.workflow_id, state.opened_at, state.closed_at, state.outcome,
        same_traces=bool(traces & set(request.trace_ids)) if traces and request.trace_ids else None,
        overlaps=_ended(state) >= request.since, told=_told(state),
    )  # fmt: skip


async def _asked(hands: Hands, found: WorkflowExecution) -> State | None:
    handle = hands.temporal.get_workflow_handle(found.id, run_id=found.run_id)
    try:
        asked = handle.query(QUERY, result_type=State, rpc_timeout=timedelta(seconds=ANSWER_WITHIN))
        answer = await asyncio.wait_for(asked, ANSWER_WITHIN)  # the client tries again past the timeout of one call
    except (WorkflowQueryFailedError, WorkflowQueryRejectedError, WorkflowFailureError, RPCError, TimeoutError):
        return None  # the record is asked next
    return answer if isinstance(answer, State) else None


async def _recorded(hands: Hands, workflow_id: str) -> State | None:
    own = [one for one in await hands.record.incidents() if one.rpartition(":")[0] == workflow_id]
    states = [state for one in own if (state := await checkpointed(hands, one, [])) is not None]
    return max(states, key=lambda state: state.opened_at, default=None)


def _ended(state: State) -> str:
    """Until when it may have done harm: what was looked at after that is another matter."""
    until = held(state.facts).get("window_to") or state.harm_stopped_at or state.closed_at
    return times.normal(str(until)) if until else "9"


def _told(state: State) -> tuple[Told, ...]:
    """What was sent by Halon, and what people said was filed."""
    to = {(one.obligation, one.stage): one.recipient for one in state.notices if one.status == "sent"}
    return tuple(
        Told(duty.id, to.get((duty.name, stage.id)) or duty.recipient or duty.authority, stage.filed_at)
        for duty in state.obligations for stage in duty.stages if stage.filed_at
    )  # fmt: skip
