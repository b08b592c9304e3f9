"""A proxy in front of the agent that keeps the time at which calls arrive, in a process of its own.

Within the process that is measured it would take part in the race: each connection through it costs about as much work
as a call does, and Halon's calls have a connection each. Times are those of ``time.perf_counter``, which on one machine
all processes share.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from urllib.parse import urlsplit


@dataclass
class Wire:
    """What the proxy has seen since it was last told to forget: 0 for what has not come."""

    url: str = ""
    put_at: float = 0.0
    read_at: float = 0.0
    _round: int = 0
    _told: asyncio.StreamWriter | None = None
    _ready: asyncio.Event = field(default_factory=asyncio.Event)

    async def forget(self) -> None:
        """Wait for the next call: returns once the proxy does."""
        self.put_at = self.read_at = 0.0
        self._round += 1
        self._ready.clear()
        assert self._told is not None
        self._told.write(f"{self._round}\n".encode())
        await self._ready.wait()

    def hear(self, line: bytes) -> None:
        """One line of the proxy's: round, ``put``, ``read`` or ``ready``, and when."""
        number, what, at = line.split()
        if int(number) != self._round:
            return
        match what:
            case b"put":
                self.put_at = float(at)
            case b"read":
                self.read_at = float(at)
            case _:
                self._ready.set()


@asynccontextmanager
async def wire(agent: str, tool: str) -> AsyncIterator[Wire]:
    """The proxy before ``agent``, as long as the block runs. It looks for PUTs of controls, and for reads of ``tool``."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.wire", agent, tool, stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE, cwd=Path(__file__).parent.parent,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    lines = process.stdout
    made = Wire(url=(await lines.readline()).decode().strip(), _told=process.stdin)

    async def hear() -> None:
        while line := await lines.readline():
            made.hear(line)

    hearing = asyncio.create_task(hear())
    try:
        yield made
    finally:
        process.stdin.close()  # it ends with that
        await process.wait()
        await hearing


class _Proxy:
    def __init__(self, agent: str, tool: str) -> None:
        self._agent, self._tool = urlsplit(agent), f"GET {tool} ".encode()
        self._round = 0
        self._put = self._reading = self._read = False

    def forget(self, number: int) -> None:
        self._round = number
        self._put = self._reading = self._read = False
        self._tell("ready", perf_counter())

    async def pipe(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, both ways."""
        upstream, down = await asyncio.open_connection(self._agent.hostname, self._agent.port)
        try:
            await asyncio.gather(self._copy(reader, down, asked=True), self._copy(upstream, writer, asked=False))
        finally:
            for one in (down, writer):
                one.close()

    async def _copy(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, asked: bool) -> None:
        with suppress(ConnectionError):
            while data := await source.read(65_536):
                at = perf_counter()
                sink.write(data)
                self._look(data, at, asked=asked)
                await sink.drain()
            sink.close()

    def _look(self, data: bytes, at: float, *, asked: bool) -> None:
        if asked and data.startswith(b"PUT /control/"):
            if not self._put:
                self._put = True
                self._tell("put", at)
        elif asked and data.startswith(self._tool):
            self._reading = self._put
        elif not asked and self._reading and not self._read:
            self._read = True
            self._tell("read", at)

    def _tell(self, what: str, at: float) -> None:
        sys.stdout.write(f"{self._round} {what} {at!r}\n")
        sys.stdout.flush()


async def _serve(agent: str, tool: str) -> None:
    proxy = _Proxy(agent, tool)
    server = await asyncio.start_server(proxy.pipe, "127.0.0.1", 0)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)  # the first line: where it listens
    orders = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    while line := await orders.readline():
        proxy.forget(int(line))
    os._exit(0)  # whatever connections there are: nobody looks any more


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1], sys.argv[2]))
