"""Ask one incident, and what to show when nobody answers: its last mirrored state, with its age."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, timedelta
from typing import Any

from pydantic import TypeAdapter, ValidationError
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import GetWorkflowExecutionHistoryReverseRequest
from temporalio.client import Client, WorkflowQueryFailedError
from temporalio.service import RPCError, RPCStatusCode

from halon.cli import restricted
from halon.cli.finding import Found, Row, record_store, recorded
from halon.cli.problems import CommandFailed, NoWorker
from halon.client import ask as ask_workflow
from halon.incident import times, views
from halon.incident.about import about
from halon.incident.clocks import next_deadline
from halon.incident.errors import HalonError
from halon.incident.restricting import RESTRICTED, as_recorded, unseen
from halon.incident.restriction import restricted as is_restricted
from halon.incident.state import State
from halon.incident.status import plain, status, waiting_on
from halon.settings import Settings
from halon_workflows.surface import phase_in_words

QUERY_SECONDS = 5.0
_SILENT = (
    RPCStatusCode.DEADLINE_EXCEEDED,
    RPCStatusCode.CANCELLED,
    RPCStatusCode.FAILED_PRECONDITION,
    RPCStatusCode.UNAVAILABLE,
)
NO_WORKER = "no worker answers"
START_ONE = "start one: halon up, or halon worker"


@dataclass(frozen=True, slots=True)
class Shown:
    """What is known of an incident. Not ``live``: ``why``, and it stood so at ``as_of`` (ISO 8601 UTC, "" unknown).

    ``state`` is the mirrored state, if that is where it comes from.
    """

    status: dict[str, Any]
    live: bool
    as_of: str = ""
    why: str = ""
    state: State | None = None


async def ask(client: Client, workflow_id: str, query: str) -> Any:
    """The answer to a query, of a restricted incident what ``look`` shows to whoever types this.

    Raises NoWorker if nobody answers in five seconds, Restricted, CommandFailed.
    """
    answer = await _answered(client, workflow_id, query)
    return await restricted.see(client, workflow_id, query, answer) if restricted.is_so(answer) else answer


async def whole(client: Client, workflow_id: str) -> Any:
    """The whole state, of a restricted incident what ``look`` shows of it. None: it has only just been opened.

    Raises NoWorker, Restricted, CommandFailed.
    """
    told = await _answered(client, workflow_id, "carry")
    if told is None and restricted.is_so(answer := await _answered(client, workflow_id, "status")):
        return await restricted.see(client, workflow_id, "state", answer)
    return told


async def _answered(client: Client, workflow_id: str, query: str) -> Any:
    try:
        return await ask_workflow(client.get_workflow_handle(workflow_id), query, QUERY_SECONDS)
    except WorkflowQueryFailedError as error:
        raise CommandFailed(
            f"the incident could not answer {query!r}: {str(error)[:200]}", "look at the worker's log"
        ) from error
    except RPCError as error:
        if error.status in _SILENT:
            raise NoWorker(NO_WORKER, START_ONE) from error
        raise CommandFailed(
            f"Temporal did not answer ({error.status.name.lower()})",
            "see whether it runs: GET /healthz of the front door, or start it with: halon up",
        ) from error


async def standing(client: Client | None, found: Found, settings: Settings, why: str = "") -> Shown:
    """Where the incident stands: its own answer, else the state mirrored beside its record, else the search attributes."""
    if client is not None and found.row is not None:
        try:
            return Shown(await ask(client, found.workflow_id, "status"), live=True)
        except NoWorker as error:
            why = error.what
    try:
        state = await mirrored(settings, found)
    except (HalonError, OSError, ValidationError) as error:
        state, why = None, f"{why}; its mirrored state can't be read here ({type(error).__name__})"
    restricted.require_open(state)
    if state is not None:
        as_of = state.tail[-1].at if state.tail else state.opened_at
        return Shown(status(state), live=False, as_of=as_of, why=why, state=state)
    if found.row is None:
        raise CommandFailed(
            f"{found.reference} has a record, but its last state can't be read", f"halon timeline {found.reference}"
        )
    as_of = await _last_event(client, found) if client is not None else ""
    return Shown(_from_row(found), live=False, as_of=as_of, why=why)


async def part(client: Client | None, found: Found, shown: Shown, query: str) -> Any:
    """The answer to another query, from where ``shown`` comes from. None if that holds no such thing."""
    if shown.live and client is not None:
        return await ask(client, found.workflow_id, query)
    if shown.state is None:
        return None
    if query == "report":
        return about(shown.state, shown.as_of)
    views_by_name: dict[str, Any] = {
        "gates": views.gates, "obligations": views.obligations, "actions": views.actions, "rca": views.rca, "timeline": views.timeline,
    }  # fmt: skip
    return views_by_name[query](shown.state)


async def mirrored(settings: Settings, found: Found) -> State | None:
    """The state mirrored beside the record, or None if there is none. Raises HalonError, OSError, ValidationError.

    It may be of before the incident was restricted: what the record and the list say of that since, holds.
    """
    incident_id = found.incident_id or await recorded(settings, found.workflow_id)
    store = record_store(settings)
    kept = await store.get_checkpoint(incident_id) if incident_id else None
    if kept is None:
        return None
    state = TypeAdapter(State).validate_json(kept.body)
    if (await store.head(incident_id))[0] > state.chain.seq:
        state = as_recorded(state, await store.entries(incident_id))
    return unseen(state) if found.row is not None and found.row.phase == RESTRICTED else state


def row_of_state(state: State) -> Row:
    """A mirrored state as one row of the list."""
    deadline = next_deadline(state)
    if is_restricted(state):
        return Row(state.reference, state.workflow_id, not state.closed_at, "closed" if state.closed_at else "last known",
                   RESTRICTED, "", RESTRICTED, (), "", "", (), state.drill, state.opened_at, state.closed_at)  # fmt: skip
    return Row(
        reference=state.reference, workflow_id=state.workflow_id, open=not state.closed_at,
        state="closed" if state.closed_at else "last known", agent=plain(state.agent, 100), severity=state.level or "",
        phase=phase_in_words(state), waiting_on=tuple(waiting_on(state)), commander=state.commander,
        next_deadline=deadline[0] if deadline else "", category=tuple(state.assessment.categories) if state.assessment else (),
        drill=state.drill, opened_at=state.opened_at, closed_at=state.closed_at,
    )  # fmt: skip


async def timeline(client: Client | None, found: Found, settings: Settings) -> list[dict[str, Any]]:
    """The whole log: the record, and what the incident has said since. Raises NoWorker, CommandFailed, RecordError."""
    incident_id = found.incident_id or await recorded(settings, found.workflow_id)
    entries = await record_store(settings).entries(incident_id) if incident_id else []
    kept = await mirrored(settings, found) if entries else None
    if client is None or found.row is None or not found.open:
        restricted.require_open(kept)
    lines = [
        {"seq": one.seq, "at": one.at, "phase": one.phase, "actor": one.actor, "text": one.text} for one in entries
    ]
    if client is not None and found.row is not None and (found.open or not lines):
        last = lines[-1]["seq"] if lines else 0
        try:
            lines += [one for one in await ask(client, found.workflow_id, "timeline") if one["seq"] > last]
        except NoWorker:
            restricted.require_open(kept)
            if not lines:
                raise
    return lines


def _from_row(found: Found) -> dict[str, Any]:
    row = found.row
    assert row is not None
    told = asdict(row)
    who = row.agent or row.workflow_id
    level = f"{row.severity}: " if row.severity else ""
    deadline = {"at": row.next_deadline, "what": "the next deadline"} if row.next_deadline else None
    return {
        "reference": row.reference,
        "headline": f"{level}{who}: {'in ' + row.phase if row.phase else row.state}.",
        "severity": {"level": row.severity or None, "because": [], "changes": []},
        "asked": [{"of": [one], "what": "something", "until": ""} for one in row.waiting_on],
        "next_deadline": deadline,
        "phases": {},
        "commander": row.commander or None,
        "opened_at": row.opened_at,
        "closed_at": row.closed_at or None,
        "drill": row.drill,
        "mirrored": told,
    }


async def _last_event(client: Client, found: Found) -> str:
    """When the newest event of the incident was written, or ""."""
    request = GetWorkflowExecutionHistoryReverseRequest(
        namespace=client.namespace, execution=WorkflowExecution(workflow_id=found.workflow_id), maximum_page_size=1
    )
    try:
        answer = await client.workflow_service.get_workflow_execution_history_reverse(
            request, timeout=timedelta(seconds=QUERY_SECONDS)
        )
    except RPCError:
        return ""
    events = answer.history.events
    return times.text(events[0].event_time.ToDatetime(UTC)) if events else ""
