"""What can't be undone is read back once: nobody switches it back, and nobody is asked for it twice because time went by."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from halon.incident import watching
from halon.incident.clocks import fire_due
from halon.incident.orders import Action, Call
from halon.incident.parts import parts
from halon.incident.state import State


def ended(room: Any, status: str = "verified", pointer: str = "/ended_lately") -> Action:
    read = Call("GET", "https://agent.example/sessions", ("agent.example",), expect_json={pointer: True})
    order = room.order("end-sessions", reversible=False, undo=None, verify=read, gate=room.POLICY)
    return Action(order, status=status, applied_at=room.at(55), verified_at=room.at(60) if status == "verified" else "")  # type: ignore[arg-type]


def watched(room: Any, *actions: Action) -> State:
    state = room.assessed(actions=actions, harm_stopped_at=room.at(70))
    return replace(state, assessment=replace(state.assessment, form=4, mode="act"))


def test_an_hour_later_nothing_is_due_for_what_was_done_for_good(room: Any) -> None:
    """Reads of the last hour turn by themselves after 61 minutes; beside it, what can be undone is looked at as ever."""
    state = watched(room, ended(room), room.action(applied_at=room.at(55), verified_at=room.at(60)))
    after = fire_due(state, room.at(61 * 60))
    assert watching.due(after) == ("disable-mail",)
    assert watching.watch(after, after.actions[0]) is None
    assert watching.due(watching.look_now(state)) == ("disable-mail",), "nor when the harm is back"
    shown = next(one for one in parts(after) if one["action"] == "end-sessions")
    assert (shown["in_force"], shown["read_back"], shown["read_back_next"]) == (True, room.at(60), None)


def test_what_nobody_could_read_yet_is_looked_at_until_it_is(room: Any) -> None:
    """Not verified is not done: the watch over it ends with the first look that shows it."""
    state = fire_due(watched(room, ended(room, "unverified")), room.at(61 * 60))
    assert watching.due(state) == ("end-sessions",)


def test_which_reads_tell_only_that_it_was_done_lately(room: Any) -> None:
    """By the end of the pointer's name, as the controls that Halon brings along name them."""
    assert watching.tells_lately(ended(room).order)
    assert watching.tells_lately(ended(room, pointer="/sessions/ended_lately").order)
    assert not watching.tells_lately(ended(room, pointer="/ended").order)
    assert not watching.tells_lately(room.order())
