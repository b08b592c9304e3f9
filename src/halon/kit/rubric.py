"""severity.yaml as judgement knows it."""

from __future__ import annotations

from itertools import pairwise

from halon.incident.assessment import Level
from halon.judgement.policy import CategoryRule
from halon.judgement.severity import ALLOWED, LEVELS, Axis, Floor, Modifier, Rubric, Step, TagRule
from halon.kit.files.severity import SeverityFile
from halon.kit.places import Problems
from halon.kit.taxonomy import taxonomies
from halon.kit.trees import tree

FILE = "severity.yaml"


def rubric(severity: SeverityFile, problems: Problems) -> Rubric:
    """The rubric. The levels of an axis must be written worst first, each once."""
    axes: list[Axis] = []
    for name, steps in severity.axes.items():
        order = [LEVELS.index(step.level) for step in steps]
        if order != sorted(set(order)):
            problems.add(
                FILE, ("axes", name), f"the levels of {name!r} must stand worst first, each once", LEVELS, "sort them"
            )
        axes.append(
            Axis(
                name,
                tuple(
                    Step(step.level, tree(step.when, FILE, ("axes", name, index, "when"), problems), step.words)
                    for index, step in enumerate(steps)
                ),
            )
        )
    floors = tuple(
        Floor(floor.level, tree(floor.when, FILE, ("floors", i, "when"), problems), floor.words, floor.while_unknown)
        for i, floor in enumerate(severity.floors)
    )
    modifiers = tuple(
        Modifier(one.name, tree(one.when, FILE, ("modifiers", i, "when"), problems), one.words, one.raises)
        for i, one in enumerate(severity.modifiers)
    )
    return Rubric(tuple(axes), floors, modifiers, _tags(severity, problems), _allowed(severity, problems))


def _allowed(severity: SeverityFile, problems: Problems) -> dict[Level, int]:
    """How much may stand still at each level. A graver level never allows less than a lighter one."""
    allowed = {**ALLOWED, **severity.allowed_disruption}
    for graver, lighter in pairwise(LEVELS):
        if allowed[graver] < allowed[lighter]:
            what = f"{graver} allows less disruption ({allowed[graver]}) than {lighter} ({allowed[lighter]})"
            known = [f"{level}: {ALLOWED[level]}" for level in LEVELS]
            step = "let it fall from SEV1 to SEV4; what you leave out is as above"
            problems.add(FILE, ("allowed_disruption",), what, known, step)
    return allowed


def categories(severity: SeverityFile, problems: Problems) -> tuple[CategoryRule, ...]:
    """The rules that say which category an incident is of."""
    return tuple(
        CategoryRule(rule.category, tree(rule.when, FILE, ("categories", index, "when"), problems))
        for index, rule in enumerate(severity.categories)
    )


def _tags(severity: SeverityFile, problems: Problems) -> tuple[TagRule, ...]:
    """The rules that give an incident its names in published taxonomies. Every id must be in its edition."""
    known = taxonomies()
    rules: list[TagRule] = []
    for index, rule in enumerate(severity.tags):
        when = tree(rule.when, FILE, ("tags", index, "when"), problems)
        if not problems.refers(FILE, ("tags", index, "of"), "taxonomy", rule.of, known):
            continue
        edition = known[rule.of].tags
        for place, name in enumerate(rule.ids):
            if problems.refers(FILE, ("tags", index, "ids", place), f"id in {rule.of}", name, edition):
                rules.append(TagRule(edition[name], when))
    return tuple(rules)
