"""Merge and split reach other incidents: each answers for itself, and takes only from one that says it is merged into it."""

from __future__ import annotations

import asyncio
import re
from dataclasses import asdict, replace
from typing import Any

from temporalio import activity
from temporalio.client import WorkflowExecutionStatus
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from halon.incident.alerts import AlertCount
from halon.incident.hearing import sources
from halon.incident.ids import PREFIX, correlation_key, incident_id, reference
from halon.incident.joining import outside_window
from halon.incident.links import Has, MergedFrom, Met, Taken
from halon.incident.merging import has
from halon.incident.opening import Opening
from halon.incident.restriction import restricted
from halon.incident.state import State
from halon.incident.taking import link_of
from halon.judgement.holding import in_force
from halon.judgement.vocabulary import VOCABULARY
from halon.ports.correlate import Find, Follow, Handed, HandOver, Opened, Pass, Passed, SplitOut, Take
from halon_activities.failures import NotMerged, NotTakenYet, typed
from halon_activities.guard import WORKFLOW_TYPE, require_incident
from halon_activities.hands import Hands
from halon_activities.others import state_of

WAITED = 8.0
"""Seconds in which the other incident takes what it is handed; then this is tried again."""
PAUSE = 0.2
MOST_HOPS = 10
_SAFE = re.compile(r"[A-Za-z0-9_.~-]{1,200}")
_MISHEARD = str.maketrans("OIL", "011")
_LIST_LAGS = (0.3, 0.7)
"""Seconds between two looks into the list, which has a new incident a moment after the incident has its name."""
_OVER = (
    WorkflowExecutionStatus.COMPLETED,
    WorkflowExecutionStatus.FAILED,
    WorkflowExecutionStatus.CANCELED,
    WorkflowExecutionStatus.TIMED_OUT,
)


