"""What bounds a storm at the door: allowances, pauses, room, and a store that may be slow."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from halon.evidence.parts import read_part
from halon.evidence.store import EvidenceStore
from halon.incident.alerts import Alert
from halon.intake import exemplars, pace, raws
from halon.intake.exemplars import Exemplars
from halon.intake.pace import Pace
from halon.intake.raws import Raws
from halon.intake.room import FOR_SEVERE, LATEST, SOONEST, Full, Room
from halon.intake.urgency import most_urgent, urgency

AT = "2026-11-22T08:16:15.000Z"


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def hinted(hint: str, source: str = "am") -> Alert:
    return Alert(source=source, agent="a", group="g", rule="r", status="firing", fingerprint="f", started_at=AT,
                 received_at=AT, severity_hint=hint)  # fmt: skip


@pytest.mark.parametrize(
    ("hint", "rank"),
    [
        ("critical", 1), ("CRITICAL", 1), (" page ", 1), ("P1", 1), ("sev1", 1), ("SEV-1", 1), ("p0", 1),
        ("error", 2), ("high", 2), ("P2", 2), ("warning", 3), ("", 3), ("eine Störung", 3), ("P4", 4), ("info", 5),
        ("sev9", 5), ("p", 3), ("p12", 3),
    ],
)  # fmt: skip
def test_the_senders_word_gives_the_rank(hint: str, rank: int) -> None:
    """The words that vendors use; a word that nobody knows is in the middle."""
    assert urgency(hinted(hint)) == rank


def test_the_kit_knows_the_sender_better() -> None:
    """What the kit says of a sender's word comes first; a person's report is severe; of several the most urgent counts."""
    known = {"rot": "SEV1", "critical": "SEV4"}
    assert [urgency(hinted(word), known) for word in ("rot", "critical", "warning")] == [1, 4, 3]
    assert urgency(hinted("info", source="report")) == 2
    assert most_urgent([hinted("info"), hinted("high"), hinted("")]) == 2


def test_a_storm_keeps_the_first_ones_and_then_one_every_while() -> None:
    """The allowance runs out by itself, comes back with time, and is one per name."""
    clock = Clock()
    allowed = Exemplars(clock=clock)
    assert [allowed.take("key", "rule") for _ in range(100)] == [True] * exemplars.FIRST + [False] * 80
    assert allowed.take("key", "other rule")
    clock.now += exemplars.EVERY * 2.5
    assert [allowed.take("key", "rule") for _ in range(4)] == [True, True, False, False]
    clock.now += 3600
    assert sum(allowed.take("key", "rule") for _ in range(100)) == exemplars.FIRST


def test_names_are_forgotten_before_memory_grows() -> None:
    """A sender that makes up a new rule for each alert does not fill the memory."""
    allowed = Exemplars()
    for number in range(10_050):
        allowed.take("key", f"rule-{number}")
    assert len(allowed._left) == 10_000


def test_a_few_batches_go_at_once_and_a_stream_is_slowed_down() -> None:
    """The first batches to an incident wait for nothing; of a stream there are at most so many a second, for as long."""
    clock = Clock()
    paces = Pace(clock)
    sent, began = [], clock.now
    while clock.now < began + 30:
        pause = paces.pause("key", took=0.005)
        sent.append(clock.now - began)
        clock.now += 0.005 + pause
    assert sent[: pace.AT_ONCE] == pytest.approx([0.005 * n for n in range(pace.AT_ONCE)])
    assert len([at for at in sent if 10 <= at < 30]) <= 20 * pace.PER_SECOND
    assert paces.pause("another key", took=0.005) == 0
    clock.now += 60
    assert paces.pause("key", took=0.005) == 0


def test_a_stream_takes_a_breath() -> None:
    """Every few seconds of a stream there is a longer pause, in which the incident's run can be renewed."""
    clock = Clock()
    paces = Pace(clock)
    breaths, began = [], clock.now
    while clock.now < began + 30:
        pause = paces.pause("key", took=0.005)
        breaths += [clock.now - began] if pause == pace.LONGEST else []
        clock.now += 0.005 + pause
    gaps = [later - earlier for earlier, later in pairwise(breaths)]
    assert len(breaths) >= 4
    assert all(pace.BREATH_EVERY <= gap < pace.BREATH_EVERY + 1 for gap in gaps)


def test_the_pauses_grow_with_the_time_that_temporal_needs() -> None:
    """A slow Temporal gets fewer batches, not more of them: most of the time no Signal is on its way."""
    clock = Clock()
    paces = Pace(clock)
    quick = [paces.pause("key", took=0.005) for _ in range(100)][-1]
    slow = [paces.pause("key", took=0.05) for _ in range(100)][-1]
    stuck = [paces.pause("key", took=8.0) for _ in range(100)][-1]
    assert quick == pytest.approx(1 / pace.PER_SECOND)
    assert slow == pytest.approx(0.15, abs=0.001)
    assert stuck == pace.LONGEST


