"""runbooks/*.yaml and detections.yaml as judgement knows them."""

from __future__ import annotations

from halon.judgement.runbooks import Runbook, StepRule
from halon.judgement.vocabulary import VOCABULARY
from halon.kit.bundle import Bundle
from halon.kit.files.runbooks import RunbookFile
from halon.kit.gates import check_role
from halon.kit.places import Problems
from halon.kit.trees import tree

DETECTIONS = "detections.yaml"


def runbooks(bundle: Bundle, problems: Problems) -> tuple[Runbook, ...]:
    """Every runbook. Roles must be held, facts and preferred actions must exist."""
    return tuple(_runbook(name, book, bundle, problems) for name, book in bundle.runbooks.items())


def groups(bundle: Bundle, problems: Problems) -> dict[str, str]:
    """The names of alert rules with the group that their alerts belong to."""
    found: dict[str, str] = {}
    for name, detection in bundle.detections.detections.items():
        for index, agent in enumerate(detection.agents):
            problems.refers(DETECTIONS, ("detections", name, "agents", index), "agent", agent, bundle.agents)
        for index, rule in enumerate(detection.alerts):
            if found.setdefault(rule, detection.group) != detection.group:
                what = f"the rule {rule!r} is already in group {found[rule]!r}"
                problems.add(DETECTIONS, ("detections", name, "alerts", index), what, (), "keep it in one of them")
    return found


def _runbook(name: str, book: RunbookFile, bundle: Bundle, problems: Problems) -> Runbook:
    file = bundle.file("runbooks", name)
    rules: list[StepRule] = []
    for phase, asked in book.checklist.items():
        for own, step in asked.items():
            path = ("checklist", phase, own)
            check_role(step.owner, file, (*path, "owner"), bundle, problems)
            for index, fact in enumerate(step.answers):
                problems.refers(file, (*path, "answers", index), "fact", fact, VOCABULARY)
            when = None if step.done_when is None else tree(step.done_when, file, (*path, "done_when"), problems)
            due = (step.due_minutes or 0) * 60
            rules.append(StepRule(f"{phase}/{own}", phase, step.words, step.owner, tuple(step.answers), when, due))
    for index, action in enumerate(book.prefer):
        problems.refers(file, ("prefer", index), "action", action, bundle.actions.actions)
    return Runbook(
        id=name,
        title=book.title,
        category=book.category,
        steps=tuple(rules),
        prefer=tuple(book.prefer),
        rca=tuple(book.rca),
        leadership_every=(book.cadence.leadership_minutes or 0) * 60,
        playbook=tuple((phase, tuple(lines)) for phase, lines in book.playbook.items()),
    )
