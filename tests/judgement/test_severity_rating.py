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


@pytest.mark.parametrize(
    ("facts", "axis", "level"),
    [
        ({"imminent_risk_death_or_serious_injury": True}, "people", "SEV1"),
        ({"serious_incident_limbs": ["death"]}, "people", "SEV1"),
        ({"risk_to_individuals": "high_risk"}, "people", "SEV2"),
        ({"data_categories": ["health"], "external_recipient": True}, "people", "SEV2"),
        ({"wrong_decision": True}, "people", "SEV3"),
        ({"confirmed": True, "external_recipient": True, "data_categories": ["credentials"]}, "data", "SEV1"),
        ({"sensitive_data_involved": True, "acquired_vs_accessed": "unavailable"}, "data", "SEV2"),
        (
            {"personal_data_involved": True, "acquired_vs_accessed": "accessed", "affected_individuals": 500},
            "data",
            "SEV2",
        ),
        ({"sensitive_data_involved": True}, "data", "SEV3"),
        ({"irreversible_tool_action": True, "production_changed": True}, "actions", "SEV1"),
        ({"irreversible_tool_action": True, "funds_moved": True}, "actions", "SEV1"),
        ({"production_changed": True}, "actions", "SEV2"),
        ({"attempted_and_blocked": True}, "actions", "SEV3"),
        ({"how_stopped": "not_stoppable"}, "control", "SEV1"),
        ({"evaded_or_concealed": True}, "control", "SEV1"),
        ({"how_stopped": "late"}, "control", "SEV2"),
        ({"how_stopped": "guardrail"}, "control", "SEV3"),
        ({"spend_eur": 50_000}, "money", "SEV1"),
        ({"spend_times_budget": 11}, "money", "SEV2"),
        ({"spend_times_budget": 10}, "money", "SEV3"),
        ({"spend_times_budget": 2}, "money", ""),
        ({"cross_tenant": True}, "spread", "SEV1"),
        ({"supply_chain": True}, "spread", "SEV1"),
        ({"affected_agents": 2}, "spread", "SEV2"),
        ({"affected_sessions": 10}, "spread", "SEV3"),
    ],
)
def test_each_axis_of_the_starter_rubric(facts: dict[str, Any], axis: str, level: str) -> None:
    """Harm to people, data, actions, control, money, spread: each level of each is reached by its facts."""
    rated = rate(STARTER, {"alert_group": "", "alert_rules": [], **facts})
    rows = {row.axis: row for row in rated.severity.axes}
    assert set(rows) == {"people", "data", "actions", "control", "money", "spread"}
    assert rows[axis].level == level
    assert rows[axis].words


@pytest.mark.parametrize("modifier", ["ongoing", "credential_exposed", "agent_deceived"])
def test_each_modifier_raises_by_one(modifier: str) -> None:
    """Still going on, a secret in other hands, an agent that lied: one level worse each."""
    facts = {"alert_group": "", "alert_rules": [], "affected_agents": 2}
    assert rate(STARTER, facts).severity.level == "SEV2"
    assert rate(STARTER, {**facts, modifier: True}).severity.level == "SEV1"


def test_the_axis_table_says_what_is_not_known() -> None:
    """An axis is known only when no unknown fact could put it higher; until then it names the facts."""
    rows = {row.axis: row for row in rate(STARTER, {"spend_eur": 600}).severity.axes}
    assert (rows["money"].level, rows["money"].known) == ("SEV3", False)
    settled = {row.axis: row for row in rate(STARTER, {"spend_eur": 600, "spend_times_budget": 1}).severity.axes}
    assert (settled["money"].level, settled["money"].known) == ("SEV3", True)
    assert (rows["spread"].level, rows["spread"].known) == ("", False)
    assert "affected_agents" in rows["spread"].words
    nothing = rate(STARTER, {"spend_eur": 0, "spend_times_budget": 0}).severity.axes
    assert [(row.level, row.words) for row in nothing if row.axis == "money"] == [("", "no level is reached")]


@given(st.fixed_dictionaries({}, optional=FACTS))
def test_the_level_is_never_below_any_axis(facts: dict[str, Any]) -> None:
    """The worst axis counts; floors and modifiers only make it worse."""
    severity = rate(STARTER, facts).severity
    assert all(LEVELS.index(severity.level) <= LEVELS.index(row.level) for row in severity.axes if row.level)
