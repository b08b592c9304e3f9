"""A relay hands on what its gateway left, each alert once; and Temporal's own buttons lose nothing that it holds."""

from __future__ import annotations

import asyncio
import base64
import secrets
import zlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from pydantic_core import to_json
from temporalio.api.common.v1 import Payload, WorkflowExecution
from temporalio.api.enums.v1 import EventType
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest
from temporalio.client import WorkflowExecutionStatus, WorkflowFailureError, WorkflowHandle
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError

from halon.incident import ids, relay
from halon.incident.alerts import Alert, mark_of
from halon.incident.remembered import key, pack
from halon.incident.state import State
from halon.relays_watch import reopen_relays
from halon.watch import reopen_terminated
from halon_activities.relay import Relay as Activity

STARTED = "2026-11-22T08:16:15.508Z"


def held(number: int, alerts: Sequence[Alert], handed_on: int = 0, **more: Any) -> relay.Held:
    """A batch as a gateway packs it."""
    packed = base64.b64encode(zlib.compress(to_json(list(alerts)), 1)).decode()
    return relay.Held(number, handed_on, alerts=packed, **more)


class Gateway:
    """What a gateway does with one relay."""

    def __init__(self, house: Any, delay: float = 0.0) -> None:
        self.house, self.delay = house, delay
        self.id = f"{relay.PREFIX}{secrets.token_hex(4)}"

    def alert(self, name: str, group: str = "", status: str = "firing") -> Alert:
        """One alert of a storm, slim."""
        group = group or self.house.settings.task_queue
        made: Alert = self.house.alert(fingerprint=name, group=group, status=status, started_at=STARTED, summary="")
        return made

    async def start(self, batch: relay.Held) -> WorkflowHandle[Any, Any]:
        handle: WorkflowHandle[Any, Any] = await self.house.client.start_workflow(
            relay.WORKFLOW, batch, id=self.id, task_queue=self.house.settings.task_queue,
            start_delay=timedelta(seconds=self.delay) if self.delay else None,
        )  # fmt: skip
        return handle


def incident_of(house: Any, group: str = "", number: int = 1) -> WorkflowHandle[Any, Any]:
    of = ids.correlation_key("support-bot", group or house.settings.task_queue)
    return house.client.get_workflow_handle(ids.workflow_id(of, number))  # type: ignore[no-any-return]


async def state_of(handle: WorkflowHandle[Any, Any]) -> State:
    async with asyncio.timeout(30):
        while True:
            try:
                state = await handle.query("carry", result_type=State)
            except Exception:  # not there yet, or its worker is busy
                state = None
            if isinstance(state, State):
                return state
            await asyncio.sleep(0.1)


async def counted(handle: WorkflowHandle[Any, Any], *names: str, seconds: float = 240) -> State:
    """Wait until the incident knows the alerts of these fingerprints, and return its state."""
    wanted = {mark_of(f"{name}|{STARTED}|firing") for name in names}
    async with asyncio.timeout(seconds):
        while True:
            state = await state_of(handle)
            if wanted <= set(state.seen):
                return state
            await asyncio.sleep(0.1)


def firing(state: State) -> tuple[int, int]:
    """How many were counted, and how many came twice."""
    return sum(one.firing for one in state.counts), sum(one.duplicates for one in state.counts)


async def kinds(handle: WorkflowHandle[Any, Any]) -> list[int]:
    return [event.event_type async for event in handle.fetch_history_events()]


async def test_a_relay_whose_gateway_lives_does_nothing(house: Any) -> None:
    """Told in its delay that all is handed on, it ends at its first task; until then it has none, nor any worker."""
    gateway = Gateway(house, delay=2)
    handle = await gateway.start(held(1, [gateway.alert("a")]))
    await handle.signal(relay.SIGNAL, held(2, [gateway.alert("b")], handed_on=1))
    await handle.signal(relay.SIGNAL, relay.Held(handed_on=2))
    assert EventType.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED not in await kinds(handle)
    async with house.worker(strict_sandbox=True):
        assert await asyncio.wait_for(handle.result(), 240) == 2
    assert EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED not in await kinds(handle)
    assert [one async for one in house.client.list_workflows(f"WorkflowId = '{incident_of(house).id}'")] == []


