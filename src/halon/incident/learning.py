"""New facts enter the incident; what they change is judged anew beside the workflow."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from halon.incident.facts import Fact, assert_fact
from halon.incident.state import State
from halon.incident.timeline import note


def learn(state: State, facts: Iterable[Fact], now: str) -> State:
    """``state`` with ``facts`` asserted; the version rises only where something is really new."""
    for fact in facts:
        known = assert_fact(state.facts, fact)
        if known is state.facts:
            continue
        word = "Claim" if fact.claim else "Fact"
        state = note(
            replace(state, facts=known[-500:], facts_version=state.facts_version + 1), now, "fact", "detect",
            f"{word}: {fact.name} = {_short(fact.value)} ({fact.source})", actor=fact.by or fact.source,
            data={"name": fact.name, "value": fact.value, "source": fact.source, "claim": fact.claim},
        )  # fmt: skip
    return state


def _short(value: object) -> str:
    text = "not known yet" if value is None else str(value)
    return text if len(text) <= 160 else text[:157] + "..."
