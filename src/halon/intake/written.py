"""Alerts as the door writes them: changed in a field or two, and as JSON for Temporal.

Both are done several times for each alert of a storm. What ``dataclasses.replace`` and a serialiser that looks at a
type's fields by itself need for it was a tenth of the door's time (measured).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import MISSING, fields
from operator import attrgetter
from typing import Any

from pydantic_core import to_json

from halon.incident.alerts import Alert

_NAMES = tuple(field.name for field in fields(Alert))
_values = attrgetter(*_NAMES)
_RAW, _SHA256 = _NAMES.index("raw"), _NAMES.index("raw_sha256")
_NEEDED = frozenset(field.name for field in fields(Alert) if field.default is field.default_factory is MISSING)
_SLIM = tuple(name for name in _NAMES if name not in ("labels", "summary"))
_slim_values = attrgetter(*_SLIM)


def with_raw(alert: Alert, raw: str, sha256: str) -> Alert:
    """``alert``, whose payload lies sealed at ``raw``."""
    values: list[Any] = [*_values(alert)]
    values[_RAW], values[_SHA256] = raw, sha256
    return Alert(*values)


def whole(alert: Alert) -> bytes:
    """``alert`` as JSON. A field that says nothing is left out where whoever reads it has the same default.

    One that has none is written however little it says: a batch of many senders is read whole or not at all.
    """
    return to_json(
        {name: value for name, value in zip(_NAMES, _values(alert), strict=True) if value or name in _NEEDED}
    )


def slim(alert: Alert) -> bytes:
    """What counts of ``alert`` in a storm, as JSON: who, what, when; no labels and no summary."""
    return to_json(
        {name: value for name, value in zip(_SLIM, _slim_values(alert), strict=True) if value or name in _NEEDED}
    )


def listed(alerts: Iterable[bytes]) -> bytes:
    """The JSON list of alerts that are JSON already."""
    return b"[%b]" % b",".join(alerts)
