"""From whom an incident has heard, and which alerts are over as soon as they have been told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from halon.incident import hearing, joining, storm
from halon.incident.assessment import Assessment, Severity
from halon.incident.state import State

LATER = "2026-11-22T10:00:00.000Z"


def judged(**fields: Any) -> Assessment:
    return Assessment(Severity("SEV3"), "security", ("security",), "act", "acme-eu", **fields)


@pytest.mark.parametrize("absorb", [joining.absorb, storm.absorb], ids=["one by one", "in numbers"])
def test_each_source_that_fired_is_known_once(room: Any, absorb: Any) -> None:
    """In the order of their first alert; a resolved one says nothing, and a made-up name does not grow the state."""
    state = room.opened(room.alert(source="report", fingerprint="r", reporter="jo"))
    more = [room.alert(source="graf", fingerprint=f"g{number}") for number in range(3)]
    state = absorb(state, [*more, room.alert(source="dd", status="resolved", fingerprint="d")], LATER)
    assert hearing.sources(state) == state.sources == ("report", "graf")
    forged = [room.alert(source=f"forged-{number}", fingerprint=f"f{number}") for number in range(200)]
    assert len(absorb(state, forged, LATER).sources) == hearing.MOST


def test_a_state_of_before_tells_by_its_exemplars(room: Any) -> None:
    """An incident of an earlier release has not kept who spoke; the alerts that it shows say so."""
    old = replace(room.opened(room.alert(source="graf")), sources=())
    assert hearing.sources(old) == ("graf",)


@pytest.mark.parametrize(
    ("waits", "knew", "due"),
    [("only a report", ("report",), True), ("only a report", ("report", "graf"), False), ("", ("report",), False)],
)
def test_another_voice_is_judged_only_where_it_is_waited_for(
    room: Any, waits: str, knew: tuple[str, ...], due: bool
) -> None:
    """Nothing is judged again for an alert that changes nothing; what an earlier release judged waits for nothing."""
    state: State = replace(room.opened(room.alert()), sources=("report", "graf"), alerts=())
    assert hearing.to_judge(replace(state, assessment=judged(waits=waits, sources=knew))) is due
    assert hearing.to_judge(replace(state, assessment=judged())) is False
    assert hearing.to_judge(state) is False


def test_what_held_halon_back_is_said_once_and_what_freed_it_too(room: Any) -> None:
    """A line when it begins and one when it ends, none for each judgement between."""
    state = room.opened(room.alert())
    held, free = judged(waits="only a report so far"), judged(trust="graf may act alone")
    begun = hearing.judged(state, held, None, LATER)
    assert begun.tail[-1].text == "Nothing runs without people: only a report so far."
    assert hearing.judged(begun, held, held, LATER) == begun
    assert hearing.judged(begun, free, held, LATER).tail[-1].text == "No longer held back: graf may act alone."
    assert hearing.judged(state, free, None, LATER) == state


@pytest.mark.parametrize("absorb", [joining.absorb, storm.absorb], ids=["one by one", "in numbers"])
def test_a_moment_does_not_fire_on(room: Any, absorb: Any) -> None:
    """An alert whose sender never says that it is over holds up no recovery; one that lasts does."""
    state = room.opened(room.alert())
    at = room.alert().started_at
    moment = room.alert(fingerprint="moment", ended_at=at)
    assert (moment.lasts, room.alert().lasts, room.alert(source="report").lasts) == (False, True, False)
    assert room.alert(status="resolved", ended_at=at).lasts
    assert len(absorb(state, [moment], LATER).firing) == len(state.firing)
    assert len(absorb(state, [room.alert(fingerprint="lasting")], LATER).firing) == len(state.firing) + 1
