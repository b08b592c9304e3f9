"""Admission: each command does one thing, or is refused by a type and a sentence that says what to do next."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from halon.incident.admission import admit
from halon.incident.assessment import Away
from halon.incident.commands import COMMANDS, parse
from halon.incident.facts import Fact, held
from halon.incident.gates import Proof
from halon.incident.said import MOST_CORRECTIVES, MOST_FINDINGS, MOST_WHYS
from halon.incident.standing import decided
from halon.incident.state import Sealed, State
from halon.incident.tasks import Handover, Task
from halon.incident.ticking import MOST_TASKS

GATE = "revoke-token-1a2b3c4d"
SEALED = Sealed("e", "evidence/x", "0" * 64, 1, "halon", "t")


def with_gate(room: Any, **fields: Any) -> State:
    state: State = room.assessed(gates=(room.gate(**fields),))
    return state


def test_ack_stops_the_paging_and_makes_a_commander(room: Any) -> None:
    """Who acknowledges first has it, unless there is a commander."""
    paged = room.assessed(page_next_at=room.at(300), commander="")
    done = room.say(paged, "ack", "sue").state
    assert (done.acked_by, done.acked_at, done.page_next_at, done.commander) == ("sue", room.at(60), "", "sue")
    assert room.say(room.assessed(), "ack", "sue").state.commander == "ann"
    assert room.say(paged, "ack", "sue").text == "Acknowledged by sue (name unverified)."
    assert room.say(paged, "ack", "sue", who=room.standing("sue", verified=True)).text == "Acknowledged by sue."


@pytest.mark.parametrize(("role", "field"), [("commander", "commander"), ("technical_lead", "technical_lead")])
def test_assign(room: Any, role: str, field: str) -> None:
    """By the name in the kit, in any case of letters."""
    done = room.say(room.assessed(), "assign", role=role, to="SUE", reason="shift")
    assert getattr(done.state, field) == "sue"
    assert done.text == f"sue is {role.replace('_', ' ')} now: shift"


def test_a_fact_is_held_and_judged_anew(room: Any) -> None:
    """It raises the version, and null says that it is not known yet."""
    state = room.assessed()
    done = room.say(state, "fact", "pat", name="risk_to_individuals", value="high").state
    assert held(done.facts)["risk_to_individuals"] == "high"
    assert done.facts_version == done.person_version == state.facts_version + 1
    again = room.say(done, "fact", "pat", name="risk_to_individuals", value=None).state
    assert held(again.facts)["risk_to_individuals"] is None


def test_a_note_is_in_the_record(room: Any) -> None:
    """Word for word, under its author's name."""
    line = room.say(room.assessed(), "note", "sue", text="I called <them>").state.chain.pending[-1]
    assert (line.kind, line.actor, line.text) == ("note", "sue", "I called <them>")


def test_approve_grants_and_names_the_proof(room: Any) -> None:
    """The record says who approved which digest, by which update of which run."""
    done = room.say(with_gate(room), "approve", "sue", gate=GATE, update="u-1")
    assert done.state.gates[0].status == "granted"
    data = done.state.chain.pending[-1].data
    assert data == {
        "gate": GATE,
        "digest": "1a2b3c4d" * 8,
        "approve": True,
        "verified": False,
        "update": "u-1",
        "run": "run-1",
    }


def test_two_people_are_needed_where_the_gate_asks_for_two(room: Any) -> None:
    """The first approval says how many are missing."""
    first = room.say(with_gate(room, policy=replace(room.POLICY, quorum=2)), "approve", "sue", gate=GATE)
    assert first.text.endswith("1 more of security still has to agree")
    assert first.state.gates[0].status == "open"
    assert room.say(first.state, "approve", "ann", gate=GATE).state.gates[0].status == "granted"


def test_one_no_settles_a_gate_and_can_be_taken_back(room: Any) -> None:
    """After withdraw the gate is open again."""
    no = room.say(with_gate(room), "reject", "sue", gate=GATE, reason="wrong token").state
    assert no.gates[0].status == "rejected"
    back = room.say(no, "withdraw", "sue", gate=GATE, reason="misread")
    assert back.state.gates[0].status == "open"
    assert back.text == f"sue (name unverified) took the answer to {GATE} back: misread"


