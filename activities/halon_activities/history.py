"""What people really said to an incident, read from its histories: the one place where a proof can't be typed in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from temporalio.api.common.v1 import Payload
from temporalio.api.enums.v1 import EventType, WorkflowTaskFailedCause
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from halon_activities.failures import ProofMissing
from halon_activities.guard import WORKFLOW_TYPE

MOST_RUNS = 60
"""Runs of one incident that are read back. A run holds about 2,000 events."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """One command as history holds it. ``update_id`` is empty for a Signal. ``refused``: its Update failed.

    ``principal`` is who Temporal's server says that it was, as ``type:name``; empty for a Signal, and where the server
    has no authentication.
    """

    name: str
    payload: dict[str, Any]
    at: datetime
    run_id: str
    number: int
    update_id: str = ""
    refused: bool = False
    principal: str = ""

    @property
    def by(self) -> str:
        """The name that was typed, in lower case."""
        by = self.payload.get("by")
        return by.strip().lower() if isinstance(by, str) else ""


@dataclass(frozen=True, slots=True)
class Run:
    """One run: its type, the run that it continues (or was reset from), and what was said in it, in order."""

    id: str
    type: str
    previous: str = ""
    reset_from: str = ""
    spoken: tuple[Spoken, ...] = field(default_factory=tuple)


async def read_run(client: Client, workflow_id: str, run_id: str) -> Run | None:
    """One run of a workflow, or None if the server does not have it (any more). Raises RPCError."""
    handle = client.get_workflow_handle(workflow_id, run_id=run_id)
    try:
        events = [event async for event in handle.fetch_history_events()]
    except RPCError as error:
        if error.status in (RPCStatusCode.NOT_FOUND, RPCStatusCode.INVALID_ARGUMENT):
            return None
        raise
    return await _run(client, run_id, events)


async def runs_of(client: Client, workflow_id: str, current: str, named: Sequence[str] = ()) -> list[Run]:
    """The current run and those before it (newest first) until all ``named`` ones were seen; then those still missing.

    Without ``named``, all that the server has. Raises ProofMissing for a run that is of another type than Incident.
    """
    runs: list[Run] = []
    wanted = set(named)
    upcoming, seen = [current], set[str]()
    while upcoming and len(runs) < MOST_RUNS:
        run_id = upcoming.pop(0)
        if run_id in seen:
            continue
        seen.add(run_id)
        run = await read_run(client, workflow_id, run_id)
        if run is None:
            continue
        if run.type != WORKFLOW_TYPE:
            raise ProofMissing(
                f"the run {run_id} is of type {run.type[:60]!r}; only what was said to an incident counts"
            )
        runs.append(run)
        before = [before for before in (run.reset_from, run.previous) if before]
        if not named or wanted - seen:
            upcoming += before
        if not upcoming:
            upcoming += sorted(wanted - seen)
    return runs


async def _run(client: Client, run_id: str, events: Sequence[HistoryEvent]) -> Run:
    kind, previous, reset_from = "", "", ""
    admitted: dict[str, tuple[str, Sequence[Payload]]] = {}
    failed: set[str] = set()
    found: list[tuple[str, str, Sequence[Payload], HistoryEvent]] = []
    for event in events:
        match event.event_type:
            case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED:
                started = event.workflow_execution_started_event_attributes
                kind, previous = started.workflow_type.name, started.continued_execution_run_id
            case EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED:
                broke = event.workflow_task_failed_event_attributes
                if broke.cause == WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW:
                    reset_from = broke.base_run_id
            case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED:
                signal = event.workflow_execution_signaled_event_attributes
                found.append(("", signal.signal_name, signal.input.payloads, event))
            case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ADMITTED:
                # After a Reset an Update is put into the new history like this, and its acceptance holds no request.
                request = event.workflow_execution_update_admitted_event_attributes.request
                admitted[request.meta.update_id] = (request.input.name, request.input.args.payloads)
            case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED:
                accepted = event.workflow_execution_update_accepted_event_attributes
                update_id = accepted.accepted_request.meta.update_id or accepted.protocol_instance_id
                asked = accepted.accepted_request.input
                name, payloads = (
                    admitted.get(update_id, ("", ())) if not asked.name else (asked.name, asked.args.payloads)
                )
                found.append((update_id, name, payloads, event))
            case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_COMPLETED:
                ended = event.workflow_execution_update_completed_event_attributes
                if ended.outcome.HasField("failure"):
                    failed.add(ended.meta.update_id)
    spoken = [
        Spoken(
            name=name,
            payload=payload,
            at=event.event_time.ToDatetime(tzinfo=UTC),
            run_id=run_id,
            number=event.event_id,
            update_id=update_id,
            refused=bool(update_id) and update_id in failed,
            principal=_principal(event) if update_id else "",
        )
        for update_id, name, payloads, event in found
        if (payload := await _object(client, payloads)) is not None
    ]
    return Run(run_id, kind, previous, reset_from, tuple(spoken))


def _principal(event: HistoryEvent) -> str:
    """Who said it, as the server verified; a client can't set it, unlike the identity in the same event."""
    if not event.HasField("principal") or not (event.principal.type and event.principal.name):
        return ""
    return f"{event.principal.type}:{event.principal.name}"


async def _object(client: Client, payloads: Sequence[Payload]) -> dict[str, Any] | None:
    """The one JSON object in ``payloads``, or None: what is not that was no command."""
    if len(payloads) != 1:
        return None
    try:
        decoded = await client.data_converter.decode(payloads)
    except Exception:  # the codec's and converter's own errors: an undecodable payload proves nothing
        return None
    return decoded[0] if decoded and isinstance(decoded[0], dict) else None
