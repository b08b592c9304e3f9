"""A bounded number of places at Temporal: while all are taken, the most urgent one that waits is next."""

from __future__ import annotations

import asyncio
import heapq
from dataclasses import dataclass, field
from itertools import count


@dataclass(eq=False, slots=True)
class Waiter:
    """One that waits for a slot; ``rank`` 1 is the most urgent."""

    rank: int
    turn: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Slots:
    """So many at once; of the same rank, first come, first served."""

    def __init__(self, most: int) -> None:
        self._free = most
        self._waiting: list[tuple[int, int, Waiter]] = []
        self._numbers = count()

    @property
    def full(self) -> bool:
        """Whether the next one would have to wait."""
        return self._free == 0

    def queue(self, rank: int) -> Waiter:
        """Ask for a slot. Await ``turn`` of what is returned, and give the slot back with ``release``."""
        waiter = Waiter(rank)
        if self._free:
            self._free -= 1
            waiter.turn.set_result(None)
        else:
            self._push(waiter)
        return waiter

    def hasten(self, waiter: Waiter, rank: int) -> None:
        """What waits has become more urgent."""
        if rank < waiter.rank and not waiter.turn.done():
            waiter.rank = rank
            self._push(waiter)

    def release(self, waiter: Waiter) -> None:
        """Give the slot back, or stop waiting for it."""
        if not waiter.turn.done():
            waiter.turn.cancel()
            return
        if waiter.turn.cancelled():
            return
        while self._waiting:
            _, _, other = heapq.heappop(self._waiting)
            if not other.turn.done():  # hastened: it stands here twice
                other.turn.set_result(None)
                return
        self._free += 1

    def _push(self, waiter: Waiter) -> None:
        heapq.heappush(self._waiting, (waiter.rank, next(self._numbers), waiter))