async def test_what_a_gateway_left_reaches_its_incidents_once(house: Any) -> None:
    """Of an open incident, of one that is not there yet, and of none: what was handed on already is not counted again,
    what resolves nothing opens nothing, and what somebody typed into the relay does not hold it up."""
    other, nothing = f"{house.settings.task_queue}-new", f"{house.settings.task_queue}-none"
    gateway = Gateway(house, delay=1)
    await house.admit(gateway.alert("a"), gateway.alert("b"))
    of = ids.correlation_key("support-bot", house.settings.task_queue)
    handle = await gateway.start(held(1, [gateway.alert("long ago")]))
    await handle.signal(
        relay.SIGNAL, held(3, [gateway.alert("d"), gateway.alert("n", nothing, "resolved")], handed_on=1)
    )
    await handle.signal(relay.SIGNAL, held(2, [gateway.alert("b"), gateway.alert("c"), gateway.alert("o", other)],
                                          to={of: incident_of(house).id}))  # fmt: skip
    for typed in ({"number": "x"}, [1], relay.Held(4, alerts="no base64"), {"number": 5, "alerts": "AAAA", "to": 1}):
        await handle.signal(relay.SIGNAL, typed)
    await handle.signal("hold", {"number": 1})
    await handle.signal(relay.SIGNAL, args=[])
    async with house.worker(strict_sandbox=True):
        await asyncio.wait_for(handle.result(), 240)
        assert firing(await counted(incident_of(house), "a", "b", "c", "d")) == (4, 1)
        state = await counted(incident_of(house, other), "o")
        assert (firing(state), state.group) == ((1, 0), other)
        assert [
            one async for one in house.client.list_workflows(f"WorkflowId = '{incident_of(house, nothing).id}'")
        ] == []


async def test_promise_15_a_terminated_relay_loses_nothing(house: Any) -> None:
    """Terminated in its delay, and once more when it was begun again: found, begun again, and each alert counts once."""
    gateway = Gateway(house, delay=60)
    await house.admit(gateway.alert("a"))
    handle = await gateway.start(held(1, [gateway.alert("a"), gateway.alert("b")]))
    await handle.signal(relay.SIGNAL, held(2, [gateway.alert("c")]))
    settled: set[str] = set()  # kept from look to look, as the watch does
    for _ in range(2):
        await house.client.get_workflow_handle(gateway.id).terminate("somebody pressed the button")
        async with asyncio.timeout(10):
            while gateway.id not in await reopen_relays(house.client, house.settings.task_queue, settled):
                await asyncio.sleep(0.1)
    assert len(settled) == 2, "each ended run is dealt with, and asked about no more"
    async with house.worker(strict_sandbox=True):
        await asyncio.wait_for(house.client.get_workflow_handle(gateway.id).result(), 240)
        assert firing(await counted(incident_of(house), "a", "b", "c")) == (3, 1)
        assert await reopen_relays(house.client, house.settings.task_queue, settled) == []
        assert await reopen_relays(house.client, house.settings.task_queue) == [], "also a watch that knows nothing"


async def test_promise_15_cancel_and_reset_of_a_relay_change_nothing(house: Any) -> None:
    """Cancelled before its first task it hands on all the same; reset when it is done, it opens and counts nothing anew."""
    gateway = Gateway(house, delay=1)
    handle = await gateway.start(held(1, [gateway.alert("a")]))
    await handle.cancel()
    async with house.worker():
        assert await asyncio.wait_for(handle.result(), 240) == 1
        incident = incident_of(house)
        assert firing(await counted(incident, "a")) == (1, 0)
        run_id = str((await handle.describe()).run_id)
        ends = [event.event_id async for event in handle.fetch_history_events()
                if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED]  # fmt: skip
        await house.client.workflow_service.reset_workflow_execution(ResetWorkflowExecutionRequest(
            namespace=house.client.namespace, workflow_execution=WorkflowExecution(workflow_id=gateway.id, run_id=run_id),
            reason="somebody pressed the button", workflow_task_finish_event_id=ends[0], request_id=run_id,
        ))  # fmt: skip
        again = house.client.get_workflow_handle(gateway.id)
        assert await asyncio.wait_for(again.result(), 240) == 1
        assert (await again.describe()).run_id != run_id
        assert firing(await state_of(incident)) == (1, 0)


