"""Which incident is meant: by its short reference, its workflow id, or ``.`` for the only open one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from temporalio.client import Client, WorkflowExecution, WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from halon.cli.problems import Ambiguous, CommandFailed, UnknownIncident
from halon.incident import ids, times
from halon_workflows.surface import AGENT, CATEGORY, COMMANDER, DRILL, NEXT_DEADLINE, PHASE, REF, SEVERITY, WAITING_ON

if TYPE_CHECKING:
    from halon.record.store import RecordStore
    from halon.settings import Settings

LISTED = timedelta(seconds=8)
_SAFE = re.compile(r"[A-Za-z0-9_.~-]{1,200}")
_MISHEARD = str.maketrans("OIL", "011")
_MOST_NAMED = 8


@dataclass(frozen=True, slots=True)
class Row:
    """One incident as its search attributes mirror it: what is known of it without any worker."""

    reference: str
    workflow_id: str
    open: bool
    state: str
    agent: str
    severity: str
    phase: str
    waiting_on: tuple[str, ...]
    commander: str
    next_deadline: str
    category: tuple[str, ...]
    drill: bool
    opened_at: str
    closed_at: str


@dataclass(frozen=True, slots=True)
class Found:
    """The incident that is meant. ``row`` is None if Temporal no longer has it; then only its record is left."""

    reference: str
    workflow_id: str
    open: bool
    row: Row | None
    incident_id: str = ""


async def find(client: Client, wanted: str, settings: Settings) -> Found:
    """The incident called ``wanted``.

    Raises UnknownIncident with the open ones, Ambiguous with all that are meant, CommandFailed if Temporal can't list.
    """
    wanted = wanted.strip()
    if wanted == ".":
        return await _the_only_open_one(client)
    if not _SAFE.fullmatch(wanted):
        raise UnknownIncident(f"{wanted[:60]!r} is no incident: a reference looks like INC-7F3A", "halon incidents")
    if wanted.startswith(ids.PREFIX):
        condition = f"WorkflowId = '{wanted}'"
    else:
        condition = f"HalonRef = '{reference_of(wanted)}'"
    rows = await listed(client, condition)
    running = [row for row in rows if row.open]
    chosen = running if len(running) == 1 else rows
    if len(chosen) > 1:
        named = "; ".join(f"{row.workflow_id} ({row.state}, opened {row.opened_at})" for row in chosen)
        raise Ambiguous(f"{wanted} means {len(chosen)} incidents: {named}", "use the workflow id instead")
    if chosen:
        return Found(chosen[0].reference, chosen[0].workflow_id, chosen[0].open, chosen[0])
    incident_id = await recorded(settings, reference_of(wanted))
    if incident_id:
        return Found(ids.reference(incident_id), incident_id.rpartition(":")[0], False, None, incident_id)
    raise await _unknown(client, wanted)


async def listed(client: Client, condition: str = "", *, limit: int = 200) -> list[Row]:
    """The incidents of a visibility query, running ones first, each workflow once. Raises CommandFailed."""
    query = "WorkflowType = 'Incident'" + (f" AND {condition}" if condition else "")
    found: dict[str, WorkflowExecution] = {}
    try:
        async for execution in client.list_workflows(query, limit=limit, rpc_timeout=LISTED):
            known = found.get(execution.id)
            if known is None or _rank(execution) > _rank(known):
                found[execution.id] = execution
    except RPCError as error:
        if error.status is RPCStatusCode.INVALID_ARGUMENT:
            raise CommandFailed(
                "this Temporal does not know Halon's search attributes", "start a worker: halon worker"
            ) from error
        raise CommandFailed(
            f"Temporal did not list the incidents ({error.status.name.lower()})",
            "see whether it runs: GET /healthz of the front door, or start it with: halon up",
        ) from error
    rows = [row_of(execution) for execution in found.values()]
    return sorted(rows, key=lambda row: (not row.open, row.severity or "SEV9", row.opened_at))


async def recorded(settings: Settings, wanted: str) -> str:
    """The incident id that has a record under this reference or workflow id, or ""."""
    for incident_id in await record_store(settings).incidents():
        if wanted in (ids.reference(incident_id), incident_id, incident_id.rpartition(":")[0]):
            return incident_id
    return ""


def record_store(settings: Settings) -> RecordStore:
    """The records that the settings point to. Raises NoSuchStore, OSError."""
    from halon.evidence.store import EvidenceStore
    from halon.record.store import RecordStore

    return RecordStore(EvidenceStore.open(settings.evidence))


def reference_of(word: str) -> str:
    """A short reference as it is written, from what somebody typed or misheard: ``7f3a``, ``inc-7f3a``, ``INC-7FIA``."""
    bare = word.upper().removeprefix("INC-")
    return f"INC-{bare.translate(_MISHEARD)}" if len(bare) == 4 else word


def row_of(found: WorkflowExecution) -> Row:
    """What the search attributes of one run say."""
    held = found.typed_search_attributes
    deadline = held.get(NEXT_DEADLINE)
    status = found.status
    return Row(
        reference=held.get(REF) or "",
        workflow_id=found.id,
        open=status in (WorkflowExecutionStatus.RUNNING, WorkflowExecutionStatus.CONTINUED_AS_NEW),
        state=status.name.lower().replace("continued_as_new", "running") if status else "unknown",
        agent=held.get(AGENT) or "",
        severity=held.get(SEVERITY) or "",
        phase=held.get(PHASE) or "",
        waiting_on=tuple(held.get(WAITING_ON) or ()),
        commander=held.get(COMMANDER) or "",
        next_deadline=times.text(deadline) if deadline else "",
        category=tuple(held.get(CATEGORY) or ()),
        drill=bool(held.get(DRILL)),
        opened_at=times.text(found.start_time),
        closed_at=times.text(found.close_time) if found.close_time else "",
    )


def _rank(found: WorkflowExecution) -> tuple[bool, bool, str]:
    """Of several runs of one workflow, the one that counts: running, else not merely continued, else the latest."""
    running = found.status is WorkflowExecutionStatus.RUNNING
    return running, found.status is not WorkflowExecutionStatus.CONTINUED_AS_NEW, times.text(found.start_time)


async def _the_only_open_one(client: Client) -> Found:
    rows = await listed(client, "ExecutionStatus = 'Running'")
    if not rows:
        raise UnknownIncident("no incident is open", "halon incidents --all")
    if len(rows) > 1:
        raise Ambiguous(f"{len(rows)} incidents are open: {_named(rows)}", "name one instead of .")
    return Found(rows[0].reference, rows[0].workflow_id, True, rows[0])


async def _unknown(client: Client, wanted: str) -> UnknownIncident:
    rows = await listed(client, "ExecutionStatus = 'Running'")
    known = f"open ones: {_named(rows)}" if rows else "none is open"
    return UnknownIncident(f"there is no incident {wanted!r}; {known}", "halon incidents --all")


def _named(rows: list[Row]) -> str:
    shown = [
        f"{row.reference or row.workflow_id}{f' ({row.agent})' if row.agent else ''}" for row in rows[:_MOST_NAMED]
    ]
    return ", ".join(shown) + (f" and {len(rows) - _MOST_NAMED} more" if len(rows) > _MOST_NAMED else "")
