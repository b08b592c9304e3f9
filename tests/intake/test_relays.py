"""In a storm of several causes a relay holds what waits for its incident, in one Signal for all of them."""

from __future__ import annotations

import asyncio
import base64
import json
import secrets
import time
import zlib
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from temporalio.client import Client

from halon.incident import relay
from halon.incident.alerts import Alert
from halon.intake import lanes, relays
from halon.intake.lanes import Lanes
from halon.intake.pace import Pace
from halon.intake.place import Placed
from halon.intake.problems import Unavailable
from halon.intake.relays import Relays
from halon.intake.storms import SECONDS as storm_seconds
from halon.intake.storms import Storms
from halon.intake.urgency import SEVERE
from halon.intake.waiting import Waiting

KEYS = ("a.x", "a.y", "a.z")


def made(number: int, group: str = "x", status: str = "firing") -> Alert:
    return Alert(source="s", agent="a", group=group, rule="r", status="resolved" if status == "resolved" else "firing",
                 fingerprint=str(number), started_at="t", received_at="t", summary="long " * 20, labels={"pod": "p"})  # fmt: skip


class Incidents:
    """Stand in for the incidents: take 5 ms a batch, and keep what each was signalled."""

    def __init__(self) -> None:
        self.batches: dict[str, list[list[str]]] = defaultdict(list)
        self.down: set[str] = set()

    async def place(self, key: str, batch: Sequence[Alert], rank: int, eager: bool) -> Placed | None:
        await asyncio.sleep(0.005)
        if key in self.down:
            raise Unavailable("down")
        self.batches[key].append([alert.fingerprint for alert in batch])
        return Placed(f"INC-{key}", f"incident-{key}", opened=len(self.batches[key]) == 1)

    def of(self, key: str) -> list[str]:
        return [number for batch in self.batches[key] for number in batch]


class Paused(Pace):
    """A short pause after every batch, so that a lane is still there for the next alert."""

    def pause(self, key: str, took: float) -> float:
        return 0.1


