"""Find other incidents of an agent: from Temporal's list, each one's standing from its own answer or from the record."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

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
from halon.incident.addressed import addressed
from halon.incident.facts import held
from halon.incident.ids import PREFIX, slug
from halon.incident.others import LOOK_BACK_DAYS, MOST, Other, Told, traces_of
from halon.incident.restricting import RESTRICTED, as_recorded, unseen
from halon.incident.restriction import restricted
from halon.incident.state import State
from halon.ports.detect import Others
from halon_activities.finding import QUERY, checkpointed
from halon_activities.guard import WORKFLOW_TYPE
from halon_activities.hands import Hands

ANSWER_WITHIN = 4.0
"""Seconds in which another incident says where it stands; after that its record does."""
REFERENCE = SearchAttributeKey.for_keyword("HalonRef")
AGENT = SearchAttributeKey.for_keyword("HalonAgent")
_SILENT = object()
_LISTED = 200
_BURST = 50
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
    mine = [one for one in looked if one is not None][:MOST]
    return (*mine, *(await _of_other_agents(hands, request, task_queue)))


async def _of_other_agents(hands: Hands, request: Others, task_queue: str) -> list[Other]:
    """Open incidents of other agents that are related: of the same group of rules, or of the same requests.

    A search attribute names the agent, none the group or the requests: the group is read off the workflow's id, and the
    newest of the rest are asked for their requests.
    """
    own = f"{PREFIX}{slug(request.agent)}."
    query = f"WorkflowType = '{WORKFLOW_TYPE}' AND ExecutionStatus = 'Running'"
    found = [
        one async for one in hands.temporal.list_workflows(query, limit=_LISTED)
        if one.task_queue == task_queue and one.id.startswith(PREFIX) and not one.id.startswith(own)
    ]  # fmt: skip
    same = [one for one in found if _group_in(one.id) == slug(request.group)]
    if len(found) <= _BURST:  # of hundreds at once, none has the time to be asked
        same += sorted((one for one in found if one not in same), key=lambda one: one.start_time, reverse=True)
    looked = await asyncio.gather(*(_other(hands, request, one) for one in same[: MOST // 2]))
    related = []
    for one in looked:
        same_group = one is not None and _group_in(one.workflow_id) == slug(request.group)
        if one is not None and one.agent and (one.same_traces or (same_group and one.related)):
            related.append(one if one.same_traces else replace(one, same_traces=None, told=()))
    return related


def _group_in(workflow_id: str) -> str:
    """The rule group that a workflow id names, as a slug."""
    return workflow_id.removeprefix(PREFIX).partition(".")[2].partition(".")[0].partition("~")[0]


async def _other(hands: Hands, request: Others, found: WorkflowExecution) -> Other | None:
    """None for a drill beside the real thing, and the other way round: neither tells anybody of the other."""
    state = await state_of(hands, found.id, found.run_id)
    if state is None:
        if found.typed_search_attributes.get(AGENT) == RESTRICTED:
            return Other(found.typed_search_attributes.get(REFERENCE) or "", "", "")
        closed = found.close_time if found.status not in _OPEN else None
        reference = found.typed_search_attributes.get(REFERENCE) or ""
        return Other(reference, found.id, times.text(found.start_time), times.text(closed) if closed else "")
    if state.drill != request.drill:
        return None
    if restricted(state):  # of such a one, another incident tells its reference and nothing else
        return Other(state.reference, "", "")
    traces = set(traces_of(state))
    return Other(
        state.reference, state.workflow_id, state.opened_at, state.closed_at, state.outcome,
        same_traces=bool(traces & set(request.trace_ids)) if traces and request.trace_ids else None,
        overlaps=_ended(state) >= request.since, told=_told(state),
        agent=state.agent if state.agent != request.agent else "",
    )  # fmt: skip


async def state_of(hands: Hands, workflow_id: str, run_id: str | None = None) -> State | None:
    """The state of another incident: its own answer, else what the record mirrors; None if neither can be had.

    A restricted one answers to who has read its record. The mirror may be of before: then it is held to be restricted.
    """
    answer = await _asked(hands, workflow_id, run_id, QUERY, State)
    if isinstance(answer, State):
        return answer
    own = [one for one in await hands.record.incidents() if one.rpartition(":")[0] == workflow_id]
    if answer is not _SILENT:
        for one in own:
            _, head = await hands.record.head(one)
            carried = await _asked(hands, workflow_id, run_id, QUERY, State, head) if head else None
            if isinstance(carried, State):
                return carried
    states = [state for one in own if (state := await _mirrored(hands, one)) is not None]
    state = max(states, key=lambda state: state.opened_at, default=None)
    if state is not None and answer is not _SILENT:
        status = await _asked(hands, workflow_id, run_id, "status", dict)
        return unseen(state) if not isinstance(status, dict) or status.get("restricted") is True else state
    return state


async def _asked(hands: Hands, workflow_id: str, run_id: str | None, query: str, kind: type[Any], *args: str) -> Any:
    """What the incident answers to a query; ``_SILENT`` if nothing."""
    handle = hands.temporal.get_workflow_handle(workflow_id, run_id=run_id)
    try:
        asked = handle.query(query, args=args, result_type=kind, rpc_timeout=timedelta(seconds=ANSWER_WITHIN))
        # The client tries again past the timeout of one call.
        return await asyncio.wait_for(asked, ANSWER_WITHIN)
    except (WorkflowQueryFailedError, WorkflowQueryRejectedError, WorkflowFailureError, RPCError, TimeoutError):
        return _SILENT  # the record is asked next


async def _mirrored(hands: Hands, incident_id: str) -> State | None:
    state = await checkpointed(hands, incident_id, [])
    if state is None or (await hands.record.head(incident_id))[0] <= state.chain.seq:
        return state
    return as_recorded(state, await hands.record.entries(incident_id))


def _ended(state: State) -> str:
    """Until when it may have done harm: what was looked at after that is another matter."""
    until = held(state.facts).get("window_to") or state.harm_stopped_at or state.closed_at
    return times.normal(str(until)) if until else "9"


def _told(state: State) -> tuple[Told, ...]:
    """What was sent by Halon, and what people said was filed."""
    to = {(one.obligation, one.stage): one.recipient for one in state.notices if one.status == "sent"}
    return tuple(
        Told(duty.id, to.get((duty.name, stage.id)) or told.recipient or told.authority, stage.filed_at)
        for duty in state.obligations for stage in duty.stages if stage.filed_at
        for told in (addressed(duty, stage),)
    )  # fmt: skip
