"""Deadlines: anchors, spans, stand-ins, warnings."""

from __future__ import annotations

from typing import Any

import pytest

from halon.judgement.deadlines import (
    After,
    Deadline,
    Earliest,
    Expression,
    Latest,
    StandIn,
    decide_by,
    reckon,
    warnings,
)

GDPR = After("aware_at", 72)


@pytest.mark.parametrize(
    ("expression", "anchors", "zone", "due"),
    [
        # Worked examples: GDPR over a weekend, Singapore in days, a bank's 36 hours into a Sunday, DORA's two limits.
        (GDPR, {"aware_at": "2026-11-20T17:30:00Z"}, "Europe/Berlin", "2026-11-23T17:30:00.000Z"),
        (
            After("assessed_notifiable_at", 3, "calendar_days"),
            {"assessed_notifiable_at": "2026-11-22"},
            "Asia/Singapore",
            "2026-11-25T15:59:59.000Z",
        ),
        (
            After("determined_incident_at", 36),
            {"determined_incident_at": "2026-11-27T20:00:00Z"},
            "America/New_York",
            "2026-11-29T08:00:00.000Z",
        ),
        (
            Earliest((After("classified_major_at", 4), After("aware_at", 24))),
            {"aware_at": "2026-11-20T16:00:00Z", "classified_major_at": "2026-11-20T22:00:00Z"},
            "Europe/Berlin",
            "2026-11-21T02:00:00.000Z",
        ),
        (
            Latest((After("a", 1), After("b", 1))),
            {"a": "2026-01-01T00:00:00Z", "b": "2026-01-02T00:00:00Z"},
            "UTC",
            "2026-01-02T01:00:00.000Z",
        ),
        # Hours are hours: the clocks go back in Berlin on 2026-10-25, and 72 hours stay 72 hours.
        (GDPR, {"aware_at": "2026-10-24T12:00:00+02:00"}, "Europe/Berlin", "2026-10-27T10:00:00.000Z"),
        # A day is the regulator's day: late evening UTC is the next day already in Singapore.
        (
            After("aware_at", 1, "calendar_days"),
            {"aware_at": "2026-11-22T20:00:00Z"},
            "Asia/Singapore",
            "2026-11-24T15:59:59.000Z",
        ),
        (
            After("discovered_at", 30, "calendar_days"),
            {"discovered_at": "2026-11-22"},
            "America/Los_Angeles",
            "2026-12-23T07:59:59.000Z",
        ),
    ],
)
def test_due(expression: Expression, anchors: dict[str, Any], zone: str, due: str) -> None:
    """The worked examples of the law reference, and the edges of days."""
    deadline = reckon(expression, anchors, zone)
    assert (deadline.due, deadline.provisional, deadline.needs) == (due, False, ())


def test_due_local_names_its_zone() -> None:
    """The local time shows offset and zone."""
    deadline = reckon(GDPR, {"aware_at": "2026-11-20T17:30:00Z"}, "Europe/Berlin")
    assert deadline.due_local == "2026-11-23T18:30:00+01:00[Europe/Berlin]"


def test_an_unknown_anchor_runs_as_a_shadow_from_its_stand_in() -> None:
    """While awareness is unknown the clock runs from the detection, and says so."""
    stand_ins = {"aware_at": StandIn("2026-11-20T10:00:00Z", "the clock runs from detected_at meanwhile")}
    deadline = reckon(GDPR, {"aware_at": None}, "UTC", stand_ins)
    assert deadline.due == "2026-11-23T10:00:00.000Z"
    assert deadline.provisional
    assert deadline.needs == ("aware_at",)
    assert deadline.reasons == ("aware_at is not known yet; the clock runs from detected_at meanwhile",)


@pytest.mark.parametrize("value", ["soon", 7, ["2026-11-20"], "9999-12-31T23:00:00Z"])
def test_an_anchor_that_is_no_time_counts_as_unknown(value: Any) -> None:
    """A value that can't be reckoned with never raises; the reason is said."""
    deadline = reckon(GDPR, {"aware_at": value}, "UTC")
    assert (deadline.due, deadline.provisional) == ("", True)
    assert deadline.reasons == ("aware_at holds no usable time, so no due time can be computed",)


def test_one_unknown_part_keeps_the_whole_provisional() -> None:
    """The earliest of two may still move while one of them is unknown."""
    both = Earliest((After("classified_major_at", 4), After("aware_at", 24)))
    deadline = reckon(both, {"aware_at": "2026-11-20T16:00:00Z"}, "UTC")
    assert deadline.due == "2026-11-21T16:00:00.000Z"
    assert deadline.provisional
    assert deadline.needs == ("classified_major_at",)


def test_warnings_come_at_half_three_quarters_nine_tenths_and_when_to_decide() -> None:
    """The decider is warned while there is time to act."""
    deadline = reckon(After("aware_at", 100), {"aware_at": "2026-01-01T00:00:00Z"}, "UTC")
    assert decide_by(deadline, 240) == "2026-01-05T00:00:00.000Z"
    assert warnings(deadline, 240) == (
        "2026-01-03T02:00:00.000Z",
        "2026-01-04T03:00:00.000Z",
        "2026-01-04T18:00:00.000Z",
        "2026-01-05T00:00:00.000Z",
    )


def test_a_short_span_warns_at_once() -> None:
    """Under six hours there is no staircase: the first warning comes when the clock starts."""
    deadline = reckon(After("aware_at", 4), {"aware_at": "2026-01-01T00:00:00Z"}, "UTC")
    assert warnings(deadline, 60) == ("2026-01-01T00:00:00.000Z", "2026-01-01T03:00:00.000Z")


def test_deciding_never_comes_before_the_clock() -> None:
    """An approval that takes longer than the span asks for a decision at the start, not before it."""
    deadline = reckon(After("aware_at", 4), {"aware_at": "2026-01-01T00:00:00Z"}, "UTC")
    assert decide_by(deadline, 600) == "2026-01-01T00:00:00.000Z"


def test_without_a_due_time_nobody_is_warned() -> None:
    """A clock that can't be computed warns by its reasons, not at made-up times."""
    assert warnings(Deadline(), 60) == ()
    assert decide_by(Deadline(), 60) == ""
