"""The vocabulary: names, values, questions."""

from __future__ import annotations

from typing import Any

import pytest

from halon.judgement.vocabulary import VOCABULARY, answer, check_fact


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("confirmed", None),
        ("confirmed", "unknown"),
        ("confirmed", True),
        ("affected_individuals", 6),
        ("affected_individuals", {"low": 6}),
        ("affected_individuals", {"low": 6, "high": 10}),
        ("data_categories", ["health", "basic_contact"]),
        ("acquired_vs_accessed", "disclosed"),
        ("spend_eur", 12.5),
        ("aware_at", "2026-11-20T17:30:00Z"),
        ("aware_at", "2026-11-20"),
        ("roles", ["processor"]),
        ("affected_by_jurisdiction", {"DE": 6, "US-CA": {"low": 1}}),
    ],
)
def test_values_that_fit(name: str, value: Any) -> None:
    """Unknown always fits; numbers may be ranges; times may be dates."""
    assert check_fact(name, value) is None


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("confirmd", True, "did you mean confirmed"),
        ("zzz", True, "there is no fact 'zzz'"),
        ("confirmed", "yes", "must be true, false or unknown"),
        ("confirmed", 1, "must be true, false or unknown"),
        ("affected_individuals", -1, "whole number from 0"),
        ("affected_individuals", True, "whole number from 0"),
        ("affected_individuals", 1.5, "whole number from 0"),
        ("affected_individuals", {"low": 9, "high": 1}, "or a range"),
        ("affected_individuals", {"lo": 9}, "or a range"),
        ("spend_eur", float("nan"), "a number from 0"),
        ("data_categories", ["helth"], "must be a list out of"),
        ("data_categories", "health", "must be a list out of"),
        ("risk_to_individuals", "low", "must be one of unlikely, risk, high_risk"),
        ("risk_to_individuals", ["risk"], "must be one of"),
        ("aware_at", "yesterday", "must be a time"),
        ("unauthorised_tool_actions", ["x"] * 501, "500 at most"),
        ("alert_group", "x", "set by Halon"),
    ],
)
def test_values_that_do_not_fit(name: str, value: Any, says: str) -> None:
    """A wrong name or value is answered with a sentence that says the next step."""
    answer = check_fact(name, value)
    assert answer is not None
    assert says in answer


LAW = """
roles dora_entity_type nis2_sector is_large_or_small_br establishments affected_residencies lead_authority
ai_system_in_eu_market incident_member_states personal_data_involved data_categories data_encrypted key_compromised
unsecured_phi records_count affected_individuals affected_by_jurisdiction acquired_vs_accessed
recipient_trusted_and_attested risk_to_individuals significant_harm_likely serious_harm_likely rrosh
low_probability_of_compromise harm_effectively_mitigated critical_service_affected service_downtime_minutes
clients_affected clients_affected_pct transactions_affected_pct financial_counterparts_affected_pct
member_states_affected economic_impact_eur malicious_unauthorised_access severe_operational_disruption_possible
considerable_damage_to_others_possible ai_system_high_risk high_risk_basis serious_incident_limbs
widespread_infringement causal_link agent_autonomous_action unauthorised_tool_actions frontier_model_involved
critical_safety_incident imminent_risk_death_or_serious_injury product_with_digital_elements
actively_exploited_vulnerability severe_incident_product_security extortion_payment_made_at material_to_investors
occurred_at detected_at aware_at discovered_at determined_incident_at determined_breach_at assessed_notifiable_at
classified_major_at materiality_determined_at reasonable_belief_at measure_available_at individuals_notified_at
law_enforcement_notified_at payment_made_at incident_handled_at law_enforcement_hold ag_national_security_delay
"""
TRIAGE = """
confirmed ongoing affected_users affected_sessions affected_systems sensitive_data_involved irreversible_tool_action
consent_missing silent_failure agent_version model_version config_hash toolset spend_eur window_from window_to
trace_ids entities_involved
"""


@pytest.mark.parametrize("name", [*LAW.split(), *TRIAGE.split()])
def test_every_name_that_law_and_triage_use_is_there(name: str) -> None:
    """With a meaning, a question in plain words, help, and "not known yet" among its answers."""
    term = VOCABULARY[name]
    assert term.meaning
    assert term.question.endswith(("?", "."))
    assert "Is it so that" not in term.question
    assert len(term.help) > 10
    assert term.answers[-1] == "not known yet"
    assert check_fact(name, None) is None


def test_amounts_have_units_and_a_direction() -> None:
    """A number without a unit says nothing; more of it is always graver."""
    amounts = [term for term in VOCABULARY.values() if term.kind in ("count", "number", "places")]
    assert len(amounts) > 12
    assert [term.name for term in amounts if not term.unit or term.cautious != "high"] == []


def test_what_law_determines_is_said_by_those_who_may() -> None:
    """Awareness, risk, roles: not by just anybody who looks at traces; what is seen there is open to all."""
    assert all("privacy_officer" in VOCABULARY[name].says for name in ("aware_at", "risk_to_individuals", "roles"))
    assert VOCABULARY["ongoing"].says == VOCABULARY["unauthorised_tool_actions"].says == ()


def test_a_name_that_is_said_elsewhere_says_where() -> None:
    """The time of a filing is no fact that is typed in."""
    assert "`filed`" in str(check_fact("submitted_at", "2026-11-20"))


@pytest.mark.parametrize(
    ("name", "word", "value"),
    [
        ("ongoing", "yes", True),
        ("ongoing", "No", False),
        ("ongoing", True, True),
        ("ongoing", "not known yet", None),
        ("affected_individuals", "unknown", None),
        ("material_to_investors", "yes", "yes"),
        ("agent_version", "no", "no"),
    ],
)
def test_answers_as_people_type_them(name: str, word: Any, value: Any) -> None:
    """Yes and no are values of a flag; "not known yet" is a value of every fact."""
    assert answer(name, word) == value
