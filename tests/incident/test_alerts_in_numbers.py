"""A storm joins one incident: every alert counted once, a small state, a short record."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from halon.incident import clocks
from halon.incident.alerts import Alert
from halon.incident.errors import Malformed
from halon.incident.joining import COUNTED_RULES, EXEMPLARS, OTHER_RULES
from halon.incident.joining import absorb as one_by_one
from halon.incident.sheaves import put_by
from halon.incident.state import State
from halon.incident.storm import LATEST, OF_EACH_RULE, REMEMBERED, absorb, tell_tally, told_at


def numbered(room: Any, numbers: range, **fields: Any) -> list[Alert]:
    """Alerts that differ by their fingerprint."""
    return [room.alert(fingerprint=f"n-{number}", **fields) for number in numbers]


def joined(state: State) -> int:
    """How many are counted, without those that came twice."""
    return sum(one.firing + one.resolved for one in state.counts)


def test_a_hundred_thousand_alerts_leave_a_small_state_and_a_short_record(room: Any) -> None:
    """All are counted; what the incident carries and what the record holds stay bounded."""
    state, size = room.opened(), 1000
    for start in range(0, 100_000, size):
        now = room.at(start / 1000)
        state = clocks.fire_due(state, now)
        batch = [
            room.alert(fingerprint=f"n-{number}", rule=f"Rule{number % 150}") for number in range(start, start + size)
        ]
        state = absorb(state, batch, now)
        state = replace(state, chain=state.chain.flushed(state.chain.seq))
    assert joined(state) == 100_001
    assert (len(state.alerts), len(state.seen), len(state.firing)) == (EXEMPLARS, REMEMBERED, REMEMBERED)
    assert len(state.firing) + state.firing_more == 100_001
    assert len(state.counts) == COUNTED_RULES + 1
    assert next(one for one in state.counts if one.rule == OTHER_RULES).firing > 30_000
    assert state.chain.seq < 400
    assert sum(key.startswith("alerts-told:") for key in state.ledger) <= 1


def test_the_same_batch_again_is_known_whole(room: Any) -> None:
    """A sender that heard nothing sends it all again: it is counted as that, and nothing else changes."""
    batch = numbered(room, range(5000))
    state = absorb(room.opened(), batch, room.at(1))
    again = absorb(state, batch, room.at(2))
    assert joined(again) == 5001
    assert sum(one.duplicates for one in again.counts) == 5000
    assert replace(again, counts=state.counts) == state


def test_what_an_earlier_release_counted_is_known_by_this_one(room: Any) -> None:
    """And the other way round, while doors of two releases stand side by side."""
    batch = numbered(room, range(10))
    assert joined(absorb(one_by_one(room.opened(), batch, room.at(1)), batch, room.at(2))) == 11
    assert joined(one_by_one(absorb(room.opened(), batch, room.at(1)), batch, room.at(2))) == 11


def test_the_first_of_each_rule_have_a_line_and_the_rest_one_line(room: Any) -> None:
    """The rest are told ten seconds later, with how many, since when, and a digest of which."""
    state = absorb(room.opened(), numbered(room, range(100)), room.at(1))
    state = absorb(state, numbered(room, range(100, 110), rule="Other"), room.at(2))
    lines = [line.text for line in state.tail if line.text.startswith("Alert ")]
    assert sum("Leak" in line for line in lines) == EXEMPLARS
    assert sum("Other" in line for line in lines) == OF_EACH_RULE
    event = clocks.next_event(state)
    assert event is not None
    assert event.at == told_at(state) == room.at(11)
    told = clocks.fire_due(state, room.at(11))
    assert told.tally is None
    assert told.tail[-1].text == f"88 more alerts joined since {room.at(1)} (88 firing): Leak, Other."
    entry = told.chain.pending[-1]
    assert (entry.data["firing"], entry.data["resolved"], len(entry.data["identities_sha256"])) == (88, 0, 64)


def test_an_old_incident_tells_less_often(room: Any) -> None:
    """So that an alert a minute for months does not fill the record."""
    state = absorb(room.opened(), numbered(room, range(100)), room.at(500))
    assert told_at(state) == room.at(550)
    old = absorb(tell_tally(state, room.at(500)), numbered(room, range(100, 200)), room.at(10_000_000))
    assert told_at(old) == room.at(10_000_000 + LATEST)


def test_a_report_by_a_person_keeps_its_line_in_a_storm(room: Any) -> None:
    """Somebody wrote it: it is not one of many."""
    state = absorb(room.opened(), numbered(room, range(100)), room.at(1))
    said = [
        room.alert(source="report", rule="other", reporter=f"p{number}", fingerprint=f"r-{number}")
        for number in range(9)
    ]
    state = absorb(state, said, room.at(2))
    assert sum("by p" in line.text for line in state.tail) == 9


def test_it_recovers_only_when_each_that_fired_is_resolved(room: Any) -> None:
    """Also beyond what is remembered one by one: those are a number, and it must come down to nothing."""
    many = range(REMEMBERED + 50)
    state = replace(absorb(room.opened(), numbered(room, many), room.at(1)), harm_stopped_at=room.at(2))
    assert state.firing_more == 51
    ended = numbered(room, many, status="resolved", ended_at=room.at(3))
    almost = absorb(state, ended, room.at(3))
    assert (len(almost.firing), almost.firing_more, almost.recovered_at) == (1, 0, "")
    last = absorb(almost, [room.alert(status="resolved", ended_at=room.at(4))], room.at(4))
    assert (last.firing, last.recovered_at) == ((), room.at(4))


def test_a_recurrence_in_a_storm_is_looked_at_once(room: Any) -> None:
    """A hundred alerts that began after containment are one recurrence."""
    state = replace(room.opened(), harm_stopped_at=room.at(60), recovered_at=room.at(70))
    again = absorb(state, numbered(room, range(100), started_at=room.at(75)), room.at(80))
    assert (again.harm_stopped_at, again.look_at) == ("", room.at(80))
    assert sum("fires again" in line.text for line in again.tail) == 1


def test_those_after_the_join_window_are_handed_on_with_one_line(room: Any) -> None:
    """They go to the successor whole."""
    state = replace(room.opened(), recovered_at=room.at(10))
    late = absorb(state, numbered(room, range(50), started_at=room.at(5000)), room.at(5000))
    assert len(late.forwarding) == 50
    assert late.tail[-1].text == "50 alerts came after the join window: they belong to a successor."
    assert joined(late) == 1


def test_a_batch_with_a_time_that_is_none_joins_not_at_all(room: Any) -> None:
    """It is refused whole, so that nobody has to guess which part is in."""
    state = room.opened()
    with pytest.raises(Malformed, match="started_at"):
        absorb(state, [*numbered(room, range(3)), room.alert(fingerprint="x", started_at="soon")], room.at(1))
    assert joined(state) == 1


@pytest.mark.parametrize("batches", ["once", "in two batches"])
def test_a_resolved_wins_whichever_comes_first(room: Any, batches: str) -> None:
    """Two relays may bring them in either order: each is counted and has its line, and nothing fires for ever."""
    end = room.alert(fingerprint="n-1", status="resolved", summary="over")
    start = room.alert(fingerprint="n-1", summary="it began")
    others = numbered(room, range(2, 5))
    if batches == "once":
        state = absorb(room.opened(), [end, *others, start], room.at(1))
        in_order = absorb(room.opened(), [*others, start, end], room.at(1))
    else:
        state = absorb(absorb(room.opened(), [end], room.at(1)), [*others, start], room.at(2))
        in_order = absorb(absorb(room.opened(), [*others, start], room.at(1)), [end], room.at(2))
    assert set(state.firing) == set(in_order.firing)
    assert len(state.firing) == 4, "the opening one and the three others"
    assert [(one.firing, one.resolved, one.duplicates) for one in state.counts] == [(5, 1, 0)]
    assert any("it began" in line.text for line in state.tail)
    again = absorb(state, [start, end], room.at(3))
    assert set(again.firing) == set(state.firing)
    assert [one.duplicates for one in again.counts] == [2]


def test_a_later_start_is_a_new_alert(room: Any) -> None:
    """Only the start that a ``resolved`` names is over: the same thing that fires anew fires."""
    state = absorb(room.opened(), [room.alert(fingerprint="n-1", status="resolved")], room.at(1))
    state = absorb(state, [room.alert(fingerprint="n-1", started_at=room.at(2))], room.at(3))
    assert len(state.firing) == 2
    state = absorb(state, [room.alert(fingerprint="n-1")], room.at(4))
    assert len(state.firing) == 2, "the first of them, late: that the second one fires is still so"


def test_a_batch_of_an_earlier_release_joins_in_its_order(room: Any) -> None:
    """Histories of the time before are read as they were written."""
    ends = [room.alert(fingerprint="n-1", status="resolved"), room.alert(fingerprint="n-1")]
    assert len(one_by_one(room.opened(), ends, room.at(1)).firing) == 2
    assert len(absorb(room.opened(), ends, room.at(1)).firing) == 1


def test_what_ended_in_a_sheaf_does_not_fire_when_it_comes_alone(room: Any) -> None:
    """A resolved one that waited in numbers elsewhere is known by its mark. One of long ago is not: in doubt it fires."""
    ends = numbered(room, range(600), status="resolved")
    state = absorb(room.opened(), put_by((), ends), room.at(1))
    late = absorb(state, numbered(room, range(600)), room.at(2))
    assert len(late.firing) == 1
    state = absorb(state, numbered(room, range(1000, 1000 + REMEMBERED)), room.at(3))
    fired = len(state.firing) + state.firing_more
    state = absorb(state, numbered(room, range(1)), room.at(4))
    assert len(state.firing) + state.firing_more == fired + 1


def test_what_is_over_opens_no_successor(room: Any) -> None:
    """After the join window a firing one whose end has come already is counted where its end is."""
    state = replace(room.opened(), recovered_at=room.at(10), harm_stopped_at=room.at(9), firing=())
    state = absorb(state, [room.alert(fingerprint="n-1", status="resolved")], room.at(20))
    late = absorb(state, [room.alert(fingerprint="n-1"), room.alert(fingerprint="n-2")], room.at(100_000))
    assert [one.fingerprint for one in late.forwarding] == ["n-2"]
    assert (late.firing, late.recovered_at) == ((), room.at(10))
    assert [(one.firing, one.resolved) for one in late.counts] == [(2, 1)]
