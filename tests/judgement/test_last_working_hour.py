"""The last working hour before a deadline: local days and hours, clock changes, weekends, absences, and nights."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from halon.incident.assessment import Assessment, Obligation, Person, Severity, Stage
from halon.judgement.policy import Policy
from halon.judgement.roster import Absence, RosterRule, fits_hours
from halon.judgement.working_hours import last_working_hour, with_reach

WEEK = ("mon", "tue", "wed", "thu", "fri")
OFFICE = (WEEK, ("09:00", "18:00"), "Europe/Berlin")
NIGHT = ((), ("22:00", "06:00"), "Europe/Berlin")


@pytest.mark.parametrize(
    ("start", "due", "hours", "expected"),
    [
        ("2026-11-16T08:00:00Z", "2026-11-18T14:30:00Z", OFFICE, "2026-11-18T13:30:00.000Z"),  # within the day
        ("2026-11-20T09:00:00Z", "2026-11-22T20:00:00Z", OFFICE, "2026-11-20T16:00:00.000Z"),  # Sunday: Friday 17:00 there
        ("2026-11-16T08:00:00Z", "2026-11-18T08:20:00Z", OFFICE, "2026-11-17T16:00:00.000Z"),  # 20 minutes are no hour
        ("2026-11-16T08:00:00Z", "2026-11-18T09:00:00Z", OFFICE, "2026-11-18T08:00:00.000Z"),  # exactly the first hour
        ("2026-11-21T09:00:00Z", "2026-11-22T20:00:00Z", OFFICE, ""),  # a weekend holds none
        ("2026-11-20T16:30:00Z", "2026-11-22T20:00:00Z", OFFICE, ""),  # half an hour was left of Friday
        ("2026-03-27T10:00:00Z", "2026-03-30T07:59:00Z", OFFICE, "2026-03-27T16:00:00.000Z"),  # summer: 09:59 in Berlin
        ("2026-03-27T10:00:00Z", "2026-03-30T08:00:00Z", OFFICE, "2026-03-30T07:00:00.000Z"),  # one hour since 09:00 CEST
        ("2026-10-23T10:00:00Z", "2026-10-26T08:30:00Z", OFFICE, "2026-10-23T15:00:00.000Z"),  # winter: 09:30 in Berlin
        ("2026-10-24T18:00:00Z", "2026-10-25T12:00:00Z", NIGHT, "2026-10-25T04:00:00.000Z"),  # the long night, until 06:00 CET
        ("2026-03-28T20:00:00Z", "2026-03-29T12:00:00Z", NIGHT, "2026-03-29T03:00:00.000Z"),  # the short one, 06:00 CEST
        ("2026-09-01T10:00:00Z", "2026-11-22T20:00:00Z", (("tue",), ("09:00", "18:00"), "UTC"), "2026-11-17T17:00:00.000Z"),
    ],
)  # fmt: skip
def test_the_last_whole_hour_of_work(start: str, due: str, hours: Any, expected: str) -> None:
    """It ends with the deadline or with the last working day before, in the person's own zone."""
    assert last_working_hour(hours, (), start, due) == expected


def test_who_is_away_works_before_that() -> None:
    """An absence from Thursday on takes Friday; one that ends in the day leaves the rest of it."""
    friday = ("2026-11-16T08:00:00Z", "2026-11-20T20:00:00Z")
    away = Absence("pat", "2026-11-19T00:00+01:00", "2026-11-21T00:00+01:00")
    assert last_working_hour(OFFICE, (away,), *friday) == "2026-11-18T16:00:00.000Z"
    morning = Absence("pat", "2026-11-20T00:00+01:00", "2026-11-20T16:00+01:00")
    assert last_working_hour(OFFICE, (morning,), *friday) == "2026-11-20T16:00:00.000Z"
    noon = Absence("pat", "2026-11-20T12:00+01:00", "2026-11-20T20:00+01:00")
    assert last_working_hour(OFFICE, (noon,), *friday) == "2026-11-20T10:00:00.000Z"


def test_who_was_away_for_weeks_is_found_long_before() -> None:
    """It is looked back further than the first window, up to the start of the clock."""
    away = Absence("pat", "2026-10-01T00:00+02:00", "2026-11-21T00:00+01:00")
    assert (
        last_working_hour(OFFICE, (away,), "2026-09-01T08:00:00Z", "2026-11-20T20:00:00Z") == "2026-09-30T15:00:00.000Z"
    )
    assert last_working_hour(OFFICE, (away,), "2026-10-01T08:00:00Z", "2026-11-20T20:00:00Z") == ""


