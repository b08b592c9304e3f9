"""Alerts join: counted, deduplicated, bounded; after the join window they belong to a successor."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from halon.incident.errors import Malformed
from halon.incident.facts import held
from halon.incident.joining import COUNTED_RULES, EXEMPLARS, OTHER_RULES, REMEMBERED, absorb, outside_window, recovered


def test_the_same_alert_again_changes_nothing_but_a_count(room: Any) -> None:
    """A sender's retry is known by fingerprint, start and status, whatever else the delivery says."""
    state = room.opened()
    again = absorb(state, [room.alert(received_at=room.at(9), summary="other words")] * 3, room.at(9))
    assert again.counts[0].duplicates == 3
    assert again.counts[0].firing == 1
    assert replace(again, counts=()) == replace(state, counts=())


@pytest.mark.parametrize(
    "change", [{"fingerprint": "fp-2"}, {"started_at": "2026-11-22T10:00:05Z"}, {"status": "resolved"}]
)
def test_another_fingerprint_start_or_status_is_another_alert(room: Any, change: dict[str, str]) -> None:
    """Each of the three makes it news, on record."""
    state = room.opened()
    after = absorb(state, [room.alert(**change)], room.at(9))
    assert after.counts[0].duplicates == 0
    assert after.chain.seq == state.chain.seq + 1


def test_one_moment_written_in_two_ways_is_one_alert(room: Any) -> None:
    """A start with another offset names the same moment."""
    state = absorb(room.opened(), [room.alert(started_at="2026-11-22T11:00:00+01:00")], room.at(9))
    assert state.counts[0].duplicates == 1


def test_the_first_alert_says_when_it_was_detected(room: Any) -> None:
    """Later alerts do not move the detection."""
    state = absorb(room.opened(), [room.alert(fingerprint="fp-2", received_at=room.at(9))], room.at(9))
    assert held(state.facts)["detected_at"] == room.T0


def test_resolved_alerts_are_counted_and_end_the_firing(room: Any) -> None:
    """It recovers once nothing fires and the harm was seen to have stopped; neither alone is enough."""
    gone = room.alert(status="resolved", ended_at=room.at(30))
    state = absorb(room.opened(), [gone], room.at(30))
    assert (state.firing, state.counts[0].resolved, state.recovered_at) == ((), 1, "")
    stopped = recovered(replace(state, harm_stopped_at=room.at(40)), room.at(41))
    assert stopped.recovered_at == room.at(41)
    assert recovered(stopped, room.at(99)) is stopped
    firing = replace(room.opened(), harm_stopped_at=room.at(40))
    assert recovered(firing, room.at(41)) is firing


def test_a_report_by_hand_fires_nothing(room: Any) -> None:
    """Nobody will ever send a resolved for it, so it does not hold the recovery up."""
    state = room.opened(room.alert(source="report", reporter="ann"))
    assert state.firing == ()
    assert "by ann" in " ".join(line.text for line in state.tail)


def test_it_fires_again_after_containment(room: Any) -> None:
    """A start after the harm had stopped is a recurrence: looked at once more, at once."""
    state = replace(room.opened(), harm_stopped_at=room.at(60), recovered_at=room.at(70))
    late = absorb(state, [room.alert(fingerprint="fp-2", started_at=room.at(50))], room.at(80))
    assert (late.harm_stopped_at, late.recovered_at, late.look_at) == (room.at(60), "", "")
    again = absorb(state, [room.alert(fingerprint="fp-3", started_at=room.at(75))], room.at(80))
    assert (again.harm_stopped_at, again.recovered_at, again.look_at) == ("", "", room.at(80))
    assert "fires again" in again.tail[-1].text


