"""Which facts loosen a severity or a clock, so that they take a name with the role and a reason."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from halon.judgement.directions import loosens
from halon.judgement.vocabulary import VOCABULARY

DETECTED = "2026-11-20T10:00:00Z"
HOLD = {"agency": "LKA", "written": "yes"}


@pytest.mark.parametrize(
    ("name", "held", "new", "expected"),
    [
        ("ongoing", True, False, True),
        ("ongoing", False, True, False),
        ("ongoing", None, False, True),
        ("ongoing", None, True, False),
        ("ongoing", True, None, True),
        ("ongoing", False, None, False),
        ("ongoing", False, False, False),
        ("data_encrypted", None, True, True),
        ("data_encrypted", True, False, False),
        ("ag_national_security_delay", None, True, True),
        ("affected_individuals", 600, 6, True),
        ("affected_individuals", 6, 600, False),
        ("affected_individuals", {"low": 6}, 12, True),
        ("affected_individuals", {"low": 6}, {"low": 12}, False),
        ("affected_individuals", {"low": 6}, {"low": 3}, True),
        ("affected_individuals", {"low": 6, "high": 900}, {"low": 6, "high": 100}, True),
        ("affected_individuals", None, 3, True),
        ("affected_individuals", None, {"low": 3}, False),
        ("affected_individuals", {"high": 3}, None, False),
        ("affected_individuals", None, 0, True),
        ("affected_individuals", 6, None, True),
        ("aware_at", "2026-11-20T12:00:00Z", "2026-11-20T13:00:00Z", True),
        ("aware_at", "2026-11-20T12:00:00Z", "2026-11-20T11:00:00Z", False),
        ("aware_at", None, "2026-11-20T11:00:00Z", True),
        ("aware_at", None, "2026-11-20T10:00:00Z", False),
        ("aware_at", "2026-11-20T12:00:00Z", None, False),
        ("aware_at", "2026-11-20T09:00:00Z", None, True),
        ("detected_at", "2026-11-20T10:00:00Z", None, True),
        ("extortion_payment_made_at", "2026-11-20T10:00:00Z", None, True),
        ("spend_eur", {"low": 400}, 400, True),
        ("measure_available_at", None, "2026-11-25T11:00:00Z", False),
        ("occurred_at", None, "2026-11-25T11:00:00Z", False),
        ("data_categories", ["health", "phi"], ["phi"], True),
        ("data_categories", ["phi"], ["health", "phi"], False),
        ("data_categories", None, [], True),
        ("data_categories", None, ["basic_contact"], False),
        ("risk_to_individuals", "high_risk", "risk", True),
        ("risk_to_individuals", None, "unlikely", True),
        ("risk_to_individuals", None, "risk", False),
        ("affected_by_jurisdiction", {"DE": 6, "FR": 2}, {"DE": 6}, True),
        ("affected_by_jurisdiction", {"DE": 6}, {"DE": 7}, False),
        ("law_enforcement_hold", None, HOLD, True),
        ("law_enforcement_hold", HOLD, {**HOLD, "to": "2027-01-01"}, True),
        ("law_enforcement_hold", HOLD, None, False),
        ("agent_version", "1.0", "1.1", False),
        ("affected_individuals", 600, "few", False),
    ],
)
def test_what_loosens(name: str, held: Any, new: Any, expected: bool) -> None:
    """Lower, later, fewer, unlikely, or back to unknown; from unknown only the least cautious extreme, and an upper end."""
    assert loosens(VOCABULARY[name], held, new, DETECTED) is expected


WORDS = {
    "ongoing": st.booleans(),
    "data_encrypted": st.booleans(),
    "aware_at": st.sampled_from([f"2026-11-{day}T10:00:00Z" for day in range(18, 24)]),
    "affected_individuals": st.integers(0, 9),
    "risk_to_individuals": st.sampled_from(["unlikely", "risk", "high_risk"]),
    "data_categories": st.sampled_from([[], ["health"], ["health", "phi"], ["phi"]]),
}
PAIRS = st.sampled_from(sorted(WORDS)).flatmap(lambda name: st.tuples(st.just(name), WORDS[name], WORDS[name]))


@given(PAIRS)
def test_going_there_and_back_is_never_free(pair: tuple[str, Any, Any]) -> None:
    """Of two different values of a fact with a direction one way takes a reason; saying the same again takes none."""
    name, one, other = pair
    there, back = (loosens(VOCABULARY[name], *way, DETECTED) for way in ((one, other), (other, one)))
    assert (there or back) is (one != other)
