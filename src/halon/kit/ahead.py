"""Whether a fact names a time that has not come yet, although it is the time of something that happened."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from halon.incident import times
from halon.judgement.deadlines import moment
from halon.judgement.predicates import is_unknown, shown
from halon.judgement.vocabulary import VOCABULARY

AHEAD = 300
"""Seconds by which clocks of two machines may differ."""
_FIRST = ZoneInfo("Etc/GMT-14")
"""Where on Earth a date begins first."""


def ahead(name: str, value: Any, now: str) -> str:
    """Why ``value`` can't be said of the fact ``name`` at ``now`` (ISO 8601 UTC), with the next step; empty if it can.

    Only times of what happened are looked at, those that start a clock. When something will end, such as a hold, may
    well lie ahead. The name must be in the vocabulary and the value fit it.
    """
    term = VOCABULARY[name]
    if term.kind != "time" or term.cautious != "earlier" or is_unknown(value):
        return ""
    earliest = moment(value, _FIRST)
    if earliest is None or (earliest - times.parse(now)).total_seconds() <= AHEAD:
        return ""
    return f"{name} = {shown(value)} has not come yet; say when it was"
