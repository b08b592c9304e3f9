"""Restricted incidents: seen, answered and spoken in by named people, and nothing but a reference for everybody else."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from halon.incident import patience, restricting
from halon.incident.admission import admit
from halon.incident.commands import COMMANDS, parse
from halon.incident.gates import Proof
from halon.incident.judged import take_in
from halon.incident.messages import Message
from halon.incident.others import Other, told_already
from halon.incident.restriction import Restriction, named, restricted
from halon.incident.saying import Refused
from halon.incident.state import State
from halon.incident.tasks import Handover
from halon.incident.timeline import tell

PLANTED = "canary-7d1f"


def kept(room: Any, *people: str, **fields: Any) -> State:
    """An incident that ann restricted to ``people``."""
    said = room.say(room.assessed(**fields), "restrict", people=list(people), reason="an insider")
    assert not said.refusal, said.text
    state: State = said.state
    return state


def test_restrict_names_who_sees_it_from_then_on(room: Any) -> None:
    """In any case of letters; by whom, why and when is kept, and the log says it."""
    said = room.say(room.assessed(), "restrict", people=["ANN", "sue", "ann"], reason="an insider")
    assert said.state.restriction == Restriction(("ann", "sue"), "ann", "an insider", room.at(60))
    assert said.state.reference in said.text
    assert "an insider" in said.text
    assert restricted(said.state)


def test_restrict_is_refused_for_whom_nobody_knows_and_for_nothing_new(room: Any) -> None:
    """Each by a type of its own."""
    said = room.say(room.assessed(), "restrict", people=["ann", "eve"], reason="r")
    assert (said.refusal, "'eve'" in said.text) == ("UnknownPerson", True)
    again = room.say(kept(room, "ann"), "restrict", people=["ann"], reason="r")
    assert (again.refusal, "just these people" in again.text) == ("NothingNew", True)


def test_nobody_who_is_not_named_says_anything(room: Any) -> None:
    """Whatever the command and the role: the answer has the reference and whom to ask, by role, and nothing else."""
    state = kept(room, "sue", "lea")
    for name in COMMANDS:
        command = parse(name, {**json.loads(COMMANDS[name].example()), "by": "tom"}, f"u-{name}")
        outcome = admit(state, command, room.standing("tom", may=False, why=PLANTED), Proof("r", "update"), room.at(90))
        assert (outcome.refusal, outcome.text) == (
            "Restricted",
            f"{state.reference} is restricted to named people. Ask one of them: leadership or security.",
        ), name
        assert outcome.state.tail[-1].text.startswith(f"Refused {name}")


def test_those_named_speak_as_before(room: Any) -> None:
    """A restriction takes nothing from those who see it."""
    state = kept(room, "ann", "sue", gates=(room.gate(),))
    assert room.say(state, "note", "sue", text="seen").refusal == ""
    done = room.say(state, "approve", "sue", gate="revoke-token-1a2b3c4d", reason="yes")
    assert done.state.gates[0].status == "granted"


def test_only_a_named_person_lifts_it_and_what_it_was_stays_visible(room: Any) -> None:
    """With the reason on record; after that everybody is heard again, and the kit's rule does not set it anew."""
    state = kept(room, "ann", "sue")
    assert room.say(state, "restrict", "lea", people=[], reason="r").refusal == "Restricted"
    lifted = room.say(state, "restrict", "sue", people=[], reason="it was nobody of ours")
    assert not restricted(lifted.state)
    assert "kept to ann, sue" in lifted.text
    assert "it was nobody of ours" in lifted.text
    assert room.say(lifted.state, "note", "tom", text="back").refusal == ""
    judged = room.judged(restricted=("lea",), restricted_because="an insider is suspected")
    assert not restricted(take_in(lifted.state, judged, lifted.state.facts_version, room.at(99)))


def test_the_kit_restricts_from_the_first_judgement(room: Any) -> None:
    """By the rule's own words; a later judgement that finds other people changes nothing."""
    judged = room.judged(restricted=("sue", "lea"), restricted_because="an insider is suspected")
    state = room.assessed(judged)
    assert (named(state), state.restriction.by) == (("sue", "lea"), "halon")
    assert any("an insider is suspected" in line.text for line in state.tail)
    again = take_in(state, replace(judged, restricted=("tom",)), state.facts_version, room.at(70))
    assert named(again) == ("sue", "lea")


