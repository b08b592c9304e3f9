"""One batch in flight per incident, then a short wait; every caller hears only of its own alerts."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace

import pytest

from halon.incident.alerts import Alert
from halon.intake.lanes import LARGEST_BATCH, LONGEST_LANE, Lanes
from halon.intake.pace import Pace
from halon.intake.place import Placed
from halon.intake.problems import Unavailable
from halon.intake.room import LATEST, SOONEST, Full


def made(number: int, status: str = "firing", summary: str = "") -> Alert:
    return Alert(source="s", agent="a", group="g", rule="r", status="resolved" if status == "resolved" else "firing",
                 fingerprint=str(number), started_at="t", received_at="t", summary=summary)  # fmt: skip


class Held:
    """Stands in for Temporal: takes 10 ms a batch, and notes how many were under way at once."""

    def __init__(self) -> None:
        self.batches: dict[str, list[list[str]]] = defaultdict(list)
        self.under_way: Counter[str] = Counter()
        self.most: Counter[str] = Counter()
        self.down: set[str] = set()

    async def place(self, key: str, batch: Sequence[Alert], rank: int, eager: bool) -> Placed | None:
        self.under_way[key] += 1
        self.most[key] = max(self.most[key], self.under_way[key])
        await asyncio.sleep(0.01)
        self.under_way[key] -= 1
        if key in self.down:
            raise Unavailable("down")
        self.batches[key].append([alert.fingerprint for alert in batch])
        return Placed("INC-0000", f"incident-{key}", opened=len(self.batches[key]) == 1)


class Paused(Pace):
    """Always the same pause."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds

    def pause(self, key: str, took: float) -> float:
        return self.seconds


def test_one_batch_is_under_way_per_key() -> None:
    """A hundred callers of two keys: never two batches of one key at once, and all alerts placed once, in order."""

    async def run() -> tuple[Held, list[list[Placed | None]]]:
        held = Held()
        lanes = Lanes(held.place, Paused(0.02))

        async def call(number: int) -> list[Placed | None]:
            await asyncio.sleep(number / 1000)
            return await lanes.put("ab"[number % 2], [made(number)])

        answers = await asyncio.gather(*map(call, range(100)))
        await lanes.aclose()
        return held, answers

    held, answers = asyncio.run(run())
    assert held.most == {"a": 1, "b": 1}
    assert [number for batch in held.batches["a"] for number in batch] == [str(number) for number in range(0, 100, 2)]
    assert len(held.batches["a"]) < 10
    assert sum(placed.opened for answer in answers for placed in answer if placed) == 2


def test_an_outage_fails_all_that_wait_for_that_key_and_no_other() -> None:
    """Nobody waits for the timeout of those before; the other key goes on; afterwards the lane works again."""

    async def run() -> tuple[list[list[Placed | None] | BaseException], list[Placed | None], Held]:
        held = Held()
        held.down = {"a"}
        lanes = Lanes(held.place, Paused(0.0))
        calls = [lanes.put("a", [made(number)]) for number in range(5)] + [lanes.put("b", [made(9)])]
        answers = await asyncio.gather(*calls, return_exceptions=True)
        held.down = set()
        after = await lanes.put("a", [made(1)])
        await lanes.aclose()
        return answers, after, held

    answers, after, held = asyncio.run(run())
    assert [type(answer) for answer in answers] == [Unavailable] * 5 + [list]
    assert after[0] is not None
    assert held.batches["a"] == [["1"]]


def test_the_one_that_fires_is_the_one_that_opens() -> None:
    """Among callers that share the opening batch, the first that fires is told that it opened the incident."""

    async def run() -> list[list[Placed | None]]:
        lanes = Lanes(Held().place)
        calls = [lanes.put("a", [made(1, "resolved")]), lanes.put("a", [made(1)]), lanes.put("a", [made(1)])]
        answers = await asyncio.gather(*calls)
        await lanes.aclose()
        return answers

    told = [placed.opened for answer in asyncio.run(run()) for placed in answer if placed]
    assert told == [False, True, False]


