"""The parts of a regime's file: stages, embargoes, when it sleeps, and its worksheet."""

from __future__ import annotations

from datetime import date

from halon.judgement.predicates import Tree
from halon.judgement.regime import AgainRule, CriterionRule, EmbargoRule, Rollover, StageRule, Worksheet
from halon.judgement.vocabulary import VOCABULARY
from halon.kit.dues import deadline
from halon.kit.files.regimes import AgainShape, RegimeFile, RolloverShape
from halon.kit.places import Problems
from halon.kit.reading import Path
from halon.kit.trees import tree


def stages_of(file: str, law: RegimeFile, problems: Problems) -> tuple[StageRule, ...]:
    """The stages in order. A stage may hang on those before it."""
    rules: list[StageRule] = []
    for index, stage in enumerate(law.stages):
        at: Path = ("stages", index)
        earlier = tuple(rule.id for rule in rules)
        if stage.id in earlier:
            problems.add(file, (*at, "id"), f"the stage {stage.id!r} appears twice", (), "rename one")
        rules.append(
            StageRule(
                stage.id,
                deadline(stage.due, file, (*at, "due"), earlier, problems),
                stage.approval_minutes,
                stage.words or "",
                None if stage.when is None else tree(stage.when, file, (*at, "when"), problems),
                _rollover(stage.rollover, file, (*at, "rollover"), problems),
                again=_again(stage.again, file, (*at, "again"), problems),
                language=stage.language or "",
            )
        )
    return tuple(rules)


def _again(shape: AgainShape | None, file: str, path: Path, problems: Problems) -> AgainRule | None:
    if shape is None:
        return None
    times = [name for name, term in VOCABULARY.items() if term.kind == "time"]
    problems.refers(file, (*path, "on"), "anchor", shape.on, times)
    return AgainRule(shape.on, shape.words, shape.remind_hours * 3600)


def _rollover(shape: RolloverShape | None, file: str, path: Path, problems: Problems) -> Rollover | None:
    if shape is None:
        return None
    unless = None if shape.unless is None else tree(shape.unless, file, (*path, "unless"), problems)
    return Rollover(shape.calendar, shape.to == "noon", unless)


def embargoes(file: str, law: RegimeFile, problems: Problems) -> tuple[EmbargoRule, ...]:
    """What may not be said before when."""
    known = tuple(stage.id for stage in law.stages)
    found: list[EmbargoRule] = []
    for index, one in enumerate(law.embargoes):
        at: Path = ("embargoes", index)
        problems.refers(file, (*at, "stage"), "stage", one.stage, known)
        until = deadline(one.until, file, (*at, "until"), known, problems)
        unless = None if one.unless is None else tree(one.unless, file, (*at, "unless"), problems)
        if until is None:
            what = "an embargo needs an end"
            problems.add(file, (*at, "until"), what, (), "write for example {after: filed:agencies, hours: 24}")
            continue
        found.append(EmbargoRule(one.stage, until, one.words, one.keeps_back == "all customers", unless))
    return tuple(found)


def dormant(file: str, law: RegimeFile, problems: Problems) -> tuple[tuple[Tree, str], ...]:
    """Until when the duty has no addressee, by condition."""
    found: list[tuple[Tree, str]] = []
    for index, one in enumerate(law.dormant):
        try:
            date.fromisoformat(one.until)
        except ValueError:
            what = f"{one.until!r} is no date of the calendar"
            problems.add(file, ("dormant", index, "until"), what, (), "write for example 2027-12-02")
        found.append((tree(one.when, file, ("dormant", index, "when"), problems), one.until))
    return tuple(found)


def worksheet(file: str, law: RegimeFile, problems: Problems) -> Worksheet | None:
    """The criteria of a classification, and the facts by which a person signs it."""
    sheet = law.worksheet
    if sheet is None:
        return None
    for index, name in enumerate(sheet.signed_by):
        problems.refers(file, ("worksheet", "signed_by", index), "fact", name, VOCABULARY)
    return Worksheet(
        tuple(sheet.signed_by),
        tuple(
            CriterionRule(one.words, tree(one.when, file, ("worksheet", "criteria", index, "when"), problems))
            for index, one in enumerate(sheet.criteria)
        ),
        sheet.words or "",
    )
