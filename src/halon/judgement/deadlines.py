"""Deadlines as expressions: earliest or latest of anchors plus spans, in hours or calendar days.

An anchor is the name of a fact that holds a time, or ``filed:<stage>`` for the actual filing of an earlier stage. While
an anchor is unknown the shadow clock runs from its stand-in, and the result says that it is provisional.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any, Literal
from zoneinfo import ZoneInfo

from halon.incident import times

Unit = Literal["hours", "calendar_days"]
UNITS: tuple[Unit, ...] = ("hours", "calendar_days")
SHORT = timedelta(hours=6)
"""A span under this length is too short for a staircase of warnings: the decider is warned at once."""
_SHARES = (0.5, 0.75, 0.9)
_DATE_ONLY = 10
_ROOM = timedelta(days=366)
"""What is reckoned from a deadline, such as reminders after it, must have a date too."""
_NO_TIME = "\0"
"""Stands for a value of an anchor that is no text, and so no time."""


@dataclass(frozen=True, slots=True)
class After:
    """``amount`` hours after an anchor, or the end of the day ``amount`` calendar days after it."""

    anchor: str
    amount: int
    unit: Unit = "hours"


@dataclass(frozen=True, slots=True)
class Earliest:
    """The earliest of its parts."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Latest:
    """The latest of its parts."""

    parts: tuple[Expression, ...]


Expression = After | Earliest | Latest


@dataclass(frozen=True, slots=True)
class StandIn:
    """What a clock runs from while its anchor is unknown: an ISO 8601 time and the reason in words."""

    at: str
    reason: str


@dataclass(frozen=True, slots=True)
class Deadline:
    """A deadline. ``due`` and ``started`` are ISO 8601 UTC, empty where nothing can be computed.

    ``due_local`` is the same moment in the regulator's zone, with the zone's name in brackets (RFC 9557).
    ``anchor`` names the anchor that decides; ``needs`` are the anchors not known yet.
    """

    due: str = ""
    due_local: str = ""
    started: str = ""
    anchor: str = ""
    provisional: bool = False
    reasons: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Reckoned:
    due: datetime | None
    started: datetime | None
    anchor: str
    provisional: bool = False
    reasons: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()


def reckon(
    expression: Expression, anchors: Mapping[str, Any], zone: str, stand_ins: Mapping[str, StandIn] | None = None
) -> Deadline:
    """When ``expression`` falls due. ``zone`` is the regulator's (an IANA name); it decides where a day ends.

    Hours run through weekends and clock changes. A day count ends at 23:59:59 of its last day. An anchor that holds
    a date without a time starts that day in ``zone``. Never raises on what an anchor holds: a value that is no time
    counts as unknown, and ``reasons`` says so.
    """
    names = anchors_of(expression)
    instead = stand_ins or {}
    told = tuple(value if value is None or isinstance(value, str) else _NO_TIME for value in map(anchors.get, names))
    return _reckoned(expression, names, told, tuple(map(instead.get, names)), zone)


@lru_cache(maxsize=4096)
def _reckoned(
    expression: Expression,
    names: tuple[str, ...],
    told: tuple[str | None, ...],
    instead: tuple[StandIn | None, ...],
    zone: str,
) -> Deadline:
    """Many regimes reckon the same: 72 hours from the same moment in the same zone."""
    place = ZoneInfo(zone)
    stand_ins = {name: stand_in for name, stand_in in zip(names, instead, strict=True) if stand_in is not None}
    found = _reckon(expression, dict(zip(names, told, strict=True)), place, stand_ins)
    if found.due is None:
        return Deadline(anchor=found.anchor, provisional=True, reasons=found.reasons, needs=found.needs)
    local = found.due.astimezone(place)
    return Deadline(
        due=times.text(found.due),
        due_local=f"{local.isoformat(timespec='seconds')}[{zone}]",
        started=times.text(found.started) if found.started else "",
        anchor=found.anchor,
        provisional=found.provisional,
        reasons=found.reasons,
        needs=found.needs,
    )


@lru_cache(maxsize=4096)
def decide_by(deadline: Deadline, approval_minutes: int) -> str:
    """Due less the minutes that approval and the portal take; never before the clock started."""
    if not deadline.due:
        return ""
    started = times.parse(deadline.started)
    try:
        latest = times.parse(deadline.due) - timedelta(minutes=approval_minutes)
    except OverflowError:  # it would lie before the first year
        return times.text(started)
    return times.text(max(latest, started))


