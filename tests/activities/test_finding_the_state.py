"""The record's hands: append once, and find the furthest state again after Reset and Terminate."""

from __future__ import annotations

import base64
import zlib
from dataclasses import replace
from typing import Any

import pytest
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest
from temporalio.client import Client, WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError

from halon.evidence.errors import ObjectMissing
from halon.incident.chain import Chain
from halon.incident.state import State
from halon.incident.timeline import note
from halon.ports.record import Batch, Find, Finish
from halon_activities.hands import Hands
from halon_activities.record import Record

NOW = "2026-11-22T09:00:00Z"
INCIDENT = "incident-support-bot.unauthorised-tool:run-1"


def state_of(incident_id: str, entries: int, word: str = "line") -> State:
    workflow_id = incident_id.rpartition(":")[0]
    state = State(incident_id, workflow_id, "INC-1", "support-bot", "g", NOW, chain=Chain(incident_id))
    for number in range(entries):
        state = note(state, NOW, "note", "triage", f"{word} {number}")
    return state


def checkpoint(client: Client, state: State) -> str:
    payload = client.data_converter.payload_converter.to_payload(state)
    return base64.b64encode(zlib.compress(payload.data)).decode()


def flushed(state: State) -> State:
    return replace(state, chain=state.chain.flushed(state.chain.seq))


async def stored(hands: Hands, client: Client, state: State, as_incident: Any, *, mirrored: bool = True) -> None:
    batch = Batch(state.incident_id, state.chain.batch(), checkpoint(client, flushed(state)) if mirrored else "")
    await as_incident(Record(hands).append, batch, incident=state.incident_id)


async def test_the_same_batch_twice_is_appended_once(hands: Hands, temporal: Client, as_incident: Any) -> None:
    """A retry changes nothing; the state after the batch is mirrored as JSON."""
    state = state_of(INCIDENT, 3)
    batch = Batch(INCIDENT, state.chain.batch(), checkpoint(temporal, flushed(state)))
    first = await as_incident(Record(hands).append, batch)
    again = await as_incident(Record(hands).append, batch)
    kept = await hands.record.get_checkpoint(INCIDENT)
    assert (first, first.seq, first.head) == (again, 3, state.chain.head)
    assert len(await hands.record.entries(INCIDENT)) == 3
    assert kept is not None
    assert (kept.seq, b'"reference":"INC-1"' in kept.body) == (3, True)


async def test_a_garbled_checkpoint_is_refused_and_the_entries_stay(hands: Hands, as_incident: Any) -> None:
    """A bomb or noise in place of a state is a typed error."""
    batch = Batch(INCIDENT, state_of(INCIDENT, 1).chain.batch(), base64.b64encode(b"noise").decode())
    with pytest.raises(ApplicationError) as caught:
        await as_incident(Record(hands).append, batch)
    assert caught.value.type == "Malformed"
    assert len(await hands.record.entries(INCIDENT)) == 1


async def test_another_story_is_refused(hands: Hands, temporal: Client, as_incident: Any) -> None:
    """The record does not fork, and nobody appends to it by hand."""
    await stored(hands, temporal, state_of(INCIDENT, 2), as_incident)
    with pytest.raises(ApplicationError) as forked:
        await stored(hands, temporal, state_of(INCIDENT, 2, "other"), as_incident)
    with pytest.raises(ApplicationError) as by_hand:
        await as_incident(Record(hands).append, Batch(INCIDENT, ()), workflow_type=None)
    assert (forked.value.type, forked.value.non_retryable, by_hand.value.type) == (
        "RecordForked",
        True,
        "NotAnIncident",
    )


async def test_a_new_incident_finds_nothing(incident: Any) -> None:
    """No state, and no error."""
    workflow_id = incident.incident_id.rpartition(":")[0]
    found = await incident.act("record.find", Find(incident.incident_id, workflow_id, incident.run_id))
    assert found["state"] is None