@settings(max_examples=60, deadline=None)
@given(
    days=st.sets(st.sampled_from(("mon", "tue", "wed", "thu", "fri", "sat", "sun")), min_size=1),
    opens=st.integers(0, 23), length=st.integers(2, 12), minute=st.integers(0, 60 * 24 * 365), span=st.integers(1, 9 * 24),
    zone=st.sampled_from(("Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe")),
)  # fmt: skip
def test_it_agrees_with_trying_every_minute(
    days: set[str], opens: int, length: int, minute: int, span: int, zone: str
) -> None:
    """No later minute begins a whole hour of work; the one that is found does."""
    hours = (tuple(sorted(days)), (f"{opens:02}:00", f"{(opens + length) % 24:02}:00"), zone)
    due = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)
    start = due - timedelta(hours=span)

    def works(at: datetime) -> bool:
        return fits_hours(hours[0], hours[1], zone, at.isoformat())

    expected, run, at = "", 0, due - timedelta(minutes=1)
    while at >= start:
        run = run + 1 if works(at) else 0
        if run == 60:
            expected = at.isoformat()
            break
        at -= timedelta(minutes=1)
    found = last_working_hour(hours, (), start.isoformat(), due.isoformat())
    assert (datetime.fromisoformat(found) if found else None) == (
        datetime.fromisoformat(expected) if expected else None
    )


def kit(*absences: Absence, hours: Any = OFFICE) -> Policy:
    """Pat decides in office hours; ann is on call at any hour, bob at night."""
    people = (
        Person("ann", "Ann", ("commander",)),
        Person("pat", "Pat", ("privacy",)),
        Person("bob", "Bob", ("night",)),
    )
    rules = (
        RosterRule("bob", "ann", ("bob", "ann"), between=("20:00", "08:00"), zone="Europe/Berlin"),
        RosterRule("ann", "bob", ("ann", "bob"), zone="Europe/Berlin"),
    )
    return Policy(
        "d", {}, {}, None, (), (), rules, people, None, absences=absences, hours={"pat": hours} if hours else {}
    )  # type: ignore[arg-type]


def judged(*stages: Stage) -> Assessment:
    duty = Obligation("eu-gdpr-33", "t", "acme-eu", "a", "regulator", "applies", "privacy", stages=stages)
    return Assessment(Severity(), "privacy", ("privacy",), "act", "acme-eu", obligations=(duty,))


FRIDAY = Stage("notification", started="2026-11-20T11:00:00.000Z", due="2026-11-23T02:00:00.000Z", decide_by="2026-11-22T22:00:00.000Z",
               warn_at=("2026-11-21T18:30:00.000Z", "2026-11-22T22:00:00.000Z"))  # fmt: skip


def test_a_weekend_clock_warns_on_friday_and_pages_who_is_there_at_night() -> None:
    """Pat is told in the last working hour; at the other moments who is on call then, with pat, and why."""
    stage = with_reach(judged(FRIDAY), kit(), "bot").obligations[0].stages[0]
    assert stage.warn_at == ("2026-11-20T16:00:00.000Z", "2026-11-21T18:30:00.000Z", "2026-11-22T22:00:00.000Z")
    told = {one.at: one for one in stage.reach}
    assert told["2026-11-20T16:00:00.000Z"].names == ("pat",)
    assert told["2026-11-20T16:00:00.000Z"].why == "The last working hour of pat before it is due."
    assert told["2026-11-21T18:30:00.000Z"].names == ("ann", "pat")  # 19:30 on a Saturday
    assert told["2026-11-22T22:00:00.000Z"].names == ("bob", "pat")  # 23:00
    assert told[FRIDAY.due].names == ("bob", "pat")
    assert "Nobody who is privacy answers at this hour" in told[FRIDAY.due].why


MORNING = Stage("notification", started="2026-11-20T10:00:00.000Z", due="2026-11-23T10:00:00.000Z", decide_by="2026-11-23T06:00:00.000Z",
                warn_at=("2026-11-21T22:00:00.000Z", "2026-11-23T06:00:00.000Z"))  # fmt: skip