def test_a_gate_that_nobody_could_answer_is_said_at_restrict_and_later_at_once(room: Any) -> None:
    """Who is missing is named; what the kit restricts, and gates that open later, are told to those named."""
    refused = room.say(room.assessed(gates=(room.gate(proposer="sue"),)), "restrict", people=["sue", "tom"], reason="r")
    assert refused.refusal == "NobodyCouldAnswer"
    assert "security" in refused.text
    state = kept(room, "tom", "lea")
    told = restricting.asked(state, room.at(99), room.gate())
    new = [one for one in told.outbox if one.id.startswith("unanswerable:")]
    assert {one.to for one in new} == {"tom", "lea"}
    assert "Nobody who is named could answer" in told.tail[-1].text
    assert restricting.asked(kept(room, "sue"), room.at(99), room.gate()).outbox == kept(room, "sue").outbox


def test_answers_given_before_count_on(room: Any) -> None:
    """A yes of somebody who no longer sees it was given when they were entitled to."""
    two = replace(room.POLICY, quorum=2)
    state = room.assessed(gates=(room.gate(policy=two),))
    once = room.say(state, "approve", "ann", gate="revoke-token-1a2b3c4d", reason="yes").state
    assert room.say(once, "restrict", people=["sue"], reason="r").refusal == ""
    assert room.say(state, "restrict", people=["sue"], reason="r").refusal == "NobodyCouldAnswer"


def test_nobody_else_leads_it_or_is_handed_it(room: Any) -> None:
    """Commander and technical lead are taken from those named, or are nobody."""
    over = Handover("tom", "ann", room.at(50), room.at(350), "sleep")
    state = kept(room, "tom", "lea", handover=over)
    assert (state.commander, state.technical_lead, state.handover) == ("", "tom", None)


def test_pages_go_to_those_named_with_the_reference_and_the_command_alone(room: Any) -> None:
    """Whoever else would have been told is not; and if nobody of them is named, somebody who is must know."""
    state = kept(room, "sue", "lea")
    before = len(state.outbox)
    state = tell(
        state,
        room.at(90),
        "x",
        PLANTED,
        PLANTED,
        names=("tom", "sue"),
        asked=PLANTED,
        until=room.at(99),
        command=PLANTED,
    )
    state = tell(state, room.at(91), "y", PLANTED, PLANTED, names=("tom",))
    assert [one.to for one in state.outbox[before:]] == ["sue", "sue", "lea"]
    for one in state.outbox:
        bare = restricting.bare(state, one)
        assert bare is not None
        assert PLANTED not in str(bare.subject + bare.body + bare.asked + bare.command + bare.until)
        assert state.reference in bare.subject
        assert bare.command == f"halon status {state.reference} --by {bare.to}"


def test_what_waited_to_be_sent_to_others_is_not_sent(room: Any) -> None:
    """A page of before that has not gone out yet, and whatever is for leadership as such."""
    state = kept(room, "sue")
    page = Message("m", "page", "tom", PLANTED, PLANTED, room.at(1))
    assert restricting.bare(state, page) is None
    assert restricting.bare(state, replace(page, kind="leadership", to="sue")) is None
    over = restricting.bare(state, replace(page, kind="resolve"))
    assert over is not None
    assert PLANTED not in over.subject + over.body
    assert restricting.bare(room.assessed(), page) is page


@pytest.mark.parametrize("show", [restricting.shown, restricting.details, restricting.headline, restricting.in_words])
def test_what_everybody_may_read_holds_the_reference_and_how_to_look(room: Any, show: Any) -> None:
    """No agent, no severity, no name, nothing of what happened."""
    state = kept(room, "sue", "lea")
    text = str(show(state))
    assert state.reference in text
    for secret in (state.agent, state.group, "SEV", "sue", "lea", "ann", "insider"):
        assert secret not in text.replace("YOUR NAME", "").replace("leadership", "")


def test_a_name_refused_too_often_is_not_told_who_leads_it(room: Any) -> None:
    """The door's own refusal says nothing of the incident either."""
    state = replace(kept(room, "ann"), refusals={"eve": patience.PATIENCE})
    _, text = patience.turned_away(state, parse("ack", {"by": "eve"}, "u"), room.at(90))
    assert "ann" not in text.replace("commander", "")
    assert "one of those who see it" in text


