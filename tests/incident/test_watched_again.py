"""What is in force is read back by the clock for as long as it is, and the harm that stopped is looked for: ever more rarely."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from halon.incident import watches, watching
from halon.incident.clocks import fire_due, next_event
from halon.incident.gates import Gate, gate_id
from halon.incident.links import MergedInto
from halon.incident.state import State
from halon.incident.status import as_text, status
from halon.incident.times import seconds_between

DAY = 86_400


def contained(room: Any, **fields: Any) -> State:
    """One action in force since a minute after the start, and the harm stopped ten seconds later."""
    one = replace(room.action(), status="verified", applied_at=room.at(55), verified_at=room.at(60))
    told = {"actions": (one,), "harm_stopped_at": room.at(70), "recovered_at": room.at(70), **fields}
    return judged(room.assessed(**told))


def judged(state: State, **fields: Any) -> State:
    assert state.assessment is not None
    return replace(state, assessment=replace(state.assessment, **{"form": 4, "mode": "act", **fields}))


def moments(state: State) -> dict[str, str]:
    return {text: at for at, _, text, _ in watching.moments(state)}


READ, HARM = "read back again: Do disable-mail", "look whether the harm is still away"


def looked(state: State, days: int, room: Any) -> tuple[State, list[float], list[float]]:
    """The state after so many days in which each look finds all as it should be, and when the looks were."""
    read, harm = [], []
    while (soonest := min((at for at, *_ in watching.moments(state)), default="9")) < room.at(days * DAY):
        state = fire_due(state, soonest)
        for name in watching.due(state):
            read.append(seconds_between(room.at(60), soonest))
            state = watching.put(state, name, watching.seen(watching.watch(state, state.actions[0]), soonest))
        if watching.harm_due(state):
            harm.append(seconds_between(room.at(70), soonest))
            state = replace(state, harm_watched=watching.seen(watching.harm_watch(state), soonest))
    return state, read, harm


def test_the_rhythm_is_soon_at_first_and_then_ever_rarer(room: Any) -> None:
    """After 1, 2, 5, 15 and 30 minutes, then every hour, and every six hours once it is a day old."""
    _, read, harm = looked(contained(room), 2, room)
    assert read[:8] == [60, 120, 300, 900, 1800, 3600, 7200, 10800]
    assert [one for one in read if one >= DAY][:4] == [DAY, DAY + 21600, DAY + 43200, DAY + 64800]
    assert harm == [one for one in harm if one in read], "the harm has the same rhythm"


def test_an_incident_of_thirty_days_has_a_bounded_number_of_looks(room: Any) -> None:
    """And its ledger does not grow with them: the last look says all."""
    before = contained(room)
    after, read, harm = looked(before, 30, room)
    assert 100 < len(read) < 160
    assert 100 < len(harm) < 160
    kept = [key for key in after.ledger if key.startswith("watch:")]
    assert len(kept) == 2, kept
    assert after.chain.seq <= before.chain.seq + 40, "a look that finds all well writes nothing into the record"


@pytest.mark.parametrize("form", [0, 1, 2, 3])
def test_what_an_earlier_release_judged_is_not_watched_until_it_is_judged_again(room: Any, form: int) -> None:
    """Recorded histories go on as they were; then what has been in force all along is looked at."""
    state = judged(contained(room), form=form)
    assert not moments(state)
    assert set(moments(judged(state, form=4))) == {READ, HARM}


def test_nothing_is_read_back_while_it_is_given_back(room: Any) -> None:
    """Neither once the restore is granted, nor in its stages: reading otherwise is what was asked for."""
    state = contained(room)
    order = state.actions[0].order
    digest = order.digest_for(state.incident_id, "undo")
    gate = Gate(gate_id(f"restore-{order.id}", digest), "restore", f"restore-{order.id}", digest, "give it back", (), room.POLICY,
                room.T0, room.at(9), room.at(8))  # fmt: skip
    assert READ in moments(replace(state, gates=(gate,))), "only asked: it is in force still"
    assert READ not in moments(replace(state, gates=(replace(gate, status="granted"),)))
    staged = replace(state, actions=(replace(state.actions[0], restore_stage=1),))
    assert not moments(staged), "and the harm is looked for by the restore's own watch"
    assert READ not in moments(replace(state, actions=(replace(state.actions[0], undo_applied_at=room.at(99)),)))


def test_who_looks_where_the_incident_is_not_on_its_own(room: Any) -> None:
    """After a false alarm nobody; where it is merged the other one looks for the harm of the same agent, and what is in
    force here is read back here; an agent that is only observed is not looked at for harm, what was switched off is read."""
    state = contained(room)
    assert not moments(replace(state, false_alarm_by="ann"))
    assert not moments(replace(state, close_requested_by="ann"))
    link = MergedInto("incident-other", "INC-2", "support-bot", "ann", room.at(80), "same cause")
    assert set(moments(replace(state, merged_into=link))) == {READ}
    assert set(moments(replace(state, merged_into=replace(link, agent="billing-bot")))) == {READ, HARM}
    assert set(moments(judged(state, mode="observe"))) == {READ}
    assert set(moments(replace(state, successor="incident-next"))) == {READ}
    assert HARM not in moments(replace(state, harm_stopped_at=""))


def test_looks_that_see_nothing_come_sooner_until_a_person_is_asked(room: Any) -> None:
    """A day later the next look would be in six hours; what can't be seen is not left alone for so long."""
    kept = watches.Watched(room.at(0), at="", seen_at=room.at(DAY))
    kept = watching.unseen(kept, room.at(DAY + 21600))
    assert (kept.unseen, kept.at) == (1, room.at(DAY + 21600 + 60))
    kept = watching.unseen(kept, room.at(DAY + 21700))
    assert kept.at == room.at(DAY + 21700 + 120)
    kept = watching.unseen(kept, room.at(DAY + 21900))
    assert (kept.unseen, kept.at) == (watches.UNSEEN_AT_MOST, room.at(DAY + 43200)), "then in its rhythm"
    assert watching.seen(kept, room.at(DAY + 43200)).unseen == 0