def test_the_proposer_may_say_no(room: Any) -> None:
    """Whoever asked for something may always drop it, whatever their role."""
    for proposed in ({"proposer": "tom"}, {"proposers": ("tom",)}):
        state = with_gate(room, **proposed)
        assert room.say(state, "reject", "tom", gate=GATE, reason="no longer").state.gates[0].status == "rejected"


@pytest.mark.parametrize(("level", "word", "lifted"), [("SEV1", "raised", ""), ("SEV3", "lowered", "ann")])
def test_severity_changes_by_name_and_the_old_one_stays_visible(room: Any, level: str, word: str, lifted: str) -> None:
    """Who, why and what it was before."""
    done = room.say(room.assessed(), "severity", level=level, reason="I looked")
    assert [one.level for one in done.state.level_changes] == ["SEV2", level]
    assert done.state.level_floor_lifted_by == lifted
    assert done.text == f"Severity {word} from SEV2 to {level} by ann (name unverified): I looked"


@pytest.mark.parametrize(("command", "word"), [("declare", "declared"), ("decline", "declined")])
def test_the_decider_decides_an_obligation(room: Any, command: str, word: str) -> None:
    """The decision, its reason and what was judged then are on record."""
    state = room.assessed(room.judged(obligations=(room.duty("undetermined"),)))
    done = room.say(state, command, "pat", obligation="eu-gdpr-33", reason="counsel says so").state
    assert decided(done, "eu-gdpr-33") == word
    assert done.chain.pending[-1].data["status_then"] == "undetermined"


def test_a_filing_is_recorded_with_its_reference(room: Any) -> None:
    """The first open stage unless one is named; later stages are judged anew from the actual time."""
    state = room.assessed(room.judged(obligations=(room.duty("applies", room.stage("a"), room.stage("b")),)))
    first = room.say(state, "filed", "pat", obligation="eu-gdpr-33", reference="R-1", at="2026-11-22T11:00:30+01:00")
    assert [one.filed_at for one in first.state.obligations[0].stages] == ["2026-11-22T10:00:30.000Z", ""]
    assert first.text == "eu-gdpr-33/a was filed at 2026-11-22T10:00:30.000Z, reference R-1"
    assert first.state.facts_version == state.facts_version + 1
    second = room.say(first.state, "filed", "pat", obligation="eu-gdpr-33", reference="R-2", stage="b").state
    assert second.obligations[0].stages[1].filed_at == room.at(60)


def test_undo_and_restore_only_ask(room: Any) -> None:
    """The action stays in force until its gate is granted."""
    state = room.assessed(actions=(room.action(), room.action("b", "unverified"), room.action("c", "denied")))
    one = room.say(state, "undo", "tom", action="disable-mail", reason="r").state
    assert [(each.status, each.undo_requested_by) for each in one.actions] == [
        ("verified", "tom"), ("unverified", ""), ("denied", "")]  # fmt: skip
    rest = room.say(one, "restore", "ann", reason="r").state
    assert [each.undo_requested_by for each in rest.actions] == ["tom", "ann", ""]


def test_causes_and_correctives_are_numbered(room: Any) -> None:
    """Finding, why, corrective action, done, waived."""
    state = room.say(room.assessed(), "finding", layer="retrieval", text="untrusted page").state
    state = room.say(state, "why", text="because nobody looked").state
    state = room.say(state, "corrective", title="Isolate", owner="tom", deadline="2026-12-01").state
    state = room.say(state, "corrective", title="Train", owner="sue", deadline="2026-12-02").state
    assert (state.findings[0].id, state.whys, [one.id for one in state.correctives]) == (
        "f1", ("because nobody looked",), ["c1", "c2"])  # fmt: skip
    assert state.correctives[0].deadline == "2026-12-01T00:00:00.000Z"
    state = room.say(state, "corrective", "tom", id="c1", text="merged").state
    state = room.say(state, "waive", what="c2", reason="not worth it").state
    assert [(one.status, one.note) for one in state.correctives] == [("done", "merged"), ("waived", "not worth it")]
    state = room.say(state, "waive", what="proof", reason="vendor's word").state
    assert [one.what for one in state.waivers] == ["c2", "proof"]


