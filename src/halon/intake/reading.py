"""The routes that look: the list of incidents from search attributes, one incident from its own answer."""

from __future__ import annotations

import re
from collections.abc import Awaitable
from datetime import datetime, timedelta
from typing import Annotated, TypeVar

from fastapi import APIRouter, Query, Request
from temporalio.client import Client, WorkflowExecution, WorkflowExecutionStatus, WorkflowQueryFailedError
from temporalio.service import RPCError, RPCStatusCode

from halon.client import ask
from halon.incident import times
from halon.incident.restricting import RESTRICTED
from halon.intake.answers import IncidentRow, IncidentsAnswer, IncidentView
from halon.intake.problems import Unavailable, UnknownIncident
from halon.intake.signatures import READING, Keys
from halon_workflows.surface import (
    AGENT,
    CATEGORY,
    COMMANDER,
    DRILL,
    NEXT_DEADLINE,
    PHASE,
    REF,
    SEVERITY,
    WAITING_ON,
)

QUERY_SECONDS = 5.0
Answer = TypeVar("Answer")

_REFERENCE = re.compile(r"INC-[0-9A-HJKMNP-TV-Z]{4}")
_WORKFLOW_ID = re.compile(r"incident-[a-z0-9._~-]{1,200}")
_STATES = {
    WorkflowExecutionStatus.RUNNING: "open",
    WorkflowExecutionStatus.CONTINUED_AS_NEW: "open",
    WorkflowExecutionStatus.COMPLETED: "closed",
}


def router(client: Client, keys: Keys) -> APIRouter:
    """``GET /v1/incidents`` and ``GET /v1/incidents/{id}``, behind the token for reading."""
    routes = APIRouter(tags=["incidents"])

    @routes.get("/v1/incidents", summary="List incidents")
    async def incidents(
        request: Request,
        every: Annotated[bool, Query(alias="all", description="closed ones too")] = False,
        limit: Annotated[int, Query(ge=1, le=500)] = 100,
    ) -> IncidentsAnswer:
        """The open incidents, newest first. Needs no worker."""
        keys.require(request, READING, "reading incidents")
        query = "WorkflowType = 'Incident'" + ("" if every else " AND ExecutionStatus = 'Running'")
        found = await _reached(_listed(client, query, limit + 1))
        # Each continue-as-new is a run of its own in the list; the incident is the newest of them.
        latest = {each.id: each for each in reversed(found)}
        newest = sorted([await _row(each) for each in latest.values()], key=lambda row: row.opened_at, reverse=True)
        return IncidentsAnswer(incidents=newest[:limit], more=len(found) > limit)

    @routes.get("/v1/incidents/{id}", summary="Show an incident")
    async def incident(id: str, request: Request) -> IncidentView:
        """One incident, by its reference or workflow id."""
        keys.require(request, READING, "reading incidents")
        return await _reached(_view(client, await _reached(_resolve(client, id))))

    return routes


async def _reached(answer: Awaitable[Answer]) -> Answer:
    """``answer``, or Unavailable if Temporal can't be reached: a client that was made lazily dials only now."""
    try:
        return await answer
    except (RuntimeError, OSError) as error:
        raise Unavailable("Temporal can't be reached; try again") from error


async def _resolve(client: Client, name: str) -> str:
    """The workflow id of the incident called ``name``. Raises UnknownIncident, Unavailable."""
    if _WORKFLOW_ID.fullmatch(name):
        return name
    if not _REFERENCE.fullmatch(name.upper()):
        raise UnknownIncident("that is neither a reference like INC-7F3A nor a workflow id; list them at /v1/incidents")
    found = await _listed(client, f"WorkflowType = 'Incident' AND HalonRef = '{name.upper()}'", 1)
    if not found:
        raise UnknownIncident(f"no incident {name.upper()} is known to Temporal; one that expired is in the record")
    return found[0].id


async def _view(client: Client, workflow_id: str) -> IncidentView:
    handle = client.get_workflow_handle(workflow_id)
    try:
        row = await _row(await handle.describe(rpc_timeout=timedelta(seconds=QUERY_SECONDS)))
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            raise UnknownIncident(f"no incident {workflow_id} is known to Temporal") from None
        raise Unavailable(f"Temporal did not answer ({error.status.name})") from error
    try:
        status = await ask(handle, "status", QUERY_SECONDS)
    except (RPCError, WorkflowQueryFailedError) as error:
        why = f"no worker answered for it within {QUERY_SECONDS:g} s ({type(error).__name__})"
        return IncidentView(incident=row, live=False, status=None, why=why)
    return IncidentView(incident=row, live=True, status=status)


async def _listed(client: Client, query: str, limit: int) -> list[WorkflowExecution]:
    try:
        found = client.list_workflows(query, limit=limit, rpc_timeout=timedelta(seconds=QUERY_SECONDS))
        return [execution async for execution in found]
    except RPCError as error:
        if error.status is RPCStatusCode.INVALID_ARGUMENT:
            raise Unavailable("Temporal does not know Halon's search attributes yet; start a worker", 30) from error
        raise Unavailable(f"Temporal did not answer ({error.status.name})") from error


async def _row(found: WorkflowExecution) -> IncidentRow:
    held = found.typed_search_attributes
    memo = await found.memo()
    deadline = held.get(NEXT_DEADLINE)
    status = found.status
    kept = held.get(PHASE) == RESTRICTED  # then nothing else is said, not even the id, which holds the agent's name
    return IncidentRow(
        incident=held.get(REF),
        workflow_id="" if kept else found.id,
        state=_STATES.get(status, status.name.lower()) if status else "unknown",
        agent=held.get(AGENT) or _text(memo.get("agent")),
        group=None if kept else _text(memo.get("group")),
        severity=held.get(SEVERITY),
        category=list(held.get(CATEGORY) or []),
        phase=held.get(PHASE),
        waiting_on=list(held.get(WAITING_ON) or []),
        commander=held.get(COMMANDER),
        next_deadline=times.text(deadline) if deadline else None,
        drill=bool(held.get(DRILL)),
        opened_at=times.text(_opened(found)),
        closed_at=times.text(found.close_time) if found.close_time and status in _ENDED else None,
    )


_ENDED = frozenset(WorkflowExecutionStatus) - {
    WorkflowExecutionStatus.RUNNING,
    WorkflowExecutionStatus.CONTINUED_AS_NEW,
}


def _opened(found: WorkflowExecution) -> datetime:
    return found.start_time


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
