"""What every request passes first: control token, bounded body, and the ledger of control calls."""

import hmac
from collections.abc import Callable
from typing import cast

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from halon.drill.calls import Calls, ReceivedCall, received_call
from halon.drill.problems import KeyReused, NotUnderstood, Problem, TooLarge, Unauthorised, response_for

MOST_BODY_BYTES = 64 * 1024
_PROTECTED = ("/control", "/v1/actions", "/v1/traces")
_LISTED_METHODS = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_CALL = "control_call"


class Door:
    """ASGI middleware in front of the whole app.

    Args:
        app: what is behind the door.
        token: the control token.
        calls: gives the ledger; asked for each request.
        save: keeps the ledger after a call was listed here.
    """

    def __init__(self, app: ASGIApp, token: str, calls: Callable[[], Calls], save: Callable[[], None]) -> None:
        self._app = app
        self._token = token.encode()
        self._calls = calls
        self._save = save

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request through, or answer it here."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            if scope["path"].startswith(_PROTECTED):
                self._require_token(Headers(scope=scope))
            body = await _read(scope, receive)
            call = _control_call(scope, body)
            if call is not None:
                self._refuse_reused_key(call)
        except Problem as problem:
            await response_for(problem)(scope, receive, send)
            return
        if call is None:
            await self._app(scope, _replaying(body, receive), send)
        else:
            await self._pass_listed(call, body, scope, receive, send)

    async def _pass_listed(self, call: ReceivedCall, body: bytes, scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("state", {})[_CALL] = call

        async def list_then_send(message: Message) -> None:
            # Calls that were refused before any route could list them belong in the ledger too.
            if message["type"] == "http.response.start" and not call.listed:
                self._calls().note(call, message["status"])
                self._save()
            await send(message)

        await self._app(scope, _replaying(body, receive), list_then_send)

    def _refuse_reused_key(self, call: ReceivedCall) -> None:
        try:
            self._calls().refuse_reuse(call)
        except KeyReused:
            self._save()
            raise

    def _require_token(self, headers: Headers) -> None:
        scheme, _, given = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(given.strip().encode(), self._token):
            raise Unauthorised("send Authorization: Bearer with the token in SANDBOX_AGENT_TOKEN of the agent")


def call_of(request: Request) -> ReceivedCall:
    """The control call that the door read from this request."""
    return cast(ReceivedCall, request.scope["state"][_CALL])


def _control_call(scope: Scope, body: bytes) -> ReceivedCall | None:
    if scope["method"] not in _LISTED_METHODS or not scope["path"].startswith("/control"):
        return None
    keys = Headers(scope=scope).getlist("idempotency-key")
    if len(keys) > 1:
        raise NotUnderstood("Idempotency-Key is given more than once")
    return received_call(keys[0] if keys else None, scope["method"], scope["path"], scope["query_string"], body)


async def _read(scope: Scope, receive: Receive) -> bytes:
    announced = Headers(scope=scope).get("content-length", "")
    if announced.isdecimal() and int(announced) > MOST_BODY_BYTES:
        raise _too_large()
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return b"".join(parts)
        part = message.get("body", b"")
        size += len(part)
        if size > MOST_BODY_BYTES:
            raise _too_large()
        parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts)


def _too_large() -> TooLarge:
    return TooLarge(f"the body is larger than {MOST_BODY_BYTES} bytes")


def _replaying(body: bytes, receive: Receive) -> Receive:
    given = False

    async def receive_body() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive_body
