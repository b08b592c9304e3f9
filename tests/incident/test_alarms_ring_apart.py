"""Alarms in paging products: each page about a gate or a clock rings by itself, and ends when it is over."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from halon.incident import alarms
from halon.incident.clocks import fire_due
from halon.incident.messages import Message
from halon.incident.paging import ended
from halon.incident.standing import with_gate
from halon.incident.state import State
from halon.incident.timeline import tell

GATE = "gate:revoke-token@"
CLOCK = "clock:eu-gdpr-33/notification@"


def asked(room: Any, form: int = 2, **fields: Any) -> State:
    """An incident with an open gate and a clock, whose people were told of the gate."""
    duty = room.duty("applies", room.stage(warn_at=(room.at(36 * 3600),)), gate=room.POLICY)
    state = room.assessed(
        room.judged(form=form, obligations=(duty,)), gates=(room.gate(),), next_update_at="", **fields
    )
    state = replace(state, acked_by="ann", page_next_at="", look_at="")
    one = state.gates[0]
    return tell(state, room.at(2), f"gate:{one.id}:{room.at(2)}", "approval needed", "b", names=("ann", "sue"))


def delivered(state: State, *channels: str) -> State:
    """``state`` after everything in the outbox went out by ``channels`` that ring."""
    told = state.outbox
    state = replace(state, outbox=())
    for message in told:
        state = alarms.rang(state, message, channels)
    return state


def resolved(state: State, at: str) -> list[str]:
    """The alarms that end now."""
    return [one.part for one in alarms.silenced(state, at).outbox if one.kind == "resolve"]


def test_a_gates_page_is_named_after_what_it_asks_about(room: Any) -> None:
    """Not after the gate, whose id changes with the text; every telling is an alarm of its own."""
    state = asked(room)
    assert [(one.to, one.part) for one in state.outbox] == [
        ("ann", f"{GATE}20261122T100002000Z"), ("sue", f"{GATE}20261122T100002000Z")]  # fmt: skip
    again = tell(state, room.at(3), f"instead:gate:{state.gates[0].id}:{room.at(2)}:sue", "s", "b", names=("tom",))
    assert again.outbox[-1].part == f"{GATE}20261122T100003000Z", "whoever is told instead is told of the same"
    for step in ("page:1", "severity:SEV1:x", "gate:unknown-1a2b3c4d:x", "warn:nobody/knows:x", "ready:x"):
        assert alarms.part_of(state, step, room.at(4)) == ""


def test_an_incident_of_an_earlier_release_keeps_its_one_alarm(room: Any) -> None:
    """Its history knows no others."""
    state = delivered(asked(room, form=1), "pd")
    assert not [key for key in state.ledger if key.startswith("alarm:")]
    assert not alarms.ringing(state)


def test_nothing_is_silenced_that_never_rang(room: Any) -> None:
    """Mail and chat don't go on ringing: there nothing is to be ended."""
    state = delivered(asked(room))
    answered = with_gate(state, replace(state.gates[0], status="granted"))
    assert resolved(answered, room.at(5)) == []


@pytest.mark.parametrize("status", ["granted", "rejected", "void", "spent"])
def test_an_alarm_ends_once_when_its_gate_is_settled(room: Any, status: Any) -> None:
    """On the channels that rang, once on each however many were reached by it, and not before."""
    told = asked(room)
    state = alarms.rang(alarms.rang(told, told.outbox[0], ("pd",)), told.outbox[1], ("pd", "og"))
    state = replace(state, outbox=())
    assert not alarms.ringing(state)
    state = with_gate(state, replace(state.gates[0], status=status))
    assert alarms.ringing(state)
    over = alarms.silenced(state, room.at(9))
    assert [(one.kind, one.to, one.channels, one.part) for one in over.outbox] == [
        ("resolve", "ann", ("pd", "og"), f"{GATE}20261122T100002000Z")
    ]
    assert not alarms.ringing(over)
    assert alarms.silenced(over, room.at(10)) == over


def test_a_gate_that_takes_anothers_place_goes_on_ringing(room: Any) -> None:
    """The question is the same, its text is not."""
    state = delivered(asked(room), "pd")
    state = with_gate(state, replace(state.gates[0], status="void"))
    state = with_gate(state, room.gate(id="revoke-token-ffffffff"))
    assert resolved(state, room.at(9)) == []


