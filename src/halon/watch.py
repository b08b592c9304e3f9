"""Terminate can't end an incident: a terminated one is found within seconds and started again, to go on from its record.

Any number of watches may run: of two that find the same run, the server lets one start it. The workflow itself reads
its state from the record, says in the log what happened, and pages. A run that was terminated before its first look was
over has no state yet: it is started again with exactly what it was given, so that no alert is lost. It has another
reference then, because nothing of the first one was ever written down.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowExecutionDescription, WorkflowExecutionStatus, WorkflowFailureError
from temporalio.common import TypedSearchAttributes, WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import ActivityError, ApplicationError, WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from halon.incident.opening import Opening
from halon.relays_watch import reopen_relays
from halon_workflows.surface import REF

WORKFLOW_TYPE = "Incident"
REFUSED_STARTS = ("ForgedState", "ForgedReopen", "NotAnIncident", "Malformed")
"""As what a start fails that opens no incident."""
EVERY = 15.0
"""Seconds between two looks."""
WITHIN = timedelta(days=7)
"""How far back is looked: further than any outage of all workers should last."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Beginning:
    """What to start an incident with (None: there is nothing to begin), and the signals (name, arguments) to send then."""

    opening: Opening | None
    signals: Sequence[tuple[str, Sequence[Any]]] = field(default=())


async def watch(
    client: Client, task_queue: str, *, every: float = EVERY, say: Callable[[str], None] = lambda line: None
) -> None:
    """Look every ``every`` seconds and reopen what was terminated, until cancelled. ``say`` hears each one."""
    settled: set[str] = set()
    while True:
        try:
            for reference in await reopen_terminated(client, task_queue):
                say(
                    f"{reference} was terminated by somebody; it is reopened from its record, with its clocks and gates"
                )
        except RPCError as error:
            _log.warning("could not look for terminated incidents (%s); trying again in %g s", error, every)
        try:
            for relay in await reopen_relays(client, task_queue, settled):
                say(f"{relay} was ended from outside; what it held goes on to its incidents")
        except RPCError as error:
            _log.warning("could not look for ended relays (%s); trying again in %g s", error, every)
        await asyncio.sleep(every)


async def reopen_terminated(client: Client, task_queue: str) -> list[str]:
    """Reopen every incident whose latest run was terminated, also by a start of something else under its id.

    Returns their references.

    One that can't be reopened now is left for the next look. Raises RPCError if the list can't be had.
    """
    since = (datetime.now(UTC) - WITHIN).isoformat(timespec="seconds").replace("+00:00", "Z")
    query = f"WorkflowType = 'Incident' AND ExecutionStatus = 'Terminated' AND CloseTime > '{since}'"
    # Those of another task queue belong to another Halon.
    found = {execution.id async for execution in client.list_workflows(query) if execution.task_queue == task_queue}
    reopened = []
    for workflow_id in sorted(found):
        try:
            # Without a run id, describe answers for the latest run.
            latest = await client.get_workflow_handle(workflow_id).describe()
            ended = latest if latest.status is WorkflowExecutionStatus.TERMINATED else await _beneath(client, latest)
            if ended is not None:
                reopened.append(await _reopen(client, task_queue, ended, in_place_of=latest))
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:  # its history has expired between list and look
                _log.error("incident %s was terminated and could not be reopened yet: %s", workflow_id, error)
    return [reference for reference in reopened if reference]


async def _beneath(client: Client, latest: WorkflowExecutionDescription) -> WorkflowExecutionDescription | None:
    """The terminated run of an incident in whose place somebody started something that is none.

    A start may terminate what runs under its id. What stands there then is a refused start, or of another type.
    """
    if "'" in latest.id or not await _is_none(client, latest):
        return None
    runs = [one async for one in client.list_workflows(f"WorkflowId = '{latest.id}'")]
    for run in sorted(runs, key=lambda one: one.start_time, reverse=True):
        before = await client.get_workflow_handle(latest.id, run_id=run.run_id).describe()
        if not await _is_none(client, before):
            return before if before.status is WorkflowExecutionStatus.TERMINATED else None
    return None


