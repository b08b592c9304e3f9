"""A yes and a hold in the same moment: the hold counts, and the yes is void."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from halon.incident.assessment import DECIDED, Assessment, Obligation, Severity, Stage
from halon.incident.filings import Hold
from halon.incident.gates import Gate, gate_id
from halon.incident.notices import Notice
from halon.incident.orders import GatePolicy
from halon.incident.standing import with_gate
from halon.incident.state import State
from halon_workflows import notify, others

NOW, LATER, NAME = "2026-11-23T07:00:00.000Z", "2026-11-24T07:00:00.000Z", "eu-gdpr-33-notification"
POLICY = GatePolicy(("privacy_officer",))
STAGE = Stage("notification", due=LATER)
DUTY = Obligation(
    "eu-gdpr-33", "t", "acme", "a", "regulator", "applies", "privacy_officer", stages=(STAGE,), gate=POLICY
)
HELD = Hold("eu-gdpr-33", LATER, "law_enforcement", "the police asked", "pat", NOW)


def granted(state: State) -> Gate:
    digest = state.notices[0].digest_for(state.incident_id)
    return Gate(
        id=gate_id(NAME, digest), kind="notice", subject=NAME, digest=digest, title="", question=(), policy=POLICY,
        opened_at=NOW, deadline_at=LATER, escalate_at=LATER, status="granted",
    )  # fmt: skip


@pytest.mark.parametrize("held", [True, False])
async def test_a_hold_said_while_the_yes_was_taken_in_voids_it(monkeypatch: pytest.MonkeyPatch, held: bool) -> None:
    """The gate came back granted; by then the police had asked: nothing is sent, and it is drafted again afterwards."""
    one = Notice(NAME, "regulator", "eu-gdpr-33", "notification", gate=POLICY, status="waiting")
    judged = Assessment(Severity("SEV2", ()), "security", ("security",), "act", "acme", form=DECIDED)
    state = State("i:r", "i", "INC-7F3A", "support-bot", "g", NOW, assessment=judged, obligations=(DUTY,), notices=(one,),
                  holds=(HELD,) if held else ())  # fmt: skip
    inc: Any = SimpleNamespace(state=state, now=NOW, note=lambda *given, **named: None)

    async def looked(*given: Any) -> None:
        return None

    async def answered(*given: Any, **named: Any) -> Gate:
        asked = granted(state)
        inc.state = with_gate(inc.state, asked)
        return asked

    monkeypatch.setattr(others, "look", looked)
    monkeypatch.setattr(notify, "asked_of", answered)
    allowed = await notify._allowed(cast(Any, inc), NAME, DUTY, STAGE)
    found = inc.state.notices[0]
    if held:
        assert (allowed, inc.state.gates[0].status) == (None, "void")
        assert (found.status, found.attempt) == ("planned", 2)
    else:
        assert allowed == granted(state)
        assert found == replace(one, status="sending", note=f"Sending {NAME}.")
