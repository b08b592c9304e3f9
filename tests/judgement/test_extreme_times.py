"""Times at both ends of the calendar: whatever a fact holds and whenever it is judged, there is a judgement."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from halon.incident import times
from halon.incident.facts import Fact
from halon.judgement.assess import assess
from halon.judgement.dates import apart, earlier_of, later
from halon.judgement.deadlines import After, Earliest, Expression, Latest, decide_by, reckon
from halon.judgement.roster import fits_hours
from halon.kit import load, starter_path

LOADED = load(starter_path(), {}).policy
GDPR = next(one for one in LOADED.regimes if one.id == "eu-gdpr-33")
ZONES = ("Europe/Berlin", "Pacific/Kiritimati", "America/New_York", "Etc/GMT+12", "UTC")
DUES: tuple[Expression, ...] = (
    After("aware_at", 72), After("aware_at", 30, "calendar_days"), Earliest((After("aware_at", 4), After("window_to", 24))),
    Latest((After("aware_at", 4), After("window_to", 1, "calendar_days"))),
)  # fmt: skip
KIT = replace(
    LOADED,
    regimes=tuple(
        replace(GDPR, id=f"r{place}-{number}", zone=zone,
                stages=(replace(GDPR.stages[0], due=due, approval_minutes=90_000),))
        for place, zone in enumerate(ZONES) for number, due in enumerate(DUES)
    ),
)  # fmt: skip
NOW = "2026-11-22T09:00:00.000Z"
DAYS = st.sampled_from(["0001-01-01", "0001-01-02", "9998-12-30", "9999-12-30", "9999-12-31", "2026-11-22"])
CLOCKS = st.sampled_from(["", "T00:00:00Z", "T23:59:59.999999Z", "T00:00:00+14:00", "T23:59:59-12:00", "T12:00:00"])
TIMES = st.builds(str.__add__, DAYS, CLOCKS)
ENDS = st.sampled_from([NOW, "9999-12-31T23:59:59.999Z", "0001-01-01T00:00:00.000Z"])


@given(TIMES, TIMES, TIMES, ENDS, st.sampled_from(["", "acme-eu"]))
@example("9999-12-31T23:00:00Z", "9999-12-31", "0001-01-01", NOW, "")
@example(NOW, NOW, NOW, "9999-12-31T23:59:59.999Z", "acme-eu")
def test_no_time_stops_a_judgement(aware: str, seen: str, end: str, now: str, entity: str) -> None:
    """Every duty is judged, and what is due has a local time and a moment to decide by."""
    facts = (
        Fact("aware_at", aware, "person", now, "pat"), Fact("aware_at", seen, "trace", now, entity=entity),
        Fact("detected_at", seen, "alert", now), Fact("window_to", end, "trace", now),
        Fact("window_from", end, "trace", now), Fact("window_from", aware, "alert", now),
    )  # fmt: skip
    judged = assess(facts, KIT, now, agent="support-bot")
    assert len(judged.obligations) == len(KIT.regimes)
    for stage in (stage for duty in judged.obligations for stage in duty.stages if stage.due):
        assert stage.due_local
        assert stage.decide_by <= stage.due
        assert times.after(stage.due, 86_400) > stage.due, "reminders after it have a date too"


def test_the_moment_to_decide_never_lies_before_the_calendar() -> None:
    """More minutes for the approval than there are since its first hour."""
    deadline = reckon(After("aware_at", 4), {"aware_at": "0001-01-01T00:00:00Z"}, "UTC")
    assert decide_by(deadline, 600) == "0001-01-01T00:00:00.000Z"


@pytest.mark.parametrize("other", ["2026-11-22", "2026-11-22T09:00:00Z", "0001-01-02", "9999-12-30"])
def test_the_ends_of_the_calendar_come_first_and_last(other: str) -> None:
    """The first day is earlier than any other and the last one is later."""
    assert (earlier_of("0001-01-01", other), earlier_of(other, "9999-12-31")) == ("0001-01-01", other)
    assert apart("0001-01-01", other)
    assert apart(other, "9999-12-31")
    assert later("9999-12-31", other)


@pytest.mark.parametrize("now", ["9999-12-31T23:59:59Z", "0001-01-01T00:30:00Z"])
@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "America/New_York"])
def test_somebody_is_on_call_at_both_ends_of_the_calendar(now: str, zone: str) -> None:
    """Where the zone has no date any more, that of UTC counts; a night that began the day before has its weekday."""
    assert fits_hours((), None, zone, now)
    assert fits_hours(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), ("23:59", "23:58"), zone, now)
