"""Giving back in stages, where it is hard: a word said twice, a gate that is spent, Temporal's buttons, a killed worker."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from asyncio.subprocess import Process
from pathlib import Path
from typing import Any

import pytest
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import EventType
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest

from halon.drill.controls import Controls
from halon.watch import reopen_terminated

TOOL = "/control/tools/send_email"
INSIDE = next(f"s-{number}" for number in range(1000) if Controls(tool_shares={"send_email": 10}).reaches_tool(f"s-{number}", "send_email"))  # fmt: skip
WORKER = Path(__file__).with_name("dying_worker.py")
ONCE = [("apply/1", 1), ("undo-stage-1/1", 1), ("undo-stage-2/1", 1)]


async def keys(house: Any) -> list[tuple[str, int]]:
    """The ends of the idempotency keys of what changed the tool, and how often each took effect."""
    return [("/".join(call["key"].rsplit("/", 2)[1:]), call["effects"]) for call in await house.calls(TOOL)]


async def texts(house: Any) -> list[str]:
    return [line["text"] for line in await house.query("timeline")]


def watched_for(house: Any, seconds: int) -> None:
    """The first stage of this house's kit is watched so long."""
    actions = house.settings.kit / "actions.yaml"
    actions.write_text(re.sub(r"watch_seconds: *\d+", f"watch_seconds: {seconds}", actions.read_text()))


async def first_stage(house: Any) -> dict[str, Any]:
    """The tool is given back to ten percent, and that is being watched."""
    await house.say("undo", by="ann", action="disable-send-email", reason="customers need their receipts")
    await house.approve("restore-disable-send-email", by="tom")
    status: dict[str, Any] = await house.until("the first stage", lambda s: bool(s["given_back"]))
    return status


async def all_of_it(house: Any) -> None:
    await house.until("all of it", lambda s: s["actions"].get("disable-send-email") == "undone")
    read = (await house.api.get(TOOL)).json()
    assert (read["enabled"], read["share"]) == (True, 100)
    assert await keys(house) == ONCE


@pytest.mark.long
@pytest.mark.parametrize("goes_on", [True, False])
async def test_a_word_about_now_counts_again(house: Any, goes_on: bool) -> None:
    """Said before, and said again while ten percent are given back and nobody can see them: true takes it away, false goes on."""
    async with house.worker():
        await house.misbehave()
        await house.open()
        await house.contained()
        await house.say("fact", by="ann", name="ongoing", value=goes_on, reason="seen in the log")
        kit = house.settings.kit / "connectors" / "sandbox-agent.yaml"
        kit.write_text(kit.read_text().replace("path: /v1/actions", "path: /v1/no-such-log"))
    async with house.worker():
        await first_stage(house)
        for _ in range(2400):
            if any(text.startswith("Nobody can see what the 10 percent") for text in await texts(house)):
                break
            await asyncio.sleep(0.1)
        answer = await house.say("fact", by="ann", name="ongoing", value=goes_on, reason="seen in the log")
        assert answer.startswith(f"Fact: ongoing = {goes_on}"), answer
        if goes_on:
            await house.until("the tool to be off again", lambda s: not s["given_back"])
            await house.until("its read-back", lambda s: s["actions"]["disable-send-email"] == "verified")
            assert (await house.api.get(TOOL)).json()["enabled"] is False
            assert any("(a person says so)" in text for text in await texts(house))
        else:
            await all_of_it(house)


@pytest.mark.long
async def test_what_people_allowed_once_is_applied_again_without_asking(house: Any) -> None:
    """Mode suggest: the gate of the first time is spent; harm in a stage does not wait for a new yes."""
    page = Path(house.environ["HALON_KIT"]) / "agents" / "support-bot.yaml"
    page.write_text(re.sub(r"^mode: \w+", "mode: suggest", page.read_text(), flags=re.MULTILINE))
    watched_for(house, 20)
    async with house.worker():
        await house.misbehave()
        await house.open()
        await house.approve("disable-send-email", by="tom")
        await house.contained()
        await first_stage(house)
        await house.misbehave(INSIDE)
        await house.until("the tool to be off again", lambda s: not s["given_back"]
                          and s["actions"]["disable-send-email"] == "verified")  # fmt: skip
        assert await keys(house) == [("apply/1", 1), ("undo-stage-1/1", 1), ("apply/2", 1)]
        gates = [one["status"] for one in await house.query("gates") if one["subject"] == "disable-send-email"]
        assert gates == ["spent"]


@pytest.mark.long
async def test_reset_while_a_stage_is_watched(house: Any) -> None:
    """The watch goes on where it was: no stage is given back twice, and none is skipped."""
    watched_for(house, 8)
    async with house.worker():
        await house.misbehave()
        await house.open()
        await house.contained()
        await first_stage(house)
        run = str((await house.incident.describe()).run_id)
        handle = house.client.get_workflow_handle(house.incident.id, run_id=run)
        ends = [event.event_id async for event in handle.fetch_history_events()
                if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED]  # fmt: skip
        answer = await house.client.workflow_service.reset_workflow_execution(
            ResetWorkflowExecutionRequest(
                namespace=house.client.namespace, reason="somebody pressed the button", request_id=run,
                workflow_execution=WorkflowExecution(workflow_id=house.incident.id, run_id=run),
                workflow_task_finish_event_id=ends[len(ends) // 2],
            )
        )  # fmt: skip
        assert answer.run_id != run
        await all_of_it(house)
        told = await texts(house)
        assert any("Somebody reset this incident" in text for text in told)
        assert len([text for text in told if text.startswith("No harm was seen while 10 percent")]) == 1


@pytest.mark.long
async def test_terminate_while_a_stage_is_watched(house: Any) -> None:
    """Reopened from the record in the middle of the watch, and given back to its end."""
    watched_for(house, 8)
    async with house.worker():
        await house.misbehave()
        await house.open()
        await house.contained()
        status = await first_stage(house)
        await asyncio.sleep(1)  # so that the record has it
        await house.incident.terminate("somebody pressed the button")
        for _ in range(900):
            if status["reference"] in await reopen_terminated(house.client, house.settings.task_queue):
                break
            await asyncio.sleep(0.1)
        await all_of_it(house)
        told = await texts(house)
        assert any("Somebody terminated this incident" in text for text in told)
        assert len([text for text in told if text.startswith("No harm was seen while 10 percent")]) == 1


@pytest.mark.long
async def test_a_worker_killed_while_a_stage_is_watched(house: Any, tmp_path: Path) -> None:
    """kill -9 in the window: the next worker looks on, and the clock of the watch has not stood still."""
    watched_for(house, 8)
    await house.misbehave()
    await house.open()
    (tmp_path / "deaths").mkdir()
    environ = {**os.environ, **house.environ, "DYING_LEDGER": str(tmp_path / "deaths"), "DYING_KINDS": "none",
               "TEMPORAL_ADDRESS": house.client.service_client.config.target_host}  # fmt: skip

    async def started() -> Process:
        with (tmp_path / "worker.log").open("ab") as log:
            return await asyncio.create_subprocess_exec(
                sys.executable, str(WORKER), env=environ, stdout=log, stderr=log
            )

    worker = await started()
    try:
        await house.contained()
        await first_stage(house)
        worker.send_signal(signal.SIGKILL)
        assert await worker.wait() == -signal.SIGKILL
        worker = await started()
        await all_of_it(house)
        assert len([text for text in await texts(house) if text.startswith("No harm was seen while 10 percent")]) == 1
    finally:
        if worker.returncode is None:
            worker.kill()
            await worker.wait()
