"""What would change the evidence waits for the seal, reversible or not, and people hear of it by name before long."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from halon.incident import seal_waits
from halon.incident.clocks import fire_due
from halon.incident.state import Sealed, State

LATE = "Do clear-memory waits since "


def waiting(room: Any, **fields: Any) -> State:
    order = room.order("clear-memory", touches_evidence=True)
    one = replace(room.action("clear-memory", "planned"), order=order)
    state = room.assessed(actions=(one,), commander="ann", technical_lead="tom", **fields)
    state = replace(state, assessment=replace(state.assessment, form=4, mode="act"))
    return replace(state, ledger={**state.ledger, f"{seal_waits.BEGAN}clear-memory": room.at(10)})


def told(state: State) -> list[str]:
    return [one.text for one in state.tail if one.text.startswith(LATE)]


def test_after_five_minutes_people_hear_what_waits_and_what_lets_it_run(room: Any) -> None:
    """Once, whether the collecting fails or never ends: commander and technical lead, with the command."""
    state = fire_due(waiting(room), room.at(309))
    assert told(state) == []
    state = fire_due(state, room.at(310))
    assert len(told(state)) == 1
    pages = [one for one in state.outbox if LATE in one.body]
    assert {one.to for one in pages} == {"ann", "tom"}
    assert pages[0].command == f"halon override {state.reference} evidence --reason WHY"
    assert len(told(fire_due(state, room.at(900)))) == 1


def test_nobody_hears_of_what_waits_no_more(room: Any) -> None:
    """Sealed, overridden, done elsewhere, or called off."""
    raw = (Sealed("alert", "alert", "raw/1", "a" * 64, 10, "door", room.at(0)),)
    late = room.at(400)
    state = waiting(room)
    assert told(fire_due(replace(state, evidence_overridden_by="ann"), late)) == []
    assert told(fire_due(replace(state, false_alarm_by="ann"), late)) == []
    assert told(fire_due(replace(state, actions=(replace(state.actions[0], status="verified"),)), late)) == []
    sealed = replace(state, evidence=raw, ledger={**state.ledger, "evidence": room.at(20)})
    assert told(fire_due(sealed, late)) == []
    assert seal_waits.held(sealed) == []


def test_an_alert_that_is_sealed_is_no_seal_of_what_waits(room: Any) -> None:
    """While the agent's own evidence is still collected, what waits for it can be let run by name."""
    raw = (Sealed("alert", "alert", "raw/1", "a" * 64, 10, "door", room.at(0)),)
    state = waiting(room, evidence=raw)
    assert seal_waits.held(state) == ["Do clear-memory"]
    assert not room.say(state, "override", what="evidence", reason="it goes on").refusal
    done = replace(state, ledger={**state.ledger, "evidence": room.at(20)})
    assert room.say(done, "override", what="evidence", reason="it goes on").refusal == "NothingToOverride"
