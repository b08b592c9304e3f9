"""Severity: the highest of several axes, lifted by floors and modifiers, with its reasons. Unknown never lowers it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from halon.incident.assessment import Level, Severity
from halon.judgement.predicates import Judgement, Tree, judge, once

LEVELS: tuple[Level, ...] = ("SEV1", "SEV2", "SEV3", "SEV4")
LOWEST: Level = "SEV4"


@dataclass(frozen=True, slots=True)
class Step:
    """One level of an axis: reached when ``when`` is true. ``words`` say what that means."""

    level: Level
    when: Tree
    words: str


@dataclass(frozen=True, slots=True)
class Axis:
    """One way in which an incident can be bad, with its levels, worst first."""

    name: str
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Floor:
    """The severity is at least ``level`` when ``when`` is true; with ``while_unknown`` also until it is found false."""

    level: Level
    when: Tree
    words: str
    while_unknown: bool = False


@dataclass(frozen=True, slots=True)
class Modifier:
    """Raises the severity by ``raises`` levels when ``when`` is true."""

    name: str
    when: Tree
    words: str
    raises: int = 1


@dataclass(frozen=True, slots=True)
class Rubric:
    """The organisation's severity rubric, as data."""

    axes: tuple[Axis, ...]
    floors: tuple[Floor, ...] = ()
    modifiers: tuple[Modifier, ...] = ()


@dataclass(frozen=True, slots=True)
class Rated:
    """A severity and the facts that could still raise it."""

    severity: Severity
    needs: tuple[str, ...] = ()


def rate(rubric: Rubric, facts: Mapping[str, Any]) -> Rated:
    """The severity of ``facts``: max over axes, then floors, then modifiers.

    ``would_raise`` names what is unknown and would lift it further.
    """
    level: Level = LOWEST
    reasons: list[str] = []
    open_questions: list[tuple[Level | None, str, Judgement]] = []
    for axis in rubric.axes:
        for step in axis.steps:
            judged = judge(step.when, facts)
            if judged.value is None:
                open_questions.append((step.level, f"{axis.name}: {step.words}", judged))
            elif judged.value:
                reasons.append(_reason(step.level, f"{axis.name}: {step.words}", judged))
                level = worse(level, step.level)
                break
    for floor in rubric.floors:
        judged = judge(floor.when, facts)
        if judged.value or (judged.value is None and floor.while_unknown):
            reasons.append(_reason(floor.level, f"the floor: {floor.words}", judged))
            level = worse(level, floor.level)
        elif judged.value is None:
            open_questions.append((floor.level, floor.words, judged))
    for modifier in rubric.modifiers:
        judged = judge(modifier.when, facts)
        if judged.value:
            raised = LEVELS[max(0, LEVELS.index(level) - modifier.raises)]
            reasons.append(_reason(raised, f"{modifier.name}: {modifier.words}", judged))
            level = raised
        elif judged.value is None and level != LEVELS[0]:
            open_questions.append((None, f"{modifier.name}: {modifier.words}", judged))
    return _rated(level, reasons, open_questions)


def worse(one: Level, other: Level) -> Level:
    """The more severe of two levels."""
    return one if LEVELS.index(one) <= LEVELS.index(other) else other


def _rated(level: Level, reasons: list[str], open_questions: list[tuple[Level | None, str, Judgement]]) -> Rated:
    raising: list[str] = []
    needs: list[str] = []
    for target, words, judged in open_questions:
        if target is None or LEVELS.index(target) < LEVELS.index(level):
            lifted = target or LEVELS[max(0, LEVELS.index(level) - 1)]
            raising.append(f"{lifted} if {words} (needs {', '.join(judged.needs)})")
            needs.extend(judged.needs)
    if not reasons:
        reasons.append(f"{level}: no rule of the rubric is known to hold")
    return Rated(Severity(level, tuple(reasons), tuple(raising)), once(needs))


def _reason(level: Level, words: str, judged: Judgement) -> str:
    because = "; ".join(judged.because)
    return f"{level} by {words} ({because})" if because else f"{level} by {words}"
