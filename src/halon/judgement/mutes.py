"""Whether all alerts of an incident lie in mutes of the kit, and until when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from halon.incident import times
from halon.incident.mutes import Floor, MutedBy
from halon.judgement.roster import fits_hours


@dataclass(frozen=True, slots=True)
class Mute:
    """A mute or maintenance window. Empty ``agents``, ``rules`` or ``groups`` cover all of them.

    It holds from ``start`` to ``end`` (ISO 8601), or weekly: on ``days``, ``between`` two local times ``HH:MM`` of
    ``zone`` (IANA); a pair that ends before it starts runs over midnight and belongs to the day on which it starts.
    ``wakes_at`` is the level at which it wakes all the same.
    """

    name: str
    reason: str
    by: str
    agents: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    start: str = ""
    end: str = ""
    days: tuple[str, ...] = ()
    between: tuple[str, str] | None = None
    zone: str = "UTC"
    wakes_at: Floor = "SEV1"

    def covers(self, agent: str, group: str, rule: str) -> bool:
        """Whether an alert of this agent, group and rule lies in it, whenever it comes."""
        return (
            (not self.agents or agent in self.agents)
            and (not self.groups or group in self.groups)
            and (not self.rules or rule in self.rules)
        )

    def until(self, now: str) -> str:
        """Until when (ISO 8601 UTC) it holds at ``now``; empty if it does not hold then."""
        if self.between is None:
            holds = times.parse(self.start) <= times.parse(now) < times.parse(self.end)
            return times.normal(self.end) if holds else ""
        if not fits_hours(self.days, self.between, self.zone, now):
            return ""
        local = times.parse(now).astimezone(ZoneInfo(self.zone))
        start, end = self.between
        over_midnight = start > end and f"{local:%H:%M}" >= start
        hour, minute = (int(part) for part in end.split(":"))
        last = (local + timedelta(days=1) if over_midnight else local).date()
        return times.text(
            datetime(last.year, last.month, last.day, hour, minute, tzinfo=ZoneInfo(self.zone)).astimezone(UTC)
        )


def muted(mutes: Sequence[Mute], agent: str, group: str, rules: Sequence[str], now: str) -> MutedBy | None:
    """The mute that all of ``rules`` lie in at ``now`` (ISO 8601 UTC); None as soon as one of them lies in none.

    Where they lie in several, the one that ends first counts: what comes then is judged anew. Of several that cover the
    same rule, the one that ends last; at the strictest level of all of them it wakes.
    """
    chosen: list[tuple[str, Mute]] = []
    for rule in rules:
        here = [(one.until(now), one) for one in mutes if one.covers(agent, group, rule)]
        found = [(until, one) for until, one in here if until]
        if not found:
            return None
        chosen.append(max(found, key=lambda pair: pair[0]))
    if not chosen:
        return None
    until, first = min(chosen, key=lambda pair: pair[0])
    wakes_at = max(one.wakes_at for _, one in chosen)
    return MutedBy(first.name, until, first.reason, first.by, wakes_at)