def test_a_false_alarm_drops_the_duties_and_asks_to_give_back(room: Any) -> None:
    """Clocks stop by a person's word on record; what was switched off is only asked back."""
    state = room.assessed(room.judged(obligations=(room.duty(),)), actions=(room.action(), room.action("b", "planned")))
    done = room.say(state, "false-alarm", reason="a test").state
    assert (done.false_alarm_by, decided(done, "eu-gdpr-33")) == ("ann", "declined")
    assert [one.undo_requested_by for one in done.actions] == ["ann", ""]


def test_close_once_everything_is_settled(room: Any) -> None:
    """With the note that goes into the outcome."""
    state = room.say(room.assessed(), "false-alarm", reason="a test").state
    done = room.say(state, "close", reason="all well").state
    assert (done.close_requested_by, done.close_note) == ("ann", "all well")


REFUSED: list[tuple[str, str, dict[str, Any], Callable[[Any], dict[str, Any]], str, str]] = [
    ("ack", "ann", {}, lambda r: {"acked_by": "sue", "acked_at": r.T0}, "AlreadyAcknowledged", "sue acknowledged at 2026"),
    ("assign", "ann", {"role": "commander", "to": "suse"}, lambda r: {}, "UnknownPerson", "did you mean 'sue'?"),
    ("handover", "ann", {"to": "tomm"}, lambda r: {}, "UnknownPerson", "did you mean 'tom'?"),
    ("handover", "tom", {"to": "sue"}, lambda r: {}, "NotAuthorised", "Only the commander hands over, and that is ann"),
    ("handover", "ann", {"to": "ann"}, lambda r: {}, "NothingNew", "ann is commander already"),
    ("handover", "ann", {"to": "sue"}, lambda r: {"handover": Handover("sue", "ann", r.at(50), r.at(350))}, "AlreadyAsked", "sue was asked"),
    ("handover", "ann", {"to": "tom"}, lambda r: {"assessment": _with_away(r)}, "NotThere", "hand over to sue"),
    ("task", "tom", {"do": "done", "step": "triage/reel"}, lambda r: _steps(r), "UnknownStep", "did you mean 'triage/real'?"),
    ("task", "tom", {"do": "done", "step": "triage/real"}, lambda r: _steps(r, status="done", by="halon"), "AlreadyDone", "triage/real is done"),
    ("task", "tom", {"do": "done", "step": "triage/real"}, lambda r: {"tasks": (Task(r.step(automated=True, answers=("confirmed",))),)},
     "NeedsReason", "once confirmed is known: say `fact`"),
    ("task", "tom", {"do": "skip", "step": "triage/real"}, lambda r: _steps(r), "NeedsReason", "it stays visible, with your name"),
    ("task", "tom", {"do": "skip", "step": "triage/real", "reason": "r"}, lambda r: _steps(r, status="done", by="sue"), "AlreadyDone", "done by sue"),
    ("task", "pat", {"do": "skip", "step": "triage/real", "reason": "r"}, lambda r: _steps(r), "NotAuthorised", "technical_lead (tom) or the commander"),
    ("task", "tom", {"do": "reopen", "step": "triage/real"}, lambda r: _steps(r, status="done"), "NeedsReason", "takes a reason"),
    ("task", "tom", {"do": "reopen", "step": "triage/real", "reason": "r"}, lambda r: _steps(r), "NothingNew", "open already"),
    ("task", "tom", {"do": "add", "step": "Call"}, lambda r: {}, "Incomplete", "needs owner"),
    ("task", "tom", {"do": "add", "step": "x" * 301, "owner": "tom"}, lambda r: {}, "Incomplete", "300 characters"),
    ("task", "tom", {"do": "add", "step": "Call", "owner": "nobody"}, lambda r: {}, "UnknownPerson", "or holds that role"),
    ("task", "tom", {"do": "add", "step": "Call", "owner": "tom", "due": "2026-11-22"}, lambda r: {}, "InThePast", "has passed"),
    ("task", "tom", {"do": "add", "step": "Call", "owner": "tom"}, lambda r: {"tasks": tuple(Task(r.step(f"rca/s{n}")) for n in range(MOST_TASKS))},
     "TooMany", "120 steps already"),
    ("kit", "ann", {"reason": "r"}, lambda r: {}, "NothingNew", f"Kit {'k' * 12} judges this incident"),
    ("kit", "ann", {"reason": "r"}, lambda r: {"kit_wanted": "n" * 64}, "AlreadyAsked", f"moved to kit {'n' * 12} already"),
    ("fact", "pat", {"name": "detected_at", "value": "x"}, lambda r: {"facts": (_person_fact(),)}, "NothingNew", "already"),
    ("approve", "sue", {"gate": "nope"}, lambda r: {"gates": (r.gate(),)}, "UnknownGate", f"Known: {GATE}."),
    ("approve", "sue", {"gate": "revoke-token-ffffffff"}, lambda r: {"gates": (r.gate(),)}, "UnknownGate", "look again"),
    ("approve", "tom", {"gate": GATE}, lambda r: {"gates": (r.gate(),)}, "NotAuthorised", "tom holds technical_lead; this gate needs security."),
    ("approve", "sue", {"gate": GATE}, lambda r: {"gates": (r.gate(proposer="sue"),)}, "SelfApproval", "somebody else with security"),
    ("approve", "sue", {"gate": GATE}, lambda r: {"gates": (r.gate(proposers=("ann", "sue")),)}, "SelfApproval", "sue proposed this"),
    ("approve", "sue", {"gate": GATE}, lambda r: {"gates": (r.gate(status="void"),)}, "GateClosed", "No gate is open now."),
    ("approve", "sue", {"gate": GATE}, lambda r: {"gates": (r.gate(deadline_at=r.at(59)),)}, "GateClosed", "expired at"),
    ("reject", "sue", {"gate": GATE, "reason": "r"}, lambda r: {"gates": (r.gate(status="granted"),)}, "GateClosed", "granted already"),
    ("reject", "pat", {"gate": GATE, "reason": "r"}, lambda r: {"gates": (r.gate(),)}, "NotAuthorised", "answered by security, not by pat"),
    ("withdraw", "sue", {"gate": GATE}, lambda r: {"gates": (r.gate(status="spent"),)}, "GateClosed", "has run"),
    ("withdraw", "sue", {"gate": GATE}, lambda r: {"gates": (r.gate(),)}, "NoAnswer", "has not answered"),
    ("withdraw", "sue", {"gate": "x-1"}, lambda r: {}, "UnknownGate", "Known: none."),
    ("withdraw", "sue", {"gate": GATE}, lambda r: {"gates": (r.gate(status="granted"),), "actions": (r.action("revoke-token", "applying"),)},
     "GateClosed", "is under way"),
    ("severity", "ann", {"level": "SEV2", "reason": "r"}, lambda r: {}, "NothingNew", "SEV2 already"),
    ("declare", "pat", {"obligation": "eu-gdpr-34", "reason": "r"}, lambda r: {"obligations": (r.duty(),)}, "UnknownObligation", "did you mean 'eu-gdpr-33'?"),
    ("decline", "ann", {"obligation": "eu-gdpr-33", "reason": "r"}, lambda r: {"obligations": (r.duty(),)}, "NotAuthorised", "decided by the privacy"),
    ("filed", "pat", {"obligation": "x", "reference": "r"}, lambda r: {}, "UnknownObligation", "Known: none."),
    ("filed", "pat", {"obligation": "eu-gdpr-33", "reference": "r", "stage": "x"}, lambda r: {"obligations": (r.duty(),)}, "UnknownStage", "Known: notification."),
    ("filed", "pat", {"obligation": "eu-gdpr-33", "reference": "r", "stage": "s"},
     lambda r: {"obligations": (r.duty("applies", r.stage("s", filed_at=r.T0)),)}, "AlreadyFiled", "was filed at"),
    ("filed", "pat", {"obligation": "eu-gdpr-33", "reference": "r", "at": "2027-01-01"}, lambda r: {"obligations": (r.duty(),)}, "InTheFuture", "is in the future"),
    ("late-reason", "pat", {"obligation": "x", "reason": "r"}, lambda r: {}, "UnknownObligation", "Known: none."),
    ("late-reason", "pat", {"obligation": "eu-gdpr-33", "reason": "r"}, lambda r: {"obligations": (r.duty(),)}, "NotLate", "once it is late"),
    ("hold", "pat", {"obligation": "x"}, lambda r: {}, "UnknownObligation", "Known: none."),
    ("hold", "pat", {"obligation": "eu-gdpr-33"}, lambda r: {"obligations": (r.duty(),)}, "Incomplete", "until, by_whom, reason"),
    ("hold", "pat", {"obligation": "eu-gdpr-33", "off": True, "reason": "r"}, lambda r: {"obligations": (r.duty(),)}, "NothingNew", "Nothing holds"),
    ("undo", "ann", {"action": "disable-mails", "reason": "r"}, lambda r: {"actions": (r.action(),)}, "UnknownAction", "did you mean 'disable-mail'?"),
    ("undo", "ann", {"action": "x", "reason": "r"}, lambda r: {"actions": (_final(r),)}, "NotReversible", "the way back: make a new one"),
    ("undo", "ann", {"action": "disable-mail", "reason": "r"}, lambda r: {"actions": (r.action(status="planned"),)}, "NothingToUndo", "is planned"),
    ("undo", "ann", {"action": "disable-mail", "reason": "r"}, lambda r: {"actions": (r.action(undo_requested_by="tom"),)}, "AlreadyAsked", "tom asked for that"),
    ("restore", "ann", {"reason": "r"}, lambda r: {"actions": (_final(r),)}, "NothingToUndo", "Nothing that could be given back"),
    ("finding", "ann", {"layer": "model", "text": "t"}, lambda r: {"findings": ("x",) * MOST_FINDINGS}, "TooMany", "50 findings already"),
    ("why", "ann", {"text": "t"}, lambda r: {"whys": ("x",) * MOST_WHYS}, "TooMany", "20 whys already"),
    ("corrective", "ann", {"title": "t", "owner": "tom", "deadline": "2027-01-01"},
     lambda r: {"correctives": ("x",) * MOST_CORRECTIVES}, "TooMany", "`note`"),
    ("corrective", "ann", {"title": "t"}, lambda r: {}, "Incomplete", "needs owner, deadline"),
    ("corrective", "ann", {"title": "t", "owner": "tom", "deadline": "2026-11-22"}, lambda r: {}, "InThePast", "has passed"),
    ("corrective", "ann", {"id": "c9"}, lambda r: {}, "UnknownCorrective", "Known: none."),
    ("waive", "ann", {"what": "prof", "reason": "r"}, lambda r: {}, "UnknownWaiver", "did you mean 'proof'?"),
    ("evidence", "ann", {"artefact": "traces", "reason": "r"}, lambda r: {}, "UnknownEvidence", "names no artefact"),
    ("affected", "pat", {"reviewed": True, "reason": "r"}, lambda r: {}, "NothingToReview", "No list of affected people is named yet"),
    ("override", "ann", {"what": "evidence", "reason": "r"}, lambda r: {"evidence": (SEALED,)}, "NothingToOverride", "is sealed"),
    ("false-alarm", "ann", {"reason": "r"}, lambda r: {"false_alarm_by": "sue"}, "AlreadySaid", "sue called it"),
    ("merge", "ann", {"into": "INC-0002", "reason": "r"}, lambda r: {}, "NotLookedUp", "say it again in a moment"),
    ("split", "ann", {"reason": "r"}, lambda r: {}, "Incomplete", "Rules: Leak."),
    ("mute", "ann", {}, lambda r: {}, "Incomplete", "one of the two"),
    ("note", "tom", {"text": "t", "done_outside": "disable-mails"}, lambda r: {"actions": (r.action(),)}, "UnknownAction", "did you mean 'disable-mail'?"),
    ("note", "tom", {"text": "t", "done_outside": "x"}, lambda r: {"actions": (r.action("x", "planned"),)}, "NotLookedUp", "say it again"),
    ("contain", "ann", {}, lambda r: {}, "NotLookedUp", "say it again in a moment"),
    ("break-glass", "ann", {"gate": GATE, "reason": "r"}, lambda r: {"gates": (r.gate(),)}, "NoGlass", "1 of security"),
    ("break-glass", "ann", {"gate": "x", "reason": "r"}, lambda r: {"gates": (r.gate(),)}, "UnknownGate", "Known:"),
    ("review", "ann", {"gate": GATE, "reason": "r"}, lambda r: {"gates": (r.gate(),)}, "NotBroken", "No glass"),
    ("restrict", "ann", {"people": [], "reason": "r"}, lambda r: {}, "NotRestricted", "is not restricted"),
    ("look", "tom", {"what": "gates"}, lambda r: {}, "NotASignal", "send an Update"),
    ("close", "ann", {}, lambda r: {"gates": (r.gate(),)}, "NotSettled", f"gate {GATE} waits for security"),
]  # fmt: skip


