"""The least disruptive set of actions that covers every way in which harm goes on. Exact; values in, values out.

Least means, in this order: most ways covered, fewest actions that can't be undone, the smallest worst disruption, the
smallest sum of disruptions, the fewest actions, and last the names, so that the same question has the same answer.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

MOST_STEPS = 20_000
"""Steps of the search. A question that needs more is answered by the best set found so far, and says so."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An action that may be chosen: the ways that it covers, whether it can be undone, its disruption (0 to 4)."""

    id: str
    covers: frozenset[str]
    reversible: bool = True
    disruption: int = 1


@dataclass(frozen=True, slots=True)
class Cover:
    """``chosen`` are ids in order of their cost; ``uncovered`` the ways that no candidate covers.

    ``exact`` is False where the search was cut short, so that a better set may exist.
    """

    chosen: tuple[str, ...]
    uncovered: tuple[str, ...]
    exact: bool = True


Cost = tuple[int, int, int, int]


def cover(ways: Sequence[str], candidates: Iterable[Candidate], allowed: int = 4) -> Cover:
    """The least set that covers ``ways``, of candidates with a disruption of at most ``allowed``.

    A way is covered if one chosen candidate covers it. Order and repetition of ways and candidates change nothing.
    """
    wanted = sorted(dict.fromkeys(ways))
    bit = {way: 1 << place for place, way in enumerate(wanted)}
    able = {one.id: one for one in candidates if one.disruption <= allowed and one.covers & bit.keys()}
    masks = {name: sum(bit[way] for way in one.covers if way in bit) for name, one in able.items()}
    reachable = 0
    for mask in masks.values():
        reachable |= mask
    search = _Search(_undominated(_gentle_enough(able, masks, reachable), masks), masks)
    search.run(reachable)
    chosen = sorted(search.best, key=lambda name: (not able[name].reversible, able[name].disruption, name))
    return Cover(tuple(chosen), tuple(way for way in wanted if not bit[way] & reachable), search.steps <= MOST_STEPS)


def ladder(ways: Sequence[str], candidates: Sequence[Candidate], allowed: int = 4) -> tuple[Cover, ...]:
    """The covers to try one after the other: each without what the ones before it chose, which was not enough.

    Only the first is bound by ``allowed``: harm that goes on may be worth more disruption, which people then decide.
    """
    rungs: list[Cover] = []
    left = list(candidates)
    limit = allowed
    while True:
        found = cover(ways, left, limit)
        if not found.chosen and limit >= 4:
            return tuple(rungs) or (found,)
        if found.chosen or not rungs:
            rungs.append(found)
        left = [one for one in left if one.id not in found.chosen]
        limit = 4


def _gentle_enough(able: dict[str, Candidate], masks: dict[str, int], reachable: int) -> list[Candidate]:
    """Where those that can be undone suffice: those of them up to the least disruption with which they do."""
    undoable = [one for one in able.values() if one.reversible]
    for worst in range(5):
        some = [one for one in undoable if one.disruption <= worst]
        left = reachable
        for one in some:
            left &= ~masks[one.id]
        if not left:
            return some
    return list(able.values())


def _undominated(able: Sequence[Candidate], masks: dict[str, int]) -> list[Candidate]:
    """Without those that another one replaces at a lower cost, or at the same cost with a name that comes first."""
    ranked = sorted(able, key=_rank)
    kept: list[Candidate] = []
    for one in ranked:
        if not any(_replaces(other, one) and masks[one.id] & ~masks[other.id] == 0 for other in kept):
            kept.append(one)
    return kept


def _rank(one: Candidate) -> tuple[bool, int, str]:
    return not one.reversible, one.disruption, one.id


def _replaces(other: Candidate, one: Candidate) -> bool:
    if other.reversible < one.reversible or other.disruption > one.disruption:
        return False
    return (other.reversible, -other.disruption) != (one.reversible, -one.disruption) or other.id < one.id


class _Search:
    """Branch and bound: the way that fewest candidates cover is decided first."""

    def __init__(self, candidates: Sequence[Candidate], masks: dict[str, int]) -> None:
        self.candidates = candidates
        self.masks = masks
        self.steps = 0
        self.best: tuple[str, ...] = ()
        self._cost: Cost | None = None
        self._share: dict[int, tuple[float, float]] = {}  # the least disruption and number that one way can cost

    def run(self, wanted: int) -> None:
        """Find ``best`` for the ways of ``wanted``, all of which some candidate covers."""
        for place in range(wanted.bit_length()):
            sizes = [
                ((self.masks[one.id] & wanted).bit_count(), one.disruption)
                for one in self.candidates
                if self.masks[one.id] >> place & 1
            ]
            self._share[1 << place] = (
                min((disruption / size for size, disruption in sizes), default=0.0),
                min((1 / size for size, _ in sizes), default=0.0),
            )
        self._greedy(wanted)
        self._descend(wanted, (), (0, 0, 0, 0))

    def _greedy(self, wanted: int) -> None:
        """A first answer, so that the search can be cut short at any time."""
        chosen: list[Candidate] = []
        while wanted:
            one = min(
                (each for each in self.candidates if self.masks[each.id] & wanted),
                key=lambda each: (*_rank(each)[:2], -(self.masks[each.id] & wanted).bit_count(), each.id),
            )
            chosen.append(one)
            wanted &= ~self.masks[one.id]
        cost: Cost = (0, 0, 0, 0)
        for one in chosen:
            cost = _plus(cost, one)
        self._keep(tuple(one.id for one in chosen), cost)

    def _descend(self, wanted: int, chosen: tuple[str, ...], cost: Cost) -> None:
        self.steps += 1
        if self.steps > MOST_STEPS or (self._cost is not None and self._at_least(wanted, cost) > self._cost):
            return
        if not wanted:
            self._keep(chosen, cost)
            return
        for one in self._hardest(wanted):
            self._descend(wanted & ~self.masks[one.id], (*chosen, one.id), _plus(cost, one))

    def _at_least(self, wanted: int, cost: Cost) -> Cost:
        """What ``cost`` becomes at least once the ways of ``wanted`` are covered too."""
        disruption = number = 0.0
        while wanted:
            way = wanted & -wanted
            wanted ^= way
            some, part = self._share[way]
            disruption += some
            number += part
        irreversible, worst, total, chosen = cost
        return irreversible, worst, total + math.ceil(disruption - 1e-6), chosen + math.ceil(number - 1e-6)

    def _hardest(self, wanted: int) -> list[Candidate]:
        """Those that cover the way of ``wanted`` that fewest cover."""
        fewest: list[Candidate] = []
        left = wanted
        while left:
            way = left & -left
            left ^= way
            able = [one for one in self.candidates if self.masks[one.id] & way]
            if not fewest or len(able) < len(fewest):
                fewest = able
        return fewest

    def _keep(self, chosen: tuple[str, ...], cost: Cost) -> None:
        if self._cost is None or (cost, sorted(chosen)) < (self._cost, sorted(self.best)):
            self.best, self._cost = chosen, cost


def _plus(cost: Cost, one: Candidate) -> Cost:
    irreversible, worst, total, number = cost
    return irreversible + (not one.reversible), max(worst, one.disruption), total + one.disruption, number + 1
