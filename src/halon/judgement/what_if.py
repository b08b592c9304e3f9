"""What each answer to an open question would change of a duty: judged both ways, by the same door as everything else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from halon.incident.assessment import Assessment, Obligation
from halon.incident.facts import PERSON, Fact
from halon.judgement.assess import assess
from halon.judgement.policy import Policy
from halon.judgement.predicates import All, Any_, Leaf, Not, Tree, is_unknown, shown
from halon.judgement.terms import Term, misfit
from halon.judgement.vocabulary import VOCABULARY

MOST_QUESTIONS = 15
MOST_ANSWERS = 8
_MOST_OTHERS = 4


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer in words, and what the duty would be then. ``also`` are other duties that change with it, in words."""

    said: str
    duty: Obligation | None
    level: str
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Turn:
    """One open question of a duty with its answers. None of them: it has no short list of answers to try."""

    fact: str
    answers: tuple[Answer, ...]


def turns(
    duty: Obligation,
    facts: Sequence[Fact],
    kit: Policy,
    now: str,
    *,
    agent: str,
    group: str = "",
    rules: Sequence[str] = (),
    filed: Mapping[str, str] | None = None,
    sources: Sequence[str] = (),
) -> tuple[Turn, ...]:
    """Each open question of ``duty``, judged with each answer that its rule tells apart. Changes nothing. Never raises on
    what a fact holds; the rest as ``assess`` has it.
    """

    def judged(more: Sequence[Fact]) -> Assessment:
        return assess([*facts, *more], kit, now, agent=agent, group=group, rules=rules, filed=filed, sources=sources)

    before = judged(())
    trees = [tree for one in kit.regimes if (one.id, one.entity) == (duty.id, duty.entity)
             for tree in (one.when, *(stage.when for stage in one.stages if stage.when is not None))]  # fmt: skip
    found: list[Turn] = []
    for name in duty.needs[:MOST_QUESTIONS]:
        answers: list[Answer] = []
        for said, value in candidates(name, trees, now)[:MOST_ANSWERS]:
            after = judged((Fact(name, value, PERSON, now, by="what if", entity=duty.entity),))
            answers.append(Answer(said, _same(after, duty), after.severity.level, _others(before, after, duty)))
        found.append(Turn(name, tuple(answers)))
    return tuple(found)


def candidates(name: str, trees: Sequence[Tree], now: str) -> tuple[tuple[str, Any], ...]:
    """The answers to try for one fact, in words and as values: those that the rules in ``trees`` tell apart."""
    term = VOCABULARY.get(name)
    if term is None:
        return ()
    leaves = [leaf for tree in trees for leaf in _leaves(tree) if leaf.fact == name]
    told = {
        said: value for said, value in _told(term, leaves, now) if not is_unknown(value) and misfit(term, value) is None
    }
    return tuple(told.items())


def _told(term: Term, leaves: Sequence[Leaf], now: str) -> Iterator[tuple[str, Any]]:
    match term.kind:
        case "flag":
            yield from (("yes", True), ("no", False))
        case "time":
            yield "it is now", now
        case "choice":
            named = {one for leaf in leaves for one in _values(leaf)}
            short = term.choices if len(term.choices) <= MOST_ANSWERS else [one for one in term.choices if one in named]
            yield from ((one.replace("_", " "), one) for one in short)
        case "choices" | "texts":
            for one in dict.fromkeys(str(each) for leaf in leaves for each in _values(leaf)):
                yield f"{one.replace('_', ' ')} is among them", [one]
        case "count" | "number":
            for leaf in leaves:
                yield from _around(leaf)
        case _:
            return


def _around(leaf: Leaf) -> Iterator[tuple[str, Any]]:
    """Both sides of the figure that a rule names."""
    figure = leaf.value
    if isinstance(figure, bool) or not isinstance(figure, int | float):
        return
    if leaf.op in ("at_least", "below"):
        yield from ((f"{shown(figure)} or more", figure), (f"fewer than {shown(figure)}", figure - 1))
    elif leaf.op in ("above", "at_most"):
        yield from ((f"more than {shown(figure)}", figure + 1), (f"{shown(figure)} or fewer", figure))
    else:
        yield shown(figure), figure


def _values(leaf: Leaf) -> Iterator[Any]:
    if isinstance(leaf.value, list | tuple):
        yield from leaf.value
    elif leaf.op != "exists":
        yield leaf.value


def _leaves(tree: Tree) -> Iterator[Leaf]:
    match tree:
        case Leaf():
            yield tree
        case Not(part):
            yield from _leaves(part)
        case All(parts) | Any_(parts):
            for part in parts:
                yield from _leaves(part)


def _same(judged: Assessment, duty: Obligation) -> Obligation | None:
    return next((one for one in judged.obligations if (one.id, one.entity) == (duty.id, duty.entity)), None)


def _others(before: Assessment, after: Assessment, duty: Obligation) -> tuple[str, ...]:
    was = {(one.id, one.entity): one.status for one in before.obligations}
    changed = [
        f"{one.name} {one.status.replace('_', ' ')}"
        for one in after.obligations
        if (one.id, one.entity) != (duty.id, duty.entity) and one.status != was.get((one.id, one.entity), one.status)
    ]
    more = (f"and {len(changed) - _MOST_OTHERS} more",) if len(changed) > _MOST_OTHERS else ()
    return (*changed[:_MOST_OTHERS], *more)
