"""Many requests sent at once on one connection: what waits is bounded, and each is answered whole and in its order."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest
import pytest_asyncio
import uvicorn

from halon.intake.corked import CorkedWire

SMALL = b"POST /v1/alerts/x HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}"


@pytest_asyncio.fixture(loop_scope="function")
async def served() -> AsyncIterator[SimpleNamespace]:
    """A server on the door's connections whose requests read their body, and are answered with its size once ``go`` is set."""
    room = SimpleNamespace(go=asyncio.Event(), wires=[], bodies=[])

    class Kept(CorkedWire):
        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            room.wires.append(self)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        size, more = 0, True
        while more:
            message = await receive()
            size, more = size + len(message.get("body", b"")), message.get("more_body", False)
        room.bodies.append(size)
        await room.go.wait()
        said = str(size).encode()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(said))]})
        await send({"type": "http.response.body", "body": said})

    config = uvicorn.Config(app, port=0, http=Kept, ws="none", lifespan="off", log_config=None, access_log=False)
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    room.port = server.servers[0].sockets[0].getsockname()[1]
    yield room
    room.go.set()
    server.should_exit = True
    await asyncio.wait_for(task, 20)


@pytest.mark.asyncio(loop_scope="function")
async def test_a_sender_that_does_not_wait_for_answers_fills_no_memory(served: SimpleNamespace) -> None:
    """While the first request waits for its answer, the connection is not read: the sender's own buffers fill."""
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    writer.write(SMALL * 2)
    await asyncio.sleep(0.2)
    flood = SMALL * 1000
    for _ in range(400):  # 24 MB, most of which is never taken off this sender's hands
        writer.write(flood)
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(writer.drain(), 1.0)
    [wire] = served.wires
    assert wire.flow.read_paused
    assert len(wire._rest) < 1024 * 1024
    assert len(wire.pipeline) <= 1
    assert served.bodies == [2], "the first is being served, and no other is begun"
    served.go.set()
    answers = await asyncio.wait_for(reader.readexactly(3), 5)
    assert answers == b"HTT"
    writer.transport.abort()


@pytest.mark.asyncio(loop_scope="function")
async def test_each_of_a_row_is_answered_with_its_whole_body(served: SimpleNamespace) -> None:
    """A body that came while the request before it was served, in as many pieces as it likes, is not cut and not lost."""
    sizes = [2, 40_000, 0, 70_000, 16_384, 1]
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    for size in sizes:
        writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % size + b"x" * size)
    await writer.drain()
    await asyncio.sleep(0.2)
    served.go.set()
    for size in sizes:
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
        assert head.startswith(b"HTTP/1.1 200")
        said = str(size).encode()
        assert await asyncio.wait_for(reader.readexactly(len(said)), 5) == said
    assert served.bodies == sizes
    writer.close()
