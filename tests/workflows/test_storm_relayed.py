"""A storm of several causes through the real door, relays and worker: each alert once, in order, and people are answered."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from typing import Any

from temporalio.api.enums.v1 import EventType

from halon.incident import ids
from halon.incident.alerts import Alert, mark_of
from halon.incident.state import State
from halon.intake.admit import Admission
from halon.intake.relays import DELAY

CAUSES, CONNECTIONS, EACH = 4, 24, 12
STARTED = "2026-11-22T08:16:15.508Z"


class Storm:
    """Connections that each deliver an alert, wait for the answer and go on, over the causes in turn.

    What was acknowledged is not delivered again."""

    def __init__(self, house: Any, door: Admission) -> None:
        self.house, self.door = house, door
        self.relayed: list[float] = []
        door._relays.on_batch = self.relayed.append
        self.told: Counter[str] = Counter()
        self.acknowledged: set[tuple[int, str]] = set()

    def group(self, number: int) -> str:
        return f"{self.house.settings.task_queue}-{number % CAUSES}"

    def alert(self, number: int, status: str = "firing") -> Alert:
        made: Alert = self.house.alert(
            fingerprint=f"s-{number}", status=status, group=self.group(number), started_at=STARTED
        )
        return made

    async def deliver(self, number: int, status: str = "firing") -> None:
        if (number, status) in self.acknowledged:
            return
        (told,) = await self.door.admit([self.alert(number, status)])
        self.told[told.status] += 1
        self.acknowledged.add((number, status))

    async def open(self) -> None:
        """One alert of each cause."""
        await asyncio.gather(*map(self.deliver, range(CAUSES)))

    async def connection(self, number: int) -> None:
        """Each alert fires, and every third one is over at once."""
        for turn in range(EACH):
            alert = CAUSES + turn * CONNECTIONS + number
            await self.deliver(alert)
            if alert % 3 == 0:
                await self.deliver(alert, "resolved")

    async def state(self, cause: int, known: int) -> State:
        """The state of the incident of this cause, once it has counted ``known`` alerts; or as it is after 20 s."""
        key = ids.correlation_key("support-bot", self.group(cause))
        handle = self.house.client.get_workflow_handle(ids.workflow_id(key))
        end = time.monotonic() + 20
        while True:
            state: State = await handle.query("carry", result_type=State)
            if sum(one.firing + one.resolved for one in state.counts) >= known or time.monotonic() > end:
                return state
            await asyncio.sleep(0.2)


def wanted(cause: int) -> tuple[list[int], list[int]]:
    """The alerts of a cause that fire for good, and those that are over."""
    all_ = [number for number in range(CAUSES + EACH * CONNECTIONS) if number % CAUSES == cause]
    over = [number for number in all_ if number >= CAUSES and number % 3 == 0]
    return [number for number in all_ if number not in over], over


async def assert_counted(storm: Storm, duplicates: bool = False) -> None:
    for cause in range(CAUSES):
        fires, over = wanted(cause)
        state = await storm.state(cause, len(fires) + 2 * len(over))
        (count,) = state.counts
        assert (count.firing, count.resolved) == (len(fires) + len(over), len(over))
        assert duplicates or count.duplicates == 0
        assert set(state.firing) == {mark_of(f"s-{number}") for number in fires}, (
            "no `resolved` came before its `firing`"
        )
        assert state.firing_more == 0


async def test_each_alert_of_a_storm_counts_once_and_in_order(house: Any) -> None:
    """Relays hold them and the gateway hands them on; meanwhile people who say something to an incident are answered."""
    async with house.worker():
        door = Admission(house.client, house.settings.task_queue)
        storm = Storm(house, door)
        await storm.open()
        house.handle = house.client.get_workflow_handle(
            ids.workflow_id(ids.correlation_key("support-bot", storm.group(0)))
        )
        await house.until("the harm to be looked at", lambda s: s["phases"].get("detect") == "done")
        senders = asyncio.gather(*map(storm.connection, range(CONNECTIONS)))
        said = 0
        while not senders.done():
            said += 1
            assert await house.say("note", by="ann", text=f"note {said}") == f"note {said}"
            await asyncio.sleep(0.1)
        await senders
        assert storm.told == {"new": CAUSES, "joined": sum(storm.told.values()) - CAUSES}
        await door.aclose()
        assert sum(storm.relayed) > 100, "most of them were held by relays"
        await assert_counted(storm)
        kinds = [event.event_type async for event in house.incident.fetch_history_events()]
        signals = kinds.count(EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED)
        assert signals < EACH * CONNECTIONS / CAUSES / 2, (
            "an incident has a Signal now and then, not one an alert or two"
        )


async def test_promise_1_what_a_relay_holds_survives_its_gateway(house: Any) -> None:
    """The gateway is gone in the middle of a storm, with all that it had in mind: what it had answered for is counted
    once, also what it had handed on without saying so; what it had not, its senders bring again."""
    async with house.worker():
        door = Admission(house.client, house.settings.task_queue)
        storm = Storm(house, door)
        await storm.open()
        senders = [asyncio.create_task(storm.connection(number)) for number in range(CONNECTIONS)]
        while sum(storm.told.values()) < EACH * CONNECTIONS / 2:
            await asyncio.sleep(0.01)
        for task in asyncio.all_tasks():
            if task in senders or task.get_name().startswith(("lane ", "relay", "end halon-relay-")):
                task.cancel()
        await asyncio.gather(*senders, return_exceptions=True)
        assert sum(storm.relayed) > 20, "some of them were held by relays"
        again = Storm(house, Admission(house.client, house.settings.task_queue))
        again.acknowledged = set(storm.acknowledged)
        await asyncio.gather(*map(again.connection, range(CONNECTIONS)))
        await again.door.aclose()
        left = await handed_on_by_relays(house, DELAY + 30)
        assert left > 0, "a relay handed on what its gateway had answered for"
        await assert_counted(again, duplicates=True)


async def handed_on_by_relays(house: Any, seconds: float) -> int:
    """How many alerts the relays handed on themselves, once all of them have ended."""
    found = 0
    query = f"WorkflowType = 'Relay' AND TaskQueue = '{house.settings.task_queue}'"
    async with asyncio.timeout(seconds):
        async for one in house.client.list_workflows(query):
            handle = house.client.get_workflow_handle(one.id)
            await handle.result()
            async for event in handle.fetch_history_events():
                done = event.activity_task_completed_event_attributes.result.payloads
                found += sum(json.loads(payload.data)["alerts"] for payload in done)
    return found
