"""What counts where sources disagree: people over machines, the cautious over the rest, and every side shown."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from halon.incident.facts import Fact
from halon.judgement.directions import loosens
from halon.judgement.holding import in_force, of_all
from halon.judgement.vocabulary import VOCABULARY

SIX, TEN = {"low": 6, "high": 10}, {"low": 600}
Said = tuple[str, Any]


def told(name: str, *said: Said, entity: str = "") -> tuple[Fact, ...]:
    """Assertions in this order; a source that starts with a person's name is that person's."""
    people = ("ann", "pat")
    return tuple(
        Fact(name, value, "person" if source in people else source, f"2026-11-20T10:00:{second:02}Z", source, entity=entity)
        for second, (source, value) in enumerate(said)
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "said", "counts", "disputed"),
    [
        # One source: its last word. Its earlier one is superseded, also by not knowing any more.
        ("confirmed", [("trace", True), ("trace", False)], False, False),
        ("confirmed", [("trace", True), ("trace", None)], None, False),
        # Machines that disagree: the cautious value, in whatever order they spoke.
        ("ongoing", [("trace", True), ("action-log", False)], True, True),
        ("ongoing", [("action-log", False), ("trace", True)], True, True),
        ("data_encrypted", [("trace", True), ("action-log", False)], False, True),
        ("affected_individuals", [("trace", 6), ("action-log", 600)], TEN, True),
        ("affected_individuals", [("trace", SIX), ("action-log", {"low": 8})], {"low": 8}, False),
        ("aware_at", [("a", "2026-11-20T12:00:00Z"), ("b", "2026-11-20T09:00:00Z")], "2026-11-20T09:00:00Z", True),
        ("risk_to_individuals", [("a", "high_risk"), ("b", "unlikely")], "high_risk", True),
        ("data_categories", [("a", ["health"]), ("b", ["basic_contact"])], ["health", "basic_contact"], True),
        ("data_categories", [("a", ["health"]), ("b", ["health", "phi"])], ["health", "phi"], False),
        ("unauthorised_tool_actions", [("a", []), ("b", ["send_email"])], ["send_email"], True),
        ("affected_by_jurisdiction", [("a", {"DE": 6}), ("b", {"DE": 9, "FR": 1})], {"DE": 9, "FR": 1}, True),
        # Nothing is graver: the latest counts, and the dispute shows.
        ("agent_version", [("trace", "1.0"), ("agent-api", "1.1")], "1.1", True),
        # A person supersedes everything before, also with what is milder, and also with "not known yet".
        ("ongoing", [("trace", True), ("ann", False)], False, False),
        ("ongoing", [("trace", True), ("ann", None)], None, False),
        ("ongoing", [("ann", False), ("pat", True)], True, False),
        ("affected_individuals", [("trace", TEN), ("ann", 3)], 3, False),
        # A machine that sees something graver afterwards counts; one that sees something milder does not.
        ("ongoing", [("ann", False), ("trace", True)], True, True),
        ("ongoing", [("ann", True), ("trace", False)], True, True),
        ("affected_individuals", [("ann", 3), ("trace", TEN)], TEN, True),
        ("affected_individuals", [("ann", 700), ("trace", 6)], 700, True),
        ("affected_individuals", [("ann", 12), ("trace", {"low": 6})], 12, False),
        ("affected_individuals", [("ann", {"low": 6}), ("trace", 12)], {"low": 12}, True),
        ("affected_individuals", [("ann", SIX), ("trace", {"low": 3, "high": 8})], SIX, False),
        ("aware_at", [("ann", "2026-11-20T12:00:00Z"), ("trace", "2026-11-20T13:00:00Z")], "2026-11-20T12:00:00Z", True),
        ("agent_version", [("ann", "1.0"), ("trace", "1.1")], "1.0", True),
        # After a person's "not known yet" a machine may know it.
        ("ongoing", [("ann", None), ("trace", False)], False, False),
        # What does not fit its fact is no ground for a decision; it is shown.
        ("affected_individuals", [("trace", 6), ("action-log", "many")], "many", True),
    ],
)  # fmt: skip
def test_what_counts(name: str, said: list[Said], counts: Any, disputed: bool) -> None:
    """Each rule of who supersedes whom, and whether the disagreement is shown."""
    holding = in_force(told(name, *said))
    assert holding.values == {name: counts}
    assert [one.name for one in holding.conflicts] == ([name] if disputed else [])


def test_a_conflict_shows_both_sides_and_why_one_counts() -> None:
    """Value, source, person and time of each, and the rule in words."""
    (conflict,) = in_force(told("ongoing", ("ann", False), ("trace", True))).conflicts
    assert [(one.value, one.source, one.by) for one in conflict.heard] == [
        (False, "person", "ann"),
        (True, "trace", "trace"),
    ]
    assert conflict.counts is True
    assert "graver" in conflict.why


def test_claims_count_for_nothing() -> None:
    """Not as the only word, not against another, and not as a conflict."""
    claim = Fact("ongoing", False, "agent", "2026-11-20T11:00:00Z", "support-bot", claim=True)
    facts = told("ongoing", ("trace", True))
    assert in_force((*facts, claim)) == in_force(facts)
    assert in_force((claim,)).values == {}


def test_an_entitys_own_word_comes_first() -> None:
    """What is said for one legal entity holds for it alone; the others keep what is said for all."""
    facts = (*told("gdpr_applies", ("pat", True)), *told("gdpr_applies", ("pat", False), entity="acme-us"))
    assert in_force(facts, "acme-us").values == {"gdpr_applies": False}
    assert in_force(facts, "acme-eu").values == in_force(facts).values == {"gdpr_applies": True}


OWN, ALL = "acme-eu", ""
Word = tuple[str, Any, str]


def words(name: str, *said: Word) -> tuple[Fact, ...]:
    """Assertions in this order, each with its entity."""
    made = [told(name, (source, value), entity=entity)[0] for source, value, entity in said]
    return tuple(replace(one, at=f"2026-11-20T10:00:{second:02}Z") for second, one in enumerate(made))


@pytest.mark.parametrize(
    ("name", "said", "counts", "disputed"),
    [
        # What is seen or said for all after an entity's own word tightens it, and shows.
        ("spend_eur", [("ann", 100, OWN), ("trace", 60000, ALL)], {"low": 60000}, True),
        ("spend_eur", [("ann", 100, OWN), ("pat", 60000, ALL)], 60000, True),
        ("unauthorised_tool_actions", [("ann", [], OWN), ("log", ["drop"], ALL)], ["drop"], True),
        ("aware_at", [("ann", "2026-11-20T08:00:00Z", OWN), ("pat", "2026-11-18T08:00:00Z", ALL)], "2026-11-18T08:00:00Z", True),
        ("ongoing", [("file", False, OWN), ("trace", True, ALL)], True, True),
        # It never loosens it; that it would is shown.
        ("spend_eur", [("ann", 60000, OWN), ("trace", 100, ALL)], 60000, True),
        ("gdpr_applies", [("ann", True, OWN), ("pat", False, ALL)], True, True),
        ("aware_at", [("ann", "2026-11-18T08:00:00Z", OWN), ("pat", "2026-11-20T08:00:00Z", ALL)], "2026-11-18T08:00:00Z", True),
        ("nis2_sector", [("ann", "health", OWN), ("pat", "farming", ALL)], "health", True),
        # A person's word for all supersedes what machines said for all before it.
        ("spend_eur", [("ann", 100, OWN), ("trace", 60000, ALL), ("pat", 100, ALL)], 100, False),
        ("ongoing", [("ann", False, OWN), ("trace", True, ALL), ("pat", False, ALL)], False, False),
        ("ongoing", [("ann", False, OWN), ("trace", True, ALL), ("pat", None, ALL)], False, False),
        ("ongoing", [("ann", False, OWN), ("trace", True, OWN), ("pat", False, ALL)], True, True),
        # The entity's own word supersedes what was said for all before it, and so does another one.
        ("spend_eur", [("pat", 60000, ALL), ("ann", 100, OWN)], 100, False),
        ("spend_eur", [("ann", 9, OWN), ("trace", 60000, ALL), ("ann", 100, OWN)], 100, False),
        # It is not known of the entity: then what is known for all counts.
        ("ongoing", [("ann", None, OWN), ("trace", True, ALL)], True, False),
        ("ongoing", [("ann", None, OWN), ("pat", True, ALL)], True, False),
        # A machine's word for the entity stands beside what others say for all.
        ("ongoing", [("trace", False, OWN), ("trace", True, ALL)], True, True),
        ("ongoing", [("trace", True, ALL), ("trace", False, OWN)], False, False),
        ("ongoing", [("pat", True, ALL), ("trace", False, OWN)], True, True),
    ],
)  # fmt: skip
def test_what_is_said_for_all_later_is_weighed_against_an_entitys_own_word(
    name: str, said: list[Word], counts: Any, disputed: bool
) -> None:
    """Promise 7: a word for one entity blinds nobody to what is found out for all afterwards."""
    holding = in_force(words(name, *said), OWN)
    assert holding.values == {name: counts}
    assert [(one.name, one.entity) for one in holding.conflicts] == ([(name, OWN)] if disputed else [])


def test_the_whole_is_as_grave_as_its_gravest_part() -> None:
    """For severity one entity's bad news counts, its good news does not; people are not added up."""
    general = in_force(told("confirmed", ("trace", True)))
    one = in_force(
        (*told("affected_individuals", ("pat", 400), entity="a"), *told("ongoing", ("pat", False), entity="a")), "a"
    )
    two = in_force(
        (
            *told("affected_individuals", ("pat", 300), entity="b"),
            *told("data_categories", ("pat", ["health"]), entity="b"),
        ),
        "b",
    )
    whole = of_all(general, [one, two], alone=False)
    assert whole["affected_individuals"] == {"low": 400}
    assert whole["data_categories"] == ["health"]
    assert whole["ongoing"] is None
    assert of_all(general, [one], alone=True)["ongoing"] is False


