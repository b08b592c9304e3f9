"""The vocabulary: names, values, questions."""

from __future__ import annotations

from typing import Any

import pytest

from halon.judgement.vocabulary import VOCABULARY, check_fact, question


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


def test_every_fact_that_people_are_asked_has_a_question() -> None:
    """Each fact that isn't set by Halon itself has a meaning and a question in plain words."""
    for term in VOCABULARY.values():
        assert term.meaning
        assert term.derived or question(term.name).endswith(("?", "."))
