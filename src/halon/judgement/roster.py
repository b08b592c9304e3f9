"""Who is on call at a moment: the first rule that fits the agent and the hour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from halon.incident import times
from halon.incident.assessment import Person, Roster

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class RosterRule:
    """Who is on call when this rule fits. Empty ``agents`` or ``days`` fit all; ``ack_within`` is in seconds.

    ``between`` is a pair of local times ``HH:MM``; a pair that ends before it starts runs over midnight and belongs
    to the day on which it starts. ``zone`` is an IANA name.
    """

    commander: str
    technical_lead: str
    escalation: tuple[str, ...]
    ack_within: int = 300
    agents: tuple[str, ...] = ()
    days: tuple[str, ...] = ()
    between: tuple[str, str] | None = None
    zone: str = "UTC"


def on_call(rules: Sequence[RosterRule], people: tuple[Person, ...], agent: str, now: str) -> Roster:
    """The roster for ``agent`` at ``now`` (ISO 8601 UTC). Empty, but with all people, when no rule fits."""
    for rule in rules:
        if (not rule.agents or agent in rule.agents) and _fits(rule, now):
            return Roster(rule.commander, rule.technical_lead, rule.escalation, rule.ack_within, people)
    return Roster(people=people)


def _fits(rule: RosterRule, now: str) -> bool:
    local = times.parse(now).astimezone(ZoneInfo(rule.zone))
    if rule.between is None:
        return _on(rule, local)
    start, end = rule.between
    clock = f"{local:%H:%M}"
    if start <= end:
        return start <= clock < end and _on(rule, local)
    if clock >= start:
        return _on(rule, local)
    return clock < end and _on(rule, local - timedelta(days=1))


def _on(rule: RosterRule, local: datetime) -> bool:
    return not rule.days or DAYS[local.weekday()] in rule.days
