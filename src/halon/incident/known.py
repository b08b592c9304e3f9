"""What counts as known of an incident, as values and in words; where sources disagree, both are told."""

from __future__ import annotations

from typing import Any

from halon.incident import fact_words as words
from halon.incident.assessment import Conflict
from halon.incident.facts import Fact, held
from halon.incident.state import State


def counted(state: State, entity: str = "") -> dict[str, Any]:
    """The values that count for ``entity`` (empty: for all), as they were judged; what was said since comes on top."""
    judged = state.assessment.values if state.assessment else {}
    values = judged.get(entity, judged.get(""))
    if values is None:
        return held(state.facts)
    if state.assessed_version == state.facts_version:
        return dict(values)
    since = [fact for fact in state.facts if fact.at > state.ledger.get("assessed", "")]
    return {**values, **held(since), **(held(since, entity) if entity else {})}


def facts_told(state: State, values: dict[str, Any], *, claim: bool = False) -> list[dict[str, str]]:
    """Each fact once, by name, with who said it; ``claim``: what agents say of themselves, which never counts."""
    latest = {(fact.name, fact.entity): fact for fact in state.facts if fact.claim is claim}
    if not claim:
        # Where what counts is not the latest word, whoever said what counts is named.
        counts = {
            (fact.name, fact.entity): fact
            for fact in state.facts
            if not fact.claim and fact.entity == "" and values.get(fact.name) == fact.value
        }
        latest |= counts
    return [_told(latest[key]) for key in sorted(latest)]


def conflicts_told(state: State) -> list[dict[str, Any]]:
    """Every disagreement in words: the fact, what each side said, which counts and why."""
    found = state.assessment.conflicts if state.assessment else ()
    return [
        {"fact": one.name, "entity": one.entity, "counts": words.plainly(one.counts), "why": one.why,
         "heard": [{"value": words.plainly(each.value), "source": each.source, "by": each.by, "at": each.at}
                   for each in one.heard],
         "text": in_words(one)}
        for one in found
    ]  # fmt: skip


def in_words(conflict: Conflict) -> str:
    """One disagreement as a sentence."""
    said = " and ".join(f"{one.by or one.source} says {words.plainly(one.value)}" for one in conflict.heard)
    of = f" of {conflict.entity}" if conflict.entity else ""
    return f"{conflict.name.replace('_', ' ')}{of}: {said}; {words.plainly(conflict.counts)} counts, because {conflict.why}"


def _told(fact: Fact) -> dict[str, str]:
    return {
        "name": fact.name,
        "question": fact.name.replace("_", " "),
        "value": words.plainly(fact.value),
        "source": fact.source,
        "by": fact.by,
        "at": fact.at,
        "entity": fact.entity,
        "certainty": fact.certainty,
        "reason": fact.reason,
    }
