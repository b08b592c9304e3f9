"""Clocks: who is paged when, gates that escalate and expire, warnings and misses; nothing stops them, nothing repeats."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from halon.incident.assessment import Roster
from halon.incident.clocks import fire_due, next_deadline, next_event, readiness_changed, settle_up
from halon.incident.remedies import Corrective, Finding, Waiver
from halon.incident.state import State


def pages(state: State) -> list[str]:
    """To whom, in order."""
    return [message.to for message in state.outbox]


def run(state: State, until: str) -> tuple[State, list[tuple[str, str]]]:
    """Every event at its own time up to ``until``, with what it was."""
    seen = []
    while (event := next_event(state)) is not None and event.at <= until:
        seen.append((event.at, event.key))
        state = fire_due(state, event.at)
    return state, seen


def quiet(room: Any, **fields: Any) -> State:
    """Assessed, with no clock running but what ``fields`` bring."""
    state: State = room.assessed(**fields)
    assert fields or next_event(state) is None
    return state


def test_people_are_paged_in_order_until_leadership_is_told(room: Any) -> None:
    """Three rounds through the escalation, each as long as the kit gives; then leadership and commander, every hour."""
    state, seen = run(quiet(room, page_next_at=room.at(2)), room.at(2 + 6 * 300 + 3600))
    assert pages(state)[:6] == ["ann", "tom", "ann", "tom", "ann", "tom"]
    assert sorted(pages(state)[6:]) == ["ann", "ann", "lea", "lea"]
    assert [moment for moment, _ in seen][:7] == [room.at(2 + 300 * turn) for turn in range(7)]
    assert state.page_next_at == room.at(2 + 6 * 300 + 2 * 3600)
    assert "Nobody acknowledged after 6 pages. Leadership is told, every hour." in [line.text for line in state.tail]


def test_an_acknowledgement_stops_the_paging(room: Any) -> None:
    """At once, wherever the round stands."""
    state, _ = run(quiet(room, page_next_at=room.at(2)), room.at(310))
    state = room.say(state, "ack", "tom").state
    assert (pages(state), next_event(state)) == (["ann", "tom"], None)


@pytest.mark.parametrize("roster", [Roster(), Roster(escalation=())])
def test_nobody_on_call_is_said_aloud(room: Any, roster: Roster) -> None:
    """A kit without an escalation does not make for silence."""
    people = replace(roster, people=room.PEOPLE)
    state, _ = run(room.assessed(room.judged(roster=people), page_next_at=room.at(2)), room.at(99))
    assert pages(state) == ["lea"]
    bare, _ = run(room.assessed(room.judged(roster=roster), page_next_at=room.at(2)), room.at(99))
    assert bare.tail[-1].text == "Nobody could be told: Nobody is on call"
    assert (bare.outbox, bare.page_next_at) == ((), "")


def test_after_an_outage_one_page_goes_out_and_the_round_goes_on(room: Any) -> None:
    """Nobody gets an hour's pages at once."""
    state = fire_due(quiet(room, page_next_at=room.at(2)), room.at(3600))
    assert pages(state) == ["ann"]
    assert state.page_next_at == room.at(3900)


def test_a_gate_escalates_expires_and_is_asked_three_times(room: Any) -> None:
    """Then it is expired for good: nothing irreversible runs because people were away."""
    state, seen = run(room.assessed(gates=(room.gate(),)), room.at(999_999))
    assert [key.split(":")[0] + key[-1] for _, key in seen] == [
        "gate-escalate1", "gate-deadline1", "gate-escalate2", "gate-deadline2", "gate-escalate3", "gate-deadline3"]  # fmt: skip
    assert [moment for moment, _ in seen] == [room.at(one) for one in (900, 3600, 4500, 7200, 8100, 10_800)]
    assert (state.gates[0].status, state.gates[0].attempt, state.gates[0].settled_at) == ("expired", 3, room.at(10_800))
    told = [line.text for line in state.tail if "Nobody answered" in line.text]
    assert [text.endswith("It is asked again.") for text in told] == [True, True, False]
    assert set(pages(state)) == {"ann", "sue", "lea"}


def test_asked_again_means_answered_anew(room: Any) -> None:
    """An approval from before does not count for the new question."""
    state = room.assessed(gates=(room.gate(policy=replace(room.POLICY, quorum=2)),))
    state = room.say(state, "approve", "sue", gate=state.gates[0].id).state
    state = fire_due(state, room.at(3600))
    assert (state.gates[0].answers, state.gates[0].missing, state.gates[0].attempt) == ((), 2, 2)


def test_a_notice_is_asked_for_as_long_as_it_is_owed(room: Any) -> None:
    """Its gate never expires for good."""
    state, seen = run(room.assessed(gates=(room.gate(kind="notice"),)), room.at(10 * 3600))
    assert (state.gates[0].status, state.gates[0].attempt) == ("open", 11)
    assert len(seen) == 20


def test_a_settled_gate_has_no_clock(room: Any) -> None:
    """Granted, rejected, void, spent: nobody is reminded."""
    for status in ("granted", "rejected", "void", "spent", "expired"):
        assert next_event(room.assessed(gates=(room.gate(status=status),))) is None


