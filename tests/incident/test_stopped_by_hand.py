"""A person stops the agent by one word, or with their own hands: what is asked, what counts, what is only claimed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from halon.incident import halting
from halon.incident.admission import Outcome, admit
from halon.incident.by_hand import Ready, Seen, another_attempt, asked_for, proof_of
from halon.incident.commands import parse
from halon.incident.deeds import in_words
from halon.incident.gates import Proof
from halon.incident.judged import take_in
from halon.incident.standing import action
from halon.incident.state import Sealed, State
from halon.incident.status import status
from halon.incident.trouble import troubles

READ = "2026-11-22T10:00:59.000Z"


def contain(room: Any, state: State, ready: Ready | None, by: str = "ann", update: str = "") -> Outcome:
    command = parse("contain", {"by": by, "reason": "it mails strangers"}, update)
    return admit(state, command, room.standing(by), Proof("run-1", "update", update), room.at(60), ready=ready)


def outside(room: Any, state: State, name: str, seen: Seen | None, by: str = "tom") -> Outcome:
    command = parse("note", {"by": by, "text": "pulled the plug", "done_outside": name})
    return admit(state, command, room.standing(by), Proof("run-1", "update"), room.at(60), seen=seen)


def ready(room: Any, **fields: Any) -> Ready:
    return Ready("act", (room.order("kill-switch", rung=2),), whole=True, **fields)


def texts(outcome: Outcome) -> list[str]:
    return [one.text for one in outcome.state.tail]


def test_a_word_is_the_yes_to_what_can_be_undone(room: Any) -> None:
    """The order is planned as that person's, whatever the rung or the gate that waited; who and why is on record."""
    waiting = replace(room.action("kill-switch", "waiting"), order=room.order("kill-switch", rung=2, gate=room.POLICY))
    state = room.assessed(actions=(waiting,), gates=(room.gate("kill-switch"),))
    done = contain(room, state, ready(room))
    one = action(done.state, "kill-switch")
    assert one is not None
    assert (one.status, one.asked_by, one.asked_at) == ("planned", "ann", room.at(60))
    assert asked_for(one)
    assert done.state.gates[0].status == "void"
    assert done.text == "ann (name unverified) stops support-bot by hand: it mails strangers: Do kill-switch."
    assert done.state.chain.pending[-1].data == {"orders": ["kill-switch"], "mode": "act"}


@pytest.mark.parametrize(
    ("status", "attempt"), [("verified", 1), ("applying", 1), ("failed", 2), ("unverified", 2), ("undone", 2)]
)
def test_what_is_in_force_stays_and_what_is_not_gets_a_new_attempt(room: Any, status: str, attempt: int) -> None:
    """A key that was used is never used for a second effect; what stands is not sent again, and is read back anew."""
    old = room.action("kill-switch", status, applied_at=room.at(5), undone_at=room.at(9) if status == "undone" else "")
    one = action(contain(room, room.assessed(actions=(old,)), ready(room)).state, "kill-switch")
    assert one is not None
    assert one.attempt == attempt
    read_anew = {"verified": "applied", "applying": "applying"}
    assert one.status == read_anew.get(status, "planned")
    assert (one.asked_by, one.asked_at) == ("ann", room.at(60))


def test_a_word_stands_for_one_attempt(room: Any) -> None:
    """Tried again because it never took: the same word. Once it was seen in force it is spent: whoever switches it back,
    or gives it back, makes the next attempt nobody's word, and it is proved where it was said."""
    done = contain(room, room.assessed(), ready(room), update="u-7")
    one = action(done.state, "kill-switch")
    assert one is not None
    assert proof_of(one) == Proof("run-1", "update", "u-7")
    again = another_attempt(one, "")
    assert (again.attempt, asked_for(again)) == (2, True)
    assert asked_for(another_attempt(again, room.at(30))), "seen in force before it was said"
    third = another_attempt(again, room.at(90))
    assert (third.attempt, third.asked_by, asked_for(third), proof_of(third)) == (3, "ann", False, None)
    assert not asked_for(another_attempt(third, "")), "and it does not come back"


def test_what_is_being_given_back_is_kept(room: Any) -> None:
    """The restore gate is void: nobody gives back what somebody is just stopping."""
    old = room.action("kill-switch", "verified", undo_requested_by="tom", applied_at=room.at(5))
    asked = room.gate("restore-kill-switch", kind="restore", status="granted")
    done = contain(room, room.assessed(actions=(old,), gates=(asked,)), ready(room))
    assert done.state.gates[0].status == "void"
    assert "Gate restore-kill-switch-1a2b3c4d is void: ann stops the agent by hand." in texts(done)


