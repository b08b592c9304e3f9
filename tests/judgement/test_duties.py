"""Obligations: who owes what to whom, by when, and what is still open."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from halon.incident.assessment import Obligation
from halon.incident.orders import GatePolicy
from halon.judgement.deadlines import After, StandIn
from halon.judgement.obligations import Regime, StageRule, oblige
from halon.judgement.predicates import All, Leaf, Not

NOW = "2026-11-22T09:00:00.000Z"
AWARE = "2026-11-20T17:30:00Z"
STAND_IN = {"aware_at": StandIn("2026-11-20T10:00:00Z", "the clock runs from detected_at meanwhile")}
REGIME = Regime(
    id="eu-gdpr-33",
    title="GDPR",
    entity="acme",
    roles=("controller",),
    authority="SA",
    audience="regulator",
    zone="Europe/Berlin",
    when=All((Leaf("personal_data_involved", "is", True), Not(Leaf("risk_to_individuals", "is", "unlikely")))),
    decider="privacy_officer",
    gate=GatePolicy(roles=("privacy_officer",)),
    stages=(StageRule("notification", After("aware_at", 72), 240),),
    effective_from="2018-05-25",
)
HELD = {"roles": ["controller"], "personal_data_involved": True, "risk_to_individuals": "risk", "aware_at": AWARE}


def judged(regime: Regime = REGIME, filed: dict[str, str] | None = None, **facts: Any) -> Obligation:
    return oblige(regime, {**HELD, **facts}, filed or {}, STAND_IN, NOW)


def test_gdpr_over_a_weekend() -> None:
    """Aware on a Friday at 17:30, due on Monday at 17:30: hours run through weekends."""
    obligation = judged()
    stage = obligation.stages[0]
    assert obligation.status == "applies"
    assert stage.due == "2026-11-23T17:30:00.000Z"
    assert stage.decide_by == "2026-11-23T13:30:00.000Z"
    assert stage.anchor == "aware_at"
    assert not stage.provisional
    assert len(stage.warn_at) == 4


def test_role_trap() -> None:
    """Who is only a processor files nothing under Art. 33(1), and the reason says why."""
    obligation = judged(roles=["processor"])
    assert obligation.status == "does_not_apply"
    assert obligation.stages == ()
    assert obligation.because == ("acme is not controller here; its roles: processor",)


def test_promise_6_unknown_is_not_false() -> None:
    """A rule that can't be decided names the facts it needs, and its clock runs as a shadow meanwhile."""
    obligation = judged(risk_to_individuals=None, aware_at=None)
    stage = obligation.stages[0]
    assert obligation.status == "undetermined"
    assert obligation.needs == ("risk_to_individuals", "aware_at")
    assert stage.provisional
    assert stage.due == "2026-11-23T10:00:00.000Z"
    assert stage.warn_at
    assert "aware_at is not known yet; the clock runs from detected_at meanwhile" in obligation.because


def test_a_decided_duty_with_an_unknown_clock_asks_for_the_clock() -> None:
    """The duty applies; only its anchor is missing, so that is what is asked for."""
    obligation = judged(aware_at=None)
    assert (obligation.status, obligation.needs) == ("applies", ("aware_at",))


@pytest.mark.parametrize(
    ("change", "facts", "status"),
    [
        ({}, {"risk_to_individuals": "unlikely"}, "does_not_apply"),
        ({"status": "proposed"}, {}, "not_in_force"),
        ({"status": "repealed"}, {}, "not_in_force"),
        ({"effective_from": "2027-01-01"}, {}, "not_in_force"),
        ({"effective_from": "2027-01-01"}, {"aware_at": "2027-01-02T00:00:00Z"}, "applies"),
        ({"effective_to": "2026-11-01"}, {}, "not_in_force"),
        ({"effective_to": "2026-11-21"}, {}, "applies"),
        ({"status": "adopted_not_yet_applicable", "effective_from": ""}, {}, "not_in_force"),
        ({"status": "review_required"}, {}, "review_required"),
        ({"dormant_until": "2027-12-02"}, {}, "dormant"),
        ({"dormant_until": "2027-12-02"}, {"aware_at": "2027-12-03T00:00:00Z"}, "applies"),
    ],
)
def test_the_law_of_the_anchor_date_counts(change: dict[str, Any], facts: dict[str, Any], status: str) -> None:
    """A rule is judged by its state on the day on which its clock started, not by today's."""
    obligation = judged(replace(REGIME, **change), **facts)
    assert obligation.status == status
    assert obligation.because


def test_a_dormant_duty_has_a_clock_and_no_warnings() -> None:
    """Nobody can miss a duty that has no addressee yet: it is shown, and never warns."""
    stage = judged(replace(REGIME, dormant_until="2027-12-02")).stages[0]
    assert stage.due
    assert stage.warn_at == ()


def test_a_filed_stage_keeps_its_due_time_and_warns_no_more() -> None:
    """What was filed says when, beside when it was due."""
    stage = judged(filed={"eu-gdpr-33/notification": "2026-11-21T08:00:00Z"}).stages[0]
    assert (stage.filed_at, stage.warn_at) == ("2026-11-21T08:00:00Z", ())
    assert stage.due == "2026-11-23T17:30:00.000Z"


def test_a_filing_stays_visible_when_the_duty_falls_away() -> None:
    """A notice that was filed does not vanish because later facts show that it was not owed."""
    obligation = judged(filed={"eu-gdpr-33/notification": AWARE}, risk_to_individuals="unlikely")
    assert obligation.status == "does_not_apply"
    assert [stage.filed_at for stage in obligation.stages] == [AWARE]


def test_a_stage_hangs_on_the_actual_filing_of_the_one_before() -> None:
    """Until the first stage is filed the second is reckoned as if filed at the limit, and says provisional."""
    chained = replace(
        REGIME,
        stages=(
            StageRule("initial", After("aware_at", 24)),
            StageRule("intermediate", After("filed:initial", 72)),
        ),
    )
    open_stage = judged(chained).stages[1]
    assert (open_stage.due, open_stage.provisional) == ("2026-11-24T17:30:00.000Z", True)
    assert open_stage.anchor == "filing of initial"
    settled = judged(chained, {"eu-gdpr-33/initial": "2026-11-21T02:00:00Z"}).stages[1]
    assert (settled.due, settled.provisional) == ("2026-11-24T02:00:00.000Z", False)


def test_without_a_figure_no_due_time_is_invented() -> None:
    """Without undue delay is said in words, not turned into a number."""
    obligation = judged(replace(REGIME, stages=(StageRule("individuals", None),)))
    assert obligation.stages[0].due == ""
    assert any("without undue delay" in reason for reason in obligation.because)
