"""Group commit: one lane per correlation key, one batch in flight, then a short wait in which the next one gathers.

Ten concurrent signallers to one workflow starve its continue-as-new and its approvals (measured). One at a time, with
a wait behind it, an alert storm costs a dozen signals a second at most, and every caller still hears only when its own
batch is held.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from pydantic_core import to_json

from halon.incident.alerts import Alert
from halon.intake.place import Placed
from halon.intake.problems import Problem, Unavailable

LINGER = 0.1
"""Seconds between one batch of a lane and the next."""
LARGEST_BATCH = 256 * 1024
"""Bytes of alerts as JSON in one batch; Temporal refuses a payload over 2 MB."""
LONGEST_LANE = 16 * LARGEST_BATCH
"""Bytes that may wait in one lane; more is answered with 503."""
_MOST_AT_ONCE = 16

Place = Callable[[str, Sequence[Alert]], Awaitable[Placed | None]]
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Waiting:
    """Alerts of one caller, and where it hears of them."""

    alerts: tuple[Alert, ...]
    size: int
    answer: asyncio.Future[Placed | None]


class Lanes:
    """The lanes of one gateway. ``place`` puts a batch of one key into Temporal, and returns when it is held."""

    def __init__(self, place: Place, linger: float = LINGER) -> None:
        self._place = place
        self._linger = linger
        self._lanes: dict[str, deque[_Waiting]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._at_once = asyncio.Semaphore(_MOST_AT_ONCE)
        self._closing = asyncio.Event()

    async def put(self, key: str, alerts: Sequence[Alert]) -> list[Placed | None]:
        """Have all of ``alerts`` placed under ``key``: one answer per batch that they needed, when all are held.

        Raises what placing raised. Then some of them may be held and none is acknowledged: sent again, the incident
        knows them.
        """
        loop = asyncio.get_running_loop()
        waiting = [_Waiting(part, size, loop.create_future()) for part, size in _parts(alerts)]
        if self._closing.is_set():
            raise Unavailable("this gateway is stopping; send the alert again")
        lane = self._lanes.get(key)
        if lane is None:
            lane = self._lanes[key] = deque()
            task = asyncio.create_task(self._run(key, lane), name=f"lane {key}")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        elif sum(item.size for item in lane) > LONGEST_LANE:
            raise Unavailable("too many alerts wait for this incident; send them again")
        lane.extend(waiting)
        answers = await asyncio.gather(*(item.answer for item in waiting), return_exceptions=True)
        failed = next((answer for answer in answers if isinstance(answer, BaseException)), None)
        if failed is not None:
            raise failed
        return [answer for answer in answers if not isinstance(answer, BaseException)]

    async def aclose(self, seconds: float = 15.0) -> None:
        """Place what waits, without lingering, for at most ``seconds``; whoever then still waits hears 503."""
        self._closing.set()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _run(self, key: str, lane: deque[_Waiting]) -> None:
        batch: list[_Waiting] = []
        try:
            while lane:
                async with self._at_once:
                    # Taken only now: whoever came while this lane waited its turn is in the same batch.
                    batch = _take(lane)
                    await self._commit(key, batch)
                await self._pause()
        except Problem as problem:
            _fail([*batch, *lane], problem)
        except BaseException as error:
            _log.exception("placing alerts of %s failed", key)
            _fail([*batch, *lane], Unavailable("Halon failed while it placed the alert; send it again"))
            if not isinstance(error, Exception):
                raise
        finally:
            del self._lanes[key]

    async def _commit(self, key: str, batch: list[_Waiting]) -> None:
        placed = await self._place(key, _once_each(batch))
        opener = next((item for item in batch if any(alert.status == "firing" for alert in item.alerts)), None)
        for item in batch:
            if not item.answer.done():  # a caller that went away
                joined = placed and placed.opened and item is not opener
                item.answer.set_result(replace(placed, opened=False) if placed and joined else placed)

    async def _pause(self) -> None:
        try:
            await asyncio.wait_for(self._closing.wait(), self._linger)
        except TimeoutError:
            return


def _once_each(batch: list[_Waiting]) -> tuple[Alert, ...]:
    """The alerts in order of arrival; of those that came twice within the batch, the first."""
    found: dict[str, Alert] = {}
    for item in batch:
        for alert in item.alerts:
            found.setdefault(alert.identity, alert)
    return tuple(found.values())


def _take(lane: deque[_Waiting]) -> list[_Waiting]:
    """The next batch, taken off the lane."""
    batch = [lane.popleft()]
    size = batch[0].size
    while lane and size + lane[0].size <= LARGEST_BATCH:
        size += lane[0].size
        batch.append(lane.popleft())
    return batch


def _parts(alerts: Sequence[Alert]) -> list[tuple[tuple[Alert, ...], int]]:
    """The alerts in parts that each fit a batch, with their sizes in bytes."""
    parts: list[tuple[tuple[Alert, ...], int]] = []
    part: list[Alert] = []
    total = 0
    for alert in alerts:
        size = len(to_json(alert))
        if part and total + size > LARGEST_BATCH:
            parts.append((tuple(part), total))
            part, total = [], 0
        part.append(alert)
        total += size
    if part:
        parts.append((tuple(part), total))
    return parts


def _fail(waiting: list[_Waiting], problem: Problem) -> None:
    for item in waiting:
        if not item.answer.done():
            item.answer.set_exception(problem)
