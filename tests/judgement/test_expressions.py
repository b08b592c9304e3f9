"""Deadline expressions beyond one span: business days, months, caps, alternatives, cases; and counts by place."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from halon.judgement.business_days import add_business_days, add_months, is_business_day, next_business_day
from halon.judgement.deadlines import StandIn, latest_arguable, reckon
from halon.judgement.expressions import After, Capped, Cases, Earliest, Expression, FirstKnown, settle
from halon.judgement.expressions_told import in_words
from halon.judgement.predicates import ALWAYS, Leaf, Not, count_in, judge

DAY = "2026-11-25"


@pytest.mark.parametrize(
    ("day", "calendar", "counts"),
    [
        ("2026-11-26", "US", False),
        ("2026-11-27", "US", True),
        ("2026-07-03", "US", False),
        ("2021-12-31", "US", False),
        ("2022-01-01", "weekends", False),
        ("2026-11-20", "BR", False),
        ("2023-11-20", "BR", True),
        ("2026-04-03", "BR", False),
        ("2026-12-25", "EU", False),
        ("2026-12-26", "weekends", False),
        ("2026-12-28", "EU", True),
    ],
)
def test_which_days_count(day: str, calendar: str, counts: bool) -> None:
    """Thanksgiving, Independence Day kept on Friday, New Year kept in the old year, Good Friday, Black Awareness Day."""
    assert is_business_day(date.fromisoformat(day), calendar) is counts


def test_counting_on_from_a_day() -> None:
    """The day itself is not counted; a month ends with a shorter month; nothing runs past the calendar."""
    assert add_business_days(date(2026, 11, 25), 4, "US") == date(2026, 12, 2)
    assert add_months(date(2026, 1, 31), 1) == date(2026, 2, 28)
    assert add_months(date(2027, 12, 31), 2) == date(2028, 2, 29)
    assert next_business_day(date(2026, 12, 25), "EU") == date(2026, 12, 28)
    with pytest.raises(OverflowError):
        add_months(date(9999, 12, 1), 1)


@pytest.mark.parametrize(
    ("expression", "due"),
    [
        (After("a", 1, "months"), "2026-12-25T23:59:59.000Z"),
        (After("a", 60, "calendar_days", end_of="year"), "2027-03-01T23:59:59.000Z"),
        (FirstKnown((After("b", 1), After("a", 1))), "2026-11-25T01:00:00.000Z"),
        (Capped(After("a", 4), After("c", 24)), "2026-11-25T04:00:00.000Z"),
        (Capped(After("a", 4), After("early", 24)), "2026-11-25T04:00:00.000Z"),
        (Capped(After("a", 40), After("c", 24)), "2026-11-25T23:00:00.000Z"),
    ],
)
def test_when_it_falls_due(expression: Expression, due: str) -> None:
    """A cap that had passed before the span began does not count."""
    found = reckon(expression, {"a": DAY, "c": "2026-11-24T23:00:00Z", "early": "2026-11-20"}, "UTC")
    assert found.due == due
    assert not found.provisional


def test_an_unknown_cap_or_span_leaves_it_provisional() -> None:
    """What is known counts meanwhile, and what is needed is named."""
    alone = reckon(Capped(After("a", 4), After("c", 24)), {"c": DAY}, "UTC")
    assert (alone.due, alone.provisional, alone.needs) == ("2026-11-26T00:00:00.000Z", True, ("a",))
    both = reckon(FirstKnown((After("a", 1), After("b", 1))), {}, "UTC", {"b": StandIn(DAY, "meanwhile")})
    assert (both.due, both.needs) == ("2026-11-25T01:00:00.000Z", ("a", "b"))


def test_a_case_that_may_hold_shortens_the_period() -> None:
    """Settled it is the first case that holds; open, the shortest one that may."""
    cases = Cases(
        ((Leaf("death", "is", True), After("a", 10)), (Leaf("other", "is", True), None), (ALWAYS, After("a", 15)))
    )
    assert settle(cases, {"death": True}).due == After("a", 10)
    assert settle(cases, {"death": False, "other": True}).due is None
    assert settle(cases, {"death": False, "other": False}).due == After("a", 15)
    unsure = settle(cases, {"other": False})
    assert unsure.due == Earliest((After("a", 10), After("a", 15)))
    assert unsure.needs == ("death",)


def test_what_rolls_over_is_shown_and_moves_nothing() -> None:
    """A Saturday may be argued to be the Monday after; a Friday stays."""
    assert latest_arguable("2026-11-21T10:00:00.000Z", "Europe/Brussels", "EU", noon=True).startswith(
        "2026-11-23T12:00:00"
    )
    assert latest_arguable("2026-11-21T10:00:00.000Z", "Europe/Brussels", "EU").startswith("2026-11-23T23:59:59")
    assert latest_arguable("2026-11-20T10:00:00.000Z", "Europe/Brussels", "EU") == ""


@pytest.mark.parametrize(
    ("places", "place", "total", "count"),
    [
        ({"US-CA": 5}, "US-CA", None, 5),
        ({"US-CA": 5}, "US-TX", None, 0),
        ({"US-CA": 5}, "US-TX", 5, 0),
        ({"US-CA": 5}, "US-TX", 8, {"low": 0, "high": 3}),
        ({"US-CA": 5}, "US-TX", {"low": 8}, {"low": 0}),
        ({"US": 9, "US-CA": 5}, "US-TX", 9, {"low": 0, "high": 4}),
        ({"DE": 4}, "US-CA", {"low": 1, "high": 4}, 0),
        ({"US-CA": 5, "US-NY": {"low": 2, "high": 9}}, "US", None, 7),
    ],
)
def test_how_many_live_in_a_place(places: dict[str, Any], place: str, total: Any, count: Any) -> None:
    """Whoever is counted and not placed yet may live there; where all are placed, nobody else does."""
    assert count_in(places, place, total) == count


def test_any_one_state() -> None:
    """More than five hundred in some state, not in all of them together."""
    leaf = Leaf("affected_by_jurisdiction", "above", 500, "US-*")
    assert judge(leaf, {"affected_by_jurisdiction": {"US-NY": 505, "US-NJ": 107}}).value is True
    assert judge(leaf, {"affected_by_jurisdiction": {"US-NY": 306, "US-NJ": 306}}).value is False
    assert judge(leaf, {}).needs == ("affected_by_jurisdiction",)


def test_presumed_until_shown() -> None:
    """Unknown counts as not shown; shown ends it."""
    tree = Not(Leaf("low_probability_of_compromise", "is", True), presumed=True)
    assert judge(tree, {}).value is True
    assert judge(tree, {"low_probability_of_compromise": True}).value is False


def test_in_words_every_form_is_told() -> None:
    """What a file says can be read out."""
    told = in_words(Earliest((After("a", 1, "months"), Cases(((ALWAYS, After("filed:b", 4, "business_days", "US")),)))))
    assert told == (
        "the earliest of: 1 month after a, 4 business days (US federal holidays and weekends not counted) after the first "
        "filing of b, by the facts"
    )
