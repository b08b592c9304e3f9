"""The hash chain that an incident carries."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from halon.incident.canonical import canonical
from halon.incident.chain import GENESIS, LARGEST_DATA, LONGEST_TEXT, BrokenChain, Chain, Entry, check, entry_from_json

INCIDENT = "incident-support-bot.tool-misuse:2b6c1a52-0d0c-4d0c-9f5e-3f8b2f7b7a11"
AT = "2026-11-22T08:16:15.508Z"
TEXT = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
)


def grown(length: int, incident: str = INCIDENT) -> Chain:
    chain = Chain(incident)
    for number in range(1, length + 1):
        chain = chain.append(AT, "note", "triage", "anna", f"line {number}", {"number": number})
    return chain


def test_each_entry_holds_the_hash_of_the_one_before() -> None:
    """The first entry hangs on the incident's id, the others on each other, and the head is the last hash."""
    chain = grown(3)
    first, second, third = chain.batch()
    assert (GENESIS(INCIDENT), first.hash, second.hash) == (first.prev, second.prev, third.prev)
    assert (3, third.hash) == (chain.seq, chain.head)
    assert [entry.seq for entry in chain.batch()] == [1, 2, 3]


def test_the_same_story_gives_the_same_head_and_another_incident_another() -> None:
    """Replay in a workflow must come to the same hashes; the chain of one incident never fits another."""
    assert grown(3) == grown(3)
    assert grown(1).head != grown(1, "incident-other:1").head


def test_an_append_leaves_the_chain_it_came_from_as_it_was() -> None:
    """Chains are values, and data that the caller changes later does not change the entry."""
    data: dict[str, Any] = {"tools": ["refund"]}
    before = grown(1)
    after = before.append(AT, "note", "triage", "anna", "x", data)
    data["tools"].append("email")
    assert (len(before.pending), len(after.pending)) == (1, 2)
    assert after.pending[-1].data == {"tools": ["refund"]}
    check(after.batch(), INCIDENT)


def test_what_is_stored_leaves_and_the_rest_stays() -> None:
    """An acknowledgement drops exactly what it covers; the next entry still continues from the head."""
    chain = grown(4).flushed(3)
    assert [entry.seq for entry in chain.batch()] == [4]
    check(chain.append(AT, "note", "triage", "anna", "x", {}).batch(), INCIDENT, prev=chain.batch()[0].prev)
    assert chain.flushed(4).batch() == ()


@given(st.lists(st.tuples(TEXT, st.dictionaries(TEXT, VALUES, max_size=3)), max_size=4))
def test_a_chain_survives_dumping_and_validation_without_loss(lines: list[tuple[str, dict[str, Any]]]) -> None:
    """The state travels through pydantic's JSON, and the hashes must still fit what comes out."""
    chain = Chain(INCIDENT)
    for text, data in lines:
        chain = chain.append(AT, "note", "triage", "anna", text, data)
    adapter = TypeAdapter(Chain)
    read = adapter.validate_json(adapter.dump_json(chain))
    assert chain == read
    assert chain == adapter.validate_python(adapter.dump_python(chain))
    check(read.batch(), INCIDENT)
    assert [canonical(entry.as_json()) for entry in chain.batch()] == [canonical(e.as_json()) for e in read.batch()]


@pytest.mark.parametrize(
    ("break_it", "seq"),
    [
        (lambda e: [e[0], replace(e[1], text="line 9"), e[2]], 2),
        (lambda e: [e[0], replace(e[1], data={"number": 9}), e[2]], 2),
        (lambda e: [e[0], replace(e[1], at="2026-11-22T08:16:15.509Z"), e[2]], 2),
        (lambda e: [e[0], e[2]], 2),
        (lambda e: [e[1], e[2]], 1),
        (lambda e: [e[0], e[2], e[1]], 2),
        (lambda e: [e[0], e[0], e[1]], 2),
        (lambda e: [e[0], e[1], replace(e[2], hash=e[1].hash)], 3),
        (lambda e: [replace(e[0], data={"x": float("nan")}), e[1], e[2]], 1),
    ],
    ids=["text", "data", "time", "dropped", "no first", "swapped", "doubled", "hash", "not canonical"],
)
def test_a_chain_that_was_altered_names_the_entry(break_it: Callable[[list[Entry]], list[Entry]], seq: int) -> None:
    """Altered, dropped, swapped, doubled: the first entry that does not fit is named."""
    with pytest.raises(BrokenChain) as caught:
        check(break_it(list(grown(3).batch())), INCIDENT)
    assert seq == caught.value.seq
    assert caught.value.why in str(caught.value)


def test_entries_of_another_incident_do_not_fit() -> None:
    """A record can't be passed off as another incident's."""
    with pytest.raises(BrokenChain):
        check(grown(2).batch(), "incident-other:1")


def test_input_that_json_cannot_hold_never_stops_the_record() -> None:
    """An entry is always written: what has no JSON form is spelled, visibly."""
    data = {"nan": float("nan"), "big": 2**80, "bytes": b"x", 3: "\ud800"}
    chain = Chain(INCIDENT).append(AT, "alert", "detect", "gateway", "a\ud800b", data)  # type: ignore[arg-type]
    written = chain.batch()[0]
    check([written], INCIDENT)
    assert {"nan": "nan", "big": "0x100000000000000000000", "bytes": "[bytes]"}.items() <= written.data.items()
    assert "\ud800" not in written.text


def test_an_entry_is_bounded_and_the_cut_is_visible() -> None:
    """Text and data beyond the bound leave their length and digest."""
    chain = Chain(INCIDENT).append(AT, "note", "triage", "anna", "x" * 20_000, {"blob": "y" * (LARGEST_DATA + 1)})
    written = chain.batch()[0]
    assert written.text == "x" * LONGEST_TEXT + "… [4000 characters cut]"
    assert {"cut", "bytes", "sha256"} == set(written.data)
    check([written], INCIDENT)


@pytest.mark.parametrize("change", [{"seq": "1"}, {"seq": True}, {"data": []}, {"text": None}, {"more": 1}])
def test_only_an_object_of_an_entrys_shape_is_read_as_one(change: dict[str, Any]) -> None:
    """Reading is strict: wrong types and unknown fields are refused."""
    good = grown(1).batch()[0].as_json()
    assert grown(1).batch()[0] == entry_from_json(good)
    with pytest.raises(ValueError, match="not an entry"):
        entry_from_json({**good, **change})
