"""What goes to a paging or chat product, and one exchange with such a product."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import httpx

from halon.connectors.errors import MissingSecret, NoAnswer, Refused, Unexpected, Unreachable
from halon.connectors.http import Response, send
from halon.incident.orders import Call

Region = Literal["us", "eu"]
Kind = Literal["page", "update", "resolve"]
TOO_MANY = 429
_BROKEN = 500
_LARGEST = 256 * 1024
_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Dispatch:
    """A message to a product. ``thread`` is its key (``halon.connectors.marker``): one thread an incident, or one alarm.

    A ``page`` asks somebody, an ``update`` tells those who are there, ``resolve`` ends the thread. ``severity`` is SEV1
    to SEV4, or empty while nothing is judged; ``link`` leads to the incident's page.
    """

    thread: str
    subject: str
    body: str
    reference: str = ""
    kind: Kind = "page"
    severity: str = ""
    link: str = ""


def variable(environ: Mapping[str, str], name: str) -> str:
    """The value of the environment variable ``name``. Raises MissingSecret."""
    value = environ.get(name, "").strip()
    if not value:
        raise MissingSecret(name)
    return value


def base(environ: Mapping[str, str], url_env: str, region: Region, known: Mapping[Region, str]) -> str:
    """Where the product is: the address that ``url_env`` holds, else that of the region. Raises MissingSecret."""
    return (variable(environ, url_env) if url_env else known[region]).rstrip("/")


def call_to(url: str, *, method: str = "POST", seconds: float = _SECONDS, **more: Any) -> Call:
    """A call to ``url``, whose host is the only one that it may reach. Raises Refused if it is no URL."""
    try:
        host = httpx.URL(url).host
    except httpx.InvalidURL:
        raise Refused("", "the address that the environment holds is no URL") from None
    return Call(method=method, url=url, hosts=(host,), timeout=seconds, **more)


async def exchange(
    call: Call,
    *,
    client: httpx.AsyncClient,
    environ: Mapping[str, str],
    body: Any = None,
    hidden: Sequence[str] = (),
) -> Response:
    """Carry out ``call`` with ``body``. Errors repeat none of the texts in ``hidden``.

    Raises what ``halon.connectors.http.send`` raises, but says by type what a status means: 429 was not taken
    (Unreachable: try again), 500 and above may have been (NoAnswer), the rest was refused (Unexpected).
    """
    try:
        return await send(call, key=None, client=client, environ=environ, body=body, largest=_LARGEST)
    except Unexpected as error:
        host = call.hosts[0]
        if error.status == TOO_MANY:
            raise Unreachable(host, "it answered 429: too many requests, so it took none") from None
        if error.status >= _BROKEN:
            raise NoAnswer(host, f"it answered {error.status}") from None
        raise Unexpected(error.status, without(error.what, hidden), error.protocol) from None


def without(text: str, hidden: Sequence[str]) -> str:
    """``text`` with every one of ``hidden`` masked."""
    for secret in hidden:
        if len(secret) > 3:
            text = text.replace(secret, "[secret]")
    return text
