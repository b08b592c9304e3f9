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
_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))


class NotCanonical(HalonError):
    """A value has no canonical JSON form. The message says where in the value, and why."""


def canonical(value: object) -> bytes:
    """The canonical JSON of ``value``: None, bool, int, float, str, list or tuple, dict with text keys.

    Raises NotCanonical for anything else, for NaN and infinities, integers beyond 64 bits, text that UTF-8 cannot
    hold, and nesting deeper than 64 levels. Values from outside go through ``plain`` first.
    """
    _require(value, "value", 0)
    return _ENCODER.encode(value).encode("utf-8")


def canonical_of_plain(value: object) -> bytes:
    """The same for what ``plain`` returned, alone or in a dict of such: nothing about it needs to be looked at again."""
    return _ENCODER.encode(value).encode("utf-8")


def digest(value: object) -> str:
    """SHA-256 (hex) of the canonical JSON of ``value``. Raises NotCanonical as ``canonical`` does."""
    return hashlib.sha256(canonical(value)).hexdigest()


def plain(value: object) -> Any:
    """A deep copy of ``value`` that always has a canonical form, for values that nobody has checked yet.

    Never raises: a value that JSON cannot hold becomes text that says so. Numbers that have no canonical form become
    their text, stray surrogates U+FFFD, keys text, types that JSON does not know ``[type name]``.
    """
    return _plain(value, 0)


def _require(value: Any, where: str, depth: int) -> None:
    if depth > DEEPEST:
        raise NotCanonical(f"{where[:200]}: nested deeper than {DEEPEST} levels; flatten it or pass it through plain()")
    kind = _kind(value)
    if kind is None or kind is bool:
        return
    if kind is str:
        _require_text(value, where)
    elif kind is int:
        if not -_LARGEST <= value < _LARGEST:
            raise NotCanonical(f"{where}: an integer beyond 64 bits; write it as text")
    elif kind is float:
        if not math.isfinite(value):
            raise NotCanonical(f"{where}: {value!r} is not a JSON number; use null or text")
    elif kind is list:
        for index, item in enumerate(value):
            _require(item, f"{where}[{index}]", depth + 1)
    elif kind is dict:
        for key, item in value.items():
            if _kind(key) is not str:
                raise NotCanonical(f"{where}: the key {key!r} is {type(key).__name__}, not text")
            _require_text(key, where)
            _require(item, f"{where}.{key}", depth + 1)
    else:
        raise NotCanonical(
            f"{where}: {type(value).__name__} is not a JSON value; convert it or pass the value through plain()"
        )


_KINDS: dict[type, type | None] = {
    type(None): None, str: str, bool: bool, int: int, float: float, list: list, tuple: list, dict: dict,
}  # fmt: skip


def _kind(value: object) -> type | None:
    """What JSON makes of a value: None, bool, str, int, float, list, dict; ``object`` for what it does not know.

    By the exact type first: in the workflow sandbox each ``isinstance`` goes through a function of the SDK's, which
    took a quarter of the time between the first look and the first order (measured).
    """
    kind = type(value)
    if kind in _KINDS:
        return _KINDS[kind]
    for base, named in ((str, str), (int, int), (float, float), ((list, tuple), list), (dict, dict)):
        if isinstance(value, base):
            return named
    return object


def _require_text(text: str, where: str) -> None:
    if text.isascii():
        return
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise NotCanonical(f"{where}: text with a stray surrogate at character {error.start}") from error


def _plain(value: Any, depth: int) -> Any:
    kind = _kind(value)
    if kind is None or kind is bool:
        return value
    if kind is str:
        return _plain_text(value)
    if kind is int:
        whole = int(value)
        return whole if -_LARGEST <= whole < _LARGEST else f"{whole:#x}"
    if kind is float:
        return float(value) if math.isfinite(value) else repr(float(value))
    if kind is list or kind is dict:
        if depth >= _PLAIN_DEEPEST:
            return "[too deep]"
        return [_plain(item, depth + 1) for item in value] if kind is list else _plain_keys(value, depth)
    return f"[{type(value).__name__}]"


def _plain_keys(value: dict[Any, Any], depth: int) -> dict[str, Any]:
    """Keys as text. Two keys that become the same text both stay: the later one gets a number."""
    out: dict[str, Any] = {}
    for key, item in value.items():
        name = _plain_text(key) if _kind(key) is str else str(_plain(key, depth + 1))
        unique, number = name, 2
        while unique in out:
            unique, number = f"{name}#{number}", number + 1
        out[unique] = _plain(item, depth + 1)
    return out


def _plain_text(text: str) -> str:
    # A subclass such as StrEnum becomes bare text: it would not compare equal in type after a round trip.
    bare = str.__str__(text)
    return bare if bare.isascii() else bare.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
