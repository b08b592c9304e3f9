"""Post a page to a web hook whose address the environment holds: such an address is itself a secret."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx

from halon.connectors.errors import MissingSecret, Refused
from halon.connectors.http import Response, send
from halon.incident.orders import Call

_ANSWERS = (200, 201, 202, 204)


async def asked(
    url_env: str,
    payload: Mapping[str, Any],
    *,
    client: httpx.AsyncClient,
    environ: Mapping[str, str],
    key: str | None = None,
    secret: str = "",
    auth: str = "",
    seconds: float = 10.0,
) -> Response:
    """Post ``payload`` as JSON to the URL in the variable ``url_env``; all that was answered, which proves that it arrived.

    ``secret`` names the variable of a token, sent by the scheme ``auth``; ``seconds`` bound the exchange. Raises
    MissingSecret if there is no URL, Refused if it is none, and what ``halon.connectors.http.send`` raises.
    """
    url = environ.get(url_env, "")
    if not url:
        raise MissingSecret(url_env)
    try:
        host = httpx.URL(url).host
    except httpx.InvalidURL:
        raise Refused("", f"the variable {url_env} does not hold a URL") from None
    call = Call(
        method="POST",
        url=url,
        hosts=(host,),
        body=dict(payload),
        expect_status=_ANSWERS,
        key_header="Idempotency-Key",
        auth=auth,
        secret=secret,
        timeout=seconds,
    )
    return await send(call, key=key, client=client, environ=environ)
