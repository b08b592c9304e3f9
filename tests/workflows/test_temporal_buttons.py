"""Promise 15: Temporal's own buttons can't end an incident, repeat an effect, or lose a decision."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import EventType
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest
from temporalio.client import WorkflowExecutionStatus

from halon.incident.chain import check
from halon.watch import reopen_terminated


async def lines(house: Any, word: str) -> list[str]:
    return [line["text"] for line in await house.query("timeline") if word in line["text"]]


async def wait_for_line(house: Any, word: str, count: int = 1) -> list[str]:
    for _ in range(2400):
        found = await lines(house, word)
        if len(found) >= count:
            return found
        await asyncio.sleep(0.1)
    raise AssertionError(f"{word!r} was not said {count} times: {await lines(house, '')}")


async def task_ends(house: Any, run_id: str) -> list[int]:
    """The ids of the events to which a run can be reset."""
    handle = house.client.get_workflow_handle(house.incident.id, run_id=run_id)
    return [event.event_id async for event in handle.fetch_history_events()
            if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED]  # fmt: skip


async def latest_run(house: Any) -> str:
    return str((await house.incident.describe()).run_id)


async def reset(house: Any, run_id: str, event_id: int) -> str:
    """Press Reset. Returns the id of the new run."""
    answer = await house.client.workflow_service.reset_workflow_execution(
        ResetWorkflowExecutionRequest(
            namespace=house.client.namespace, workflow_execution=WorkflowExecution(workflow_id=house.incident.id, run_id=run_id),
            reason="somebody pressed the button", workflow_task_finish_event_id=event_id,
            request_id=f"{run_id}-{event_id}",
        )
    )  # fmt: skip
    assert answer.run_id != run_id
    return str(answer.run_id)


async def settle(house: Any, action: str, status: str) -> None:
    await house.until(f"{action} to be {status}", lambda s: s["actions"].get(action) == status)


async def assert_done_once(house: Any) -> None:
    """What the agent and the mail server really received."""
    done = [
        one
        for one in await house.calls()
        if one["key"] and "/replay" not in one["path"] and "/evals" not in one["path"]
    ]
    assert sorted((one["path"], one["effects"], one["deliveries"]) for one in done) == [
        ("/control/tokens/support-bot-token/revoke", 1, 1),
        ("/control/tools/send_email", 1, 1),
        ("/control/tools/send_email", 1, 1),
        ("/control/tools/send_email", 1, 1),
    ]
    outside = sorted(to for receivers, _ in house.mailbox.mails for to in receivers if "acme.example" not in to)
    assert outside == ["breach-notices@authority.example", "security@customer.example"]


async def assert_one_record(house: Any, result: dict[str, Any]) -> list[str]:
    """One incident, one unbroken chain to its very end. Returns what it tells."""
    incidents = await house.record.incidents()
    assert len(incidents) == 1
    entries = await house.record.entries(incidents[0])
    check(entries, incidents[0])
    assert (entries[-1].hash, entries[-1].seq) == (result["head"], result["entries"])
    return [entry.text for entry in entries]


async def test_promise_15_cancel_is_answered_and_the_incident_goes_on(house: Any) -> None:
    """Cancel, and once more, is on record with what to say instead; containment and commands go on."""
    async with house.worker():
        await house.misbehave()
        handle = await house.open()
        await handle.cancel()
        await wait_for_line(house, "use `close`")
        await handle.cancel()
        await house.contained()
        assert await house.say("note", by="ann", text="still here") == "still here"
        assert (await handle.describe()).status is WorkflowExecutionStatus.RUNNING
        assert "NotSettled" in await house.say("close", by="ann", reason="done"), (
            "what ends it is `close`, when it is settled"
        )


async def test_promise_15_cancel_before_the_first_task_ends_nothing(house: Any) -> None:
    """Asked before any worker was there: it is answered as soon as there is one."""
    handle = await house.open()
    await handle.cancel()
    async with house.worker():
        await wait_for_line(house, "use `close`")
        assert (await handle.describe()).status is WorkflowExecutionStatus.RUNNING
        assert await house.say("note", by="ann", text="still here") == "still here"


async def test_promise_15_a_terminated_incident_is_reopened_and_carried_to_its_end(house: Any) -> None:
    """Same reference, record, clocks and open gates; people are paged again; an old gate's approval is proved over runs."""
    async with house.worker():
        await house.misbehave()
        handle = await house.open()
        await house.contained()
        await house.say("ack", by="ann")
        await house.facts()
        before = await house.until("the clocks", lambda s: len(s["asked"]) > 2 and s["next_deadline"] is not None)
        gate = next(one for one in await house.open_gates() if one["subject"] == "revoke-token")
        pages = (house.settings.home / "pages.log").read_text().count("An incident is open")
        await handle.terminate("somebody pressed the button")
        for _ in range(900):
            if before["reference"] in await reopen_terminated(house.client, house.settings.task_queue):
                break
            await asyncio.sleep(0.1)
        said = await wait_for_line(house, "Somebody terminated this incident")
        assert "with its clocks and gates" in said[0]
        after = await house.query("status")
        assert (after["reference"], after["next_deadline"]) == (before["reference"], before["next_deadline"])
        assert gate["id"] in [one["id"] for one in await house.open_gates()]
        await wait_for_line(house, "Paging ann", 2)
        for _ in range(900):
            if (house.settings.home / "pages.log").read_text().count("An incident is open") > pages:
                break
            await asyncio.sleep(0.1)
        assert (house.settings.home / "pages.log").read_text().count("An incident is open") > pages
        house.first_started = (await house.query("carry"))["alerts"][0]["started_at"]
        result = await house.close_story()
        assert result["reference"] == before["reference"]
        await assert_done_once(house)
        await assert_one_record(house, result)


