"""HTTP as ASGI has it: the caller's token, bodies and parameters in; JSON and problem+json out."""

from __future__ import annotations

import datetime
import hmac
import json
import os
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from halon.control.problems import Problem, not_understood
from halon.control.shapes import Shape, checked
from halon.control.values import UTC, Json, dumped

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
MOST_BODY = 64 * 1024
"""Bytes of a request's body."""


def authenticate(token_env: str, given: list[str]) -> None:
    """Raises Problem unless the one Authorization header that was given holds the token."""
    token = os.environ.get(token_env, "")
    if not token:
        step = f"set {token_env} in the agent's environment to a long random text, and restart it"
        raise Problem(503, "no-token", step)
    scheme, _, value = (given[0] if len(given) == 1 else "").partition(" ")
    if scheme.lower() != "bearer" or not hmac.compare_digest(value.strip().encode(), token.encode()):
        step = f"send Authorization: Bearer with the value of {token_env}"
        raise Problem(401, "unauthorised", step, WWW_Authenticate="Bearer")


async def body_of(receive: Receive) -> bytes:
    """The whole body of a request. Raises Problem if it is too large."""
    parts = bytearray()
    while True:
        message = await receive()
        parts += message.get("body", b"")
        if len(parts) > MOST_BODY:
            raise Problem(413, "too-large", f"the body is larger than {MOST_BODY} bytes")
        if message["type"] != "http.request" or not message.get("more_body"):
            return bytes(parts)


def json_of(raw: bytes) -> Json:
    """The JSON object that a body is. Raises Problem."""
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        raise not_understood("the body is not JSON") from None
    if not isinstance(value, dict):
        raise not_understood("the body must be a JSON object")
    return value


def fields_of(raw: bytes, shape: Shape, optional: tuple[str, ...] = ()) -> Json:
    """The JSON object that a body is, with the fields of ``shape``. Raises Problem."""
    value = json_of(raw)
    try:
        return checked(value, shape, optional)
    except ValueError as error:
        raise not_understood(str(error)) from None


def limit_of(text: str) -> int:
    """The parameter ``limit``. Raises Problem."""
    if not (text.isascii() and text.isdecimal() and len(text) < 5 and 1 <= int(text) <= 1000):
        raise not_understood("limit must be a whole number from 1 to 1000")
    return int(text)


def since_of(text: str) -> float:
    """The parameter ``since``, as seconds since the epoch. Raises Problem."""
    try:
        moment = datetime.datetime.fromisoformat(text.replace("Z", "+00:00").replace(" ", "+"))
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        raise not_understood("since must be a time such as 2026-11-22T10:00:00.000Z") from None


async def respond(
    send: Send, status: int, answer: Any, headers: Mapping[str, str], kind: str = "application/json"
) -> None:
    """Answer with JSON: a value, or its text."""
    body = (answer if isinstance(answer, str) else dumped(answer)).encode()
    given = {"content-type": kind, "content-length": str(len(body)), "cache-control": "no-store", **headers}
    rows = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in given.items()]
    await send({"type": "http.response.start", "status": status, "headers": rows})
    await send({"type": "http.response.body", "body": body})


async def respond_problem(send: Send, problem: Problem) -> None:
    """Answer with problem+json."""
    title = problem.name.replace("-", " ").capitalize()
    body = {
        "type": f"urn:halon:control:{problem.name}",
        "title": title,
        "status": problem.status,
        "detail": str(problem),
    }
    await respond(send, problem.status, body, problem.headers, "application/problem+json")
