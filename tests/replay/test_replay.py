"""Running incidents survive releases: recorded histories and carried states of every release replay (promise 14).

A new recording: HALON_RECORD=1 python -m pytest tests/workflows/test_four_ways.py -k "way_1 or way_3"; of an opening's form:
tests/workflows/test_each_opening.py. What is recorded anew gets a name of its own; what lies here stays as it is.
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer

from halon.client import data_converter
from halon.incident.opening import Opening
from halon.worker import workflow_runner
from halon_workflows.guard import SignalGuard
from halon_workflows.incident import Incident

HISTORIES = sorted((Path(__file__).parent / "histories").glob("*.json.gz"))


def read(path: Path) -> WorkflowHistory:
    text = gzip.decompress(path.read_bytes()).decode()
    started = json.loads(text)["events"][0]["workflowExecutionStartedEventAttributes"]
    return WorkflowHistory.from_json(started["workflowId"], text)


def test_there_are_recordings_of_a_whole_story_and_of_its_renewals() -> None:
    """An empty folder would make the tests below pass without saying anything."""
    names = [path.name for path in HISTORIES]
    assert any(name.startswith("story-") for name in names), names
    assert sum(name.startswith("renewed-") for name in names) >= 8, names


async def test_promise_14_each_form_of_an_opening_is_among_them() -> None:
    """One look in a turn of its own, one within the first task, and one that was too long for that: each begins otherwise."""
    forms: dict[str, tuple[int, int, bool]] = {}
    for path in HISTORIES:
        events = read(path).events
        started = events[0].workflow_execution_started_event_attributes
        if started.continued_execution_run_id:
            continue
        form = (await data_converter.decode(started.input.payloads, [Opening]))[0].form
        asked = {one.activity_task_scheduled_event_attributes.activity_type.name for one in events}
        glances = sum(one.marker_recorded_event_attributes.marker_name == "core_local_activity" for one in events)
        forms[path.name.partition("-")[0]] = (form, glances, "begin.look" in asked)
    assert forms["look"] == (2, 0, True)
    assert forms["glance"] == (3, 1, False)
    assert forms["turn"] == (3, 1, True)


@pytest.mark.parametrize("path", HISTORIES, ids=lambda path: path.name.removesuffix(".json.gz"))
async def test_promise_14_a_recorded_history_replays(path: Path) -> None:
    """Today's workflow code makes the same commands from what an earlier release recorded."""
    history = read(path)
    # As the worker runs it; the whole story in the strict sandbox, which takes seven times as long.
    strict = path.name.startswith("story-")
    replayer = Replayer(
        workflows=[Incident], data_converter=data_converter, interceptors=[SignalGuard()],
        workflow_runner=workflow_runner(strict=strict),
    )  # fmt: skip
    result = await replayer.replay_workflow(history, raise_on_replay_failure=False)
    assert result.replay_failure is None


@pytest.mark.parametrize(
    "path", [path for path in HISTORIES if path.name.startswith("renewed-")], ids=lambda path: path.name
)
async def test_promise_14_a_carried_state_is_read(path: Path) -> None:
    """What an earlier release carried into a new run is still a whole state today."""
    history = read(path)
    started = history.events[0].workflow_execution_started_event_attributes
    opening = (await data_converter.decode(started.input.payloads, [Opening]))[0]
    carried = json.loads(started.input.payloads[0].data)
    if not started.continued_execution_run_id:
        assert opening.state is None
        return
    assert opening.state is not None
    assert opening.state.chain.seq == carried["state"]["chain"]["seq"] > 0
    assert opening.state.incident_id.startswith("incident-")
