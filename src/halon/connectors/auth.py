"""Named auth schemes: how secrets become headers. They come from the environment and go nowhere else.

``none``, ``bearer``, ``basic`` (a secret of the form ``user:password``), ``header:<name>``; ``oauth2`` (client credentials, ``auth_oauth2``); ``hmac``
(``auth_hmac``); ``aws-sigv4`` (``auth_sigv4``); ``mtls`` (a client certificate, ``auth_tls``). Two more are for Halon's
own connectors: ``token`` (PagerDuty's REST API) and ``geniekey`` (Opsgenie).
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import httpx

from halon.connectors import auth_hmac, auth_sigv4
from halon.connectors.errors import MissingSecret, Refused
from halon.connectors.schemes import SCHEMES
from halon.incident.orders import Call


@dataclass(frozen=True, slots=True)
class Secrets:
    """The values that a call needs: ``main`` is the call's ``secret``, ``named`` its ``secrets`` by name."""

    main: str
    named: Mapping[str, str]

    def __repr__(self) -> str:
        return "Secrets(…)"

    def __bool__(self) -> bool:
        return bool(self.main or self.named)

    @property
    def masked(self) -> tuple[str, ...]:
        """What no error may repeat."""
        return tuple(text for text in (self.main, *self.named.values()) if text)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A request as it will leave, for schemes that sign it: the address by name, not by number."""

    method: str
    url: httpx.URL
    headers: Mapping[str, str]
    content: bytes
    now: datetime


def secrets_of(call: Call, environ: Mapping[str, str]) -> Secrets:
    """The values of the variables that ``call`` names. Raises MissingSecret, and Refused for one that can't be sent."""
    return Secrets(
        _value(call, call.secret, environ) if call.secret else "",
        {name: _value(call, variable, environ) for name, variable in call.secrets.items()},
    )


def headers_for(call: Call, secrets: Secrets, outgoing: Outgoing) -> dict[str, str]:
    """The headers that carry or are signed with ``secrets``.

    Raises Refused for a scheme that nobody knows, or one without its secret.
    """
    scheme, _, name = call.auth.partition(":")
    if scheme in ("", "none") and not secrets.main:
        return {}
    if scheme == "mtls":
        return {}  # the certificate speaks, before any header does
    if scheme in ("hmac", "aws-sigv4"):
        sign = auth_hmac.signed if scheme == "hmac" else auth_sigv4.signed
        given = {"secret": secrets.main, **secrets.named}
        try:
            return sign(
                outgoing.method, outgoing.url, outgoing.headers, outgoing.content, outgoing.now, call.auth_with, given
            )
        except KeyError as error:
            raise Refused(_host(call), f"the auth scheme {scheme} needs {error.args[0]!r}; name it") from None
    if not secrets.main:
        raise Refused(_host(call), f"the auth scheme {call.auth!r} needs a secret; name its environment variable")
    match scheme:
        case "" | "bearer" | "oauth2":
            return {"Authorization": f"Bearer {secrets.main}"}
        case "basic":
            return {"Authorization": f"Basic {base64.b64encode(secrets.main.encode()).decode()}"}
        case "token":
            return {"Authorization": f"Token token={secrets.main}"}
        case "geniekey":
            return {"Authorization": f"GenieKey {secrets.main}"}
        case "header" if name:
            return {name: secrets.main}
    raise Refused(_host(call), f"there is no auth scheme {call.auth!r}; known: {', '.join(SCHEMES)}")


def _value(call: Call, variable: str, environ: Mapping[str, str]) -> str:
    value = environ.get(variable, "")
    if not value:
        raise MissingSecret(variable)
    if any(ord(character) < 32 or ord(character) == 127 for character in value):
        raise Refused(_host(call), f"the value of {variable} holds a control character; was a line break pasted in?")
    return value


def _host(call: Call) -> str:
    return call.hosts[0] if call.hosts else ""
