"""Values as they are written down: bounded for the log, exact for an approval, as JSON, with times in UTC."""

from __future__ import annotations

import dataclasses
import datetime
import json
import math
import os
import time
from typing import Any

Json = dict[str, Any]
UTC = datetime.timezone(datetime.timedelta(0))
"""Python 3.10 has no ``datetime.UTC``."""
LONGEST = 4_000
"""Characters of one text in the log or a trace."""


def bounded(value: Any, depth: int = 0) -> Any:
    """A copy that can be written as JSON: cut where it is long or deep; what JSON can't hold is named by its type."""
    if isinstance(value, str):
        short = value[:LONGEST]
        return short if short.isascii() else short.encode("utf-8", "replace").decode()
    if value is None or isinstance(value, bool) or (isinstance(value, int) and abs(value) < 2**63):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    if isinstance(value, dict) and depth < 5:
        return {str(key)[:200]: bounded(one, depth + 1) for key, one in list(value.items())[:100]}
    if isinstance(value, (list, tuple, set, frozenset)) and depth < 5:
        return [bounded(one, depth + 1) for one in list(value)[:100]]
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


def dumped(value: Any) -> str:
    """JSON that is ASCII. Raises ValueError for NaN and infinity."""
    return json.dumps(value, ensure_ascii=True, allow_nan=False)


def utc(seconds: float | None = None) -> str:
    """A moment, or now, such as 2026-11-22T10:00:00.000Z."""
    moment = datetime.datetime.fromtimestamp(time.time() if seconds is None else seconds, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def first_text(value: Json, *names: str) -> str:
    """The first of these fields that holds text, cut where it is long."""
    return next((one[:LONGEST] for name in names if isinstance(one := value.get(name), str) and one), "")