def stage_state(room: Any, status: str = "applies", **fields: Any) -> State:
    told = {
        "due": room.at(400),
        "decide_by": room.at(300),
        "warn_at": (room.at(100), room.at(200), room.at(300)),
        **fields,
    }
    state: State = room.assessed(room.judged(obligations=(room.duty(status, room.stage(**told)),)))
    return state


def test_the_decider_is_warned_in_time_and_a_miss_is_loud_and_stays(room: Any) -> None:
    """Each warning once, also where decide-by is one of them; the miss is told to leadership too."""
    state, seen = run(stage_state(room), room.at(9999))
    assert [moment for moment, _ in seen] == [room.at(one) for one in (100, 200, 300, 400)]
    assert [(message.to, "MISSED" in message.subject) for message in state.outbox] == [
        ("pat", False)] * 3 + [("pat", True), ("ann", True), ("lea", True)]  # fmt: skip
    assert state.missed == ("eu-gdpr-33/notification",)
    assert state.tail[-1].text.startswith("MISSED: eu-gdpr-33/notification was due")


def test_a_shadow_clock_warns_and_is_missed_like_any_other(room: Any) -> None:
    """It may apply: the texts say so."""
    state, seen = run(stage_state(room, "undetermined"), room.at(9999))
    assert len(seen) == 4
    assert all(
        "(it may apply)" in line.text for line in state.tail if line.phase == "notify" and "running" not in line.text
    )


@pytest.mark.parametrize("status", ["does_not_apply", "dormant", "not_in_force"])
def test_what_does_not_apply_has_no_clock(room: Any, status: str) -> None:
    """And no deadline to show."""
    state = stage_state(room, status)
    assert (next_event(state), next_deadline(state)) == (None, None)


@pytest.mark.parametrize(
    ("command", "fields"),
    [("filed", {"reference": "R"}), ("decline", {"reason": "not ours"})],
)
def test_after_filing_or_declining_nothing_rings(room: Any, command: str, fields: dict[str, str]) -> None:
    """By a person's word, at whatever point."""
    state, _ = run(stage_state(room), room.at(200))
    state = room.say(state, command, "pat", obligation="eu-gdpr-33", now=room.at(250), **fields).state
    after_it, seen = run(state, room.at(99_999))
    assert (seen, after_it.missed, next_deadline(state)) == ([], (), None)


def test_declared_it_rings_although_it_is_not_judged_to_apply(room: Any) -> None:
    """A person's yes starts the clock."""
    state = room.say(stage_state(room, "does_not_apply"), "declare", "pat", obligation="eu-gdpr-33", reason="r").state
    assert run(state, room.at(9999))[0].missed == ("eu-gdpr-33/notification",)


def test_a_deadline_that_moved_and_passed_again_is_told_again(room: Any) -> None:
    """The list names it once, people hear of it each time."""
    state, _ = run(stage_state(room), room.at(9999))
    duty = state.obligations[0]
    moved = replace(duty, stages=(replace(duty.stages[0], due=room.at(20_000)),))
    state, _ = run(replace(state, obligations=(moved,)), room.at(99_999))
    assert state.missed == ("eu-gdpr-33/notification",)
    assert [one.to for one in state.outbox if "MISSED" in one.subject] == ["pat", "ann", "lea"] * 2


def test_what_fell_due_in_an_outage_fires_once_and_in_order(room: Any) -> None:
    """Page, update, gate, warnings and miss: all are made up for when the worker is back."""
    state = replace(stage_state(room), page_next_at=room.at(2), gates=(room.gate(),))
    end = room.at(5000)
    caught_up = fire_due(state, end)
    kinds = [entry.kind for entry in caught_up.chain.pending[state.chain.seq :]]
    assert kinds == ["page", "clock", "clock", "clock", "missed", "gate", "gate"]
    assert fire_due(caught_up, end) is caught_up
    following = next_event(caught_up)
    assert following is not None
    assert following.at > end
    assert len({message.id for message in caught_up.outbox}) == len(caught_up.outbox)


def test_a_late_corrective_action_is_recalled_every_day(room: Any) -> None:
    """To its owner and the commander, until it is done."""
    late = Corrective("c1", "Isolate", "tom", room.at(100), "ann", room.T0)
    state, seen = run(room.assessed(correctives=(late,)), room.at(100 + 2 * 86_400))
    assert [moment for moment, _ in seen] == [room.at(100 + day * 86_400) for day in range(3)]
    assert pages(state) == ["tom", "ann"] * 3
    done = room.say(state, "corrective", "tom", id="c1", text="done").state
    assert next_event(done) is None
    assert next_event(replace(done, correctives=(replace(late, status="failed"),))) is not None


def settled(room: Any, **fields: Any) -> State:
    found = Finding("f1", "tools", "t", "ann", room.T0)
    state: State = room.assessed(harm_stopped_at=room.at(5), findings=(found,),
                                 waivers=(Waiver("proof", "ann", "r", room.T0),), **fields)  # fmt: skip
    return state