async def test_after_a_reset_the_furthest_state_is_found(
    temporal: Client, hands: Hands, opened: Any, as_incident: Any
) -> None:
    """The run before the reset knows more than the record's last checkpoint: it is asked."""
    async for incident in opened(temporal, hands, "reset"):
        workflow_id = incident.incident_id.rpartition(":")[0]
        await stored(hands, temporal, state_of(incident.incident_id, 3), as_incident)
        ahead = state_of(incident.incident_id, 5)
        await incident.handle.signal("alerts", jsonable(temporal, ahead))
        await incident.handle.query("carry")
        new_run = await reset(temporal, workflow_id, incident.run_id)
        found = await incident.act("record.find", Find(incident.incident_id, workflow_id, new_run))
        assert found["state"]["chain"]["seq"] == 5
        assert found["where"] == f"the run {incident.run_id}, entry 5"


async def test_a_state_that_contradicts_the_record_is_not_taken(
    temporal: Client, hands: Hands, opened: Any, as_incident: Any
) -> None:
    """It may be further and still be of another story: the record decides."""
    async for incident in opened(temporal, hands, "contradiction"):
        workflow_id = incident.incident_id.rpartition(":")[0]
        await stored(hands, temporal, state_of(incident.incident_id, 3), as_incident)
        liar = state_of(incident.incident_id, 5, "other")
        await incident.handle.signal("alerts", jsonable(temporal, liar))
        await incident.handle.query("carry")
        new_run = await reset(temporal, workflow_id, incident.run_id)
        found = await incident.act("record.find", Find(incident.incident_id, workflow_id, new_run))
        assert found["state"]["chain"]["seq"] == 3
        assert "tells another story" in found["where"]


async def test_a_state_that_lags_behind_goes_on_from_the_records_end(
    temporal: Client, hands: Hands, opened: Any, as_incident: Any
) -> None:
    """Entries were stored and their checkpoint was not: the chain continues where the record ends."""
    async for incident in opened(temporal, hands, "lagging"):
        whole = state_of(incident.incident_id, 4)
        await stored(hands, temporal, state_of(incident.incident_id, 2), as_incident)
        rest = tuple(entry for entry in whole.chain.batch() if entry.seq > 2)
        await as_incident(Record(hands).append, Batch(incident.incident_id, rest), incident=incident.incident_id)
        await incident.handle.query("carry")
        workflow_id = incident.incident_id.rpartition(":")[0]
        new_run = await reset(temporal, workflow_id, incident.run_id)
        found = (await incident.act("record.find", Find(incident.incident_id, workflow_id, new_run)))["state"]
        assert (found["chain"]["seq"], found["chain"]["head"], len(found["tail"])) == (4, whole.chain.head, 2)


async def test_a_run_that_was_neither_reset_nor_reopened_asks_the_store_nothing(
    hands: Hands, temporal: Client, as_incident: Any
) -> None:
    """An outage of the store must hold up neither a new incident nor the renewal of an old one."""
    await stored(hands, temporal, state_of(INCIDENT, 2), as_incident)
    found = await as_incident(Record(hands).find, Find(INCIDENT, INCIDENT.rpartition(":")[0], "run-1"))
    assert (found.state, found.reset_from) == (None, "")


async def test_a_terminated_run_is_reopened_from_its_own_state(
    temporal: Client, hands: Hands, opened: Any, as_incident: Any
) -> None:
    """The id comes from the state; a run that is not terminated, or that nobody knows, is refused."""
    async for first in opened(temporal, hands, "reopen"):
        workflow_id = first.incident_id.rpartition(":")[0]
        state = replace(state_of(first.incident_id, 4), run_ids=(first.run_id,))
        await stored(hands, temporal, state, as_incident)
        await first.handle.signal("alerts", jsonable(temporal, state))
        await first.handle.query("carry")
        queue = (await first.handle.describe()).task_queue
        await first.handle.terminate("somebody's mistake")
        again = await temporal.start_workflow("Incident", None, id=workflow_id, task_queue=queue)
        run_id = again.first_execution_run_id or ""
        request = Find("", workflow_id, run_id, reopens=first.run_id)
        found = await first.act("record.find", request)
        assert (found["state"]["incident_id"], found["state"]["chain"]["seq"]) == (first.incident_id, 4)
        for forged in (run_id, "00000000-0000-0000-0000-000000000000"):
            with pytest.raises(WorkflowUpdateFailedError) as caught:
                await first.act("record.find", replace(request, reopens=forged))
            assert "ForgedReopen" in repr(root(caught.value))


