"""What is held true of an incident, by whom, since when. Unknown is a value; an agent's own word is a claim."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

ABOUT_NOW = ("ongoing",)
"""Facts that report how it is at the time when they are said: the same word later is news."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One assertion. ``value`` is JSON; None means "not known yet". ``claim`` marks an agent's word about itself.

    ``source`` says where it came from (``trace``, ``alert``, ``person``, ``engine``), ``by`` who said it.
    """

    name: str
    value: Any
    source: str
    at: str
    by: str = ""
    claim: bool = False


def held(facts: Iterable[Fact]) -> dict[str, Any]:
    """The values in force: for each name the latest assertion that is not a claim. Claims never decide anything."""
    values: dict[str, Any] = {}
    for fact in facts:
        if not fact.claim:
            values[fact.name] = fact.value
    return values


def assert_fact(facts: tuple[Fact, ...], fact: Fact) -> tuple[Fact, ...]:
    """``facts`` with one more assertion; earlier ones stay visible. The very same value from the same source adds none."""
    for earlier in reversed(facts):
        if earlier.name == fact.name and earlier.claim == fact.claim:
            if earlier.value == fact.value and earlier.source == fact.source:
                return facts
            break
    return (*facts, fact)
