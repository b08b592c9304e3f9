"""What stood before an order, read while the workflow still writes down that it goes ahead: the call need not wait for it.

A reading changes nothing, so one that nobody takes is no harm, and what is not here is read when it is needed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from typing import Any

from halon.incident.orders import Call, Order, effect_key

KEPT = 2.0
"""Seconds for which such a reading counts as the state before; what comes later reads for itself."""
LEFT = 0.01
"""Seconds that are left to the workflow's task before a reading begins, unless it is waited for: then the server is asked."""
MOST = 32
"""Readings that are kept at a time."""

Read = Callable[[Call], Awaitable[Any]]


class Beforehand:
    """Readings under way or just done in this process. Each is taken once, by the first try of its order."""

    def __init__(self) -> None:
        self._readings: dict[str, _Reading] = {}

    def begin(self, incident_id: str, orders: Iterable[Order], read: Read) -> None:
        """Begin to ``read`` what stands before those of ``orders`` that run first and ask nobody."""
        for order in orders:
            if order.rung != 1 or not order.reversible or order.gate is not None or len(self._readings) >= MOST:
                continue
            key = effect_key(incident_id, order.id, "apply", 1)
            if key in self._readings:
                continue
            self._readings[key] = one = _Reading(order.verify, read)
            asyncio.get_running_loop().call_later(KEPT, self._forget, key, one)

    async def take(self, key: str, look: Call, read: Read) -> Any:
        """What was begun for the effect ``key`` by the call ``look``, or what ``read`` brings now. Raises as ``read``."""
        begun = self._readings.pop(key, None)
        if begun is None or begun.look != look:
            return await read(look)
        begun.wanted.set()
        return await begun.task

    def _forget(self, key: str, one: _Reading) -> None:
        """It is too old now. Whoever waits for it has taken it before."""
        if self._readings.get(key) is one:
            del self._readings[key]
            one.task.cancel()


def heard(reading: asyncio.Task[Any]) -> None:
    """What went wrong with a reading that nobody takes is nobody's business, and Python would say so."""
    with suppress(asyncio.CancelledError):
        reading.exception()


class _Reading:
    """One of them, begun as soon as it is ``wanted``, or a moment later."""

    def __init__(self, look: Call, read: Read) -> None:
        self.look = look
        self.wanted = asyncio.Event()
        self.task = asyncio.create_task(self._run(read), name="state before an order")
        self.task.add_done_callback(heard)

    async def _run(self, read: Read) -> Any:
        with suppress(TimeoutError):
            async with asyncio.timeout(LEFT):
                await self.wanted.wait()
        return await read(self.look)
