"""Values as they are written down: bounded for the log, exact for an approval, as JSON, with times in UTC."""

from __future__ import annotations

import dataclasses
import datetime
import json
import math
import os
import time
from itertools import islice
from json.encoder import encode_basestring_ascii
from typing import Any

Json = dict[str, Any]
UTC = datetime.timezone(datetime.timedelta(0))
"""Python 3.10 has no ``datetime.UTC``."""
LONGEST = 4_000
"""Characters of one text in the log or a trace."""
LARGEST = 25_000
"""Bytes of JSON of one value in the log or a trace, about: a text of ``LONGEST`` fits in any script."""


def bounded(value: Any) -> Any:
    """A copy that can be written as JSON: cut where it is long, deep or large; what JSON can't hold is named by its type.

    Where ``LARGEST`` is reached, ``cut`` stands for the rest of a list, and for the rest of an object as a field.
    """
    return _copied(value, [LARGEST], 0)


def _copied(value: Any, left: list[int], depth: int) -> Any:
    """``left`` holds the bytes that may still be written, for the whole value."""
    if isinstance(value, str):
        text = value[:LONGEST]
        # Measuring costs more than copying. A short text of nothing but control characters is six times as large.
        size = len(text)
        if size > 1_000 or not text.isascii():
            size = len(encode_basestring_ascii(text))
        if size > left[0]:
            text = text[: len(text) * max(left[0], 0) // size]
        left[0] -= size
        return text if text.isascii() else text.encode("utf-8", "replace").decode()
    left[0] -= 8
    if value is None or isinstance(value, bool) or (isinstance(value, int) and abs(value) < 2**63):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    if isinstance(value, dict) and depth < 5:
        fields: Json = {}
        for key, one in list(value.items() if len(value) <= 100 else islice(value.items(), 100)):
            if left[0] <= 0:
                fields.setdefault("cut", "cut")
                break
            name = str(key)[:200]
            left[0] -= len(name) if name.isascii() else 12 * len(name)
            fields[name] = _copied(one, left, depth + 1)
        return fields
    if isinstance(value, (list, tuple, set, frozenset)) and depth < 5:
        rows: list[Any] = []
        for one in list(islice(value, 100)):
            if left[0] <= 0:
                rows.append("cut")
                break
            rows.append(_copied(one, left, depth + 1))
        return rows
    return f"<{type(value).__name__}>"


def exactly(value: Any) -> str:
    """JSON of a value in full: an approval is for this and nothing else.

    Raises TypeError, ValueError or RecursionError if that can't be.
    """
    return json.dumps(value, sort_keys=True, default=_exact)


def _exact(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return [type(value).__name__, {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}]
    if hasattr(value, "model_dump"):
        return [type(value).__name__, value.model_dump(mode="json")]
    if isinstance(value, bytes):
        return [type(value).__name__, value.hex()]
    known = isinstance(value, (datetime.date, datetime.time, os.PathLike))
    if known or type(value).__module__ in ("decimal", "uuid"):
        return [type(value).__name__, str(value)]
    raise TypeError(f"a {type(value).__name__} can't be written down exactly")


def dumped(value: Any, *, inside: bool = False) -> str:
    """JSON that is ASCII, unless it goes ``inside`` other JSON, which sees to that. Raises ValueError for NaN and infinity."""
    return json.dumps(value, ensure_ascii=not inside, allow_nan=False)


def utc(seconds: float | None = None) -> str:
    """A moment, or now, such as 2026-11-22T10:00:00.000Z."""
    moment = datetime.datetime.fromtimestamp(time.time() if seconds is None else seconds, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def first_text(value: Json, *names: str) -> str:
    """The first of these fields that holds text, cut where it is long."""
    return next((one[:LONGEST] for name in names if isinstance(one := value.get(name), str) and one), "")
