"""Times as they are said: a moment, or a date alone, which is another moment in each zone of the earth.

Clocks read a date as the start of that day in the regime's zone. So what is later is asked zone by zone, and where the
zone is not known, in those two in which a day begins first and last: what holds in both holds in each between them.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from halon.judgement.deadlines import moment

FIRST, LAST = ZoneInfo("Etc/GMT-14"), ZoneInfo("Etc/GMT+12")
"""Where a day begins first (14 hours ahead of UTC) and where it begins last (12 hours behind)."""
EARTH = (FIRST, LAST)
_NEVER = datetime.max.replace(tzinfo=UTC)
_EVER = datetime.min.replace(tzinfo=UTC)
_FIRST_DAY = "0001-01-01"
_DAY = timedelta(days=1)


def later(value: Any, than: Any, zones: Iterable[ZoneInfo] = EARTH) -> bool:
    """Whether a clock in one of ``zones`` reads ``value`` as a later moment than ``than``, to the second.

    What is no time is not later, and nothing is later than it.
    """
    for zone in zones:
        new, old = moment(value, zone), moment(than, zone)
        if new is not None and old is not None and new.replace(microsecond=0) > old.replace(microsecond=0):
            return True
    return False


def earlier_of(one: Any, other: Any) -> Any:
    """The one that can be the earlier moment: a date from when its day begins anywhere. What is no time comes last."""
    return min(one, other, key=_order)


def apart(one: Any, other: Any) -> bool:
    """Whether two times can't be the same. A date is its whole day, wherever that is; two dates are, if they differ."""
    (begin, end), (start, stop) = _span(one), _span(other)
    if (begin == end) == (start == stop):  # two moments, or two dates
        return begin != start
    first, last, at = (begin, end, start) if begin != end else (start, stop, begin)
    return not first <= at < last


def _span(value: Any) -> tuple[datetime, datetime]:
    """From when to when a time can be, the end not included: twice the same for a moment."""
    first, last = _begins(value), moment(value, LAST) or _NEVER
    return first, last if first == last else _NEVER if last >= _NEVER - _DAY else last + _DAY


def _order(value: Any) -> tuple[datetime, datetime, str]:
    return _begins(value), moment(value, LAST) or _NEVER, str(value)


def _begins(value: Any) -> datetime:
    """When a time can be first. The first day of the calendar begins somewhere before the calendar does."""
    return _EVER if value == _FIRST_DAY else moment(value, FIRST) or _NEVER
