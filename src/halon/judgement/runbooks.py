"""Which steps an incident of these categories asks for, and which of them are met by what is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from halon.incident.tasks import Step
from halon.judgement.predicates import Tree, judge, once

ANY = "any"
PHASES = ("detect", "triage", "contain", "rca", "notify", "remediate")


@dataclass(frozen=True, slots=True)
class StepRule:
    """A step of a runbook. Without ``when`` a person ticks it."""

    id: str
    phase: str
    words: str
    owner: str
    answers: tuple[str, ...] = ()
    when: Tree | None = None
    due_seconds: int = 0


@dataclass(frozen=True, slots=True)
class Runbook:
    """What one category asks for, in addition to ``any``. Times in seconds; 0 means that nothing is said.

    ``prefer`` lists actions, the preferred one first; ``rca`` the questions to ask; ``playbook`` the commander's lines
    by phase.
    """

    id: str
    title: str
    category: str
    steps: tuple[StepRule, ...] = ()
    prefer: tuple[str, ...] = ()
    rca: tuple[str, ...] = ()
    leadership_every: int = 0
    playbook: tuple[tuple[str, tuple[str, ...]], ...] = ()


def chosen(runbooks: Sequence[Runbook], categories: Sequence[str]) -> tuple[Runbook, ...]:
    """The runbooks of these categories: the main category's first, then the others', then the one for any incident."""
    wanted = (*categories, ANY)
    return tuple(book for category in wanted for book in runbooks if book.category == category)


def steps(runbooks: Sequence[Runbook], values: Mapping[str, Any]) -> tuple[Step, ...]:
    """The steps of these runbooks by phase, each id once: a category's own step comes before the general one."""
    found: dict[str, Step] = {}
    for book in runbooks:
        for rule in book.steps:
            if rule.id not in found:
                met = rule.when is not None and judge(rule.when, values).value is True
                found[rule.id] = Step(
                    rule.id, rule.phase, rule.words, rule.owner, book.id, rule.answers, rule.when is not None, met,
                    rule.due_seconds,
                )  # fmt: skip
    return tuple(sorted(found.values(), key=lambda step: PHASES.index(step.phase)))


def questions(runbooks: Sequence[Runbook]) -> tuple[str, ...]:
    """What to ask when the cause is looked for, each question once."""
    return once(question for book in runbooks for question in book.rca)


def playbook(runbooks: Sequence[Runbook]) -> dict[str, tuple[str, ...]]:
    """The commander's lines by phase, those of a category before the general ones."""
    lines = [(phase, line) for book in runbooks for phase, told in book.playbook for line in told]
    return {phase: told for phase in PHASES if (told := once(line for of, line in lines if of == phase))}


def preferred(runbooks: Sequence[Runbook]) -> tuple[str, ...]:
    """The actions that these runbooks prefer, the main category's first."""
    return once(action for book in runbooks for action in book.prefer)


def cadence(runbooks: Sequence[Runbook]) -> int:
    """How often leadership hears, in seconds, by the first of these runbooks that says it; 0 if none does."""
    return next((book.leadership_every for book in runbooks if book.leadership_every), 0)
