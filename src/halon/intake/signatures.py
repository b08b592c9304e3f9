"""Who may come in: bearer tokens and signatures, compared in constant time; and what stays open to this machine alone.

Secrets come from the environment, by the name that the kit gives; they are read here and nowhere kept on disk.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping

from fastapi import Request

from halon.intake.problems import NotFromHere, Unauthorised
from halon.settings import is_loopback

READING = "HALON_TOKEN_READ"
REPORTING = "HALON_TOKEN_REPORT"
"""The variables that hold the tokens for reading and for reporting."""
SHORTEST = 16
"""Characters that a token must have: a shorter one is refused at start."""
SIGNATURE = "X-PagerDuty-Signature"
_MOST_SIGNATURES = 10
_FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")


class Keys:
    """The tokens that the environment holds, by name."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def token(self, name: str) -> str:
        """The token of this name, or "" if none is set."""
        return self._environ.get(name, "").strip() if name else ""

    def require(self, request: Request, name: str, what: str) -> None:
        """Let the request through if it carries the token called ``name``, or, with no such token set, if it comes
        straight from this machine. ``what`` says in words what is asked for.

        Raises Unauthorised, NotFromHere.
        """
        expected = self.token(name)
        if expected:
            require_bearer(request, expected, name)
        else:
            require_this_machine(request, name, what)

    def require_signed(self, request: Request, content: bytes, name: str, what: str) -> None:
        """Like ``require``, for a sender that signs ``content``, the body as it came, with the secret called ``name``.

        Raises Unauthorised, NotFromHere.
        """
        expected = self.token(name)
        if expected:
            require_signature(request.headers.get(SIGNATURE, ""), content, expected, name)
        else:
            require_this_machine(request, name, what)


def require_bearer(request: Request, expected: str, name: str) -> None:
    """Raises Unauthorised unless the request carries ``expected`` as its bearer token. ``name`` is its variable."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not given.strip():
        raise Unauthorised(f"send the header 'Authorization: Bearer TOKEN' with the token that {name} holds here")
    # As bytes: compare_digest refuses text that is not ASCII.
    if not hmac.compare_digest(given.strip().encode("utf-8", "replace"), expected.encode("utf-8", "replace")):
        raise Unauthorised(f"the token is not the one that {name} holds here; compare the two")


def require_signature(given: str, content: bytes, secret: str, name: str) -> None:
    """Raises Unauthorised unless one of the ``v1=`` signatures in ``given`` is HMAC-SHA256 of ``content`` in hex.

    A sender that changes its secret signs with both for a while. ``name`` is the variable that holds ``secret``.
    """
    expected = hmac.new(secret.encode(), content, hashlib.sha256).hexdigest().encode()
    signatures = [part.strip().removeprefix("v1=") for part in given.split(",") if part.strip().startswith("v1=")]
    # Every one is compared, so that the time tells nothing of which was near.
    found = [hmac.compare_digest(one.encode("utf-8", "replace"), expected) for one in signatures[:_MOST_SIGNATURES]]
    if not any(found):
        raise Unauthorised(
            f"no signature of the delivery is made with the secret that {name} holds here; copy it anew from the web "
            "hook subscription"
        )


def require_this_machine(request: Request, name: str, what: str) -> None:
    """Raises NotFromHere unless the request comes straight from this machine.

    A proxy on this machine also comes from loopback, and so does a web page whose host name was pointed at it; so the
    request must name a loopback host and show no trace of a proxy.
    """
    peer = request.client.host if request.client else ""
    straight = not any(header in request.headers for header in _FORWARDED)
    if not (is_loopback(peer) and straight and is_loopback(_host_name(request.headers.get("host", "")))):
        raise NotFromHere(f"{what} is open only straight from this machine while {name} is not set; set it and send it")


def _host_name(header: str) -> str:
    if header.startswith("["):
        return header[1:].partition("]")[0]
    return header.partition(":")[0]
