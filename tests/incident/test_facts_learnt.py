"""Facts: unknown is a value, an agent's word is a claim, and only news is judged anew."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from halon.incident.facts import Fact, assert_fact, held
from halon.incident.learning import REMEMBERED, learn

NAMES = st.sampled_from(["a", "b", "c"])
VALUES = st.sampled_from([None, True, False, 1, "x"])
FACTS = st.builds(Fact, NAMES, VALUES, st.sampled_from(["trace", "person"]), st.just("t"), claim=st.booleans())


def test_a_claim_never_decides() -> None:
    """What an agent says about itself is kept, and is not held to be true: not even where nothing else is known."""
    facts = (Fact("sent", True, "trace", "t1"), Fact("sent", False, "agent", "t2", claim=True),
             Fact("alone", 1, "agent", "t2", claim=True))  # fmt: skip
    assert held(facts) == {"sent": True}


@settings(max_examples=60, deadline=None)
@given(st.lists(FACTS, max_size=12))
def test_claims_change_nothing_that_is_held(facts: list[Fact]) -> None:
    """With or without all claims, the same is held."""
    assert held(facts) == held([fact for fact in facts if not fact.claim])


def test_the_latest_word_is_in_force_also_when_it_is_unknown() -> None:
    """Somebody who says "not known yet" takes back what was held before."""
    facts = (Fact("n", 5, "trace", "t1"), Fact("n", None, "person", "t2"))
    assert held(facts) == {"n": None}


@pytest.mark.parametrize(
    ("fact", "news"),
    [
        (Fact("n", 5, "trace", "later"), False),
        (Fact("n", 6, "trace", "later"), True),
        (Fact("n", None, "trace", "later"), True),
        (Fact("n", 5, "person", "later"), True),
        (Fact("n", 5, "agent", "later", claim=True), True),
        (Fact("m", 5, "trace", "later"), True),
    ],
)
def test_only_news_is_asserted(fact: Fact, news: bool) -> None:
    """The very same value from the same source is no news; another value, source or standing is."""
    facts = (Fact("n", 5, "trace", "first"),)
    after = assert_fact(facts, fact)
    assert (after is not facts) == news
    assert after[0] == facts[0]


@settings(max_examples=40, deadline=None)
@given(st.lists(FACTS, max_size=10))
def test_the_version_rises_with_news_only(room: Any, facts: list[Fact]) -> None:
    """Told twice, the second time nothing is new: no version, no line in the record, no new judgement."""
    start = room.opened()
    once = learn(start, facts, "t")
    assert once.facts_version - start.facts_version == once.chain.seq - start.chain.seq
    latest = {(fact.name, fact.claim): fact for fact in facts}
    assert learn(once, latest.values(), "t") is once


def test_a_persons_word_is_marked_with_its_version(room: Any) -> None:
    """So that a judgement knows whether a person's word is in it."""
    state = learn(room.opened(), [Fact("a", 1, "trace", "t")], "t")
    assert state.person_version == 0
    state = learn(state, [Fact("a", 2, "person", "t", by="ann")], "t")
    assert state.person_version == state.facts_version


def test_memory_is_bounded_and_what_is_in_force_stays(room: Any) -> None:
    """A name told a thousand times pushes out its own old values, not somebody else's."""
    state = learn(room.opened(), [Fact("keep", "me", "person", "t")], "t")
    state = learn(state, [Fact("noisy", number, "trace", "t") for number in range(1000)], "t")
    assert len(state.facts) == REMEMBERED
    assert held(state.facts)["keep"] == "me"
    assert held(state.facts)["noisy"] == 999
    assert "detected_at" in held(state.facts)


def test_a_long_value_is_cut_in_the_log_only(room: Any) -> None:
    """The sentence is short, the value whole."""
    state = learn(room.opened(), [Fact("n", "x" * 1000, "trace", "t")], "t")
    assert state.tail[-1].text.endswith("... (trace)")
    assert held(state.facts)["n"] == "x" * 1000


def test_a_second_persons_same_word_counts_where_something_hangs_on_the_first_ones(room: Any) -> None:
    """Who proposed something irreversible alone is freed by another's word; elsewhere the same word is no news."""
    by = {name: Fact("credential_exposed", True, "person", room.at(9), name) for name in ("sue", "ann")}
    proposed = replace(room.action("revoke-token", "waiting"), order=room.order("revoke-token", proposed_by=("sue",)))
    for actions, news in (((proposed,), 1), ((room.action(),), 0)):
        first = learn(room.assessed(actions=actions), [by["sue"]], room.at(9))
        assert learn(first, [by["sue"]], room.at(10)) is first
        second = learn(first, [by["ann"]], room.at(10))
        assert second.facts_version - first.facts_version == news
        assert [fact.by for fact in second.facts][-1] == ("ann" if news else "sue")
