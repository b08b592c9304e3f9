"""Legal entities of one incident, the questions that are left, and the names in published taxonomies."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from halon.incident.facts import Fact
from halon.judgement.assess import assess, examine
from halon.judgement.policy import Entity
from halon.kit import load, starter_path
from halon.kit.taxonomy import taxonomies

STARTER = load(starter_path(), {}).policy
US = Entity("acme-us", "Acme Inc.", ("controller",), ("US-TX",), "America/Chicago")
GDPR = next(one for one in STARTER.regimes if one.id == "eu-gdpr-33")
POLICY = replace(
    STARTER, entities={**STARTER.entities, "acme-us": US}, regimes=(*STARTER.regimes, replace(GDPR, entity="acme-us"))
)
AT, NOW = "2026-11-20T10:00:00.000Z", "2026-11-20T18:00:00.000Z"


def told(entity: str = "", **values: Any) -> tuple[Fact, ...]:
    return tuple(Fact(name, value, "person", AT, "pat", entity=entity) for name, value in values.items())


LEAK = told(personal_data_involved=True, gdpr_applies=True, risk_to_individuals="risk", aware_at=AT)


def names(facts: tuple[Fact, ...], agent: str = "support-bot", **more: Any) -> dict[str, str]:
    return {one.name: one.status for one in assess(facts, POLICY, NOW, agent=agent, **more).obligations}


def test_only_the_agents_own_entity_unless_others_are_touched() -> None:
    """Whose agent it is comes first, under the plain ids; another entity's duties bear its name."""
    assert set(names(LEAK)) == {"contract-dpa", "eu-gdpr-33"}
    both = {"contract-dpa": "applies", "eu-gdpr-33": "applies", "eu-gdpr-33@acme-us": "applies"}
    assert names((*LEAK, *told(entities_involved=["acme-us"]))) == both
    assert names((*LEAK, *told("acme-us", affected_individuals=3))) == both
    assert names(LEAK, entities=("acme-us",)) == both


def test_facts_roles_and_anchors_are_each_entitys_own() -> None:
    """Processor there, controller here; aware there a day later; each clock runs by its own entity's facts."""
    facts = (*LEAK, *told("acme-eu", roles=["processor"]), *told("acme-us", aware_at="2026-11-21T10:00:00Z"))
    judged = {one.name: one for one in assess(facts, POLICY, NOW, agent="support-bot").obligations}
    assert judged["eu-gdpr-33"].status == "does_not_apply"
    assert judged["eu-gdpr-33@acme-us"].status == "applies"
    assert judged["eu-gdpr-33@acme-us"].entity == "acme-us"
    assert judged["eu-gdpr-33@acme-us"].stages[0].due == "2026-11-24T10:00:00.000Z"
    assert judged["contract-dpa"].stages[0].due == "2026-11-21T10:00:00.000Z"


def test_a_filing_counts_for_the_entity_that_made_it() -> None:
    """One entity's notice does not settle the other's."""
    filed = {"eu-gdpr-33@acme-us/notification": NOW}
    judged = assess((*LEAK, *told(entities_involved=["acme-us"])), POLICY, NOW, agent="support-bot", filed=filed)
    assert {one.name: one.stages[0].filed_at for one in judged.obligations} == {
        "contract-dpa": "", "eu-gdpr-33": "", "eu-gdpr-33@acme-us": NOW,
    }  # fmt: skip


def test_an_agent_that_nobody_knows_binds_every_entity_by_name() -> None:
    """Nobody can say whose it is, so no duty goes under a plain id."""
    assert set(names(LEAK, agent="ghost-bot")) == {"contract-dpa@acme-eu", "eu-gdpr-33@acme-eu", "eu-gdpr-33@acme-us"}


def test_an_entity_that_the_kit_does_not_have_is_said() -> None:
    """It is a reason in the assessment, and never an error."""
    judged = assess((*LEAK, *told(entities_involved=["acme-uk"])), POLICY, NOW, agent="support-bot")
    assert (
        "the kit has no legal entity 'acme-uk' (known: acme-eu, acme-us): no duty of it is looked at" in judged.reasons
    )


def test_bad_news_of_one_entity_makes_the_whole_graver() -> None:
    """Severity looks at all entities, and takes the gravest."""
    quiet = assess(LEAK, POLICY, NOW, agent="support-bot").severity.level
    facts = (*LEAK, *told("acme-us", risk_to_individuals="high_risk"))
    judged = assess(facts, POLICY, NOW, agent="support-bot")
    assert (quiet, judged.severity.level) == ("SEV3", "SEV2")
    assert judged.values["acme-us"]["risk_to_individuals"] == "high_risk"
    assert judged.values[""]["risk_to_individuals"] == "risk"