def test_one_source_leaves_room_for_the_others() -> None:
    """A source that fills its share is refused; another one still comes in, and so does the next."""
    room = Room(most=8_000)
    with ExitStack() as held:
        held.enter_context(room.holding("loud", 3_500, rank=3))
        with pytest.raises(Full) as refused, room.holding("loud", 1, rank=3):
            pass
        assert SOONEST <= refused.value.retry_after <= LATEST
        held.enter_context(room.holding("quiet", 2_000, rank=3))
        held.enter_context(room.holding("third", 1_000, rank=3))
    assert room.held == 0


def test_a_part_is_kept_for_what_is_severe() -> None:
    """When everything else is full, a severe alert still comes in, also of a source that has had its share of the rest;
    of what is kept for it there are shares too."""
    room = Room(most=8_000)
    with ExitStack() as held:
        for name in ("a", "b", "c", "d", "e", "f", "g"):
            held.enter_context(room.holding(name, 875, rank=4))
        with pytest.raises(Full), room.holding("a", 100, rank=3):
            pass
        held.enter_context(room.holding("a", int(8_000 * FOR_SEVERE / 2), rank=1))
        with pytest.raises(Full), room.holding("a", 1, rank=1):
            pass
        held.enter_context(room.holding("b", int(8_000 * FOR_SEVERE / 3), rank=1))
    assert room.held == 0


def test_a_source_that_calls_everything_critical_leaves_room_for_another_ones_critical() -> None:
    """It has its share of both parts, and then it is refused; whoever else has something severe comes in."""
    room = Room(most=64_000)
    with ExitStack() as held:
        for _ in range(28 + 4):
            held.enter_context(room.holding("loud", 1_000, rank=1))
        with pytest.raises(Full), room.holding("loud", 1_000, rank=1):
            pass
        for rank in (1, 3):
            held.enter_context(room.holding("quiet", 1_000, rank=rank))


def test_room_is_held_for_what_arrives() -> None:
    """Piece by piece, and given back whole, also by whoever is refused in the middle."""
    room = Room(most=8_000)
    with room.arriving("a") as more:
        assert room.held == 0
        more(1_000)
        more(2_000)
        assert room.held == 3_000
        with room.arriving("a") as other:
            other(400)
            with pytest.raises(Full):
                other(400)
            assert room.held == 3_400
        assert room.held == 3_000
    assert room.held == 0
    assert room.held == 0


class Slow(EvidenceStore):
    """A store that takes its time, or fails."""

    seconds = 0.0
    broken = False
    torn = False
    puts = 0

    async def show(self, path: str, content: bytes) -> None:
        type(self).puts += 1
        await asyncio.sleep(self.seconds)
        if self.broken:
            raise OSError("no space left")
        await super().show(path, content)

    async def persist(self, path: str) -> None:
        if self.torn:
            raise OSError("input/output error")
        await super().persist(path)


@pytest.fixture
def slow(tmp_path: Path) -> Slow:
    Slow.seconds, Slow.broken, Slow.torn, Slow.puts = 0.0, False, False, 0
    return Slow.open(tmp_path)


async def test_payloads_that_arrive_together_are_sealed_together(slow: Slow) -> None:
    """Those that come while the store is busy share the next object, and each caller hears of its own payload."""
    Slow.seconds = 0.02
    keeping = Raws(slow)
    kept = await asyncio.gather(*(keeping.keep("am", b"payload %d" % number, AT) for number in range(200)))
    assert Slow.puts <= 3
    found = [one for one in kept if one]
    assert len({one.sealed.path for one in found}) == 200
    assert await read_part(slow, found[77].sealed.path) == (b"payload 77", found[77].sealed)
    assert all([await one.durable() for one in found])


