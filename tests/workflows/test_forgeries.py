"""Forged starts: an incident that somebody types in by hand does nothing that an incident may do.

Direct activity calls and workflows of another type are in tests/activities/test_approval_proofs.py.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from temporalio import workflow
from temporalio.client import WorkflowFailureError, WorkflowHandle
from temporalio.exceptions import ActivityError, ApplicationError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from halon.incident import ids
from halon.watch import reopen_terminated

TEMPORAL = Path(sys.executable).with_name("temporal")


async def start(
    house: Any, workflow_id: str, opening: str, kind: str = "Incident", *more: str
) -> WorkflowHandle[Any, Any]:
    """``temporal workflow start``, as anybody who reaches the server may type it."""
    process = await asyncio.create_subprocess_exec(
        str(TEMPORAL), "workflow", "start", "--address", house.client.service_client.config.target_host,
        "--type", kind, "--workflow-id", workflow_id, "--task-queue", house.settings.task_queue, "--input", opening, *more,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await process.communicate()
    assert process.returncode == 0, (out, err)
    handle: WorkflowHandle[Any, Any] = house.client.get_workflow_handle(workflow_id)
    return handle


async def refusal(handle: WorkflowHandle[Any, Any]) -> tuple[str, str]:
    """The type and text that the run failed with."""
    with pytest.raises(WorkflowFailureError) as caught:
        await asyncio.wait_for(handle.result(), 240)
    cause: BaseException | None = caught.value.cause
    if isinstance(cause, ActivityError):
        cause = cause.cause
    assert isinstance(cause, ApplicationError), cause
    return cause.type or "", cause.message


async def activities_of(handle: WorkflowHandle[Any, Any]) -> list[str]:
    """The kinds of activity that a workflow began."""
    return [
        event.activity_task_scheduled_event_attributes.activity_type.name
        async for event in handle.fetch_history_events()
        if event.HasField("activity_task_scheduled_event_attributes")
    ]


async def carried(house: Any, workflow_id: str) -> dict[str, Any]:
    """The true state of a contained incident, altered to belong to ``workflow_id`` and to have been approved."""
    await house.misbehave()
    await house.open()
    await house.contained()
    state: dict[str, Any] = await house.query("carry")
    state["workflow_id"] = workflow_id
    state["incident_id"] = f"{workflow_id}:{state['incident_id'].rpartition(':')[2]}"
    answer = {"by": "sue", "approve": True, "reason": "", "at": state["opened_at"], "roles": ["security_lead"],
              "proof": {"run_id": "x", "kind": "update", "update_id": "y"}, "verified": True, "how": "principal"}  # fmt: skip
    for gate in state["gates"]:
        gate.update(status="granted", answers=[answer])
    return state


async def effects(house: Any) -> list[dict[str, Any]]:
    """What the agent was told to do. The real incident may still be replaying its case meanwhile."""
    return [call for call in await house.calls() if call["key"]]


async def token_is_active(house: Any) -> bool:
    return bool((await house.api.get("/control/tokens/support-bot-token")).json()["active"])


async def test_a_forged_state_is_refused_before_anything_runs(house: Any) -> None:
    """A state with approvals in it, started by hand: the run fails as forged and began no activity at all."""
    forged = f"incident-forged-{house.settings.task_queue}"
    async with house.worker():
        state = await carried(house, forged)
        before = await effects(house)
        handle = await start(house, forged, json.dumps({"state": state}))
        kind, text = await refusal(handle)
        assert kind == "ForgedState"
        assert "front door" in text
        assert await activities_of(handle) == []
        assert await effects(house) == before
        assert await token_is_active(house)


@workflow.defn(name="Launderer", sandboxed=False)
class Launderer:
    """A workflow of somebody else's that turns itself into an incident with a state of its choice."""

    @workflow.run
    async def run(self, forged: Any, queue: str) -> None:
        workflow.continue_as_new(args=[forged], workflow="Incident", task_queue=queue)


async def test_a_state_that_another_type_of_workflow_carries_on_is_refused(house: Any) -> None:
    """Continue-as-new into an incident gives a continued run id; what counts is that the run before was an incident."""
    forged = f"incident-laundered-{house.settings.task_queue}"
    async with house.worker(), Worker(
        house.client, task_queue="launderers", workflows=[Launderer], workflow_runner=UnsandboxedWorkflowRunner()
    ):  # fmt: skip
        state = await carried(house, forged)
        for action in state["actions"]:  # an address of the forger's, with the agent's secret
            action.update(status="planned", attempt=9)
            action["order"]["gate"] = None
            action["order"]["reversible"] = True
        before = await effects(house)
        handle = await house.client.start_workflow(
            "Launderer", args=[{"state": {**state, "ledger": {}}}, house.settings.task_queue], id=forged,
            task_queue="launderers",
        )  # fmt: skip
        kind, text = await refusal(handle)
        assert kind == "ForgedReopen"
        assert "Launderer" in text
        assert await effects(house) == before
        assert await token_is_active(house)


async def test_a_forged_reopening_is_refused(house: Any) -> None:
    """Only a terminated run of the very same incident is reopened: no other run, no run that lives, none that is none."""
    async with house.worker():
        await house.misbehave()
        handle = await house.open()
        await house.contained()
        alive = (await handle.describe()).run_id
        before = await effects(house)
        for number, run in enumerate((alive, "00000000-0000-0000-0000-000000000000", "rubbish")):
            forged = await start(
                house, f"incident-reopened-{number}-{house.settings.task_queue}", json.dumps({"reopens": run})
            )
            assert (await refusal(forged))[0] == "ForgedReopen"
            assert set(await activities_of(forged)) <= {"record.find"}
        assert await effects(house) == before


