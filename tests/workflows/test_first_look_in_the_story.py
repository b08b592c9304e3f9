"""A fresh incident begins with one look, and nothing of what follows from that differs from one step after the other."""

from __future__ import annotations

import json
from typing import Any

import pytest
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest

from halon.incident.looking_back import looked_back
from halon.incident.opening import Opening
from halon.intake.admit import Admission
from halon_activities import begin
from halon_activities import contain as hand
from halon_activities.ahead import Ahead

READ_BACK = "verify: Switch off the tool send_email"
SEPARATE = ("record.find", "detect.corroborate", "triage.assess")


async def events(house: Any) -> list[Any]:
    run = (await house.incident.describe()).run_id
    handle = house.client.get_workflow_handle(house.incident.id, run_id=run)
    return [event async for event in handle.fetch_history_events()]


async def summaries(house: Any) -> list[str]:
    """What the workflow's activities were for, in words."""
    return [
        json.loads(event.user_metadata.summary.data)
        for event in await events(house)
        if event.HasField("activity_task_scheduled_event_attributes")
    ]


async def begun(house: Any) -> list[str]:
    """The activities in the order in which the workflow asked for them, up to the first order's."""
    names = [
        event.activity_task_scheduled_event_attributes.activity_type.name
        for event in await events(house)
        if event.HasField("activity_task_scheduled_event_attributes")
    ]
    return names[: names.index("contain.apply") + 1]


async def asked_in(house: Any, name: str) -> set[int]:
    """The workflow tasks, by the event that ended each, that asked for this activity."""
    asked = [event.activity_task_scheduled_event_attributes for event in await events(house)]
    return {one.workflow_task_completed_event_id for one in asked if one.activity_type.name == name}


async def tasks_before_the_order(house: Any) -> int:
    """How many workflow tasks had ended when the first order was asked for."""
    ended = 0
    for event in await events(house):
        ended += event.HasField("workflow_task_completed_event_attributes")
        if event.activity_task_scheduled_event_attributes.activity_type.name == "contain.apply":
            return ended
    raise AssertionError("no order was asked for")


async def glances(house: Any) -> int:
    """How many looks were part of a workflow task."""
    return sum(
        event.HasField("marker_recorded_event_attributes")
        and event.marker_recorded_event_attributes.marker_name == "core_local_activity"
        for event in await events(house)
    )


async def texts(house: Any) -> list[str]:
    incidents = await house.record.incidents()
    assert len(incidents) == 1
    return [entry.text for entry in await house.record.entries(incidents[0])]


async def applied_once(house: Any) -> None:
    done = [(one["effects"], one["deliveries"]) for one in await house.calls("/control/tools/send_email") if one["key"]]
    assert done == [(1, 1)]


async def test_an_alert_at_the_door_is_one_turn_from_its_first_order(house: Any) -> None:
    """The first workflow task looks and asks for the containment call; evidence is begun with that call, not after it."""
    async with house.worker():
        await house.misbehave()
        await house.open()
        await house.contained()
        assert set(await begun(house)) <= {"evidence.collect", "contain.apply"}
        assert await tasks_before_the_order(house) == 1
        (together,) = await asked_in(house, "evidence.collect")
        assert together in await asked_in(house, "contain.apply")
        assert await glances(house) == 1
        assert READ_BACK not in await summaries(house), "what is in force right after the call is read back with it"
        status = await house.query("carry")
        assert {"corroborated", "assessed", "triaged"} <= set(status["ledger"])
        told = await texts(house)
        order = [next(n for n, line in enumerate(told) if line.startswith(word))
                 for word in ("INC-", "Looked at", "Severity", "Assessed", "Applying")]  # fmt: skip
        assert order == sorted(order), told
        await applied_once(house)


async def test_what_the_door_opens_has_no_markers_of_older_patches(house: Any) -> None:
    """A query beside the first task would part the history and its replay there: see ``patches.BEFORE_FORM_4``."""
    async with house.worker():
        await house.misbehave()
        await house.open()
        await house.contained()
        names = [one.marker_recorded_event_attributes.marker_name for one in await events(house)]
        assert set(filter(None, names)) == {"core_local_activity"}


