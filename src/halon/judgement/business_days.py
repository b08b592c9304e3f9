"""Business days: which days a calendar leaves out, and counting on from a day.

A calendar that leaves out too few days makes a period end too early, never too late: that is the safe side, and why
only holidays that bind the whole jurisdiction are in here. Those of a country are from the package holidays (US federal
days with their observed ones; Brazilian national days); for the EU, the two days that are holidays in every Member State.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache

from holidays import country_holidays

CALENDARS: dict[str, str] = {
    "US": "US federal holidays and weekends",
    "BR": "Brazilian national holidays and weekends",
    "EU": "weekends, New Year's Day and Christmas Day",
    "weekends": "weekends only",
}
"""The calendars that can be counted by, and what each leaves out."""
_DAY = timedelta(days=1)
_SATURDAY = 5


def is_business_day(day: date, calendar: str) -> bool:
    """Whether ``calendar`` (one of CALENDARS) counts ``day``."""
    return day.weekday() < _SATURDAY and day not in _holidays(day.year, calendar)


def add_business_days(day: date, amount: int, calendar: str) -> date:
    """The ``amount``-th business day after ``day``; ``day`` itself is not counted. Raises OverflowError past the calendar."""
    while amount > 0:
        day += _DAY
        amount -= is_business_day(day, calendar)
    return day


def next_business_day(day: date, calendar: str) -> date:
    """``day`` if it counts, else the first one after it that does. Raises OverflowError past the calendar."""
    while not is_business_day(day, calendar):
        day += _DAY
    return day


def last_day_of_month(year: int, month: int) -> int:
    """The number of the month's last day."""
    return (date(year + month // 12, month % 12 + 1, 1) - _DAY).day if (year, month) != (date.max.year, 12) else 31


def add_months(day: date, amount: int) -> date:
    """The same day ``amount`` months on, or the month's last day where it has no such day.

    Raises OverflowError past the calendar.
    """
    months = day.year * 12 + day.month - 1 + amount
    year, month = months // 12, months % 12 + 1
    if year > date.max.year:
        raise OverflowError(f"{amount} months after {day} is past the calendar")
    return date(year, month, min(day.day, last_day_of_month(year, month)))


@lru_cache(maxsize=256)
def _holidays(year: int, calendar: str) -> frozenset[date]:
    if calendar == "EU":
        return frozenset((date(year, 1, 1), date(year, 12, 25)))
    if calendar == "weekends":
        return frozenset()
    return frozenset(country_holidays(calendar, years=year))
