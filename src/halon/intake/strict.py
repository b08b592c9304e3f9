"""JSON that every parser reads alike (I-JSON, RFC 7493): no name twice in an object, no number that only some can hold.

Two parsers that disagree about one payload are a way past a check: the last of two equal names wins here and the first
one there, or a number is infinite for one of them. Such a payload is refused, with the place.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

from pydantic_core import from_json

from halon.intake.problems import BadPayload
from halon.redaction import redact

LARGEST = 10**40
"""Whole numbers from here on are refused: ids of 128 bits fit, and nothing that anyone counts is larger."""
_BOM = b"\xef\xbb\xbf"
_NAME = re.compile(r"[A-Za-z0-9_.:/@-]{1,60}")
_NAMED = re.compile(rb'"[ \t\n\r]*:')
"""What stands behind each name of an object, and perhaps within a text: as many as names means that none is there twice."""
_SHOWN = 8


def read_json(content: bytes, depth: int) -> Any:
    """The JSON value in ``content``, nested at most ``depth`` deep. Raises BadPayload, which names the place."""
    if content.startswith(_BOM):
        raise BadPayload("body", "begins with a byte order mark, which JSON may not have")
    try:
        # This parser has a depth bound of its own, so that hostile nesting can't exhaust the stack before ours is checked.
        value = from_json(content, allow_inf_nan=False, cache_strings="none")
    except ValueError as error:
        raise BadPayload("body", f"not JSON in UTF-8 ({str(error)[:200]})") from None
    if len(_NAMED.findall(content)) != _require_sane(value, depth):
        _require_once(content)
    return value


def shown(name: str) -> str:
    """A name out of a payload as it may be repeated: short, of plain characters, and nothing that would be masked."""
    return repr(name) if _NAME.fullmatch(name) and redact(name).text == name else "a name that is not repeated here"


def _require_sane(value: Any, depth: int) -> int:
    """How many names the objects in ``value`` have. Raises BadPayload."""
    level, names = [value], 0
    for _ in range(depth + 1):
        below: list[Any] = []
        for outer in level:
            if isinstance(outer, str):
                continue
            if isinstance(outer, dict):
                names += len(outer)
                below += outer.values()
            elif isinstance(outer, list):
                below += outer
            elif isinstance(outer, float):
                if not math.isfinite(outer):
                    raise BadPayload("body", "a number is too large to be one")
            elif isinstance(outer, int) and not -LARGEST < outer < LARGEST:
                raise BadPayload("body", "a number has more than 40 digits; send it as text")
        if not below:
            return names
        level = below
    raise BadPayload("body", f"nested deeper than {depth} levels")


class _Twice(Exception):
    """An object has a name twice."""


def _once(pairs: list[tuple[str, Any]]) -> None:
    if len({name for name, _ in pairs}) != len(pairs):
        raise _Twice


_ONCE = json.JSONDecoder(object_pairs_hook=_once)
_PAIRS = json.JSONDecoder(object_pairs_hook=lambda pairs: tuple(pairs))


def _require_once(content: bytes) -> None:
    """Raises BadPayload if an object has a name twice. ``content`` is sound JSON of bounded depth."""
    text = content.decode()
    try:
        _ONCE.decode(text)
    except _Twice:
        place, name = _twice(_PAIRS.decode(text)) or ((), "")
        raise BadPayload(_pointer(place), f"{shown(name)} is there twice in one object") from None


def _twice(value: Any, place: tuple[str, ...] = ()) -> tuple[tuple[str, ...], str] | None:
    """The place of the first object with a name twice, and that name. Objects are tuples of pairs here."""
    if isinstance(value, tuple):
        names = set()
        for name, _ in value:
            if name in names:
                return place, name
            names.add(name)
        inside = [(name, item) for name, item in value]
    elif isinstance(value, list):
        inside = [(str(index), item) for index, item in enumerate(value)]
    else:
        return None
    return next((found for name, item in inside if (found := _twice(item, (*place, name))) is not None), None)


def _pointer(place: tuple[str, ...]) -> str:
    steps = [name if _NAME.fullmatch(name) and redact(name).text == name else "…" for name in place[:_SHOWN]]
    return ".".join(["body", *steps, *(["…"] if len(place) > _SHOWN else [])])
