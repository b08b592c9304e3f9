"""Gates: a quorum of distinct people, one no settles it, an answer can be taken back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from halon.incident.gates import Answer, Gate, Proof, answered, gate_id, withdrawn


def answer(by: str, approve: bool = True, at: str = "t1") -> Answer:
    return Answer(by, approve, "", at, ("security",), Proof("r", "update", f"u-{by}"))


@pytest.mark.parametrize(
    ("quorum", "answers", "status", "missing"),
    [
        (1, [], "open", 1),
        (1, [answer("ann")], "granted", 0),
        (2, [answer("ann")], "open", 1),
        (2, [answer("ann"), answer("ann")], "open", 1),
        (2, [answer("ann"), answer("sue")], "granted", 0),
        (3, [answer("ann"), answer("sue"), answer("ann")], "open", 1),
        (1, [answer("ann", approve=False)], "rejected", 1),
        (2, [answer("ann"), answer("sue", approve=False)], "rejected", 1),
    ],
)
def test_the_quorum_is_of_distinct_people(
    room: Any, quorum: int, answers: list[Answer], status: str, missing: int
) -> None:
    """The same person twice is one person; one no settles it whatever was said before."""
    gate: Gate = room.gate(policy=replace(room.POLICY, quorum=quorum))
    for one in answers:
        gate = answered(gate, one)
    assert (gate.status, gate.missing) == (status, missing)
    assert gate.settled_at == ("" if status == "open" else "t1")


@pytest.mark.parametrize(
    ("quorum", "answers", "by", "status"),
    [
        (1, [answer("ann")], "ann", "open"),
        (2, [answer("ann"), answer("sue")], "sue", "open"),
        (1, [answer("ann"), answer("sue")], "ann", "granted"),
        (1, [answer("ann", approve=False)], "ann", "open"),
        (1, [answer("ann", approve=False), answer("sue", approve=False)], "ann", "rejected"),
        (1, [answer("ann")], "nobody", "granted"),
    ],
)
def test_an_answer_taken_back_is_as_if_it_had_not_been_given(
    room: Any, quorum: int, answers: list[Answer], by: str, status: str
) -> None:
    """What the others said still counts."""
    gate: Gate = room.gate(policy=replace(room.POLICY, quorum=quorum))
    for one in answers:
        gate = answered(gate, one)
    after = withdrawn(gate, by)
    assert after.status == status
    assert by not in {one.by for one in after.answers}
    assert (after.settled_at == "") == (status == "open")


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 4), st.lists(st.tuples(st.sampled_from("abcd"), st.booleans()), max_size=8))
def test_no_gate_is_granted_by_fewer_people_than_it_asks_for(
    room: Any, quorum: int, given: list[tuple[str, bool]]
) -> None:
    """Whatever the order of answers: granted means enough distinct approvals and no rejection."""
    gate: Gate = room.gate(policy=replace(room.POLICY, quorum=quorum))
    for by, approve in given:
        if gate.status == "open":
            gate = answered(gate, answer(by, approve))
    assert (gate.status == "granted") == (
        len({one.by for one in gate.approvals}) >= quorum and all(one.approve for one in gate.answers)
    )


def test_a_gate_is_named_after_what_it_asks_about() -> None:
    """Its id ends in the digest, so that an answer to yesterday's question can't be one to today's."""
    assert gate_id("revoke-token", "1a2b3c4d" + "0" * 56) == "revoke-token-1a2b3c4d"
