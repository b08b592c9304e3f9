"""Holds and embargoes: a notice is kept back visibly and by name, and no clock stops for it (promises 5 and 7)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from halon.incident import holds, views
from halon.incident.assessment import DECIDED
from halon.incident.clocks import fire_due, next_event
from halon.incident.gates import Answer, Proof
from halon.incident.notices import Notice
from halon.incident.state import State
from halon.incident.status import status

DUTY = "eu-gdpr-33"
YES = Answer("sue", True, "r", "2026-11-22T10:00:01.000Z", ("security",), Proof("run-1", "update", "u"))


def running(room: Any, **fields: Any) -> State:
    told = {"due": room.at(4000), "decide_by": room.at(3000), "warn_at": (room.at(3000),), **fields}
    state: State = room.assessed(room.judged(obligations=(room.duty("applies", room.stage(**told)),), form=DECIDED))
    return state


def hold(room: Any, state: State, until: float, now: float = 60, **fields: Any) -> Any:
    told = {"obligation": DUTY, "until": room.at(until), "by_whom": "legal", "reason": "counsel reads it", **fields}
    return room.say(state, "hold", "pat", now=room.at(now), **told)


def back(room: Any, state: State, now: float) -> str:
    return holds.held_back(state, state.obligations[0], "notification", room.at(now))


def test_a_hold_is_seen_and_ends_by_itself(room: Any) -> None:
    """Who, until when and why stand on the duty; at its end the decider is told."""
    state = hold(room, running(room), 1000).state
    assert "held back by legal" in back(room, state, 100)
    assert "counsel reads it" in views.obligations(state)[0]["hold"]["told"]
    state = fire_due(state, room.at(1000))
    assert back(room, state, 1000) == ""
    assert (state.holds[0].ended_at, state.holds[0].ended_by) == (room.at(1000), "halon")
    assert [one.to for one in state.outbox if "no longer held back" in one.subject] == ["pat"]
    assert views.obligations(state)[0]["holds"][0]["reason"] == "counsel reads it"


def test_promise_5_a_hold_stops_no_clock(room: Any) -> None:
    """It warns, says that it is held back, and is missed; that it would outlast the due time is told at once."""
    outcome = hold(room, running(room), 9000)
    assert "IT OUTLASTS THE DUE TIME of notification" in outcome.text
    assert {one.to for one in outcome.state.outbox} == {"pat", "ann", "lea"}
    state = fire_due(outcome.state, room.at(4000))
    assert next(one.body for one in state.outbox if "clock:" in one.subject).endswith("The clock goes on.")
    assert state.missed == ("eu-gdpr-33/notification",)
    assert "held back by legal" in state.tail[-1].text
    assert status(state)["next_deadline"] is not None


def test_an_embargo_keeps_a_promised_update_back_too(room: Any) -> None:
    """The update is none of the law's stages: what must not be said yet, it must not say either."""
    state = running(room, not_before=room.at(500), embargo="the police look for them")
    assert "the police look for them" in holds.held_back(state, state.obligations[0], "update", room.at(499))
    assert holds.held_back(state, state.obligations[0], "update", room.at(500)) == ""


@pytest.mark.parametrize(("affected", "form", "refused"), [
    ("ab" * 32, DECIDED, False), ("", DECIDED, True), ("ab" * 32, DECIDED - 1, True),
], ids=["one by one", "one mail", "of an earlier release"])  # fmt: skip
def test_what_goes_to_many_people_is_held_and_taken_back_between_two_mails(
    room: Any, affected: str, form: int, refused: bool
) -> None:
    """A mailing takes minutes: a hold and a withdrawal reach it while it runs; one mail can't be stopped."""
    name = f"{DUTY}-notification"
    asked = room.gate(name, kind="notice", status="granted", answers=(YES,))
    one = Notice(name, "customers", DUTY, "notification", status="sending", affected=affected)
    state = running(room)
    assert state.assessment is not None
    state = replace(state, notices=(one,), gates=(asked,), assessment=replace(state.assessment, form=form))
    kept, back = hold(room, state, 1000), room.say(state, "withdraw", "sue", gate=asked.id)
    assert [kept.refusal, back.refusal] == (["NothingToHold", "GateClosed"] if refused else ["", ""])
    if not refused:
        assert f"Some may have {name} already" in kept.text
        assert next(each.status for each in back.state.gates) == "open"