def test_a_batch_is_bounded_in_bytes() -> None:
    """What is larger than a batch goes in several, and the caller has one answer for each."""

    async def run() -> tuple[Held, list[Placed | None]]:
        held = Held()
        lanes = Lanes(held.place, Paused(0.0))
        alerts = [made(number, summary="x" * (LARGEST_BATCH // 4)) for number in range(10)]
        answer = await lanes.put("a", alerts)
        await lanes.aclose()
        return held, answer

    held, answer = asyncio.run(run())
    assert [len(batch) for batch in held.batches["a"]] == [3, 3, 3, 1]
    assert len(answer) == 4


def test_a_lane_does_not_grow_without_bound() -> None:
    """More than the lane holds is refused at once: memory is bounded while Temporal is slow."""

    async def run() -> list[list[Placed | None] | BaseException]:
        lanes = Lanes(Held().place, Paused(0.0))
        big = "x" * (LARGEST_BATCH - 1000)
        calls = [
            lanes.put("a", [made(number, summary=big)]) for number in range(LONGEST_LANE // 2 // LARGEST_BATCH + 20)
        ]
        answers = await asyncio.gather(*calls, return_exceptions=True)
        await lanes.aclose()
        return answers

    answers = asyncio.run(run())
    counted = Counter(type(answer).__name__ for answer in answers)
    assert counted["Full"] >= 15
    assert counted["list"] >= LONGEST_LANE // 2 // LARGEST_BATCH
    spread = {error.retry_after for error in answers if isinstance(error, Full)}
    assert spread <= set(range(SOONEST, LATEST + 1))
    assert len(spread) > 1


def test_an_alert_larger_than_a_batch_loses_its_labels_and_nothing_else() -> None:
    """An incident reads only so much of one Signal: what is larger is held without its labels, which says so."""

    async def run() -> list[Alert]:
        came: list[Alert] = []

        async def place(key: str, batch: Sequence[Alert], rank: int, eager: bool) -> Placed | None:
            came.extend(batch)
            return None

        lanes = Lanes(place)
        huge = replace(made(1, summary="it leaks"), labels={f"n{n}": "\N{PILE OF POO}" * 500 for n in range(64)})
        await lanes.put("a", [huge])
        await lanes.aclose()
        return came

    (alert,) = asyncio.run(run())
    assert (alert.summary, alert.fingerprint) == ("it leaks", "1")
    assert alert.labels == {"labels": "left out: they are larger than a batch"}


def test_the_most_urgent_lane_gets_the_next_slot() -> None:
    """While all slots at Temporal are taken, lanes wait by urgency; one that becomes urgent meanwhile moves up."""

    async def run() -> list[str]:
        order: list[str] = []
        free = asyncio.Event()

        async def place(key: str, batch: Sequence[Alert], rank: int, eager: bool) -> Placed | None:
            order.append(f"{key}:{rank}:{'eager' if eager else 'queued'}")
            await free.wait()
            return None

        lanes = Lanes(place, at_once=1)
        calls = [asyncio.create_task(lanes.put("first", [made(0)], 5))]
        await asyncio.sleep(0)
        for number, (key, rank) in enumerate((("low", 5), ("usual", 3), ("later", 4), ("severe", 1)), start=1):
            calls.append(asyncio.create_task(lanes.put(key, [made(number)], rank)))
        await asyncio.sleep(0.01)
        calls.append(asyncio.create_task(lanes.put("later", [made(9)], 2)))
        await asyncio.sleep(0.01)
        free.set()
        await asyncio.gather(*calls)
        await lanes.aclose()
        return order

    assert asyncio.run(run()) == [
        "first:5:queued", "severe:1:eager", "later:2:eager", "usual:3:queued", "low:5:queued",
    ]  # fmt: skip


def test_nobody_waits_for_ever_for_a_slot() -> None:
    """A caller whose alerts still wait after its patience hears 503, and what it left behind is not placed later."""

    async def run() -> tuple[list[str], BaseException | None]:
        order: list[str] = []
        free = asyncio.Event()

        async def place(key: str, batch: Sequence[Alert], rank: int, eager: bool) -> Placed | None:
            order.append(key)
            await free.wait()
            return None

        lanes = Lanes(place, at_once=1)
        first = asyncio.create_task(lanes.put("first", [made(0)]))
        await asyncio.sleep(0)
        late = (await asyncio.gather(lanes.put("second", [made(1)], seconds=0.02), return_exceptions=True))[0]
        free.set()
        await first
        await lanes.aclose()
        return order, late if isinstance(late, BaseException) else None

    order, late = asyncio.run(run())
    assert (order, type(late)) == (["first"], Unavailable)


def test_a_caller_that_gives_up_does_not_disturb_the_batch() -> None:
    """A cancelled caller's alert still goes out, and the others are answered."""

    async def run() -> tuple[Held, list[list[Placed | None] | BaseException]]:
        held = Held()
        lanes = Lanes(held.place, Paused(0.0))
        tasks = [asyncio.create_task(lanes.put("a", [made(number)])) for number in range(3)]
        await asyncio.sleep(0.005)
        tasks[0].cancel()
        answers = await asyncio.gather(*tasks, return_exceptions=True)
        await lanes.aclose()
        return held, answers

    held, answers = asyncio.run(run())
    assert isinstance(answers[0], asyncio.CancelledError)
    assert [number for batch in held.batches["a"] for number in batch] == ["0", "1", "2"]


def test_a_bug_while_placing_is_not_an_acknowledgement(caplog: pytest.LogCaptureFixture) -> None:
    """Whatever goes wrong, the caller hears 503 and the log has the reason."""

    async def broken(key: str, batch: Sequence[Alert], rank: int, eager: bool) -> Placed | None:
        raise ZeroDivisionError("inside")

    async def run() -> None:
        await Lanes(broken).put("a", [made(1)])

    with pytest.raises(Unavailable):
        asyncio.run(run())
    assert "ZeroDivisionError" in caplog.text
