"""Points in time as ISO 8601 text in UTC, the one form in which the state holds them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache


def parse(text: str) -> datetime:
    """The aware UTC time that ``text`` (ISO 8601) names. A time without an offset is read as UTC.

    Raises ValueError if the text is no time, or one that UTC can't name.
    """
    moment = datetime.fromisoformat(text)
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError as error:  # such as the first hour of the year 1, east of Greenwich
        raise ValueError(f"{text!r} lies outside the years that UTC can name") from error


def text(moment: datetime) -> str:
    """``moment`` as ISO 8601 in UTC with milliseconds and a ``Z``."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@lru_cache(maxsize=4096)
def normal(moment: str) -> str:
    """``moment`` in the one form that sorts: ``text(parse(moment))``; empty stays empty.

    The next event of an incident asks it of each of its moments, again and again: what was asked is kept.
    """
    return text(parse(moment)) if moment else ""


def after(start: str, seconds: float) -> str:
    """The time ``seconds`` seconds after ``start``, as text."""
    return text(parse(start) + timedelta(seconds=seconds))


def span(seconds: int) -> str:
    """A length of time in plain words: ``90 seconds``, ``2 minutes``, ``1 hour``."""
    sizes = ((86_400, "day"), (3_600, "hour"), (60, "minute"))
    size, word = next((one for one in sizes if seconds and seconds % one[0] == 0), (1, "second"))
    number = seconds // size
    return f"{number} {word}" + ("" if number == 1 else "s")


def seconds_between(earlier: str, later: str) -> float:
    """Seconds from ``earlier`` to ``later``; negative if the order is the other way."""
    return (parse(later) - parse(earlier)).total_seconds()
