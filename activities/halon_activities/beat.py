"""Heartbeats beside long work, so that a worker that died is noticed and a cancelled activity learns of it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from temporalio import activity

EVERY = 1.5
"""Seconds between two heartbeats; the shortest heartbeat timeout of the workflows is 8."""


@contextlib.asynccontextmanager
async def beating() -> AsyncIterator[None]:
    """Heartbeat every second and a half until the block is left."""

    async def beat() -> None:
        while True:  # not at once: short work would ask the server for nothing
            await asyncio.sleep(EVERY)
            activity.heartbeat()

    task = asyncio.create_task(beat())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
