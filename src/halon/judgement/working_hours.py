"""Who can be told of a clock when: the last working hour of each person who decides, and who answers at night."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import pairwise

from halon.incident import times
from halon.incident.assessment import Assessment, Obligation, Reached, Roster, Stage
from halon.incident.standing import LIVE
from halon.judgement.policy import Policy
from halon.judgement.roster import Absence, Hours, changes, fits_hours, on_call, present

LAST = timedelta(hours=1)
"""A whole hour of work: in less of it nobody decides and files."""
_WINDOW = timedelta(days=10)
"""How far is looked back at first: nearly always the last working hour lies in the last few days."""
_FURTHEST = timedelta(days=100)
"""Whoever has not worked for so long before a deadline is not warned by their own hours."""


def with_reach(judged: Assessment, kit: Policy, agent: str) -> Assessment:
    """``judged`` with each running clock warned of at the last working hours of each person who decides, too.

    There are two: the last one before it is to be decided, in which there is still time for approval and portal, and the
    last one before it is due.
    Whoever decides and does not answer at the hour of a warning, or when it is due, is not waited for: those of the role
    who answer then are told, else those on call then, and the reason says so. Rota and absences are those of ``kit``.
    """
    reaching = _Reaching(kit, agent)
    duties = tuple(reaching.duty(duty) if duty.status in LIVE else duty for duty in judged.obligations)
    return replace(judged, obligations=duties)


def last_working_hour(hours: Hours, absences: Sequence[Absence], start: str, due: str) -> str:
    """When the last whole hour of work before ``due`` begins (all ISO 8601 UTC), not before ``start``; empty if none is left.

    ``absences`` are those of one person. An hour is sixty minutes that pass, also in a night in which clocks change.
    """
    return _last(hours, tuple((one.start, one.end) for one in absences), start, due)


@lru_cache(maxsize=8192)
def _last(hours: Hours, away: tuple[tuple[str, str], ...], start: str, due: str) -> str:
    first, end = times.parse(start), times.parse(due)
    try:
        first = max(first, end - _FURTHEST)
        lowest = max(first, end - _WINDOW)
    except OverflowError:  # at the beginning of the calendar nobody works
        return ""
    while first < end:
        for begins, ends in reversed(_worked(hours, away, lowest, end)):
            if ends - begins >= LAST:
                return times.text(ends - LAST)
        if lowest <= first:
            break
        lowest = max(first, lowest - 3 * _WINDOW)
    return ""


def _worked(
    hours: Hours, away: tuple[tuple[str, str], ...], start: datetime, end: datetime
) -> list[tuple[datetime, datetime]]:
    """The spans between ``start`` and ``end`` in which somebody with these hours works, in order."""
    days, between, zone = hours
    gone = [(times.parse(begins), times.parse(ends)) for begins, ends in away]
    edges = {start, end, *changes((hours,), start, end)}
    edges |= {moment for span in gone for moment in span if start < moment < end}
    ordered = sorted(edges)
    spans: list[tuple[datetime, datetime]] = []
    for begins, ends in pairwise(ordered):
        if not fits_hours(days, between, zone, times.text(begins)):
            continue
        if any(since <= begins < until for since, until in gone):
            continue
        if spans and spans[-1][1] == begins:
            spans[-1] = (spans[-1][0], ends)
        else:
            spans.append((begins, ends))
    return spans


def _why(names: Sequence[str], what: str) -> str:
    return f"The last working hour of {' and '.join(names)} before it is {what}." if names else ""


class _Reaching:
    """Many clocks ask for the same moments and roles: each is answered once."""

    def __init__(self, kit: Policy, agent: str) -> None:
        self._kit = kit
        self._agent = agent
        self._rotas: dict[str, Roster] = {}
        self._asked: dict[tuple[str, str], Reached | None] = {}
        self._away: dict[str, tuple[Absence, ...]] = {}
        for one in kit.absences:
            self._away[one.person] = (*self._away.get(one.person, ()), one)

    def duty(self, duty: Obligation) -> Obligation:
        """The duty with who is told when, for each of its clocks that runs."""
        deciders = tuple(one.name for one in self._kit.people if duty.decider in one.roles)
        return replace(duty, stages=tuple(self._stage(stage, deciders, duty.decider) for stage in duty.stages))

    def _stage(self, stage: Stage, deciders: tuple[str, ...], role: str) -> Stage:
        if not stage.due or not stage.warn_at or not stage.started or stage.filed_at:
            return stage
        begun, due = times.normal(stage.started), times.normal(stage.due)
        usual = {times.normal(one) for one in (*stage.warn_at, stage.decide_by) if one}
        settle = times.normal(stage.decide_by) if stage.decide_by else due
        last, own = self._own(deciders, begun, due), self._own(deciders, begun, settle)
        moments = set(usual)
        reach: dict[str, Reached] = {}
        for at in dict.fromkeys((*last, *own)):
            if at not in usual:  # who is warned then by the usual rule is warned once
                final = last.get(at, ())
                settles = tuple(one for one in own.get(at, ()) if one not in final)
                moments.add(at)
                why = f"{_why(final, 'due')} {_why(settles, 'to be decided')}".strip()
                reach[at] = Reached(at, (*final, *settles), why)
        for at in (*usual, due):
            if (asked := self._who(at, deciders, role)) is not None:
                reach[at] = asked
        if deciders and not own and all(name in self._kit.hours for name in deciders) and (settle > begun or not last):
            moments.add(begun)
            asked = self._who(begun, deciders, role)
            why = f"Nobody who is {role} has a whole working hour before it is {'to be decided' if last else 'due'}."
            reach[begun] = Reached(
                begun, asked.names if asked else deciders, f"{why} {asked.why if asked else ''}".strip()
            )
        return replace(stage, warn_at=tuple(sorted(moments)), reach=tuple(reach[at] for at in sorted(reach)))

    def _own(self, deciders: Sequence[str], begun: str, due: str) -> dict[str, tuple[str, ...]]:
        """The moments at which the last working hour of somebody begins. Who has no hours answers at any time."""
        found: dict[str, tuple[str, ...]] = {}
        for name in deciders:
            if (hours := self._kit.hours.get(name)) is None:
                continue
            if at := last_working_hour(hours, self._away.get(name, ()), begun, due):
                found[at] = (*found.get(at, ()), name)
        return found

    def _who(self, at: str, deciders: tuple[str, ...], role: str) -> Reached | None:
        """Who is told at ``at``; None where it is everybody who decides."""
        if (at, role) not in self._asked:
            self._asked[at, role] = self._look(at, deciders, role)
        return self._asked[at, role]

    def _look(self, at: str, deciders: tuple[str, ...], role: str) -> Reached | None:
        if not any(name in self._kit.hours or name in self._away for name in deciders):
            return None
        here = dict.fromkeys(one for name in deciders if (one := present(name, at, self._kit.absences)))
        awake = tuple(name for name in here if self._answers(name, at))
        if awake == deciders:
            return None
        if awake:
            return Reached(at, awake)
        rota = self._rota(at)
        there = tuple(dict.fromkeys(one for one in (rota.commander, *rota.escalation[:1]) if one))
        why = f"Nobody who is {role} answers at this hour: you are told in their place. Reach them."
        return Reached(at, (*there, *(one for one in here or deciders if one not in there)), why)

    def _answers(self, name: str, at: str) -> bool:
        """Whether ``name`` answers at ``at``: at work then, on call then, or without hours of their own."""
        hours = self._kit.hours.get(name)
        if hours is None or fits_hours(*hours, at):
            return True
        rota = self._rota(at)
        return name in (rota.commander, rota.technical_lead)

    def _rota(self, at: str) -> Roster:
        if at not in self._rotas:
            kit = self._kit
            self._rotas[at] = on_call(kit.roster_rules, kit.people, self._agent, at, kit.overrides, kit.absences)
        return self._rotas[at]