@pytest.fixture(autouse=True)
def sooner(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hand on every 0.3 s, so that no test lasts long."""
    monkeypatch.setattr(lanes, "HAND_ON_EVERY", 0.3)


async def held_in(client: Client, queue: str) -> list[tuple[str, list[relay.Held]]]:
    """What the relays of a task queue hold: by workflow id, their batches as they came."""
    found = []
    async for one in client.list_workflows(f"WorkflowType = 'Relay' AND TaskQueue = '{queue}'"):
        batches = []
        async for event in client.get_workflow_handle(one.id).fetch_history_events():
            started = event.workflow_execution_started_event_attributes.input.payloads
            for payload in [*started, *event.workflow_execution_signaled_event_attributes.input.payloads]:
                batches.append(relay.Held(**json.loads(payload.data)))
        found.append((one.id, batches))
    return found


def numbers(batches: Sequence[relay.Held]) -> list[str]:
    """The fingerprints that batches hold."""
    packed = [base64.b64decode(one.alerts) for one in sorted(batches, key=lambda one: one.number) if one.alerts]
    return [alert["fingerprint"] for one in packed for alert in json.loads(zlib.decompress(one))]


async def opened(door: Lanes) -> None:
    """Open the incident of each key, so that each has a lane."""
    await asyncio.gather(*(door.put(key, [made(number, key[-1])]) for number, key in enumerate(KEYS)))


async def test_one_signal_holds_the_alerts_of_many_causes(temporal: Client, eventually: Callable[..., Any]) -> None:
    """300 alerts of 3 causes over 30 connections: each is acknowledged when a relay holds it and reaches its incident
    once, in order of arrival, in a few Signals; the relay is told in the end that it has nothing to hand on."""
    queue = f"relays-{secrets.token_hex(4)}"
    incidents, holding = Incidents(), Relays(temporal, queue)
    door = Lanes(incidents.place, Paused(), relays=holding)
    await opened(door)
    before_it_has_it: list[int] = []

    async def send(connection: int) -> None:
        for turn in range(10):
            number = 100 + turn * 30 + connection
            answers = await door.put(KEYS[number % 3], [made(number, KEYS[number % 3][-1])])
            assert [(one.incident, one.opened) for one in answers if one] == [(f"INC-{KEYS[number % 3]}", False)]
            if str(number) not in incidents.of(KEYS[number % 3]):
                before_it_has_it.append(number)

    await asyncio.gather(*map(send, range(30)))
    await door.aclose()
    await holding.aclose()
    for place, key in enumerate(KEYS):
        found = incidents.of(key)
        assert sorted(map(int, found[1:])) == [number for number in range(100, 400) if number % 3 == place]
        for connection in range(30):
            own = [int(one) for one in found[1:] if (int(one) - 100) % 30 == connection]
            assert own == sorted(own), "of one connection, none overtakes"
        assert len(incidents.batches[key]) < 12
    assert before_it_has_it, "some were acknowledged before their incident held them"

    async def listed() -> bool:
        return bool(await held_in(temporal, queue))

    await eventually(listed)
    ((workflow_id, batches),) = await held_in(temporal, queue)
    assert workflow_id.startswith(relay.PREFIX)
    assert len(numbers(batches)) > 200
    assert batches[-1].handed_on == max(one.number for one in batches)
    assert (batches[-1].number, batches[-1].alerts) == (0, "")
    assert holding.held == 0


async def test_what_is_severe_and_what_is_alone_takes_the_incidents_own_lane(temporal: Client) -> None:
    """Two causes are no storm, a first alert opens, and a severe one goes at once also in a storm."""
    queue = f"relays-{secrets.token_hex(4)}"
    incidents, holding = Incidents(), Relays(temporal, queue)
    door = Lanes(incidents.place, Paused(), relays=holding)
    for number in range(5):
        await asyncio.gather(*(door.put(key, [made(number, key[-1])]) for key in KEYS[:2]))
    assert incidents.of("a.x") == ["0", "1", "2", "3", "4"]
    assert (holding.held, await held_in(temporal, queue)) == (0, [])
    await door.aclose()
    door = Lanes(incidents.place, Paused(), relays=holding)
    await opened(door)
    mild = asyncio.gather(*(door.put(key, [made(10, key[-1])]) for key in KEYS))
    await asyncio.sleep(0)
    assert holding.held > 0
    await mild
    assert "10" not in incidents.of("a.x"), "a relay holds it"
    async with asyncio.timeout(0.2):
        await door.put("a.x", [made(11)], SEVERE)
    assert incidents.batches["a.x"][-1] == ["11", "10"], "what waits goes along"
    await door.aclose()
    await holding.aclose()


async def test_a_relay_that_somebody_ends_is_replaced(temporal: Client) -> None:
    """The next batch begins another one, and what the first one held reaches the incidents all the same."""
    queue = f"relays-{secrets.token_hex(4)}"
    incidents, holding = Incidents(), Relays(temporal, queue)
    door = Lanes(incidents.place, Paused(), relays=holding)
    await opened(door)
    await asyncio.gather(*(door.put(key, [made(10, key[-1])]) for key in KEYS))
    first = holding._current  # the one that is to be ended
    assert first is not None
    await temporal.get_workflow_handle(first.workflow_id).terminate()
    await asyncio.gather(*(door.put(key, [made(11, key[-1])]) for key in KEYS))
    assert holding._current is not first
    await door.aclose()
    await holding.aclose()
    assert {key: incidents.of(key)[1:] for key in KEYS} == {key: ["10", "11"] for key in KEYS}


async def test_a_relay_is_as_old_as_the_server_takes_it_to_be(
    temporal: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its delay begins before the answer to its start is here. One that is too old takes no more, also where the
    gateway was too busy to be told by its timer: after its delay nobody may be answered for what it takes."""
    queue = f"relays-{secrets.token_hex(4)}"
    incidents, holding = Incidents(), Relays(temporal, queue)
    door = Lanes(incidents.place, Paused(), relays=holding)
    await opened(door)
    called, start = [0.0], temporal.start_workflow

    async def slow(*args: Any, **options: Any) -> Any:
        called[0] = time.monotonic()
        handle = await start(*args, **options)
        await asyncio.sleep(0.3)
        return handle

    monkeypatch.setattr(temporal, "start_workflow", slow)
    await asyncio.gather(*(door.put(key, [made(10, key[-1])]) for key in KEYS))
    first = holding._current
    assert first is not None
    assert first.takes_until <= called[0] + relays.SECONDS
    assert first.until <= called[0] + relays.DELAY
    first.takes_until = time.monotonic()  # four seconds have passed, and its timer has not had its turn
    await asyncio.gather(*(door.put(key, [made(11, key[-1])]) for key in KEYS))
    assert holding._current is not first
    await door.aclose()
    await holding.aclose()
    held = dict(await held_in(temporal, queue))
    assert set(numbers(held[first.workflow_id])) == {"10"}
    assert {key: incidents.of(key)[1:] for key in KEYS} == {key: ["10", "11"] for key in KEYS}


class StandIn(Relays):
    """Relays that hold a part at once, or decline it a moment later."""

    def __init__(self, holds: bool, left: bool = False) -> None:
        self.holds, self.is_left = holds, left
        self.handed_on: list[str] = []
        self.left: list[str] = []

    def offer(self, item: Waiting, key: str, placed: Placed, declined: Callable[[], None]) -> bool:
        item.offered = True
        if self.holds:
            item.hold = Hold(self, item.alerts[0].fingerprint)
            item.hear(placed)
        else:
            asyncio.get_running_loop().call_later(0.01, declined)
        return True


class Hold:
    """What the stand-in holds."""

    def __init__(self, of: StandIn, number: str) -> None:
        self.of, self.number = of, number

    @property
    def over(self) -> bool:
        return self.of.is_left

    def handed_on(self) -> None:
        self.of.handed_on.append(self.number)

    def leave(self) -> None:
        self.of.left.append(self.number)


class Counting:
    """Stand in for Temporal's client: a relay takes 5 ms for each batch, and the batches are counted."""

    first_execution_run_id = "run"

    def __init__(self) -> None:
        self.batches: list[int] = []

    async def start_workflow(self, workflow: str, held: relay.Held, **more: Any) -> Counting:
        await self.signal(relay.SIGNAL, held)
        return self

    def get_workflow_handle(self, workflow_id: str, run_id: str) -> Counting:
        return self

    async def signal(self, name: str, held: relay.Held) -> None:
        if held.number:
            self.batches.append(len(numbers([held])))
            await asyncio.sleep(0.005)


async def offering(door: Relays, times: int) -> None:
    """A sender that sends its next alert as soon as it has heard of the one before."""
    for number in range(times):
        answer = asyncio.get_running_loop().create_future()
        item = Waiting((made(number),), 300, 3, "s", answer)
        assert door.offer(item, "a.x", Placed("INC-1", "incident-a.x", opened=False), lambda: None)
        await answer


async def test_senders_that_wait_for_their_answers_share_one_signal() -> None:
    """Thirty connections are one Signal a turn and not two or three: what a Signal answers goes with the next one."""
    client: Any = Counting()
    door = Relays(client, "queue")
    await asyncio.gather(*(offering(door, 20) for _ in range(30)))
    await door.aclose()
    assert sum(client.batches) == 600
    assert len(client.batches) <= 25


async def test_a_single_sender_waits_for_nobody() -> None:
    """Who sends one alert after the other has a Signal for each, and no turn to wait for."""
    client: Any = Counting()
    door = Relays(client, "queue")
    async with asyncio.timeout(50 * relays.CYCLE):  # as long as the pauses alone took
        await offering(door, 50)
    await door.aclose()
    assert client.batches == [1] * 50


async def test_what_no_relay_takes_hears_when_its_incident_holds_it() -> None:
    """A relay that can't be had costs nobody an answer, and nobody waits for the next turn of handing on."""
    incidents, holding = Incidents(), StandIn(holds=False)
    door = Lanes(incidents.place, Paused(), relays=holding)
    await opened(door)
    async with asyncio.timeout(0.25):
        answers = await asyncio.gather(*(door.put(key, [made(10, key[-1])]) for key in KEYS))
    assert all(answer[0] for answer in answers)
    assert {key: incidents.of(key)[1:] for key in KEYS} == {key: ["10"] for key in KEYS}
    await door.aclose()


async def test_what_a_relay_has_answered_for_is_kept_over_an_outage() -> None:
    """The incident can't be signalled: who has no answer hears 503, what was acknowledged goes first when it can."""
    incidents, holding = Incidents(), StandIn(holds=True)
    door = Lanes(incidents.place, Paused(), relays=holding)
    await opened(door)
    incidents.down = {"a.x"}
    await door.put("a.x", [made(10)])
    with pytest.raises(Unavailable):
        await door.put("a.x", [made(11)], SEVERE)
    with pytest.raises(Unavailable):
        await door.put("a.x", [made(12)])  # it is not known any more that its incident is open
    incidents.down = set()
    await asyncio.sleep(0.5)
    assert incidents.of("a.x")[1:] == ["10"]
    assert (holding.handed_on, holding.left) == (["10"], [])
    await door.put("a.x", [made(13)])
    await door.aclose()
    assert incidents.of("a.x")[1:] == ["10", "13"]


async def test_what_can_not_be_handed_on_for_long_is_left_to_the_relay() -> None:
    """When the relay hands on by itself, the door keeps it no longer; a door that stops does not wait for it."""
    incidents, holding = Incidents(), StandIn(holds=True, left=True)
    door = Lanes(incidents.place, Paused(), relays=holding)
    await opened(door)
    incidents.down = set(KEYS)
    await door.put("a.x", [made(10)])
    await asyncio.sleep(0.5)
    assert (holding.handed_on, holding.left) == ([], ["10"])
    incidents.down = set()
    await door.put("a.x", [made(11)])
    await door.aclose()
    assert incidents.of("a.x")[1:] == ["11"]


async def test_a_relay_holds_a_bounded_number_of_bytes(temporal: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond them alerts wait for the incident's own Signal, as ever."""
    queue = f"relays-{secrets.token_hex(4)}"
    incidents, holding = Incidents(), Relays(temporal, queue)
    door = Lanes(incidents.place, Paused(), relays=holding)
    await opened(door)
    monkeypatch.setattr(relays, "MOST_HELD", 100)
    async with asyncio.timeout(0.25):
        await asyncio.gather(*(door.put(key, [made(10, key[-1])]) for key in KEYS))
    assert holding.held == 0
    assert {key: incidents.of(key)[1:] for key in KEYS} == {key: ["10"] for key in KEYS}
    await door.aclose()
    await holding.aclose()


def test_a_held_batch_only_gains_fields() -> None:
    """A relay that waits for its worker over an upgrade is read by the next release."""
    first: dict[str, Any] = {"number": 1, "handed_on": 0, "to": {"a.x": "incident-a.x"}, "alerts": "", "reopens": ""}
    assert replace(relay.Held(**first), number=2).number == 2
    assert relay.Held() == relay.Held(0, 0, {}, "", "")


class Clock:
    """A clock that is set by hand."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_storm_is_three_causes_of_late() -> None:
    """A cause takes part while its alerts come one upon the other; one that is not known to be open never does."""
    storms = Storms(clock := Clock())
    for key in KEYS[:2]:
        storms.note(key, Placed("INC", key, opened=False))
    assert storms.of("a.x", at_work=True) is None, "two causes"
    storms.note("a.z", Placed("INC", "a.z", opened=True))
    assert storms.of("a.x", at_work=True) == Placed("INC", "a.x", opened=False)
    assert storms.of("a.x", at_work=False) is None, "a second alert, a while after the first"
    assert storms.of("a.new", at_work=True) is None, "not known to be open"
    for _ in range(2):
        clock.now += 0.5
        storms.note("a.x", Placed("INC", "a.x", opened=False))
    assert storms.of("a.x", at_work=False) is not None
    storms.note("a.x", None)
    assert storms.of("a.x", at_work=True) is None, "what failed is not known to be open"
    storms.note("a.x", Placed("INC", "a.x", opened=False))
    clock.now += storm_seconds - 0.5
    assert storms.of("a.x", at_work=True) is None, "the other two have become quiet"


def test_what_a_gateway_knows_of_a_storm_is_bounded_by_time() -> None:
    """A gateway that sees only severe alerts, of which nobody asks here, forgets the causes all the same."""
    storms = Storms(clock := Clock())
    for number in range(1000):
        clock.now += 0.01
        storms.note(f"a.{number}", Placed("INC", f"a.{number}", opened=True))
    assert len(storms._latest) <= storm_seconds * 100 + 2
