"""A storm that belongs to another incident, or that is larger than what is remembered: bounded, and nothing is lost."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import Any

import pytest

from halon.incident import hearing, passing, sheaves, splitting, taking
from halon.incident.alerts import Alert
from halon.incident.links import MergedFrom, MergedInto, SplitOff
from halon.incident.state import State
from halon.incident.storm import REMEMBERED, absorb

OTHER = "incident-other"


def storm(room: Any, numbers: range, **fields: Any) -> list[Alert]:
    return [room.alert(fingerprint=f"n-{number}", **fields) for number in numbers]


def fed(room: Any, state: State, alerts: list[Alert], at: float) -> State:
    for start in range(0, len(alerts), 500):
        state = absorb(state, alerts[start : start + 500], room.at(at))
        state = replace(state, chain=state.chain.flushed(state.chain.seq))
    return state


def merged(room: Any) -> State:
    link = MergedInto(OTHER, "INC-0002", room.alert().agent, "ann", room.at(1), "one cause", handed=1)
    return replace(room.opened(), merged_into=link)


def target(room: Any) -> State:
    alert = room.alert()
    link = MergedFrom(
        room.WORKFLOW, "INC-0001", alert.agent, alert.group, "ann", room.at(1), "x", keys=((alert.agent, alert.group),)
    )
    return replace(room.opened(), workflow_id=OTHER, merged_from=(link,))


def size(state: State) -> int:
    return len(json.dumps(asdict(state)))


def drained(room: Any, state: State, other: State) -> tuple[State, State, int]:
    """All that waits is passed on, batch by batch, as the workflow does."""
    batches = 0
    while state.passing:
        to, batch = passing.next_batch(state, 500)
        assert to == OTHER
        assert len(json.dumps([asdict(one) for one in batch])) < 65_000
        batches += 1
        other = taking.take_alerts(other, room.WORKFLOW, batches, batch, room.at(200))
        other = replace(other, chain=other.chain.flushed(other.chain.seq))
        state = passing.passed(state, len(batch), to, room.at(200))
    return state, other, batches


def counts(state: State) -> tuple[int, int, int]:
    return (
        sum(one.firing for one in state.counts),
        sum(one.resolved for one in state.counts),
        sum(one.duplicates for one in state.counts),
    )


@pytest.mark.parametrize("long", ["", "y" * 1900, '\u00e9"' * 900])
def test_ten_thousand_alerts_to_a_merged_incident_stay_small_and_arrive_all(room: Any, long: str) -> None:
    """However long their words; each is counted once there, known again when it comes again, and ends one by one."""
    state = merged(room)
    for start in range(0, 10_000, 500):
        state, here = passing.divert(
            state, storm(room, range(start, start + 500), summary=long, labels={"k": "v" * 400}), room.at(100)
        )
        assert here == []
    assert sheaves.number(state.passing) == 10_000
    assert size(state) < 1_000_000
    left, other, batches = drained(room, state, target(room))
    assert counts(other) == (10_001, 0, 0)
    assert left.merged_into is not None
    assert (left.merged_into.passed, batches < 40) == (10_000, True)
    again = fed(room, other, storm(room, range(10_000)), 201)
    assert counts(again) == (10_001, 0, 10_000)
    assert len(again.firing) + again.firing_more == 10_001


def test_beyond_what_can_wait_their_number_is_passed_on_and_said(room: Any) -> None:
    """Counted each; the line says that only the number is known, and it does not recover by itself."""
    state = merged(room)
    for start in range(0, 20_000, 500):
        state, _ = passing.divert(state, storm(room, range(start, start + 500)), room.at(100))
    assert size(state) < 1_000_000
    assert sum(one.more for one in state.passing) == 20_000 - 400 - sheaves.LARGEST_MARKS // sheaves.MARK
    _, other, _ = drained(room, state, target(room))
    assert counts(other)[0] == 20_001
    assert any("only the number is known" in line.text for line in other.tail)
    other = replace(other, harm_stopped_at=room.at(300))
    ended = fed(room, other, storm(room, range(20_000), status="resolved", ended_at=room.at(300)), 300)
    assert ended.recovered_at == ""


def test_ten_thousand_after_the_join_window_stay_small(room: Any) -> None:
    """They wait for the successor."""
    state = replace(room.opened(), recovered_at=room.at(10))
    late = fed(room, state, storm(room, range(10_000), started_at=room.at(5000), summary="y" * 1900), 5000)
    assert sheaves.number(late.forwarding) == 10_000
    assert size(late) < 1_000_000
    new = room.opened()
    for batch in passing.in_signals(late.forwarding):
        assert len(json.dumps([asdict(one) for one in batch])) < 65_000
        new = absorb(new, batch, room.at(5001))
    assert counts(new)[0] == 10_001


def test_what_is_on_its_way_does_not_grow(room: Any) -> None:
    """Alerts that come meanwhile wait behind it, and the same batch is sent again after a restart."""
    state, _ = passing.divert(merged(room), storm(room, range(450)), room.at(100))
    to, batch = passing.next_batch(state, 500)
    state = replace(state, passing=batch, passing_sent=len(batch))
    more, _ = passing.divert(state, storm(room, range(450, 900)), room.at(101))
    assert passing.next_batch(more, 500) == (to, batch)
    assert sheaves.number(passing.passed(more, len(batch), to, room.at(102)).passing) == 450


def test_what_goes_to_a_split_shares_no_sheaf(room: Any) -> None:
    """A fingerprint that was split off goes there, the rest to where the incident was merged into."""
    off = SplitOff(1, "incident-split", (), ("fp-odd",), "ann", room.at(1), "x", opened_at=room.at(2))
    state = replace(merged(room), splits=(off,))
    state, _ = passing.divert(state, storm(room, range(500)), room.at(100))
    odd = [room.alert(fingerprint="fp-odd", started_at=room.at(number)) for number in range(60, 70)]
    state, _ = passing.divert(state, odd, room.at(101))
    to = [(passing.target(state, one), sheaves.number([one])) for one in state.passing if sheaves.is_sheaf(one)]
    assert to == [(OTHER, 100), ("incident-split", 10)]


def test_nine_thousand_sent_twice_and_resolved_recover(room: Any) -> None:
    """Each is counted once, though more than are remembered by their marks; and stray ends recover nothing."""
    many = range(9000)
    state = replace(fed(room, room.opened(), storm(room, many), 1), harm_stopped_at=room.at(2))
    assert counts(state) == (9001, 0, 0)
    again = fed(room, state, storm(room, many), 3)
    assert counts(again) == (9001, 0, 9000)
    assert len(again.firing) + again.firing_more == 9001
    strays = [room.alert(fingerprint=f"x-{number}", status="resolved") for number in range(2000)]
    stray = fed(room, again, strays, 4)
    assert len(stray.firing) + stray.firing_more == 9001
    assert size(stray) < 400_000
    ended = fed(room, stray, [*storm(room, many, status="resolved"), room.alert(status="resolved")], 5)
    assert (ended.firing, ended.firing_more, ended.recovered_at) == ((), 0, room.at(5))


def test_beyond_the_bound_it_does_not_recover_by_itself(room: Any) -> None:
    """In doubt it still fires; the state stays bounded."""
    many = range(30_000)
    state = replace(fed(room, room.opened(), storm(room, many), 1), harm_stopped_at=room.at(2))
    assert size(state) < 400_000
    ended = fed(room, state, storm(room, many, status="resolved"), 5)
    assert ended.firing_more > 0
    assert ended.recovered_at == ""


def test_a_merge_of_two_storms_loses_none(room: Any) -> None:
    """6,000 and 6,000 that fire are 12,000, and all of them can end."""
    from halon.incident.links import Taken

    one = fed(room, room.opened(), storm(room, range(5999)), 1)
    two = fed(room, room.opened(), storm(room, range(10_000, 15_999)), 1)
    two = absorb(two, [room.alert(status="resolved")], room.at(2))
    two = absorb(two, storm(room, range(20_000, 20_001)), room.at(3))
    link = MergedFrom("incident-two", "INC-0002", two.agent, two.group, "ann", room.at(5), "x")
    taken = Taken(link, firing=two.firing, firing_more=two.firing_more, firing_rest=two.firing_rest, seen=two.seen)
    both = taking.take_over(one, taken, room.at(5))
    assert len(both.firing) + both.firing_more == 12_000
    assert len(both.firing) == REMEMBERED
    ends = storm(room, range(10_000, 15_999), status="resolved") + storm(room, range(5999), status="resolved")
    ended = fed(room, both, [*ends, *storm(room, range(20_000, 20_001), status="resolved")], 6)
    assert len(ended.firing) + ended.firing_more == 1  # the first of all
    gone = passing.without_firing(both, storm(room, range(10_000, 15_999)))
    assert len(gone.firing) + gone.firing_more == 6001


def test_after_a_split_only_sources_that_stay_speak(room: Any) -> None:
    """What may act alone and has left lends its word to nobody; where nobody is known to have stayed, nobody is trusted."""
    state = absorb(room.opened(), [room.alert(rule="Slow", fingerprint="fp-2", source="trusted")], room.at(1))
    state = replace(
        room.assessed(), alerts=state.alerts, counts=state.counts, firing=state.firing, sources=state.sources
    )
    assert hearing.sources(state) == (room.alert().source, "trusted")
    after = room.say(state, "split", reason="r", rules=["Slow"]).state
    assert hearing.sources(after) == (room.alert().source,)
    counted = replace(state, alerts=tuple(one for one in state.alerts if one.rule == "Slow"))
    left = room.say(counted, "split", reason="r", rules=["Slow"]).state
    assert hearing.sources(left) == (splitting.UNKNOWN,)
