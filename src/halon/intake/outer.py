"""Around every request: its id, the bound on how many run at once, paths that are none, failures, the log line."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from halon import tracing
from halon.intake.problems import Busy, NoSuchPath, Problem, failed
from halon.intake.trail import HEADER, Trail, of_scope

MOST_AT_ONCE = 512
"""Requests under way at once in one gateway; more are answered with 503."""
_DELIVERING = ("/v1/alerts/", "/v1/reports")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_GONE = 499
_log = logging.getLogger(__name__)


class Outer:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp, most: int = MOST_AT_ONCE, on_busy: Callable[[], None] = lambda: None) -> None:
        self._app = app
        self._most = most
        self._on_busy = on_busy
        self._running = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        trail = of_scope(scope)
        answered = _Answered(send, trail)
        delivering = scope["method"] == "POST" and str(scope["path"]).startswith(_DELIVERING)
        self._running += 1
        try:
            if delivering:
                with tracing.delivery(scope["headers"]) as span:
                    await self._serve(scope, receive, answered, trail)
                    trail.outcome = trail.outcome or ("accepted" if answered.status < 400 else "refused")
                    span.tell(trail.fields(answered.status))
                trail.log(answered.status)
            else:
                await self._serve(scope, receive, answered, trail)
        finally:
            self._running -= 1

    async def _serve(self, scope: Scope, receive: Receive, answered: _Answered, trail: Trail) -> None:
        try:
            if self._running > self._most:
                self._on_busy()
                raise Busy
            if _CONTROL.search(scope["path"]):
                raise NoSuchPath
            await self._app(scope, receive, answered)
        except Problem as problem:
            await _refuse(problem, scope, receive, answered, trail)
        except ClientDisconnect:
            trail.outcome, answered.status = "gone", answered.status or _GONE
        except Exception as error:
            _log.error("a request failed", exc_info=error, extra={"fields": {"delivery": trail.id}})
            if answered.status:
                raise  # the answer is half out: the connection is all that can be ended
            await _refuse(failed(), scope, receive, answered, trail)


async def _refuse(problem: Problem, scope: Scope, receive: Receive, answered: _Answered, trail: Trail) -> None:
    trail.outcome = problem.name
    await problem.response(trail.instance)(scope, receive, answered)


class _Answered:
    """Sends, with the delivery's id in the head, and knows the status that was sent."""

    def __init__(self, send: Send, trail: Trail) -> None:
        self._send = send
        self._head = (HEADER.lower().encode(), trail.id.encode())
        self.status = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message = {**message, "headers": [*message.get("headers", ()), self._head]}
        await self._send(message)
