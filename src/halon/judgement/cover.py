"""The least disruptive set of actions that covers every way in which harm goes on. Values in, values out.

Least means, in this order: most ways covered, fewest actions that can't be undone, the smallest worst disruption, the
smallest sum of disruptions, the fewest actions, and last the names, so that the same question has the same answer.

The search is exact as long as its ``Budget`` lasts; after that the answer is the best one found, and says so.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

MOST_STEPS = 3_000
"""Steps of the searches of one plan, a few microseconds each. Two hundred actions that overlap at random in twenty
ways take fewer, as the benchmark shows."""


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


class Budget:
    """How many steps the searches that share it may still take, all together."""

    def __init__(self, steps: int = MOST_STEPS) -> None:
        self.left = steps


Cost = tuple[int, int, int]
"""How many can't be undone, the sum of disruptions, how many. The worst disruption is settled before the search."""


def cover(
    ways: Sequence[str], candidates: Iterable[Candidate], allowed: int = 4, budget: Budget | None = None
) -> Cover:
    """The least set that covers ``ways``, of candidates with a disruption of at most ``allowed``.

    A way is covered if one chosen candidate covers it. Order and repetition of ways and candidates change nothing.
    ``budget`` None: one of its own.
    """
    wanted = sorted(dict.fromkeys(ways))
    bit = {way: 1 << place for place, way in enumerate(wanted)}
    able = {one.id: one for one in candidates if one.disruption <= allowed and one.covers & bit.keys()}
    masks = {name: sum(bit[way] for way in one.covers if way in bit) for name, one in able.items()}
    reachable = 0
    for mask in masks.values():
        reachable |= mask
    found, exact = _least(list(able.values()), masks, reachable, budget or Budget())
    chosen = sorted(found, key=lambda name: (not able[name].reversible, able[name].disruption, name))
    return Cover(tuple(chosen), tuple(way for way in wanted if not bit[way] & reachable), exact)


def _least(
    able: list[Candidate], masks: dict[str, int], reachable: int, budget: Budget
) -> tuple[tuple[str, ...], bool]:
    """The names of the least set, and whether it is known to be the least."""
    undoable = [one for one in able if one.reversible]
    for worst in range(5):
        some = [one for one in undoable if one.disruption <= worst]
        if not _left(some, masks, reachable):
            return _search(some, masks, reachable, budget)
    best, exact = _search(able, masks, reachable, budget)
    fewest = _finals(able, best)
    for worst in range(4):
        some = [one for one in able if one.disruption <= worst]
        if not _left(some, masks, reachable):
            found, searched = _search(some, masks, reachable, budget)
            exact = exact and searched
            if _finals(able, found) <= fewest:
                return found, exact
    return best, exact


def _left(some: Iterable[Candidate], masks: dict[str, int], wanted: int) -> int:
    """What of ``wanted`` none of ``some`` covers."""
    for one in some:
        wanted &= ~masks[one.id]
    return wanted


def _finals(able: Iterable[Candidate], names: Sequence[str]) -> int:
    return sum(not one.reversible for one in able if one.id in names)


def _undominated(able: Sequence[Candidate], masks: dict[str, int]) -> list[Candidate]:
    """Without those that another one replaces at a lower cost, or at the same cost with a name that comes first."""
    kept: list[Candidate] = []
    for one in sorted(able, key=_rank):
        mask = masks[one.id]
        if not any(mask & ~masks[other.id] == 0 and _replaces(other, one) for other in kept):
            kept.append(one)
    return kept


def _rank(one: Candidate) -> tuple[bool, int, str]:
    return not one.reversible, one.disruption, one.id


def _replaces(other: Candidate, one: Candidate) -> bool:
    if other.reversible < one.reversible or other.disruption > one.disruption:
        return False
    return (other.reversible, -other.disruption) != (one.reversible, -one.disruption) or other.id < one.id