@lru_cache(maxsize=4096)
def warnings(deadline: Deadline, approval_minutes: int) -> tuple[str, ...]:
    """When the decider is warned: at 50, 75 and 90 percent of the span and at ``decide_by``, in order.

    Under six hours: at once and at ``decide_by``.
    """
    if not deadline.due:
        return ()
    start, due = times.parse(deadline.started), times.parse(deadline.due)
    last = decide_by(deadline, approval_minutes)
    span = due - start
    moments = [start] if span < SHORT else [start + span * share for share in _SHARES]
    return tuple(sorted({*(times.text(moment) for moment in moments), last}))


@lru_cache(maxsize=4096)
def anchors_of(expression: Expression) -> tuple[str, ...]:
    """The names of all anchors in ``expression``, each once, in reading order."""
    if isinstance(expression, After):
        return (expression.anchor,)
    return tuple(dict.fromkeys(name for part in expression.parts for name in anchors_of(part)))


def moment(value: Any, zone: ZoneInfo) -> datetime | None:
    """The UTC time that an anchor's value names, or None. A date alone is the start of that day in ``zone``."""
    return _moment(value, zone) if isinstance(value, str) else None


@lru_cache(maxsize=4096)
def _moment(value: str, zone: ZoneInfo) -> datetime | None:
    try:
        if len(value) == _DATE_ONLY:
            return datetime.combine(datetime.fromisoformat(value).date(), time(), zone).astimezone(UTC)
        return times.parse(value)
    except (ValueError, OverflowError):
        return None


def local_day(at: datetime, zone: ZoneInfo) -> date:
    """The date of an aware time in ``zone``; where the calendar ends before the zone has one, that in UTC."""
    try:
        return at.astimezone(zone).date()
    except OverflowError:
        return at.astimezone(UTC).date()


def _reckon(
    expression: Expression, anchors: Mapping[str, Any], zone: ZoneInfo, stand_ins: Mapping[str, StandIn]
) -> _Reckoned:
    if isinstance(expression, After):
        return _after(expression, anchors, zone, stand_ins)
    parts = [_reckon(part, anchors, zone, stand_ins) for part in expression.parts]
    known = [part for part in parts if part.due is not None]
    reasons = tuple(dict.fromkeys(reason for part in parts for reason in part.reasons))
    needs = tuple(dict.fromkeys(need for part in parts for need in part.needs))
    if not known:
        return _Reckoned(None, None, parts[0].anchor if parts else "", True, reasons, needs)
    pick = min if isinstance(expression, Earliest) else max
    chosen = pick(known, key=lambda part: part.due or datetime.max.replace(tzinfo=UTC))
    # One unknown part may still move the result, whichever part decides now.
    return _Reckoned(chosen.due, chosen.started, chosen.anchor, bool(needs), reasons, needs)


def _after(span: After, anchors: Mapping[str, Any], zone: ZoneInfo, stand_ins: Mapping[str, StandIn]) -> _Reckoned:
    value = anchors.get(span.anchor)
    start = moment(value, zone)
    if start is not None:
        due = _due(start, span, zone)
        if due is not None:
            return _Reckoned(due, start, span.anchor)
    if value is None or value == "unknown":
        why = f"{span.anchor} is not known yet"
    else:
        why = f"{span.anchor} holds no usable time"
    stand_in = stand_ins.get(span.anchor)
    start = moment(stand_in.at, zone) if stand_in else None
    due = _due(start, span, zone) if start else None
    if stand_in is None or start is None or due is None:
        return _Reckoned(None, None, span.anchor, True, (f"{why}, so no due time can be computed",), (span.anchor,))
    return _Reckoned(due, start, span.anchor, True, (f"{why}; {stand_in.reason}",), (span.anchor,))


def _due(start: datetime, span: After, zone: ZoneInfo) -> datetime | None:
    """When ``span`` from ``start`` ends; None where the calendar ends before that, or too soon after it to go on from."""
    try:
        if span.unit == "hours":
            due = start + timedelta(hours=span.amount)
        else:
            day = start.astimezone(zone).date() + timedelta(days=span.amount)
            due = datetime.combine(day, time(23, 59, 59), zone).astimezone(UTC)
        due.astimezone(zone), due + _ROOM
    except OverflowError:
        return None
    return due