@pytest.mark.parametrize("name", sorted(restricting.SPREADING))
def test_what_would_carry_it_elsewhere_is_refused_to_those_named_too(room: Any, name: str) -> None:
    """Its alerts and facts would stand in an incident that everybody sees."""
    fields = {"into": "INC-0002"} if name == "merge" else {}
    said = room.say(kept(room, "ann"), name, "ann", reason="r", **fields)
    assert (said.refusal, "lift that first" in said.text) == ("Restricted", True)


def test_when_nobody_who_is_named_is_left_the_others_are_heard(room: Any) -> None:
    """An incident must not be lost for all because people left the kit."""
    state = replace(room.assessed(), restriction=Restriction(("gone",), "ann", "r", room.at(1)))
    restricting.refused(state, "tom", "note")
    with pytest.raises(Refused):
        restricting.refused(kept(room, "ann"), "tom", "note")


def test_the_whole_state_is_for_who_has_read_the_record(room: Any) -> None:
    """The last hash that is stored, or one that is on its way there; nothing else opens it."""
    state = kept(room, "ann")
    chain = state.chain
    assert all(restricting.knows(state, head) for head in (chain.head, chain.pending[0].prev, chain.pending[-1].hash))
    flushed = replace(state, chain=chain.flushed(chain.seq))
    assert restricting.knows(flushed, chain.head)
    assert not any(restricting.knows(state, head) for head in ("", "0" * 64, state.reference))


def test_a_look_is_on_record_and_only_an_update_has_an_answer(room: Any) -> None:
    """Who looked at what."""
    said = room.say(kept(room, "ann"), "look", "ann", what="gates", update="u-1")
    line = said.state.chain.pending[-1]
    assert (line.kind, line.actor, line.data) == ("look", "ann", {"what": "gates"})


def test_another_incident_tells_its_reference_and_nothing_else() -> None:
    """Neither when it was opened, nor its agent; and nobody claims that it has told no authority."""
    other = Other("INC-0007", "", "")
    assert other.in_words() == "INC-0007 (restricted)"
    assert told_already((other,), "eu-gdpr-33") == [
        "INC-0007 is restricted: ask somebody who sees it whether it has told them already."
    ]


@pytest.mark.parametrize(
    ("name", "fields"), [("assign", {"role": "commander"}), ("handover", {}), ("assign", {"role": "technical_lead"})]
)
def test_nobody_leads_what_they_may_not_see(room: Any, name: str, fields: dict[str, str]) -> None:
    """Refused with the command that names them first; who is named takes it."""
    state = replace(kept(room, "ann", "sue"), commander="ann")
    said = room.say(state, name, "ann", to="tom", reason="r", **fields)
    assert (said.refusal, "`restrict`" in said.text, said.state.commander) == ("NotNamed", True, "ann")
    assert room.say(state, name, "ann", to="sue", reason="r", **fields).refusal == ""
    assert room.say(room.assessed(commander="ann"), name, "ann", to="tom", reason="r", **fields).refusal == ""


def test_restrict_says_that_earlier_runs_stay_in_the_lists(room: Any) -> None:
    """What a run showed that is over can't be taken back; of a first run nothing is said."""
    told = room.say(room.assessed(run_ids=("run-0",)), "restrict", people=["ann"], reason="an insider")
    assert restricting.EARLIER_RUNS in told.text
    told = room.say(room.assessed(run_ids=("run-1",)), "restrict", people=["ann"], reason="an insider")
    assert restricting.EARLIER_RUNS not in told.text


def test_a_mirror_of_before_is_held_against_the_record(room: Any) -> None:
    """Restricted, lifted, or a line about a gate that changes nothing."""
    before = room.assessed()
    state = kept(room, "ann", "sue")
    assert named(restricting.as_recorded(before, state.chain.pending)) == ("ann", "sue")
    lifted = room.say(state, "restrict", "sue", people=[], reason="r", now=room.at(70)).state
    assert not restricted(restricting.as_recorded(before, lifted.chain.pending))
    unanswerable = restricting.asked(
        state, room.at(99), room.gate(proposer="sue", policy=replace(room.POLICY, roles=("legal",)))
    )
    assert named(restricting.as_recorded(before, unanswerable.chain.pending)) == ("ann", "sue")
    assert restricting.as_recorded(state, state.chain.pending) is state
    assert restricted(restricting.unseen(before))
    assert restricting.unseen(state) is state
