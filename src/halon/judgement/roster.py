"""Who is on call at a moment: the first rule that fits the agent and the hour."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from halon.incident import times
from halon.incident.assessment import Away, Person, Roster

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Hours = tuple[tuple[str, ...], tuple[str, str] | None, str]
"""Days, between and zone, as ``fits_hours`` takes them."""
_MIDNIGHT = "00:00"
_DAY = timedelta(days=1)


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


@dataclass(frozen=True, slots=True)
class Override:
    """From ``start`` to ``end`` (ISO 8601) somebody else is on call. An empty name leaves what the rules say."""

    start: str
    end: str
    commander: str = ""
    technical_lead: str = ""
    agents: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Absence:
    """``person`` is away from ``start`` to ``end`` (ISO 8601). ``instead`` stands in; empty: next in the escalation."""

    person: str
    start: str
    end: str
    instead: str = ""


def on_call(
    rules: Sequence[RosterRule],
    people: tuple[Person, ...],
    agent: str,
    now: str,
    overrides: Sequence[Override] = (),
    absences: Sequence[Absence] = (),
) -> Roster:
    """The roster for ``agent`` at ``now`` (ISO 8601 UTC). Empty, but with all people, when no rule fits.

    Overrides come before rules, and whoever is away is replaced; absences that are not over are in it as ``away``.
    """
    away = tuple(
        Away(one.person, one.start, one.end, one.instead) for one in absences if times.parse(now) < times.parse(one.end)
    )
    for rule in rules:
        if (not rule.agents or agent in rule.agents) and _fits(rule, now):
            commander, lead = rule.commander, rule.technical_lead
            for override in overrides:
                if (not override.agents or agent in override.agents) and _within(override.start, override.end, now):
                    commander, lead = override.commander or commander, override.technical_lead or lead
            named = _once((commander, *rule.escalation) if commander != rule.commander else rule.escalation)
            here = _once(there for name in named if (there := present(name, now, absences)))
            return Roster(
                present(commander, now, absences) or next(iter(here), commander),
                present(lead, now, absences) or next((one for one in here if one != commander), lead),
                here or named,
                rule.ack_within,
                people,
                away,
            )
    return Roster(people=people, away=away)


def present(name: str, now: str, absences: Sequence[Absence]) -> str:
    """``name``, or who stands in while they are away; "" if nobody does. A stand-in's stand-in counts too."""
    asked: list[str] = []
    while name and name not in asked:
        asked.append(name)
        away = next((one for one in absences if one.person == name and _within(one.start, one.end, now)), None)
        if away is None:
            return name
        name = away.instead
    return ""


def overridden(agent: str, now: str, overrides: Sequence[Override]) -> bool:
    """Whether somebody was put in as technical lead for ``agent`` at ``now`` (ISO 8601 UTC) by name."""
    return any(
        one.technical_lead and (not one.agents or agent in one.agents) and _within(one.start, one.end, now)
        for one in overrides
    )


def is_away(person: str, now: str, absences: Sequence[Absence]) -> bool:
    """Whether ``person`` is away at ``now`` (ISO 8601 UTC)."""
    return any(one.person == person and _within(one.start, one.end, now) for one in absences)


def _within(start: str, end: str, now: str) -> bool:
    return times.parse(start) <= times.parse(now) < times.parse(end)


def _once(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _fits(rule: RosterRule, now: str) -> bool:
    return fits_hours(rule.days, rule.between, rule.zone, now)


def fits_hours(days: Sequence[str], between: tuple[str, str] | None, zone: str, now: str) -> bool:
    """Whether ``now`` (ISO 8601 UTC) lies in these days and hours, local to ``zone``. No days: every day."""
    try:
        local = times.parse(now).astimezone(ZoneInfo(zone))
    except OverflowError:  # the calendar ends before the zone has a date
        local = times.parse(now)
    if between is None:
        return _on(days, local)
    start, end = between
    clock = f"{local:%H:%M}"
    if start <= end:
        return start <= clock < end and _on(days, local)
    if clock >= start:
        return _on(days, local)
    return clock < end and _on(days, local, before=1)


def _on(days: Sequence[str], local: datetime, before: int = 0) -> bool:
    return not days or DAYS[(local.weekday() - before) % 7] in days


def changes(hours: Iterable[Hours], start: datetime, end: datetime) -> tuple[datetime, ...]:
    """Every moment between ``start`` and ``end`` (aware, both left out) at which ``fits_hours`` may answer otherwise.

    In UTC and in order: the clock times and midnights of each zone, and the moments at which its clocks are put
    forward or back. Between two of these nothing changes.
    """
    clocks: dict[str, set[str]] = {}
    for days, between, zone in hours:
        asked = {*(between or ()), *((_MIDNIGHT,) if days else ())}
        if asked:
            clocks.setdefault(zone, set()).update(asked)
    found: set[datetime] = set()
    for zone, times_of_day in clocks.items():
        place = ZoneInfo(zone)
        found.update(_put_forward_or_back(place, start, end))
        day, last = start.astimezone(place).date(), end.astimezone(place).date()
        while day <= last:
            for clock in times_of_day:
                found.update(_moments(day, clock, place))
            day += _DAY
    return tuple(sorted(moment for moment in found if start < moment < end))


def _moments(day: date, clock: str, place: ZoneInfo) -> tuple[datetime, datetime]:
    """When the clock shows this time on that day: twice, where the clocks are put back over it."""
    local = datetime.combine(day, time(int(clock[:2]), int(clock[3:])), place)
    return local.astimezone(UTC), local.replace(fold=1).astimezone(UTC)


def _put_forward_or_back(place: ZoneInfo, start: datetime, end: datetime) -> Iterable[datetime]:
    """The moments at which the zone's distance from UTC changes, to the second."""
    day = start.astimezone(UTC).replace(microsecond=0)
    while day < end:
        before, after = day, day + _DAY
        if before.astimezone(place).utcoffset() != after.astimezone(place).utcoffset():
            while after - before > timedelta(seconds=1):
                middle = before + timedelta(seconds=int((after - before).total_seconds()) // 2)
                same = middle.astimezone(place).utcoffset() == before.astimezone(place).utcoffset()
                before, after = (middle, after) if same else (before, middle)
            yield after
        day += _DAY