def test_a_reminder_rings_anew_and_takes_the_place_of_the_first_alarm(room: Any) -> None:
    """The first may have been acknowledged, and would ring nobody; so it is with what was not answered in time."""
    state = delivered(asked(room), "pd")
    late = fire_due(state, room.at(901))
    parts = {one.part for one in late.outbox if one.part.startswith(GATE)}
    assert parts == {f"{GATE}20261122T101501000Z"}
    late = delivered(late, "pd")
    assert set(resolved(late, room.at(902))) == {f"{GATE}20261122T100002000Z"}
    late = fire_due(alarms.silenced(late, room.at(902)), room.at(3601))
    assert {one.part for one in late.outbox if one.kind == "page" and one.part} == {f"{GATE}20261122T110001000Z"}
    late = delivered(late, "pd")
    assert set(resolved(late, room.at(3602))) == {f"{GATE}20261122T101501000Z"}


def test_a_question_that_nobody_answered_rings_until_the_close(room: Any) -> None:
    """It is asked no more, and somebody must see that."""
    state = delivered(asked(room), "pd")
    state = with_gate(state, replace(state.gates[0], status="expired"))
    assert resolved(state, room.at(9)) == []
    assert {one.part for one in ended(state, room.at(10)).outbox if one.part} == {f"{GATE}20261122T100002000Z"}


def test_a_warning_rings_until_the_next_one_or_the_filing(room: Any) -> None:
    """And a missed clock until it is filed."""
    state = replace(asked(room), outbox=(), gates=())
    warned = fire_due(state, room.at(36 * 3600))
    (first,) = {one.part for one in warned.outbox if one.part}
    assert first.startswith(CLOCK)
    warned = delivered(warned, "pd")
    assert resolved(warned, room.at(36 * 3600 + 1)) == []
    missed = delivered(fire_due(warned, room.at(73 * 3600)), "pd")
    assert first in resolved(missed, room.at(73 * 3600))
    missed = alarms.silenced(missed, room.at(73 * 3600))
    (last,) = {key.split(":", 1)[1].rpartition(":")[0] for key in missed.ledger if key.startswith("alarm:")}
    filed = room.say(replace(missed, outbox=()), "filed", "pat", obligation="eu-gdpr-33", reference="R",
                     now=room.at(74 * 3600)).state  # fmt: skip
    assert set(resolved(filed, room.at(74 * 3600))) == {last}


def test_the_close_ends_all_that_are_left_and_what_is_delivered_after_it(room: Any) -> None:
    """A page that was under way at the close rings no longer than it must."""
    state = delivered(asked(room), "pd")
    over = ended(state, room.at(9))
    assert [(one.part, one.to) for one in over.outbox if one.kind == "resolve"] == [
        ("", "ann"), ("", "sue"), (f"{GATE}20261122T100002000Z", "ann")]  # fmt: skip
    assert len({one.id for one in over.outbox}) == 3
    closed = replace(over, ledger={**over.ledger, "closed": room.at(10)})
    late = Message("m", "page", "tom", "s", "b", room.at(8), ("pd",), part=f"{GATE}20261122T100008000Z")
    assert resolved(alarms.rang(closed, late, ("pd",)), room.at(11))[-1] == late.part


def test_a_page_to_somebody_else_silences_nobody(room: Any) -> None:
    """Ann rings; Sue can't be reached and Tom is told instead: Ann has not answered, and goes on ringing."""
    state = asked(room)
    ann, sue = state.outbox
    state = alarms.rang(replace(state, outbox=()), ann, ("pd",))
    state = delivered(tell(state, room.at(3), f"instead:{sue.id}", sue.subject, sue.body, names=("tom",)), "pd")
    assert resolved(state, room.at(4)) == []
    settled = with_gate(state, replace(state.gates[0], status="granted"))
    assert set(resolved(settled, room.at(5))) == {f"{GATE}20261122T100002000Z", f"{GATE}20261122T100003000Z"}


def test_one_alarm_of_two_people_ends_only_once_both_were_rung_anew(room: Any) -> None:
    """The product has one alarm for both: ended for one of them, it is silent for the other."""
    state = delivered(asked(room), "pd")
    gate = state.gates[0]
    state = delivered(tell(state, room.at(3), f"gate-late:{gate.id}:x", "s", "b", names=("ann",)), "pd")
    assert resolved(state, room.at(4)) == []
    state = delivered(tell(state, room.at(5), f"gate-late:{gate.id}:y", "s", "b", names=("sue",)), "pd")
    assert resolved(state, room.at(6)) == [f"{GATE}20261122T100002000Z"]