def test_what_was_given_back_in_part_is_left_to_the_restore(room: Any) -> None:
    """It knows how far it came, and applies it again because somebody asked since."""
    old = room.action("kill-switch", "verified", verified_at=room.at(5), restore_stage=1, restored_share=10)
    one = action(contain(room, room.assessed(actions=(old,)), ready(room)).state, "kill-switch")
    assert one is not None
    assert (one.status, one.restore_stage, one.asked_at) == ("verified", 1, room.at(60))


def test_a_gate_of_the_kits_own_stays(room: Any) -> None:
    """The word of one is no yes where the kit asks others before this very action; that is said at once."""
    gated = Ready("act", (room.order("kill-switch", gate=room.POLICY),), whole=True)
    done = contain(room, room.assessed(), gated)
    one = action(done.state, "kill-switch")
    assert one is not None
    assert not asked_for(one)
    assert "The kit puts a gate of its own before this, which is asked now: Do kill-switch." in done.text


def test_nothing_irreversible_runs_on_one_word(room: Any) -> None:
    """Promise 3: whoever hands in an order that can't be undone, the word is no yes to it."""
    one = room.action("revoke", "planned", asked_by="ann", asked_attempt=1)
    assert not asked_for(replace(one, order=room.order("revoke", reversible=False, undo=None)))
    assert asked_for(one)


def test_a_judgement_does_not_change_what_was_asked(room: Any) -> None:
    """Facts that come later plan what they plan; what a person asked for stays what it was."""
    state = contain(room, room.assessed(), ready(room)).state
    other = room.judged(orders=(room.order("kill-switch", title="Something else", gate=room.POLICY),))
    one = action(take_in(state, other, state.facts_version, room.at(70)), "kill-switch")
    assert one is not None
    assert one.order.title == "Do kill-switch"
    assert asked_for(one)


def test_an_observed_agent_is_not_touched_and_the_answer_says_what_to_do(room: Any) -> None:
    """Mode observe: who does it by hand, how that is said, and what would let Halon do it."""
    done = contain(room, room.assessed(room.judged(mode="observe")), replace(ready(room), mode="observe"))
    assert not done.refusal
    assert "Halon switches nothing off" in done.text
    assert "say `note` with done_outside kill-switch" in done.text


def test_what_was_called_off_or_belongs_elsewhere_is_not_stopped_here(room: Any) -> None:
    """A false alarm is reported anew; a merged incident of the same agent names the one that counts."""
    over = contain(room, room.assessed(false_alarm_by="sue"), ready(room))
    assert (over.refusal, "report it anew" in over.text) == ("FalseAlarm", True)
    link = replace(room.full().merged_into, agent="support-bot")
    merged = contain(room, room.assessed(merged_into=link), ready(room))
    assert (merged.refusal, "say it to that one" in merged.text) == ("Merged", True)
    assert contain(room, room.assessed(), Ready("act")).refusal == "NothingPrepared"
    assert contain(room, room.assessed(), Ready(why="Disk: away")).refusal == "NotLookedUp"


def test_what_is_left_is_named(room: Any) -> None:
    """Where nothing stops all of the agent, the answer says what goes on."""
    some = Ready("act", (room.order("disable-mail"),), left=("tool:refund",))
    assert contain(room, room.assessed(), some).text.endswith("Not stopped by it: tool:refund.")


def test_done_elsewhere_counts_once_it_reads_back(room: Any) -> None:
    """Verified, with the name; its gate needs no answer any more."""
    state = room.assessed(actions=(room.action("disable-mail", "waiting"),), gates=(room.gate("disable-mail"),))
    done = outside(room, state, "disable-mail", Seen(True, READ))
    one = action(done.state, "disable-mail")
    assert one is not None
    assert (one.status, one.verified_at, one.by_hand) == ("verified", READ, "tom")
    assert in_words(one) == "done by hand by tom, read back"
    assert done.state.gates[0].status == "void"
    assert "Gate disable-mail-1a2b3c4d is void: done by hand by tom." in texts(done)
    assert done.text.startswith("Done by hand by tom (name unverified), read back: Do disable-mail.")
    assert "tom (name unverified) wrote: pulled the plug" in done.text


def test_done_elsewhere_that_reads_back_otherwise_changes_nothing(room: Any) -> None:
    """Refused as NotInForce: it stays what it was, its gate stays open, and the word is on record all the same."""
    state = room.assessed(actions=(room.action("disable-mail", "waiting"),), gates=(room.gate("disable-mail"),))
    done = outside(room, state, "disable-mail", Seen(False, READ, "/enabled is true, not false"))
    assert done.refusal == "NotInForce"
    assert "/enabled is true, not false" in done.text
    assert "it stays waiting" in done.text
    assert (done.state.actions, done.state.gates) == (state.actions, state.gates)
    assert "pulled the plug" in texts(done)[-1]