async def test_a_payload_lies_in_the_store_before_it_is_referred_to(
    slow: Slow, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever is told where it lies can read it; whether a power cut leaves it there is said a moment later."""
    Slow.torn = True
    kept = await Raws(slow).keep("am", b"one", AT)
    assert kept is not None
    assert (await read_part(slow, kept.sealed.path))[0] == b"one"
    assert not await kept.durable()
    assert "may not survive a power cut" in caplog.text


async def test_a_store_that_fails_is_left_alone_for_a_while(
    slow: Slow, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """One delivery pays for it; the next ones go on at once without their payload, until it is asked again."""
    clock = Clock()
    keeping = Raws(slow, clock)
    Slow.broken = True
    assert await keeping.keep("am", b"one", AT) is None
    assert [await keeping.keep("am", b"two", AT) for _ in range(5)] == [None] * 5
    assert Slow.puts == 1
    assert "raw payloads of 1 deliveries were not kept" in caplog.text
    Slow.broken = False
    clock.now += raws.AGAIN_AFTER + 1
    assert await keeping.keep("am", b"three", AT) is not None
    assert await keeping.keep("am", b"four", AT) is not None


async def test_a_store_that_hangs_costs_one_delivery_its_patience(
    slow: Slow, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A delivery waits so long and no longer, and none waits behind it."""
    monkeypatch.setattr(raws, "SECONDS", 0.05)
    Slow.seconds = 0.4
    keeping = Raws(slow)
    began = time.perf_counter()
    assert await asyncio.gather(*(keeping.keep("am", b"%d" % n, AT) for n in range(20))) == [None] * 20
    assert await keeping.keep("am", b"later", AT) is None
    assert time.perf_counter() - began < 0.35
    assert "took over" in caplog.text


async def test_payloads_that_wait_are_bounded(slow: Slow, monkeypatch: pytest.MonkeyPatch) -> None:
    """What does not fit any more is not kept, and its delivery goes on."""
    monkeypatch.setattr(raws, "MOST_WAITING", 1_000)
    Slow.seconds = 0.02
    keeping = Raws(slow)
    kept = await asyncio.gather(*(keeping.keep("am", b"x" * 400, AT) for _ in range(6)))
    assert [one is not None for one in kept] == [True, True, False, False, False, False]


def of_lines(text: str, name: str) -> Sequence[str]:
    return [line for line in text.splitlines() if line.startswith(name)]


@pytest.mark.asyncio(loop_scope="session")
async def test_a_storm_keeps_exemplars_and_says_so(gateway: Any, alert: Any, delivery: Any, agent: str) -> None:
    """Of sixty alike, twenty payloads are kept; the rest says why not, joins slim, and is counted."""
    (opened,) = (await gateway.deliver(delivery(alert(agent)))).json()["incidents"]
    bodies = [delivery(alert(agent, labels={"n": str(number)})) for number in range(60)]
    answers = [answer.json() for answer in await asyncio.gather(*(gateway.deliver(body) for body in bodies))]
    state = await gateway.state(opened["workflow_id"])
    assert len({held["identity"] for held in state["held"]}) == 61
    assert sum(answer["raw"] is None for answer in answers) == 41
    raw = [held["raw"] for held in state["held"]]
    assert (raw.count("not kept: storm"), sum(one.startswith("evidence/intake/") for one in raw)) == (41, 20)
    assert sum(held["summary"] == "It went wrong." for held in state["held"]) == 21
    assert await gateway.counted('halon_intake_raw_not_kept_total{reason="storm",source="am"} 41.0')


@pytest.mark.asyncio(loop_scope="session")
async def test_a_full_door_answers_503_and_counts_it(
    gateway: Any, alert: Any, delivery: Any, agent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Refused with the seconds to wait, nothing is held, and it is counted by source and severity; a small one comes in."""
    from halon.intake import holding

    monkeypatch.setattr(holding, "_OVERHEAD", 40 * 1024 * 1024)
    refused = await gateway.deliver(delivery(alert(agent, labels={"severity": "info"})))
    assert (refused.status_code, refused.json()["type"]) == (503, "urn:halon:problem:full")
    assert SOONEST <= int(refused.headers["Retry-After"]) <= LATEST
    assert await gateway.counted('halon_intake_shed_total{severity="5",source="am"} 1.0')
    assert await gateway.counted('halon_intake_refused_total{reason="full",source="am"} 1.0')
    severe = await gateway.deliver(delivery(alert(agent, labels={"severity": "critical"})))
    assert severe.status_code == 503
    assert await gateway.counted('halon_intake_shed_total{severity="1",source="am"} 1.0')
    monkeypatch.undo()
    assert (await gateway.deliver(delivery(alert(agent, labels={"severity": "info"})))).status_code == 200
    assert len(of_lines((await gateway.http.get("/metrics")).text, "halon_intake_shed_total")) == 2


@pytest.mark.asyncio(loop_scope="session")
async def test_the_rank_is_the_incidents_priority(
    gateway: Any, alert: Any, delivery: Any, agent: str, temporal: Any
) -> None:
    """What the sender calls critical is the first in Temporal's queues, its activities included."""
    found = {}
    for severity in ("critical", "info"):
        body = delivery(alert(f"{agent}-{severity}", labels={"severity": severity}))
        (told,) = (await gateway.deliver(body)).json()["incidents"]
        history = await temporal.get_workflow_handle(told["workflow_id"]).fetch_history()
        found[severity] = history.events[0].workflow_execution_started_event_attributes.priority.priority_key
    assert found == {"critical": 1, "info": 5}
