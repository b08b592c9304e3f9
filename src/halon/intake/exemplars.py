"""Which of many alike are kept whole: the first ones of a storm, and then one every while.

A storm is more alerts of one name than that. Nobody has to say so: the allowance runs out by itself, and fills up again
when the storm is over.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

FIRST = 20
"""Alerts of one name that are kept whole before it is a storm."""
EVERY = 3.0
"""Seconds after which one more is kept whole."""
_MOST_NAMES = 10_000


class Exemplars:
    """Allowances by name, so many that memory stays bounded; the name that was asked for longest ago is forgotten."""

    def __init__(self, first: float = FIRST, every: float = EVERY, clock: Callable[[], float] = time.monotonic) -> None:
        self._first = first
        self._every = every
        self._clock = clock
        self._left: OrderedDict[tuple[str, ...], tuple[float, float]] = OrderedDict()

    def take(self, *name: str) -> bool:
        """Whether the next one of ``name`` is kept whole; it is then counted."""
        now = self._clock()
        left, at = self._left.get(name, (self._first, now))
        left = min(self._first, left + (now - at) / self._every)
        kept = left >= 1
        self._left[name] = (left - 1 if kept else left, now)
        self._left.move_to_end(name)
        if len(self._left) > _MOST_NAMES:
            self._left.popitem(last=False)
        return kept