async def test_a_terminated_run_that_cannot_be_asked_is_reopened_from_the_checkpoint(
    temporal: Client, hands: Hands, opened: Any, as_incident: Any
) -> None:
    """Its state in the record names the run."""
    async for first in opened(temporal, hands, "reopen-silent"):
        workflow_id = first.incident_id.rpartition(":")[0]
        state = replace(state_of(first.incident_id, 4), run_ids=(first.run_id,))
        await stored(hands, temporal, state, as_incident)
        queue = (await first.handle.describe()).task_queue
        await first.handle.terminate()
        await temporal.start_workflow("Incident", None, id=workflow_id, task_queue=queue)
        found = await first.act("record.find", Find("", workflow_id, "", reopens=first.run_id))
        assert (found["state"]["incident_id"], found["state"]["chain"]["seq"]) == (first.incident_id, 4)
        assert found["where"].startswith("the record's checkpoint")


async def test_a_state_of_another_incident_is_forged(temporal: Client, hands: Hands, opened: Any) -> None:
    """A terminated run that answers with somebody else's state reopens nothing."""
    async for first in opened(temporal, hands, "reopen-foreign"):
        workflow_id = first.incident_id.rpartition(":")[0]
        await first.handle.signal("alerts", jsonable(temporal, state_of("incident-other.thing:1", 9)))
        await first.handle.query("carry")
        queue = (await first.handle.describe()).task_queue
        await first.handle.terminate()
        await temporal.start_workflow("Incident", None, id=workflow_id, task_queue=queue)
        with pytest.raises(WorkflowUpdateFailedError) as caught:
            await first.act("record.find", Find("", workflow_id, "", reopens=first.run_id))
        assert "ForgedReopen" in repr(root(caught.value))


async def test_reports_are_rendered_and_sealed(hands: Hands, as_incident: Any) -> None:
    """Every report under its hash, with its label; the same ones again seal once."""
    from halon.incident.about import about

    told = about(state_of(INCIDENT, 2), NOW)
    request = Finish(INCIDENT, told, ("postmortem", "status", "timeline"), "draft", {"register.json": "{}"})
    done = await as_incident(Record(hands).finish, request)
    again = await as_incident(Record(hands).finish, request)
    names = [one.path.rpartition("/")[2].partition("-")[2] for one in done.sealed]
    pages = [f"{name}-draft.{form}" for name in ("postmortem", "status", "timeline") for form in ("html", "md")]
    assert names == sorted(["register-draft.json", *pages])
    assert [one.id for one in again.sealed] == [one.id for one in done.sealed]
    content = (await hands.evidence.get(done.sealed[0].path)).decode()
    assert f"record head: {told['record']['head']} at entry 2" in content
    with pytest.raises(ObjectMissing):
        await hands.evidence.get("evidence/elsewhere")


def jsonable(client: Client, state: State) -> Any:
    payload = client.data_converter.payload_converter.to_payload(state)
    return client.data_converter.payload_converter.from_payload(payload)


async def reset(client: Client, workflow_id: str, run_id: str) -> str:
    first_task = 4  # started, task scheduled, task started, task completed
    request = ResetWorkflowExecutionRequest(
        namespace=client.namespace,
        workflow_execution=WorkflowExecution(workflow_id=workflow_id, run_id=run_id),
        reason="test",
        workflow_task_finish_event_id=first_task,
        request_id=f"reset-{run_id}",
    )
    return (await client.workflow_service.reset_workflow_execution(request)).run_id


def root(error: BaseException) -> BaseException:
    while error.__cause__ is not None:
        error = error.__cause__
    return error