def _person_fact() -> Fact:
    return Fact("detected_at", "x", "person", "t")


def _steps(room: Any, **fields: Any) -> dict[str, Any]:
    return {"tasks": (Task(room.step(), **fields),)}


def _with_away(room: Any) -> Any:
    judged = room.judged()
    return replace(judged, roster=replace(judged.roster, away=(Away("tom", room.T0, room.at(9000), "sue"),)))


def _final(room: Any) -> Any:
    return replace(room.action("x"), order=room.order("x", reversible=False, undo=None, way_back="make a new one"))


@pytest.mark.parametrize(
    ("name", "by", "fields", "situation", "kind", "told"),
    REFUSED,
    ids=[f"{one[0]}-{one[4]}-{n}" for n, one in enumerate(REFUSED)],
)
def test_a_refusal_has_a_type_a_reason_and_a_place_in_the_record(
    room: Any,
    name: str,
    by: str,
    fields: dict[str, Any],
    situation: Callable[[Any], dict[str, Any]],
    kind: str,
    told: str,
) -> None:
    """Nothing but the log and the count of refusals changes, and the log says what the person was told."""
    state = replace(room.assessed(), **situation(room))
    outcome = room.say(state, name, by, **fields)
    assert (outcome.refusal, told in outcome.text) == (kind, True), outcome.text
    line = outcome.state.chain.pending[-1]
    assert (line.kind, line.actor, line.text, line.data) == (
        "refused",
        by,
        f"Refused {name}: {outcome.text}",
        {"type": kind, **({"gate": fields["gate"], "command": name} if "gate" in fields else {})},
    )
    assert outcome.state.refusals == {by: 1}
    gates = tuple(replace(one, tried=()) for one in outcome.state.gates)
    assert replace(outcome.state, refusals={}, refused={}, gates=gates, chain=state.chain, tail=state.tail) == state


