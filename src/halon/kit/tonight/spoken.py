"""Stretches of time and lists of names in words, short enough to be read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from halon.kit.tonight.windows import Window

SHOWN = 4
"""Groups of windows that are told; then how many more there are."""
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def spoken(windows: Sequence[Window], zone: str, end: datetime) -> str:
    """These windows in local time with the zone, what lasts longest in all first. Equal hours of several days are one.

    ``end`` is where looking ended: a window that reaches it may last longer.
    """
    place = ZoneInfo(zone)
    alike: dict[tuple[str, str, int, bool], list[Window]] = {}
    for one in windows:
        start, stop = one.start.astimezone(place), one.end.astimezone(place)
        days = (stop.date() - start.date()).days
        alike.setdefault((f"{start:%H:%M}", f"{stop:%H:%M}", days, one.end >= end), []).append(one)
    groups = sorted(alike.values(), key=lambda some: -sum(one.seconds for one in some))
    said = [_said(some, place, open_ended=some[0].end >= end) for some in groups[:SHOWN]]
    more = f"; {len(groups) - SHOWN} more such times" if len(groups) > SHOWN else ""
    return f"{'; '.join(said)}{more} ({zone})"


def listed(names: Sequence[str], most: int) -> str:
    """Names with commas and an "and"; of many, the first ``most`` and how many more."""
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    return " and ".join((", ".join(names[:-1]), names[-1])) if len(names) > 1 else "".join(names)


def _said(windows: Sequence[Window], place: ZoneInfo, *, open_ended: bool) -> str:
    start, stop = windows[0].start.astimezone(place), windows[0].end.astimezone(place)
    days = (stop.date() - start.date()).days
    if len(windows) == 1:
        if open_ended:
            return f"from {_day(start)} {start:%H:%M} for as long as was looked"
        return f"{_day(start)} {start:%H:%M} to {f'{_day(stop)} ' if days else ''}{stop:%H:%M}"
    on = sorted({one.start.astimezone(place).weekday() for one in windows})
    until = "" if not days else f"{_DAYS[stop.weekday()]} " if len(on) == 1 else ""
    after = " the next day" if days == 1 and not until else f" {days} days later" if days and not until else ""
    week = "every day" if len(on) == len(_DAYS) else listed([_DAYS[one] for one in on], 7)
    times = f"{week} {start:%H:%M} to {until}{stop:%H:%M}{after}"
    return f"{times} ({len(windows)} times from {_date(start)} on)"


def _day(local: datetime) -> str:
    return f"{_DAYS[local.weekday()]} {_date(local)}"


def _date(local: datetime) -> str:
    return f"{local.day} {_MONTHS[local.month - 1]}"