async def test_an_incident_that_is_being_reopened_is_waited_for_and_holds_up_no_other(house: Any) -> None:
    """Its alerts go to itself and to no successor; those of another cause are handed on meanwhile."""
    other = f"{house.settings.task_queue}-new"
    gateway = Gateway(house)
    async with house.worker():
        await house.admit(gateway.alert("a"))
        await counted(incident_of(house), "a")
        await incident_of(house).terminate("somebody pressed the button")
        handle = await gateway.start(held(1, [gateway.alert("b"), gateway.alert("o", other)]))
        await counted(incident_of(house, other), "o")
        assert (await handle.describe()).status is WorkflowExecutionStatus.RUNNING
        async with asyncio.timeout(20):
            while not await reopen_terminated(house.client, house.settings.task_queue):
                await asyncio.sleep(0.1)
        await asyncio.wait_for(handle.result(), 240)
        assert firing(await counted(incident_of(house), "a", "b")) == (2, 0)
        assert firing(await state_of(incident_of(house, other))) == (1, 0)
        successor = incident_of(house, number=2).id
        assert [one async for one in house.client.list_workflows(f"WorkflowId = '{successor}'")] == []


async def test_a_batch_that_can_not_be_decoded_is_waited_for(house: Any) -> None:
    """The key of the codec is missing: what can be read is handed on, and the relay stays to be seen."""
    gateway = Gateway(house)
    strange = RawValue(Payload(metadata={"encoding": b"binary/sealed"}, data=b"nobody can read this"))
    async with house.worker():
        handle = await gateway.start(held(1, [gateway.alert("a")]))
        await handle.signal(relay.SIGNAL, strange)
        await handle.signal(relay.SIGNAL, held(2, [gateway.alert("b")]))
        assert firing(await counted(incident_of(house), "a", "b"))[0] == 2
        assert (await handle.describe()).status is WorkflowExecutionStatus.RUNNING
        await handle.terminate()


@pytest.mark.parametrize("workflow_id", ["incident-forged", "relay-1"])
async def test_a_relay_of_another_name_is_refused(house: Any, workflow_id: str) -> None:
    """Nothing that is started by hand under another id hands anything on."""
    async with house.worker():
        handle = await house.client.start_workflow(
            relay.WORKFLOW, relay.Held(), id=f"{workflow_id}-{secrets.token_hex(4)}",
            task_queue=house.settings.task_queue,
        )  # fmt: skip
        with pytest.raises(WorkflowFailureError) as caught:
            await asyncio.wait_for(handle.result(), 240)
    assert isinstance(caught.value.cause, ApplicationError)
    assert caught.value.cause.type == "ForgedState"


async def test_a_relay_goes_on_for_no_run_that_nobody_ended(house: Any) -> None:
    """A start that names a run of another workflow, or none, hands on nothing of it."""
    async with house.worker():
        incident = await house.open()
        run_id = str((await incident.describe()).run_id)
        for named in (run_id, "no run", "00000000-0000-4000-8000-000000000000"):
            gateway = Gateway(house)
            handle = await gateway.start(relay.Held(reopens=named))
            assert await asyncio.wait_for(handle.result(), 240) == 0
        assert firing(await state_of(incident)) == (1, 0)


async def test_what_comes_to_an_incident_that_is_over_opens_its_successor(house: Any) -> None:
    """The hint of the gateway is old: the relay follows the chain as the door does, and says what went before."""
    async with house.worker():
        broken = await house.client.start_workflow(
            "Incident", {}, id=incident_of(house).id, task_queue=house.settings.task_queue
        )
        with pytest.raises(WorkflowFailureError):
            await asyncio.wait_for(broken.result(), 240)
        gateway = Gateway(house)
        batch = held(1, [gateway.alert("x", status="resolved"), gateway.alert("a"), gateway.alert("b")])
        handle = await gateway.start(batch)
        await asyncio.wait_for(handle.result(), 240)
        state = await counted(incident_of(house, number=2), "a", "b")
        assert (firing(state), state.predecessor) == ((2, 0), incident_of(house).id)


