"""By the law of which day a duty is judged, and what holds while nobody has said when the moment was."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from halon.incident.assessment import Obligation
from halon.incident.orders import GatePolicy
from halon.judgement.deadlines import After, Earliest, Latest, StandIn
from halon.judgement.obligations import Regime, StageRule, oblige
from halon.judgement.predicates import Leaf

REGIME = Regime(
    id="a-law",
    title="a law",
    entity="acme",
    roles=(),
    authority="SA",
    audience="regulator",
    zone="UTC",
    when=Leaf("personal_data_involved", "is", True),
    decider="privacy_officer",
    gate=GatePolicy(roles=("privacy_officer",)),
    stages=(StageRule("report", After("aware_at", 72)),),
    effective_from="2027-01-01",
)
EITHER = (StageRule("report", Earliest((After("determined_incident_at", 72), After("reasonable_belief_at", 72)))),)
NO_FIGURE = (StageRule("report", None, words="at once"),)
DETECTED, NOW = "2026-12-30T10:00:00Z", "2027-01-04T09:00:00Z"


def judged(regime: Regime = REGIME, *, now: str = NOW, **facts: Any) -> Obligation:
    names = ("aware_at", "determined_incident_at", "reasonable_belief_at")
    instead = dict.fromkeys(names, StandIn(DETECTED, "the clock runs from detected_at meanwhile"))
    return oblige(regime, {"personal_data_involved": True, "detected_at": DETECTED, **facts}, {}, instead, now)


def test_a_known_moment_decides_before_what_stands_in_for_another() -> None:
    """Believed on 3 January and never determined: the law of 1 January counts, not that of the day of the detection."""
    duty = judged(replace(REGIME, stages=EITHER), reasonable_belief_at="2027-01-03T12:00:00Z")
    assert duty.status == "applies"
    assert duty.stages[0].due == "2027-01-06T12:00:00.000Z"


@pytest.mark.parametrize(
    ("determined", "believed", "status"),
    [("2026-12-31", "2027-01-02", "not_in_force"), ("2027-01-02", "2026-12-31", "not_in_force"), ("2027-01-01", "2027-01-02", "applies"),
     ("2027-01-02", "2027-01-01", "applies")],
)  # fmt: skip
def test_of_two_moments_the_law_of_that_from_which_the_clock_runs_counts(
    determined: str, believed: str, status: str
) -> None:
    """The earlier of the two, whichever the law names first."""
    for parts in (EITHER[0].due, Earliest((After("reasonable_belief_at", 72), After("determined_incident_at", 72)))):
        regime = replace(REGIME, stages=(StageRule("report", parts),))
        duty = judged(regime, determined_incident_at=determined, reasonable_belief_at=believed)
        assert duty.status == status


@pytest.mark.parametrize(("one", "other"), [("2026-12-31", "2027-01-02"), ("2027-01-02", "2026-12-31")])
def test_where_the_later_starts_the_clock_its_day_decides(one: str, other: str) -> None:
    """A clock from the latest of several runs from that one."""
    due = Latest((After("determined_incident_at", 72), After("reasonable_belief_at", 72)))
    duty = judged(
        replace(REGIME, stages=(StageRule("report", due),)), determined_incident_at=one, reasonable_belief_at=other
    )
    assert duty.status == "applies"


def test_promise_6_a_law_that_began_meanwhile_is_not_ruled_out() -> None:
    """Detected before its first day and judged after it, aware nobody knows when: it may bind, and asks for that moment."""
    duty = judged()
    assert (duty.status, duty.needs) == ("undetermined", ("aware_at",))
    assert "aware_at decides that, and lies between 2026-12-30 and 2027-01-04" in duty.because[0]
    assert duty.stages[0].due
    assert duty.stages[0].stand_in


@pytest.mark.parametrize(
    ("aware", "status"),
    [("2026-12-31T23:59:59Z", "not_in_force"), ("2027-01-01T00:00:00Z", "applies")],
)
def test_what_was_said_settles_it(aware: str, status: str) -> None:
    """The first day of a law is one of its days; the last second before it is none."""
    assert judged(aware_at=aware).status == status


def test_a_law_that_begins_only_later_stays_none() -> None:
    """Judged before its first day, no moment in question lies in it, so nothing is asked."""
    duty = judged(now="2026-12-31T09:00:00Z")
    assert (duty.status, duty.needs, duty.stages) == ("not_in_force", (), ())
    assert "between 2026-12-30 and 2026-12-31" in duty.because[0]


@pytest.mark.parametrize(
    ("ends", "aware", "status"),
    [
        ("2026-12-30", None, "not_in_force"),
        ("2026-12-31", None, "undetermined"),
        ("2027-01-04", None, "undetermined"),
        ("2027-01-05", None, "applies"),
        ("2027-01-02", "2027-01-01T23:59:59Z", "applies"),
        ("2027-01-02", "2027-01-02T00:00:00Z", "not_in_force"),
    ],
)
def test_a_law_that_ended_meanwhile(ends: str, aware: str | None, status: str) -> None:
    """The day on which it ends is the first on which it is none; where the moment may lie before that, it may bind."""
    duty = judged(replace(REGIME, effective_from="", effective_to=ends), aware_at=aware)
    assert duty.status == status


def test_without_a_figure_the_day_of_awareness_counts_and_not_today() -> None:
    """A duty without a figure does not begin to bind because time passes: who was aware before owes nothing later either."""
    law = replace(REGIME, effective_from="", dormant_until="2027-01-03", stages=NO_FIGURE)
    assert judged(law, aware_at="2027-01-02T23:59:59Z", now="2027-03-01T00:00:00Z").status == "dormant"
    assert judged(law, aware_at="2027-01-03T00:00:00Z").status == "applies"
    late = judged(law)
    assert (late.status, late.needs) == ("undetermined", ("aware_at",))
    assert "nobody is its addressee before 2027-01-03" in late.because
    assert judged(law, now="2027-01-02T00:00:00Z").status == "dormant"


def test_a_regime_may_name_the_moment_of_its_law() -> None:
    """Where the law goes by another moment than awareness, the regime says by which."""
    law = replace(REGIME, stages=NO_FIGURE, law_anchor="determined_incident_at")
    facts = {"aware_at": "2026-12-31T00:00:00Z", "determined_incident_at": "2027-01-02T00:00:00Z"}
    assert judged(law, **facts).status == "applies"
    assert judged(replace(law, law_anchor=""), **facts).status == "not_in_force"


def test_what_is_no_duty_anyway_does_not_wait_for_the_day() -> None:
    """Facts that rule it out settle it, whichever law counts."""
    duty = judged(personal_data_involved=False)
    assert (duty.status, duty.needs) == ("does_not_apply", ())
