"""New facts enter the incident; what they change is judged anew beside the workflow."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from halon.incident.facts import PERSON, Fact, assert_fact, held
from halon.incident.replacing import replace
from halon.incident.state import State
from halon.incident.timeline import note

REMEMBERED = 500


def learn(state: State, facts: Iterable[Fact], now: str, *, again: bool = False) -> State:
    """``state`` with ``facts`` asserted; the version rises only where something is really new.

    ``again``: what is said counts also where it is what was held before.
    """
    for fact in facts:
        known = (*state.facts, fact) if again or _vouches(state, fact) else assert_fact(state.facts, fact)
        if known is state.facts:
            continue
        version = state.facts_version + 1
        said = version if fact.source == PERSON else state.person_version
        state = note(
            replace(state, facts=bounded(known), facts_version=version, person_version=said), now, "fact", "detect",
            _sentence(state.facts, fact), actor=fact.by or fact.source, data=_data(fact),
        )  # fmt: skip
    return state


def learnt(facts: tuple[Fact, ...], new: Iterable[Fact]) -> tuple[Fact, ...]:
    """``facts`` with ``new`` asserted, as ``learn`` leaves them in a state where nobody has said anything yet."""
    for fact in new:
        known = assert_fact(facts, fact)
        facts = facts if known is facts else bounded(known)
    return facts


def _vouches(state: State, fact: Fact) -> bool:
    """Whether a second person's same word is news: something hangs on the word of one person alone."""
    if fact.source != "person" or not any(one.order.proposed_by for one in state.actions):
        return False
    earlier = [one.by for one in state.facts if (one.name, one.value) == (fact.name, fact.value) and not one.claim]
    return bool(earlier) and fact.by not in earlier


def bounded(facts: tuple[Fact, ...]) -> tuple[Fact, ...]:
    """At most ``REMEMBERED`` assertions. What is no longer in force goes first; the record holds it all the same."""
    if len(facts) <= REMEMBERED:
        return facts
    in_force = {_key(fact): place for place, fact in enumerate(facts)}
    superseded = [place for place, fact in enumerate(facts) if in_force[_key(fact)] != place]
    gone = set(superseded[: len(facts) - REMEMBERED])
    return tuple(fact for place, fact in enumerate(facts) if place not in gone)[-REMEMBERED:]


def _key(fact: Fact) -> tuple[str, str, bool, str]:
    """What a later assertion must share to supersede this one: each source's own last word still counts."""
    return fact.name, fact.entity, fact.claim, fact.source


def _sentence(facts: tuple[Fact, ...], fact: Fact) -> str:
    """The fact in the log. With a reason, what was said before stands beside it."""
    of = f" of {fact.entity}" if fact.entity else ""
    sure = f", {fact.certainty}" if fact.certainty else ""
    told = f"{'Claim' if fact.claim else 'Fact'}: {fact.name}{of} = {_short(fact.value)} ({fact.source}{sure})"
    if not fact.reason:
        return told
    before = held(facts, fact.entity)
    was = before.get(fact.name, held(facts).get(fact.name))
    return f"{told}; it was {_short(was)}; because: {_short(fact.reason)}"


def _data(fact: Fact) -> dict[str, Any]:
    told = {"name": fact.name, "value": fact.value, "source": fact.source, "claim": fact.claim}
    more = {"entity": fact.entity, "certainty": fact.certainty, "reason": fact.reason}
    return {**told, **{name: value for name, value in more.items() if value}}


def _short(value: object) -> str:
    text = "not known yet" if value is None else str(value)
    return text if len(text) <= 160 else text[:157] + "..."
