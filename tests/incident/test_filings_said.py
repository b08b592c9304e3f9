"""Filings, late reasons and what a miss asks for: who, when, reference, receipt; earlier ones stay visible."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from halon.incident import views
from halon.incident.about import about
from halon.incident.admission import Outcome, admit
from halon.incident.assessment import DECIDED, Reached
from halon.incident.clock_changes import changed
from halon.incident.clocks import fire_due, next_event
from halon.incident.commands import parse
from halon.incident.gates import Proof
from halon.incident.judged import filings, take_in
from halon.incident.state import State

DUTY, NAME = "eu-gdpr-33", "eu-gdpr-33/notification"


def running(room: Any, status: str = "applies", form: int = DECIDED, **fields: Any) -> State:
    """One clock that warns at 100 seconds and is due at 400."""
    told = {"due": room.at(400), "decide_by": room.at(100), "warn_at": (room.at(100),), **fields}
    state: State = room.assessed(room.judged(obligations=(room.duty(status, room.stage(**told)),), form=form))
    return state


def test_a_filing_keeps_who_when_reference_and_receipt(room: Any) -> None:
    """The stage is filed, later ones chain on it, and all that was said of it is on record."""
    outcome = room.say(running(room), "filed", "pat", obligation=DUTY, reference="R-1", receipt="ev-0123456789abcdef",
                       at=room.at(30), now=room.at(60))  # fmt: skip
    one = outcome.state.filings[0]
    assert (one.obligation, one.stage, one.at, one.by, one.said_at) == (
        DUTY,
        "notification",
        room.at(30),
        "pat",
        room.at(60),
    )
    assert (one.reference, one.receipt, one.late_because, one.update) == ("R-1", "ev-0123456789abcdef", "", False)
    assert outcome.state.obligations[0].stages[0].filed_at == room.at(30)
    assert "receipt ev-0123456789abcdef" in outcome.text
    assert outcome.state.person_version == outcome.state.facts_version


def test_a_late_filing_needs_its_reason(room: Any) -> None:
    """Refused without one, with the lateness in words; taken with one, and the reason stays with the filing."""
    state = fire_due(running(room), room.at(500))
    refused = room.say(state, "filed", "pat", obligation=DUTY, reference="R", now=room.at(4000))
    assert refused.refusal == "NeedsReason"
    assert f"{NAME} was due {room.at(400)} and is filed 1 hour late" in refused.text
    taken = room.say(state, "filed", "pat", obligation=DUTY, reference="R", reason="asleep", now=room.at(4000))
    assert (taken.refusal, taken.state.filings[0].late_because, taken.state.filings[0].due) == (
        "",
        "asleep",
        room.at(400),
    )
    assert taken.state.missed == (NAME,)


def test_a_filing_in_time_that_is_said_later_is_not_late(room: Any) -> None:
    """When it was made counts."""
    state = fire_due(running(room), room.at(500))
    outcome = room.say(state, "filed", "pat", obligation=DUTY, reference="R", at=room.at(390), now=room.at(600))
    assert (outcome.refusal, outcome.state.filings[0].late_because) == ("", "")


def test_what_an_earlier_release_judged_is_filed_late_without_a_reason(room: Any) -> None:
    """Its histories go on as they were."""
    state = fire_due(running(room, form=DECIDED - 1), room.at(500))
    assert room.say(state, "filed", "pat", obligation=DUTY, reference="R", now=room.at(600)).refusal == ""


def test_the_reason_can_be_said_before_the_filing(room: Any) -> None:
    """It is judged anew, so that the draft says so; the notice and the filing carry the last word."""
    early = room.say(running(room), "late-reason", "pat", obligation=DUTY, reason="too early")
    assert early.refusal == "NotLate"
    state = fire_due(running(room), room.at(500))
    said = room.say(state, "late-reason", "pat", obligation=DUTY, reason="asleep", now=room.at(510))
    assert said.state.facts_version == state.facts_version + 1
    again = room.say(said.state, "late-reason", "pat", obligation=DUTY, reason="asleep", now=room.at(520))
    assert again.refusal == "NothingNew"
    better = room.say(
        said.state, "late-reason", "pat", obligation=DUTY, reason="the mail was lost", now=room.at(520)
    ).state
    duty = about(better, room.at(530))["obligations"][0]
    assert [one["reason"] for one in duty["late_reasons"]] == ["asleep", "the mail was lost"]
    filed = room.say(better, "filed", "pat", obligation=DUTY, reference="R", now=room.at(600)).state
    assert filed.filings[0].late_because == "the mail was lost"
    wrong = room.say(state, "late-reason", "pat", obligation=DUTY, stage="final", reason="r", now=room.at(510))
    assert wrong.refusal == "UnknownStage"


def updated(room: Any, state: State, now: float, **fields: Any) -> Outcome:
    """``filed`` with ``update``: ``room.say`` takes that word for the id of Temporal's Update."""
    command = parse("filed", {"by": "pat", "obligation": DUTY, "reference": "R-2", "update": True, **fields})
    return admit(state, command, room.standing("pat"), Proof("run-1", "update", ""), room.at(now))


