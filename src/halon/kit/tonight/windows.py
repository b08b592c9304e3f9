"""Who can be reached when, to the minute: hours in everybody's own zone, absences, overrides, clocks put forward or back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from halon.incident import quorum, times
from halon.incident.orders import GatePolicy
from halon.judgement.policy import Policy
from halon.judgement.roster import Absence, Hours, Override, RosterRule, changes, fits_hours, on_call
from halon.kit.bundle import Bundle

NOBODY: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Takes:
    """What a gate takes of people. Without ``every`` all who may answer hold one of its roles, and only ``quorum`` counts."""

    quorum: int
    roles: tuple[str, ...] = ()
    every: tuple[str, ...] = ()

    @classmethod
    def of(cls, policy: GatePolicy) -> Takes:
        """What the gate of ``policy`` takes."""
        return cls(policy.quorum, policy.roles, policy.every) if policy.every else cls(policy.quorum)


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """From ``start`` to ``end`` (UTC), the end not in it."""

    start: datetime
    end: datetime

    @property
    def seconds(self) -> float:
        """How long."""
        return (self.end - self.start).total_seconds()


@dataclass(frozen=True, slots=True)
class _Held:
    """Who holds for a stretch of time, without a change in between."""

    start: datetime
    end: datetime
    people: frozenset[str]


class Reach:
    """Who can be reached between ``start`` and ``end``, and when too few of some people can."""

    def __init__(self, bundle: Bundle, policy: Policy, start: datetime, end: datetime) -> None:
        self.start, self.end = start, end
        self._policy = policy
        self._absences = tuple(one for one in policy.absences if self._within(one.start, one.end))
        self._overrides = tuple(one for one in policy.overrides if self._within(one.start, one.end))
        self._by_hours: dict[Hours, tuple[Window, ...]] = {}
        self._own = {name: self._answers(bundle, name) for name in bundle.oncall.people}
        self._rosters: dict[tuple[tuple[int, ...], tuple[int, ...]], tuple[_Held, ...]] = {}
        self._roles = {name: tuple(person.roles) for name, person in bundle.oncall.people.items()}
        self._few: dict[tuple[frozenset[str], Takes, frozenset[str]], tuple[_Held, ...]] = {}
        self._gaps: dict[tuple[object, ...], tuple[Window, ...]] = {}

    def gaps(
        self, entitled: frozenset[str], takes: Takes, agent: str, proposers: frozenset[str] = NOBODY
    ) -> tuple[Window, ...]:
        """When too few of ``entitled`` for ``takes`` can be reached for ``agent``, in order, as long as possible each.

        With ``proposers`` the worst case counts: one of them who could be reached has proposed it and does not count.
        """
        key = (entitled, takes, proposers, self._roster_key(agent))
        if key not in self._gaps:
            self._gaps[key] = tuple(_merged(self._open(entitled, takes, proposers, agent)))
        return self._gaps[key]

    def enough(self, present: frozenset[str], takes: Takes, proposers: frozenset[str] = NOBODY) -> bool:
        """Whether ``present`` can pass a gate, also when one of ``proposers`` among them has proposed it."""
        if not takes.every:
            return len(present) - bool(present & proposers) >= takes.quorum
        policy = GatePolicy(takes.roles, takes.quorum, every=takes.every)
        without = [present - {one} for one in present & proposers] or [present]
        return all(quorum.enough(policy, {name: self._roles[name] for name in some}) for some in without)

    def _open(self, entitled: frozenset[str], takes: Takes, proposers: frozenset[str], agent: str) -> Iterator[Window]:
        """The gaps that own hours leave, where those who are on call don't fill them either."""
        few, key = self._too_few(entitled, takes, proposers), self._roster_key(agent)
        if not few:
            return
        roster = self._rosters.get(key)
        if roster is None:
            roster = self._rosters[key] = tuple(self._on_call(agent, key))
        at = 0
        for gap in few:
            while roster[at].end <= gap.start:
                at += 1
            for held in roster[at:]:
                if held.start >= gap.end:
                    break
                if not self.enough(gap.people | (held.people & entitled), takes, proposers):
                    yield Window(max(gap.start, held.start), min(gap.end, held.end))

    def _too_few(self, entitled: frozenset[str], takes: Takes, proposers: frozenset[str]) -> tuple[_Held, ...]:
        """When too few answer by their own hours, and who those few are."""
        key = (entitled, takes, proposers)
        found = self._few.get(key)
        if found is None:
            found = self._few[key] = tuple(self._counted(entitled, takes, proposers))
        return found

    def _counted(self, entitled: frozenset[str], takes: Takes, proposers: frozenset[str]) -> Iterator[_Held]:
        moves = [(self.start, True, ""), (self.end, True, "")]
        for name in entitled:
            for one in self._own.get(name, ()):
                moves += [(one.start, True, name), (one.end, False, name)]
        present: set[str] = set()
        since = self.start
        for moment, comes, name in sorted(moves):
            if moment > since:
                # Without every, one above the quorum is enough whoever of them proposed it.
                few = bool(takes.every) or len(present) <= takes.quorum
                if few and not self.enough(frozenset(present), takes, proposers):
                    yield _Held(since, moment, frozenset(present))
                since = moment
            if name:
                (present.add if comes else present.discard)(name)

    def _answers(self, bundle: Bundle, name: str) -> tuple[Window, ...]:
        """When somebody answers although nobody put them on call: their hours, or always, less their absences."""
        hours = bundle.oncall.people[name].hours
        whole: tuple[Window, ...] = (Window(self.start, self.end),)
        if hours is not None:
            pattern: Hours = (tuple(hours.days), (hours.between[0], hours.between[1]), hours.zone)
            if pattern not in self._by_hours:
                self._by_hours[pattern] = tuple(_merged(self._fitting(pattern)))
            whole = self._by_hours[pattern]
        for away in self._absences:
            if away.person == name:
                whole = tuple(_without(whole, times.parse(away.start), times.parse(away.end)))
        return whole

    def _fitting(self, pattern: Hours) -> Iterator[Window]:
        for start, end in self._stretches(changes([pattern], self.start, self.end)):
            if fits_hours(*pattern, times.text(start)):
                yield Window(start, end)

    def _roster_key(self, agent: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """What decides who is on call for ``agent``: agents with the same rules and overrides share one roster."""
        return (
            tuple(at for at, one in enumerate(self._policy.roster_rules) if not one.agents or agent in one.agents),
            tuple(at for at, one in enumerate(self._overrides) if not one.agents or agent in one.agents),
        )

    def _on_call(self, agent: str, key: tuple[tuple[int, ...], tuple[int, ...]]) -> Iterator[_Held]:
        rules = [self._policy.roster_rules[at] for at in key[0]]
        overrides = [self._overrides[at] for at in key[1]]
        absences = _of(_named(rules, overrides), self._absences)
        moments = {*changes([(one.days, one.between, one.zone) for one in rules], self.start, self.end)}
        spans = [(one.start, one.end) for one in overrides] + [(one.start, one.end) for one in absences]
        moments.update(times.parse(moment) for span in spans for moment in span)
        for start, end in self._stretches(moments):
            now = times.text(start)
            roster = on_call(rules, (), agent, now, overrides, absences)
            away = {one.person for one in absences if times.parse(one.start) <= start < times.parse(one.end)}
            yield _Held(start, end, frozenset({roster.commander, roster.technical_lead, *roster.escalation} - away))

    def _stretches(self, moments: Iterable[datetime]) -> Iterator[tuple[datetime, datetime]]:
        inside = sorted({moment for moment in moments if self.start < moment < self.end})
        return zip((self.start, *inside), (*inside, self.end), strict=True)

    def _within(self, start: str, end: str) -> bool:
        return times.parse(start) < self.end and times.parse(end) > self.start


def _merged(windows: Iterable[Window]) -> Iterator[Window]:
    """Windows in order, those that touch each other as one."""
    held: Window | None = None
    for one in windows:
        if held is not None and one.start <= held.end:
            held = Window(held.start, max(held.end, one.end))
            continue
        if held is not None:
            yield held
        held = one
    if held is not None:
        yield held


def _without(windows: Iterable[Window], start: datetime, end: datetime) -> Iterator[Window]:
    for one in windows:
        if one.start < min(one.end, start):
            yield Window(one.start, min(one.end, start))
        if max(one.start, end) < one.end:
            yield Window(max(one.start, end), one.end)


def _named(rules: Sequence[RosterRule], overrides: Sequence[Override]) -> set[str]:
    found = {name for one in rules for name in (one.commander, one.technical_lead, *one.escalation)}
    return found | {name for one in overrides for name in (one.commander, one.technical_lead)}


def _of(names: set[str], absences: Sequence[Absence]) -> tuple[Absence, ...]:
    """The absences of these people, of those who stand in for them, and so on."""
    while more := {one.instead for one in absences if one.person in names and one.instead} - names:
        names |= more
    return tuple(one for one in absences if one.person in names)