def test_it_warns_while_there_is_time_to_approve_and_file() -> None:
    """Aware on Friday at 11:00, to be decided on Monday at 07:00: pat hears of it on Friday, and again before it is due."""
    stage = (
        with_reach(judged(MORNING), kit(hours=(WEEK, ("08:00", "18:00"), "Europe/Berlin")), "bot")
        .obligations[0]
        .stages[0]
    )
    told = {one.at: one for one in stage.reach}
    assert stage.warn_at == ("2026-11-20T16:00:00.000Z", *MORNING.warn_at, "2026-11-23T09:00:00.000Z")
    assert told["2026-11-20T16:00:00.000Z"].names == ("pat",)
    assert told["2026-11-20T16:00:00.000Z"].why == "The last working hour of pat before it is to be decided."
    assert told["2026-11-23T09:00:00.000Z"].why == "The last working hour of pat before it is due."


def test_where_only_the_last_hour_comes_too_late_to_decide_it_warns_at_once_too() -> None:
    """It began on Saturday: by Monday at 07:00 pat has not worked, before it is due she has."""
    late = replace(MORNING, started="2026-11-21T10:00:00.000Z")
    stage = with_reach(judged(late), kit(), "bot").obligations[0].stages[0]
    assert (stage.warn_at[0], stage.warn_at[-1]) == (late.started, "2026-11-23T09:00:00.000Z")
    assert stage.reach[0].names == ("ann", "pat")
    assert stage.reach[0].why.startswith("Nobody who is privacy has a whole working hour before it is to be decided.")


def test_two_people_with_one_last_hour_are_each_told_what_it_is_for() -> None:
    """Dan is back on Monday, after it is to be decided; for eve that hour is on another day."""
    people = (Person("dan", "Dan", ("privacy",)), Person("eve", "Eve", ("privacy",)))
    hours = {"dan": (WEEK, ("09:00", "18:00"), "Europe/Berlin"), "eve": (("fri",), ("09:00", "18:00"), "Europe/Berlin")}
    two = replace(kit(), people=people, hours=hours)
    stage = with_reach(judged(MORNING), two, "bot").obligations[0].stages[0]
    friday = next(one for one in stage.reach if one.at == "2026-11-20T16:00:00.000Z")
    assert friday.names == ("eve", "dan")
    assert (
        friday.why
        == "The last working hour of eve before it is due. The last working hour of dan before it is to be decided."
    )


def test_where_no_working_hour_is_left_it_warns_at_once_and_says_so() -> None:
    """From Saturday to Monday night there is none."""
    short = replace(FRIDAY, started="2026-11-21T01:00:00.000Z")
    stage = with_reach(judged(short), kit(), "bot").obligations[0].stages[0]
    assert stage.warn_at[0] == "2026-11-21T01:00:00.000Z"
    assert stage.reach[0].names == ("bob", "pat")
    assert stage.reach[0].why.startswith("Nobody who is privacy has a whole working hour before it is due.")


def test_without_hours_nothing_changes() -> None:
    """Who has none in the kit answers at any time: the warnings are those of before, word for word."""
    assert with_reach(judged(FRIDAY), kit(hours=None), "bot") == judged(FRIDAY)


def test_a_stand_in_is_told_instead() -> None:
    """Whoever stands in while pat is away decides; nobody is woken."""
    away = Absence("pat", "2026-11-20T00:00+01:00", "2026-11-30T00:00+01:00", "ann")
    stage = with_reach(judged(FRIDAY), kit(away), "bot").obligations[0].stages[0]
    assert {one.names for one in stage.reach if one.at != FRIDAY.started} == {("ann",)}


def test_what_is_filed_or_does_not_run_is_left_alone() -> None:
    """Nobody is warned of it."""
    filed = judged(replace(FRIDAY, filed_at="2026-11-21T00:00:00.000Z"))
    assert with_reach(filed, kit(), "bot") == filed
    gone = replace(judged(FRIDAY), obligations=(replace(judged(FRIDAY).obligations[0], status="does_not_apply"),))
    assert with_reach(gone, kit(), "bot") == gone


def test_the_zone_of_the_person_counts_and_not_that_of_the_regulator() -> None:
    """A decider in New York has their last hour in their own afternoon."""
    hours = (WEEK, ("09:00", "17:00"), "America/New_York")
    stage = with_reach(judged(FRIDAY), kit(hours=hours), "bot").obligations[0].stages[0]
    local = datetime.fromisoformat(stage.warn_at[0]).astimezone(ZoneInfo("America/New_York"))
    assert (local.strftime("%a %H:%M")) == "Fri 16:00"
