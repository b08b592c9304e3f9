"""By the law of which day a duty is judged: that of the anchor, and while nobody has said it, of every day it may be."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from halon.judgement import deadlines
from halon.judgement.deadlines import StandIn
from halon.judgement.expressions import Earliest, Expression, FirstKnown, Latest, anchors_of
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
    """When the moment was whose law counts: the anchor that is known, else any day from its stand-in until today.

    Of several that are known it is the one from which the clock runs: the earliest or the latest where the law says so,
    else the one that the law names first.
    """
    place = ZoneInfo(regime.zone)
    names = _anchors(regime)
    known = [day for name in names if (day := _day(facts.get(name), place)) is not None]
    if known:
        chosen = _which(regime)(known)
        return LawDay(chosen, chosen)
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
    return _moments(_figure(regime)) or (AWARENESS,)


def _which(regime: Regime) -> Callable[[list[str]], str]:
    """Which of several known days is that from which the clock runs."""
    match None if regime.law_anchor else _figure(regime):
        case Earliest() | FirstKnown():
            return min
        case Latest():
            return max
        case _:
            return lambda days: days[0]


def _figure(regime: Regime) -> Expression | None:
    """The first figure of the regime that runs from a moment, and not from a filing."""
    return next((rule.due for rule in regime.stages if _moments(rule.due)), None)


def _moments(due: Expression | None) -> tuple[str, ...]:
    return () if due is None else tuple(one for one in anchors_of(due) if ":" not in one)


def _day(value: Any, place: ZoneInfo) -> str | None:
    at = deadlines.moment(value, place)
    return None if at is None else deadlines.local_day(at, place).isoformat()
