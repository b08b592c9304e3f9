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


@pytest.mark.parametrize(
    ("said", "fact", "news"),
    [
        # Two machines in turns are no news until a person has spoken.
        ((("trace", 5), ("action-log", 6)), ("trace", 5), False),
        ((("trace", 5), ("action-log", 6)), ("trace", 7), True),
        ((("trace", 5), ("person", 3)), ("trace", 5), True),
        ((("trace", 5), ("person", 3), ("trace", 5)), ("trace", 5), False),
        # A person who says it again after a machine contradicted does.
        ((("person", 3), ("trace", 5)), ("person", 3), True),
        ((("person", 3),), ("person", 3), False),
    ],
)
def test_what_a_source_said_already_is_no_news(said: Any, fact: Any, news: bool) -> None:
    """So that two machines that disagree do not have everything judged anew with every look."""
    facts = tuple(Fact("n", value, source, "t") for source, value in said)
    source, value = fact
    assert (assert_fact(facts, Fact("n", value, source, "later")) is not facts) is news


def test_a_fact_of_one_entity_is_not_one_of_all() -> None:
    """The same name for two legal entities is two facts."""
    facts = (Fact("n", 5, "person", "t"), Fact("n", 6, "person", "t", entity="acme-us"))
    assert held(facts) == {"n": 5}
    assert held(facts, "acme-us") == {"n": 6}
    assert len(assert_fact(facts, Fact("n", 5, "person", "later", entity="acme-us"))) == 3


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


def test_a_reason_stands_in_the_log_beside_what_was_held_before(room: Any) -> None:
    """Promise 7: down and later only by name, and the earlier value stays visible."""
    state = learn(room.opened(), [Fact("n", 600, "trace", "t")], "t")
    said = Fact("n", 6, "person", "t2", by="pat", entity="acme-us", certainty="likely", reason="counted by hand")
    state = learn(state, [said], "t2")
    line = state.chain.pending[-1]
    assert line.text == "Fact: n of acme-us = 6 (person, likely); it was 600; because: counted by hand"
    assert line.data == {"name": "n", "value": 6, "source": "person", "claim": False, "entity": "acme-us",
                         "certainty": "likely", "reason": "counted by hand"}  # fmt: skip
    assert [fact.value for fact in state.facts if fact.name == "n"] == [600, 6]


def test_each_sources_last_word_is_remembered(room: Any) -> None:
    """A name told a thousand times by one source does not push out what another said of it."""
    state = learn(room.opened(), [Fact("n", "other", "action-log", "t")], "t")
    state = learn(state, [Fact("n", number, "trace", "t") for number in range(1000)], "t")
    assert [fact.value for fact in state.facts if fact.source == "action-log"] == ["other"]


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
