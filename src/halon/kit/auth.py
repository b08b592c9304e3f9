"""How a sender shows that it is who it says, as data: the door does the comparing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

Scheme = Literal["bearer", "basic", "hmac", "standard-webhooks", "pagerduty", "sentry", "grafana"]
SCHEMES: tuple[Scheme, ...] = get_args(Scheme)
Encoding = Literal["hex", "base64"]
Algorithm = Literal["sha256", "sha512"]
TOLERANCE = 300
"""Seconds that the clock of a sender that signs may be off (Standard Webhooks recommends five minutes)."""


@dataclass(frozen=True, slots=True)
class Auth:
    """How a sender shows that it is who it says. An empty ``header`` is the usual one of the scheme.

    ``user`` is for basic. For hmac: ``prefix`` stands before the signature, ``timestamp_header`` names the header that
    holds the time of signing (empty: none, which the kit must accept: no replay is seen), which is signed before the body with ``separator``
    between. ``tolerance`` is in seconds.
    """

    scheme: Scheme = "bearer"
    header: str = ""
    user: str = "halon"
    prefix: str = ""
    encoding: Encoding = "hex"
    algorithm: Algorithm = "sha256"
    timestamp_header: str = ""
    separator: str = "."
    tolerance: int = TOLERANCE


BEARER = Auth()
USUAL: Mapping[str, Scheme] = {"pagerduty": "pagerduty", "sentry": "sentry", "halon": "standard-webhooks"}
"""The scheme of the kinds that don't show a bearer token."""
