"""Named auth schemes: how a secret becomes a header. The secret comes from the environment and goes nowhere else."""

from __future__ import annotations

import base64
from collections.abc import Mapping

from halon.connectors.errors import MissingSecret, Refused
from halon.incident.orders import Call

SCHEMES = ("none", "bearer", "basic", "header:<name>")
"""``basic`` takes a secret of the form ``user:password``; ``header:X-Api-Key`` sends the secret as that header.

Two more are for Halon's own connectors: ``token`` (PagerDuty's REST API) and ``geniekey`` (Opsgenie).
"""


def secret_of(call: Call, environ: Mapping[str, str]) -> str:
    """The secret's value, or empty text if the call names none. Raises MissingSecret."""
    if not call.secret:
        return ""
    value = environ.get(call.secret, "")
    if not value:
        raise MissingSecret(call.secret)
    return value


def headers_for(call: Call, secret: str) -> dict[str, str]:
    """The headers that carry ``secret``. Raises Refused for a scheme that nobody knows, or one without its secret."""
    scheme, _, name = call.auth.partition(":")
    if scheme in ("", "none") and not secret:
        return {}
    if not secret:
        raise Refused(
            call.hosts[0] if call.hosts else "",
            f"the auth scheme {call.auth!r} needs a secret; name its environment variable",
        )
    if any(ord(character) < 32 or ord(character) == 127 for character in secret):
        raise Refused(
            call.hosts[0] if call.hosts else "",
            f"the value of {call.secret} holds a control character; was a line break pasted in?",
        )
    match scheme:
        case "" | "bearer":
            return {"Authorization": f"Bearer {secret}"}
        case "basic":
            return {"Authorization": f"Basic {base64.b64encode(secret.encode()).decode()}"}
        case "token":
            return {"Authorization": f"Token token={secret}"}
        case "geniekey":
            return {"Authorization": f"GenieKey {secret}"}
        case "header" if name:
            return {name: secret}
    raise Refused(
        call.hosts[0] if call.hosts else "", f"there is no auth scheme {call.auth!r}; known: {', '.join(SCHEMES)}"
    )
