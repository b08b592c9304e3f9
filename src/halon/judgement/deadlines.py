"""When a deadline expression falls due: anchors plus spans in hours, calendar days, business days or months.

An anchor is the name of a fact that holds a time, ``filed:<stage>`` for the first actual filing of an earlier stage, or
``latest:<stage>`` for the last one, updates included. While an anchor is unknown the shadow clock runs from its stand-in, and the result says that it is provisional.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from halon.incident import times
from halon.judgement.business_days import add_business_days, add_months, next_business_day
from halon.judgement.expressions import (
    UNITS,
    After,
    Capped,
    Cases,
    Earliest,
    Expression,
    FirstKnown,
    Latest,
    Unit,
    anchors_of,
)

__all__ = [
    "SHORT", "UNITS", "After", "Capped", "Cases", "Deadline", "Earliest", "Expression", "FirstKnown", "Latest", "StandIn",
    "Unit", "anchors_of", "decide_by", "decide_first", "latest_arguable", "local_day", "moment", "reckon", "warnings",
]  # fmt: skip
SHORT = timedelta(hours=8)
"""A span under this length is too short for a staircase of warnings: the decider is warned at once."""
_SHARES = (0.5, 0.75, 0.9)
_DATE_ONLY = 10
_ROOM = timedelta(days=366)
"""What is reckoned from a deadline, such as reminders after it, must have a date too."""
_NO_TIME = "\0"
"""Stands for a value of an anchor that is no text, and so no time."""


@dataclass(frozen=True, slots=True)
class StandIn:
    """What a clock runs from while its anchor is unknown: an ISO 8601 time and the reason in words.

    ``by`` is the moment by which the anchor lay at the latest, where something proves that (empty: nothing does), and
    ``proof`` says what. What runs out reckoned from there has run out, whenever the anchor was.
    """

    at: str
    reason: str
    by: str = ""
    proof: str = ""


@dataclass(frozen=True, slots=True)
class Deadline:
    """A deadline. ``due`` and ``started`` are ISO 8601 UTC, empty where nothing can be computed.

    ``due_local`` is the same moment in the regulator's zone, with the zone's name in brackets (RFC 9557).
    ``anchor`` names the anchor that decides; ``needs`` are the anchors not known yet.

    ``stand_in`` says that ``due`` is only reckoned from a stand-in for an anchor that nobody has set. Where a limit that
    surely holds exists besides, that one is ``due``, and ``earliest`` (ISO 8601 UTC, else empty) is when the shadow,
    which began at ``earliest_from``, runs out before it.

    ``awaits`` names the anchor that nobody has set and that can still put ``due`` off after it has passed.
    """

    due: str = ""
    due_local: str = ""
    started: str = ""
    anchor: str = ""
    provisional: bool = False
    reasons: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    stand_in: bool = False
    earliest: str = ""
    earliest_from: str = ""
    awaits: str = ""


_Span = tuple[datetime, datetime]
"""When a clock began and when it runs out, earliest."""


@dataclass(frozen=True, slots=True)
class _Reckoned:
    """``limit``: ``due`` is the latest that it can be, whatever is not known yet."""

    due: datetime | None
    started: datetime | None
    anchor: str
    provisional: bool = False
    reasons: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    stand_in: bool = False
    shadow: _Span | None = None
    limit: bool = False
    awaits: str = ""


def reckon(
    expression: Expression, anchors: Mapping[str, Any], zone: str, stand_ins: Mapping[str, StandIn] | None = None
) -> Deadline:
    """When ``expression`` falls due. ``zone`` is the regulator's (an IANA name); it decides where a day ends.

    Hours run through weekends and clock changes. A count of days or months ends at 23:59:59 of its last day. ``Cases``
    are settled before (``expressions.settle``); left in, nothing can be computed. An anchor that holds a date without a time starts that day in ``zone``. Never raises on what an anchor holds: a value that is no time
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
        stand_in=found.stand_in,
        earliest=times.text(found.shadow[1]) if found.shadow else "",
        earliest_from=times.text(found.shadow[0]) if found.shadow else "",
        awaits=found.awaits,
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


def decide_first(deadline: Deadline, approval_minutes: int) -> str:
    """By when to decide where the shadow runs out before it is due; empty where none does."""
    return decide_by(_shadow(deadline), approval_minutes) if deadline.earliest else ""


