"""Duties that nobody has decided become a task before the first clock runs out; there is none when nothing is open."""

from __future__ import annotations

from halon.incident.duties_to_decide import steps
from halon.incident.facts import Fact
from halon.incident.tasks import Step
from halon.judgement.assess import assess
from halon.kit import load, starter_path

NOW = "2026-11-22T12:00:00.000Z"


def tasks(**facts: object) -> dict[str, Step]:
    said = tuple(Fact(name, value, "person", NOW, "pat") for name, value in facts.items())
    found = assess(said, load(starter_path(), {}).policy, NOW, agent="support-bot")
    return {step.id: step for step in steps(found.obligations)}


def test_an_open_duty_asks_its_decider_before_the_earliest_clock() -> None:
    """One task for each role, with the questions, due when the first of its clocks must be decided."""
    found = tasks(detected_at="2026-11-22T11:00:00Z")
    assert set(found) == {"triage/decide-privacy_officer", "triage/decide-customer_lead"}
    privacy = found["triage/decide-privacy_officer"]
    assert privacy.due_at == "2026-11-25T07:00:00.000Z"  # 72 hours after detection, less four to approve
    assert {"personal_data_involved", "risk_to_individuals", "aware_at"} <= set(privacy.answers)
    assert "eu-gdpr-33" in privacy.words


def test_what_is_decided_asks_nobody() -> None:
    """No personal data: neither the authority nor the customer is owed anything."""
    assert tasks(personal_data_involved=False) == {}
