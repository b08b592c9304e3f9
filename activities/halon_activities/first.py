"""What goes first in a worker: the call that stops an agent. Work that came with it leaves it a moment."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

A_MOMENT = 0.2
"""Seconds that other work leaves to such calls at most: one that is not answered holds nothing up for longer."""


class First:
    """The calls under way in this process that other work lets go first."""

    def __init__(self) -> None:
        self._under_way = 0
        self._none = asyncio.Event()
        self._none.set()

    @asynccontextmanager
    async def going(self) -> AsyncIterator[None]:
        """Within it one more is under way."""
        self._under_way += 1
        self._none.clear()
        try:
            yield
        finally:
            self._under_way -= 1
            if not self._under_way:
                self._none.set()

    async def let_go(self) -> None:
        """Return once none is under way, or after a moment."""
        if not self._none.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(A_MOMENT):
                    await self._none.wait()
