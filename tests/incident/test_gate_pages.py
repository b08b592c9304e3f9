"""Who is asked at a gate: only those whose yes would still help and who are there; reminded, escalated, and on record."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from halon.incident.alarms import part_of
from halon.incident.assessment import ASKED, Away, Person, Roster
from halon.incident.clocks import fire_due, next_event
from halon.incident.gate_pages import above, ask, awaited, reached, remind_at, roles_awaited, roles_away
from halon.incident.gates import Answer, Proof
from halon.incident.gates_told import about, policy_in_words
from halon.incident.orders import GatePolicy
from halon.incident.standing import gate as gate_of
from halon.incident.state import State
from halon.incident.status import status, waiting, waiting_on
from halon.incident.views import gates

PEOPLE = (
    Person("ann", "Ann", ("commander",), ("mail",)),
    Person("sue", "Sue", ("security",), ("mail",)),
    Person("sam", "Sam", ("security",), ("mail",)),
    Person("pat", "Pat", ("privacy",), ("mail",)),
    Person("lea", "Lea", ("leadership",), ("mail",)),
)
POLICY = GatePolicy(("security",), quorum=1, deadline=3600, escalate_after=1200, remind_every=600)


def made(
    room: Any,
    *away: Away,
    policy: GatePolicy = POLICY,
    form: int = ASKED,
    people: tuple[Person, ...] = PEOPLE,
    **fields: Any,
) -> State:
    """An incident with one open gate, and a roster in which these people are away."""
    roster = Roster("ann", "tom", ("ann",), 300, people, away)
    state: State = room.assessed(room.judged(form=form, roster=roster), gates=(room.gate(policy=policy, **fields),))
    return replace(state, commander="ann", acked_by="ann", page_next_at="", next_update_at="")


def off(room: Any, name: str, instead: str = "") -> Away:
    return Away(name, room.at(-60), room.at(86_400), instead)


def yes(by: str, *roles: str, approve: bool = True) -> Answer:
    return Answer(by, approve, "", "2026-11-22T10:01:00.000Z", roles or ("security",), Proof("r", "update", "u"))


def only(state: State) -> Any:
    return state.gates[0]


def run(state: State, until: str) -> tuple[State, list[tuple[str, str]]]:
    seen = []
    while (event := next_event(state)) is not None and event.at <= until:
        seen.append((event.at, event.key))
        state = fire_due(state, event.at)
    return state, seen


def pages(state: State, step: str) -> list[str]:
    return sorted(one.to for one in state.outbox if one.id.startswith(step))


def test_whoever_proposed_it_or_has_answered_is_not_asked(room: Any) -> None:
    """Their yes would not count any more; the roles that are waited for are those of whoever is left."""
    state = made(room, policy=replace(POLICY, quorum=2), proposer="sue", answers=(yes("sam"),))
    assert awaited(state, only(state)) == ()
    state = made(room, proposer="sue")
    assert [one.name for one in awaited(state, only(state))] == ["sam"]
    state = made(room, policy=replace(POLICY, exclude_proposer=False), proposer="sue")
    assert [one.name for one in awaited(state, only(state))] == ["sue", "sam"]
    told = waiting(made(room, proposer="sue"))[0]
    assert (told["of"], told["not"]) == (["security"], ["sue"])


def test_only_whose_yes_still_helps_is_waited_for(room: Any) -> None:
    """One of each role is needed, and security has spoken: only the privacy officer is asked, reminded and listed."""
    policy = replace(POLICY, every=("security", "privacy"))
    state = made(room, policy=policy, answers=(yes("sue"),))
    assert roles_awaited(state, only(state)) == ("privacy",)
    assert reached(state, only(state), room.at(60)) == ("pat",)
    assert waiting_on(state) == ["privacy"]
    older = made(room, policy=policy, answers=(yes("sue"),), form=ASKED - 1)
    assert waiting(older)[0]["of"] == ["security"]


def test_whoever_is_away_is_not_paged_and_the_stand_in_is(room: Any) -> None:
    """At the first page, at the reminder and at the escalation; one who has answered is not paged for another."""
    state = made(room, off(room, "sue", "pat"), off(room, "sam", "sue"))
    assert reached(state, only(state), room.at(1)) == ("pat",)
    asked = ask(state, room.at(1), only(state))
    assert pages(asked, "gate:") == ["pat"]
    state, _ = run(state, room.at(1200))
    assert pages(state, "gate-remind:") == ["pat"]
    assert pages(state, "gate-late:") == ["ann", "pat"]
    state = made(room, off(room, "sue", "sam"), policy=replace(POLICY, quorum=2), answers=(yes("sam"),))
    assert reached(state, only(state), room.at(1)) == ()


def test_a_role_of_which_nobody_is_there_escalates_at_once(room: Any) -> None:
    """Also where the stand-in is paged but may not answer; it stands on record with its gate. Later absences count then."""
    state = made(room, off(room, "sue", "pat"), off(room, "sam"))
    assert roles_away(state, only(state), room.at(1)) == ("security",)
    asked = ask(state, room.at(1), only(state))
    assert (pages(asked, "gate:"), pages(asked, "gate-away:")) == (["pat"], ["ann"])
    entry = next(one for one in asked.chain.pending if one.data.get("away"))
    assert (entry.data["gate"], entry.data["away"], entry.data["told"]) == (only(state).id, ["security"], ["ann"])
    assert part_of(asked, f"gate-away:{only(state).id}:{room.at(1)}", room.at(1)).startswith("gate:revoke-token@")
    stands_in = made(room, off(room, "sue", "sam"))
    assert roles_away(stands_in, only(stands_in), room.at(1)) == ()
    assert pages(ask(stands_in, room.at(1), only(stands_in)), "gate-away:") == []
    later = made(room, Away("sue", room.at(3000), room.at(9000)), Away("sam", room.at(3000), room.at(9000)))
    assert (roles_away(later, only(later), room.at(1)), roles_away(later, only(later), room.at(3001))) == (
        (),
        ("security",),
    )


def test_who_leads_by_an_override_is_who_it_escalates_to(room: Any) -> None:
    """Who holds the role and who has the lead now; where all of them are away, leadership; a person where the kit names one."""
    state = replace(made(room), commander="sam")
    assert above(state, only(state), room.at(1)) == ("ann", "sam")
    state = made(room, off(room, "ann"))
    assert above(state, only(state), room.at(1)) == ("lea",)
    state = made(room, policy=replace(POLICY, escalate_to="pat"))
    assert above(state, only(state), room.at(1)) == ("pat",)


def test_reminders_come_at_their_time_until_the_deadline(room: Any) -> None:
    """Every ten minutes after the first page to whoever has not answered, and an escalation stands for one; then it expires."""
    state, seen = run(made(room), room.at(3600))
    assert [key.partition(":")[0] for _, key in seen] == [
        "gate-remind", "gate-escalate", "gate-remind", "gate-remind", "gate-remind", "gate-deadline"]  # fmt: skip
    assert [moment for moment, _ in seen] == [room.at(600 * number) for number in range(1, 7)]
    assert pages(state, "gate-remind:") == sorted(["sue", "sam"] * 4)
    assert pages(state, "gate-late:") == ["ann", "sam", "sue"]
    noted = [one.data for one in state.chain.pending if "reminder" in one.data]
    assert [(one["reminder"], one["told"]) for one in noted] == [(number, ["sue", "sam"]) for number in range(1, 5)]
    # It is asked again after that, and reminders begin anew.
    assert (only(state).attempt, remind_at(only(state))) == (2, room.at(4200))


def test_that_nobody_answered_is_told_loudly_to_whoever_is_there(room: Any) -> None:
    """Who may answer, of each role that is needed, whom it escalates to, also by name, and leadership; not who is away."""
    policy = replace(POLICY, every=("security", "privacy"), escalate_to="ann", remind_every=0)
    state, _ = run(made(room, off(room, "sue"), policy=policy), room.at(3600))
    assert pages(state, "gate-expired:") == ["ann", "lea", "pat", "sam"]
    assert any(line.text.startswith("Nobody answered gate ") for line in state.tail)


def test_reminders_end_with_the_answer_and_leave_no_heap(room: Any) -> None:
    """A yes ends them; of a month of reminders the ledger keeps one; a kit that wants none has none."""
    state, _ = run(made(room), room.at(700))
    settled = room.say(
        state,
        "approve",
        "sue",
        now=room.at(800),
        gate=only(state).id,
        who=room.standing("sue", known=True, roles=("security",)),
    )
    assert not settled.refusal
    assert [key for _, key in run(settled.state, room.at(9999))[1] if key.startswith("gate-")] == []
    month = made(room, policy=replace(POLICY, deadline=30 * 86_400, escalate_after=29 * 86_400, remind_every=3600))
    state, _ = run(month, room.at(20 * 86_400))
    assert only(state).reminders == 480
    assert len([key for key in state.ledger if "gate-remind" in key]) <= 3
    assert remind_at(only(made(room, policy=replace(POLICY, remind_every=0)))) == ""


def test_after_an_outage_one_reminder_goes_out(room: Any) -> None:
    """Nobody gets three hours of reminders at once, and the next one has its full distance."""
    state = fire_due(made(room, policy=replace(POLICY, deadline=36_000)), room.at(10_000))
    assert (only(state).reminders, pages(state, "gate-remind:")) == (1, ["sam", "sue"])
    assert remind_at(only(state)) == room.at(10_600)


@pytest.mark.parametrize("command", ["approve", "reject", "withdraw"])
def test_a_refused_answer_stays_with_its_gate(room: Any, command: str) -> None:
    """Who, what, why and where it stands in history: in the state for the audit, and in the record by its gate."""
    state = made(room)
    fields = {"reason": "no"} if command == "reject" else {}
    out = room.say(state, command, "pat", update="u-7", gate=only(state).id, **fields)
    (tried,) = only(out.state).tried
    assert (tried.by, tried.command, tried.kind, tried.update_id) == ("pat", command, out.refusal, "u-7")
    data = out.state.chain.pending[-1].data
    assert (data["gate"], data["command"], data["update"], data["type"]) == (
        only(state).id,
        command,
        "u-7",
        out.refusal,
    )
    for number in range(60):
        state = room.say(state, command, "pat", update=f"v-{number}", gate=only(state).id, **fields).state
    assert (len(only(state).tried), only(state).tried[-1].update_id) == (40, "v-59")


def test_what_an_auditor_reads_of_a_gate(room: Any) -> None:
    """Question, digest, policy in words, answers with their place in history, escalation, and what came of it."""
    order = room.order("revoke-token", reversible=False, undo=None, target="token t-1", covers=("credential:t-1",))
    state = made(room, answers=(replace(yes("sue"), how="ssh", verified=True),), status="spent")
    held = replace(room.action("revoke-token", applied_at=room.at(70), verified_at=room.at(71)), order=order)
    state = replace(state, actions=(held,), ledger={**state.ledger, f"gate-escalate:{only(state).id}:1": room.at(40)})
    (told,) = gates(state)
    assert (told["about"], told["escalated_at"]) == (["token t-1", "credential:t-1", "t-1"], room.at(40))
    assert told["runs"] == {"at": room.at(70), "result": "verified", "note": "", "read_back_at": room.at(71)}
    assert (told["answers"][0]["how"], told["answers"][0]["proof"]["update_id"]) == ("ssh", "u")
    assert told["asked"].startswith("Needs 1 person with the role security, never who proposed it.")
    assert "reminded every 10 minutes" in told["asked"]
    words = policy_in_words(
        replace(POLICY, every=("security", "privacy"), veto=("commander",), break_glass=2, verifier="totp")
    )
    for part in (
        "for each of security, privacy",
        "proved by totp",
        "A no of commander ends it",
        "2 of security or privacy may break",
    ):
        assert part in words
    assert about(state, replace(only(state), kind="restore", subject="restore-revoke-token"))[0] == "token t-1"
    assert gate_of(state, only(state).id) is not None


def test_status_says_who_is_paged_until_somebody_acknowledges(room: Any) -> None:
    """So that a list of what waits for one person can name it."""
    state = replace(made(room), acked_by="", page_next_at=room.at(300))
    assert status(state)["paging"] == {"of": ["ann"], "next": room.at(300)}
    assert status(made(room))["paging"] is None
