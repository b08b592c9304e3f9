"""Triage's hands: judgement with the kit, and who may say what."""

from __future__ import annotations

import re
from typing import Any

from halon.incident.facts import Fact
from halon.ports.triage import Case, Claimed
from halon_activities.hands import Hands
from halon_activities.triage import MOST_NAMES, Triage

INCIDENT = "incident-support-bot.unauthorised-tool:run-1"
AT = "2026-11-22T08:00:00Z"


async def test_names_are_found_whatever_their_case_and_are_not_verified(hands: Hands, as_incident: Any) -> None:
    """A typed name says who somebody claims to be, no more."""
    who = await as_incident(Triage(hands).authority, Claimed(INCIDENT, "ack", " ANN "))
    assert (who.by, who.known, who.roles, who.verified, who.may) == ("ann", True, ("commander",), False, True)


async def test_a_stranger_is_answered_with_the_nearest_name(hands: Hands, as_incident: Any) -> None:
    """Nobody of that name, and whom you may have meant."""
    who = await as_incident(Triage(hands).authority, Claimed(INCIDENT, "ack", "anne"))
    assert (who.known, who.may) == (False, False)
    assert "did you mean ann?" in who.why


async def test_who_may_not_is_told_who_may(hands: Hands, as_incident: Any) -> None:
    """The kit's authority file decides."""
    who = await as_incident(Triage(hands).authority, Claimed(INCIDENT, "severity-down", "tom"))
    assert (who.known, who.may) == (True, False)
    assert "commander" in who.why
    assert "ann" in who.why


async def test_a_fact_is_checked_against_the_vocabulary(hands: Hands, as_incident: Any) -> None:
    """A misspelt fact or a value of another kind is refused by a type of its own, what was meant first."""
    said = {"name": "personal_data_involvd", "value": True}
    misspelt = await as_incident(Triage(hands).authority, Claimed(INCIDENT, "fact", "ann", said))
    odd = await as_incident(
        Triage(hands).authority, Claimed(INCIDENT, "fact", "ann", {"name": "ongoing", "value": "maybe"})
    )
    fine = await as_incident(
        Triage(hands).authority, Claimed(INCIDENT, "fact", "ann", {"name": "ongoing", "value": None})
    )
    derived = await as_incident(
        Triage(hands).authority, Claimed(INCIDENT, "fact", "ann", {"name": "alert_rules", "value": ["x"]})
    )
    assert (misspelt.may, misspelt.refusal) == (False, "UnknownFact")
    assert misspelt.why.startswith("did you mean 'personal_data_involved'? There is no fact 'personal_data_involvd'.")
    names = re.search(r"Nearest: (.*); \d+ more", misspelt.why)
    assert names is not None
    assert len(names[1].split(", ")) == MOST_NAMES == 12
    assert (odd.may, odd.refusal) == (False, "WrongValue")
    assert (derived.may, derived.refusal) == (False, "UnknownFact")
    assert (fine.may, fine.refusal) == (True, "")


async def test_facts_are_judged_with_the_kit(hands: Hands, as_incident: Any) -> None:
    """Severity with reasons, orders, and the digest of the kit that said so."""
    facts = (
        Fact("confirmed", True, "trace", AT),
        Fact("unauthorised_tool_actions", ["send_email"], "trace", AT),
        Fact("personal_data_involved", True, "trace", AT),
    )
    case = Case(INCIDENT, "INC-1", "support-bot", "unauthorised-tool", ("r",), facts, AT)
    judged = await as_incident(Triage(hands).assess, case)
    assert judged.severity.level in ("SEV1", "SEV2")
    assert judged.severity.reasons
    assert {"disable-send-email", "revoke-token"} <= {order.id for order in judged.orders}
    assert judged.kit_digest == hands.kit.digest
