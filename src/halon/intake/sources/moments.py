"""Times as vendors write them: ISO 8601 text, or seconds or milliseconds since 1970, also as text."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from halon.incident import times
from halon.intake.sources import fields

_LONGEST = 64
_MILLISECONDS = 100_000_000_000
"""From here on a number counts milliseconds: as seconds it would be the year 5138."""


def moment(value: Any) -> str:
    """The time ``value`` as ISO 8601 UTC, or "" for what is none."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    if isinstance(value, str):
        text = value.strip()[:_LONGEST]
        if not text.isdecimal() or not text.isascii():
            return _iso(text)
        value = int(text)
    if not 0 < value < _MILLISECONDS * 10_000:
        return ""
    seconds = value / 1000 if value >= _MILLISECONDS else value
    try:
        return times.text(datetime.fromtimestamp(seconds, UTC))
    except (OverflowError, OSError, ValueError):
        return ""


def _iso(text: str) -> str:
    try:
        return fields.moment(text)
    except ValueError:
        return ""