def _shadow(deadline: Deadline) -> Deadline:
    return replace(deadline, due=deadline.earliest, started=deadline.earliest_from, earliest="", earliest_from="")


@lru_cache(maxsize=4096)
def warnings(deadline: Deadline, approval_minutes: int) -> tuple[str, ...]:
    """When the decider is warned: at 50, 75 and 90 percent of the span and at ``decide_by``, in order.

    Under eight hours: at once and at ``decide_by``. Of a shadow that runs out before it is due, likewise.
    """
    if not deadline.due:
        return ()
    if deadline.earliest:
        real = replace(deadline, earliest="", earliest_from="")
        return tuple(sorted({*warnings(_shadow(deadline), approval_minutes), *warnings(real, approval_minutes)}))
    start, due = times.parse(deadline.started), times.parse(deadline.due)
    last = decide_by(deadline, approval_minutes)
    span = due - start
    moments = [start] if span < SHORT else [start + span * share for share in _SHARES]
    return tuple(sorted({*(times.text(moment) for moment in moments), last}))


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
    if isinstance(expression, Capped):
        return _capped(expression, anchors, zone, stand_ins)
    if isinstance(expression, Cases):
        return _Reckoned(None, None, "", True, ("which period holds is not settled",))
    parts = [_reckon(part, anchors, zone, stand_ins) for part in expression.parts]
    known = [part for part in parts if part.due is not None]
    if isinstance(expression, FirstKnown) and any(not part.provisional for part in known):
        parts = known = [part for part in known if not part.provisional]
    reasons = tuple(dict.fromkeys(reason for part in parts for reason in part.reasons))
    needs = tuple(dict.fromkeys(need for part in parts for need in part.needs))
    if not known:
        return _Reckoned(None, None, parts[0].anchor if parts else "", True, reasons, needs)
    if not isinstance(expression, Latest):
        return _first(known, needs, reasons)
    # One unknown part may still move the result, whichever part decides now: but none that surely ends before it, and none at
    # all before a filing that is still to come. That one lies after whatever was said so far.
    sure = [part for part in parts if not (part.limit and part.provisional)]
    coming = any(part.stand_in and ":" in part.anchor for part in sure)
    left = [part for part in sure if part.due is not None] if coming else known
    chosen = max(left, key=lambda part: (_due_of(part), not part.provisional))
    if coming or not chosen.provisional:
        parts = sure
        reasons = tuple(dict.fromkeys(reason for part in parts for reason in part.reasons))
        needs = tuple(dict.fromkeys(need for part in parts for need in part.needs))
    stand_in = any(part.stand_in for part in known)
    limit = all(part.limit for part in parts)
    return _Reckoned(chosen.due, chosen.started, chosen.anchor, bool(needs), reasons, needs, stand_in, limit=limit)


def _first(known: Sequence[_Reckoned], needs: tuple[str, ...], reasons: tuple[str, ...]) -> _Reckoned:
    """The earliest of ``known``: a limit that surely holds is the due time, and a shadow before it only warns.

    Where there are only shadows, the earliest of them is the due time.
    """
    chosen = min([part for part in known if not part.stand_in] or known, key=_due_of)
    spans = [
        part.shadow or (part.started, part.due) for part in known if part.due is not None and part.started is not None
    ]
    first = min(spans, key=lambda span: span[1])
    shadow = first if first[1] < _due_of(chosen) else None
    return _Reckoned(chosen.due, chosen.started, chosen.anchor, bool(needs), reasons, needs, chosen.stand_in, shadow)


def _due_of(part: _Reckoned) -> datetime:
    return part.due or datetime.max.replace(tzinfo=UTC)


