"""The one question that the door asks of a delivery: does it come from who it says?"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from fastapi import Request

from halon.intake.problems import NotFromHere
from halon.intake.proofs.shown import require_shown
from halon.intake.proofs.signed import key_of, require_headers, require_signature
from halon.intake.signatures import REPORTING, SHORTEST, Keys, is_this_machine
from halon.kit.auth import Auth
from halon.kit.source import Source

Check = Callable[[bytes], None]
"""Raises Unauthorised unless the body is signed by who it says."""
SIGNING = ("hmac", "standard-webhooks", "pagerduty", "sentry", "grafana")
GIVEN: Mapping[str, str] = {
    "pagerduty": "the one of its web hook subscription",
    "sentry": "the client secret of its integration",
}
"""Schemes whose secret the sender makes, and what it is called there: one that is made here would fit nothing."""


def check_of(request: Request, source: Source, keys: Keys, clock: Callable[[], float] = time.time) -> Check | None:
    """Look at the headers now, and give back what looks at the body; None where the headers prove all there is to prove.

    Of a signature, its headers must be there and its time must fit before a byte of the body is read. A source without
    a secret is open to this machine.

    Raises Unauthorised, NotFromHere.
    """
    secrets = secrets_of(source, keys)
    if not secrets:
        if not is_this_machine(request):
            raise NotFromHere(_only_here(source))
        return None
    if source.auth.scheme in SIGNING:
        require_headers(request.headers, source.auth, clock())
        return lambda content: require_signature(request.headers, content, source.auth, secrets, clock())
    require_shown(request.headers, source.auth, secrets)
    return None


def _only_here(source: Source) -> str:
    if source.token_env == REPORTING:  # no secret of the kit: the docs name it
        return f"reporting is open only straight from this machine while {REPORTING} is not set; set it and send it"
    return f"the source {source.name} is open only straight from this machine; give it a secret to open it to others"


def secrets_of(source: Source, keys: Keys) -> tuple[str, ...]:
    """The secrets that fit: the one in use, and the one before or after it while it is changed."""
    return tuple(secret for name in (source.token_env, source.also_env) if (secret := keys.token(name)))


def unfit(name: str, auth: Auth, keys: Keys) -> str:
    """What is wrong with the secret called ``name``, as a sentence; empty if nothing is, or none is set."""
    secret = keys.token(name)
    if not secret:
        return ""
    if len(secret) < SHORTEST:
        return f"{name} has {len(secret)} characters; it needs at least {SHORTEST}"
    try:
        key = key_of(secret, auth)
    except ValueError as error:
        return f"{name} is no secret of Standard Webhooks: {error}; make one with: halon up, or openssl rand -base64 32"
    if len(key) < SHORTEST:
        return f"{name} holds a key of {len(key)} bytes; it needs at least {SHORTEST}"
    return ""
