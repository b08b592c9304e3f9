"""The one door: facts and kit in, an assessment with reasons out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from halon.incident.assessment import Mode
from halon.incident.facts import Fact
from halon.judgement.assess import assess
from halon.kit import load, starter_path

POLICY = load(starter_path(), {}).policy
AT = "2026-11-20T10:00:00.000Z"
NOW = "2026-11-20T18:00:00.000Z"
WILD = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=4), inner, max_size=3)),
    max_leaves=4,
)


def told(**values: Any) -> tuple[Fact, ...]:
    return tuple(Fact(name, value, "person", AT, "ann") for name, value in values.items())


LEAK = told(
    confirmed=True,
    unauthorised_tool_actions=["send_email"],
    personal_data_involved=True,
    external_recipient=True,
    affected_individuals={"low": 6},
    detected_at="2026-11-20T09:00:00Z",
)


def test_a_leak_by_mail_end_to_end() -> None:
    """One leak: severity, category, orders, both duties and the blast radius, each with its reason."""
    judged = assess(LEAK, POLICY, NOW, agent="support-bot", group="data_leak")
    assert (judged.severity.level, judged.category, judged.mode, judged.entity) == (
        "SEV2",
        "security",
        "act",
        "acme-eu",
    )
    assert [order.id for order in judged.orders] == ["disable-send-email", "revoke-token", "kill-switch"]
    assert all(order.reasons for order in judged.orders)
    assert {one.id: one.status for one in judged.obligations} == {
        "eu-gdpr-33": "undetermined",
        "contract-dpa": "applies",
    }
    assert judged.blast_radius["people"] == "at least 6 people"
    assert judged.blast_radius["money"] == "not known yet"
    assert judged.blast_radius["systems"] == "used without permission: send_email"
    assert judged.kit_digest == POLICY.digest
    assert judged.roster.commander == "ann"
    assert judged.leadership_channels == ("leadership",)


def test_unknown_lists_what_would_change_something() -> None:
    """The facts that are asked for are those that a rule needs, and none that is known."""
    judged = assess(LEAK, POLICY, NOW, agent="support-bot")
    assert {"risk_to_individuals", "gdpr_applies", "aware_at", "ongoing"} <= set(judged.unknown)
    assert "confirmed" not in judged.unknown


def test_the_shadow_clock_runs_from_the_detection() -> None:
    """Awareness is unknown, so the clocks run from when it was detected, marked provisional."""
    judged = assess(LEAK, POLICY, NOW, agent="support-bot")
    stages = {one.id: one.stages[0] for one in judged.obligations}
    assert stages["contract-dpa"].due == "2026-11-21T09:00:00.000Z"
    assert stages["eu-gdpr-33"].due == "2026-11-23T09:00:00.000Z"
    assert all(stage.provisional for stage in stages.values())


def test_without_a_detection_the_first_word_starts_the_shadow_clock() -> None:
    """Nothing says when it was detected, so the earliest fact's time is the earliest plausible anchor."""
    judged = assess(told(personal_data_involved=True), POLICY, NOW, agent="support-bot")
    due = {one.id: one.stages[0].due for one in judged.obligations}
    assert due["contract-dpa"] == "2026-11-21T10:00:00.000Z"


def test_claims_never_decide() -> None:
    """What an agent says about itself changes nothing, in either direction."""
    claim = Fact("confirmed", False, "trace", NOW, "support-bot", claim=True)
    with_claim = assess((*LEAK, claim), POLICY, NOW, agent="support-bot")
    assert with_claim == assess(LEAK, POLICY, NOW, agent="support-bot")


def test_an_unknown_agent_is_observed_and_every_entity_looked_at() -> None:
    """An agent outside the inventory gets no actions, the general roster, the duties, and a reason."""
    judged = assess(LEAK, POLICY, NOW, agent="ghost-bot")
    assert (judged.mode, judged.orders) == ("observe", ())
    assert "'ghost-bot' is not in the kit's inventory" in judged.reasons[0]
    assert judged.roster.escalation == ("ann", "tom", "sue", "lee")
    assert {one.id for one in judged.obligations} == {"eu-gdpr-33", "contract-dpa"}


def test_an_observed_agent_keeps_its_plan() -> None:
    """In mode observe the plan shows what would have been done."""
    judged = assess(told(confirmed=True), POLICY, NOW, agent="billing-bot")
    assert judged.mode == "observe"
    assert judged.orders[-1].id == "kill-switch"
    assert "mode observe" in judged.reasons[0]


def test_roles_said_as_a_fact_come_before_the_entitys() -> None:
    """Only a processor in this case: the controller's duty falls away, the contract's stays."""
    judged = assess((*LEAK, *told(roles=["processor"])), POLICY, NOW, agent="support-bot")
    assert {one.id: one.status for one in judged.obligations} == {
        "eu-gdpr-33": "does_not_apply",
        "contract-dpa": "applies",
    }


def test_filings_are_shown() -> None:
    """A filing that was recorded appears on its stage."""
    filed = {"contract-dpa/notification": NOW}
    judged = assess(LEAK, POLICY, NOW, agent="support-bot", filed=filed)
    assert {one.id: one.stages[0].filed_at for one in judged.obligations} == {"eu-gdpr-33": "", "contract-dpa": NOW}


@pytest.mark.parametrize("mode", ["suggest", "act"])
def test_what_cannot_be_undone_always_has_a_gate(mode: Mode) -> None:
    """Promise 3, on the judgement's side: irreversible orders come with a gate in every mode."""
    agent = replace(POLICY.agents["support-bot"], mode=mode)
    judged = assess(LEAK, replace(POLICY, agents={"support-bot": agent}), NOW, agent="support-bot")
    assert [order.gate is not None for order in judged.orders if not order.reversible] == [True]
    assert all(order.gate for order in judged.orders) == (mode == "suggest")


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no finding
@given(st.dictionaries(st.sampled_from([*(fact.name for fact in LEAK), "aware_at", "roles", "spend_eur"]), WILD))
def test_no_fact_makes_the_door_raise(values: dict[str, Any]) -> None:
    """Whatever is held, there is an assessment; what does not fit is said in the reasons."""
    judged = assess(told(**values), POLICY, NOW, agent="support-bot", group="data_leak")
    assert judged.severity.reasons
    assert len(judged.obligations) == 2


def test_who_alone_says_what_calls_for_the_irreversible_has_proposed_it() -> None:
    """A person's word brings it into the plan; what a machine saw, or said before that person did, does not hang on it."""

    def proposers(*facts: Fact) -> tuple[str, ...]:
        judged = assess(facts, POLICY, NOW, agent="support-bot")
        return next(one.proposed_by for one in judged.orders if one.id == "revoke-token")

    seen = tuple(replace(fact, source="action-log", by="") for fact in LEAK)
    assert proposers(*LEAK) == ("ann",)
    assert proposers(*seen) == ()
    assert proposers(*seen, *LEAK) == ()
    exposed = Fact("credential_exposed", True, "person", AT, "sue")
    assert proposers(exposed) == ("sue",)
    assert proposers(*seen, exposed) == ()
    assert proposers(exposed, replace(exposed, by="ann")) == ()
