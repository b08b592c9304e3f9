"""Severity: the worst axis, floors, modifiers, reasons."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from halon.judgement.predicates import All, Leaf, Not
from halon.judgement.severity import LEVELS, Axis, Floor, Modifier, Rubric, Step, rate
from halon.kit import load, starter_path

STARTER = load(starter_path(), {}).policy.rubric
FACTS: dict[str, st.SearchStrategy[Any]] = {
    "confirmed": st.booleans(),
    "ongoing": st.booleans(),
    "unauthorised_tool_actions": st.sampled_from([[], ["send_email"]]),
    "irreversible_tool_action": st.booleans(),
    "personal_data_involved": st.booleans(),
    "external_recipient": st.booleans(),
    "affected_individuals": st.sampled_from([0, 6, 900]),
    "acquired_vs_accessed": st.sampled_from(["accessed", "disclosed"]),
    "alert_group": st.sampled_from(["", "data_leak"]),
}


@pytest.mark.parametrize(
    ("facts", "level"),
    [
        ({}, "SEV4"),
        ({"alert_group": "unauthorised_tool_action"}, "SEV3"),
        ({"alert_group": "unauthorised_tool_action", "confirmed": False}, "SEV4"),
        ({"alert_group": "", "alert_rules": ["AgentPiiInOutput"]}, "SEV3"),
        ({"unauthorised_tool_actions": ["send_email"]}, "SEV3"),
        ({"confirmed": True, "unauthorised_tool_actions": ["send_email"]}, "SEV2"),
        ({"confirmed": True, "personal_data_involved": True, "acquired_vs_accessed": "accessed"}, "SEV2"),
        ({"confirmed": True, "unauthorised_tool_actions": ["send_email"], "ongoing": True}, "SEV1"),
        ({"unauthorised_tool_actions": ["refund"], "irreversible_tool_action": True}, "SEV2"),
        (
            {"unauthorised_tool_actions": ["refund"], "irreversible_tool_action": True, "affected_individuals": 100},
            "SEV1",
        ),
        ({"spend_eur": {"low": 5000}}, "SEV2"),
        ({"spend_eur": 499}, "SEV4"),
    ],
)
def test_starter_rubric(facts: dict[str, Any], level: str) -> None:
    """The starter rubric on typical facts; confirmed exposure or unauthorised action is at least SEV2."""
    rated = rate(STARTER, {"alert_group": "", "alert_rules": [], **facts})
    assert rated.severity.level == level
    assert rated.severity.reasons


def test_the_reasons_name_the_rule_and_the_facts() -> None:
    """Severity without because is not auditable."""
    rated = rate(STARTER, {"confirmed": True, "unauthorised_tool_actions": ["send_email"]})
    assert (
        "SEV2 by the floor: confirmed exposure of sensitive data or unauthorised tool action "
        "(confirmed is true; unauthorised_tool_actions is send_email)" in rated.severity.reasons
    )


def test_what_would_raise_it_is_said_with_the_facts_needed() -> None:
    """An open question that could lift the severity is named, with what it needs."""
    rated = rate(STARTER, {"confirmed": True, "unauthorised_tool_actions": ["send_email"]})
    assert any(text.startswith("SEV1 if ongoing") and "needs ongoing" in text for text in rated.severity.would_raise)
    assert {"ongoing", "irreversible_tool_action"} <= set(rated.needs)


def test_a_floor_while_unknown_holds_until_disproved() -> None:
    """A suspicion keeps its floor until somebody finds it false."""
    when = All((Leaf("alert_group", "is", "leak"), Not(Leaf("confirmed", "is", False))))
    rubric = Rubric((), (Floor("SEV3", when, "a leak", while_unknown=True),))
    assert rate(rubric, {"alert_group": "leak"}).severity.level == "SEV3"
    assert rate(rubric, {"alert_group": "leak", "confirmed": True}).severity.level == "SEV3"
    assert rate(rubric, {"alert_group": "leak", "confirmed": False}).severity.level == "SEV4"
    assert rate(rubric, {"alert_group": "other"}).severity.level == "SEV4"


def test_modifiers_stop_at_the_top() -> None:
    """Nothing is worse than SEV1."""
    rubric = Rubric(
        (Axis("a", (Step("SEV1", Leaf("confirmed", "is", True), "bad"),)),),
        modifiers=(Modifier("ongoing", Leaf("ongoing", "is", True), "goes on", 3),),
    )
    assert rate(rubric, {"confirmed": True, "ongoing": True}).severity.level == "SEV1"


@given(st.fixed_dictionaries({}, optional=FACTS), st.sets(st.sampled_from(sorted(FACTS))))
def test_asserting_that_something_is_unknown_changes_nothing(facts: dict[str, Any], others: set[str]) -> None:
    """A fact that is stated as unknown rates like one that nobody mentioned: unknown never lowers."""
    stated = {**dict.fromkeys(others), **facts}
    assert rate(STARTER, stated).severity == rate(STARTER, facts).severity


@given(st.fixed_dictionaries({}, optional=FACTS))
def test_learning_that_it_goes_on_never_lowers(facts: dict[str, Any]) -> None:
    """Bad news raises or keeps the level."""
    before = rate(STARTER, facts).severity.level
    after = rate(STARTER, {**facts, "ongoing": True}).severity.level
    assert LEVELS.index(after) <= LEVELS.index(before)
