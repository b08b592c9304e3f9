"""While alerts merely join, what is shown stands still: it is not made anew for each of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from halon.incident import clocks
from halon.incident.alerts import AlertCount
from halon.incident.numbers import NUMBERS, apart_from_numbers
from halon.incident.settling import unsettled
from halon.incident.state import State, Tally
from halon.incident.status import details, headline, waiting_on
from halon.incident.storm import absorb

OTHER: dict[str, Any] = {
    "seen": ("abcdefgh",), "firing": ("ijklmnop",), "firing_more": 7, "seen_rest": "AQAAAA==", "firing_rest": "AQAAAA==",
    "last_fired_at": "2031-01-01T00:00:00.000Z",
    "tally": None, "passing_sent": 3, "forwarding_sent": 3,
}  # fmt: skip


def shown(state: State) -> tuple[Any, ...]:
    """What lists and the UI show, and what the clock waits for, apart from the line about the numbers."""
    bare = replace(state, tally=None)
    event = clocks.next_event(bare)
    key = (event.key, event.at) if event else None
    return details(state), headline(state), waiting_on(state), clocks.next_deadline(state), unsettled(state), key


@pytest.mark.parametrize("which", ["opened", "assessed", "full"])
def test_no_number_is_shown(room: Any, which: str) -> None:
    """Whatever the numbers are, what is shown and what the clock waits for is the same; and every number is tried."""
    state = getattr(room, which)()
    counts = tuple(replace(one, firing=one.firing + 5, last_at="2031-01-01T00:00:00.000Z") for one in state.counts)
    others = {**OTHER, "counts": counts}
    assert set(others) == set(NUMBERS)
    for name, value in others.items():
        changed = replace(state, **{name: value})
        assert changed != state or name == "tally"
        assert shown(changed) == shown(state), name
        assert apart_from_numbers(replace(changed, tally=None)) == apart_from_numbers(replace(state, tally=None)), name


def test_a_storm_changes_nothing_else(room: Any) -> None:
    """From the second batch on, all that joins is numbers; a new rule, a recovery or a line of the log is more."""
    batches = [[room.alert(fingerprint=f"n-{batch}-{one}") for one in range(30)] for batch in range(4)]
    state = absorb(room.opened(), batches[0], room.at(1))
    first = apart_from_numbers(state)
    for number, batch in enumerate(batches[1:], start=2):
        state = absorb(state, batch, room.at(number))
    assert apart_from_numbers(state) == first
    assert apart_from_numbers(absorb(state, [room.alert(rule="Another", fingerprint="x")], room.at(9))) != first
    assert apart_from_numbers(replace(state, acked_by="ann")) != first
    assert apart_from_numbers(replace(state, counts=(*state.counts, AlertCount("Another")))) != first
    assert apart_from_numbers(replace(state, tally=Tally(room.at(8), room.at(8)))) != first
