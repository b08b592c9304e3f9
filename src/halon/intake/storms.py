"""Is it a storm of several causes? Which incidents were signalled of late, and how often."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

from halon.intake.place import Placed

SECONDS = 3.0
"""What counts as now: longer than an incident waits between two Signals of a storm."""
CAUSES = 3
"""Incidents signalled of late from which on it is a storm of several causes. Alerts of fewer go together as it is."""
OFTEN = 3
"""Batches to one incident, each soon after the one before, after which its next alerts are of the storm."""


class Storms:
    """The incidents that batches went to of late."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        # By key, the latest last: where the batch went, when, and how many of them came soon after one another.
        self._latest: OrderedDict[str, tuple[Placed, float, int]] = OrderedDict()

    def note(self, key: str, placed: Placed | None) -> None:
        """A batch of ``key`` went there; None: to no incident, or it is not known whether it did."""
        self._forget_old()
        before = self._latest.pop(key, None)
        if placed is not None:
            now = self._clock()
            lately = before[2] if before is not None and now - before[1] <= SECONDS else 0
            self._latest[key] = (placed, now, lately + 1)

    def of(self, key: str, *, at_work: bool) -> Placed | None:
        """Where the alerts of ``key`` go in a storm of several causes; None if it is none, or not known to be open.

        ``at_work``: a batch of it is just under way, or waits. Else it has to have had some, one soon after the other.
        """
        self._forget_old()
        found = self._latest.get(key)
        if found is None or len(self._latest) < CAUSES or not (at_work or found[2] >= OFTEN):
            return None
        return found[0]

    def _forget_old(self) -> None:
        end = self._clock() - SECONDS
        while self._latest:
            oldest, (_, at, _) = next(iter(self._latest.items()))
            if at >= end:
                break
            del self._latest[oldest]