def test_an_update_adds_to_a_filing_and_moves_no_first_one(room: Any) -> None:
    """Both stay visible; judgement is told of the latest one apart."""
    state = running(room)
    assert updated(room, state, 60).refusal == "UnknownStage"
    assert updated(room, state, 60, stage="notification").refusal == "NotFiledYet"
    state = room.say(state, "filed", "pat", obligation=DUTY, reference="R-1", now=room.at(60)).state
    assert (
        room.say(state, "filed", "pat", obligation=DUTY, stage="notification", reference="R-2").refusal
        == "AlreadyFiled"
    )
    state = updated(room, state, 900).state
    assert [one.reference for one in state.filings] == ["R-1", "R-2"]
    assert filings(state) == {
        "eu-gdpr-33@acme-eu/notification": room.at(60),
        "eu-gdpr-33@acme-eu/notification~latest": room.at(900),
    }
    assert [one["reference"] for one in views.obligations(state)[0]["filings"]] == ["R-1", "R-2"]


def test_what_is_missed_is_said_again_each_day_until_it_is_settled(room: Any) -> None:
    """One message for all; it ends with the filing."""
    state = fire_due(running(room), room.at(500))
    reminded = fire_due(state, room.at(500 + 86_400))
    assert [one.subject for one in reminded.outbox if "still missed" in one.subject] == [
        "[INC-260Q] still missed: " + NAME
    ] * 2
    event = next_event(reminded)
    assert event is not None
    assert event.key.startswith("missed-again:")
    filed = room.say(
        reminded, "filed", "pat", obligation=DUTY, reference="R", reason="r", now=room.at(500 + 86_500)
    ).state
    assert next_event(filed) is None


def test_a_miss_asks_for_the_reason(room: Any) -> None:
    """The page says what to type."""
    state = fire_due(running(room), room.at(500))
    assert [one.command for one in state.outbox if "MISSED" in one.subject] == [
        "halon late-reason INC-260Q eu-gdpr-33 --reason WHY"] * 3  # fmt: skip


@pytest.mark.parametrize(
    "fields", [{"status": "review_required"}, {"provisional": True, "anchor": "filing of initial"}]
)
def test_a_rule_that_nobody_confirmed_and_a_stage_that_waits_for_another_are_never_missed(
    room: Any, fields: Any
) -> None:
    """They warn and are told when they run out, and do not stand among the missed."""
    told = dict(fields)
    state = fire_due(running(room, told.pop("status", "applies"), **told), room.at(500))
    assert state.missed == ()
    assert "It does not count as missed" in state.tail[-1].text
    assert {one.to for one in state.outbox if "ran out" in one.subject} == {"pat", "ann", "lea"}


def test_a_rule_that_a_person_declared_is_missed(room: Any) -> None:
    """Whoever says that it applies makes it count."""
    state = room.say(
        running(room, "review_required"), "declare", "pat", obligation=DUTY, reason="counsel says so"
    ).state
    assert fire_due(state, room.at(500)).missed == (NAME,)


def test_whoever_is_there_is_told_and_why(room: Any) -> None:
    """At night somebody else is told in the decider's place, and the page says so."""
    reach = (
        Reached(room.at(100), ("tom",), "Nobody who is privacy answers at this hour."),
        Reached(room.at(400), ("sue",), ""),
    )
    state = fire_due(running(room, reach=reach), room.at(100))
    assert [(one.to, "answers at this hour" in one.body) for one in state.outbox] == [("tom", True)]
    state = fire_due(state, room.at(400))
    assert [one.to for one in state.outbox if "MISSED" in one.subject] == ["sue", "ann", "lea"]


def test_the_log_says_from_when_to_when_and_because_of_what(room: Any) -> None:
    """Of a fact that moves the anchor, and of a filing."""
    old = room.duty("undetermined", room.stage(due=room.at(400), provisional=True))
    new = room.duty("applies", room.stage(due=room.at(300), anchor="aware_at"), because=("gdpr_applies is true",))
    told = changed(old, new)
    assert told == (f"eu-gdpr-33: undetermined -> applies; notification: due moves from {room.at(400)} to {room.at(300)}, counted "
                    "from aware_at, no longer provisional, because gdpr_applies is true")  # fmt: skip
    assert changed(new, replace(new, because=("other words",))) == ""
    state = room.assessed(room.judged(obligations=(old,)))
    after = take_in(state, room.judged(obligations=(new,)), state.facts_version, room.at(100))
    assert after.tail[-1].text == told