class Correlate:
    """The activities of ``halon.ports.correlate``."""

    def __init__(self, hands: Hands) -> None:
        self._hands = hands

    @activity.defn(name="correlate.find")
    async def find(self, request: Find) -> Met:
        """Look another incident up, as it stands now."""
        with typed():
            info = require_incident(request.incident_id)
            workflow_id = await self._called(request.wanted, info.task_queue)
            return await self._met(workflow_id) if workflow_id else Met(found=False)

    @activity.defn(name="correlate.follow")
    async def follow(self, request: Follow) -> Met:
        """Look where the incident before this one was merged into."""
        with typed():
            info = require_incident(request.incident_id)
            now, before = self._hands.now(), request.predecessor
            for _ in range(MOST_HOPS):
                state = await state_of(self._hands, before) if before.startswith(PREFIX) else None
                if state is None:
                    return Met(found=False)
                if state.merged_into is None:
                    fits = before not in (request.predecessor, info.workflow_id) and not state.closed_at
                    late = bool(state.alerts) and outside_window(state, replace(state.alerts[0], status="firing"), now)
                    return await self._met(before) if fits and not late else Met(found=False)
                before = state.merged_into.workflow_id
            return Met(found=False)

    @activity.defn(name="correlate.hand_over")
    async def hand_over(self, request: HandOver) -> Handed:
        """Signal the other incident, and wait until it has taken what this one hands over."""
        with typed():
            own = _own(request.incident_id)
            told = await self._handed(request, own)
            if told is not None:
                return told
            signal: dict[str, Any] = {"from": own, "version": request.version}
            if request.batch:
                signal = {"from": own, "batch": request.batch, "alerts": [asdict(one) for one in request.alerts]}
            try:
                await self._hands.temporal.get_workflow_handle(request.to).signal("merged", signal)
            except RPCError as error:
                if error.status is not RPCStatusCode.NOT_FOUND:
                    raise
                return Handed(taken=False, has=Has(closed_at=self._hands.now(), over=True))
            for _ in range(int(WAITED / PAUSE)):
                await asyncio.sleep(PAUSE)
                if (told := await self._handed(request, own)) is not None:
                    return told
            raise NotTakenYet(f"{request.to} has not taken version {request.version} of {own} within {WAITED:g} s")

    @activity.defn(name="correlate.take")
    async def take(self, request: Take) -> Taken:
        """Read what an incident that is merged into this one hands over, from itself."""
        with typed():
            own = _own(request.incident_id)
            state = await state_of(self._hands, request.source) if request.source.startswith(PREFIX) else None
            link = state.merged_into if state is not None else None
            if state is None or link is None or link.workflow_id != own or state.workflow_id != request.source:
                raise NotMerged(
                    f"{request.source[:160]!r} is not merged into {own}; `merge` is said to the one that becomes part"
                )
            return taken_from(state)

    @activity.defn(name="correlate.split_off")
    async def split_off(self, request: SplitOut) -> Opened:
        """Open an incident with alerts of this one; once, however often it is asked."""
        with typed():
            info = require_incident(request.incident_id)
            first = request.alerts[0]
            opening = Opening(alerts=request.alerts, drill=request.drill, form=1, split=request.split)
            try:
                handle = await self._hands.temporal.start_workflow(
                    WORKFLOW_TYPE,
                    opening,
                    id=request.workflow_id,
                    task_queue=info.task_queue,
                    id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                    id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
                    memo={"agent": first.agent, "group": first.group, "key": correlation_key(first.agent, first.group)},
                )
                first_run = str(handle.first_execution_run_id)
            except WorkflowAlreadyStartedError:  # by the try before this one: nothing else is called so
                found = await self._hands.temporal.get_workflow_handle(request.workflow_id).describe()
                first_run = found.raw_description.workflow_execution_info.first_run_id
            return Opened(reference(incident_id(request.workflow_id, first_run)))

    @activity.defn(name="correlate.pass_on")
    async def pass_on(self, request: Pass) -> Passed:
        """Signal later alerts to what was split off."""
        with typed():
            require_incident(request.incident_id)
            handle = self._hands.temporal.get_workflow_handle(request.to)
            try:
                await handle.signal("alerts", {"form": 1, "alerts": [asdict(one) for one in request.alerts]})
            except RPCError as error:
                if error.status is not RPCStatusCode.NOT_FOUND:
                    raise
                return Passed(taken=False)
            return Passed(taken=True)

    async def _handed(self, request: HandOver, own: str) -> Handed | None:
        """How the other incident stands to what it is handed; None while it has not answered that."""
        state = await state_of(self._hands, request.to)
        if state is None:
            return None
        link, there = link_of(state, own), has(state, request.agent, request.version, own)
        done = link is not None and (
            link.batches >= request.batch if request.batch else link.version >= request.version
        )
        if done:
            return Handed(taken=True, has=there)
        if state.closed_at:
            return Handed(taken=False, has=there)
        if request.batch and link is not None and link.declined >= request.batch:
            return Handed(taken=False, has=there, declined=True)
        return None

    async def _called(self, wanted: str, task_queue: str) -> str:
        """The workflow id of the incident called ``wanted`` that this installation holds; empty if there is none."""
        name = wanted.strip()
        if not _SAFE.fullmatch(name):
            return ""
        bare = name.upper().removeprefix("INC-").translate(_MISHEARD)
        condition = f"WorkflowId = '{name}'" if name.startswith(PREFIX) else f"HalonRef = 'INC-{bare}'"
        query = f"WorkflowType = '{WORKFLOW_TYPE}' AND {condition}"
        for pause in (*_LIST_LAGS, 0.0):
            listed = self._hands.temporal.list_workflows(query, limit=50)
            found = [one async for one in listed if one.task_queue == task_queue]
            if found:
                return max(found, key=lambda one: (one.status not in _OVER, one.start_time)).id
            await asyncio.sleep(pause)
        return ""

    async def _met(self, workflow_id: str) -> Met:
        state = await state_of(self._hands, workflow_id)
        if state is None:
            return Met(found=False, why="it does not answer, and its record can't be read")
        if restricted(state):
            return Met(found=False, why="it is restricted to named people")
        into = state.merged_into
        return Met(
            True, state.reference, state.workflow_id, state.agent, state.drill, state.closed_at or _closing(state),
            into.workflow_id if into else "",
        )  # fmt: skip


def taken_from(state: State) -> Taken:
    """What ``state``, which is merged into another incident, hands over."""
    link = state.merged_into
    if link is None:
        raise AssertionError("it is not merged")
    number = sum(one.firing + one.resolved for one in state.counts)
    path = dict.fromkeys(name for one in state.merged_from for name in (one.workflow_id, *one.path))
    keys = dict.fromkeys([(state.agent, state.group), *(key for one in state.merged_from for key in one.keys)])
    values = in_force(state.facts).values
    times = [name for name, term in VOCABULARY.items() if term.kind == "time" and term.cautious == "earlier"]
    return Taken(
        link=MergedFrom(
            state.workflow_id, state.reference, state.agent, state.group, link.by, link.at, link.reason, link.version,
            number, len(state.facts), tuple(path), tuple(keys),
        ),
        alerts=state.alerts, firing=state.firing, firing_more=state.firing_more, seen=state.seen, sources=sources(state),
        firing_rest=state.firing_rest, seen_rest=state.seen_rest,
        counts=tuple(AlertCount(one.rule, one.firing, one.resolved, one.duplicates, one.first_at, one.last_at) for one in state.counts),
        last_fired_at=state.last_fired_at, facts=state.facts,
        anchors={name: str(values[name]) for name in times if isinstance(values.get(name), str) and values[name]},
        head=state.chain.head,
    )  # fmt: skip


def _own(identity: str) -> str:
    """The workflow id of the incident that calls. Raises NotAnIncident."""
    return str(require_incident(identity).workflow_id)


def _closing(state: State) -> str:
    """When it was said that it closes: nothing joins it any more."""
    return state.ledger.get("closing", state.opened_at) if state.close_requested_by else ""
