"""Which commands take a proof, and what is said to somebody who brings none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from halon.incident import ids
from halon.incident.facts import Fact
from halon.ports.triage import Authority, Claimed
from halon_activities.hands import Hands
from halon_activities.triage import Triage


@pytest.fixture
def hands(make_hands: Callable[..., Hands], sandbox_agent: Any) -> Hands:
    """Hands that can verify codes."""
    made = make_hands(sandbox_agent.url)
    return replace(made, environ={**made.environ, "HALON_IDENTITY_KEY": "the identity key of these tests"})


async def test_a_command_that_takes_a_code_says_so_with_the_line_to_type(hands: Hands, as_incident: Any) -> None:
    """No gate is needed for that; what asks for nothing is open to a typed name, and unverified."""
    object.__setattr__(hands.kit.proving, "commands", {"close": "totp", "note": "ssh"})
    triage, at = Triage(hands), "incident-support-bot.unauthorised-tool:run-1"
    close = await as_incident(triage.authority, Claimed(at, "close", "ann", {"reason": "done"}))
    assert (close.may, close.refusal) == (False, "NotVerified")
    assert f"halon close {ids.reference(at)} --by ann asks for your code, or add --sign KEYFILE" in close.why
    note = await as_incident(triage.authority, Claimed(at, "note", "ann", {"text": "x"}))
    assert f"halon note {ids.reference(at)} --by ann --sign KEYFILE" in note.why
    ack = await as_incident(triage.authority, Claimed(at, "ack", "ann"))
    assert (ack.may, ack.verified, ack.how) == (True, False, "")
    unknown = await as_incident(triage.authority, Claimed(at, "approve", "sue", {"gate": "none"}, offers=("code",)))
    assert (unknown.may, unknown.refusal) == (True, ""), "no code is used up for a gate that there is not"


async def test_a_fact_that_loosens_takes_the_proof_of_fact_down(hands: Hands, as_incident: Any) -> None:
    """One that tightens is said by a typed name, as before."""
    object.__setattr__(hands.kit.proving, "commands", {"fact-down": "totp"})
    triage, at, now = Triage(hands), "incident-support-bot.unauthorised-tool:run-1", "2026-11-22T08:00:00Z"
    held = (Fact("affected_individuals", 500, "pat", now),)

    async def said(count: int) -> Authority:
        told = {"name": "affected_individuals", "value": count, "reason": "counted"}
        answer: Authority = await as_incident(triage.authority, Claimed(at, "fact", "pat", told, "support-bot", held))
        return answer

    more, fewer = await said(900), await said(3)
    assert (more.may, more.refusal) == (True, "")
    assert (fewer.may, fewer.refusal) == (False, "NotVerified")