def test_every_command_has_a_happy_path_and_a_refusal_here() -> None:
    """A new command without its refusals in this table is found."""
    assert set(COMMANDS) - {one[0] for one in REFUSED} == set()


@pytest.mark.parametrize("name", sorted(COMMANDS))
@pytest.mark.parametrize(
    ("who", "kind", "told"),
    [
        ({"known": False, "why": "Nobody called 'x' is here."}, "UnknownPerson", "Nobody called 'x' is here."),
        ({"known": False}, "UnknownPerson", "Nobody called 'sue' is in the kit."),
        ({"may": False, "why": "only the commander"}, "NotAuthorised", "only the commander"),
        ({"may": False}, "NotAuthorised", "sue may not say"),
    ],
)
def test_nobody_unknown_or_unauthorised_says_anything(
    room: Any, name: str, who: dict[str, Any], kind: str, told: str
) -> None:
    """Whatever the command, and even where it would have been refused for another reason."""
    command = parse(name, {**_example(name), "by": "sue"})
    outcome = admit(room.assessed(), command, room.standing("sue", **who), Proof("r", "signal"), room.at(60))
    assert outcome.refusal == kind
    assert told in outcome.text


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_a_closed_incident_answers_and_does_nothing(room: Any, name: str) -> None:
    """Every command is refused with the time of closing."""
    state = room.assessed(closed_at=room.at(50))
    command = parse(name, _example(name))
    outcome = admit(state, command, room.standing("ann"), Proof("r", "update"), room.at(60))
    assert (outcome.refusal, outcome.text) == (
        "Closed",
        f"{state.reference} is closed since {room.at(50)}; open a new one to go on.",
    )


def _example(name: str) -> dict[str, Any]:
    shown: dict[str, Any] = json.loads(COMMANDS[name].example())
    return shown
