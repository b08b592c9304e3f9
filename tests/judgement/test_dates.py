"""A date alone is another moment in each zone: what is later, the same, or the earlier one is asked of the whole earth."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from halon.incident.facts import Fact
from halon.judgement.dates import apart, earlier_of, later
from halon.judgement.deadlines import moment
from halon.judgement.directions import cautious, loosens, tightened
from halon.judgement.holding import in_force
from halon.judgement.measures import Measures
from halon.judgement.vocabulary import VOCABULARY

DAY = "2026-11-20"
BERLIN, ANGELES, AUCKLAND = (ZoneInfo(name) for name in ("Europe/Berlin", "America/Los_Angeles", "Pacific/Auckland"))
AWARE = VOCABULARY["aware_at"]


@pytest.mark.parametrize(
    ("value", "than", "expected"),
    [
        (DAY, "2026-11-20T05:00:00Z", True),  # in Los Angeles that day begins at 08:00Z
        (DAY, "2026-11-20T12:00:00Z", False),  # by then it has begun everywhere
        ("2026-11-20T05:00:00Z", DAY, True),
        ("2026-11-19T10:00:00Z", DAY, False),  # it begins nowhere earlier
        ("2026-11-21", DAY, True),
        (DAY, "2026-11-21", False),
        (DAY, DAY, False),
        ("2026-11-20T05:00:00.900Z", "2026-11-20T05:00:00Z", False),
        ("2026-11-20T05:00:00+01:00", "2026-11-20T04:00:00Z", False),
        ("soon", DAY, False),
        (DAY, None, False),
    ],
)
def test_later_is_what_some_clock_reads_as_later(value: Any, than: Any, expected: bool) -> None:
    """A clock reads a date as the start of that day in its zone."""
    assert later(value, than) is expected


@pytest.mark.parametrize(("zone", "expected"), [(BERLIN, False), (ANGELES, True), (AUCKLAND, False)])
def test_a_kit_measures_in_the_zones_of_its_own_clocks(zone: ZoneInfo, expected: bool) -> None:
    """The same date puts off a clock in Los Angeles, and none in Berlin or Auckland."""
    assert loosens(AWARE, "2026-11-20T05:00:00Z", DAY, by=Measures(zones=(zone,))) is expected
    assert loosens(AWARE, None, DAY, "2026-11-20T05:00:00Z", Measures(zones=(zone,))) is expected
    assert loosens(AWARE, "2026-11-20T05:00:00Z", DAY, by=Measures(zones=(BERLIN, zone))) is expected


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (DAY, "2026-11-20T05:00:00Z", False),
        (DAY, "2026-11-19T10:00:00Z", False),  # where the day begins first
        (DAY, "2026-11-19T09:59:59Z", True),
        (DAY, "2026-11-21T11:59:59Z", False),  # where it ends last
        (DAY, "2026-11-21T12:00:00Z", True),
        (DAY, "2026-11-21", True),
        (DAY, "2026-W47-5", False),  # the same day by its week
        ("2026-11-20T05:00:00Z", "2026-11-20T06:00:00+01:00", False),
        ("2026-11-20T05:00:00Z", "2026-11-20T06:00:00Z", True),
    ],
)
def test_times_are_apart_only_where_they_can_not_be_the_same(one: str, other: str, expected: bool) -> None:
    """A moment on that day somewhere is no contradiction; another day is."""
    assert apart(one, other) is apart(other, one) is expected


def test_the_earlier_one_is_what_can_be_earlier() -> None:
    """A date counts from when its day begins anywhere, in whatever order the two are looked at."""
    for one, other, expected in (
        (DAY, "2026-11-20T05:00:00Z", DAY),
        (DAY, "2026-11-19T09:00:00Z", "2026-11-19T09:00:00Z"),
        (DAY, "2026-11-21", DAY),
    ):
        assert earlier_of(one, other) == earlier_of(other, one) == cautious(AWARE, one, other) == expected


def test_two_words_on_one_day_are_no_dispute() -> None:
    """A machine's moment on the day that a person said changes nothing, and is not shown as a contradiction."""
    said = (Fact("aware_at", DAY, "person", "t", "pat"), Fact("aware_at", "2026-11-20T05:00:00Z", "trace", "t"))
    assert (in_force(said).values, in_force(said).conflicts) == ({"aware_at": DAY}, ())
    earlier = (said[0], Fact("aware_at", "2026-11-19T09:00:00Z", "trace", "t"))
    assert in_force(earlier).values == {"aware_at": "2026-11-19T09:00:00Z"}
    assert [one.name for one in in_force(earlier).conflicts] == ["aware_at"]


DAYS = st.integers(0, 4).map(lambda day: str(date(2026, 11, 18) + timedelta(days=day)))
MOMENTS = st.integers(0, 120).map(lambda hour: str(datetime(2026, 11, 18, tzinfo=UTC) + timedelta(hours=hour)))
TIMES = st.one_of(DAYS, MOMENTS)
ZONES = st.sampled_from(
    [BERLIN, ANGELES, AUCKLAND, ZoneInfo("Asia/Kolkata"), ZoneInfo("Pacific/Kiritimati"), ZoneInfo("UTC")]
)


@given(TIMES, TIMES, ZONES)
def test_what_is_not_later_is_later_in_no_zone(one: str, other: str, zone: ZoneInfo) -> None:
    """So a word that passes as no postponement postpones no clock, whosever it is."""
    if not later(one, other):
        assert moment(one, zone) <= moment(other, zone)  # type: ignore[operator]
    if apart(one, other):
        assert moment(one, zone) != moment(other, zone)


@given(TIMES, TIMES, ZONES)
def test_no_machine_puts_off_what_a_person_said(said: str, seen: str, zone: ZoneInfo) -> None:
    """In whichever zone the clock runs."""
    assert moment(tightened(AWARE, said, seen), zone) <= moment(said, zone)  # type: ignore[operator]
