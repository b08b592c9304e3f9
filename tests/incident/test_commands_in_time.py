"""Admission, as to when and by whom a command is said: said twice, after a deadline, taken back, under another spelling."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from halon.incident.admission import Standing
from halon.incident.state import State
from halon.incident.times import after

GATE = "revoke-token-1a2b3c4d"


def with_gate(room: Any, **fields: Any) -> State:
    state: State = room.assessed(gates=(room.gate(**fields),))
    return state


def test_the_same_update_twice_is_done_once(room: Any) -> None:
    """The second answer is the first one, and the state is the very same."""
    first = room.say(room.assessed(), "note", text="once", update="u-1")
    second = room.say(first.state, "note", text="once", update="u-1", now=room.at(90))
    assert second.text == first.text == "once"
    assert second.state is first.state
    other = room.say(first.state, "note", text="once", update="u-2")
    assert other.state.chain.seq == first.state.chain.seq + 1


def test_signals_have_no_update_id_and_are_each_done(room: Any) -> None:
    """Without an id nothing is taken for a repetition."""
    state = room.say(room.assessed(), "note", text="a").state
    assert room.say(state, "note", text="a").state.chain.seq == state.chain.seq + 1
    assert state.answered == {}


def test_who_the_kit_says_it_is_counts_not_what_was_typed(room: Any) -> None:
    """The name in the log and in the answer is the verified one."""
    who = Standing("sue", known=True, roles=("security",), verified=True, may=True)
    done = room.say(with_gate(room), "approve", "Sue Smith", gate=GATE, who=who).state
    assert [(one.by, one.verified) for one in done.gates[0].answers] == [("sue", True)]


def test_a_granted_answer_can_be_taken_back_until_it_runs(room: Any) -> None:
    """While the action still waits; from `applying` on nobody can say that it was not allowed."""
    granted = room.say(with_gate(room), "approve", "sue", gate=GATE).state
    waiting = replace(granted, actions=(room.action("revoke-token", "waiting"),))
    assert room.say(waiting, "withdraw", "sue", gate=GATE).state.gates[0].status == "open"
    running = replace(granted, actions=(room.action("revoke-token", "applied"),))
    assert room.say(running, "withdraw", "sue", gate=GATE).refusal == "GateClosed"


def test_an_answer_after_a_deadline_passed_by_outage_is_refused(room: Any) -> None:
    """A gate that nobody's clock has closed yet does not take a late answer; on the dot it does."""
    state = with_gate(room)
    deadline = state.gates[0].deadline_at
    assert room.say(state, "approve", "sue", gate=GATE, now=deadline).refusal == ""
    assert room.say(state, "approve", "sue", gate=GATE, now=after(deadline, 0.001)).refusal == "GateClosed"
