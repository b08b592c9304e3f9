"""The worker as it is composed, and promise 15: Temporal's own Terminate can't end an incident."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowHandle

from halon.client import ask, data_converter
from halon.connectors.http import new_client
from halon.embedded import EmbeddedServer
from halon.evidence.store import EvidenceStore
from halon.incident import times
from halon.incident.alerts import Alert
from halon.incident.opening import LOOKS_ONCE, Opening
from halon.kit import Kit, load, starter_path
from halon.settings import Settings
from halon.watch import FIRST_LOOKS, reopen_terminated, watch
from halon.worker import build_worker, keep_kit
from halon_activities import begin


@dataclasses.dataclass(frozen=True)
class Place:
    client: Client
    settings: Settings
    kit: Kit

    def worker(self, **how: Any) -> Any:
        return _working(self, how)


class _working:
    def __init__(self, place: Place, how: dict[str, Any]) -> None:
        self.place, self.how = place, how

    async def __aenter__(self) -> None:
        self.http = new_client()
        self.worker = build_worker(
            self.place.client, self.place.settings, self.place.kit, http=self.http, environ={}, **self.how
        )
        await self.worker.__aenter__()

    async def __aexit__(self, *error: Any) -> None:
        await self.worker.__aexit__(*error)
        await self.http.aclose()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[EmbeddedServer]:
    """A server of our own on free ports."""
    running = EmbeddedServer(tmp_path_factory.mktemp("temporal"), 0, 0, lambda line: None)
    await running.start()
    yield running
    await running.stop()


@pytest_asyncio.fixture(loop_scope="session")
async def place(server: EmbeddedServer, tmp_path: Path, request: pytest.FixtureRequest) -> Place:
    """A home and a task queue for one test; the agent of its incident is named after it and known to nobody."""
    settings = Settings.from_environ({"HALON_HOME": str(tmp_path), "HALON_TASK_QUEUE": request.node.name[:60]})
    client = await Client.connect(server.address, data_converter=data_converter)
    return Place(client, settings, load(starter_path(), {}))


def _opening(agent: str = "support-bot") -> Opening:
    from datetime import UTC, datetime

    now = times.text(datetime.now(UTC))
    return Opening(alerts=(Alert(source="alertmanager", agent=agent, group="other", rule="other", status="firing", fingerprint="f1",
                                 started_at=now, received_at=now, summary="odd"),))  # fmt: skip


async def _start(place: Place, name: str, **how: Any) -> WorkflowHandle[Any, Any]:
    handle: WorkflowHandle[Any, Any] = await place.client.start_workflow(
        "Incident",
        _opening(),
        id=f"incident-{name}",
        task_queue=place.settings.task_queue,
        memo={"agent": "support-bot"},
        **how,
    )
    return handle


async def _join(handle: WorkflowHandle[Any, Any]) -> None:
    """A second alert of the same incident, as the door signals it."""
    joined = dataclasses.asdict(_opening().alerts[0]) | {"fingerprint": "f2", "summary": "odd again"}
    await handle.signal("alerts", {"alerts": [joined]})


def _firing(status: dict[str, Any]) -> int:
    """How many firing alerts the incident counts."""
    return sum(int(count["firing"]) for count in status.get("alerts", {}).values())


async def _until(condition: Callable[[], Awaitable[Any]], seconds: float = 30) -> Any:
    async with asyncio.timeout(seconds):
        while True:
            found = await condition()
            if found:
                return found
            await asyncio.sleep(0.1)


async def _listed_as_terminated(place: Place, workflow_id: str) -> None:
    """Lists lag a little behind."""

    async def seen() -> bool:
        query = f"WorkflowId = '{workflow_id}' AND ExecutionStatus = 'Terminated'"
        return (await place.client.count_workflows(query)).count > 0

    await _until(seen)


@pytest.mark.parametrize("strict", [False, True])
async def test_the_worker_carries_an_incident_in_both_sandboxes(place: Place, strict: bool) -> None:
    """Strict: nothing of ours is passed through, so workflow code imports nothing that it must not."""
    async with place.worker(strict_sandbox=strict, max_cached_workflows=0 if strict else None):
        handle = await _start(place, f"sandbox-{strict}".lower())

        async def assessed() -> Any:
            return (await ask(handle, "status", 10)).get("category")

        assert await _until(assessed)
        await handle.terminate()


async def test_a_start_in_the_worker_s_own_process_is_eager(place: Place) -> None:
    """The front door hands its first task to the worker beside it: a slot is free while all its polls wait."""
    async with place.worker():
        handle = await _start(place, "eager", request_eager_start=True)
        assert getattr(handle, "__temporal_eagerly_started") is True
        await handle.terminate()


async def test_the_kit_is_kept_by_its_digest_once(place: Place, tmp_path: Path) -> None:
    """Whatever an assessment was judged by can be read again; a second start changes nothing."""
    store = EvidenceStore.open(tmp_path / "evidence")
    path = await keep_kit(store, place.kit)
    assert await keep_kit(store, place.kit) == path == f"kits/{place.kit.digest}.json"
    assert await store.get(path) == place.kit.canonical


async def test_terminate_is_found_and_the_incident_reopened(place: Place) -> None:
    """Several watches at once reopen it once; its reference, record and clocks go on; it says what happened."""
    async with place.worker():
        handle = await _start(place, "terminated")

        async def recorded() -> Any:
            told = await ask(handle, "status", 10)
            return told if told.get("record", {}).get("entries", 0) > 3 and told.get("next_deadline") else None

        before = await _until(recorded)
        await asyncio.sleep(1)
        await handle.terminate("somebody pressed the button")
        await _listed_as_terminated(place, handle.id)
        looks = await asyncio.gather(*(reopen_terminated(place.client, place.settings.task_queue) for _ in range(3)))
        assert [name for look in looks for name in look].count(before["reference"]) == 1
        again = place.client.get_workflow_handle(handle.id)

        async def said() -> Any:
            lines = await ask(again, "timeline", 10)
            return [line for line in lines if "Somebody terminated this incident" in line["text"]]

        assert len(await _until(said)) == 1
        after = await ask(again, "status", 10)
        assert after["reference"] == before["reference"]
        assert after["record"]["entries"] > before["record"]["entries"]
        assert after["next_deadline"] == before["next_deadline"]
        assert (await again.describe()).status is WorkflowExecutionStatus.RUNNING
        assert before["reference"] not in await reopen_terminated(place.client, place.settings.task_queue)


async def test_an_incident_terminated_before_its_first_task_loses_no_alert(place: Place) -> None:
    """No worker was there yet: it is started again with what it was given, and the alerts that had joined."""
    handle = await _start(place, "never-begun")
    await _join(handle)
    await handle.terminate()
    await _listed_as_terminated(place, handle.id)
    assert handle.id in await reopen_terminated(place.client, place.settings.task_queue)
    async with place.worker():
        again = place.client.get_workflow_handle(handle.id)

        async def both() -> Any:
            return _firing(await ask(again, "status", 10)) == 2

        assert await _until(both)
        await again.terminate()


async def _cut(place: Place, handle: WorkflowHandle[Any, Any]) -> str:
    """The run that a Reset to the end of the first task makes of the latest one."""
    run = (await handle.describe()).run_id
    found = place.client.get_workflow_handle(handle.id, run_id=run)
    events = [event async for event in found.fetch_history_events()]
    ended = next(one.event_id for one in events if one.HasField("workflow_task_completed_event_attributes"))
    answer = await place.client.workflow_service.reset_workflow_execution(
        ResetWorkflowExecutionRequest(
            namespace=place.client.namespace, reason="somebody pressed the button", request_id=f"cut-{run}",
            workflow_execution=WorkflowExecution(workflow_id=handle.id, run_id=run), workflow_task_finish_event_id=ended,
        )
    )  # fmt: skip
    return str(answer.run_id)


@pytest.mark.parametrize("cut", [False, True], ids=["as it began", "cut by a reset"])
async def test_an_incident_terminated_during_its_first_look_loses_no_alert(
    place: Place, monkeypatch: pytest.MonkeyPatch, cut: bool
) -> None:
    """Its first task is over and it has no state yet, because its agent does not answer: it is started again as well."""
    looking = begin.FirstLook._look
    started = asyncio.Event()

    async def hangs(self: begin.FirstLook, asked: Any) -> Any:
        started.set()
        await asyncio.sleep(300)

    monkeypatch.setattr(begin.FirstLook, "_look", hangs)
    opening = dataclasses.replace(_opening(), form=LOOKS_ONCE)
    async with place.worker():
        handle: WorkflowHandle[Any, Any] = await place.client.start_workflow(
            "Incident", opening, id=f"incident-looks-{cut}", task_queue=place.settings.task_queue,
            memo={"agent": "support-bot"},
        )  # fmt: skip
        await asyncio.wait_for(started.wait(), 30)
        if cut:
            started.clear()
            await _cut(place, handle)
            await asyncio.wait_for(started.wait(), 60)
        await place.client.get_workflow_handle(handle.id).terminate("somebody pressed the button")
        await _listed_as_terminated(place, handle.id)
        monkeypatch.setattr(begin.FirstLook, "_look", looking)
        assert handle.id in await reopen_terminated(place.client, place.settings.task_queue)
        again = place.client.get_workflow_handle(handle.id)

        async def goes_on() -> Any:
            told = await ask(again, "status", 10)
            return _firing(told) == 1 and told.get("severity")

        assert await _until(goes_on, 60)
        assert (await again.describe()).status is WorkflowExecutionStatus.RUNNING
        await again.terminate()


async def test_a_reset_run_terminated_during_its_first_look_keeps_the_incident(place: Place) -> None:
    """It has no state of its own either, but the run that it was cut out of had one: that counts."""
    async with place.worker():
        opening = dataclasses.replace(_opening(), form=LOOKS_ONCE)
        handle: WorkflowHandle[Any, Any] = await place.client.start_workflow(
            "Incident", opening, id="incident-cut", task_queue=place.settings.task_queue, memo={"agent": "support-bot"}
        )

        async def recorded() -> Any:
            told = await ask(handle, "status", 10)
            return told if told.get("record", {}).get("entries", 0) > 3 and told.get("severity") else None

        before = await _until(recorded)
        await handle.execute_update("note", {"by": "ann", "text": "I look at it"})
        first = (await handle.describe()).run_id
    cut = await _cut(place, handle)
    assert cut != first

    async def seen() -> Any:
        events = [
            event async for event in place.client.get_workflow_handle(handle.id, run_id=cut).fetch_history_events()
        ]
        names = [one.activity_task_scheduled_event_attributes.activity_type.name for one in events]
        return set(filter(None, names)) <= set(FIRST_LOOKS)

    assert await _until(seen), "it asks for nothing but its first look"
    await _join(place.client.get_workflow_handle(handle.id))
    await place.client.get_workflow_handle(handle.id).terminate("somebody pressed that one too")
    await _listed_as_terminated(place, handle.id)
    assert handle.id in await reopen_terminated(place.client, place.settings.task_queue)
    async with place.worker():
        again = place.client.get_workflow_handle(handle.id)

        async def kept() -> Any:
            told = await ask(again, "status", 10)
            return told if told.get("reference") and _firing(told) == 2 else None

        after = await _until(kept, 60)
        assert after["reference"] == before["reference"]
        assert after["record"]["entries"] >= before["record"]["entries"]
        await again.terminate()


async def test_the_watch_looks_until_it_is_cancelled(place: Place) -> None:
    """It says each incident that it reopened, in one line."""
    said: list[str] = []
    handle = await _start(place, "watched")
    looking = asyncio.create_task(watch(place.client, place.settings.task_queue, every=0.2, say=said.append))
    await handle.terminate()

    async def told() -> Any:
        return [line for line in said if handle.id in line]

    assert "reopened" in (await _until(told))[0]
    looking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await looking
    assert (await place.client.get_workflow_handle(handle.id).describe()).status is WorkflowExecutionStatus.RUNNING