def _capped(
    expression: Capped, anchors: Mapping[str, Any], zone: ZoneInfo, stand_ins: Mapping[str, StandIn]
) -> _Reckoned:
    """The span, cut off by the cap; a span that began only when the cap had passed stands as it is.

    While the moment that the span counts from is not set, the cap is what must be kept, and the span's shadow warns; the
    cap may pass all the same, since a span that begins later still runs. A span that surely began by a moment after the cap
    may have begun before it, so there the cap warns.
    """
    span, cap = _after(expression.span, anchors, zone, stand_ins), _after(expression.cap, anchors, zone, stand_ins)
    late = span.started is not None and cap.due is not None and span.started > cap.due
    needs, reasons = (*span.needs, *cap.needs), (*span.reasons, *cap.reasons)
    if span.due is not None and late and not span.stand_in:
        if not span.provisional and not cap.provisional:
            return span
        shadows = [one for one in (span.shadow, _span_of(cap) if span.provisional else None) if one is not None]
        first = min(shadows, key=lambda one: one[1], default=None)
        return replace(span, provisional=True, needs=needs, reasons=reasons, shadow=first)
    known = [part for part in (span, cap) if part.due is not None]
    if span.provisional and not span.limit and cap.due is not None:
        shadow = _span_of(span) if span.due is not None and span.due < cap.due else None
        awaits = expression.span.anchor
        return _Reckoned(cap.due, cap.started, cap.anchor, True, reasons, needs, cap.stand_in, shadow, awaits=awaits)
    if not known:
        return _Reckoned(None, None, span.anchor, True, reasons, needs)
    return replace(_first(known, needs, reasons), limit=span.limit)


def _span_of(part: _Reckoned) -> _Span | None:
    return (part.started, part.due) if part.started is not None and part.due is not None else None


def _after(span: After, anchors: Mapping[str, Any], zone: ZoneInfo, stand_ins: Mapping[str, StandIn]) -> _Reckoned:
    value = anchors.get(span.anchor)
    start = moment(value, zone)
    if start is not None:
        due = _due(start, span, zone)
        if due is not None:
            return _Reckoned(due, start, span.anchor, limit=True)
    if value is None or value == "unknown":
        why = f"{span.anchor} is not known yet"
    else:
        why = f"{span.anchor} holds no usable time"
    stand_in = stand_ins.get(span.anchor)
    start = moment(stand_in.at, zone) if stand_in else None
    due = _due(start, span, zone) if start else None
    if stand_in is None or start is None or due is None:
        return _Reckoned(None, None, span.anchor, True, (f"{why}, so no due time can be computed",), (span.anchor,))
    latest = moment(stand_in.by, zone) if stand_in.by else None
    limit = _due(latest, span, zone) if latest else None
    if limit is None or limit < due:
        return _Reckoned(due, start, span.anchor, True, (f"{why}; {stand_in.reason}",), (span.anchor,), stand_in=True)
    told = (f"{why}; {stand_in.reason}", f"{why}; {stand_in.proof}")
    shadow = (start, due) if due < limit else None
    return _Reckoned(limit, latest, span.anchor, True, told, (span.anchor,), shadow=shadow, limit=True)


def _due(start: datetime, span: After, zone: ZoneInfo) -> datetime | None:
    """When ``span`` from ``start`` ends; None where the calendar ends before that, or too soon after it to go on from."""
    try:
        if span.unit == "hours":
            due = start + timedelta(hours=span.amount)
        else:
            due = datetime.combine(_last_day(start, span, zone), time(23, 59, 59), zone).astimezone(UTC)
        due.astimezone(zone), due + _ROOM
    except OverflowError:
        return None
    return due


def _last_day(start: datetime, span: After, zone: ZoneInfo) -> date:
    day = start.astimezone(zone).date()
    if span.end_of == "year":
        day = day.replace(month=12, day=31)
    if span.unit == "business_days":
        return add_business_days(day, span.amount, span.calendar)
    return add_months(day, span.amount) if span.unit == "months" else day + timedelta(days=span.amount)


@lru_cache(maxsize=4096)
def latest_arguable(due: str, zone: str, calendar: str, *, noon: bool = False) -> str:
    """When ``due`` (ISO 8601 UTC) falls on a day that ``calendar`` leaves out: the end (or noon) of the next business day.

    Local time with its zone, for people to see; nothing is scheduled by it. Empty where nothing rolls over.
    """
    if not due:
        return ""
    place = ZoneInfo(zone)
    try:
        day = times.parse(due).astimezone(place).date()
        rolled = next_business_day(day, calendar)
    except OverflowError:
        return ""
    if rolled == day:
        return ""
    local = datetime.combine(rolled, time(12) if noon else time(23, 59, 59), place)
    return f"{local.isoformat(timespec='seconds')}[{zone}]"
