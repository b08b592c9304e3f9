"""Severity: the highest of several axes, lifted by floors and modifiers, with its reasons. Unknown never lowers it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from halon.incident.assessment import AxisRow, Level, Severity, Tag
from halon.judgement.predicates import Judgement, Tree, judge, once

LEVELS: tuple[Level, ...] = ("SEV1", "SEV2", "SEV3", "SEV4")
LOWEST: Level = "SEV4"
ALLOWED: Mapping[Level, int] = MappingProxyType({"SEV1": 4, "SEV2": 3, "SEV3": 2, "SEV4": 1})
"""How much may stand still without asking people (0 nothing to 4 everything), where the kit says nothing."""


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
class TagRule:
    """The incident bears ``tag`` in reports while ``when`` is true."""

    tag: Tag
    when: Tree


@dataclass(frozen=True, slots=True)
class Rubric:
    """The organisation's severity rubric, as data, and the names in published taxonomies that go with it.

    ``allowed`` is the disruption (0 to 4) that an action may have at each level without asking people first.
    """

    axes: tuple[Axis, ...]
    floors: tuple[Floor, ...] = ()
    modifiers: tuple[Modifier, ...] = ()
    tags: tuple[TagRule, ...] = ()
    allowed: Mapping[Level, int] = field(default_factory=lambda: dict(ALLOWED))


@dataclass(frozen=True, slots=True)
class Raising:
    """What could still lift the severity to ``level``: in words, and the facts that would settle it."""

    level: Level
    words: str
    needs: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.level} if {self.words} (needs {', '.join(self.needs)})"


@dataclass(frozen=True, slots=True)
class Rated:
    """A severity, what could still raise it, and the facts that would settle that."""

    severity: Severity
    needs: tuple[str, ...] = ()
    raising: tuple[Raising, ...] = ()


_Open = list[tuple[Level | None, str, Judgement]]


def rate(rubric: Rubric, facts: Mapping[str, Any]) -> Rated:
    """The severity of ``facts``: max over axes, then floors, then modifiers.

    ``would_raise`` names what is unknown and would lift it further; ``axes`` is the table, axis by axis.
    """
    level: Level = LOWEST
    reasons: list[str] = []
    still_open: _Open = []
    rows: list[AxisRow] = []
    for axis in rubric.axes:
        row, reached = _look(axis, facts, still_open)
        rows.append(row)
        if reached is not None and row.level:
            reasons.append(_reason(row.level, f"{axis.name}: {row.words}", reached))
            level = worse(level, row.level)
    for floor in rubric.floors:
        judged = judge(floor.when, facts)
        if judged.value or (judged.value is None and floor.while_unknown):
            reasons.append(_reason(floor.level, f"the floor: {floor.words}", judged))
            level = worse(level, floor.level)
        elif judged.value is None:
            still_open.append((floor.level, floor.words, judged))
    for modifier in rubric.modifiers:
        judged = judge(modifier.when, facts)
        if judged.value:
            raised = LEVELS[max(0, LEVELS.index(level) - modifier.raises)]
            reasons.append(_reason(raised, f"{modifier.name}: {modifier.words}", judged))
            level = raised
        elif judged.value is None and level != LEVELS[0]:
            still_open.append((None, f"{modifier.name}: {modifier.words}", judged))
    return _rated(level, reasons, tuple(rows), still_open)


def _look(axis: Axis, facts: Mapping[str, Any], still_open: _Open) -> tuple[AxisRow, Judgement | None]:
    """How high the axis stands. Steps that may still be reached above it are added to ``still_open``."""
    needs: list[str] = []
    for step in axis.steps:
        judged = judge(step.when, facts)
        if judged.value:
            return AxisRow(axis.name, step.level, step.words, known=not needs), judged
        if judged.value is None:
            still_open.append((step.level, f"{axis.name}: {step.words}", judged))
            needs.extend(judged.needs)
    words = f"not known yet: {', '.join(once(needs))}" if needs else "no level is reached"
    return AxisRow(axis.name, "", words, known=not needs), None


def tags_of(rubric: Rubric, facts: Mapping[str, Any]) -> tuple[Tag, ...]:
    """The tags whose condition is known to hold, each once."""
    return tuple(dict.fromkeys(rule.tag for rule in rubric.tags if judge(rule.when, facts).value))


def worse(one: Level, other: Level) -> Level:
    """The more severe of two levels."""
    return one if LEVELS.index(one) <= LEVELS.index(other) else other


def _rated(level: Level, reasons: list[str], rows: tuple[AxisRow, ...], still_open: _Open) -> Rated:
    raising = tuple(
        Raising(target or LEVELS[max(0, LEVELS.index(level) - 1)], words, judged.needs)
        for target, words, judged in still_open
        if target is None or LEVELS.index(target) < LEVELS.index(level)
    )
    if not reasons:
        reasons.append(f"{level}: no rule of the rubric is known to hold")
    severity = Severity(level, tuple(reasons), tuple(str(one) for one in raising), rows)
    return Rated(severity, once(need for one in raising for need in one.needs), raising)


def _reason(level: Level, words: str, judged: Judgement) -> str:
    because = "; ".join(judged.because)
    return f"{level} by {words} ({because})" if because else f"{level} by {words}"
