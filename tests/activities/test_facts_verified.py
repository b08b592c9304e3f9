"""Who may say which fact now: loosening takes a permission and a reason; determinations take the role."""

from __future__ import annotations

from typing import Any

import pytest

from halon.incident.facts import Fact
from halon.ports.triage import Authority, Claimed
from halon_activities.hands import Hands
from halon_activities.triage import Triage

INCIDENT = "incident-support-bot.unauthorised-tool:run-1"
AT = "2026-11-22T08:00:00Z"
KNOWN = (
    Fact("detected_at", AT, "alert", AT),
    Fact("affected_individuals", {"low": 600}, "trace", AT),
    Fact("ongoing", True, "trace", AT),
)


async def asked(hands: Hands, as_incident: Any, by: str, name: str, value: Any, **more: Any) -> Authority:
    said = {"name": name, "value": value, **more}
    claimed = Claimed(INCIDENT, "fact", by, said, "support-bot", KNOWN)
    found: Authority = await as_incident(Triage(hands).authority, claimed)
    return found


@pytest.mark.parametrize(
    ("by", "name", "value", "reason", "may", "kind", "says"),
    [
        ("tom", "ongoing", True, "", True, "", ""),
        ("tom", "affected_individuals", {"low": 700}, "", True, "", ""),
        ("pat", "affected_individuals", 6, "", False, "NeedsReason", "loosens what counts now (at least 600); say why: --reason WHY"),
        ("pat", "affected_individuals", 6, "   ", False, "NeedsReason", "--reason WHY"),
        ("pat", "affected_individuals", 6, "counted in the mail", True, "", ""),
        ("tom", "ongoing", False, "it is quiet", False, "", "fact-down takes the role commander or privacy_officer"),
        ("sue", "ongoing", False, "the token is revoked", True, "", ""),
        ("ann", "ongoing", None, "", False, "NeedsReason", "ongoing = not known yet loosens what counts now (true)"),
        ("pat", "aware_at", "2026-11-22T07:00:00Z", "", True, "", ""),
        ("pat", "aware_at", "2026-11-22T09:00:00Z", "", False, "NeedsReason", "aware_at"),
        ("pat", "aware_at", "2026-11-22T09:00:00Z", "certain only then", True, "", ""),
        ("tom", "risk_to_individuals", "high_risk", "", False, "", "risk_to_individuals is said by privacy_officer or"),
        ("pat", "risk_to_individuals", "high_risk", "", True, "", ""),
        ("pat", "roles", ["processor"], "", False, "NeedsReason", "loosens what counts now (controller, processor)"),
        ("pat", "roles", ["processor"], "the contract says so", True, "", ""),
        ("pat", "personal_data_involvd", True, "", False, "UnknownFact", "did you mean 'personal_data_involved'"),
        ("pat", "ongoing", "maybe", "", False, "WrongValue", "must be true, false or unknown"),
        ("pat", "entities_involved", ["acme-eu", "acme-uk"], "", False, "UnknownEntity", "there is no legal entity 'acme-uk'"),
    ],
)  # fmt: skip
async def test_who_may_say_what(
    hands: Hands, as_incident: Any, by: str, name: str, value: Any, reason: str, may: bool, kind: str, says: str
) -> None:
    """Promise 7 for facts: graver by anybody who may say facts; milder by name, with the role and a reason."""
    answer = await asked(hands, as_incident, by, name, value, **({"reason": reason} if reason else {}))
    assert (answer.may, answer.refusal) == (may, kind), answer.why
    assert says in answer.why


async def test_it_is_measured_by_what_counts_for_that_entity(hands: Hands, as_incident: Any) -> None:
    """For an entity without a word of its own, what counts for all does; a stranger is answered with the known ones."""
    own = await asked(hands, as_incident, "pat", "affected_individuals", 6, entity="acme-eu")
    assert (own.may, own.refusal) == (False, "NeedsReason")
    stranger = await asked(hands, as_incident, "pat", "affected_individuals", 900, entity="acme-e")
    assert (stranger.may, stranger.refusal) == (False, "UnknownEntity")
    assert "did you mean 'acme-eu'?" in stranger.why
