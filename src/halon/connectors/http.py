"""Send one call that is data: named hosts only, no redirects, bounded answers, and errors that say what arrived."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import httpx

from halon.connectors import auth_oauth2
from halon.connectors.answers import HAS, document
from halon.connectors.auth import Outgoing, Secrets, headers_for, secrets_of
from halon.connectors.auth_tls import context
from halon.connectors.errors import NoAnswer, Refused, Unexpected, Unreachable
from halon.connectors.hosts import is_near, require_listed, resolve
from halon.incident.orders import Call

LARGEST = 2 * 1024 * 1024
"""Bytes of an answer that are read; a larger one is an error, never cut silently."""
_EXCERPT = 500
_NOT_LET_IN = 401
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

    ``call.timeout`` (seconds) bounds the whole exchange. A token that is kept and answered by 401 is got anew, once: a
    401 has no effect. Raises Refused and MissingSecret (not sent), Unreachable (provably did not arrive), NoAnswer (may
    have arrived), Unexpected (another status, or more than ``largest`` bytes).
    """
    url = _url(call, params)
    # Listed hosts first: a secret is not even looked up for a target that is not allowed.
    require_listed(url.host, _port(url), call.hosts)
    secrets = secrets_of(call, environ)
    if call.auth != "oauth2":
        return await _send(call, url, key, client, secrets, body, largest)

    async def ask(asked: Call, form: Any) -> Any:
        target = _url(asked, None)
        require_listed(target.host, _port(target), asked.hosts)
        return (await _send(asked, target, None, client, Secrets("", secrets.named), form, largest)).json

    token = await auth_oauth2.token(call, secrets, client, ask)
    try:
        return await _send(call, url, key, client, replace(secrets, main=token), body, largest)
    except Unexpected as error:
        if error.status != _NOT_LET_IN:
            raise
    token = await auth_oauth2.token(call, secrets, client, ask, not_this=token)
    return await _send(call, url, key, client, replace(secrets, main=token), body, largest)


async def _send(
    call: Call,
    url: httpx.URL,
    key: str | None,
    client: httpx.AsyncClient,
    secrets: Secrets,
    body: Any,
    largest: int,
) -> Response:
    host = url.host
    progress = _Progress()
    try:
        async with asyncio.timeout(call.timeout), _fitting(client, call, secrets) as fitting:
            address = await resolve(host, _port(url), call.hosts, near=call.near)
            if secrets and url.scheme == "http" and not is_near(address):
                raise Refused(host, "a secret would cross the internet in plain HTTP; use https")
            request = _request(call, url, address, key, secrets, body, fitting, progress)
            answer = await fitting.send(request, stream=True, follow_redirects=False)
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
    excerpt = _excerpt(content, secrets)
    if answer.status_code not in call.expect_status:
        raise Unexpected(answer.status_code, _what(answer, excerpt))
    replayed = any(answer.headers.get(name, "").lower() == "true" for name in _REPLAYED)
    wanted = tuple(_text_in(pointer) for pointer in call.expect_json if pointer.startswith(f"/{HAS}/"))
    return Response(answer.status_code, document(content, call.answer, wanted), excerpt, replayed, content)


@asynccontextmanager
async def _fitting(client: httpx.AsyncClient, call: Call, secrets: Secrets) -> AsyncIterator[httpx.AsyncClient]:
    """The client that all share, or one of the call's own if it brings certificates."""
    own = context(call, secrets)
    if own is None:
        yield client
        return
    async with httpx.AsyncClient(follow_redirects=False, trust_env=False, verify=own) as made:
        yield made


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
    secrets: Secrets,
    body: Any,
    client: httpx.AsyncClient,
    progress: _Progress,
) -> httpx.Request:
    headers = dict(call.headers)
    if call.key_header and key:
        headers[call.key_header] = key
    content = _content(call.body if body is None else body, call.encoding)
    if content is not None and not any(name.lower() == "content-type" for name in headers):
        headers["Content-Type"] = "application/x-www-form-urlencoded" if call.encoding == "form" else "application/json"
    headers |= headers_for(call, secrets, Outgoing(call.method, url, headers, content or b"", datetime.now(UTC)))
    # A connection that the far side may have closed meanwhile would turn a harmless failure into an uncertain one.
    # Compressed answers are not asked for: a small one could unpack to anything.
    headers |= {"Host": url.netloc.decode("ascii"), "Connection": "close", "Accept-Encoding": "identity"}
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


def _content(given: Any, encoding: str) -> bytes | None:
    if given is None:
        return None
    if encoding == "form":
        return urlencode({str(name): _field(value) for name, value in dict(given).items()}).encode()
    return json.dumps(given, allow_nan=False, ensure_ascii=False).encode()


def _field(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _text_in(pointer: str) -> str:
    return pointer[len(HAS) + 2 :].replace("~1", "/").replace("~0", "~")


def _port(url: httpx.URL) -> int:
    return url.port or (443 if url.scheme == "https" else 80)


def _what(answer: httpx.Response, excerpt: str) -> str:
    if 300 <= answer.status_code < 400:
        return "a redirect, which is not followed; put the final URL into the connector"
    return excerpt


def _excerpt(content: bytes, secrets: Secrets) -> str:
    # A secret that stands across the cut would be masked only if all of it is looked at.
    text = content[: 4 * _EXCERPT + max(map(len, secrets.masked), default=0)].decode("utf-8", "replace")
    for secret in secrets.masked:
        text = text.replace(secret, "[secret]")
    clean = text if text.isprintable() else "".join(one if one.isprintable() else " " for one in text)
    clean = " ".join(clean.split())
    return clean if len(clean) <= _EXCERPT else f"{clean[:_EXCERPT]}…"


def _why(error: Exception) -> str:
    text = " ".join(str(error).split())[:200]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
