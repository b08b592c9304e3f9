"""On which rung an action stands: the first is the least set that closes every way in which the harm goes on.

The ways that are certain come first. For one that is only perhaps there, an action is added that runs by itself and
disrupts no more than what is done anyway; anything more waits until the harm is seen to go on, or until people say yes.

What runs by itself comes before what waits for people, which closes nothing meanwhile. Among both, what can be undone
comes before what can't, and the gentler before the more disruptive (``cover``). What is not chosen is tried next, if the
harm goes on, and never after what is more disruptive.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from halon.judgement.cover import Budget, Candidate, cover
from halon.judgement.ways import Way, closed_by

LAST_RUNG = 9
MOST_DISRUPTIVE = 4
PART = 2
"""The disruption, part of it stands still, up to which something is done unasked where no way at all is certain."""
_SEARCHED = 2
"""Rungs of which the least set is searched; for those above, a good one is found at once: facts come before them."""


@dataclass(frozen=True, slots=True)
class Ready:
    """An action whose condition is true, or not settled yet (``settled`` is False). ``covers`` are ways as written.

    ``asks``: it has a gate of its own, or can't be undone. ``floor`` is the rung that the kit gives it.
    """

    id: str
    covers: tuple[str, ...]
    settled: bool = True
    reversible: bool = True
    asks: bool = False
    disruption: int = 1
    floor: int = 1


@dataclass(frozen=True, slots=True)
class Rungs:
    """``rung`` is the rung of each action that closes a way, ``closes`` which ways each closes, by id.

    ``uncovered`` are the ways that none closes. ``exact`` is False where the search was cut short.
    """

    rung: dict[str, int] = field(default_factory=dict)
    closes: dict[str, tuple[Way, ...]] = field(default_factory=dict)
    uncovered: tuple[Way, ...] = ()
    exact: bool = True


def too_disruptive(one: Ready, allowed: int) -> bool:
    """Whether people are asked first because of how much stands still.

    Not where the kit itself put it on a later rung: then the harm was seen to go on after what is gentler, and whoever
    wrote the kit said beforehand that it may follow.
    """
    return one.disruption > allowed and one.floor == 1


def place(
    ways: Sequence[Way],
    ready: Sequence[Ready],
    allowed: int,
    preferred: Sequence[str] = (),
    in_force: Collection[str] = (),
    failed: Collection[str] = (),
) -> Rungs:
    """The rungs of those of ``ready`` that close one of ``ways``; ``allowed`` is the disruption (0 to 4) without asking.

    ``preferred`` breaks ties. What is ``in_force`` closes its ways at no further cost, and what has ``failed`` is not
    counted on; both stand where the kit puts them. Order and repetition of the arguments change nothing else.
    """
    able = [(way, closed_by(way)) for way in ways]
    shut = {one.id: tuple(way for way, covers in able if not covers.isdisjoint(one.covers)) for one in ready}
    useful = {one.id: one for one in sorted(ready, key=lambda one: one.id) if shut[one.id]}
    found = _Placing(useful, _alike(ways, useful, shut), allowed, preferred, in_force)
    rung = {name: one.floor for name, one in useful.items() if name in in_force or name in failed}
    found.left = {name: one for name, one in useful.items() if name not in rung}
    for number in range(1, LAST_RUNG + 1):
        rung |= dict.fromkeys(found.next_rung(number), number)
    rung |= dict.fromkeys(found.left, LAST_RUNG)
    closed = {way.key for name in useful for way in shut[name]}
    uncovered = tuple(way for way in ways if way.key not in closed)
    return Rungs(rung, {name: shut[name] for name in useful}, uncovered, found.exact)


@dataclass(frozen=True, slots=True)
class _Group:
    """Ways that the same actions close: who closes them, and of which sort they are."""

    by: frozenset[str]
    perhaps: bool
    outside: bool


def _alike(ways: Sequence[Way], useful: Iterable[str], shut: dict[str, tuple[Way, ...]]) -> dict[str, _Group]:
    """One way, by its key, for all that the same actions close.

    A list of hundreds of tools is no longer a question thereby than the few that the actions tell apart.
    """
    by_way: dict[str, set[str]] = {}
    for name in useful:
        for way in shut[name]:
            by_way.setdefault(way.key, set()).add(name)
    groups: dict[_Group, str] = {}
    for way in sorted(ways, key=lambda one: one.key):
        if way.key in by_way:
            groups.setdefault(_Group(frozenset(by_way[way.key]), way.perhaps, way.outside), way.key)
    return {key: group for group, key in groups.items()}


class _Placing:
    """Rung by rung: what is left to choose from shrinks."""

    def __init__(
        self,
        useful: dict[str, Ready],
        groups: dict[str, _Group],
        allowed: int,
        preferred: Sequence[str],
        in_force: Collection[str],
    ) -> None:
        self.left = useful
        self.exact = True
        self._allowed = allowed
        self._budget = Budget()
        self._certain = [key for key, group in groups.items() if not group.perhaps]
        self._perhaps = [key for key, group in groups.items() if group.perhaps]
        self._outside = {key for key, group in groups.items() if group.outside}
        self._shut_already = {key for key, group in groups.items() if not group.by.isdisjoint(in_force)}
        self._in_force = [one.disruption for name, one in useful.items() if name in in_force]
        rank = {name: place for place, name in enumerate(preferred)}
        shut: dict[str, set[str]] = {name: set() for name in useful}
        for key, group in groups.items():
            for name in group.by:
                shut[name].add(key)
        self._candidate = {
            name: Candidate(
                f"{rank.get(name, len(rank)):06}:{name}", frozenset(shut[name]), one.reversible, one.disruption
            )
            for name, one in useful.items()
        }

    def next_rung(self, number: int) -> tuple[str, ...]:
        """The actions of this rung, which are then no longer left."""
        here = [one for one in self.left.values() if one.floor <= number]
        by_itself = [one for one in here if self._runs_by_itself(one)]
        chosen = self._for_certain(number, here, by_itself)
        chosen += self._for_perhaps(number, here, by_itself, chosen)
        worst = max((one.disruption for one in by_itself if one.id in chosen), default=0)
        if number > 1:  # the harm was seen to go on: what is gentler waits for nothing
            chosen += [one.id for one in by_itself if one.disruption < worst and one.id not in chosen]
        self.left = {name: one for name, one in self.left.items() if name not in chosen}
        return tuple(chosen)

    def _for_certain(self, number: int, here: Sequence[Ready], by_itself: Sequence[Ready]) -> list[str]:
        """In five steps, each for what is still open.

        By itself; asked for, within what the severity allows: what can be undone, then what can't; asked for beyond it;
        what can't be undone and is not settled.
        """
        limit = self._allowed if number == 1 else MOST_DISRUPTIVE
        undoable = [one for one in here if one.reversible]
        asked = [one for one in here if one.reversible or one.settled]
        last = [one for one in here if not one.reversible]
        steps = (
            (by_itself, MOST_DISRUPTIVE),
            (undoable, limit),
            (asked, limit),
            (asked, MOST_DISRUPTIVE),
            (last, MOST_DISRUPTIVE),
        )
        return self._steps(number, self._certain, steps)

    def _for_perhaps(
        self, number: int, here: Sequence[Ready], by_itself: Sequence[Ready], chosen: Sequence[str]
    ) -> list[str]:
        """What is added to ``chosen`` for the ways that are only perhaps there and that it leaves open.

        By itself, if no more stands still by it than does anyway; for what goes on outside the agent, where no look sees
        it, also if part stands still. Asked for, unless everything would. And as the last resort what can't be undone,
        or instead of it anything else that asks.
        """
        ways = self._open(self._perhaps, chosen)
        cost = [one.disruption for one in by_itself if one.id in chosen]
        cost += self._in_force
        first = number == 1
        gentle = max(cost, default=PART) if first else max(cost, default=MOST_DISRUPTIVE)
        alone = {one.id for one in by_itself}
        asked = [one for one in here if one.reversible and one.id not in alone]
        final = [one for one in here if not one.reversible]
        outside = [key for key in ways if key in self._outside]
        added = self._steps(number, ways, ((by_itself, gentle),))
        added += self._steps(number, self._open(outside, added), ((by_itself, max(gentle, PART)),))
        asking = MOST_DISRUPTIVE - 1 if first else MOST_DISRUPTIVE
        added += self._steps(number, self._open(ways, added), ((asked, asking),))
        left = [key for key in self._open(ways, added) if any(key in self._covers(one) for one in final)]
        left = [key for key in left if not any(key in self._covers(one) for one in by_itself)]
        return added + self._steps(number, left, (([*asked, *final], MOST_DISRUPTIVE),))

    def _open(self, ways: Sequence[str], chosen: Sequence[str]) -> list[str]:
        """Those of ``ways`` that none of ``chosen`` closes."""
        return [key for key in ways if not any(key in self._candidate[name].covers for name in chosen)]

    def _covers(self, one: Ready) -> frozenset[str]:
        return self._candidate[one.id].covers

    def _steps(self, number: int, ways: Sequence[str], steps: Sequence[tuple[Sequence[Ready], int]]) -> list[str]:
        """What covers ``ways``, step by step: of those, with this disruption at most, what is still open."""
        chosen: list[str] = []
        open_ways = [key for key in ways if number > 1 or key not in self._shut_already]
        for may, at_most in steps:
            budget = self._budget if number <= _SEARCHED else Budget(0)
            found = cover(open_ways, [self._candidate[one.id] for one in may], at_most, budget)
            self.exact = self.exact and (found.exact or number > _SEARCHED)
            chosen += [name.partition(":")[2] for name in found.chosen]
            open_ways = list(found.uncovered)
        return chosen

    def _runs_by_itself(self, one: Ready) -> bool:
        return one.reversible and not one.asks and not too_disruptive(one, self._allowed)
