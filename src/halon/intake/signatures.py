"""Who may look and report: tokens by name, and what stays open to this machine alone. Senders: see ``proofs``.

Secrets come from the environment, by the name that the kit gives; they are read here and nowhere kept on disk.
"""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import Request

from halon.intake.problems import NotFromHere
from halon.intake.proofs.shown import require_bearer
from halon.settings import is_loopback

READING = "HALON_TOKEN_READ"
REPORTING = "HALON_TOKEN_REPORT"
"""The variables that hold the tokens for reading and for reporting."""
SHORTEST = 16
"""Characters that a token must have: a shorter one is refused at start."""
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
            otherwise = f"is not the one that {name} holds here; compare the two"
            require_bearer(request.headers, (expected,), f"the token that {name} holds here", otherwise)
        elif not is_this_machine(request):
            raise NotFromHere(
                f"{what} is open only straight from this machine while {name} is not set; set it and send it"
            )


def is_this_machine(request: Request) -> bool:
    """Whether the request comes straight from this machine.

    A proxy on this machine also comes from loopback, and so does a web page whose host name was pointed at it; so the
    request must name a loopback host and show no trace of a proxy.
    """
    peer = request.client.host if request.client else ""
    straight = not any(header in request.headers for header in _FORWARDED)
    return is_loopback(peer) and straight and is_loopback(_host_name(request.headers.get("host", "")))


def _host_name(header: str) -> str:
    if header.startswith("["):
        return header[1:].partition("]")[0]
    return header.partition(":")[0]
