"""What is held true of an incident, by whom, since when. Unknown is a value; an agent's own word is a claim."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

Certainty = Literal["confirmed", "likely", "suspected", ""]
PERSON = "person"
"""The source of what somebody said. A person's word supersedes what machines said before it."""

ABOUT_NOW = ("ongoing",)
"""Facts that report how it is at the time when they are said: the same word later is news."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One assertion. ``value`` is JSON; None means "not known yet". ``claim`` marks an agent's word about itself.

    ``source`` says where it came from (``trace``, ``alert``, ``person``, ``engine``), ``by`` who said it, ``reason``
    why. ``entity`` is the id of the legal entity for which it holds; empty means for all. ``certainty`` is how sure
    whoever said it is, empty where nobody said how sure. ``via`` is the incident in which it was said, where that was
    merged into this one.
    """

    name: str
    value: Any
    source: str
    at: str
    by: str = ""
    claim: bool = False
    entity: str = ""
    certainty: Certainty = ""
    reason: str = ""
    via: str = ""

    @property
    def told(self) -> bool:
        """Whether a person said it, here or in an incident that was merged into this one."""
        return self.source == PERSON or self.source.startswith(f"{PERSON} of ")


def held(facts: Iterable[Fact], entity: str = "") -> dict[str, Any]:
    """The latest word on each fact of ``entity`` (empty: of all) that is not a claim. Claims never decide anything.

    What counts for severity and clocks where sources disagree is worked out by ``halon.judgement.holding``.
    """
    values: dict[str, Any] = {}
    for fact in facts:
        if not fact.claim and fact.entity == entity:
            values[fact.name] = fact.value
    return values


def assert_fact(facts: tuple[Fact, ...], fact: Fact) -> tuple[Fact, ...]:
    """``facts`` with one more assertion; earlier ones stay visible. What its source said already adds none.

    A machine that repeats itself is no news until a person has spoken; a person is, once anybody else spoke.
    """
    for earlier in reversed(facts):
        if (earlier.name, earlier.entity, earlier.claim) != (fact.name, fact.entity, fact.claim):
            continue
        if earlier.source == fact.source:
            if (earlier.value, earlier.certainty) == (fact.value, fact.certainty):
                return facts
            break
        if PERSON in (earlier.source, fact.source):
            break
    return (*facts, fact)
