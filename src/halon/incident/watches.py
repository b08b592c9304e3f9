"""How often something that is in force, or that has stopped, is looked at again: soon at first, then ever more rarely."""

from __future__ import annotations

from dataclasses import dataclass

from halon.incident.times import after, seconds_between

SOON = (60, 120, 300, 900, 1_800)
"""Seconds after which it is looked at, from the moment since when it is in force. Most of what is switched back is
switched back by the next deployment, or by whoever misses it: within the hour."""
HOUR = 3_600
DAY = 86_400
RARELY = 21_600
"""After the first ones every hour, and once it is a day old every six hours: some 150 looks in thirty days."""
UNSEEN_AT_MOST = 3
"""Looks in a row that see nothing before a person is asked, once."""
UNSEEN_AGAIN = 60
"""Seconds until the next look after one that saw nothing; so many more after each, until a person was asked."""
PUT_BACK_AT_MOST = 3
"""How often what was switched back behind our back is put in force again by itself. After that only people are asked:
somebody may be doing it on purpose."""
OVERLAP = 300
"""Seconds before the last look that are looked at once more: telemetry arrives late."""
FLIPPED = "FlippedBack"
"""What an action counts as having failed with that was in force and reads back otherwise, though nobody gave it back."""
LATE = "GivenBackLate"
"""What an action counts as having failed with that reads as given back after giving it back was given up."""
UNREAD = "Unread"
"""What an action counts as having failed with that can't be read back."""


@dataclass(frozen=True, slots=True)
class Watched:
    """How far one watch has come. Persisted: fields are only added, with defaults.

    It counts from ``since`` (ISO 8601 UTC): what is in force since then, or stopped then. ``at`` is the next look, empty
    while one is due. ``looks`` were begun so far, the last that saw anything at ``seen_at``; ``unseen`` in a row saw
    nothing, and after some of these people were ``asked``. ``flipped`` is how often it was switched back.
    """

    since: str
    at: str = ""
    looks: int = 0
    unseen: int = 0
    asked: bool = False
    flipped: int = 0
    seen_at: str = ""


def next_look(since: str, now: str, unseen: int = 0) -> str:
    """When to look next (ISO 8601 UTC) at what counts from ``since``, after ``unseen`` looks that saw nothing."""
    age = max(0.0, seconds_between(since, now))
    soon = next((one for one in SOON if one > age), None)
    every = HOUR if age < DAY else RARELY
    at = after(since, soon if soon is not None else (age // every + 1) * every)
    return min(at, after(now, UNSEEN_AGAIN * unseen)) if 0 < unseen < UNSEEN_AT_MOST else at
