"""By the law of which day a duty is judged: that of the anchor, and while nobody has said it, of every day it may be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from halon.judgement import deadlines
from halon.judgement.deadlines import StandIn
from halon.judgement.expressions import anchors_of
from halon.judgement.regime import Regime

AWARENESS = "aware_at"
"""Whose day counts where a regime has no figure from which to tell, and names no other moment."""
_TIMELESS = ("proposed", "repealed", "superseded")


@dataclass(frozen=True, slots=True)
class LawDay:
    """The days on which the moment may lie that decides which law counts (ISO 8601, local). One day once it is known.

    ``needs`` are the anchors that nobody has said; ``words`` say what hangs on them.
    """

    first: str
    last: str
    needs: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """Why it is not settled which law counts."""
        return (
            f"it is not known whether it is law already or still: {' or '.join(self.needs)} decides that, and lies "
            f"between {self.first} and {self.last}"
        )

    def outside(self, regime: Regime) -> str:
        """Why ``regime`` is no law in force on any of these days; empty where it may be."""
        if not (why_not := law_on(regime, self.first)) or self.open(regime):
            return ""
        if regime.status in _TIMELESS or not (regime.effective_from or regime.effective_to):
            return why_not
        if self.first == self.last:
            return f"{why_not}, and the clock would have started on {self.first}"
        return f"{why_not}, and the clock would have started between {self.first} and {self.last}"

    def open(self, regime: Regime) -> bool:
        """Whether ``regime`` is law on some of these days and not on others."""
        begins, ends = regime.effective_from, regime.effective_to
        if regime.status in _TIMELESS or self.first == self.last:
            return False
        if (begins and self.last < begins) or (ends and self.first >= ends):
            return False
        return bool((begins and self.first < begins) or (ends and self.last >= ends))


def law_day(regime: Regime, facts: Mapping[str, Any], stand_ins: Mapping[str, StandIn], now: str) -> LawDay:
    """When the moment was whose law counts: the first anchor that is known, else any day from its stand-in until today."""
    place = ZoneInfo(regime.zone)
    names = _anchors(regime)
    for name in names:
        if (known := _day(facts.get(name), place)) is not None:
            return LawDay(known, known)
    today = _day(now, place) or date.max.isoformat()
    instead = [stand_ins[name] for name in (*names, AWARENESS) if name in stand_ins][:1]
    first = next((day for one in instead if (day := _day(one.at, place)) is not None), today)
    last = next((day for one in instead if (day := _day(one.by, place)) is not None), today)
    return LawDay(first, max(first, last), names)


def law_on(regime: Regime, on: str) -> str:
    """Why ``regime`` is no law in force on the day ``on`` (ISO 8601); empty if it is."""
    if regime.status in _TIMELESS:
        ended = f" with effect from {regime.effective_to}" if regime.effective_to else ""
        return f"its status is {regime.status}{ended}"
    if regime.effective_from and on < regime.effective_from:
        return f"it applies from {regime.effective_from}"
    if regime.effective_to and on >= regime.effective_to:
        return f"it ended on {regime.effective_to}"
    if regime.status == "adopted_not_yet_applicable" and not regime.effective_from:
        return "it is adopted and not applicable yet"
    return ""


def _anchors(regime: Regime) -> tuple[str, ...]:
    if regime.law_anchor:
        return (regime.law_anchor,)
    dues = (rule.due for rule in regime.stages if rule.due is not None)
    named = next((found for due in dues if (found := tuple(one for one in anchors_of(due) if ":" not in one))), ())
    return named or (AWARENESS,)


def _day(value: Any, place: ZoneInfo) -> str | None:
    at = deadlines.moment(value, place)
    return None if at is None else deadlines.local_day(at, place).isoformat()
