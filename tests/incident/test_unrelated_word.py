"""A person's word loosens what it changes itself, and nothing that a machine had loosened before it."""

from __future__ import annotations

from typing import Any

import pytest

from halon.incident.assessment import FORM, Assessment
from halon.incident.facts import PERSON, Fact
from halon.incident.judged import take_in
from halon.incident.learning import learn
from halon.incident.state import State

DUE, LATE, LATER = 72, 96, 120


def judged(room: Any, status: str = "applies", due: float = DUE, form: int = FORM) -> Assessment:
    """A judgement of one duty, due in so many hours."""
    stages = (room.stage(due=room.at(due * 3600)),) if status == "applies" else ()
    duty = room.duty(status) if stages == () else room.duty(status, *stages)
    made: Assessment = room.judged(obligations=(duty,), form=form)
    return made


def heard(room: Any, state: State, source: str, seconds: float, found: Assessment) -> State:
    """The incident after a word of ``source``, which is judged to be ``found``."""
    news = Fact(f"news-{seconds}", True, source, room.at(seconds), by="ann" if source == PERSON else "halon")
    state = learn(state, [news], room.at(seconds))
    return take_in(state, found, state.facts_version, room.at(seconds + 1))


def standing(room: Any, state: State) -> tuple[str, float]:
    """Whether the duty applies, and in how many hours it is due."""
    duty = state.obligations[0]
    hours = next((hour for hour in (DUE, LATE, LATER) if room.at(hour * 3600) == duty.stages[0].due), 0)
    return duty.status, hours


LOOSENED = [("applies", LATE), ("does_not_apply", DUE), ("undetermined", DUE)]


@pytest.mark.parametrize(("status", "due"), LOOSENED)
def test_an_unrelated_word_lets_no_loosened_judgement_through(room: Any, status: str, due: float) -> None:
    """A machine's finding would loosen it and is kept out; what a person says of something else changes nothing of that."""
    state = take_in(room.opened(), judged(room), 1, room.at(1))
    loose = judged(room, status, due)
    state = heard(room, state, "trace", 100, loose)
    assert standing(room, state) == ("applies", DUE)
    for seconds in (200, 300):
        state = heard(room, state, PERSON, seconds, loose)
        assert standing(room, state) == ("applies", DUE)


@pytest.mark.parametrize(("status", "due"), [("applies", LATER), ("does_not_apply", DUE)])
def test_a_word_that_changes_the_judgement_itself_counts(room: Any, status: str, due: float) -> None:
    """Also where it loosens further what a machine would have loosened before."""
    state = take_in(room.opened(), judged(room), 1, room.at(1))
    state = heard(room, state, "trace", 100, judged(room, due=LATE))
    state = heard(room, state, PERSON, 200, judged(room, status, due))
    assert state.obligations[0].status == status
    assert status != "applies" or standing(room, state) == ("applies", LATER)


def test_what_an_earlier_release_judged_is_moved_by_any_word(room: Any) -> None:
    """Its histories are read again by the rule that they were made with."""
    state = take_in(room.opened(), judged(room, form=0), 1, room.at(1))
    state = heard(room, state, "trace", 100, judged(room, due=LATE, form=0))
    state = heard(room, state, PERSON, 200, judged(room, due=LATE, form=0))
    assert standing(room, state) == ("applies", LATE)