@pytest.mark.parametrize(
    ("recovered_after", "successor", "quiet", "status", "seconds", "outside"),
    [
        (None, "", 900, "firing", 99_999, False),
        (100, "", 900, "firing", 1000, False),
        (100, "", 900, "firing", 1000.001, True),
        (100, "", 60, "firing", 161, True),
        (100, "", 900, "resolved", 99_999, False),
        (100, "incident-x~2", 900, "firing", 101, True),
        (None, "incident-x~2", 900, "firing", 101, False),
    ],
)
def test_the_join_window(
    room: Any, recovered_after: float | None, successor: str, quiet: int, status: str, seconds: float, outside: bool
) -> None:
    """Until recovered plus the kit's quiet period; one successor is enough for all that follow."""
    state = room.assessed(room.judged(quiet_seconds=quiet), successor=successor,
                          recovered_at=room.at(recovered_after) if recovered_after else "")  # fmt: skip
    assert outside_window(state, room.alert(status=status), room.at(seconds)) is outside


def test_an_alert_after_the_window_is_handed_on_whole(room: Any) -> None:
    """It waits to be forwarded and moves nothing here."""
    state = replace(room.opened(), recovered_at=room.at(10))
    late = room.alert(fingerprint="fp-9", started_at=room.at(5000))
    after = absorb(state, [late], room.at(5000))
    assert [one.fingerprint for one in after.forwarding] == ["fp-9"]
    assert (after.counts, after.firing, after.recovered_at) == (state.counts, state.firing, state.recovered_at)


def test_ten_thousand_alerts_leave_a_small_state(room: Any) -> None:
    """Exemplars, memory and counted rules are bounded; every alert is counted all the same."""
    state = room.opened()
    for start in range(0, 10_000, 500):
        numbers = range(start, start + 500)
        batch = [room.alert(fingerprint=f"n-{number}", rule=f"Rule{number % 150}") for number in numbers]
        state = absorb(state, batch, room.at(start))
        state = replace(state, chain=state.chain.flushed(state.chain.seq))
    assert (len(state.alerts), len(state.seen), len(state.firing)) == (EXEMPLARS, REMEMBERED, REMEMBERED)
    assert len(state.counts) == COUNTED_RULES + 1
    assert sum(one.firing for one in state.counts) == 10_001
    assert next(one for one in state.counts if one.rule == OTHER_RULES).firing > 3000
    assert state.chain.seq > 10_000
    assert len(state.tail) == 80


@pytest.mark.parametrize(
    "broken",
    [{"started_at": "yesterday"}, {"received_at": ""}, {"received_at": "soon"}, {"ended_at": "x"},
     {"received_at": "0001-01-01T00:00:00Z"}, {"started_at": "0001-01-01T00:00:00+14:00"}],
)  # fmt: skip
def test_an_alert_without_a_usable_time_is_malformed(room: Any, broken: dict[str, str]) -> None:
    """By signal or by start, it is refused with the field's name before it can wedge the incident; none has joined."""
    state = room.opened()
    with pytest.raises(Malformed, match=next(iter(broken))):
        absorb(state, [room.alert(fingerprint="fp-2"), room.alert(fingerprint="fp-3", **broken)], room.at(9))


@pytest.mark.parametrize(
    ("path", "kept"), [("evidence/intake/x", True), ("/etc/passwd", False), ("evidence/other/x", False)]
)
def test_an_alert_names_only_what_the_front_door_sealed(room: Any, path: str, kept: bool) -> None:
    """A path of the sender's own choosing never enters the record as evidence."""
    state = absorb(room.opened(), [room.alert(fingerprint="fp-2", raw=path, raw_sha256="0" * 64)], room.at(9))
    named = state.chain.pending[-1].data["evidence"]
    assert named == ([{"path": path, "sha256": "0" * 64}] if kept else [])


@pytest.mark.parametrize("strange", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", ""])
def test_a_time_that_no_sender_means_is_no_time(room: Any, strange: str) -> None:
    """The year 1 is how some write "none": the alert is held all the same, from when it was received, and still fires."""
    held_one = room.opened(room.alert(started_at=strange, ended_at=strange, received_at=room.at(3))).alerts[0]
    assert (held_one.started_at, held_one.ended_at) == (room.at(3), "")
