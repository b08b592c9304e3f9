"""What counts of all that was said: by whom, since when, for which legal entity. Disagreement is shown, never hidden.

A person's word supersedes everything before it; a source's later word its own earlier one. Where sources disagree and
no person has spoken since, the cautious value counts. A machine never moves a person's value away from caution, and
what it counted is the least that there is: it saw what it saw, and can't know that there is no more. Claims never count.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from halon.incident.assessment import Conflict, Heard
from halon.incident.facts import PERSON, Fact
from halon.judgement.directions import cautious, contradicts, is_amount, loosens, open_ended, tightened
from halon.judgement.predicates import is_unknown, range_of
from halon.judgement.terms import Term, misfit
from halon.judgement.vocabulary import VOCABULARY

FILE = "file"
"""The source of what stands in a file of ``halon assess``: somebody wrote it there, so it may say how many at most."""
_SPEAKERS = (PERSON, FILE)


@dataclass(frozen=True, slots=True)
class Holding:
    """The values that count, by name, and what is in dispute."""

    values: dict[str, Any] = field(default_factory=dict)
    conflicts: tuple[Conflict, ...] = ()


def in_force(facts: Iterable[Fact], entity: str = "") -> Holding:
    """What counts for ``entity``: its own assertions first, else those for all. Empty: only those for all.

    What a person said for the entity supersedes what anybody said before it. What is said for all afterwards holds for it
    too and is weighed against its own word: it can tighten that and never loosen it, and the disagreement is shown.
    """
    said: dict[str, list[Fact]] = {}
    own: set[str] = set()
    for fact in facts:
        if not fact.claim and fact.entity in ("", entity):
            said.setdefault(fact.name, []).append(fact)
            if fact.entity:
                own.add(fact.name)
    values: dict[str, Any] = {}
    conflicts: list[Conflict] = []
    for name, every in said.items():
        value, conflict = _weigh_own(name, entity, every) if name in own else _weigh(name, "", every)
        values[name] = value
        if conflict is not None:
            conflicts.append(conflict)
    return Holding(values, tuple(conflicts))


def of_all(general: Holding, entities: Sequence[Holding], *, alone: bool) -> dict[str, Any]:
    """One picture of the incident for severity, category and containment: the most cautious of all entities' values.

    What only one of several entities knows counts for the whole where it makes things graver; ``alone`` says that
    there is no other. People are never added up: the highest count is the least that is known, its upper end open.
    """
    values = dict(general.values)
    for holding in entities:
        for name, value in holding.values.items():
            term = VOCABULARY.get(name)
            before = values.get(name)
            if alone or before == value:
                values[name] = value
            elif term is None or is_unknown(value) or misfit(term, value):
                values.setdefault(name, value)
            else:
                values[name] = _together(term, before, value)
    return values


def _together(term: Term, before: Any, value: Any) -> Any:
    """What two parts of an incident say of the whole."""
    before = None if is_unknown(before) or misfit(term, before) else before
    if is_amount(term):
        return _at_least(before, value)
    if before is None:
        return None if loosens(term, None, value) else value
    return cautious(term, before, value)


def _weigh(name: str, entity: str, said: Sequence[Fact]) -> tuple[Any, Conflict | None]:
    """The value that counts of ``said``, and the conflict in it if there is one."""
    last = max((place for place, fact in enumerate(said) if fact.source == PERSON), default=-1)
    person = said[last] if last >= 0 and not is_unknown(said[last].value) else None
    latest = {fact.source: fact for fact in said[last + 1 :]}
    return _settle(name, entity, person, sorted(latest.values(), key=said.index))


def _weigh_own(name: str, entity: str, said: Sequence[Fact]) -> tuple[Any, Conflict | None]:
    """Like ``_weigh``, where some of ``said`` was said for ``entity`` alone and the rest for all.

    A word for all supersedes what machines said for all before it. It stands beside what was said for the entity, like
    a machine's: who may loosen something for all may not know what was found out about one.
    """
    spoken = [place for place, fact in enumerate(said) if fact.source in _SPEAKERS]
    own = max((place for place in spoken if said[place].entity), default=-1)
    wide = max((place for place in spoken if place > own and not said[place].entity), default=-1)
    person = said[own] if own >= 0 and not is_unknown(said[own].value) else None
    latest: dict[tuple[str, str], Fact] = {}
    for place, fact in enumerate(said):
        if place > own and fact.source not in _SPEAKERS and (fact.entity or place > wide):
            latest[fact.source, fact.entity] = fact
            if fact.entity:  # what a source said for all before is superseded by what it says of this one
                latest.pop((fact.source, ""), None)
    others = list(latest.values())
    if wide >= 0 and not is_unknown(said[wide].value):
        if person is None:
            person = said[wide]
        else:
            others.append(said[wide])
    return _settle(name, entity, person, sorted(others, key=said.index))


def _settle(name: str, entity: str, person: Fact | None, heard: Sequence[Fact]) -> tuple[Any, Conflict | None]:
    """The value that counts where ``person`` has spoken, or nobody has, and ``heard`` was said besides."""
    machines = [one for one in heard if not is_unknown(one.value)]
    if person is None and len(machines) < 2:
        return (_counted(machines[0]) if machines else None), None
    if person is not None and not machines:
        return person.value, None
    term = VOCABULARY.get(name)
    if term is None or any(misfit(term, one.value) for one in (*machines, *([person] if person else []))):
        counts = person.value if person else _counted(machines[-1])
        differ = any(one.value != (person or machines[-1]).value for one in machines)
        return counts, _conflict(name, entity, person, machines, counts, _LATEST) if differ else None
    if person is None:
        return _among_machines(term, entity, machines)
    return _against_person(term, entity, person, machines)


def _counted(one: Fact) -> Any:
    """What a fact counts for: an amount that a machine saw has no upper end, whatever it says."""
    term = VOCABULARY.get(one.name)
    if one.source in (PERSON, FILE) or term is None or not is_amount(term) or misfit(term, one.value):
        return one.value
    return open_ended(one.value)


def _among_machines(term: Term, entity: str, machines: Sequence[Fact]) -> tuple[Any, Conflict | None]:
    counts = _counted(machines[0])
    for one in machines[1:]:
        counts = cautious(term, counts, _counted(one))
    disagree = any(
        contradicts(term, one.value, other.value) for place, one in enumerate(machines) for other in machines[:place]
    )
    why = _CAUTIOUS if term.cautious else _LATEST
    return counts, _conflict(term.name, entity, None, machines, counts, why) if disagree else None


def _against_person(term: Term, entity: str, person: Fact, machines: Sequence[Fact]) -> tuple[Any, Conflict | None]:
    counts = person.value
    against = [one for one in machines if contradicts(term, person.value, one.value)]
    if term.cautious:
        for one in machines:
            counts = tightened(term, counts, _counted(one))
    if not against and counts == person.value:
        return counts, None
    graver = [one for one in machines if term.cautious and tightened(term, person.value, _counted(one)) != person.value]
    shown = [one for one in machines if one in against or one in graver]
    stays = counts == person.value
    if any(one.source in _SPEAKERS for one in shown):
        return counts, _conflict(term.name, entity, person, shown, counts, _OWN if stays else _WIDER)
    return counts, _conflict(term.name, entity, person, shown, counts, _PERSON if stays else _GRAVER)


def _at_least(one: Any, other: Any) -> Any:
    """The higher of two low ends, with the upper end open: two entities may have some people in common, or none."""
    lows = [low for low, _ in filter(None, (range_of(one), range_of(other))) if low]
    return {"low": max(lows)} if lows else None


_CAUTIOUS = "the sources disagree and nobody has decided, so the cautious value counts"
_LATEST = "the sources disagree and neither is the cautious one, so the latest counts"
_PERSON = "a machine says otherwise since then; only a person can move it that way"
_GRAVER = "a machine saw something graver since then, so that counts until a person decides"

_OWN = (
    "it was said for this legal entity; what is said for all can't move it that way, only another word for the entity"
)
_WIDER = "something graver was said for all since then, so that counts until a person decides for this legal entity"


def _conflict(name: str, entity: str, person: Fact | None, machines: Sequence[Fact], counts: Any, why: str) -> Conflict:
    heard = (*([person] if person else []), *machines)
    return Conflict(name, entity, tuple(Heard(one.value, one.source, one.by, one.at) for one in heard), counts, why)
