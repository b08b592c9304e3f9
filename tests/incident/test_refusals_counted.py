"""What admission remembers is bounded: answers by update, refusals by name."""

from __future__ import annotations

from typing import Any

from halon.incident.admission import refuse
from halon.incident.patience import PATIENCE, exhausted


def test_the_memory_of_answers_is_bounded(room: Any) -> None:
    """The last 200 and the one just given."""
    state = room.assessed()
    for number in range(250):
        state = room.say(state, "note", text="a", update=f"u-{number}").state
    assert len(state.answered) == 201
    assert "u-249" in state.answered


def test_after_twenty_refusals_a_name_is_turned_away(room: Any) -> None:
    """Counted by name; others are still heard."""
    state = room.assessed()
    for number in range(PATIENCE):
        assert not exhausted(state, "tom"), number
        state = room.say(state, "close", "tom").state
    assert exhausted(state, "tom")
    assert not exhausted(state, "ann")


def test_refusals_of_signals_are_bounded(room: Any) -> None:
    """A flood under made-up names does not swell the state."""
    state = room.opened()
    for number in range(300):
        state = refuse(state, "x" * 500, f"name-{number}", "UnknownSignal", "no such signal", room.at(1))
    assert len(state.refusals) == 200
    assert len(state.tail[-1].text) < 120
