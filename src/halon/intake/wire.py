"""HTTP/1.1 on the wire: a connection that says nothing, or says it drop by drop, is closed; refusals are problem+json.

The parser is llhttp (httptools), which costs a delivery a fifth of what one in Python does. It bounds no head, no trailer
and no row of requests, and what it leaves to its user is asked for here: one Host, one framing, one version. Whatever two
parsers could read in two ways is refused (RFC 9112, section 11.2), because a proxy in front may be the other one.
"""

from __future__ import annotations

import asyncio
import re
from typing import Any
from urllib.parse import unquote

import httptools
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from halon.intake.problems import MEDIA_TYPE, problem_body

HEAD_SECONDS = 10.0
"""Time for a request's head to arrive whole, and for a new connection on which nothing is asked."""
QUIET_SECONDS = 5.0
"""Time for which nothing may be said between two requests."""
LINGER_SECONDS = 2.0
"""Time for what still comes of a request that was answered before its end, so that the sender can read the answer."""
READ_SECONDS = 20.0
"""Time that a sender may leave an answer unread."""
MOST_CONNECTIONS = 512
"""Connections at once; more are turned away."""
LARGEST_HEAD = 64 * 1024
"""Bytes of a request's head, and of what frames its body: sizes of chunks, their extensions, trailers."""
MOST_IN_A_ROW = 32
"""Requests that are read before the first of them is answered; what comes after them waits unread."""
_PIECE = 16 * 1024
"""Bytes that are parsed at a time: by so much a bound on bytes may be passed."""
_FRAMED_BY = 16
"""Bytes of framing that each byte of a body may have: in chunks of a single one there are six."""
_TARGET = re.compile(rb"[\x21-\x7e]+")
_REASONS = {400: "Bad Request", 431: "Request Header Fields Too Large", 503: "Service Unavailable"}
_BUSY = (503, "busy", "Too many connections", "this door has no room for another connection; try again")
_UNSOUND = (400, "bad-request", "This is not HTTP/1.1", "send one request after the other, each well-formed")
_HUGE = (431, "head-too-large", "The request's head is too large", "send fewer and shorter headers")

_Told = tuple[int, str, str, str]


class _Unsound(Exception):
    """A head that the parser lets pass, and that this door does not."""


class _Flow(FlowControl):
    """Reading goes on only when nothing waits: a request that asks for its own body would let in all that follows it."""

    def __init__(self, transport: Any, wire: Wire) -> None:
        super().__init__(transport)
        self._wire = wire

    def resume_reading(self) -> None:
        """See the base class."""
        if not self._wire.holds_back:
            super().resume_reading()


