"""How a command reaches the rest: settings, Temporal's address, one client, one event loop."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from halon.home import Up, look
from halon.settings import Settings

if TYPE_CHECKING:
    from temporalio.client import Client

T = TypeVar("T")
_CHOSEN = ("TEMPORAL_ADDRESS", "TEMPORAL_PROFILE", "TEMPORAL_CONFIG_FILE")
"""Variables with which somebody chose a Temporal; without them, what ``halon up`` runs is taken."""


def settings() -> Settings:
    """The settings of this command. Raises SettingsError."""
    return Settings.from_environ(os.environ)


def running(found: Settings) -> Up | None:
    """What ``halon up`` runs from this home, unless another Temporal was chosen."""
    if any(os.environ.get(name) for name in _CHOSEN):
        return None
    return look(found.home)


async def client(found: Settings) -> Client:
    """A client of the chosen Temporal. Raises TemporalUnreachable."""
    from halon.client import connect

    up = running(found)
    return await (connect(found, role="cli", target_host=up.address) if up else connect(found, role="cli"))


def with_client(work: Callable[[Client, Settings], Awaitable[T]]) -> T:
    """Run ``work`` with a connected client."""

    async def run() -> T:
        found = settings()
        return await work(await client(found), found)

    return asyncio.run(run())
