"""What a kit measures an answer by: what can end something that runs while it is unknown, what clocks hang on, its zones.

While a fact is unknown, the clock of a regime that asks for it runs, a floor ``while_unknown`` holds, and an action is
planned or suggested. An upper end of a count can end that ("at least 500": there are 3). Where only a level of an axis,
a modifier or a category asks for it, unknown holds nothing, so an answer can only add to it. A fact without a graver way,
such as the sector, moves nothing unless the kit hangs one of these on it: then any change of it can end that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from halon.judgement.dates import EARTH
from halon.judgement.expressions import anchors_in, conditions_in
from halon.judgement.policy import Policy
from halon.judgement.predicates import All, Any_, Leaf, Not, Tree, judge, range_of


@dataclass(frozen=True, slots=True, order=True)
class Limit:
    """The highest count that decides something. An upper end below it ends that; with ``inclusive`` also one at it."""

    value: float
    inclusive: bool = False

    def ended_by(self, top: float) -> bool:
        """Whether an upper end ``top`` (infinite: there is none) can end something."""
        return top < self.value or (self.inclusive and top == self.value)


ANY_TOP = Limit(float("inf"))
"""Of a fact of which it is not known what hangs on it: every upper end could end something."""
ONLY_NONE = Limit(0, inclusive=True)
"""Of a fact on which nothing of the kit hangs: only none at all is the least cautious answer."""


@dataclass(frozen=True, slots=True)
class Measures:
    """The limits by fact (None: not known, so any upper end counts) and the zones in which clocks read dates.

    ``asked`` are the comparisons by fact that hold something while they are unknown, each with the outcome that can end
    that; ``anchors`` the facts from which clocks run, and ``latest`` those of them that can postpone one which runs already.
    """

    limits: Mapping[str, Limit] | None = None
    zones: tuple[ZoneInfo, ...] = EARTH
    asked: Mapping[str, tuple[tuple[Leaf, bool], ...]] = field(default_factory=dict)
    anchors: frozenset[str] = frozenset()
    latest: frozenset[str] = frozenset()

    def limit(self, fact: str) -> Limit:
        """The limit of ``fact``."""
        return ANY_TOP if self.limits is None else self.limits.get(fact, ONLY_NONE)

    def ends(self, fact: str, value: Any) -> bool:
        """Whether ``value`` gives one of the comparisons of ``fact`` the outcome that can end something."""
        return any(judge(leaf, {fact: value}).value is outcome for leaf, outcome in self.asked.get(fact, ()))


UNMEASURED = Measures()


def measures(policy: Policy) -> Measures:
    """What the kit measures by, whichever agent and legal entity it is about: an incident can touch others later."""
    limits: dict[str, Limit] = {}
    asked: dict[str, tuple[tuple[Leaf, bool], ...]] = {}
    for tree in _held_while_unknown(policy):
        for leaf, upright in _leaves(tree, upright=True):
            asked[leaf.fact] = (*asked.get(leaf.fact, ()), (leaf, not upright))
            if (limit := _limit(leaf, upright=upright)) is not None:
                limits[leaf.fact] = max(limit, limits.get(leaf.fact, ONLY_NONE))
    dues = [rule.due for regime in policy.regimes for rule in regime.stages if rule.due]
    anchors = [found for due in dues for found in anchors_in(due)]
    zones = tuple(ZoneInfo(name) for name in sorted({regime.zone for regime in policy.regimes}))
    return Measures(limits, zones or EARTH, asked, frozenset(name for name, _ in anchors),
                    frozenset(name for name, late in anchors if late))  # fmt: skip


def _held_while_unknown(policy: Policy) -> Iterator[Tree]:
    """The conditions that count while they are not settled, and no longer once they are false."""
    yield from (regime.when for regime in policy.regimes)
    for rule in (rule for regime in policy.regimes for rule in regime.stages):
        if rule.when is not None:
            yield rule.when
        if rule.due is not None:
            yield from conditions_in(rule.due)
    yield from (floor.when for floor in policy.rubric.floors if floor.while_unknown)
    yield from (one.when for agent in policy.agents.values() for one in agent.prepared)


def _leaves(tree: Tree, *, upright: bool) -> Iterator[tuple[Leaf, bool]]:
    """The comparisons in ``tree``; not ``upright``: it stands under a ``not``, so what makes it true ends something."""
    match tree:
        case Leaf():
            yield tree, upright
        case Not(part):
            yield from _leaves(part, upright=not upright)
        case All(parts) | Any_(parts):
            for part in parts:
                yield from _leaves(part, upright=upright)


def _limit(leaf: Leaf, *, upright: bool) -> Limit | None:
    bounds = range_of(leaf.value)
    if bounds is None or bounds[0] is None:
        return None
    match leaf.op, upright:
        case ("at_least" | "is", True) | ("below" | "is_not", False):
            return Limit(bounds[0])
        case ("above" | "is_not", True) | ("at_most" | "is", False):
            return Limit(bounds[0], inclusive=True)
        case _:
            return None  # only a higher count can end it, and higher is the cautious way