async def test_what_a_closed_incident_has_counted_opens_nothing(house: Any) -> None:
    """Of the alerts that a relay brings once more, those are left out which the incident knew when it closed."""
    async with house.worker():
        gateway = Gateway(house)
        await house.admit(gateway.alert("a"), gateway.alert("b"))
        state = await counted(incident_of(house), "a", "b")
    known = [gateway.alert("a"), gateway.alert("b")]
    new = [gateway.alert("c"), gateway.alert("a", status="resolved")]
    assert relay.unknown_to(state, [*known, *new]) == new
    older = replace(state, seen=(), seen_rest=pack(key(one.mark) for one in known))
    assert relay.unknown_to(older, known) == []


async def test_what_comes_late_for_a_cause_that_is_done_is_handed_on_too(house: Any) -> None:
    """While the relay waits for one incident, a batch arrives for another that it has signalled already: it counts."""
    other = f"{house.settings.task_queue}-new"
    gateway = Gateway(house)
    async with house.worker():
        await house.admit(gateway.alert("a"), gateway.alert("o0", other))
        await counted(incident_of(house), "a")
        await counted(incident_of(house, other), "o0")
        await incident_of(house, other).terminate("somebody pressed the button")
        handle = await gateway.start(held(1, [gateway.alert("b"), gateway.alert("o", other)]))
        await counted(incident_of(house), "b")
        async with asyncio.timeout(20):
            while not any(one.heartbeat_details.payloads for one in await pending(handle)):
                await asyncio.sleep(0.1)
        await handle.signal(relay.SIGNAL, held(2, [gateway.alert("c")]))
        assert firing(await counted(incident_of(house), "a", "b", "c"))[0] == 3, "the other one is not back yet"
        async with asyncio.timeout(20):
            while not await reopen_terminated(house.client, house.settings.task_queue):
                await asyncio.sleep(0.1)
        assert await asyncio.wait_for(handle.result(), 240) == 2
        assert firing(await counted(incident_of(house, other), "o0", "o"))[0] == 2


async def pending(handle: WorkflowHandle[Any, Any]) -> list[Any]:
    """The activities of a workflow that have not ended."""
    return list((await handle.describe()).raw_description.pending_activities)


async def test_a_batch_that_comes_after_a_later_number_is_handed_on_too(
    house: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A gateway has several Signals under way: the second one may arrive when the third has been read."""
    read, go_on, hand_on = asyncio.Event(), asyncio.Event(), Activity._place

    async def place(self: Activity, *args: Any) -> None:
        read.set()
        await go_on.wait()
        await hand_on(self, *args)

    monkeypatch.setattr(Activity, "_place", place)
    gateway = Gateway(house, delay=1)
    async with house.worker():
        await house.admit(gateway.alert("seed"))
        handle = await gateway.start(held(1, [gateway.alert("d")]))
        await handle.signal(relay.SIGNAL, held(3, [gateway.alert("f")]))
        await asyncio.wait_for(read.wait(), 240)
        await handle.signal(relay.SIGNAL, held(2, [gateway.alert("e")]))
        go_on.set()
        assert await asyncio.wait_for(handle.result(), 240) == 3
        assert firing(await counted(incident_of(house), "d", "e", "f"))[0] == 4


async def test_two_relays_of_one_gateway_reverse_nothing(house: Any) -> None:
    """Overdue, both hand on at once: what the second one ended does not fire, whichever of them came first."""
    names = [f"x{number}" for number in range(8)]
    for name in names:
        first, second = Gateway(house), Gateway(house)
        await first.start(held(1, [first.alert(name)]))
        await second.start(held(1, [second.alert(name, status="resolved")]))
    await house.admit(first.alert("seed"))
    async with house.worker():
        state = await counted(incident_of(house), "seed", *names, seconds=40)
        async with asyncio.timeout(20):
            while sum(one.resolved for one in state.counts) < len(names):
                state = await state_of(incident_of(house))
        assert state.firing == (mark_of("seed"),)
