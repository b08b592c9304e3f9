"""Numbers, money and moments of a text against the facts; and the list of people, whose number is then the fact."""

from __future__ import annotations

from typing import Any

import pytest

from halon.incident.notices import Notice
from halon.judgement.communication import figures
from halon.judgement.communication.checks import check
from halon.judgement.communication.moments import known
from halon.judgement.communication.numerals import value_of

KNOWN = {"affected_individuals": 120, "records_count": None, "affected_sessions": 7, "economic_impact_eur": 4000}
RANGE = {"affected_individuals": {"low": 100, "high": 5000}}


def found(sentence: str, facts: dict[str, Any] = KNOWN, listed: int | None = None) -> list[str]:
    return [name for name, _ in figures.wrong(sentence, facts, listed)]


@pytest.mark.parametrize(("sentence", "fact"), [
    ("Around five thousand customers are affected.", "affected_individuals"), ("12k customers", "affected_individuals"),
    ("1.2 million customers are affected.", "affected_individuals"), ("5,000 users were affected.", "affected_individuals"),
    ("Affected customers: 99", "affected_individuals"), ("1.204 Kunden sind betroffen.", "affected_individuals"),
    ("40 accounts were taken.", "records_count"), ("We deleted 400 files.", "records_count"),
    ("8 conversations", "affected_sessions"), ("3 refunds were made.", "actions"), ("9 million euros were paid out.", "money"),
    ("77 were affected.", "affected"), ("Of them 77 were directly affected.", "affected"), ("77 sind betroffen.", "affected"),
    ("Betroffen sind 77.", "affected"), ("customers (77)", "affected_individuals"), ("Kunden (77)", "affected_individuals"),
    ("20% of customers got it.", "share"), ("20 percent of our customers", "share"), ("half of our customers", "share"),
    ("Die Hälfte der Kunden", "share"), ("thousands of customers", "affected_individuals"), ("dozens of records", "records_count"),
    ("EUR 9,000,000", "money"), ("We lost $4,000.", "money"),
])  # fmt: skip
def test_a_number_that_no_fact_bears_out_is_found(sentence: str, fact: str) -> None:
    """In digits or words, of people, records, sessions, deeds or money, in English and German."""
    assert found(sentence) == [fact]


@pytest.mark.parametrize("sentence", [
    "120 people", "one hundred and twenty people", "People: 120", "120 of the people", "Within 72 hours customers can call us.",
    "120 were affected.", "dozens of users", "customers (120)", "hundreds of minutes of calls", "Orders of 2026 were affected.", "Version 4 is affected.",
    "On November 21, 2026 customers wrote.", "Section 5 was affected by it.", "20% of the work", "half of the day",
    "We answer within 72 hours.", "One of our people calls you.", "7 conversations", "EUR 4,000", "4.000 Euro", "Section 5 is next.",
])  # fmt: skip
def test_a_number_that_is_right_or_counts_something_else_is_let_pass(sentence: str) -> None:
    """Hours are no people."""
    assert found(sentence) == []


@pytest.mark.parametrize(("sentence", "fits"), [
    ("Exactly 101 people", False), ("101 people", False), ("About 900 people", True), ("between 100 and 5,000 people", True),
    ("People: between 100 and 5,000", True), ("at least 100 people", True), ("up to 100 people", False), ("100 people", True),
    ("about 9 people", False), ("more than 5,000 people", False),
    ("between 90 and 5,000 people", False),
])  # fmt: skip
def test_of_a_range_its_ends_are_told_or_a_rough_number(sentence: str, fits: bool) -> None:
    """An exact number says more than is known."""
    assert (found(sentence, RANGE) == []) is fits


@pytest.mark.parametrize(
    ("known_", "fits"), [(340, True), (150, False), (20_000, False), ({"low": 300, "high": 900}, True)]
)
def test_hundreds_are_some_hundreds(known_: Any, fits: bool) -> None:
    """A word for the order of a number is borne out by a number of that order."""
    assert (found("hundreds of customers", {"affected_individuals": known_}) == []) is fits


def test_a_share_is_told_where_a_fact_holds_it() -> None:
    """As a financial law asks for it."""
    assert found("20% of clients", KNOWN | {"clients_affected_pct": 20}) == []
    assert found("21% of clients", KNOWN | {"clients_affected_pct": 20}) == ["share"]


@pytest.mark.parametrize(("text", "number"), [
    ("1,204", 1204), ("1.204", 1204), ("1 204", 1204), ("1.5 million", 1_500_000), ("1,5 Millionen", 1_500_000), ("12k", 12_000),
    ("twenty-five", 25), ("two hundred thousand", 200_000), ("five thousand two hundred", 5_200), ("one", None), ("zwölf", 12),
])  # fmt: skip
def test_numbers_are_read_as_people_write_them(text: str, number: float | None) -> None:
    """With factors, in words, with the marks of either language."""
    assert value_of(text) == number


