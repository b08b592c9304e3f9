"""The auth scheme ``oauth2``: client credentials (RFC 6749, section 4.4). A token is kept in memory until shortly before its end.

``auth_with``: ``token_url``, and if wanted ``scope``, ``audience``, ``client_auth`` (``basic``, the default, or
``body``). ``secrets``: ``client_id`` and ``client_secret``.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote_plus
from weakref import WeakKeyDictionary

import httpx

from halon.connectors.auth import Secrets
from halon.connectors.errors import NoAnswer, Refused, Unexpected, Unreachable
from halon.incident.orders import Call

SHORTEST = 5.0
"""Seconds that a token is used at least, whatever its ``expires_in`` says."""
_WITHOUT_END = 300.0
_EARLY = 60.0
_MOST = 200

Ask = Callable[[Call, Any], Awaitable[Any]]
"""Sends a call with a body and returns the JSON of the answer."""


@dataclass(slots=True)
class _Kept:
    token: str = ""
    until: float = 0.0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


_KEPT: WeakKeyDictionary[httpx.AsyncClient, dict[str, _Kept]] = WeakKeyDictionary()


async def token(call: Call, secrets: Secrets, client: httpx.AsyncClient, ask: Ask, *, not_this: str = "") -> str:
    """The access token for ``call``: the one that is kept, or a new one if that is old or is ``not_this``.

    Raises Refused (the token endpoint said no) and Unreachable (it could not be asked): either way the call itself
    was not sent.
    """
    for name, where in (("token_url", call.auth_with), ("client_id", secrets.named), ("client_secret", secrets.named)):
        if name not in where:
            raise Refused(_host(call), f"the auth scheme oauth2 needs {name!r}; name it")
    mine = _KEPT.setdefault(client, {})
    if len(mine) > _MOST:
        mine.clear()
    kept = mine.setdefault(_name(call, secrets), _Kept())
    async with kept.lock:
        if kept.token and kept.token != not_this and time.monotonic() < kept.until:
            return kept.token
        kept.token = ""
        kept.token, seconds = await _fetched(call, secrets, ask)
        kept.until = time.monotonic() + max(SHORTEST, seconds - min(_EARLY, seconds / 5))
        return kept.token


async def _fetched(call: Call, secrets: Secrets, ask: Ask) -> tuple[str, float]:
    named, options = secrets.named, call.auth_with
    form = {"grant_type": "client_credentials"}
    form |= {name: options[name] for name in ("scope", "audience") if name in options}
    headers: dict[str, str] = {}
    if options.get("client_auth", "basic") == "body":
        form |= {"client_id": named["client_id"], "client_secret": named["client_secret"]}
    else:
        pair = f"{quote_plus(named['client_id'])}:{quote_plus(named['client_secret'])}"
        headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    asked = Call(
        "POST", options["token_url"], call.hosts, headers, encoding="form", timeout=call.timeout, near=call.near
    )
    try:
        answer = await ask(asked, form)
    except (NoAnswer, Unreachable) as error:
        raise Unreachable(_host(call), f"no token was got for it: {_masked(str(error), secrets)}") from error
    except Unexpected as error:
        told = _masked(str(error), secrets)
        if error.status >= 500 or error.status == 429:
            raise Unreachable(_host(call), f"no token was got for it: the token endpoint {told}") from None
        raise Refused(_host(call), f"the token endpoint {told}; look at client id, secret and scope") from None
    found = answer.get("access_token") if isinstance(answer, dict) else None
    if not isinstance(found, str) or not found or not found.isascii() or not found.isprintable():
        raise Refused(_host(call), "the token endpoint's answer holds no access_token")
    seconds = answer.get("expires_in", _WITHOUT_END)
    usable = isinstance(seconds, int | float) and not isinstance(seconds, bool) and 0 < seconds < 10**8
    return found, float(seconds) if usable else _WITHOUT_END


def _name(call: Call, secrets: Secrets) -> str:
    """The same for the same client at the same endpoint: a changed secret never gets an old token."""
    parts = [*sorted(call.auth_with.items()), *sorted(secrets.named.items())]
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def _masked(text: str, secrets: Secrets) -> str:
    for one in secrets.masked:
        for form in (one, quote_plus(one)):
            text = text.replace(form, "[secret]")
    return text


def _host(call: Call) -> str:
    return call.hosts[0] if call.hosts else ""
