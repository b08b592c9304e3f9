"""Times as people read them: local, with the zone, and how long from now."""

from __future__ import annotations

from datetime import UTC, datetime

from halon.incident import times


def local(moment: str | None, now: datetime | None = None) -> str:
    """``moment`` (ISO 8601) in this machine's zone, and the distance: ``Sun 22 Nov 14:03 CET (in 2 h 10 min)``."""
    if not moment:
        return "not set"
    at = times.parse(moment)
    here = at.astimezone()
    return f"{here:%a %d %b %H:%M} {here.tzname()} ({distance((at - (now or datetime.now(UTC))).total_seconds())})"


def zoned(moment: str, stamped: str) -> str:
    """``moment`` (ISO 8601) in the zone that ``stamped`` names in brackets: ``Mon 23 Nov 2026, 14:29 GMT (in 2 h)``.

    Without a zone as ``local`` has it.
    """
    from halon import reports_words

    there = reports_words.local(moment, reports_words.zone_of(stamped)) if moment else ""
    if not there:
        return local(moment or None)
    return f"{there} ({distance((times.parse(moment) - datetime.now(UTC)).total_seconds())})"


def hour(moment: str) -> str:
    """``moment`` (ISO 8601) as day and clock time in this machine's zone, for lists."""
    here = times.parse(moment).astimezone()
    return f"{here:%d %b %H:%M:%S} {here.tzname()}"


def distance(seconds: float) -> str:
    """``in 2 h 10 min``, ``5 min ago``, ``now``."""
    span = _span(abs(seconds))
    if not span:
        return "now"
    return f"in {span}" if seconds > 0 else f"{span} ago"


def _span(seconds: float) -> str:
    minutes = int(seconds // 60)
    if minutes == 0:
        return f"{int(seconds)} s" if seconds >= 1 else ""
    if minutes < 60:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {rest} min" if rest else f"{hours} h"
    return f"{hours // 24} days"