def test_done_elsewhere_that_cannot_be_read_is_a_claim(room: Any) -> None:
    """Never verified, never called so; the trouble and the next step stand in the status."""
    state = room.assessed(actions=(room.action("disable-mail", "planned"),))
    done = outside(room, state, "disable-mail", Seen(None, READ, "Unreachable: agent.example"))
    one = action(done.state, "disable-mail")
    assert one is not None
    assert (one.status, one.verified_at) == ("unverified", "")
    assert done.text.startswith("Claimed by tom (name unverified), not verified")
    assert in_words(one) == "done by hand, as tom says; it could not be read back"
    assert troubles(done.state)[0]["type"] == "Claimed"


@pytest.mark.parametrize(
    ("evidence", "told"), [((), True), ((Sealed("e", "evidence/x", "0" * 64, 1, "h", "t"),), False)]
)
def test_what_cannot_be_undone_and_was_done_before_the_evidence_is_said_so(
    room: Any, evidence: tuple[Sealed, ...], told: bool
) -> None:
    """Evidence first is for Halon; a person may have been faster, and then the record says what that may have cost."""
    one = replace(room.action("revoke", "planned"), order=room.order("revoke", reversible=False, undo=None))
    done = outside(room, room.assessed(actions=(one,), evidence=evidence), "revoke", Seen(True, READ))
    assert ("may be lost" in done.text) is told
    assert done.state.chain.pending[-1].data["evidence_sealed"] is not told


@pytest.mark.parametrize("status", ["verified", "applied", "applying"])
def test_what_halon_did_or_does_is_nobodys_hand(room: Any, status: str) -> None:
    """A plain note is the place for that."""
    done = outside(
        room, room.assessed(actions=(room.action("disable-mail", status),)), "disable-mail", Seen(True, READ)
    )
    assert done.refusal == "NothingNew"


def test_a_halt_holds_an_order_and_tells_once(room: Any) -> None:
    """Held is planned, with why; commander and lead are told one time however often it is met; resumed, it goes on."""
    state = room.assessed(actions=(room.action("disable-mail", "applying"), room.action("b", "applying")))
    why = "Halon's own actions are halted by sue since 2026-11-22T09:00:00.000Z (deploy)"
    for name in ("disable-mail", "b", "disable-mail"):
        state = halting.hold(state, name, why, room.at(70))
    assert [(one.status, one.held) for one in state.actions] == [("planned", why)] * 2
    assert [one.to for one in state.outbox if "halted" in one.subject] == ["ann", "tom"]
    assert sum("Held: Do disable-mail." in one.text for one in state.tail) == 1
    assert in_words(state.actions[0]) == f"held: {why}"
    assert status(state)["held"][0]["why"] == why
    assert "HALTED" in status(state)["headline"]
    state = halting.lifted(state, "Halon's own actions go on since now, by sue (done)", room.at(90))
    assert [one.held for one in state.actions] == ["", ""]
    assert state.tail[-1].text == "Halon's own actions go on since now, by sue (done): Do disable-mail, Do b."
    assert status(state)["held"] == []


def test_an_answer_may_be_taken_back_while_it_is_held(room: Any) -> None:
    """Nothing of it has begun: the yes can be withdrawn, and is asked for anew."""
    asked = room.gate("disable-mail", status="open")
    state = room.assessed(actions=(room.action("disable-mail", "waiting"),), gates=(asked,))
    state = room.say(state, "approve", "sue", gate=asked.id).state
    state = halting.hold(state, "disable-mail", "halted", room.at(70))
    assert room.say(state, "withdraw", "sue", gate=asked.id).state.gates[0].status == "open"


def test_workers_that_differ_are_told_once_and_not_for_ever(room: Any) -> None:
    """One worker is halted by its environment, and another lets it go on: counted, told once, and then no line a round; a
    halt of another kind, and what was carried out in between, begin the count anew."""
    state = room.assessed(actions=(room.action("kill-switch", "applying"),))
    why = "Halon's own actions are halted by HALON_HALT on a worker since it started (unset it there)"
    for number in range(1, 21):
        state = halting.hold(state, "kill-switch", why, room.at(number * 20))
        assert halting.rounds(halting.held(state)) == number
        state = halting.lifted(state, "Halon's own actions run", room.at(number * 20 + 15))
        assert not halting.held(state)
    lines = [one.text for one in state.tail]
    assert sum("Some of the workers are halted, and others are not" in text for text in lines) == 1
    assert sum(text.startswith("Halon's own actions run: ") for text in lines) == halting.IN_CIRCLES - 1
    assert sum(text.startswith("Held: ") for text in lines) == 1
    other = halting.hold(state, "kill-switch", "Halon's own actions are halted by ann since now (x)", room.at(900))
    assert halting.rounds(halting.held(other)) == 1
    assert (
        halting.rounds(halting.held(halting.hold(halting.begun_anew(state, "kill-switch"), "kill-switch", why, "t")))
        == 1
    )