def test_a_yes_is_taken_back_while_the_notice_waits_for_its_channel(room: Any) -> None:
    """Nothing is under way then; what an earlier release judged goes on by its rules."""
    name = f"{DUTY}-notification"
    asked = room.gate(name, kind="notice", status="granted", answers=(YES,))
    state = running(room)
    state = replace(state, notices=(Notice(name, "regulator", DUTY, "notification", status="put_off"),), gates=(asked,))
    assert room.say(state, "withdraw", "sue", gate=asked.id).refusal == ""
    assert state.assessment is not None
    earlier = replace(state, assessment=replace(state.assessment, form=DECIDED - 1))
    assert room.say(earlier, "withdraw", "sue", gate=asked.id).refusal == "GateClosed"


def test_a_hold_is_lifted_by_name_with_a_reason(room: Any) -> None:
    """And not twice."""
    state = hold(room, running(room), 1000).state
    assert room.say(state, "hold", "pat", obligation=DUTY, off=True).refusal == "NeedsReason"
    lifted = room.say(state, "hold", "sue", obligation=DUTY, off=True, reason="counsel agrees", now=room.at(70)).state
    assert (lifted.holds[0].ended_by, lifted.holds[0].ended_because) == ("sue", "counsel agrees")
    assert back(room, lifted, 80) == ""
    assert room.say(lifted, "hold", "sue", obligation=DUTY, off=True, reason="r").refusal == "NothingNew"
    event = next_event(lifted)
    assert event is not None
    assert not event.key.startswith("hold-ends")


def test_another_hold_takes_the_place_of_the_first(room: Any) -> None:
    """Both stay on record."""
    state = hold(room, running(room), 1000).state
    state = hold(room, state, 2000, now=100, by_whom="law_enforcement", reason="the police asks").state
    assert [(one.by_whom, bool(one.ended_at)) for one in state.holds] == [("legal", True), ("law_enforcement", False)]
    assert "held back by law enforcement" in back(room, state, 1500)


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [({"until": "2026-11-22T09:00:00Z"}, "InThePast"), ({"obligation": "uk-gdpr-33"}, "UnknownObligation")],
)
def test_a_hold_that_can_not_be_is_refused(room: Any, fields: Any, refusal: str) -> None:
    """A time that has passed, a duty that there is not."""
    told = {"obligation": DUTY, "until": room.at(1000), "by_whom": "legal", "reason": "counsel reads it", **fields}
    assert room.say(running(room), "hold", "pat", **told).refusal == refusal


def test_a_hold_needs_until_whom_and_why(room: Any) -> None:
    """Each is named that is missing."""
    outcome = room.say(running(room), "hold", "pat", obligation=DUTY)
    assert outcome.refusal == "Incomplete"
    assert "until, by_whom, reason" in outcome.text


def test_what_is_settled_has_nothing_to_hold(room: Any) -> None:
    """Filed, or declined."""
    state = room.say(running(room), "filed", "pat", obligation=DUTY, reference="R").state
    assert hold(room, state, 1000, now=100).refusal == "NothingToHold"


def test_an_embargo_keeps_a_stage_back_until_its_end(room: Any) -> None:
    """By judgement, not by name; without a known end until there is one."""
    state = running(room, not_before=room.at(500), embargo="customers wait for the agencies")
    assert "customers wait for the agencies" in back(room, state, 499)
    assert back(room, state, 500) == ""
    keys = []
    while (event := next_event(state)) is not None and event.at <= room.at(3000):
        keys.append(event.key.partition(":")[0])
        state = fire_due(state, event.at)
    assert keys == ["embargo-ends", "warn"]
    assert back(room, running(room, not_before="?", embargo="why"), 99_999).startswith(
        "it must not be said until something else"
    )