def test_a_look_that_is_due_is_there_after_a_crash(room: Any) -> None:
    """The clock puts it into the state; whoever goes on from the state looks. It fires once."""
    state = contained(room)
    event = next_event(replace(state, ledger={**state.ledger}))
    assert event is not None
    after = fire_due(state, room.at(121))
    assert watching.due(after) == ("disable-mail",)
    assert fire_due(after, room.at(122)) is after
    assert watching.harm_due(fire_due(after, room.at(131)))


def test_what_takes_its_time_is_read_back_until_then(room: Any) -> None:
    """An order says how long it takes until it can be read back as done; before that nothing is called not in force."""
    order = room.order(takes_effect=120)
    one = replace(room.action(), order=order, status="applied", applied_at=room.at(10))
    state = judged(room.assessed(actions=(one,)))
    until = watching.takes_its_time(state, one, room.at(20))
    assert until == room.at(130)
    state = watching.pause(state, one, room.at(20), until)
    assert watching.pausing(state, "disable-mail")
    assert list(moments(state).values()) == [room.at(40)]
    state = fire_due(state, room.at(40))
    assert not watching.pausing(state, "disable-mail")
    assert watching.takes_its_time(state, one, room.at(131)) == ""
    assert watching.takes_its_time(state, replace(one, order=room.order()), room.at(20)) == ""


def test_status_says_part_by_part_what_is_in_force_and_what_is_asked(room: Any) -> None:
    """Which part is in force and was read back when, which was switched back and how often, and the command that answers."""
    good = replace(room.action(), status="verified", applied_at=room.at(55), verified_at=room.at(60))
    lost = replace(room.action(), order=room.order("read-only"), status="failed", applied_at=room.at(50), attempt=4,
                   verified_at=room.at(60), failed_as=watches.FLIPPED, failure="in force since then, then: enabled is true")  # fmt: skip
    unread = replace(room.action(), order=room.order("block-egress"), status="unverified", applied_at=room.at(50),
                     failed_as=watches.UNREAD, failure="it can't be read back")  # fmt: skip
    watched = {"disable-mail": watches.Watched(room.at(60), at=room.at(900), seen_at=room.at(360)),
               "read-only": watches.Watched(room.at(60), flipped=4)}  # fmt: skip
    state = judged(room.assessed(actions=(good, lost, unread), watched=watched, technical_lead="tom"))
    told = status(state)
    parts = {one["action"]: one for one in told["parts"]}
    assert (parts["disable-mail"]["in_force"], parts["disable-mail"]["read_back"]) == (True, room.at(360))
    assert parts["disable-mail"]["read_back_next"] == room.at(900)
    assert (parts["read-only"]["in_force"], parts["read-only"]["switched_back"]) == (False, 4)
    assert parts["read-only"]["why"] == "in force since then, then: enabled is true"
    asked = {one["action"]: one for one in told["asked"] if "action" in one}
    assert set(asked) == {"read-only", "block-egress"}
    command = f"halon note {state.reference} --done-outside block-egress"
    assert asked["block-egress"]["command"] == command
    assert asked["block-egress"]["of"] == ["tom"]
    assert command in as_text(state)
    assert len(as_text(state).split()) <= 120
    assert not [one for one in status(judged(state, form=3))["asked"] if "action" in one]
