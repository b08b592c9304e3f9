"""Group commit: one lane per correlation key, one batch in flight, then a pause in which the next one gathers.

Ten concurrent signallers to one workflow starve its continue-as-new and its approvals (measured). One at a time, with
a pause as ``pace.py`` says, an alert storm costs a bounded number of signals a second, and every caller still hears
only when its own batch is held. Lanes that wait for Temporal go by urgency.

In a storm of several causes, what joins an incident that is known to be open is held by a relay meanwhile (see
``relays.py``): its caller hears then, and the incident is signalled every second and a half. It stays in its lane until its
incident holds it, so nothing of a lane overtakes: only what is severe does, as ever. Where the incident can't be reached
for so long that the relay hands on by itself, the two may change places; incidents bear that (``storm.absorb``).
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from halon import tracing
from halon.incident.alerts import Alert
from halon.intake.pace import Pace
from halon.intake.place import Placed
from halon.intake.problems import Problem, Unavailable
from halon.intake.relays import Relays
from halon.intake.room import Full, Shares
from halon.intake.slots import Slots, Waiter
from halon.intake.storms import Storms
from halon.intake.urgency import LAST, SEVERE, USUAL
from halon.intake.waiting import Waiting, fail, joined
from halon.intake.written import whole

LARGEST_BATCH = 60_000
"""Bytes of alerts as JSON in one batch: an incident reads 65,536 of one Signal."""
LONGEST_LANE = 8 * 1024 * 1024
"""Bytes that may wait in one lane, in shares: one source alone has half of them. More is answered with 503."""
LONGEST_SEVERE = 4 * 1024 * 1024
"""Bytes of deliveries with something severe that may wait in one lane besides, in shares as well."""
AT_ONCE = 16
"""Batches under way at once."""
PATIENCE = 10.0
"""Seconds after which a caller whose alerts still wait hears 503. Alertmanager gives up after as many."""
HAND_ON_EVERY = 1.5
"""Seconds from one Signal to the next to an incident of which relays hold the alerts, unless a batch is full before."""

Place = Callable[[str, Sequence[Alert], int, bool], Awaitable[Placed | None]]
"""Put a batch of one key, of this rank, into Temporal; the flag says whether its first task may be asked for at once."""
_log = logging.getLogger(__name__)


@dataclass(eq=False, slots=True)
class _Line:
    """Those that wait in order of arrival."""

    shares: Shares
    items: deque[Waiting] = field(default_factory=deque)


@dataclass(eq=False, slots=True)
class _Lane:
    """Two lines: what is severe goes first, and the other one takes no room from it."""

    severe: _Line = field(default_factory=lambda: _Line(Shares(LONGEST_SEVERE)))
    usual: _Line = field(default_factory=lambda: _Line(Shares(LONGEST_LANE)))
    slot: Waiter | None = None
    relayed: bool = False
    """Whether something was offered to a relay since it was signalled last."""
    hurry: asyncio.Event = field(default_factory=asyncio.Event)
    """Set while somebody waits in it whom no relay answers."""

    @property
    def first(self) -> _Line | None:
        """The line that is next; None if nobody waits."""
        return self.severe if self.severe.items else self.usual if self.usual.items else None


class Lanes:
    """The lanes of one gateway. ``place`` returns when Temporal holds the batch."""

    def __init__(
        self, place: Place, pace: Pace | None = None, at_once: int = AT_ONCE, relays: Relays | None = None
    ) -> None:
        self._place = place
        self._pace = pace or Pace()
        self._relays = relays
        self._storms = Storms()
        self._lanes: dict[str, _Lane] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._slots = Slots(at_once)
        self._closing = asyncio.Event()

    async def put(
        self, key: str, alerts: Sequence[Alert], rank: int = USUAL, seconds: float = PATIENCE
    ) -> list[Placed | None]:
        """Have all of ``alerts`` placed under ``key``: one answer per batch that they needed, when all are held.

        Raises what placing raised, and Unavailable after ``seconds`` seconds. Then some of them may be held and none is
        acknowledged: sent again, the incident knows them.
        """
        if self._closing.is_set():
            raise Unavailable("this gateway is stopping; send the alert again")
        loop = asyncio.get_running_loop()
        source = alerts[0].source
        waiting = [
            Waiting(part, size, rank, source, loop.create_future(), tracing.carried()) for part, size in _parts(alerts)
        ]
        lane = self._lanes.get(key)
        at_work = lane is not None
        if lane is None:
            lane = self._lanes[key] = _Lane()
            task = asyncio.create_task(self._run(key, lane), name=f"lane {key}")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        line = lane.severe if rank <= SEVERE else lane.usual
        if not line.shares.fits(source, 0):
            raise Full("too many alerts wait for this incident; send them again")
        line.items.extend(waiting)
        line.shares.take(source, sum(item.size for item in waiting))
        self._offer(key, lane, waiting, rank, at_work)
        if lane.slot is not None:
            self._slots.hasten(lane.slot, rank)
        return await _heard(waiting, seconds)

    async def aclose(self, seconds: float = 15.0) -> None:
        """Place what waits, without pauses, for at most ``seconds``; whoever then still waits hears 503."""
        self._closing.set()
        for lane in self._lanes.values():
            lane.hurry.set()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def _offer(self, key: str, lane: _Lane, waiting: list[Waiting], rank: int, at_work: bool) -> None:
        """In a storm of several causes, have a relay hold what is not severe and joins an open incident."""
        relays = self._relays
        if relays is None or rank <= SEVERE or (placed := self._storms.of(key, at_work=at_work)) is None:
            lane.hurry.set()
        elif all(relays.offer(item, key, placed, lane.hurry.set) for item in waiting):
            lane.relayed = True
            if lane.usual.shares.all >= LARGEST_BATCH:
                lane.hurry.set()
        else:
            lane.hurry.set()

    async def _run(self, key: str, lane: _Lane) -> None:
        batch: list[Waiting] = []
        try:
            await self._linger(lane)
            while (line := lane.first) is not None:
                lane.slot = self._slots.queue(min(item.rank for item in line.items))
                pause = 0.0
                try:
                    await lane.slot.turn
                    # Taken only now: whoever came while this lane waited its turn is in the same batch.
                    batch = _take(lane)
                    began = time.perf_counter()
                    if batch:
                        await self._commit(key, lane, batch)
                    pause = self._pace.pause(key, time.perf_counter() - began)
                except Problem as problem:
                    self._failed(key, lane, batch, problem)
                finally:
                    self._slots.release(lane.slot)
                    lane.slot = None
                batch = []
                await self._pause(lane, pause)
        except BaseException as error:
            _log.exception("placing alerts of %s failed", key)
            failed = Unavailable("Halon failed while it placed the alert; send it again")
            left = [*batch, *lane.severe.items, *lane.usual.items]
            _leave(left)
            fail(left, failed)
            if not isinstance(error, Exception):
                raise
        finally:
            del self._lanes[key]

    async def _commit(self, key: str, lane: _Lane, batch: list[Waiting]) -> None:
        rank = min((item.rank for item in batch), default=LAST)
        # In a burst the worker beside this door begins with what is severe; the rest waits in Temporal's queue.
        eager = rank <= SEVERE or not self._slots.full
        with tracing.batch([item.trace for item in batch]):
            placed = await self._place(key, _once_each(batch), rank, eager)
        self._storms.note(key, placed)
        opener = next((item for item in batch if any(alert.status == "firing" for alert in item.alerts)), None)
        for item in batch:
            if item.hold is not None:
                item.hold.handed_on()
                lane.relayed = True  # more of the storm is to come: it need not begin anew
            item.hear(joined(placed) if placed and placed.opened and item is not opener else placed)

    def _failed(self, key: str, lane: _Lane, batch: list[Waiting], problem: Problem) -> None:
        """Tell those who still wait for an answer. What a relay has answered for stays, while the relay keeps it back."""
        waiting = [*batch, *lane.severe.items, *lane.usual.items]
        kept = [item for item in waiting if item.hold and not item.hold.over and not self._closing.is_set()]
        _leave(set(waiting) - set(kept))
        fail(waiting, problem)
        self._storms.note(key, None)  # until it is known to be open, nobody is answered before it holds the alerts
        lane.severe = _Line(Shares(LONGEST_SEVERE))
        lane.usual = _Line(Shares(LONGEST_LANE), deque(kept))
        for item in kept:
            lane.usual.shares.take(item.source, item.size)
        lane.relayed = bool(kept)
        lane.hurry.clear()

    async def _pause(self, lane: _Lane, seconds: float) -> None:
        if seconds and not self._closing.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._closing.wait()
        elif not lane.relayed:
            # The callers that were just answered come first: the next of a stream of single ones finds no lane.
            await asyncio.sleep(0)
        await self._linger(lane)

    async def _linger(self, lane: _Lane) -> None:
        """While relays answer everybody who waits, let more come before the incident is signalled."""
        if lane.relayed and not lane.hurry.is_set() and not self._closing.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(HAND_ON_EVERY):
                    await lane.hurry.wait()


async def _heard(waiting: list[Waiting], seconds: float) -> list[Placed | None]:
    """What became of each. Raises the first failure."""
    if len(waiting) == 1:
        return [await _heard_alone(waiting[0], seconds)]
    answers = [item.answer for item in waiting]
    try:
        _, late = await asyncio.wait(answers, timeout=seconds)
    except asyncio.CancelledError:
        for answer in answers:
            answer.cancel()
        raise
    if late:
        for item in waiting:
            item.given_up = True
        raise _too_late(seconds)
    failed = next((error for answer in answers if (error := answer.exception()) is not None), None)
    if failed is not None:
        raise failed
    return [answer.result() for answer in answers]


async def _heard_alone(item: Waiting, seconds: float) -> Placed | None:
    """As ``_heard``, for what fits into one batch: nearly every delivery does, and this costs it a third."""

    def give_up() -> None:
        if not item.answer.done():
            item.given_up = True
            item.answer.set_exception(_too_late(seconds))

    late = asyncio.get_running_loop().call_later(seconds, give_up)
    try:
        return await item.answer
    finally:
        late.cancel()


def _too_late(seconds: float) -> Unavailable:
    return Unavailable(f"Temporal did not get to the alert within {seconds:g} s; send it again")


def _once_each(batch: list[Waiting]) -> tuple[Alert, ...]:
    """The alerts in order of arrival; of those that came twice within the batch, the first."""
    found: dict[str, Alert] = {}
    for item in batch:
        for alert in item.alerts:
            found.setdefault(alert.identity, alert)
    return tuple(found.values())


def _take(lane: _Lane) -> list[Waiting]:
    """The next batch, taken off the lane, severe first, without those whose caller was told to come again."""
    batch: list[Waiting] = []
    size = 0
    for line in (lane.severe, lane.usual):
        items = line.items
        while items and (items[0].given_up or not batch or size + items[0].size <= LARGEST_BATCH):
            item = items.popleft()
            line.shares.give(item.source, item.size)
            if not item.given_up:
                size += item.size
                batch.append(item)
            elif item.hold is not None:  # its caller was told to come again, for want of another part
                item.hold.handed_on()
    left = [*lane.severe.items, *lane.usual.items]
    # What relays hold or are about to may gather for a full batch again: else each full one had a small one behind it.
    lane.relayed = bool(left)
    if all(item.hold or item.offered for item in left) and lane.usual.shares.all < LARGEST_BATCH:
        lane.hurry.clear()
    else:
        lane.hurry.set()
    return batch


def _parts(alerts: Sequence[Alert]) -> list[tuple[tuple[Alert, ...], int]]:
    """The alerts in parts that each fit a batch, with their sizes in bytes."""
    parts: list[tuple[tuple[Alert, ...], int]] = []
    part: list[Alert] = []
    total = 0
    for alert in alerts:
        fitting, size = _fitting(alert)
        if part and total + size > LARGEST_BATCH:
            parts.append((tuple(part), total))
            part, total = [], 0
        part.append(fitting)
        total += size
    if part:
        parts.append((tuple(part), total))
    return parts


def _fitting(alert: Alert) -> tuple[Alert, int]:
    """The alert as it fits a batch, and its size: of one that is larger, only the labels can be so large."""
    size = len(whole(alert)) + 1
    if size <= LARGEST_BATCH:
        return alert, size
    fitting = replace(alert, labels={"labels": "left out: they are larger than a batch"})
    return fitting, len(whole(fitting)) + 1


def _leave(waiting: Iterable[Waiting]) -> None:
    """Leave it to the relays to hand on what they hold of these."""
    for item in waiting:
        if item.hold is not None:
            item.hold.leave()
            item.hold = None
