"""One spelling for each JSON value, so that a digest of it means something.

Keys sorted by code point, no white space, UTF-8, integers of at most 64 bits, finite floats in their shortest form that
reads back as the same float. The verifier that leaves the house with a bundle repeats these rules on purpose.
"""

from __future__ import annotations

import hashlib
import json
import math
from typing import Any

from halon.incident.errors import HalonError

DEEPEST = 64
"""Levels of nesting that have a canonical form."""

_PLAIN_DEEPEST = 48  # less than DEEPEST: what plain() returns is then put into something else
_LARGEST = 2**63


class NotCanonical(HalonError):
    """A value has no canonical JSON form. The message says where in the value, and why."""


def canonical(value: object) -> bytes:
    """The canonical JSON of ``value``: None, bool, int, float, str, list or tuple, dict with text keys.

    Raises NotCanonical for anything else, for NaN and infinities, integers beyond 64 bits, text that UTF-8 cannot
    hold, and nesting deeper than 64 levels. Values from outside go through ``plain`` first.
    """
    _require(value, "value", 0)
    written = json.dumps(value, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))
    return written.encode("utf-8")


def digest(value: object) -> str:
    """SHA-256 (hex) of the canonical JSON of ``value``. Raises NotCanonical as ``canonical`` does."""
    return hashlib.sha256(canonical(value)).hexdigest()


def plain(value: object) -> Any:
    """A deep copy of ``value`` that always has a canonical form, for values that nobody has checked yet.

    Never raises: a value that JSON cannot hold becomes text that says so. Numbers that have no canonical form become
    their text, stray surrogates U+FFFD, keys text, types that JSON does not know ``[type name]``.
    """
    return _plain(value, 0)


def _require(value: object, where: str, depth: int) -> None:
    if depth > DEEPEST:
        raise NotCanonical(f"{where[:200]}: nested deeper than {DEEPEST} levels; flatten it or pass it through plain()")
    kind = type(value)
    if value is None or kind is bool:
        return
    if isinstance(value, str):
        _require_text(value, where)
    elif isinstance(value, int):
        if not -_LARGEST <= value < _LARGEST:
            raise NotCanonical(f"{where}: an integer beyond 64 bits; write it as text")
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise NotCanonical(f"{where}: {value!r} is not a JSON number; use null or text")
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            _require(item, f"{where}[{index}]", depth + 1)
    elif isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                raise NotCanonical(f"{where}: the key {key!r} is {type(key).__name__}, not text")
            _require_text(key, where)
            _require(item, f"{where}.{key}", depth + 1)
    else:
        raise NotCanonical(
            f"{where}: {kind.__name__} is not a JSON value; convert it or pass the value through plain()"
        )


def _require_text(text: str, where: str) -> None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise NotCanonical(f"{where}: text with a stray surrogate at character {error.start}") from error


def _plain(value: object, depth: int) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _plain_text(value)
    if isinstance(value, int):
        whole = int(value)
        return whole if -_LARGEST <= whole < _LARGEST else f"{whole:#x}"
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else repr(float(value))
    if isinstance(value, list | tuple | dict) and depth >= _PLAIN_DEEPEST:
        return "[too deep]"
    if isinstance(value, list | tuple):
        return [_plain(item, depth + 1) for item in value]
    if isinstance(value, dict):
        return _plain_keys(value, depth)
    return f"[{type(value).__name__}]"


def _plain_keys(value: dict[Any, Any], depth: int) -> dict[str, Any]:
    """Keys as text. Two keys that become the same text both stay: the later one gets a number."""
    out: dict[str, Any] = {}
    for key, item in value.items():
        name = _plain_text(key) if isinstance(key, str) else str(_plain(key, depth + 1))
        unique, number = name, 2
        while unique in out:
            unique, number = f"{name}#{number}", number + 1
        out[unique] = _plain(item, depth + 1)
    return out


def _plain_text(text: str) -> str:
    # A subclass such as StrEnum becomes bare text: it would not compare equal in type after a round trip.
    return str.__str__(text).encode("utf-8", "surrogatepass").decode("utf-8", "replace")
