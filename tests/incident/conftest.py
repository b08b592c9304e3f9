"""Builders for the incident room: small values with one thing changed. Time is an argument everywhere."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from halon.incident.admission import Outcome, Standing, admit
from halon.incident.affected_people import AffectedList
from halon.incident.alerts import Alert, AlertCount
from halon.incident.assessment import Assessment, Embargo, Obligation, Person, Roster, Severity, Stage
from halon.incident.broken import Broken
from halon.incident.commands import parse
from halon.incident.facts import Fact
from halon.incident.filings import Filing, Hold, LateReason
from halon.incident.gates import Answer, Gate, Proof, gate_id
from halon.incident.judged import take_in
from halon.incident.learning import learn
from halon.incident.links import Has, MergedFrom, MergedInto, SplitFrom, SplitOff
from halon.incident.messages import Message
from halon.incident.mutes import Hush, Muted
from halon.incident.notices import Notice, Overridden
from halon.incident.opening import Opening
from halon.incident.opening_state import first_state
from halon.incident.orders import Action, Call, GatePolicy, Order
from halon.incident.others import Other, Told
from halon.incident.phases import Phase
from halon.incident.remedies import Corrective, Finding, MinimalCase, Rerun, Waiver
from halon.incident.restriction import Restriction
from halon.incident.state import Sealed, State, Tally
from halon.incident.tasks import Handover, Step, Task
from halon.incident.times import after
from halon.incident.watches import Watched

T0 = "2026-11-22T10:00:00.000Z"
WORKFLOW = "incident-support-bot.leak"
PEOPLE = (
    Person("ann", "Ann", ("commander", "security"), ("mail",)),
    Person("tom", "Tom", ("technical_lead",), ("mail",)),
    Person("sue", "Sue", ("security",), ("mail",)),
    Person("pat", "Pat", ("privacy",), ("mail",)),
    Person("lea", "Lea", ("leadership",), ("mail",)),
)
ROLES = {one.name: one.roles for one in PEOPLE}
POLICY = GatePolicy(("security",), deadline=3600, escalate_after=900)


def at(seconds: float) -> str:
    """The time that many seconds after the incident opened."""
    return after(T0, seconds)


def alert(**fields: Any) -> Alert:
    """A firing alert of the support bot."""
    told = {"source": "alertmanager", "agent": "support-bot", "group": "leak", "rule": "Leak", "status": "firing",
            "fingerprint": "fp-1", "started_at": T0, "received_at": T0, "summary": "it leaks"}  # fmt: skip
    return Alert(**{**told, **fields})


def opened(*alerts: Alert, **fields: Any) -> State:
    """An incident that one alert (or ``alerts``) just opened."""
    return replace(first_state(Opening(alerts or (alert(),)), WORKFLOW, "run-1", T0), **fields)


def order(name: str = "disable-mail", **fields: Any) -> Order:
    """An order that can be undone."""
    call = Call("PUT", f"https://agent.example/{name}", ("agent.example",))
    told = {"id": name, "action": name, "title": f"Do {name}", "agent": "support-bot", "target": "mail", "apply": call,
            "verify": call, "undo": call, "reversible": True, "effect": "keyed", "reasons": ("it leaks",)}  # fmt: skip
    return Order(**{**told, **fields})


def stage(name: str = "notification", due: str = "", **fields: Any) -> Stage:
    """A stage; due in three days unless said otherwise."""
    return Stage(**{"id": name, "due": due or at(72 * 3600), "decide_by": at(70 * 3600), **fields})


def duty(status: str = "applies", *stages: Stage, **fields: Any) -> Obligation:
    """An obligation that the privacy officer decides."""
    told = {"id": "eu-gdpr-33", "title": "Notification of a breach", "entity": "acme-eu", "authority": "the authority",
            "audience": "regulator", "status": status, "decider": "privacy", "stages": stages or (stage(),)}  # fmt: skip
    return Obligation(**{**told, **fields})


def judged(level: str = "SEV2", **fields: Any) -> Assessment:
    """An assessment in mode act with everybody on the roster."""
    roster = Roster("ann", "tom", ("ann", "tom"), 300, PEOPLE)
    told = {"severity": Severity(level, (f"the rubric says {level}",)), "category": "security",  # type: ignore[arg-type]
            "categories": ("security",), "mode": "act", "entity": "acme-eu", "roster": roster, "kit_digest": "k" * 64}  # fmt: skip
    return Assessment(**{**told, **fields})


def assessed(assessment: Assessment | None = None, **fields: Any) -> State:
    """An incident with its first assessment."""
    state = opened()
    state = take_in(state, assessment or judged(), state.facts_version, at(1))
    return replace(state, **fields)


def gate(subject: str = "revoke-token", policy: GatePolicy = POLICY, **fields: Any) -> Gate:
    """An open gate of security."""
    told = {"id": gate_id(subject, "1a2b3c4d" * 8), "kind": "contain", "subject": subject, "digest": "1a2b3c4d" * 8,
            "title": "Revoke the token", "question": ("Why: it leaks",), "policy": policy, "opened_at": T0,
            "deadline_at": after(T0, policy.deadline), "escalate_at": after(T0, policy.escalate_after)}  # fmt: skip
    return Gate(**{**told, **fields})


def step(name: str = "triage/real", **fields: Any) -> Step:
    """A step of the technical lead that people tick, due in half an hour."""
    told = {"id": name, "phase": name.split("/")[0], "words": f"Is it so ({name})?", "owner": "technical_lead", "runbook": "any",
            "due_seconds": 1800}  # fmt: skip
    return Step(**{**told, **fields})


def action(name: str = "disable-mail", status: str = "verified", **fields: Any) -> Action:
    """How far an order has come."""
    return Action(order(name), status=status, **fields)  # type: ignore[arg-type]


def standing(by: str, **fields: Any) -> Standing:
    """How the kit sees somebody of the roster."""
    return Standing(**{"by": by, "known": by in ROLES, "roles": ROLES.get(by, ()), "may": True, **fields})


def say(state: State, name: str, by: str = "ann", /, *, now: str = "", update: str = "", who: Standing | None = None,
        **fields: Any) -> Outcome:  # fmt: skip
    """One command to ``state``."""
    command = parse(name, {"by": by, **fields}, update)
    return admit(state, command, who or standing(by), Proof("run-1", "update", update), now or at(60))


def full() -> State:
    """An incident in which every field of the state holds something."""
    state = assessed(judged(
        orders=(order(), order("revoke-token", reversible=False, undo=None, effect="once", gate=POLICY, way_back="new token",
                               collateral=("billing-bot",), gentler="narrow it", stops=("send_email",))),
        obligations=(duty("applies", stage("a", filed_at=at(30)), stage("b")), duty("undetermined", id="u", needs=("aware_at",),
                     gate=POLICY, contents=("what happened",), because=("personal data",), displaced_by="x")),
        blast_radius={"people": "at least 6 people", "money": "not known yet"}, unknown=("aware_at",), embargoes=(Embargo("u", "acme-eu", "notification", at(500), "", "not yet"),),
        reasons=("r",), leadership_channels=("leadership",),
        playbook={"triage": ("Acknowledge first.",)}, rca_questions=("Which layer?",), form=1,
    ))  # fmt: skip
    facts = (("affected_individuals", {"low": 6}), ("data_categories", ["health"]), ("ongoing", None), ("confirmed", True),
             ("unauthorised_tool_actions", ["send_email"]), ("untrusted_instruction", True), ("external_recipient", True),
             ("irreversible_tool_action", True), ("window_from", T0))  # fmt: skip
    state = learn(state, [Fact(name, value, "person", at(2), "pat") for name, value in facts], at(2))
    state = learn(state, [Fact("sent", False, "agent", at(2), claim=True)], at(2))
    state = say(state, "ack", update="u-1").state
    state = say(state, "decline", "pat", obligation="u", reason="no data").state
    state = say(state, "close", "tom").state
    sealed = Sealed("e1", "evidence/x/1", "0" * 64, 10, "halon", at(3), "traces")
    answer = Answer("sue", True, "yes", at(4), ("security",), Proof("run-1", "update", "u-2"), True)
    return replace(
        state, drill=True, firing_more=1, firing_rest="AAAAAA==", seen_rest="AAAAAA==", forwarding_sent=1, passing_sent=1, tally=Tally(at(9), at(9), 1, 0, ("Leak",), "0" * 64), recovered_at=at(70), successor=f"{WORKFLOW}~2", predecessor="incident-old", forwarding=(alert(),),
        level_floor_lifted_by="ann", paged=2, page_next_at=at(500), evidence=(sealed,), evidence_overridden_by="ann",
        actions=(action("disable-mail", applied_at=at(5), verified_at=at(6), before={"on": True}, note="n"),
                 action("revoke-token", "applied", undo_requested_by="tom", undo_applied_at=at(8), undone_at=at(9))),
        restriction=Restriction(("ann", "lea"), "ann", "an insider", at(12)), rung=2, harm_stopped_at=at(60), recurred_at=at(50), look_at=at(61), looks=3,
        watched={"disable-mail": Watched(at(6), at(66), 1, 1, True, 1, at(30))}, harm_watched=Watched(at(60), at(120)), rung_until=at(65),
        gates=(gate(answers=(answer,), status="granted", settled_at=at(4)), gate("other")),
        broken=(Broken("revoke-token-1a2b3c4d", "revoke-token", "Revoke the token", ("tom",), ("sue",), "now", "all", at(4), "ann", at(5), "ok"),),
        notices=(Notice("n1", "regulator", "eu-gdpr-33", "a", "t", "mail", "authority", "s", "b", POLICY, "sent", 1, at(9), "R",
                        "note", "head"), Notice("n2", "leadership")),
        missed=("eu-gdpr-33/b",), filings=(Filing("eu-gdpr-33", "a", at(30), "pat", at(31), "R", "ev-1", at(20), "asleep", True),),
        late_reasons=(LateReason("eu-gdpr-33", "b", "nobody was there", "pat", at(40)),),
        holds=(Hold("u", at(99), "legal", "a judge asked", "pat", at(41), at(50), "pat", "no more"),), outbox=(Message("m", "page", "ann", "s", "b", at(9), ("mail",)),), next_update_at=at(900),
        promises={"leadership": at(950)}, overridden=(Overridden("n1", "overpromise", ("It is over.",), "ann", "it is", at(12)),),
        affected=AffectedList("ab" * 32, 3, "pat", at(13), "counted", {"DE": 3}, "sue", at(14)),
        findings=(Finding("f1", "retrieval", "untrusted page", "ann", at(9), ("e1",), "shown"),), whys=("because",),
        case=MinimalCase("mail it", "s-1", ("page",), "page", ("send_email",), True, False, {"seed": 1}),
        correctives=(Corrective("c1", "Isolate", "tom", at(9999), "ann", at(9), "done", note="merged"),),
        reruns=(Rerun(at(10), True, True, 5, 0, ("ok",), "e2"),), waivers=(Waiver("c2", "ann", "r", at(11)),),
        phases={"detect": Phase("done", "", at(1), at(2)), "contain": Phase("waiting", "an approval", at(2))},
        others=(Other("INC-0001", "incident-support-bot.other", at(-900), at(-300), "resolved", True, True,
                      (Told("eu-gdpr-33", "the authority", at(-400)),)),),
        passing=(alert(),), merged_into=MergedInto("incident-a.b", "INC-0002", "a", "ann", at(70), "one cause", 2, 1, 4, at(90), 1,
                                                  Has(("disable-mail",), {"eu-gdpr-33@acme-eu": ""}, True)),
        merged_from=(MergedFrom("incident-c.d", "INC-0003", "c", "d", "ann", at(60), "one cause", 1, 3, 2, ("incident-e.f",),
                                (("c", "d"),), 2, 1),),
        split_from=SplitFrom("incident-g.h", "INC-0004", "ann", at(1), "another cause", at(-9), (AlertCount("Leak", 1),), ("x",)),
        splits=(SplitOff(1, f"{WORKFLOW}.split-1", ("Slow",), ("fp-9",), "ann", at(20), "another cause", at(-5), (alert(),),
                         (AlertCount("Slow", 1),), "INC-0005", at(21), at(22), 1, 2),),
        muted=Muted("night", at(40), "trained anew", "tom", "SEV2", T0, ("Leak",), True, True, at(30), "tom said something", 1),
        hush=Hush("ann", at(35), at(3600), "on it", "SEV2"), ended_as="merged",
        assessed_alerts=1, refused={"u-9": ("NotAuthorised", "no")},
        outcome="resolved", close_requested_by="ann", close_note="done", false_alarm_by="sue", closed_at=at(100),
        reopened_from="run-0", run_ids=("run-0", "run-1"),
        tasks=(Task(step(answers=("confirmed",), automated=True, met=True), "done", "halon", at(3), "", at(1800), "tom"),),
        assessed_sealed=True, handover=Handover("tom", "ann", at(80), at(380), "sleep"), kit_digest="k" * 64,
        kit_wanted="n" * 64, kits_left=("o" * 64,), newer_kit="m" * 64, newer_kit_difference=("severity.yaml x: 1 -> 2",),
    )  # fmt: skip


@pytest.fixture(scope="session")
def room() -> SimpleNamespace:
    """All builders under one name."""
    return SimpleNamespace(
        T0=T0, WORKFLOW=WORKFLOW, PEOPLE=PEOPLE, POLICY=POLICY, at=at, step=step, alert=alert, opened=opened, order=order,
        stage=stage, duty=duty, judged=judged, assessed=assessed, full=full, gate=gate, action=action, standing=standing, say=say,
    )  # fmt: skip