def test_conflicts_stand_in_the_assessment() -> None:
    """Each once, those for all and those of an entity, and the cautious value is what was judged on."""
    facts = (*LEAK, *told(ongoing=False), Fact("ongoing", True, "trace", NOW),
             *told("acme-us", ongoing=False), Fact("ongoing", True, "trace", NOW, entity="acme-us"))  # fmt: skip
    judged = assess(facts, POLICY, NOW, agent="support-bot")
    assert [(one.name, one.entity, one.counts) for one in judged.conflicts] == [
        ("ongoing", "", True),
        ("ongoing", "acme-us", True),
    ]
    assert any("ongoing" in reason for reason in judged.severity.reasons)


def test_a_clock_that_runs_out_today_is_urgent_and_no_graver() -> None:
    """A regulator's deadline within a day changes what to do first; the severity stays."""
    late = "2026-11-23T08:00:00.000Z"
    early, close = (assess(LEAK, POLICY, now, agent="support-bot") for now in (NOW, late))
    assert early.severity == close.severity
    assert not any("24 hours" in reason for reason in early.reasons)
    assert (
        "eu-gdpr-33 of acme-eu: notification is due in under 24 hours; decide it first, the severity stays as it is"
        in close.reasons
    )


def test_each_open_fact_is_a_question_with_what_it_would_change() -> None:
    """In plain words, with help, with "not known yet" among the answers; running clocks are asked for first."""
    examined = examine(told(personal_data_involved=True, gdpr_applies=True), POLICY, NOW, agent="support-bot")
    asked = {one.fact: one for one in examined.questions}
    assert set(examined.assessment.unknown) <= set(asked)
    assert {one.fact for one in examined.questions[:2]} == {"risk_to_individuals", "aware_at"}
    risk = asked["risk_to_individuals"]
    assert risk.question == "How bad can this get for the people affected: unlikely any risk, a risk, or a high risk?"
    assert risk.answers == ("unlikely", "risk", "high_risk", "not known yet")
    assert "settles whether eu-gdpr-33 applies, or when it is due" in risk.changes
    assert any(change.startswith("SEV2 if people") for change in risk.changes)
    assert all(one.changes and one.help for one in examined.questions)


def test_nothing_known_is_asked_again() -> None:
    """A fact that is held is no question."""
    examined = examine(LEAK, POLICY, NOW, agent="support-bot")
    assert not {one.name for one in LEAK} & {one.fact for one in examined.questions}


def test_tags_carry_framework_and_edition() -> None:
    """An id alone is ambiguous; a tag stands only while its condition is known to hold."""
    facts = told(unauthorised_tool_actions=["send_email"], untrusted_instruction=True)
    tags = assess(facts, POLICY, NOW, agent="support-bot").tags
    assert {(one.framework, one.edition, one.id) for one in tags} == {
        ("OWASP Top 10 for Agentic Applications", "2026", "ASI01"),
        ("OWASP Top 10 for Agentic Applications", "2026", "ASI02"),
        ("OWASP Top 10 for LLM Applications", "2026", "LLM03"),
        ("MITRE ATLAS", "5.6.1", "AML.T0051.001"),
        ("MITRE ATLAS", "5.6.1", "AML.T0053"),
    }
    assert assess((), POLICY, NOW, agent="support-bot").tags == ()


@pytest.mark.parametrize(
    ("name", "edition", "ids"),
    [
        ("owasp-agentic-2026", "2026", [f"ASI{number:02}" for number in range(1, 11)]),
        ("owasp-llm-2026", "2026", ["LLM03", "LLM04", "LLM05", "LLM06", "LLM08", "LLM09", "LLM10"]),
        ("mitre-atlas-5.6.1", "5.6.1", ["AML.T0053", "AML.T0086", "AML.T0101", "AML.T0112.000", "AML.M0029"]),
    ],
)
def test_the_taxonomies_are_versioned_data(name: str, edition: str, ids: list[str]) -> None:
    """Each file is one edition with its ids; later ones are not in it."""
    found = taxonomies()[name]
    assert found.edition == edition
    assert set(ids) <= set(found.tags)
    assert "AML.T0116" not in found.tags
    assert all((tag.edition, tag.framework) == (edition, found.framework) for tag in found.tags.values())
