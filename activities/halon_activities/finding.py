"""Where an incident stands when its run was reset or terminated: the furthest state that agrees with the record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from temporalio.api.enums.v1 import EventType
from temporalio.client import (
    WorkflowExecutionStatus,
    WorkflowFailureError,
    WorkflowQueryFailedError,
    WorkflowQueryRejectedError,
)
from temporalio.service import RPCError, RPCStatusCode

from halon.incident.chain import Entry
from halon.incident.ids import incident_id as incident_id_of
from halon.incident.state import State
from halon.ports.record import Find, Found
from halon.record.errors import CheckpointCorrupt
from halon_activities.failures import ForgedReopen, in_words
from halon_activities.guard import WORKFLOW_TYPE
from halon_activities.hands import Hands
from halon_activities.history import read_run

QUERY = "carry"
"""The query that answers with the whole state."""
ANSWER_WITHIN = timedelta(seconds=15)


@dataclass(frozen=True, slots=True)
class _Candidate:
    state: State
    where: str


async def find_furthest(hands: Hands, request: Find) -> Found:
    """The furthest state of the incident that ``request`` asks for. Raises ForgedReopen, RecordCorrupt, RPCError."""
    notes: list[str] = []
    looked_at = await _terminated(hands, request) if request.reopens else await _reset_from(hands, request)
    reset_from = "" if request.reopens else looked_at
    if not looked_at:  # the ordinary start and the ordinary renewal: an outage of the store must not hold them up
        return Found(None, "this run was neither reset nor reopened")
    candidates: list[_Candidate] = []
    asked = await _ask(hands, request.workflow_id, looked_at, notes)
    if asked is None and not notes:  # it is restricted, and answers to whoever has read its record
        identity = request.incident_id or await _identity(hands, request, candidates)
        last = (await hands.record.entries(identity))[-1:] if identity else []
        asked = await _ask(hands, request.workflow_id, looked_at, notes, last[0].hash) if last else None
    if asked is not None:
        candidates.append(_Candidate(asked, f"the run {looked_at}"))
    identity = request.incident_id or await _identity(hands, request, candidates)
    mirrored = await checkpointed(hands, identity, notes) if identity else None
    if mirrored is not None:
        candidates.append(_Candidate(mirrored, "the record's checkpoint"))
    for found in candidates:
        if found.state.workflow_id != request.workflow_id or found.state.incident_id != identity:
            raise ForgedReopen(
                f"{found.where} holds the state of {found.state.incident_id[:160]!r}, not of {identity[:160]!r}"
            )
    entries = await hands.record.entries(identity) if candidates else []
    agreeing: list[_Candidate] = []
    for one in candidates:
        if _agrees(one.state, entries):
            agreeing.append(one)
        else:
            notes.append(f"{one.where} tells another story than the record")
    if not agreeing:
        return Found(None, "; ".join(notes) or "nothing is on record yet", reset_from)
    best = max(agreeing, key=lambda one: one.state.chain.seq)
    where = f"{best.where}, entry {best.state.chain.seq}"
    return Found(_continued(best.state, entries), "; ".join([where, *notes]), reset_from)


async def _terminated(hands: Hands, request: Find) -> str:
    """The run to reopen, once it is seen to be a terminated run of this very workflow."""
    handle = hands.temporal.get_workflow_handle(request.workflow_id, run_id=request.reopens)
    try:
        described = await handle.describe()
    except RPCError as error:
        if error.status in (RPCStatusCode.NOT_FOUND, RPCStatusCode.INVALID_ARGUMENT):
            raise ForgedReopen(f"{request.workflow_id} has no run {request.reopens[:60]!r}") from error
        raise
    if described.id != request.workflow_id or described.run_id != request.reopens:
        raise ForgedReopen(f"the run {request.reopens[:60]!r} is not one of {request.workflow_id}")
    if described.workflow_type != WORKFLOW_TYPE:
        raise ForgedReopen(
            f"the run {request.reopens} is of type {described.workflow_type[:60]!r}, not {WORKFLOW_TYPE}"
        )
    if described.status != WorkflowExecutionStatus.TERMINATED:
        status = described.status.name.lower() if described.status is not None else "unknown"
        raise ForgedReopen(f"the run {request.reopens} is {status}; only a terminated one is reopened")
    return request.reopens


async def _reset_from(hands: Hands, request: Find) -> str:
    """The run from which this one was reset; empty if it was not. Raises ForgedReopen, see there."""
    run = await read_run(hands.temporal, request.workflow_id, request.run_id)
    if run is None:
        return ""
    if run.previous:
        await _require_incident(hands, request.workflow_id, run.previous)
    return run.reset_from


async def _require_incident(hands: Hands, workflow_id: str, run_id: str) -> None:
    """A workflow of any type may continue as an incident: what it hands over is no state that an incident carried."""
    try:
        described = await hands.temporal.get_workflow_handle(workflow_id, run_id=run_id).describe()
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:  # it has expired; this run was looked at when it began
            return
        raise
    if described.workflow_type != WORKFLOW_TYPE:
        raise ForgedReopen(
            f"the run {run_id} before this one is of type {described.workflow_type[:60]!r}, not {WORKFLOW_TYPE}"
        )


async def _ask(hands: Hands, workflow_id: str, run_id: str, notes: list[str], head: str = "") -> State | None:
    handle = hands.temporal.get_workflow_handle(workflow_id, run_id=run_id)
    try:
        answer = await handle.query(QUERY, args=[head] if head else [], result_type=State, rpc_timeout=ANSWER_WITHIN)
    except (WorkflowQueryFailedError, WorkflowQueryRejectedError, WorkflowFailureError) as error:
        notes.append(f"the run {run_id} can't be asked: {in_words(error)}")
        return None
    except RPCError as error:
        # A run that can't be replayed any more answers with any of these; the record still has its checkpoint.
        notes.append(f"the run {run_id} does not answer: {error.status.name.lower()}")
        return None
    return answer if isinstance(answer, State) else None


async def checkpointed(hands: Hands, incident_id: str, notes: list[str]) -> State | None:
    """The state that the record mirrors; None, and why in ``notes``, if there is none that can be read."""
    try:
        kept = await hands.record.get_checkpoint(incident_id)
    except CheckpointCorrupt as error:
        notes.append(in_words(error))
        return None
    if kept is None:
        return None
    converter = hands.temporal.data_converter.payload_converter
    payload = converter.to_payload(None)
    payload.metadata["encoding"] = b"json/plain"
    payload.data = kept.body
    try:
        state = converter.from_payload(payload, State)
    except Exception as error:  # the converter's own errors, of whatever type: the other candidates still count
        notes.append(f"the checkpoint is no state ({type(error).__name__})")
        return None
    return state if isinstance(state, State) else None


async def _identity(hands: Hands, request: Find, candidates: Sequence[_Candidate]) -> str:
    """The incident's id: from the state of the run that is reopened, or else from the record's checkpoints."""
    if candidates:
        return candidates[0].state.incident_id
    own = [one for one in await hands.record.incidents() if one.rpartition(":")[0] == request.workflow_id]
    for incident in own:
        state = await checkpointed(hands, incident, [])
        if state is not None and request.reopens in state.run_ids:
            return incident
    guess = incident_id_of(request.workflow_id, await _first_run(hands, request))
    return guess if guess in own else ""


async def _first_run(hands: Hands, request: Find) -> str:
    handle = hands.temporal.get_workflow_handle(request.workflow_id, run_id=request.reopens)
    async for event in handle.fetch_history_events(page_size=1):
        if event.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED:
            return event.workflow_execution_started_event_attributes.first_execution_run_id
        break
    return ""


def _agrees(state: State, entries: Sequence[Entry]) -> bool:
    """Is there an entry of which both know the hash, and do they agree on it? What can't be compared is no lie."""
    chain = state.chain
    if not entries or chain.seq == 0:
        return True
    hashes = {entry.seq: entry.hash for entry in chain.pending} | {chain.seq: chain.head}
    if chain.pending:
        hashes[chain.pending[0].seq - 1] = chain.pending[0].prev
    stored = {entry.seq: entry.hash for entry in entries}
    common = [seq for seq in hashes if seq in stored]
    return all(hashes[seq] == stored[seq] for seq in common)


def _continued(state: State, entries: Sequence[Entry]) -> State:
    """The state, ready to go on from the record's end if the record holds more than the state knows of."""
    if not entries or entries[-1].seq <= state.chain.seq:
        return state
    last = entries[-1]
    return replace(state, chain=replace(state.chain, seq=last.seq, head=last.hash, pending=()))