async def test_an_opening_that_opens_nothing_is_refused(house: Any) -> None:
    """No alerts, only resolved ones, those of several agents, a time that is none, or an id that is no incident's."""
    queue = house.settings.task_queue
    good = {"source": "x", "agent": "support-bot", "group": queue, "rule": "r", "status": "firing", "fingerprint": "f",
            "started_at": "2026-11-22T08:00:00Z", "received_at": "2026-11-22T08:00:00Z"}  # fmt: skip
    openings: dict[str, tuple[str, Any, str]] = {
        "empty": (f"incident-empty-{queue}", {}, "Malformed"),
        "resolved": (f"incident-resolved-{queue}", {"alerts": [{**good, "status": "resolved"}]}, "Malformed"),
        "mixed": (f"incident-mixed-{queue}", {"alerts": [good, {**good, "agent": "billing-bot"}]}, "Malformed"),
        "no time": (f"incident-timeless-{queue}", {"alerts": [{**good, "started_at": "yesterday"}]}, "Malformed"),
        "wrong id": (f"my-{queue}", {"alerts": [good]}, "ForgedState"),
    }
    async with house.worker():
        for what, (workflow_id, opening, kind) in openings.items():
            handle = await start(house, workflow_id, json.dumps(opening))
            assert (await refusal(handle))[0] == kind, what
            assert set(await activities_of(handle)) <= {"record.find"}, what
    assert await effects(house) == []


async def test_an_opening_that_is_none_ends_at_once(house: Any) -> None:
    """It must not lie there as an open incident that nobody can reach, in the way of the real one."""
    queue = house.settings.task_queue
    async with house.worker():
        for number, opening in enumerate(['"rubbish"', "[1, 2]", '{"alerts": 7}', '{"state": {"x": 1}}', "null", "7"]):
            handle = await start(house, f"incident-none-{number}-{queue}", opening)
            assert (await refusal(handle))[0] == "Malformed", opening
        for number, arguments in enumerate(([], [{}, {}])):
            handle = await house.client.start_workflow(
                "Incident", args=arguments, id=f"incident-inputs-{number}-{queue}", task_queue=queue
            )
            kind, text = await refusal(handle)
            assert kind == "Malformed"
            assert f"{len(arguments)} inputs were given" in text


async def test_a_command_to_a_refused_start_does_not_keep_it_alive(house: Any) -> None:
    """Whoever speaks to it is told; the run ends all the same, and the next real alert opens the incident."""
    handle = await house.client.start_workflow(
        "Incident", {"state": None}, id=ids.workflow_id(ids.correlation_key("support-bot", house.settings.task_queue)),
        task_queue=house.settings.task_queue, start_signal="approve", start_signal_args=[{"by": "sue", "gate": "g"}],
    )  # fmt: skip
    async with house.worker():
        assert (await refusal(handle))[0] == "Malformed"
        await house.open()
        await house.until("the first assessment", lambda s: s.get("category") is not None)


async def test_a_terminated_start_that_was_none_does_not_stop_the_watch(house: Any) -> None:
    """Typed by hand while no worker was there, then terminated: it is left alone, and real incidents are still reopened."""
    queue = house.settings.task_queue
    for number, opening in enumerate(['"rubbish"', "[1, 2]", '{"alerts": 7}', "null"]):
        handle = await start(house, f"incident-{number}-rubbish-{queue}", opening)
        await handle.terminate()
    real = await house.open()
    await real.terminate()
    reopened: list[str] = []
    for _ in range(900):  # lists lag a little behind
        reopened += await reopen_terminated(house.client, queue)
        if reopened:
            break
        await asyncio.sleep(0.1)
    assert reopened == [real.id]
    assert await reopen_terminated(house.client, queue) == []


async def reopened(house: Any) -> None:
    """The watch finds the incident, and it goes on."""
    found: list[str] = []
    for _ in range(900):  # lists lag a little behind
        found += await reopen_terminated(house.client, house.settings.task_queue)
        if found:
            break
        await asyncio.sleep(0.1)
    assert found == [ids.reference((await house.record.incidents())[0])]
    await house.until("it goes on", lambda s: s["actions"].get("disable-send-email") == "verified")


async def test_what_is_started_in_place_of_an_incident_does_not_end_it(house: Any) -> None:
    """A start may terminate what runs under its id. The forged state is refused, and the incident goes on with its gates;
    so it does where a workflow of another type stands in its place, which nobody runs and which would never end."""
    instead = ("--id-conflict-policy", "TerminateExisting")
    async with house.worker():
        name = (await house.open()).id
        state = await carried(house, name)
        claims = {"reopened_from": state["run_ids"][-1], "run_ids": state["run_ids"]}
        before = await effects(house)
        forged = await start(house, name, json.dumps({"state": {**state, **claims}}), "Incident", *instead)
        run = (await forged.describe()).run_id
        assert (await refusal(house.client.get_workflow_handle(name, run_id=run)))[0] == "ForgedState"
        await reopened(house)
        assert "revoke-token" in [one["subject"] for one in await house.open_gates()], "its yes was forged"
        other = await start(house, name, "{}", "Nothing", *instead)
        assert (await other.describe()).workflow_type == "Nothing"
        await reopened(house)
        assert "revoke-token" in [one["subject"] for one in await house.open_gates()]
        assert await effects(house) == before
        assert await token_is_active(house)
        assert await reopen_terminated(house.client, house.settings.task_queue) == []
