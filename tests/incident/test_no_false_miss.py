"""Judged by the law that ships, and lived through: what is missed is what the law was broken by, and a miss that was none goes."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from halon import breaches
from halon.incident import views
from halon.incident.admission import Outcome
from halon.incident.assessment import Stage
from halon.incident.clocks import fire_due
from halon.incident.facts import Fact
from halon.incident.judged import filings, take_in
from halon.incident.notices import Notice
from halon.incident.state import State
from halon.incident.status import as_text, status
from halon.judgement.assess import assess
from halon.judgement.policy import Policy
from halon.kit import load, starter_path
from halon_workflows.notice_words import question

WHO, DETECTED = "acme-eu", "2026-11-20T10:00:00.000Z"
MEMBERS = ("privacy_officer", "privacy", "commander", "legal_counsel")


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Policy:
    """The starter kit with the packs that these laws are in."""
    folder = tmp_path_factory.mktemp("lived") / "kit"
    shutil.copytree(starter_path(), folder)
    page = folder / "organisation.yaml"
    page.write_text(
        page.read_text().replace("packs: []", "packs: [eu, us-finance, us-health, us-states, asia-pacific]")
    )
    return load(Path(folder), {}).policy


class Lived:
    """One incident with one duty, judged anew after each word, its clocks fired."""

    def __init__(self, room: SimpleNamespace, policy: Policy, duty: str, role: str, **facts: Any) -> None:
        self.room, self.policy, self.duty = room, policy, duty
        self.facts: list[Fact] = []
        self.state: State = replace(room.opened(), opened_at=DETECTED)
        self.learn(DETECTED, roles=[role], detected_at=DETECTED, **facts)

    def learn(self, now: str, **facts: Any) -> None:
        self.facts += [Fact(name, value, "person", now, "pat") for name, value in facts.items()]
        self.judge(now)

    def judge(self, now: str) -> None:
        judged = assess(self.facts, self.policy, now, agent="support-bot", entity=WHO, filed=filings(self.state))
        judged = replace(judged, obligations=tuple(one for one in judged.obligations if one.name == self.duty))
        version = self.state.facts_version + 1
        state = replace(self.state, facts=tuple(self.facts), facts_version=version, person_version=version)
        self.state = fire_due(take_in(state, judged, version, now), now)

    def at(self, now: str) -> None:
        self.state = fire_due(self.state, now)

    def say(self, name: str, now: str, **fields: Any) -> Outcome:
        who = self.room.standing("pat", known=True, roles=MEMBERS)
        fields = {"reason": "because", **fields}
        said: Outcome = self.room.say(self.state, name, "pat", now=now, who=who, obligation=self.duty, **fields)
        self.state = said.state
        if not said.refusal:
            self.judge(now)
        return said

    def stage(self, name: str = "") -> Stage:
        stages = self.state.obligations[0].stages
        return next(one for one in stages if one.id == name) if name else stages[0]

    @property
    def missed(self) -> list[str]:
        return list(views.obligations(self.state)[0]["missed"])

    def told(self, what: str) -> list[str]:
        return [one.to for one in self.state.outbox if what in one.subject]

    def registered(self, now: str) -> str:
        return next(one["missed"] for one in breaches.rows(self.state, now) if one["obligation"] == self.duty)


def dora(room: SimpleNamespace, policy: Policy) -> Lived:
    return Lived(room, policy, "eu-dora-19", "financial_entity_dora", aware_at=DETECTED)


def test_dora_unclassified_after_a_day_has_run_out_and_four_hours_count_from_the_late_classification(
    room: Any, policy: Policy
) -> None:
    """Classified only after 24 hours: four hours from then. Filed within them it was never missed, and nobody says so."""
    lived = dora(room, policy)
    lived.at("2026-11-21T11:00:00.000Z")
    assert lived.missed == []
    assert set(lived.told("ran out")) >= {"pat", "ann"}
    body = next(one.body for one in lived.state.outbox if "ran out" in one.subject)
    assert f"halon fact {lived.state.reference} classified_major_at TIME" in body
    lived.at("2026-11-22T11:00:00.000Z")
    assert any("say classified_major_at" in one.body for one in lived.state.outbox if "still open" in one.subject)
    lived = dora(room, policy)
    lived.at("2026-11-21T11:00:00.000Z")
    classified = "2026-11-21T16:00:00.000Z"
    lived.learn(classified, major_ict_incident=True, classified_major_at=classified)
    assert lived.stage().due == "2026-11-21T20:00:00.000Z"
    assert lived.say("filed", "2026-11-21T18:00:00.000Z", stage="initial", reference="R").refusal == ""
    assert (lived.missed, lived.registered("2026-11-21T19:00:00.000Z"), lived.state.missed) == ([], "", ())


def test_dora_that_is_major_by_a_word_after_the_day_is_due_four_hours_after_that_word(
    room: Any, policy: Policy
) -> None:
    """Whoever says so without a date had classified it by then; the day from awareness had run out before."""
    lived = dora(room, policy)
    lived.at("2026-11-21T11:00:00.000Z")
    lived.learn("2026-11-21T16:00:00.000Z", major_ict_incident=True)
    assert (lived.state.obligations[0].status, lived.stage().due) == ("applies", "2026-11-21T20:00:00.000Z")
    assert lived.missed == []
    lived.at("2026-11-21T20:01:00.000Z")
    assert lived.missed == ["eu-dora-19/initial"]


def test_dora_that_is_declared_in_time_is_missed_when_the_day_is_over(room: Any, policy: Policy) -> None:
    """Who declares it owes the report within a day from awareness, whatever nobody wrote down; and that is said for certain."""
    lived = dora(room, policy)
    assert lived.say("declare", "2026-11-20T12:00:00.000Z").refusal == ""
    lived.at("2026-11-21T10:01:00.000Z")
    assert lived.missed == ["eu-dora-19/initial"]
    bodies = [one.body for one in lived.state.outbox if "MISSED" in one.subject]
    assert bodies
    assert not any("it may apply" in one for one in bodies)


DECISIONS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "sg-pdpa": ("controller", "assessed_notifiable_at", {"personal_data_involved": True, "affected_individuals": 600,
                "affected_by_jurisdiction": {"SG": 600}, "significant_harm_likely": False}),
    "us-bank36": ("us_banking_organization", "determined_incident_at", {"notification_incident": True}),
    "us-co": ("controller", "determined_breach_at", {"personal_data_involved": True, "data_encrypted": False,
              "acquired_vs_accessed": "acquired", "affected_by_jurisdiction": {"US-CO": 600}}),
}  # fmt: skip


@pytest.mark.parametrize("duty", sorted(DECISIONS))
def test_what_counts_from_a_decision_that_nobody_has_taken_runs_out_and_is_not_missed(
    room: Any, policy: Policy, duty: str
) -> None:
    """It is owed, and the law counts from the determination: told to all, said again each day, missed once that is said."""
    role, anchor, facts = DECISIONS[duty]
    lived = Lived(room, policy, duty, role, **facts)
    stage = lived.stage()
    assert (lived.state.obligations[0].status, stage.stand_in, stage.awaits) == ("applies", True, anchor)
    lived.at("2027-01-05T10:00:00.000Z")
    assert lived.missed == []
    assert set(lived.told("ran out")) >= {"pat", "ann"}
    lived.at("2027-01-06T12:00:00.000Z")
    assert any(f"say {anchor}" in one.body for one in lived.state.outbox if "still open" in one.subject)
    taken = "2027-01-06T12:30:00.000Z"
    lived.learn(taken, **{anchor: taken})
    assert lived.stage().due > taken
    lived.say("filed", "2027-01-06T13:00:00.000Z", stage=stage.id, reference="R")
    assert lived.registered("2027-01-06T14:00:00.000Z") == ""
    early = Lived(room, policy, duty, role, **facts)
    early.at("2027-01-05T10:00:00.000Z")
    early.learn("2027-01-05T11:00:00.000Z", **{anchor: DETECTED})
    assert f"{duty}/{stage.id}" in early.missed


@pytest.mark.parametrize(
    ("duty", "role", "facts"),
    [
        ("eu-gdpr-33", "controller", {"personal_data_involved": True, "gdpr_applies": True, "risk_to_individuals": "risk"}),
        ("us-hipaa-404", "hipaa_covered_entity", {"unsecured_phi": True, "low_probability_of_compromise": False}),
    ],
)  # fmt: skip
def test_what_counts_from_mere_knowledge_is_missed_until_somebody_says_a_later_moment(
    room: Any, policy: Policy, duty: str, role: str, facts: dict[str, Any]
) -> None:
    """Awareness and discovery come without a decision: that nobody wrote down since when is no way out. Once a later moment
    is said, the due time moves, and what was missed by the earlier one counts no more, anywhere."""
    lived = Lived(room, policy, duty, role, **facts)
    stage = lived.stage()
    assert (lived.state.obligations[0].status, stage.stand_in, stage.awaits) == ("applies", True, "")
    name, late = f"{duty}/{stage.id}", "2027-02-01T09:00:00.000Z"
    lived.at(late)
    assert lived.missed == [name]
    assert "MISSED" in as_text(lived.state)
    lived.learn(late, **{stage.anchor: late})
    assert lived.stage().due > late
    assert (lived.missed, lived.registered(late)) == ([], "")
    assert status(lived.state)["missed"] == []
    assert "MISSED" not in as_text(lived.state)
    assert any(f"No longer missed, by what counts now: {name}" in line.text for line in lived.state.tail)
    one = Notice("n", "regulator", duty, stage.id, channel="post", subject="s", body="b")
    asked = " ".join(question(lived.state, one, lived.state.obligations[0], lived.stage()))
    assert "It is late" not in asked
    lived.at("2027-02-02T12:00:00.000Z")
    assert lived.told("still missed") == []
    lived.at("2027-06-01T09:00:00.000Z")
    assert (lived.missed, lived.registered("2027-06-01T09:00:00.000Z")) == ([name], stage.id)
    asked = " ".join(question(lived.state, one, lived.state.obligations[0], lived.stage()))
    assert "It is late" in asked
    lived.say("filed", "2027-06-01T10:00:00.000Z", stage=stage.id, reference="R")
    assert lived.registered("2027-06-01T11:00:00.000Z") == stage.id, "filed late it was missed, and that stays"


def nis2(room: SimpleNamespace, policy: Policy) -> Lived:
    """The incident goes on, and all that was due by then is filed."""
    lived = Lived(room, policy, "eu-nis2-23", "nis2_essential", significant_incident=True, aware_at=DETECTED,
                  incident_ongoing=True)  # fmt: skip
    for stage, at in (("early_warning", "2026-11-21T09:00:00.000Z"), ("notification", "2026-11-23T09:00:00.000Z")):
        assert lived.say("filed", at, stage=stage, reference=stage).refusal == ""
    return lived


def test_nis2_over_after_the_month_is_not_missed_between_two_words(room: Any, policy: Policy) -> None:
    """First that it goes on no longer, then since when: the final report waits for the second, and asks for it."""
    lived = nis2(room, policy)
    assert lived.say("filed", "2026-12-22T09:00:00.000Z", stage="progress", reference="P").refusal == ""
    said = "2027-01-11T10:00:00.000Z"
    lived.learn(said, incident_ongoing=False)
    final = lived.stage("final")
    assert (final.due[:10], final.anchor, final.provisional) == ("2027-02-11", "incident_handled_at", True)
    assert lived.state.obligations[0].needs == ("incident_handled_at",)
    assert (lived.missed, lived.told("MISSED")) == ([], [])
    lived.learn("2027-01-11T10:01:00.000Z", incident_handled_at="2027-01-08T10:00:00.000Z")
    assert (lived.stage("final").due[:10], lived.stage("final").provisional) == ("2027-02-08", False)
    assert lived.state.missed == ()


def test_nis2_over_and_never_dated_is_missed_a_month_after_that_word(room: Any, policy: Policy) -> None:
    """It had been handled by then at the latest: keeping the moment to oneself is no way out."""
    lived = nis2(room, policy)
    lived.learn("2027-01-11T10:00:00.000Z", incident_ongoing=False)
    lived.at("2027-02-12T00:00:00.000Z")
    assert "eu-nis2-23/final" in lived.missed


def test_nis2_over_within_the_month_is_due_at_the_month_and_asks_nothing(room: Any, policy: Policy) -> None:
    """Whenever it was handled until then, the month from the notification counts."""
    lived = nis2(room, policy)
    lived.learn("2026-12-10T10:00:00.000Z", incident_ongoing=False)
    final = lived.stage("final")
    assert (final.due[:10], final.anchor, final.provisional) == ("2026-12-23", "filing of notification", False)
    assert lived.state.obligations[0].needs == ()


def test_nis2_over_before_the_notification_is_filed_waits_for_that_filing(room: Any, policy: Policy) -> None:
    """The notification is late, and a month from its filing ends after a month from any moment that lies behind it: the final
    report is not missed before, and nothing is asked for it."""
    lived = Lived(room, policy, "eu-nis2-23", "nis2_essential", significant_incident=True, aware_at=DETECTED,
                  incident_ongoing=True)  # fmt: skip
    lived.learn("2027-01-11T10:00:00.000Z", incident_ongoing=False)
    assert lived.state.obligations[0].needs == ()
    lived.at("2027-02-20T10:00:00.000Z")
    assert lived.missed == ["eu-nis2-23/early_warning", "eu-nis2-23/notification"]
    said = lived.say("filed", "2027-02-20T11:00:00.000Z", stage="notification", reference="N")
    assert said.refusal == ""
    assert (lived.stage("final").due[:10], lived.stage("final").anchor) == ("2027-03-20", "filing of notification")
