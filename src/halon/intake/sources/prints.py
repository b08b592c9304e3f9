"""A fingerprint for an alert whose sender gives none: what makes two of them the same alert."""

from __future__ import annotations

import hashlib
import json

from halon.intake.sources import fields


def fingerprint(*parts: object) -> str:
    """Sixteen characters that are the same for the same ``parts`` (JSON values), and other ones for others."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode("utf-8", "replace")).hexdigest()[:16]


def named(text: str, *parts: object, prefix: str = "") -> str:
    """``text`` behind ``prefix`` if it is a plain id, else the fingerprint of both and ``parts``."""
    plain = fields.identifier(text)  # looked at alone: behind a prefix a number might not be seen for what it is
    return f"{prefix}{plain}" if plain else fingerprint(text and f"{prefix}{text}", *parts)