class Wire(HttpToolsProtocol):
    """One connection."""

    _timer: asyncio.TimerHandle | None = None
    _unread: asyncio.TimerHandle | None = None
    _rested = 0.0
    """Since when nothing is being served, by the loop's clock."""
    _served: RequestResponseCycle | None = None
    """The request that was begun with last; ``cycle`` is the one that was read last."""
    _in_body = False
    _upgrading = False
    _steps = 0
    """Heads and bodies that came to their end."""
    _loose = 0
    """Bytes since the last of these steps, but for those of a body."""
    _body = 0
    _rest = b""
    """What is not parsed before the requests that are read are answered."""
    _over = False
    """Whether nothing more is read: the last request said so, or what follows it is no HTTP."""
    _refusal: _Told | None = None
    """What is said after the answers that are owed."""

    def connection_made(self, transport: Any) -> None:
        """See the base class; beyond the bound, a short refusal."""
        super().connection_made(transport)
        self.flow = _Flow(transport, self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=False)
        if len(self.connections) > MOST_CONNECTIONS:
            self.on_full()
            self._refuse(_BUSY)
            return
        self._rest_now()

    @property
    def holds_back(self) -> bool:
        """Whether something that was read waits for the answer to what came before it."""
        return bool(self.pipeline or self._rest)

    def on_full(self) -> None:
        """Called for a connection that is turned away: whoever counts them overrides it."""

    def connection_lost(self, exc: Exception | None) -> None:
        """See the base class."""
        for timer in (self._timer, self._unread):
            if timer is not None:
                timer.cancel()
        self._over, self._rest = True, b""
        self.pipeline.clear()
        if self._served is not None and not self._served.response_complete:
            self._served.disconnected = True
            self._served.message_event.set()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """See the base class."""
        if self._over or self.transport.is_closing():
            return
        if self.holds_back:
            self._rest += data  # reading is paused: no more than what was on its way comes
            return
        self._feed(data)
        self._watch()

    def on_response_complete(self) -> None:
        """See the base class."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        if self.pipeline:
            cycle, app = self.pipeline.pop()
            self._start_asgi_task(cycle, app)
        if self._rest and not self.pipeline:  # the rest of the body that was just begun with may lie there
            rest, self._rest = self._rest, b""
            self._feed(rest)
        if not self._serving() and self._refusal is not None:
            self._refuse(self._refusal)
            return
        self.flow.resume_reading()
        self._rest_now()

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

    def on_message_begin(self) -> None:
        """See the base class."""
        if len(self.pipeline) >= MOST_IN_A_ROW:
            raise _Unsound
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """See the base class. Trailers are not read: they would stand among the headers that were checked."""
        if not self._in_body:
            super().on_header(name, value.strip(b" \t"))

    def on_headers_complete(self) -> None:
        """A request whose head is sound is served, or waits for those before it."""
        self._steps += 1
        self._upgrading = self.parser.should_upgrade()
        if self._upgrading:
            return
        version = self.parser.get_http_version()
        _require_sound(version, self.url, self.headers)
        path, _, query = self.url.partition(b"?")
        said = path.decode("ascii")
        self.scope["method"] = self.parser.get_method().decode("ascii")
        self.scope["http_version"] = version
        self.scope["path"] = self.root_path + (unquote(said) if "%" in said else said)
        self.scope["raw_path"] = self.root_path.encode() + path
        self.scope["query_string"] = query
        waiting = self._serving()
        self.cycle = RequestResponseCycle(
            scope=self.scope, transport=self.transport, flow=self.flow, logger=self.logger,
            access_logger=self.access_logger, access_log=self.access_log,
            default_headers=self.server_state.default_headers, message_event=asyncio.Event(),
            expect_100_continue=self.expect_100_continue,
            keep_alive=version != "1.0" and self.parser.should_keep_alive(), on_response=self.on_response_complete,
        )  # fmt: skip
        self._in_body = True
        if waiting:
            self.flow.pause_reading()
            self.pipeline.appendleft((self.cycle, self.app))
        else:
            self._start_asgi_task(self.cycle, self.app)

    def on_body(self, body: bytes) -> None:
        """See the base class."""
        self._body += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """See the base class."""
        if not self._upgrading:
            self._steps += 1
            self._in_body = False
            super().on_message_complete()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._served = cycle
        super()._start_asgi_task(cycle, app)

    def _serving(self) -> bool:
        """Whether an answer is owed."""
        return bool(self.pipeline) or not (self._served is None or self._served.response_complete)

    def _feed(self, data: bytes) -> None:
        """Parse ``data``, as far as requests may be read before they are answered."""
        view = memoryview(data)
        while view and not self._over:
            if self.pipeline:
                self._rest = bytes(view)
                self.flow.pause_reading()
                return
            piece, view = view[:_PIECE], view[_PIECE:]
            steps, self._body = self._steps, 0
            try:
                self.parser.feed_data(piece)
            except httptools.HttpParserUpgrade as upgrade:
                view = memoryview(b"".join((self._without_upgrade(), piece[upgrade.args[0] :], view)))
                continue
            except httptools.HttpParserError:
                self._broken(_UNSOUND)
                return
            loose = self._loose + len(piece) - _FRAMED_BY * self._body
            self._loose = max(0, loose) if steps == self._steps else 0
            if self._loose > LARGEST_HEAD:
                self._broken(_UNSOUND if self._in_body else _HUGE)
                return

    def _without_upgrade(self) -> bytes:
        """The head that was just read, without its wish for another protocol: a server may go on as if there were none.

        For the parser the request ends with such a head, and its body would be the next request.
        """
        method, version = self.parser.get_method(), self.parser.get_http_version().encode()
        self.parser = httptools.HttpRequestParser(self)
        self._upgrading = False
        if method == b"CONNECT":
            return b"\x00"  # never HTTP: there is no body behind it that this door could find the end of
        lines = [b"%b %b HTTP/%b" % (method, self.url, version)]
        for name, value in self.headers:
            if name == b"connection":
                words = [word for word in value.split(b",") if word.strip().lower() != b"upgrade"]
                value = b",".join(words)
            if name != b"upgrade":
                lines.append(b"%b: %b" % (name, value))
        return b"\r\n".join((*lines, b"", b""))

    def _broken(self, told: _Told) -> None:
        """What comes is no HTTP: it gets one answer, after those that are owed, and no second chance."""
        self._over = True
        if self._in_body and self.cycle is self._served:
            if self.cycle.response_started:
                self.transport.close()  # an answer is under way or out, and nothing may be put into it
            else:
                self._refuse(told)
            return
        if self._in_body:
            self.pipeline.popleft()  # it waits, and will never be whole
        elif self.cycle is not None and not self.cycle.keep_alive:
            return  # it was the last request, as it said itself: what follows is nobody's
        self._refusal = told
        if not self._serving():
            self._refuse(told)

    def _refuse(self, told: _Told) -> None:
        """Say so, and close."""
        self.logger.warning("A connection is closed: %s.", told[2])
        body = problem_body(*told)
        again = b"Retry-After: 5\r\n" if told[0] == 503 else b""
        self.transport.write(
            b"HTTP/1.1 %d %b\r\nConnection: close\r\n%bContent-Type: %b\r\nContent-Length: %d\r\n\r\n%b"
            % (told[0], _REASONS[told[0]].encode(), again, MEDIA_TYPE.encode(), len(body), body)
        )
        self.transport.close()

    def _rest_now(self) -> None:
        """Nothing is served from now on, unless it is."""
        self._rested = self.loop.time()
        self._watch()

    def _watch(self) -> None:
        """While a request is being served its own bounds hold; in between, these.

        A timer is set when there is none that fires early enough, and looks again when it fires: a stream of requests
        sets one in seconds and not two for each.
        """
        if self._serving() or self.transport.is_closing():
            return
        end = self._ends()
        if self._timer is not None:
            if self._timer.when() <= end:
                return
            self._timer.cancel()
        self._timer = self.loop.call_at(end, self._look)

    def _look(self) -> None:
        self._timer = None
        if not self._serving() and self.loop.time() >= self._ends():
            self.transport.close()
        else:
            self._watch()

    def _ends(self) -> float:
        """Until when the connection may go on as it is."""
        if self._in_body:
            return self._rested + LINGER_SECONDS
        return self._rested + (QUIET_SECONDS if self._served is not None and not self._loose else HEAD_SECONDS)


def _require_sound(version: str, target: bytes, headers: list[tuple[bytes, bytes]]) -> None:
    """Raises _Unsound for a head that another parser might read in another way."""
    hosts = [value for name, value in headers if name == b"host"]
    codings = [value for name, value in headers if name == b"transfer-encoding"]
    if version not in ("1.0", "1.1") or not _TARGET.fullmatch(target):
        raise _Unsound
    if len(hosts) > 1 or (not hosts and version == "1.1"):
        raise _Unsound
    if codings and (version == "1.0" or len(codings) > 1 or codings[0].lower() != b"chunked"):
        raise _Unsound