@pytest.mark.long
async def test_promise_15_reset_to_the_very_start_repeats_nothing(house: Any) -> None:
    """After the irreversible has run: the new run takes up the state of the old one and goes on to the end."""
    async with house.worker():
        await house.misbehave()
        await house.open()
        await house.contained()
        await house.approve("revoke-token")
        await settle(house, "revoke-token", "verified")
        run = await latest_run(house)
        await reset(house, run, (await task_ends(house, run))[0])
        await wait_for_line(house, "Somebody reset this incident")
        assert (await house.query("status"))["actions"]["revoke-token"] == "verified"
        house.first_started = (await house.query("carry"))["alerts"][0]["started_at"]
        result = await finish(house)
        await assert_done_once(house)
        told = await assert_one_record(house, result)
        assert len([line for line in told if line.startswith("Applied: Revoke")]) == 1


@pytest.mark.long
async def test_promise_15_resets_in_the_middle_lose_no_decision(house: Any) -> None:
    """To the middle, to right after an approval, and after a notice went out: each is noticed, none repeats or forgets."""
    async with house.worker():
        await house.misbehave()
        await house.open()
        await house.contained()
        run = await latest_run(house)
        middle = (await task_ends(house, run))[len(await task_ends(house, run)) // 2]
        await house.approve("revoke-token")
        approved = (await task_ends(house, run))[-1]
        await settle(house, "revoke-token", "verified")
        second = await reset(house, run, approved)
        await wait_for_line(house, "Somebody reset this incident")
        assert (await house.query("status"))["actions"]["revoke-token"] == "verified"
        await house.facts()
        await house.approve("eu-gdpr-33-notification")
        await house.until("it to be sent", lambda s: "eu-gdpr-33-notification" in s["outside"])
        assert await latest_run(house) == second
        third = await reset(house, second, middle)
        await wait_for_line(house, "Somebody reset this incident", 2)
        assert await latest_run(house) == third
        assert "eu-gdpr-33-notification" in (await house.query("status"))["outside"]
        facts = {one["name"]: one["value"] for one in (await house.query("report"))["facts"] if one["by"] == "pat"}
        assert set(facts) == {"gdpr_applies", "risk_to_individuals", "aware_at"}
        house.first_started = (await house.query("carry"))["alerts"][0]["started_at"]
        result = await finish(house, sent=("eu-gdpr-33-notification",))
        await assert_done_once(house)
        await assert_one_record(house, result)


async def test_promise_15_an_approval_that_no_worker_has_seen_survives_a_reset(house: Any) -> None:
    """Said while no worker was there, then reset to the start: it counts, once."""
    async with house.worker():
        await house.misbehave()
        await house.open()
        await house.contained()
        gate = next(one for one in await house.open_gates() if one["subject"] == "revoke-token")
    await house.incident.signal("approve", {"by": "sue", "gate": gate["id"], "reason": "seen in the logs"})
    run = await latest_run(house)
    await reset(house, run, (await task_ends(house, run))[0])
    async with house.worker():
        await settle(house, "revoke-token", "verified")
        assert len(await house.calls("/control/tokens/support-bot-token/revoke")) == 1
        assert (await house.api.get("/control/tokens/support-bot-token")).json()["active"] is False


@pytest.mark.long
async def test_promise_15_reset_of_a_renewed_incident(renewing_server: Any, make_house: Any) -> None:
    """Continued as new some ten times, then reset: the last run is cut, and it goes on from where it was."""
    house = await make_house(renewing_server.client, "reset-of-a-renewed-one")
    async with house.worker():
        await house.misbehave()
        await house.open()
        await house.contained()
        await house.approve("revoke-token")
        await settle(house, "revoke-token", "verified")
        runs = [one async for one in house.client.list_workflows(f"WorkflowId = '{house.incident.id}'")]
        assert len(runs) > 2
        for _ in range(20):  # a run that is being renewed has no task that ended yet
            run = await latest_run(house)
            ends = await task_ends(house, run)
            if ends:
                break
            await asyncio.sleep(0.2)
        await reset(house, run, ends[0])
        await wait_for_line(house, "Somebody reset this incident")
        assert (await house.query("status"))["actions"]["revoke-token"] == "verified"
        await house.facts()
        await house.approve("eu-gdpr-33-notification")
        await house.until("it to be sent", lambda s: "eu-gdpr-33-notification" in s["outside"])
        assert len(await house.calls("/control/tokens/support-bot-token/revoke")) == 1
        sent = [to for receivers, _ in house.mailbox.mails for to in receivers if "authority" in to]
        assert sent == ["breach-notices@authority.example"]
        incident = (await house.record.incidents())[0]
        entries = await house.record.entries(incident)
        check(entries, incident)
        assert [entry.text for entry in entries if "Somebody reset this incident" in entry.text]


async def finish(house: Any, sent: tuple[str, ...] = ()) -> dict[str, Any]:
    """From an incident whose token is revoked to its end; ``sent`` are the notices that went out already."""
    assert "Acknowledged" in await house.say("ack", by="ann")
    if not sent:
        await house.facts()
    for notice in ("eu-gdpr-33-notification", "contract-dpa-notification"):
        if notice not in sent:
            await house.approve(notice)
    await house.until("the cause to be found", lambda s: s["phases"]["rca"] == "done")
    await house.fix()
    for corrective in (await house.query("rca"))["correctives"]:
        await house.say("corrective", by="tom", id=corrective["id"], text="done")
    await house.until("the proof", lambda s: "proved" in s["headline"])
    await house.approve("restore-disable-send-email")
    await house.admit(house.alert(status="resolved", started_at=house.first_started, ended_at=house.first_started))
    await house.tick("notify", "remediate")
    await house.until("everything settled", lambda s: not s["left_before_close"])
    assert "Closed" in await house.say("close", by="ann", reason="done")
    result: dict[str, Any] = await asyncio.wait_for(house.incident.result(), 240)
    return result
