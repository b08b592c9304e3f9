"""One-time codes of an authenticator app: RFC 6238 over RFC 4226, SHA-1, six digits, steps of 30 seconds."""

from __future__ import annotations

import base64
import hashlib
import hmac
from urllib.parse import quote

STEP = 30
"""Seconds of one code."""
DIGITS = 6
WINDOW = 1
"""Steps to each side that are taken: typing takes time, and clocks are a little off (RFC 6238, section 5.2)."""
LOOKED = 20
"""Steps to each side in which a code is recognised, to say by how much a clock is off. They are not taken."""


def step_of(at: float) -> int:
    """The step of a moment (seconds since 1970, UTC)."""
    return int(at // STEP)


def code(seed: bytes, step: int, digits: int = DIGITS) -> str:
    """The code of a step."""
    mac = hmac.new(seed, step.to_bytes(8, "big"), hashlib.sha1).digest()
    start = mac[-1] & 0x0F
    number = int.from_bytes(mac[start : start + 4], "big") & 0x7FFF_FFFF
    return f"{number % 10**digits:0{digits}}"


def offset(seed: bytes, given: str, at: float) -> int | None:
    """How many steps ``given`` is off the moment ``at``: 0 of this step, -1 of the one before; None: no code around it.

    Every step is compared, so that the time taken says nothing.
    """
    now = step_of(at)
    found: int | None = None
    for away in sorted(range(-LOOKED, LOOKED + 1), key=abs, reverse=True):
        if now + away >= 0 and hmac.compare_digest(code(seed, now + away), given):
            found = away
    return found


def in_a_row(seed: bytes, given: str, at: float) -> int | None:
    """How many steps the second of two codes in a row, written as one text, is off the moment ``at``; at most ``WINDOW``.

    Nobody guesses them: one try hits with three in a million millions.
    """
    now = step_of(at)
    found: int | None = None
    for away in range(-WINDOW, WINDOW + 1):
        if now + away > 0 and hmac.compare_digest(code(seed, now + away - 1) + code(seed, now + away), given):
            found = away
    return found


def uri(seed: bytes, person: str, issuer: str) -> str:
    """The ``otpauth://`` address that an authenticator app takes. It holds the seed: show it once, keep it nowhere."""
    secret = base64.b32encode(seed).decode().rstrip("=")
    label = quote(f"{issuer}:{person}", safe="")
    return f"otpauth://totp/{label}?secret={secret}&issuer={quote(issuer, safe='')}&algorithm=SHA1&digits={DIGITS}&period={STEP}"