def test_when_everything_is_settled_it_asks_to_be_closed_every_day(room: Any) -> None:
    """The commander is told at once, and again each day; something new takes the readiness back."""
    state = settled(room)
    assert readiness_changed(state)
    ready = settle_up(state, room.at(10))
    assert not readiness_changed(ready)
    assert settle_up(ready, room.at(11)) is ready
    reminded, seen = run(ready, room.at(10 + 2 * 86_400))
    assert [moment for moment, _ in seen] == [room.at(10 + 86_400), room.at(10 + 2 * 86_400)]
    assert pages(reminded) == ["ann"] * 3
    busy = settle_up(replace(reminded, gates=(room.gate(),)), room.at(200_000))
    assert "ready-to-close" not in busy.ledger
    again = settle_up(replace(busy, gates=()), room.at(300_000))
    event = next_event(again)
    assert event is not None
    assert event.at == room.at(300_000 + 86_400)
    assert next_event(replace(again, close_requested_by="ann")) is None


def test_updates_for_leadership_come_in_the_kits_rhythm_then_daily(room: Any) -> None:
    """Once the harm has stopped, a day's rhythm is enough."""
    state, seen = run(room.assessed(next_update_at=room.at(2)), room.at(7300))
    assert [moment for moment, _ in seen] == [room.at(one) for one in (2, 3602, 7202)]
    calm, _ = run(replace(state, harm_stopped_at=room.at(7300)), room.at(10_802))
    assert calm.next_update_at == room.at(10_802 + 86_400)


def test_looking_again_is_never_lost(room: Any) -> None:
    """A look that is set once more to the very moment of the one before is another look."""
    state = fire_due(room.assessed(look_at=room.at(5)), room.at(5))
    assert (state.look_at, state.looks) == ("", 1)
    state = fire_due(replace(state, look_at=room.at(5)), room.at(5))
    assert (state.look_at, state.looks) == ("", 2)


def test_the_next_deadline_is_the_soonest_of_gates_and_stages(room: Any) -> None:
    """Also where one is spelt with another offset."""
    state = stage_state(room, due="2026-11-22T11:30:00+01:00")
    assert next_deadline(state) == ("2026-11-22T10:30:00.000Z", "eu-gdpr-33/notification")
    gated = replace(state, gates=(room.gate(deadline_at=room.at(60)),))
    assert next_deadline(gated) == (room.at(60), f"answer to gate {gated.gates[0].id}")
    assert next_deadline(room.opened()) is None


def test_a_closed_incident_has_no_clock(room: Any) -> None:
    """Nothing rings after the end."""
    state = replace(stage_state(room), page_next_at=room.at(2), closed_at=room.at(3))
    assert next_event(state) is None
    assert fire_due(state, room.at(9999)) is state


SECONDS = st.integers(-5000, 5000)


@settings(max_examples=80, deadline=None)
@given(
    due=st.lists(st.tuples(SECONDS, SECONDS, SECONDS), max_size=3),
    gates=st.lists(st.tuples(SECONDS, st.integers(0, 4000), st.sampled_from(["contain", "notice", "restore"])), max_size=3),
    ack=st.integers(0, 400), every=st.integers(0, 4000), page=SECONDS, update=SECONDS, look=SECONDS,
    correctives=st.lists(SECONDS, max_size=2), outage=st.integers(0, 90_000),
)  # fmt: skip
def test_clocks_come_to_rest_from_any_state(
    room: Any,
    due: Any,
    gates: Any,
    ack: int,
    every: int,
    page: int,
    update: int,
    look: int,
    correctives: Any,
    outage: int,
) -> None:
    """Whatever is overdue and however short the kit's times: it ends, nothing due is left, and again it does nothing."""
    stages = tuple(room.stage(f"s{n}", room.at(one[0]), decide_by=room.at(one[1]), warn_at=(room.at(one[2]),))
                   for n, one in enumerate(due))  # fmt: skip
    roster = Roster("ann", "tom", ("ann", "tom"), ack, room.PEOPLE)
    state = room.assessed(
        room.judged(obligations=(room.duty("applies", *stages),), roster=roster, update_every=every),
        gates=tuple(room.gate(f"g{n}", replace(room.POLICY, deadline=length, escalate_after=length // 2), kind=kind,
                              deadline_at=room.at(opened + length), escalate_at=room.at(opened))
                    for n, (opened, length, kind) in enumerate(gates)),
        correctives=tuple(Corrective(f"c{n}", "t", "tom", room.at(one), "ann", room.T0) for n, one in enumerate(correctives)),
        page_next_at=room.at(page), next_update_at=room.at(update), look_at=room.at(look),
    )  # fmt: skip
    now = room.at(outage)
    after_it = fire_due(state, now)
    following = next_event(after_it)
    assert following is None or following.at > now
    assert fire_due(after_it, now) is after_it
    assert set(after_it.missed) == {f"eu-gdpr-33/{one.id}" for one in stages if one.due <= now}
    assert len(after_it.missed) == len(set(after_it.missed))
