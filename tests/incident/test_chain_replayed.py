"""A release that words its log differently replays an open incident: its chain goes on from what is stored."""

from __future__ import annotations

import pytest

from halon.incident.chain import Chain, check

INCIDENT = "incident-support-bot.leak:run-1"


def told(texts: list[str]) -> Chain:
    """A chain of these lines."""
    chain = Chain(INCIDENT)
    for text in texts:
        chain = chain.append("2026-11-22T10:00:00.000Z", "note", "triage", "halon", text, {"text": text})
    return chain


@pytest.mark.parametrize(
    ("before", "now", "left"),
    [
        (["a", "b"], ["a", "b", "c"], ["c"]),
        (["a", "b"], ["a", "B, in other words", "c", "d"], ["c", "d"]),
        (["a", "b"], ["a", "B, in other words"], []),
        (["a", "b", "c"], ["a", "b"], []),
        (["a"], ["one line more", "a", "b"], ["a", "b"]),
    ],
)
def test_what_follows_is_chained_onto_what_is_stored(before: list[str], now: list[str], left: list[str]) -> None:
    """Number and head are the store's, and the record of both releases together is one unbroken chain."""
    stored = told(before)
    chain = told(now).flushed(stored.seq, stored.head)
    assert [entry.text for entry in chain.pending] == left
    check((*stored.pending, *chain.pending), INCIDENT)
    assert chain.seq == len(before) + len(left)
    assert chain.append("t", "note", "triage", "halon", "next", {}).pending[-1].prev == chain.head


def test_without_a_difference_nothing_is_chained_anew() -> None:
    """The same head, or none given: the entries stay the very same."""
    chain = told(["a", "b", "c"])
    head = chain.pending[1].hash
    assert chain.flushed(2, head) == chain.flushed(2)
    assert chain.flushed(2).pending == chain.pending[2:]


def test_an_acknowledgement_that_comes_twice_changes_nothing() -> None:
    """What was acknowledged before is not looked at again."""
    chain = told(["a", "b", "c"]).flushed(2)
    assert chain.flushed(2, "another head") == chain
    assert chain.flushed(1, "another head") == chain