VALUES: dict[str, st.SearchStrategy[Any]] = {
    "ongoing": st.booleans(),
    "data_encrypted": st.booleans(),
    "affected_individuals": st.one_of(
        st.integers(0, 9), st.integers(0, 9).map(lambda low: {"low": low}),
        st.tuples(st.integers(0, 9), st.integers(0, 9)).map(lambda ends: {"low": min(ends), "high": max(ends)}),
    ),
    "aware_at": st.sampled_from([f"2026-11-{day}T10:00:00Z" for day in range(10, 16)]),
    "data_categories": st.lists(st.sampled_from(["health", "phi", "basic_contact"]), max_size=3, unique=True),
    "risk_to_individuals": st.sampled_from(["unlikely", "risk", "high_risk"]),
    "affected_by_jurisdiction": st.dictionaries(st.sampled_from(["DE", "FR"]), st.integers(0, 9), max_size=2),
}  # fmt: skip
SPOKEN = st.sampled_from(sorted(VALUES)).flatmap(
    lambda name: st.tuples(
        st.just(name), VALUES[name],
        st.lists(st.tuples(st.sampled_from(["trace", "action-log", "alert"]), st.one_of(VALUES[name], st.none())), max_size=4),
    )
)  # fmt: skip


@given(SPOKEN)
def test_no_machine_ever_loosens_what_a_person_said(spoken: tuple[str, Any, list[Said]]) -> None:
    """Promise 7 of facts: whatever machines say after a person, what counts is as cautious or more."""
    name, said, after = spoken
    counts = in_force(told(name, ("ann", said), *after)).values[name]
    assert not loosens(VOCABULARY[name], said, counts)


@given(SPOKEN)
def test_the_order_of_machines_does_not_matter(spoken: tuple[str, Any, list[Said]]) -> None:
    """Which of several sources was heard first changes nothing of what counts."""
    name, _, machines = spoken
    last = list({source: value for source, value in machines if value is not None}.items())
    some, other = in_force(told(name, *last)), in_force(told(name, *reversed(last)))
    shown = [{**one.values, name: sorted(one.values.get(name) or [], key=str) if name == "data_categories" else one.values.get(name)}
             for one in (some, other)]  # fmt: skip
    assert shown[0] == shown[1]


@given(SPOKEN, st.lists(st.booleans(), min_size=6, max_size=6))
def test_nothing_said_for_all_loosens_what_a_person_said_for_an_entity(
    spoken: tuple[str, Any, list[Said]], people: list[bool]
) -> None:
    """Whoever says what for all afterwards, what counts for the entity is as cautious as its own word, or more."""
    name, said, after = spoken
    later = [("pat" if person else source, value, ALL) for person, (source, value) in zip(people, after, strict=False)]
    counts = in_force(words(name, ("ann", said, OWN), *later), OWN).values[name]
    assert not loosens(VOCABULARY[name], said, counts)
