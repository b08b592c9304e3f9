"""How much may wait at the door, in bytes: when it is full the answer is 503, and the sender tries again.

One source may hold only so much that a share is left for each other and for a newcomer, so that none starves the rest.
A part is kept for what is severe, in shares too: a source that calls everything critical takes nobody's place.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from halon.intake.problems import Unavailable
from halon.intake.urgency import SEVERE

MOST = 64 * 1024 * 1024
"""Bytes of bodies that are read, sealed or wait for Temporal, in one gateway. The process needs about five times that."""
FOR_SEVERE = 1 / 8
"""The part of it into which only severe alerts come, when their source has had its share of the rest."""
SOONEST, LATEST = 2, 9
"""Seconds of ``Retry-After``, spread so that not all senders come back at once."""


class Full(Unavailable):
    """There is no room for this delivery now."""

    name, title = "full", "The door is full, try again"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, retry_after=SOONEST + secrets.randbelow(LATEST - SOONEST + 1))


class Shares:
    """Bytes by source: none holds more than leaves as much to each other one, and to one that is not there yet."""

    __slots__ = ("_held", "_most", "all")

    def __init__(self, most: int) -> None:
        self.all = 0
        self._most = most
        self._held: dict[str, int] = {}

    def fits(self, source: str, size: int) -> bool:
        """Whether ``size`` bytes more of ``source`` may be held."""
        held = self._held
        sources = len(held) + (source not in held)
        return self.all + size <= self._most and held.get(source, 0) + size <= self._most // (sources + 1)

    def take(self, source: str, size: int) -> None:
        """Hold ``size`` bytes more for ``source``."""
        self._held[source] = self._held.get(source, 0) + size
        self.all += size

    def give(self, source: str, size: int) -> None:
        """Hold ``size`` bytes less for ``source``."""
        self.all -= size
        left = self._held[source] - size
        if left:
            self._held[source] = left
        else:
            del self._held[source]


class Room:
    """The bytes that wait, by source."""

    def __init__(self, most: int = MOST) -> None:
        usual = int(most * (1 - FOR_SEVERE))
        self._usual, self._severe = Shares(usual), Shares(most - usual)

    @property
    def held(self) -> int:
        """Bytes that wait now."""
        return self._usual.all + self._severe.all

    @contextmanager
    def holding(self, source: str, size: int, rank: int) -> Iterator[None]:
        """Hold ``size`` bytes for ``source`` while the block runs. Raises Full if there is no room for that ``rank``."""
        part = self._usual
        if not part.fits(source, size):
            part = self._severe
            if rank > SEVERE or not part.fits(source, size):
                raise Full("more waits at this door than it can hold; send the alert again")
        part.take(source, size)
        try:
            yield
        finally:
            part.give(source, size)

    @contextmanager
    def arriving(self, source: str) -> Iterator[Callable[[int], None]]:
        """Hold what arrives of ``source`` while the block runs: what is yielded is called with each size in bytes.

        It raises Full. Nothing is held for what a sender only says that it will send.
        """
        part, held = self._usual, 0

        def more(size: int) -> None:
            nonlocal held
            if not part.fits(source, size):
                raise Full("more is on its way into this door than it can hold; send the alert again")
            part.take(source, size)
            held += size

        try:
            yield more
        finally:
            if held:
                part.give(source, held)
