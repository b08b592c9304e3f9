"""What changed from one kit to another, in lines for a person: the file, the key, what it was, what it is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

LONGEST = 20
"""Lines at most; the last one then says how many more there are."""
_LONGEST_VALUE = 60
_GONE = object()


def stored_at(digest: str) -> str:
    """Where the kit of this digest (hex) lies in the evidence store."""
    return f"kits/{digest}.json"


def difference(old: bytes, new: bytes) -> tuple[str, ...]:
    """At most ``LONGEST`` lines on what changed from the ``canonical`` bytes of one kit to those of another.

    A kit holds no secrets, only the names of their variables. Raises ValueError or KeyError for bytes that are no kit.
    """
    was, now = (json.loads(content)["files"] for content in (old, new))
    lines = [
        line for file in sorted({*was, *now}) for line in _of_file(file, was.get(file, _GONE), now.get(file, _GONE))
    ]
    if len(lines) <= LONGEST:
        return tuple(lines)
    return (*lines[: LONGEST - 1], f"and {len(lines) - LONGEST + 1} more")


def _of_file(file: str, was: Any, now: Any) -> Iterator[str]:
    if was is _GONE:
        yield f"{file}: new file"
    elif now is _GONE:
        yield f"{file}: the file is gone"
    else:
        for path, before, after in _changes((), was, now):
            yield f"{file} {'.'.join(path)}: {_word(before)} -> {_word(after)}" if path else f"{file}: its text changed"


def _changes(path: tuple[str, ...], was: Any, now: Any) -> Iterator[tuple[tuple[str, ...], Any, Any]]:
    if was == now and type(was) is type(now):
        return
    if isinstance(was, dict) and isinstance(now, dict):
        for key in sorted({*was, *now}):
            yield from _changes((*path, str(key)), was.get(key, _GONE), now.get(key, _GONE))
    elif isinstance(was, list) and isinstance(now, list) and len(was) == len(now):
        for index, (one, other) in enumerate(zip(was, now, strict=True)):
            yield from _changes((*path, str(index)), one, other)
    else:
        yield path, was, now


def _word(value: Any) -> str:
    if value is _GONE:
        return "not there"
    text = " ".join((value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)).split())
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 1] + "…"
