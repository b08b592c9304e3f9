"""Real counterparts for connectors: the sandbox agent's process, and small servers that misbehave on purpose."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager

import httpx
import pytest

from halon.connectors.http import new_client
from halon.drill.launch import RunningAgent, running_agent

TOKEN = "connector-tests-token"
Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@pytest.fixture(scope="module")
def agent() -> Iterator[RunningAgent]:
    """One sandbox agent for all tests of a file."""
    with running_agent(token=TOKEN) as running:
        yield running


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    """The client that workers use."""
    async with new_client() as made:
        yield made


@pytest.fixture
def serve() -> Callable[[Handler], object]:
    """Serve TCP connections with a handler; gives the port."""

    @asynccontextmanager
    async def serving(handler: Handler) -> AsyncIterator[int]:
        server = await asyncio.start_server(handler, "127.0.0.1", 0)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()

    return serving