def test_the_reviewed_list_is_the_number() -> None:
    """Once somebody has reviewed it, a range that holds it is not what is told any more, and its number must stand there."""
    assert found("between 100 and 5,000 people", RANGE, 120) == ["affected_individuals"] * 2
    assert found("120 people", RANGE, 120) == []
    about = {"figures": RANGE, "affected": {"count": 120, "places": {}, "reviewed_by": "sue"}, "window": {}}
    for body, rules in (("People: between 100 and 5,000\n", {"numbers-agree", "says-who"}), ("People: 120\n", set())):
        notice = Notice("n", "customers", subject="s", body=body, affected="ab")
        rule = {one.rule for one in check(notice, about, lambda text: {})}
        assert rule & {"numbers-agree", "says-who", "list-agrees"} == rules


def test_before_the_list_is_reviewed_the_fact_counts() -> None:
    """Nobody has looked at it yet."""
    assert figures.listed({"count": 120, "places": {}, "reviewed_by": ""}) is None
    assert figures.listed({"count": 120, "places": {"DE": 100, "US-CA": 20}, "reviewed_by": "sue"}, ("US-CA",)) == 20


def test_of_whom_nobody_knows_where_is_told_as_written_to() -> None:
    """The number told is the number of those who get it: in the place, and those who may be there."""
    listed = {"count": 3, "places": {"": 1, "DE": 1, "US-CA": 1}, "reviewed_by": "sue"}
    assert figures.listed(listed, ("US-CA",)) == 2
    assert figures.listed(listed) == 3
    about = {"figures": {"affected_individuals": 3}, "affected": listed, "window": {}}
    for number, objects in ((2, False), (3, True)):
        notice = Notice("n", "customers", subject="s", body=f"People: {number}\n", affected="ab", places=("US-CA",))
        assert ("numbers-agree" in {one.rule for one in check(notice, about, lambda text: {})}) is objects


MOMENTS = {
    "window": {"from": "2026-11-21T08:00:00Z"},
    "opened_at": "2026-11-21T08:10:00Z",
    "now": "2026-11-22T09:00:00Z",
}


@pytest.mark.parametrize(("sentence", "unknown"), [
    ("It began on 2026-11-21 08:00 UTC.", []), ("It began on 21 November 2026.", []), ("Es begann am 21.11.2026, 08:00 UTC.", []),
    ("It began on 2025-11-21.", ["2025-11-21"]), ("It began on November 20, 2026.", ["November 20, 2026"]),
    ("It began on 2026-11-21 07:00 UTC.", ["2026-11-21 07:00"]), ("You hear from us by 2026-11-23 09:00 UTC.", []),
])  # fmt: skip
def test_a_moment_is_one_that_the_incident_knows_of(sentence: str, unknown: list[str]) -> None:
    """A wrong year or hour is found; the promised time is known."""
    told = known(MOMENTS, "2026-11-23T09:00:00Z")
    assert [why.split(",")[0] for _, why in figures.wrong_moments(sentence, told)] == [
        f"it says {one}".split(",")[0] for one in unknown
    ]


def test_when_it_is_sent_the_moment_of_its_draft_is_no_mistake() -> None:
    """The text says when it was written, which was between the opening and now."""
    sentence = "INC-7F3A, 2026-11-21 17:31 UTC"
    assert list(figures.wrong_moments(sentence, known(MOMENTS)))
    assert list(figures.wrong_moments(sentence, known(MOMENTS, sending=True))) == []
    assert list(figures.wrong_moments("On 2026-11-20.", known(MOMENTS, sending=True)))


def test_the_figures_of_a_rule_are_no_claim_about_what_happened() -> None:
    """The status for leadership says why it is so severe in the rubric's own words; what it says besides is checked."""
    rule = "SEV1 by data: data of 500 people or more reached somebody outside"
    about = {"figures": KNOWN, "severity": {"reasons": [f"{rule} (confirmed is true)"]}}
    one = Notice("leadership", "leadership", body=f"Why this severity: {rule} (confirmed is true); ongoing.\n")
    assert check(one, about, lambda sentence: {}) == ()
    wrong = Notice("leadership", "leadership", body=f"Why this severity: {rule}; 501 people are affected.\n")
    assert [each.rule for each in check(wrong, about, lambda sentence: {})] == ["numbers-agree"]
    cause = {"text": "send_email could carry 6 records in one call"}
    facts = {**about, "figures": {**KNOWN, "records_count": 48}, "findings": [cause]}
    said = Notice("leadership", "leadership", body=f"Cause: {cause['text']}.\n")
    assert check(said, facts, lambda sentence: {}) == ()
    assert check(said, {**facts, "findings": []}, lambda sentence: {})
