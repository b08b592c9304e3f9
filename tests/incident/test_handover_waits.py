"""Handing over: the old commander stays until the new one acknowledges; whoever is away is stood in for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from halon.incident.assessment import Away
from halon.incident.clocks import fire_due, next_event
from halon.incident.paging import compose
from halon.incident.state import State
from halon.incident.timeline import tell, there
from halon.judgement.roster import Absence, RosterRule, on_call


def handed_over(room: Any, **fields: Any) -> State:
    """Ann, who acknowledged, hands over to Sue a minute after the opening."""
    state = room.assessed(acked_by="ann", acked_at=room.T0, page_next_at="", **fields)
    after: State = room.say(state, "handover", to="SUE", reason="my shift ends").state
    return after


def test_the_old_commander_stays_until_the_new_one_acknowledges(room: Any) -> None:
    """Only the new one is paged, with what to type; on `ack` they are commander."""
    state = handed_over(room)
    assert (state.commander, [one.to for one in state.outbox]) == ("ann", ["sue"])
    subject, body = compose(state.outbox[0], state.reference)
    assert subject == f"[{state.reference}] take over as commander"
    assert f"halon ack {state.reference} --by sue" in body
    taken = room.say(state, "ack", "sue", now=room.at(90))
    assert taken.text == "sue (name unverified) took over as commander from ann."
    assert (taken.state.commander, taken.state.handover, taken.state.acked_by) == ("sue", None, "ann")
    assert next_event(taken.state) is None


def test_an_acknowledgement_of_somebody_else_hands_nothing_over(room: Any) -> None:
    """The incident is acknowledged already, and that is what they are told."""
    assert room.say(handed_over(room), "ack", "tom").refusal == "AlreadyAcknowledged"
    unheard = replace(handed_over(room), acked_by="")
    heard = room.say(unheard, "ack", "tom").state
    assert (heard.commander, heard.acked_by, heard.handover is not None) == ("ann", "tom", True)


def test_taking_over_before_anybody_acknowledged_stops_the_paging_too(room: Any) -> None:
    """It is an acknowledgement of the incident as well."""
    state = replace(handed_over(room), acked_by="", acked_at="", page_next_at=room.at(300))
    taken = room.say(state, "ack", "sue", now=room.at(90)).state
    assert (taken.commander, taken.acked_by, taken.acked_at, taken.page_next_at) == ("sue", "sue", room.at(90), "")


def test_without_an_acknowledgement_the_old_commander_is_told_once(room: Any) -> None:
    """After as long as the roster gives for one; the new one may still take over afterwards."""
    state = handed_over(room)
    event = next_event(state)
    assert event is not None
    assert (event.at, event.text) == (room.at(360), "handover to sue is waited for")
    state = fire_due(state, room.at(400))
    assert [(one.to, one.subject) for one in state.outbox[1:]] == [
        ("ann", f"[{state.reference}] sue has not taken over")
    ]
    assert state.commander == "ann"
    assert fire_due(state, room.at(9000)) == state
    assert room.say(state, "ack", "sue", now=room.at(9001)).state.commander == "sue"


def test_another_handover_or_an_assignment_takes_the_place_of_one(room: Any) -> None:
    """Sue's acknowledgement then makes nobody commander."""
    other = room.say(handed_over(room), "handover", to="tom").state
    assert (other.handover.to, [one.to for one in other.outbox]) == ("tom", ["sue", "tom"])
    assigned = room.say(handed_over(room), "assign", role="commander", to="lea").state
    assert (assigned.commander, assigned.handover) == ("lea", None)
    assert room.say(assigned, "ack", "sue").refusal == "AlreadyAcknowledged"


def with_away(room: Any, *away: Away) -> State:
    """An incident whose roster has these absences."""
    judged = room.judged()
    state: State = room.assessed(replace(judged, roster=replace(judged.roster, away=away)))
    return state


def test_who_is_away_is_stood_in_for_when_somebody_is_told(room: Any) -> None:
    """By the time of the message, over several stand-ins, once; where nobody stands in, they are told themselves."""
    chain = (Away("pat", room.T0, room.at(100), "lea"), Away("lea", room.T0, room.at(100), "sue"),
             Away("tom", room.at(50), room.at(100)))  # fmt: skip
    state = with_away(room, *chain)
    assert [there(state, name, room.at(60)) for name in ("pat", "lea", "tom", "ann", "")] == [
        "sue",
        "sue",
        "tom",
        "ann",
        "",
    ]
    assert there(state, "pat", room.at(100)) == "pat"
    told = tell(state, room.at(60), "x", "s", "b", names=("pat", "lea", "sue"))
    assert [one.to for one in told.outbox] == ["sue"]
    circle = with_away(room, Away("pat", room.T0, room.at(100), "lea"), Away("lea", room.T0, room.at(100), "pat"))
    assert there(circle, "pat", room.at(1)) == "pat"


def test_the_paging_goes_to_the_stand_in(room: Any) -> None:
    """Somebody whose absence begins while the incident is open is not paged in vain."""
    state = replace(with_away(room, Away("tom", room.at(200), room.at(9000), "lea")), page_next_at=room.at(2))
    state = fire_due(fire_due(state, room.at(2)), room.at(302))
    assert [one.to for one in state.outbox] == ["ann", "lea"]
    assert "Paging lea (page 2)." in state.tail[-1].text


def test_the_roster_carries_the_absences_that_are_not_over() -> None:
    """So that a message of next week goes to whoever is there next week."""
    rule = RosterRule("ann", "tom", ("ann", "tom"))
    past = Absence("tom", "2026-11-01T00:00Z", "2026-11-08T00:00Z", "sue")
    later = Absence("tom", "2026-12-01T00:00Z", "2026-12-08T00:00Z", "sue")
    roster = on_call([rule], (), "support-bot", "2026-11-22T10:00:00Z", (), (past, later))
    assert (roster.technical_lead, roster.away) == ("tom", (Away("tom", later.start, later.end, "sue"),))