def _search(
    able: Sequence[Candidate], masks: dict[str, int], wanted: int, budget: Budget
) -> tuple[tuple[str, ...], bool]:
    """Best first over what is left to cover, each such rest by its cheapest way there alone."""
    if not wanted:
        return (), True
    if budget.left <= 0:
        return _greedy(able, masks, wanted), False
    kept = _undominated(able, masks)
    by_way = _by_way(kept, masks, wanted)
    shares = {way: _share(some, masks, wanted) for way, some in by_way.items()}
    start: tuple[Cost, tuple[str, ...]] = ((0, 0, 0), ())
    cheapest = {wanted: start}
    queue: list[tuple[Cost, tuple[str, ...], Cost, int]] = [(_at_least(start[0], wanted, shares), (), start[0], wanted)]
    best: tuple[Cost, tuple[str, ...]] | None = None
    while queue:
        floor, names, cost, rest = heapq.heappop(queue)
        if best is not None and floor > best[0]:
            return best[1], True
        if cheapest[rest] != (cost, names):
            continue
        if not rest:
            best = (cost, names) if best is None else min(best, (cost, names))
            continue
        able_here = next(some for way, some in by_way.items() if rest & way)
        budget.left -= len(able_here)
        if budget.left < 0:
            return (best[1] if best else _greedy(kept, masks, wanted)), False
        for one in able_here:
            then = rest & ~masks[one.id]
            dearer = (cost[0] + (not one.reversible), cost[1] + one.disruption, cost[2] + 1)
            reached = (dearer, tuple(sorted((*names, one.id))))
            if then not in cheapest or reached < cheapest[then]:
                cheapest[then] = reached
                heapq.heappush(queue, (_at_least(dearer, then, shares), reached[1], dearer, then))
    return (best[1] if best else ()), True


def _by_way(able: Sequence[Candidate], masks: dict[str, int], wanted: int) -> dict[int, list[Candidate]]:
    """Who covers each way, the way that fewest cover first: that one is decided first."""
    found = {
        1 << place: [one for one in able if masks[one.id] >> place & 1]
        for place in range(wanted.bit_length())
        if wanted >> place & 1
    }
    return dict(sorted(found.items(), key=lambda item: (len(item[1]), item[0])))


def _share(able: Iterable[Candidate], masks: dict[str, int], wanted: int) -> tuple[float, float, float]:
    """What one way costs at least, where a candidate's cost is shared by all the ways that it covers."""
    parts = [(1 / (masks[one.id] & wanted).bit_count(), one) for one in able]
    return (
        min(part * (not one.reversible) for part, one in parts),
        min(part * one.disruption for part, one in parts),
        min(part for part, _ in parts),
    )


def _at_least(cost: Cost, rest: int, shares: dict[int, tuple[float, float, float]]) -> Cost:
    """What ``cost`` becomes at least once the ways of ``rest`` are covered too."""
    finals = disruption = number = 0.0
    while rest:
        way = rest & -rest
        rest ^= way
        share = shares[way]
        finals, disruption, number = finals + share[0], disruption + share[1], number + share[2]
    return tuple(had + math.ceil(more - 1e-6) for had, more in zip(cost, (finals, disruption, number), strict=True))  # type: ignore[return-value]


def _greedy(able: Sequence[Candidate], masks: dict[str, int], wanted: int) -> tuple[str, ...]:
    """A good set at once: step by step what covers most for its cost, then without what turned out to be needless."""
    chosen: list[Candidate] = []
    rest = wanted
    while rest:
        chosen.append(min((one for one in able if masks[one.id] & rest), key=lambda one: _dear(one, masks, rest)))
        rest &= ~masks[chosen[-1].id]
    for one in sorted(chosen, key=_rank, reverse=True):
        others = [other for other in chosen if other is not one]
        if not _left(others, masks, wanted):
            chosen = others
    return tuple(sorted(one.id for one in chosen))


def _dear(one: Candidate, masks: dict[str, int], rest: int) -> tuple[bool, float, int, str]:
    ways = (masks[one.id] & rest).bit_count()
    return not one.reversible, (one.disruption + 0.1) / ways, -ways, one.id
