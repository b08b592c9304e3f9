"""The state that is carried from run to run and from release to release (promise 14), and the first one of all."""

from __future__ import annotations

import json
from dataclasses import MISSING, fields, is_dataclass, replace
from typing import Any

import pytest
from temporalio.api.common.v1 import Payload

from halon.client import data_converter
from halon.incident.about import about
from halon.incident.chain import check
from halon.incident.errors import Malformed
from halon.incident.opening import Opening
from halon.incident.opening_state import LARGEST_BATCH, first_state
from halon.incident.state import State
from halon.incident.status import status

CONVERTER = data_converter.payload_converter


def written(state: State) -> Any:
    """The state as JSON in a payload."""
    return json.loads(CONVERTER.to_payload(state).data)


def read(value: Any) -> State:
    """A state from the JSON of a payload, as the workflow gets it."""
    payload = Payload(metadata={"encoding": b"json/plain"}, data=json.dumps(value).encode())
    state: State = CONVERTER.from_payload(payload, State)
    return state


def each(value: Any, shown: Any) -> list[tuple[Any, dict[str, Any]]]:
    """Every dataclass in ``value``, with the JSON object that it was written as."""
    if is_dataclass(value):
        inside = [pair for field in fields(value) for pair in each(getattr(value, field.name), shown[field.name])]
        return [(value, shown), *inside]
    if isinstance(value, tuple | list):
        return [pair for one, told in zip(value, shown, strict=True) for pair in each(one, told)]
    if isinstance(value, dict):
        return [pair for name, one in value.items() for pair in each(one, shown[name])]
    return []


@pytest.mark.parametrize("which", ["opened", "assessed", "full"])
def test_a_state_comes_back_as_it_was(room: Any, which: str) -> None:
    """Through the converter of every worker, value for value and type for type."""
    state = getattr(room, which)()
    assert read(written(state)) == state
    assert written(read(written(state))) == written(state)


def test_every_field_is_tried(room: Any) -> None:
    """The full state leaves no field at its default, so that a new field is put to the test here too."""
    state = room.full()
    plain = first_state(Opening((room.alert(),)), room.WORKFLOW, "run-1", room.T0)
    assert [
        one.name for one in fields(State) if one.default is not MISSING and getattr(state, one.name) == one.default
    ] == []
    assert {type(value).__name__ for value, _ in each(state, written(state))} >= {
        "Alert", "AlertCount", "Fact", "Assessment", "Severity", "Obligation", "Stage", "Person", "Roster", "Order", "Call",
        "GatePolicy", "Action", "Gate", "Answer", "Proof", "Notice", "Message", "Finding", "MinimalCase", "Corrective",
        "Rerun", "Waiver", "Phase", "Sealed", "Line", "LevelChange", "Chain", "Entry",
    }  # fmt: skip
    assert plain != state


def test_fields_of_a_later_release_are_ignored(room: Any) -> None:
    """A worker that is rolled back reads what a newer one wrote, at every depth."""
    state = room.full()
    value = written(state)
    for _, shown in each(state, value):
        shown["a_field_of_tomorrow"] = {"x": [1]}
    assert read(value) == state


def test_fields_of_an_earlier_release_may_be_missing(room: Any) -> None:
    """Whatever has a default may be absent at every depth, and what is left still works."""
    state = room.full()
    value = written(state)
    for one, shown in each(state, value):
        for field in fields(one):
            if field.default is not MISSING or field.default_factory is not MISSING:
                shown.pop(field.name, None)
    old = read(value)
    assert set(value) == {"incident_id", "workflow_id", "reference", "agent", "group", "opened_at"}
    assert old == State(
        state.incident_id, state.workflow_id, state.reference, state.agent, state.group, state.opened_at
    )
    assert status(old)["headline"]
    assert about(old, room.T0)["now"] == room.T0


@pytest.mark.parametrize(
    "name", [one.name for one in fields(State) if one.default is not MISSING or one.default_factory is not MISSING]
)
def test_each_field_alone_may_be_missing(room: Any, name: str) -> None:
    """One field at a time: the others are as they were."""
    state = room.full()
    value = written(state)
    del value[name]
    untouched = getattr(State("i", "w", "r", "a", "g", "o"), name)
    assert read(value) == replace(state, **{name: untouched})


def test_the_opening_of_an_incident(room: Any) -> None:
    """Its identity is the workflow id and the first run; the record begins with it and chains."""
    state = first_state(
        Opening((room.alert(),), predecessor="incident-old", drill=True), "incident-a.b", "run-9", room.T0
    )
    assert (state.incident_id, state.reference[:4], state.predecessor, state.drill) == (
        "incident-a.b:run-9", "INC-", "incident-old", True)  # fmt: skip
    assert [entry.kind for entry in state.chain.pending] == ["opened", "alert", "fact"]
    check(state.chain.pending, state.incident_id)
    assert state.tail[0].text == f"{state.reference} opened for agent support-bot, leak."


def test_resolved_alerts_may_come_with_a_firing_one(room: Any) -> None:
    """They are counted; the firing one gives agent and group."""
    state = first_state(
        Opening((room.alert(status="resolved", fingerprint="old"), room.alert())), "incident-a.b", "r", room.T0
    )
    assert (state.counts[0].firing, state.counts[0].resolved) == (1, 1)


@pytest.mark.parametrize(
    ("alerts", "told"),
    [
        (lambda room: (), "at least one firing alert or a report"),
        (lambda room: (room.alert(status="resolved"),), "at least one firing alert or a report"),
        (lambda room: (room.alert(), room.alert(agent="other", rule="Strange")), "'Strange' has others"),
        (lambda room: (room.alert(), room.alert(group="other")), "share agent and group"),
        (lambda room: (room.alert(),) * (LARGEST_BATCH + 1), "at most 2000 alerts"),
        (lambda room: (room.alert(started_at="yesterday"),), "started_at is 'yesterday'"),
    ],
)
def test_what_may_not_open_an_incident(room: Any, alerts: Any, told: str) -> None:
    """A resolved alert, strangers, too many, or no time: refused in words, before anything is recorded."""
    with pytest.raises(Malformed, match=told):
        first_state(Opening(alerts(room)), "incident-a.b", "r", room.T0)
