"""HTTP/1.1 on the wire: a connection that says nothing, or says it drop by drop, is closed; refusals are problem+json.

uvicorn bounds the size of a request's head and the quiet time between two requests, and leaves three ways to hold a
connection for ever: a head that comes a byte at a time, a body that nobody asked for, and an answer that is never read.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from halon.intake.problems import MEDIA_TYPE, problem_body

HEAD_SECONDS = 10.0
"""Time for a request's head to arrive whole, and for a connection on which nothing is asked."""
LINGER_SECONDS = 2.0
"""Time for what still comes of a request that was answered before its end, so that the sender can read the answer."""
READ_SECONDS = 20.0
"""Time that a sender may leave an answer unread."""
MOST_CONNECTIONS = 512
"""Connections at once; more are turned away."""
_BUSY = problem_body(503, "busy", "Too many connections", "this door has no room for another connection; try again")


class Wire(H11Protocol):
    """One connection."""

    _timer: asyncio.TimerHandle | None = None
    _unread: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """See the base class; beyond the bound, a short refusal."""
        super().connection_made(transport)
        if len(self.connections) > MOST_CONNECTIONS:
            self.on_full()
            transport.write(
                b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 5\r\n"
                b"Content-Type: %b\r\nContent-Length: %d\r\n\r\n%b" % (MEDIA_TYPE.encode(), len(_BUSY), _BUSY)
            )
            transport.close()
            return
        self._watch()

    def on_full(self) -> None:
        """Called for a connection that is turned away: whoever counts them overrides it."""

    def connection_lost(self, exc: Exception | None) -> None:
        """See the base class."""
        for timer in (self._timer, self._unread):
            if timer is not None:
                timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """See the base class."""
        if not self.transport.is_closing():
            super().data_received(data)
            self._watch()

    def on_response_complete(self) -> None:
        """See the base class."""
        super().on_response_complete()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._watch()

    def pause_writing(self) -> None:
        """See the base class."""
        super().pause_writing()
        if self._unread is None:
            self._unread = self.loop.call_later(READ_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """See the base class."""
        super().resume_writing()
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def send_400_response(self, msg: str) -> None:
        """What is no HTTP gets one answer and no second chance."""
        if self.conn.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            self.transport.close()  # an answer is under way, and nothing may be put into it
            return
        broken = sys.exc_info()[1]
        if getattr(broken, "error_status_hint", 400) == 431:
            told = (431, "head-too-large", "The request's head is too large", "send fewer and shorter headers")
        else:
            told = (400, "bad-request", "This is not HTTP/1.1", "send one request after the other, each well-formed")
        body = problem_body(*told)
        headers = [("Content-Type", MEDIA_TYPE), ("Content-Length", str(len(body))), ("Connection", "close")]
        answer = h11.Response(status_code=told[0], headers=headers)
        for event in (answer, h11.Data(data=body), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def _watch(self) -> None:
        """While a request is being served its own bounds hold; in between, these."""
        serving = self.cycle is not None and not self.cycle.response_complete
        if serving or self.transport.is_closing():
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
        elif self._timer is None:
            still = self.conn.their_state is h11.SEND_BODY
            self._timer = self.loop.call_later(LINGER_SECONDS if still else HEAD_SECONDS, self.transport.close)
