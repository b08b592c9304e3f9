"""An answer in one packet: its head and its body are written to the socket together.

uvicorn writes them one after the other, and each is a system call here and a wake-up at the sender. What is written
goes out when the answer is complete, and else at the end of the loop's turn.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

from halon.intake.wire import Wire

_MOST = 64 * 1024
"""Bytes after which it is written at once: a long answer must not pile up here."""


class CorkedTransport(asyncio.Transport):
    """Writes to ``transport`` once a turn of the loop; all else is its own."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._transport = transport
        self._loop = loop
        self._pieces: list[bytes] = []
        self._size = 0
        self._later: asyncio.Handle | None = None

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if self._later is None:
            self._later = self._loop.call_soon(self.flush)
        self._pieces.append(bytes(data))
        self._size += len(data)
        if self._size > _MOST:
            self.flush()

    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview]) -> None:
        for data in list_of_data:
            self.write(data)

    def close(self) -> None:
        self.flush()
        self._transport.close()

    def abort(self) -> None:
        self._pieces.clear()
        self._transport.abort()

    def write_eof(self) -> None:
        self.flush()
        self._transport.write_eof()

    def can_write_eof(self) -> bool:
        return self._transport.can_write_eof()

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._transport.get_extra_info(name, default)

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self._transport.set_protocol(protocol)

    def get_protocol(self) -> asyncio.BaseProtocol:
        return self._transport.get_protocol()

    def pause_reading(self) -> None:
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        self._transport.resume_reading()

    def is_reading(self) -> bool:
        return self._transport.is_reading()

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        self._transport.set_write_buffer_limits(high, low)

    def get_write_buffer_size(self) -> int:
        return self._size + self._transport.get_write_buffer_size()

    def flush(self) -> None:
        """Write what waits."""
        if self._later is not None:
            self._later.cancel()
            self._later = None
        if self._pieces:
            data = b"".join(self._pieces)
            self._pieces.clear()
            self._size = 0
            if not self._transport.is_closing():
                self._transport.write(data)


class CorkedWire(Wire):
    """HTTP/1.1 on such a transport."""

    def connection_made(self, transport: Any) -> None:
        """See the base class."""
        self._corked = CorkedTransport(transport, self.loop)
        super().connection_made(self._corked)

    def on_response_complete(self) -> None:
        """See the base class. The sender hears before the line of the log is written."""
        self._corked.flush()
        super().on_response_complete()
