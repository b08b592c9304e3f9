"""How long a lane waits between two batches to one incident: not at all for a few, longer the more there are.

Each batch is a Signal, and each Signal a task of the workflow. Ten concurrent signallers keep a workflow from being
renewed and its approvals from being answered (measured). So there is one at a time, and of a stream at most
``PER_SECOND``; while Temporal is slow the pauses grow with the time that it takes. A renewal is lost to every Signal
that comes while it is being made: so there is a breath in between in which it gets through.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

AT_ONCE = 40
"""Batches to one incident without any pause, for senders that have little to say."""
PER_SECOND = 20.0
"""Batches a second to one incident that lasts longer: 10,000 Signals, the most that one run takes, are 8 minutes."""
LONGEST = 0.25
"""Seconds of the longest pause, and of a breath."""
BREATH_EVERY = 5.0
"""Seconds of a stream after which it takes a breath."""
_TIMES = 3.0
"""A pause lasts at least this many times what Temporal needs for a batch: so it is idle for most of the time."""
_NEWEST = 0.2
_MOST_KEYS = 10_000


class Pace:
    """What was sent lately, by key."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        # By key: batches left without a pause, when the last pause was over, when it last took a breath.
        self._left: OrderedDict[str, tuple[float, float, float]] = OrderedDict()
        self._took = 0.0

    def pause(self, key: str, took: float) -> float:
        """The seconds to wait after a batch of ``key``, for which Temporal took ``took`` seconds."""
        now = self._clock()
        self._took += _NEWEST * (took - self._took)
        left, free_at, breathed_at = self._left.get(key, (float(AT_ONCE), now, now))
        idle = max(0.0, now - took - free_at)
        left = min(float(AT_ONCE), left + idle * PER_SECOND)
        if idle >= LONGEST:
            breathed_at = now
        if left >= 1:
            left, pause = left - 1, 0.0
        elif now - breathed_at >= BREATH_EVERY:
            pause, breathed_at = LONGEST, now
        else:
            pause = min(max(1 / PER_SECOND, _TIMES * self._took), LONGEST)
        self._left[key] = (left, now + pause, breathed_at)
        self._left.move_to_end(key)
        if len(self._left) > _MOST_KEYS:
            self._left.popitem(last=False)
        return pause
