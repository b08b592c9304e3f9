"""The seed behind a person's codes, derived anew each time from one key: no seed is stored anywhere."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping

from halon.identity.errors import NoIdentityKey

VARIABLE = "HALON_IDENTITY_KEY"
SHORTEST = 32
"""Characters of the key; ``openssl rand -hex 32`` gives 64."""
_LENGTH = 20
"""Bytes of a seed: those of the hash, as RFC 4226 advises."""


def identity_key(environ: Mapping[str, str]) -> bytes:
    """The key from the environment. Raises NoIdentityKey if it is not set or too short to be one."""
    value = environ.get(VARIABLE, "").strip()
    if len(value) < SHORTEST:
        raise NoIdentityKey(VARIABLE, SHORTEST, given=bool(value))
    return value.encode()


def seed(key: bytes, person: str, generation: int) -> bytes:
    """The seed of the ``generation``-th device of ``person``."""
    return hmac.new(key, f"halon totp\n{person}\n{generation}".encode(), hashlib.sha256).digest()[:_LENGTH]
