"""What runs out only as far as anybody knows is loud and no miss; what the law really counts is missed, and stays."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from halon.incident.assessment import DECIDED, Obligation
from halon.incident.clocks import fire_due
from halon.incident.judged import take_in
from halon.incident.state import State

DAY, NAME = 86_400, "eu-gdpr-33/notification"


def duty(room: Any, status: str, **fields: Any) -> Obligation:
    told = {"due": room.at(400), "decide_by": room.at(100), "anchor": "aware_at", **fields}
    found: Obligation = room.duty(status, room.stage(**told))
    return found


def over(room: Any, status: str, **fields: Any) -> State:
    state: State = room.assessed(room.judged(obligations=(duty(room, status, **fields),), form=DECIDED))
    return fire_due(state, room.at(500))


def test_a_clock_that_runs_from_a_stand_in_runs_out_and_is_not_missed(room: Any) -> None:
    """Whether it applies is open, and nobody has said the moment that the law counts from. Everybody who hears of a miss
    hears what to say."""
    state = over(room, "undetermined", stand_in=True, provisional=True)
    assert state.missed == ()
    told = [one for one in state.outbox if "ran out" in one.subject]
    assert {one.to for one in told} == {"pat", "ann", "lea"}
    assert "nobody has said aware_at" in told[0].body
    assert f"halon fact {state.reference} aware_at TIME" in told[0].body


def test_what_surely_applies_is_missed_by_the_earliest_moment_until_somebody_says_a_later_one(room: Any) -> None:
    """The duty is owed: that nobody wrote down since when is no way out of it. So with one that was declared."""
    assert over(room, "applies", stand_in=True).missed == (NAME,)
    state = over(room, "undetermined", stand_in=True)
    assert state.missed == ()
    state = room.say(state, "declare", "pat", obligation="eu-gdpr-33", reason="it does", now=room.at(600)).state
    assert fire_due(state, room.at(600)).missed == (NAME,)


def test_promise_6_what_may_apply_is_missed_where_the_moment_it_counts_from_is_known(room: Any) -> None:
    """A question that nobody answered in time is no way out of a duty: unknown is not false."""
    state = over(room, "undetermined", provisional=True)
    assert state.missed == (NAME,)
    assert any("MISSED" in one.subject for one in state.outbox)


def test_promise_5_what_ran_out_is_said_again_each_day_until_it_is_settled(room: Any) -> None:
    """It does not fall silent because nobody says the moment; filing it ends that."""
    state = over(room, "undetermined", stand_in=True)
    again = fire_due(state, room.at(500 + DAY))
    said = [one for one in again.outbox if "ran out and still open" in one.subject]
    assert {one.to for one in said} == {"pat", "ann"}
    assert "say aware_at" in said[0].body
    filed = room.say(
        again, "filed", "pat", obligation="eu-gdpr-33", reference="R", reason="r", now=room.at(600 + DAY)
    ).state
    later = fire_due(filed, room.at(600 + 3 * DAY))
    assert len([one for one in later.outbox if "ran out and still open" in one.subject]) == len(said)


def test_it_is_missed_once_the_moment_is_said_and_its_time_has_passed(room: Any) -> None:
    """Also where the due time stays what it was."""
    state = over(room, "undetermined", stand_in=True)
    known = room.judged(obligations=(duty(room, "applies"),), form=DECIDED)
    state = take_in(replace(state, facts_version=state.facts_version + 1), known, state.facts_version + 1, room.at(600))
    state = fire_due(state, room.at(600))
    assert state.missed == (NAME,)
    assert [one.to for one in state.outbox if "MISSED" in one.subject] == ["pat", "ann", "lea"]


def test_a_rule_that_is_declared_after_it_ran_out_is_missed_then(room: Any) -> None:
    """Whoever says that it applies makes it count, late as well."""
    state = over(room, "review_required")
    assert state.missed == ()
    declared = room.say(
        state, "declare", "pat", obligation="eu-gdpr-33", reason="counsel read it", now=room.at(600)
    ).state
    assert fire_due(declared, room.at(600)).missed == (NAME,)


def test_the_warning_says_by_when_to_decide_in_case_it_counts_from_the_earliest(room: Any) -> None:
    """The cap is what must be kept; the shadow before it is named."""
    state = room.assessed(
        room.judged(
            obligations=(duty(room, "undetermined", warn_at=(room.at(50),), decide_first=room.at(60)),), form=DECIDED
        )
    )
    state = fire_due(state, room.at(50))
    assert f"Decide by {room.at(60)} already" in state.outbox[-1].body