async def _is_none(client: Client, run: WorkflowExecutionDescription) -> bool:
    """Whether this run never was an incident: of another type, or refused when it began."""
    if run.workflow_type != WORKFLOW_TYPE:
        return True
    if run.status is not WorkflowExecutionStatus.FAILED:
        return False
    try:
        await client.get_workflow_handle(run.id, run_id=run.run_id).result(follow_runs=False)
    except WorkflowFailureError as error:
        cause: BaseException | None = error.cause
        cause = cause.cause if isinstance(cause, ActivityError) else cause
        return isinstance(cause, ApplicationError) and cause.type in REFUSED_STARTS
    return False


async def _reopen(
    client: Client, task_queue: str, latest: WorkflowExecutionDescription, *, in_place_of: WorkflowExecutionDescription
) -> str:
    """Start the incident again; "" if another watch did it first, or if it never was one."""
    foreign = in_place_of.workflow_type != WORKFLOW_TYPE  # which may run for ever, under an id that is the incident's
    shown = latest.typed_search_attributes
    begins = await _never_begun(client, latest) or Beginning(Opening(reopens=latest.run_id))
    if begins.opening is None:
        return ""
    try:
        handle = await client.start_workflow(
            WORKFLOW_TYPE,
            begins.opening,
            id=latest.id,
            task_queue=task_queue,
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
            id_conflict_policy=WorkflowIDConflictPolicy.TERMINATE_EXISTING
            if foreign
            else WorkflowIDConflictPolicy.FAIL,
            # So that lists know it before its first task.
            memo=dict(await latest.memo()),
            search_attributes=TypedSearchAttributes([pair for pair in shown if pair.key.name.startswith("Halon")]),
        )
    except WorkflowAlreadyStartedError:
        return ""
    for name, arguments in begins.signals:
        await handle.signal(name, args=arguments)
    _log.warning("incident %s, run %s, was terminated; reopened", latest.id, latest.run_id)
    return shown.get(REF) or latest.id


ALERTS = "alerts"
"""The signal by which alerts join."""
FIRST_LOOKS = ("begin.look", "record.find")
"""What an incident asks for before it has a state."""


async def _never_begun(client: Client, latest: WorkflowExecutionDescription) -> Beginning | None:
    """What a run that never came to a state is begun again with; None if it did.

    Until its first look is over it asks for nothing else, and nothing has been done that a state would have to tell of.
    One that goes on from another run, or that a Reset cut out of one, has its state there, if that one came to any: then
    it is reopened, and the alerts that joined meanwhile are sent again. An incident knows those that it had.
    """
    given: list[Any] = []
    signals: list[tuple[str, Sequence[Any]]] = []
    elsewhere = False
    async for event in client.get_workflow_handle(latest.id, run_id=latest.run_id).fetch_history_events():
        if _asks_for_more(event):
            return None
        if event.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED:
            started = event.workflow_execution_started_event_attributes
            elsewhere = bool(started.continued_execution_run_id)
            try:
                given = await client.data_converter.decode(started.input.payloads, [Opening])
            except ValueError as error:  # pydantic's error is one; somebody typed a start that is no opening
                _log.warning(
                    "%s was started with what is no opening, and is left as it is: %s", latest.id, type(error).__name__
                )
                return Beginning(None)
        elif base := event.workflow_task_failed_event_attributes.base_run_id:
            elsewhere = elsewhere or await _came_to_a_state(client, latest.id, base)
        elif event.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED:
            signalled = event.workflow_execution_signaled_event_attributes
            signals.append((signalled.signal_name, await client.data_converter.decode(signalled.input.payloads)))
    if not given or not isinstance(given[0], Opening):
        return None
    if elsewhere and not given[0].reopens:
        return Beginning(Opening(reopens=latest.run_id), [one for one in signals if one[0] == ALERTS])
    return Beginning(given[0], signals)


async def _came_to_a_state(client: Client, workflow_id: str, run_id: str) -> bool:
    """Whether a run, or the one that it was cut out of or goes on from, did more than look first. Also if it is gone."""
    try:
        async for event in client.get_workflow_handle(workflow_id, run_id=run_id).fetch_history_events():
            if _asks_for_more(event) or event.workflow_execution_started_event_attributes.continued_execution_run_id:
                return True
            base = event.workflow_task_failed_event_attributes.base_run_id
            if base and base != run_id and await _came_to_a_state(client, workflow_id, base):
                return True
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        return True
    return False


def _asks_for_more(event: Any) -> bool:
    scheduled = event.activity_task_scheduled_event_attributes.activity_type.name
    return bool(scheduled) and scheduled not in FIRST_LOOKS
