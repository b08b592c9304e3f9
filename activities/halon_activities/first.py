"""What goes first in a worker: the call that stops an agent, and its read-back. Work that came with it leaves it a moment."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

A_MOMENT = 0.3
"""Seconds that other work leaves to such calls at most: one that is not answered holds nothing up for longer."""
UNTIL_THE_NEXT = 0.1
"""Seconds after such a call in which its read-back is still to come, a turn of the workflow later."""


class First:
    """The calls under way in this process that other work lets go first."""

    def __init__(self) -> None:
        self._under_way = 0
        self._awaited = 0
        self._none = asyncio.Event()
        self._none.set()

    @asynccontextmanager
    async def going(self, *, followed: bool = False) -> AsyncIterator[None]:
        """Within it one more is under way; ``followed`` by another one, which is a turn of the workflow away."""
        self._under_way += 1
        self._none.clear()
        try:
            yield
        finally:
            self._under_way -= 1
            self._awaited += followed
            asyncio.get_running_loop().call_later(UNTIL_THE_NEXT if followed else 0, self._over, followed)

    def _over(self, followed: bool) -> None:
        self._awaited -= followed
        if not (self._under_way or self._awaited):
            self._none.set()

    async def let_go(self) -> None:
        """Return once none is under way, or after a moment."""
        if not self._none.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(A_MOMENT):
                    await self._none.wait()
