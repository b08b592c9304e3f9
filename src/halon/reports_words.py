"""Names of the vocabulary, sources and times as words that a lawyer or a board member reads without a glossary."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from halon.incident import times
from halon.judgement.vocabulary import VOCABULARY, question

LEVELS = {"SEV1": "most severe", "SEV2": "severe", "SEV3": "limited", "SEV4": "minor"}
"""The four levels in words: colour alone tells nothing on paper."""
PHASES = {
    "detect": "Detect",
    "triage": "Triage",
    "contain": "Contain",
    "rca": "Find the cause",
    "notify": "Notify",
    "remediate": "Remediate",
}
"""The six phases as headings."""

_SOURCES = {
    "action-log": ("the agent's action log", "seen: Halon read it there"),
    "trace": ("the agent's traces", "seen: Halon read it there"),
    "alert": ("an alert", "reported by a monitor"),
    "person": ("a person", "said by a person, name unverified"),
    "engine": ("Halon", "worked out by Halon from other facts"),
    "agent": ("the agent itself", "a claim of the agent about itself: decides nothing"),
}
_STAMPED = re.compile(r"(?P<at>[0-9T:.+Z-]{16,40})\[(?P<zone>[A-Za-z0-9_+/-]{1,60})\]")
# A name with an underscore is no English word; one without is a fact only where a judgement says what it is.
_NAMES = re.compile(
    r"(?<![\w-])(?:"
    + "|".join(sorted((name for name in VOCABULARY if "_" in name), key=len, reverse=True))
    + r"|(?:"
    + "|".join(sorted(name for name in VOCABULARY if "_" not in name))
    + r")(?= is ))(?![\w-])"
)

_CHOICES = re.compile(
    r"(?<![\w-])(?:"
    + "|".join(sorted({one for term in VOCABULARY.values() for one in term.choices if "_" in one}))
    + r")(?![\w-])"
)


def meaning(name: str) -> str:
    """What a fact means, in words; a name that the vocabulary does not hold is shown with spaces."""
    term = VOCABULARY.get(name)
    return term.meaning if term else name.replace("_", " ")


def asked(name: str) -> str:
    """The question for a fact; what is no name of the vocabulary is words already."""
    return question(name) if name in VOCABULARY else name.replace("_", " ")


def choices(name: str) -> list[str]:
    """The answers that a fact takes, in words; empty where it takes any."""
    term = VOCABULARY.get(name)
    if term is None:
        return []
    if term.kind == "flag":
        return ["yes", "no"]
    return [] if len(term.choices) > 14 else [spaced(choice) for choice in term.choices]


def reason(text: str) -> str:
    """A reason of a judgement with each fact's name replaced by what it means, and choices without underscores."""
    return _CHOICES.sub(lambda found: spaced(found[0]), _NAMES.sub(lambda found: f"“{meaning(found[0])}”", text))


def names(name: str, text: str) -> bool:
    """Whether a reason names this fact."""
    return re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text) is not None


def capitalised(text: str) -> str:
    """``text`` with a capital first letter, the rest as it is."""
    return text[:1].upper() + text[1:]


def value(name: str, text: str) -> str:
    """A fact's value as it is read: a time to the minute, a choice without underscores."""
    term = VOCABULARY.get(name)
    if term is None or not text:
        return text
    if term.kind == "time":
        return utc(text)
    return spaced(text) if term.kind in ("choice", "choices") else text


def source(name: str) -> tuple[str, str]:
    """Where a fact comes from, and how certain that makes it."""
    return _SOURCES.get(name, (name.replace("_", " ") or "not named", "as its source says"))


def spaced(name: str) -> str:
    """A name of the kit or of a state (``privacy_officer``) as words."""
    return name.replace("_", " ")


def utc(text: str) -> str:
    """``Wed 25 Nov 2026, 13:37 UTC``; the text itself if it is no time."""
    moment = _parsed(text)
    return f"{moment:%a %d %b %Y, %H:%M} UTC" if moment else text


def zone_of(stamped: str) -> str:
    """The zone's name in ``2026-11-25T14:37:11+01:00[Europe/Berlin]``, or ""."""
    found = _STAMPED.fullmatch(stamped)
    return found["zone"] if found else ""


def local(text: str, zone: str) -> str:
    """A UTC time in ``zone`` (an IANA name) with the zone's own short name, ``Wed 25 Nov 2026, 14:37 CET``; "" without."""
    moment = _parsed(text)
    if moment is None or not zone:
        return ""
    try:
        there = moment.astimezone(ZoneInfo(zone))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ""
    return f"{there:%a %d %b %Y, %H:%M} {there:%Z}"


def point(text: str, stamped: str, now: str) -> dict[str, Any] | None:
    """A deadline in all its readings: ``at``, ``utc``, ``left`` from ``now``, ``over``; ``local`` in ``zone``.

    ``utc_short`` is ``utc`` without its date where ``local`` names the same one.
    ``stamped`` is the same or another moment of that zone, as ``due_local`` is; without it there is no ``local``.
    """
    if not text:
        return None
    moment, here = _parsed(text), _parsed(now)
    zone = zone_of(stamped)
    there, here_utc = local(text, zone), utc(text)
    same_day = there.partition(",")[0] == here_utc.partition(",")[0]
    return {
        "at": text,
        "utc": here_utc,
        "utc_short": here_utc.partition(", ")[2] if there and same_day else here_utc,
        "local": there,
        "zone": zone if there else "",
        "left": span(moment - here) if moment and here else "",
        "over": bool(moment and here and moment <= here),
    }


def span(length: timedelta) -> str:
    """``2 days 19 h left``, ``40 min left``, ``3 h 5 min over``."""
    seconds = length.total_seconds()
    minutes = int(abs(seconds) // 60)
    days, hours, rest = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days:
        told = (
            f"{days} {'day' if days == 1 else 'days'} {hours} h"
            if hours
            else f"{days} {'day' if days == 1 else 'days'}"
        )
    elif hours:
        told = f"{hours} h {rest} min" if rest else f"{hours} h"
    else:
        told = f"{minutes} min" if minutes else "under a minute"
    return f"{told} {'left' if seconds > 0 else 'over'}"


def since(earlier: str, later: str) -> str:
    """How long after ``earlier`` ``later`` came: ``after 3 min``; "" if either is no time or the order is the other way."""
    first, second = _parsed(earlier), _parsed(later)
    if first is None or second is None or second < first:
        return ""
    seconds = (second - first).total_seconds()
    if seconds < 60:
        return f"after {seconds:.1f} s" if seconds < 10 else f"after {seconds:.0f} s"
    return f"after {span(second - first).removesuffix(' left')}"


def _parsed(text: str) -> datetime | None:
    try:
        return times.parse(text)
    except (TypeError, ValueError):
        return None
