"""Moments and days in a text, and whether anything that is known of the incident is of then."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import re2

_MONTHS: Final = {name: number for number, names in enumerate((
    ("january", "januar"), ("february", "februar"), ("march", "märz"), ("april",), ("may", "mai"), ("june", "juni"), ("july", "juli"),
    ("august",), ("september",), ("october", "oktober"), ("november",), ("december", "dezember"),
), 1) for name in names}  # fmt: skip
NAMED: Final = "|".join(sorted(_MONTHS, key=len, reverse=True))
"""The names of months, in English and German, as alternatives of a pattern."""
_TIME: Final = r"(?:(?:,| at| um)? (\d{1,2}:\d{2})(?::\d{2})?)?"
_FORMS: Final = (
    ("ymd", re2.compile(rf"(?:^|[^\w-])(\d{{4}})-(\d{{2}})-(\d{{2}})(?:T(\d{{2}}:\d{{2}})|{_TIME})")),
    ("dmy", re2.compile(rf"(?:^|[^\w.])(\d{{1,2}})\.(\d{{1,2}})\.(\d{{4}}){_TIME}")),
    ("dmy", re2.compile(rf"(?i)\b(\d{{1,2}})\.? ({NAMED}) (\d{{4}}){_TIME}")),
    ("mdy", re2.compile(rf"(?i)\b({NAMED}) (\d{{1,2}}),? (\d{{4}}){_TIME}")),
)
_KNOWN: Final = re2.compile(r"(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}))?")
_MOST: Final = 20_000
"""Values that are looked through."""


@dataclass(frozen=True, slots=True)
class Known:
    """The days, and the moments to the minute, of which something is known. What lies between ``since`` and ``now`` (both
    to the minute, or empty) is not doubted either."""

    days: frozenset[str]
    moments: frozenset[tuple[str, str]]
    since: str = ""
    now: str = ""

    def holds(self, day: str, clock: str) -> bool:
        """Whether the day, and the time on it if one is said, is known of."""
        if day in self.days and (not clock or (day, clock) in self.moments):
            return True
        if not self.since or not self.since[:10] <= day <= self.now[:10]:
            return False
        return not clock or self.since <= f"{day}T{clock}" <= self.now


def unknown_moments(sentence: str, known: Known) -> Iterator[str]:
    """Each day or moment that ``sentence`` names and that is not known, in UTC or as local time."""
    for text, day, clock in _said(sentence):
        if known.days and not known.holds(day, clock):
            yield text


def known(about: Mapping[str, Any], *promised: str, sending: bool = False) -> Known:
    """What stands anywhere in ``about``, and what is ``promised``.

    ``sending``: the text was drafted before, and may name when that was, at any moment since the incident opened.
    """
    days: set[str] = set()
    moments: set[tuple[str, str]] = set()
    left: list[Any] = [*about.values(), *promised]
    for _ in range(_MOST):
        if not left:
            break
        one = left.pop()
        if isinstance(one, Mapping):
            left += list(one.values())
        elif isinstance(one, list | tuple):
            left += list(one)
        elif isinstance(one, str) and "-" in one:  # most values hold no day: not asked, they cost nothing
            for found in _KNOWN.finditer(one[:4_000]):
                days.add(found.group(1))
                if found.group(2):
                    moments.add((found.group(1), found.group(2)))
    since, now = (str(about.get(name) or "")[:16] for name in ("opened_at", "now"))
    return Known(frozenset(days), frozenset(moments), *((since, now) if sending else ()))


def _said(sentence: str) -> Iterator[tuple[str, str, str]]:
    for order, form in _FORMS:
        for found in form.finditer(sentence):
            a, b, c = found.group(1), found.group(2), found.group(3)
            year, month, day = (a, b, c) if order == "ymd" else (c, b, a) if order == "dmy" else (c, a, b)
            try:
                told = date(int(year), _MONTHS.get(month.lower()) or int(month), int(day)).isoformat()
            except ValueError:
                continue
            clock = next((one for one in found.groups()[3:] if one), "") or ""
            yield found.group(0).strip(" ,;:("), told, clock.zfill(5) if clock else ""
