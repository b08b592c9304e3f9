"""Clocks whose moment nobody has set: what runs meanwhile, what only warns, and from when on it is surely too late."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from halon.incident.assessment import Obligation, Stage
from halon.incident.facts import Fact
from halon.incident.times import parse
from halon.judgement.assess import assess
from halon.judgement.policy import Policy
from halon.kit import load, starter_path

DETECTED = "2026-11-20T10:00:00.000Z"
AWARE = "2026-11-20T12:00:00.000Z"
SAID = "2026-11-20T13:00:00.000Z"
DORA = {"roles": ["financial_entity_dora"], "detected_at": DETECTED}
SEC = {"roles": ["sec_registrant"], "cybersecurity_incident": True, "detected_at": DETECTED}
GDPR = {"roles": ["controller"], "personal_data_involved": True, "gdpr_applies": True, "detected_at": DETECTED}


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Policy:
    """The starter kit with the packs that these laws are in."""
    folder = tmp_path_factory.mktemp("shadows") / "kit"
    shutil.copytree(starter_path(), folder)
    page = folder / "organisation.yaml"
    page.write_text(page.read_text().replace("packs: []", "packs: [eu, us-finance]"))
    return load(Path(folder), {}).policy


def duty(policy: Policy, name: str, said: dict[str, Any], *, source: str = "person", at: str = SAID) -> Obligation:
    facts = [Fact(key, value, source, at, "kim") for key, value in said.items()]
    found = assess(facts, policy, SAID, agent="support-bot", entity="acme-eu")
    return next(one for one in found.obligations if one.id == name and one.entity == "acme-eu")


def first(policy: Policy, name: str, said: dict[str, Any], **how: str) -> Stage:
    return duty(policy, name, said, **how).stages[0]


def shifted(moment: str, **by: int) -> datetime:
    return datetime.fromisoformat(moment).astimezone(UTC) + timedelta(**by)


def test_dora_unclassified_is_due_a_day_from_awareness_and_warned_of_by_the_four_hours(policy: Policy) -> None:
    """Nobody has classified it: what the law surely sets is the day from awareness; the four hours may run, so they warn."""
    stage = first(policy, "eu-dora-19", {**DORA, "aware_at": AWARE})
    assert parse(stage.due) == shifted(AWARE, hours=24)
    assert (stage.anchor, stage.stand_in, stage.provisional) == ("aware_at", False, True)
    assert parse(stage.decide_by) == shifted(AWARE, hours=23, minutes=30)
    assert parse(stage.decide_first) == shifted(DETECTED, hours=3, minutes=30)
    warned = [parse(one) for one in stage.warn_at]
    assert warned[:2] == [shifted(DETECTED), shifted(DETECTED, hours=3, minutes=30)]
    assert warned[-1] == shifted(AWARE, hours=23, minutes=30)


def test_dora_with_nothing_known_hangs_on_the_detection_altogether(policy: Policy) -> None:
    """Neither classified nor anybody aware: a day from the detection, and that is a stand-in."""
    found = duty(policy, "eu-dora-19", DORA)
    stage = found.stages[0]
    assert parse(stage.due) == shifted(DETECTED, hours=24)
    assert stage.stand_in
    assert parse(stage.decide_first) == shifted(DETECTED, hours=3, minutes=30)
    assert {"major_ict_incident", "classified_major_at", "aware_at"} <= set(found.needs)


def test_dora_said_to_be_major_without_a_time_was_classified_by_then(policy: Policy) -> None:
    """Whoever says that it is major has classified it: four hours from that word are surely over the limit."""
    found = duty(policy, "eu-dora-19", {**DORA, "aware_at": AWARE, "major_ict_incident": True})
    stage = found.stages[0]
    assert found.status == "applies"
    assert (parse(stage.due), stage.stand_in) == (shifted(SAID, hours=4), False)
    assert parse(stage.decide_first) == shifted(DETECTED, hours=3, minutes=30)
    assert any("a person had said major_ict_incident by" in reason for reason in found.because)


def test_what_a_machine_says_determines_nothing(policy: Policy) -> None:
    """Only a person classifies: an alert that says the word proves no determination."""
    stage = first(policy, "eu-dora-19", {**DORA, "aware_at": AWARE, "major_ict_incident": True}, source="alert")
    assert parse(stage.due) == shifted(AWARE, hours=24)


def test_a_classification_that_is_set_leaves_no_shadow(policy: Policy) -> None:
    """Both moments are known: the earlier of the two limits, and nothing is provisional."""
    told = {**DORA, "aware_at": AWARE, "major_ict_incident": True, "classified_major_at": SAID}
    stage = first(policy, "eu-dora-19", told)
    assert (parse(stage.due), stage.decide_first) == (shifted(SAID, hours=4), "")
    assert (stage.stand_in, stage.provisional) == (False, False)


def test_a_classification_that_is_set_holds_while_awareness_is_not(policy: Policy) -> None:
    """Classified, and nobody has said when they were aware: four hours hold; the day from the detection only warns."""
    late = "2026-11-21T09:00:00.000Z"
    stage = first(policy, "eu-dora-19", {**DORA, "major_ict_incident": True, "classified_major_at": late})
    assert (parse(stage.due), stage.stand_in) == (shifted(late, hours=4), False)
    assert parse(stage.decide_first) == shifted(DETECTED, hours=23, minutes=30)


@pytest.mark.parametrize("answer", ["undetermined", None])
def test_sec_runs_as_a_shadow_while_materiality_is_open(policy: Policy, answer: str | None) -> None:
    """Nobody has determined that it is material: four business days from the detection, as a stand-in, with warnings."""
    found = duty(policy, "us-sec-8k", {**SEC, "material_to_investors": answer})
    stage = found.stages[0]
    assert found.status == "undetermined"
    assert (stage.due, stage.stand_in) == ("2026-11-28T04:59:59.000Z", True)  # Friday to Friday, Thanksgiving between
    assert stage.warn_at
    assert "materiality_determined_at" in found.needs


def test_sec_material_without_a_date_was_determined_when_that_was_said(policy: Policy) -> None:
    """Yes on Monday and no date: it is surely late four business days after Monday, and the earlier shadow still warns."""
    monday = "2026-11-23T15:00:00.000Z"
    found = duty(policy, "us-sec-8k", {**SEC, "material_to_investors": "yes"}, at=monday)
    stage = found.stages[0]
    assert found.status == "applies"
    assert (stage.due, stage.stand_in) == ("2026-12-01T04:59:59.000Z", False)
    assert stage.decide_first < "2026-11-28T04:59:59.000Z" < stage.decide_by
    assert stage.decide_first in stage.warn_at


def test_an_answer_taken_back_and_given_again_counts_from_the_second_time(policy: Policy) -> None:
    """Yes, then undetermined, then yes: the determination that counts is the last one."""
    times = ("2026-11-20T13:00:00Z", "2026-11-20T14:00:00Z", "2026-11-23T15:00:00Z")
    facts = [Fact(key, value, "person", times[0], "kim") for key, value in SEC.items()]
    answers = zip(("yes", "undetermined", "yes"), times, strict=True)
    facts += [Fact("material_to_investors", value, "person", at, "kim") for value, at in answers]
    found = assess(facts, policy, "2026-11-23T15:00:00Z", agent="support-bot", entity="acme-eu").obligations
    assert next(one for one in found if one.id == "us-sec-8k").stages[0].due == "2026-12-01T04:59:59.000Z"


def test_an_open_question_with_a_real_clock_is_no_stand_in(policy: Policy) -> None:
    """GDPR, aware, risk unknown: it may apply, and its 72 hours run from a moment that somebody set."""
    found = duty(policy, "eu-gdpr-33", {**GDPR, "aware_at": AWARE})
    stage = found.stages[0]
    assert found.status == "undetermined"
    assert (parse(stage.due), stage.stand_in) == (shifted(AWARE, hours=72), False)


def test_awareness_that_nobody_set_is_one(policy: Policy) -> None:
    """GDPR without a moment of awareness: 72 hours from the detection, and the stage says that this stands in."""
    stage = first(policy, "eu-gdpr-33", {**GDPR, "risk_to_individuals": "risk"})
    assert (parse(stage.due), stage.stand_in, stage.decide_first) == (shifted(DETECTED, hours=72), True, "")


def test_a_stage_that_waits_for_a_filing_stands_on_a_stand_in(policy: Policy) -> None:
    """What counts from a filing that is not made is reckoned as if that came at its limit, until it is made."""
    told = {**DORA, "aware_at": AWARE, "major_ict_incident": True, "classified_major_at": SAID}
    intermediate = duty(policy, "eu-dora-19", told).stages[1]
    assert (parse(intermediate.due), intermediate.stand_in) == (shifted(SAID, hours=76), True)