async def test_what_is_not_over_at_a_glance_takes_its_own_turn(house: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """An agent that answers slowly is contained a turn later, by the same steps."""
    monkeypatch.setattr(begin, "AT_A_GLANCE", 0.0)
    async with house.worker():
        await house.misbehave()
        await house.open()
        await house.contained()
        names = await begun(house)
        assert names[0] == "begin.look"
        assert not set(SEPARATE) & set(names)
        await applied_once(house)


async def test_the_door_says_what_it_is_about_to_open(house: Any) -> None:
    """Once, before it is open: whoever joins it opens nothing. And what goes wrong with that refuses no alert."""
    said: list[Any] = []

    async def ask(look: Any) -> None:
        said.append(look)
        raise OSError("the agent is gone")

    ahead: Ahead[None] = Ahead()
    ahead.asks(ask)
    heard: list[int] = []

    def expect(alerts: Any) -> None:
        heard.append(len(alerts))
        ahead.expect(alerts)

    door = Admission(house.client, house.settings.task_queue, expect=expect)
    try:
        alert = house.alert()
        (opened,) = await door.admit([alert])
        (joined,) = await door.admit([house.alert(fingerprint="fp-2")])
    finally:
        await door.aclose()
    assert (opened.status, joined.status, joined.incident) == ("new", "joined", opened.incident)
    assert heard == [1]
    assert [(one.agent, one.since) for one in said] == [(alert.agent, looked_back([alert])[0])]


async def test_a_glance_that_fails_ends_no_incident(house: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever goes wrong in it, also what nobody foresaw: a look in a turn of its own does what it should have done."""
    look, tries = begin.FirstLook._look, []

    async def fails_first(self: begin.FirstLook, asked: Any) -> Any:
        tries.append(asked)
        if len(tries) == 1:
            raise RuntimeError("nobody foresaw this")
        return await look(self, asked)

    monkeypatch.setattr(begin.FirstLook, "_look", fails_first)
    async with house.worker():
        await house.misbehave()
        await house.open()
        await house.contained()
        assert (await begun(house))[0] == "begin.look"
        await applied_once(house)


async def test_what_is_not_in_force_at_once_is_read_back_in_a_turn_of_its_own(
    house: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is said of a control that takes a moment, until the patient look has seen it."""
    monkeypatch.setattr(hand, "READ_AT_ONCE_SECONDS", 0.0)
    async with house.worker():
        await house.misbehave()
        await house.open()
        await house.contained()
        assert READ_BACK in await summaries(house)
        told = await texts(house)
        order = [[n for n, line in enumerate(told) if line.startswith(word)]
                 for word in ("Applied: Switch off the tool send_email", "Verified by reading back: Switch off the tool send_email")]  # fmt: skip
        assert [len(each) for each in order] == [1, 1]
        assert order[0] < order[1]
        await applied_once(house)


async def test_an_opening_of_an_earlier_release_takes_its_three_turns(house: Any) -> None:
    """It begins as its history will replay."""
    async with house.worker():
        await house.misbehave()
        alert = house.alert()
        house.handle = await house.client.start_workflow(
            "Incident", Opening(alerts=(alert,), form=1), id=f"incident-support-bot.{house.settings.task_queue}",
            task_queue=house.settings.task_queue,
        )  # fmt: skip
        await house.contained()
        names = await begun(house)
        assert [name for name in names if name in SEPARATE] == list(SEPARATE)
        assert "begin.look" not in names
        await applied_once(house)


async def test_reset_to_each_of_the_first_tasks_repeats_nothing(house: Any) -> None:
    """To the start, and to where the answer of the first look had just come: the answer of the run before is not believed."""
    async with house.worker():
        await house.misbehave()
        await house.open()
        await house.contained()
        for number in (0, 1, 2):
            ends = [
                event.event_id
                for event in await events(house)
                if event.HasField("workflow_task_completed_event_attributes")
            ]
            run = (await house.incident.describe()).run_id
            await house.client.workflow_service.reset_workflow_execution(
                ResetWorkflowExecutionRequest(
                    namespace=house.client.namespace,
                    workflow_execution=WorkflowExecution(workflow_id=house.incident.id, run_id=run),
                    reason="somebody pressed the button", workflow_task_finish_event_id=ends[number], request_id=f"{run}-{number}",
                )
            )  # fmt: skip
            await house.until(
                f"reset {number} to be noticed",
                lambda s, number=number: s["actions"].get("disable-send-email") == "verified",
            )
            for _ in range(900):
                told = [line for line in await texts(house) if "Somebody reset this incident" in line]
                if len(told) > number:
                    break
                await house.until("an answer", lambda _: True)
            assert len(told) == number + 1, told
        await applied_once(house)
        told = await texts(house)
        assert sum(line.startswith("Applied: ") for line in told) == 1


async def test_a_reset_to_where_the_story_begins_leaves_nothing_out(house: Any) -> None:
    """A word had come before the first look was over. What can't be undone still runs at a yes, what was taken is given back."""
    await house.misbehave()
    await house.open()
    await house.incident.signal("note", {"by": "ann", "text": "I look at it"})
    async with house.worker():
        await house.contained()
        history = await events(house)
        order = next(
            at
            for at, event in enumerate(history)
            if event.activity_task_scheduled_event_attributes.activity_type.name == "contain.apply"
        )
        begins = next(
            event.event_id
            for event in reversed(history[:order])
            if event.HasField("workflow_task_completed_event_attributes")
        )
        run = (await house.incident.describe()).run_id
        await house.client.workflow_service.reset_workflow_execution(
            ResetWorkflowExecutionRequest(
                namespace=house.client.namespace,
                workflow_execution=WorkflowExecution(workflow_id=house.incident.id, run_id=run),
                reason="somebody pressed the button", workflow_task_finish_event_id=begins, request_id=run,
            )
        )  # fmt: skip
        await house.until("the reset to be noticed", lambda s: s["actions"].get("disable-send-email") == "verified")
        told = await house.approve("revoke-token")
        assert "NotAuthorised" not in told
        await house.until("the token revoked", lambda s: s["actions"].get("revoke-token") == "verified", 45)
        assert "NotAuthorised" not in await house.say("undo", by="ann", action="disable-send-email", reason="a test")
        await house.asked("restore-disable-send-email", "", 45)
        assert sum("Somebody reset this incident" in line for line in await texts(house)) == 1
        await applied_once(house)


@pytest.mark.parametrize("form", [2, 3])
async def test_the_next_incident_looks_once(house: Any, form: int) -> None:
    """In a turn of its own with form 2, in the first task with form 3, as the door sends it today. It asks first whether the one before was merged, and what was seen meanwhile counts."""
    async with house.worker():
        await house.misbehave()
        await house.open()
        await house.contained()
        before = house.incident.id
        await house.client.get_workflow_handle(before).terminate("out of the way")
        alert = house.alert(fingerprint="fp-2")
        house.handle = await house.client.start_workflow(
            "Incident", Opening(alerts=(alert,), predecessor=before, form=form), id=f"{before}~2",
            task_queue=house.settings.task_queue,
        )  # fmt: skip
        await house.until("an assessment", lambda s: s.get("category") is not None)
        asked = [
            event.activity_task_scheduled_event_attributes.activity_type.name
            for event in await events(house)
            if event.HasField("activity_task_scheduled_event_attributes")
        ]
        assert ("begin.look" in asked, await glances(house)) == ((True, 0) if form == 2 else (False, 1))
        assert asked[0] == ("begin.look" if form == 2 else "correlate.follow")
        assert "correlate.follow" in asked
        assert not {"record.find", "detect.corroborate"} & set(asked)
