"""Send one call that is data: named hosts only, no redirects, bounded answers, and errors that say what arrived."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from halon.connectors.auth import headers_for, secret_of
from halon.connectors.errors import NoAnswer, Refused, Unexpected, Unreachable
from halon.connectors.hosts import is_near, require_listed, resolve
from halon.incident.orders import Call

LARGEST = 2 * 1024 * 1024
"""Bytes of an answer that are read; a larger one is an error, never cut silently."""
_EXCERPT = 500
_REPLAYED = ("idempotent-replay", "idempotent-replayed", "idempotency-replayed")
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


@dataclass(frozen=True, slots=True)
class Response:
    """An answer of an expected status. ``json`` is None if the body is no JSON; ``text_excerpt`` is cut and clean.

    ``replayed`` says that the far side had carried out this very key before.
    """

    status: int
    json: Any
    text_excerpt: str
    replayed: bool
    content: bytes = b""


def new_client() -> httpx.AsyncClient:
    """The one HTTP client of a process: no redirects, and no proxy or netrc from the environment behind our back."""
    return httpx.AsyncClient(follow_redirects=False, trust_env=False)


async def send(
    call: Call,
    *,
    key: str | None,
    client: httpx.AsyncClient,
    environ: Mapping[str, str],
    params: Mapping[str, str] | None = None,
    body: Any = None,
    largest: int = LARGEST,
) -> Response:
    """Send ``call`` once. ``key`` goes into the call's key header, ``params`` join its query, ``body`` replaces its.

    ``call.timeout`` (seconds) bounds the whole exchange. Raises Refused and MissingSecret (not sent), Unreachable
    (provably did not arrive), NoAnswer (may have arrived), Unexpected (another status, or more than ``largest`` bytes).
    """
    url = _url(call, params)
    host, port = url.host, url.port or (443 if url.scheme == "https" else 80)
    # Listed hosts first: a secret is not even looked up for a target that is not allowed.
    require_listed(host, port, call.hosts)
    secret = secret_of(call, environ)
    progress = _Progress()
    try:
        async with asyncio.timeout(call.timeout):
            address = await resolve(host, port, call.hosts)
            if secret and url.scheme == "http" and not is_near(address):
                raise Refused(host, "a secret would cross the internet in plain HTTP; use https")
            request = _request(call, url, address, key, secret, body, client, progress)
            answer = await client.send(request, stream=True, follow_redirects=False)
            try:
                content = await _read(answer, largest)
            finally:
                await answer.aclose()
    except TimeoutError as error:
        why = f"no answer within {call.timeout:g} seconds"
        raise (NoAnswer(host, why) if progress.may_have_arrived else Unreachable(host, why)) from error
    except _NEVER_SENT as error:
        raise Unreachable(host, _why(error)) from error
    except httpx.HTTPError as error:
        raise (NoAnswer(host, _why(error)) if progress.may_have_arrived else Unreachable(host, _why(error))) from error
    excerpt = _excerpt(content, secret)
    if answer.status_code not in call.expect_status:
        raise Unexpected(answer.status_code, _what(answer, excerpt))
    replayed = any(answer.headers.get(name, "").lower() == "true" for name in _REPLAYED)
    return Response(answer.status_code, _json(content), excerpt, replayed, content)


class _Progress:
    """How far a request came, as the transport reports it. Without any report the worst is assumed."""

    def __init__(self) -> None:
        self.resolved = False
        self.wrote = False
        self.reported = False

    @property
    def may_have_arrived(self) -> bool:
        return self.wrote or (self.resolved and not self.reported)

    async def __call__(self, event: str, _info: Mapping[str, Any]) -> None:
        self.reported = True
        if ".send_request" in event:
            self.wrote = True


def _url(call: Call, params: Mapping[str, str] | None) -> httpx.URL:
    try:
        url = httpx.URL(call.url)
        if params:
            url = url.copy_merge_params(dict(params))
    except (httpx.InvalidURL, TypeError, ValueError) as error:
        raise Refused("", f"the call's URL is none ({error})") from error
    if url.scheme not in ("http", "https") or not url.host:
        # The URL itself may be a secret, as those of web hooks are: it is not repeated.
        raise Refused(url.host, "only absolute http and https URLs are called")
    if url.userinfo:
        raise Refused(url.host, "a user name in a URL is not accepted; use the auth scheme basic")
    return url


def _request(
    call: Call,
    url: httpx.URL,
    address: str,
    key: str | None,
    secret: str,
    body: Any,
    client: httpx.AsyncClient,
    progress: _Progress,
) -> httpx.Request:
    headers = dict(call.headers)
    if call.key_header and key:
        headers[call.key_header] = key
    headers |= headers_for(call, secret)
    # A connection that the far side may have closed meanwhile would turn a harmless failure into an uncertain one.
    # Compressed answers are not asked for: a small one could unpack to anything.
    headers |= {"Host": url.netloc.decode("ascii"), "Connection": "close", "Accept-Encoding": "identity"}
    content: bytes | None = None
    given = call.body if body is None else body
    if given is not None:
        content = json.dumps(given, allow_nan=False, ensure_ascii=False).encode()
        headers.setdefault("Content-Type", "application/json")
    for name, value in headers.items():
        if not value.isprintable() or not (name.isascii() and name.isprintable()):
            raise Refused(url.host, f"the header {name[:60]!r} holds a character that headers can't hold")
    try:
        request = client.build_request(
            call.method,
            url.copy_with(host=address),
            headers=[(name.encode(), value.encode()) for name, value in headers.items()],
            content=content,
            timeout=call.timeout,
            extensions={"sni_hostname": url.host, "trace": progress},
        )
    except (httpx.InvalidURL, TypeError, ValueError) as error:
        raise Refused(url.host, f"the request can't be built ({error})") from error
    progress.resolved = True
    return request


async def _read(answer: httpx.Response, largest: int) -> bytes:
    if answer.headers.get("content-encoding", "identity").lower() != "identity":
        raise Unexpected(answer.status_code, "a compressed answer, which was not asked for")
    content = bytearray()
    async for chunk in answer.aiter_raw():
        content += chunk
        if len(content) > largest:
            raise Unexpected(answer.status_code, f"more than {largest} bytes; ask for less")
    return bytes(content)


def _json(content: bytes) -> Any:
    def refuse(constant: str) -> Any:
        raise ValueError(f"{constant} is not JSON")

    try:
        return json.loads(content, parse_constant=refuse) if content else None
    except (ValueError, RecursionError):
        return None


def _what(answer: httpx.Response, excerpt: str) -> str:
    if 300 <= answer.status_code < 400:
        return "a redirect, which is not followed; put the final URL into the connector"
    return excerpt


def _excerpt(content: bytes, secret: str) -> str:
    text = content[: 4 * _EXCERPT].decode("utf-8", "replace")
    if secret:
        text = text.replace(secret, "[secret]")
    clean = "".join(character if character.isprintable() else " " for character in text)
    clean = " ".join(clean.split())
    return clean if len(clean) <= _EXCERPT else f"{clean[:_EXCERPT]}…"


def _why(error: Exception) -> str:
    text = " ".join(str(error).split())[:200]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
