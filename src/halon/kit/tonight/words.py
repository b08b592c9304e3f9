"""Rules that name what nothing reports, categories without a runbook, notices that nobody prepared."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from halon.judgement.policy import Policy
from halon.judgement.predicates import All, Any_, Leaf, Not, Tree
from halon.judgement.runbooks import ANY
from halon.kit.bundle import Bundle
from halon.kit.law import notice_templates
from halon.kit.tonight.finding import Finding

CATEGORIES = ("safety", "security", "privacy", "integrity", "compliance", "operational")
LEADERSHIP = "leadership"


def about_words(bundle: Bundle, policy: Policy) -> Iterator[Finding]:
    """What the rubric, the runbooks and the notices leave open."""
    yield from _rubric(bundle, policy)
    covered = {book.category for book in policy.runbooks}
    for category in CATEGORIES:
        if category not in covered:
            rank = "weak" if ANY not in covered else "advice"
            what = f"no runbook is written for {category} incidents"
            fix = f"write runbooks/{category}.yaml"
            yield Finding("weak" if rank == "weak" else "advice", "on-call and commander's playbook", what, fix)
    judged = {rule.category for rule in policy.categories}
    for category in CATEGORIES:
        if category not in judged:
            what = f"no rule says when an incident is of category {category}"
            yield Finding("advice", "severity rubric", what, "add one under categories: in severity.yaml")
    if LEADERSHIP not in {*notice_templates(), *bundle.notices}:
        yield Finding("weak", "prepared notices", "leadership has no notice", "add notices/leadership.txt.j2")
    heard = {one.audience for regime in policy.regimes for one in regime.tells}
    if "customers" not in heard:
        what = "no notice to customers is prepared"
        yield Finding("advice", "prepared notices", what, "write the duty of your contracts in regimes/")
    if "regulator" not in heard:
        yield Finding(
            "weak", "prepared notices", "no notice to a regulator is prepared", "add the regimes you are under"
        )


def _rubric(bundle: Bundle, policy: Policy) -> Iterator[Finding]:
    known = bundle.detections.detections.values()
    reported = {
        "alert_group": {name for one in known for name in (one.group, *one.also)},
        "alert_rules": {rule for one in known for rule in one.alerts},
    }
    told: set[tuple[str, str]] = set()
    for leaf in _leaves(policy):
        for value in _texts(leaf.value):
            if leaf.fact in reported and value not in reported[leaf.fact] and (leaf.fact, value) not in told:
                told.add((leaf.fact, value))
                kind = "group" if leaf.fact == "alert_group" else "rule"
                what = f"severity.yaml looks for the {kind} {value!r}, which no detection has"
                yield Finding("weak", "severity rubric", what, "add it to detections.yaml, or correct the name")


def _leaves(policy: Policy) -> Iterator[Leaf]:
    trees: list[Tree] = [step.when for axis in policy.rubric.axes for step in axis.steps]
    trees += [floor.when for floor in policy.rubric.floors]
    trees += [modifier.when for modifier in policy.rubric.modifiers]
    trees += [rule.when for rule in policy.categories]
    for tree in trees:
        yield from _inside(tree)


def _inside(tree: Tree) -> Iterator[Leaf]:
    match tree:
        case Leaf():
            yield tree
        case Not(part):
            yield from _inside(part)
        case All(parts) | Any_(parts):
            for part in parts:
                yield from _inside(part)


def _texts(value: Any) -> tuple[str, ...]:
    several = value if isinstance(value, list | tuple) else (value,)
    return tuple(one for one in several if isinstance(one, str))
