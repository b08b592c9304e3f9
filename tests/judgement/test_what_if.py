"""What each answer would change of a duty: judged both ways, on the starter kit, with nothing said."""

from __future__ import annotations

import os
from typing import Any

import pytest

from halon.incident.facts import Fact
from halon.judgement.assess import assess
from halon.judgement.policy import Policy
from halon.judgement.predicates import All, Any_, Leaf, Not
from halon.judgement.what_if import Turn, candidates, turns
from halon.kit import load, starter_path

NOW = "2026-11-23T09:00:00.000Z"


@pytest.fixture(scope="module")
def kit() -> Policy:
    """The starter kit."""
    return load(starter_path(), os.environ).policy


def facts(**values: Any) -> list[Fact]:
    return [Fact(name, value, "person", "2026-11-23T08:00:00.000Z", "pat") for name, value in values.items()]


def turned(kit: Policy, **values: Any) -> dict[str, Turn]:
    """The turns of the authority's notification by fact."""
    known = facts(**values)
    duty = next(one for one in assess(known, kit, NOW, agent="support-bot").obligations if one.id == "eu-gdpr-33")
    return {one.fact: one for one in turns(duty, known, kit, NOW, agent="support-bot")}


def test_a_question_that_decides_is_shown_both_ways(kit: Policy) -> None:
    """Yes: it applies and is due then; no: it does not."""
    found = turned(kit, personal_data_involved=True, risk_to_individuals="risk", aware_at="2026-11-22T10:00:00Z")
    assert list(found) == ["gdpr_applies"]
    yes, no = found["gdpr_applies"].answers
    assert (yes.said, no.said) == ("yes", "no")
    assert yes.duty is not None
    assert no.duty is not None
    assert (yes.duty.status, yes.duty.stages[0].due) == ("applies", "2026-11-25T10:00:00.000Z")
    assert (no.duty.status, no.duty.stages) == ("does_not_apply", ())


def test_an_answer_alone_may_not_settle_it(kit: Policy) -> None:
    """While others are open, yes leaves it open and no may settle it."""
    found = turned(kit)
    yes, no = found["personal_data_involved"].answers
    assert yes.duty is not None
    assert no.duty is not None
    assert (yes.duty.status, no.duty.status) == ("undetermined", "does_not_apply")
    told = {one.said: one.duty.status for one in found["risk_to_individuals"].answers if one.duty}
    assert told["unlikely"] == "does_not_apply"
    assert told["high risk"] == "undetermined"


def test_a_time_is_tried_as_now(kit: Policy) -> None:
    """A shadow clock runs from the first thing that was told; knowing it only now would end later."""
    found = turned(kit, personal_data_involved=True, gdpr_applies=True, risk_to_individuals="risk")
    answer = found["aware_at"].answers[0]
    assert answer.said == "it is now"
    assert answer.duty is not None
    assert answer.duty.stages[0].due == "2026-11-26T09:00:00.000Z"


def test_figures_are_tried_on_both_sides_of_what_the_rules_name() -> None:
    """Nested trees are looked through; what the fact can't hold is not tried."""
    tree = All(
        (
            Not(Leaf("affected_individuals", "at_least", 500)),
            Any_((Leaf("affected_individuals", "above", 1000), Leaf("x", "is"))),
        )
    )
    assert candidates("affected_individuals", [tree], NOW) == (
        ("500 or more", 500), ("fewer than 500", 499), ("more than 1000", 1001), ("1000 or fewer", 1000))  # fmt: skip
    assert candidates("affected_individuals", [Leaf("affected_individuals", "at_least", "many")], NOW) == ()
    assert candidates("data_categories", [Leaf("data_categories", "any_of", ["health", "no such"])], NOW) == (
        ("health is among them", ["health"]),)  # fmt: skip
    assert candidates("no_such_fact", [tree], NOW) == ()


def test_nothing_is_said_by_asking(kit: Policy) -> None:
    """The facts are those of before."""
    known = facts(personal_data_involved=True)
    before = list(known)
    duty = next(one for one in assess(known, kit, NOW, agent="support-bot").obligations if one.id == "eu-gdpr-33")
    assert turns(duty, known, kit, NOW, agent="support-bot") == turns(duty, known, kit, NOW, agent="support-bot")
    assert known == before
