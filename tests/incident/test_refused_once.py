"""A refusal: counted once for each Update, kept with its type, bounded."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from halon.incident.admission import REMEMBERED

GATE = "revoke-token-1a2b3c4d"


def test_an_update_that_a_reset_puts_again_is_refused_once(room: Any) -> None:
    """The same answer, one line on record, one refusal counted, also where it could be done by now."""
    first = room.say(room.assessed(), "approve", "sue", update="u-7", gate=GATE)
    again = room.say(replace(first.state, gates=(room.gate(),)), "approve", "sue", update="u-7", gate=GATE)
    assert (again.refusal, again.text) == (first.refusal, first.text) == ("UnknownGate", again.text)
    assert again.state.refusals == {"sue": 1}
    assert again.state.chain == first.state.chain
    other = room.say(first.state, "approve", "sue", update="u-8", gate=GATE)
    assert other.state.refusals == {"sue": 2}


def test_remembered_refusals_are_bounded(room: Any) -> None:
    """The state is carried from run to run and stays small."""
    state = room.assessed()
    for number in range(100):
        state = room.say(state, "approve", f"sue-{number}", update=f"u-{number}", gate="x" * 100).state
    assert list(state.refused)[-1] == "u-99"
    assert len(state.refused) == REMEMBERED


def test_a_refusal_has_the_type_that_the_kit_gives_it(room: Any) -> None:
    """A misspelt fact is no lack of authority."""
    who = room.standing("sue", may=False, why="There is no fact 'x'.", refusal="UnknownFact")
    outcome = room.say(room.assessed(), "fact", "sue", who=who, name="x", value=1)
    assert (outcome.refusal, outcome.text) == ("UnknownFact", "There is no fact 'x'.")
