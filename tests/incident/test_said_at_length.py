"""What people write at length: short where it is carried along, whole where it is kept."""

from __future__ import annotations

from typing import Any


def test_a_very_long_note_is_cut_in_the_tail_and_whole_in_the_record(room: Any) -> None:
    """The tail stays small, and nothing that a person may write is lost."""
    state = room.say(room.opened(), "note", text="x" * 4000).state
    assert (len(state.tail[-1].text), len(state.chain.pending[-1].text)) == (400, 4000)
