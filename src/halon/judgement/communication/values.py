"""How the value of a fact may stand in a text, in English and German; and whether it does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import re2

from halon.incident import fact_words, times
from halon.judgement.communication import german

_TAG: Final = re2.compile(r"<[^<>]{0,500}>")
_MONTHS: Final = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December")  # fmt: skip
_MONATE: Final = ("Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November", "Dezember")  # fmt: skip
LONGEST: Final = 1_900
"""Characters of a value that are compared: what is printed is cut at 2,000."""


def normal(text: str) -> str:
    """``text`` on one line in small letters, with what the renderer made harmless as it was."""
    plain = _TAG.sub(" ", text).replace("[:]//", "://").replace("www[.]", "www.")
    return " ".join(plain.split()).lower()


def stands(form: str, text: str) -> bool:
    """Whether ``form`` stands in ``text`` (a ``normal`` one), and is not only a part of a longer number or word."""
    wanted = normal(form)[:LONGEST]
    if not wanted:
        return False
    at = text.find(wanted)
    while at >= 0:
        end = at + len(wanted)
        if not (_runs_on(text, at - 1, wanted[0]) or _runs_on(text, end, wanted[-1])):
            return True
        at = text.find(wanted, at + 1)
    return False


def _runs_on(text: str, at: int, edge: str) -> bool:
    """Whether the character at ``at`` continues the word or number that ends with ``edge``."""
    if not 0 <= at < len(text):
        return False
    if text[at].isalnum():
        return edge.isalnum()
    beyond = text[at + 1 : at + 2] if at else ""
    before = text[at - 1 : at]
    return edge.isdigit() and text[at] in ",." and beyond.isdigit() and before.isdigit()


def number(value: float) -> tuple[str, ...]:
    """A number as it may be written, the English form first."""
    if isinstance(value, float) and not value.is_integer():
        return (f"{value:,}", f"{value}", german.amount(value))
    whole = int(value)
    return tuple(dict.fromkeys((f"{whole:,}", f"{whole}", f"{whole:,}".replace(",", "."), f"{whole:,}".replace(",", " "), f"{whole:,}".replace(",", "'"))))  # fmt: skip


def amounts(value: Any) -> tuple[str, ...]:
    """The forms of a count or a range ``{low, high}``; empty where it is not known. A range is told with both its ends."""
    if isinstance(value, bool) or value is None:
        return ()
    if isinstance(value, int | float):
        return number(value) if value else (*number(value), *_NOBODY)
    if isinstance(value, Mapping) and (value.get("low") is not None or value.get("high") is not None):
        found = [fact_words.amount(value), german.amount(value)]
        low, high = value.get("low"), value.get("high")
        if low is not None and high is not None:
            found += [f"{a}{joint}{b}" for a, b in zip(number(low), number(high), strict=False) for joint in _JOINTS]
        return tuple(dict.fromkeys(found))
    return ()


_NOBODY: Final = (
    "nobody", "no one", "none", "no people", "no persons", "no customers", "no users", "no records", "niemand", "keine",
)  # fmt: skip
_JOINTS: Final = (" to ", " and ", "-", "–", " - ", " bis ", " und ")


def categories(name: str, language: str) -> tuple[str, ...]:
    """How a category of data may be called."""
    plain = fact_words.data_categories([name])
    words = german.data_categories([name])
    told = (words, plain) if language == "de" else (plain, words)
    return tuple(dict.fromkeys((*told, name, name.replace("_", " "))))


def days(moment: str) -> tuple[str, ...]:
    """How the day of ``moment`` (ISO 8601) may be written; empty where it is no time."""
    try:
        at = times.parse(moment)
    except ValueError:
        return ()
    month, monat = _MONTHS[at.month - 1], _MONATE[at.month - 1]
    return (
        f"{at:%Y-%m-%d}", f"{at.day} {month} {at.year}", f"{month} {at.day}, {at.year}", f"{month} {at.day} {at.year}",
        f"{at:%d.%m.%Y}", f"{at.day}.{at.month}.{at.year}", f"{at.day}. {monat} {at.year}",
    )  # fmt: skip
