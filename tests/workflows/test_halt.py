"""The global stop: nothing of Halon's own is applied or given back while it is on, and all of it goes on by itself."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer

from halon.client import data_converter
from halon.incident.orders import effect_key
from halon.record.halt import Halt
from halon.record.journal import Journal
from halon.worker import workflow_runner
from halon_activities.contain import Contain
from halon_workflows.guard import SignalGuard
from halon_workflows.incident import Incident

TOOL = "/control/tools/send_email"


async def texts(house: Any) -> list[str]:
    return [str(line["text"]) for line in await house.query("timeline")]


async def changes(house: Any) -> list[dict[str, Any]]:
    return [one for one in await house.calls() if one["method"] != "GET" and one["path"].startswith("/control/")]


async def held(house: Any, name: str) -> str:
    status = await house.until("the hold", lambda s: any(one["action"] == name for one in s.get("held", ())))
    return next(str(one["why"]) for one in status["held"] if one["action"] == name)


async def test_halted_nothing_is_sent_and_resumed_it_goes_on_by_itself(house: Any) -> None:
    """Held with whose word and why, told once to each, on record; clocks and pages go on; resumed, within a minute it is
    done; and giving it back is held and goes on in the same way."""
    halt = Halt(house.evidence)
    await halt.turn(halted=True, by="ann", reason="a bad deploy of ours")
    await house.misbehave()
    await house.open()
    async with house.worker():
        why = await held(house, "disable-send-email")
        assert why.startswith("Halon's own actions are halted by ann since ")
        assert "(a bad deploy of ours)" in why
        status = await house.query("status")
        assert status["actions"]["disable-send-email"] == "planned"
        assert "HALON'S OWN ACTIONS ARE HALTED" in status["headline"]
        await house.until("people to be asked all the same", lambda s: bool(s["asked"]))
        await asyncio.sleep(1)
        assert await changes(house) == []
        assert (
            sum(
                one["text"].startswith("Held: Switch off the tool send_email.") for one in await house.query("timeline")
            )
            == 1
        )
        await halt.turn(halted=False, by="sue", reason="deploy is fixed")
        await house.until("it to go on", lambda s: s["actions"]["disable-send-email"] == "verified")
        assert any(
            text.startswith("Halon's own actions go on since ") and "by sue (deploy is fixed)" in text
            for text in await texts(house)
        )
        told = [step for step in (await house.query("carry"))["ledger"] if step.startswith("told:halted:")]
        assert sorted(step.rpartition(":")[2] for step in told) == ["ann", "tom"], "commander and lead, once each"
        assert len(await changes(house)) == 1

        await halt.turn(halted=True, by="ann", reason="once more")
        await house.say("undo", by="ann", action="disable-send-email", reason="try")
        await house.approve("restore-disable-send-email", by="tom")
        assert "(once more)" in await held(house, "disable-send-email")
        assert len(await changes(house)) == 1
        await halt.turn(halted=False, by="sue", reason="now")
        await house.until("it to be back", lambda s: s["actions"]["disable-send-email"] == "undone")
        history: WorkflowHistory = await house.incident.fetch_history()
        replayer = Replayer(workflows=[Incident], data_converter=data_converter, interceptors=[SignalGuard()],
                            workflow_runner=workflow_runner(strict=False))  # fmt: skip
        assert (await replayer.replay_workflow(history, raise_on_replay_failure=False)).replay_failure is None


async def test_what_is_held_is_dropped_if_it_was_a_false_alarm(house: Any) -> None:
    """Nobody has to resume to close what was none: what was held does not run any more."""
    await Halt(house.evidence).turn(halted=True, by="ann", reason="maintenance")
    await house.misbehave()
    await house.open()
    async with house.worker():
        await held(house, "disable-send-email")
        await house.say("false-alarm", by="ann", reason="a drill of the vendor")
        status = await house.until("it to be dropped", lambda s: s["actions"]["disable-send-email"] == "denied")
        assert status["held"] == []
        assert await changes(house) == []


async def test_a_worker_can_be_halted_by_its_environment(house: Any) -> None:
    """HALON_HALT=1 on a worker; the next one, without it, does what was held."""
    house.environ["HALON_HALT"] = "1"
    await house.misbehave()
    await house.open()
    async with house.worker():
        assert "HALON_HALT on a worker" in await held(house, "disable-send-email")
        assert await changes(house) == []
    house.environ["HALON_HALT"] = ""
    async with house.worker():
        await house.until("it to be done", lambda s: s["actions"]["disable-send-email"] == "verified")


async def test_a_yes_is_kept_while_it_is_held_and_may_be_taken_back(house: Any) -> None:
    """What can't be undone was approved, and is held: the yes can still be withdrawn, and then it is not done."""
    halt = Halt(house.evidence)
    await house.misbehave()
    await house.open()
    async with house.worker():
        await house.until("the gate", lambda s: s["actions"].get("revoke-token") == "waiting")
        await halt.turn(halted=True, by="ann", reason="wait")
        await house.approve("revoke-token", by="sue")
        await held(house, "revoke-token")
        gate = next(one for one in await house.query("gates") if one["subject"] == "revoke-token")
        told = await house.say("withdraw", by="sue", gate=gate["id"], reason="wrong token")
        assert "took the answer" in told
        await halt.turn(halted=False, by="ann", reason="go on")
        await house.until("it to be asked anew", lambda s: s["actions"]["revoke-token"] == "waiting" and not s["held"])
        assert not [one for one in await changes(house) if "revoke" in one["path"]]


async def test_what_left_before_the_halt_is_read_back_and_given_back_after_a_false_alarm(house: Any) -> None:
    """A try without an answer is not held as if nothing had been sent: it is read back while halted, counts as in force,
    and a false alarm offers it back instead of leaving it off for good."""
    halt = Halt(house.evidence)
    await house.misbehave()
    handle = await house.open()
    run = (await handle.describe()).run_id
    key = effect_key(f"{handle.id}:{run}", "disable-send-email", "apply", 1)
    await Journal(house.evidence).intend(key, {"order": "disable-send-email"})
    (await house.api.put(TOOL, json={"enabled": False})).raise_for_status()
    await halt.turn(halted=True, by="ann", reason="a bad deploy of ours")
    async with house.worker():
        await house.until("it to be read back", lambda s: s["actions"].get("disable-send-email") == "verified")
        assert not any(text.startswith("Held: Switch off the tool send_email.") for text in await texts(house))
        await house.say("false-alarm", by="ann", reason="was a test")
        await house.asked("restore-disable-send-email", "")


async def stopped_by_hand(house: Any) -> None:
    await house.until("the judgement", lambda s: bool(s.get("severity", {}).get("level")))
    await house.say("contain", by="sue", reason="stop")
    await house.until("the stop", lambda s: s["actions"].get("kill-switch") == "verified")


async def test_a_held_restore_does_not_overrun_whoever_stops_the_agent_meanwhile(house: Any) -> None:
    """Allowed, held, and then somebody says `contain`: the yes of before counts no more, nothing is given back after the
    halt, and everybody is told that it stays in force."""
    halt = Halt(house.evidence)
    await house.misbehave()
    await house.open()
    async with house.worker():
        await stopped_by_hand(house)
        await halt.turn(halted=True, by="ann", reason="maintenance")
        await house.say("undo", by="ann", action="kill-switch", reason="try")
        await house.approve("restore-kill-switch", by="tom")
        await held(house, "kill-switch")
        await house.say("contain", by="sue", reason="NO, stop it")
        await house.until("it to be dropped", lambda s: not s["held"])
        await halt.turn(halted=False, by="sue", reason="go on")
        await asyncio.sleep(3)
        await house.until("it to stand", lambda s: s["actions"]["kill-switch"] == "verified")
        assert any("stays in force: sue stops the agent by hand" in text for text in await texts(house))
        assert (await house.api.get("/control/kill-switch")).json()["on"]
        assert len([one for one in await changes(house) if one["path"] == "/control/kill-switch"]) == 1


async def test_a_restore_under_way_is_taken_back_for_whoever_stops_the_agent(
    house: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The undo is on its way when somebody says `contain`: once it has landed the agent is stopped again at once."""
    await house.misbehave()
    await house.open()
    begun, go_on = asyncio.Event(), asyncio.Event()
    undo = Contain._effect

    async def slow(self: Any, step: Any, verb: str, *rest: Any) -> Any:
        done = await undo(self, step, verb, *rest)
        if verb == "undo" and not begun.is_set():
            begun.set()
            await go_on.wait()
        return done

    monkeypatch.setattr(Contain, "_effect", slow)
    async with house.worker():
        await stopped_by_hand(house)
        await house.say("undo", by="ann", action="kill-switch", reason="try")
        await house.approve("restore-kill-switch", by="tom")
        await asyncio.wait_for(begun.wait(), 240)
        await house.say("contain", by="sue", reason="NO, stop it")
        go_on.set()
        await house.until("it to be stopped again", lambda s: s["actions"]["kill-switch"] == "verified")
        for _ in range(900):
            if (await house.api.get("/control/kill-switch")).json()["on"]:
                break
            await asyncio.sleep(0.2)
        assert (await house.api.get("/control/kill-switch")).json()["on"]
        assert any("was being given back, and sue stops the agent by hand" in text for text in await texts(house))


@pytest.mark.long
async def test_a_long_halt_costs_three_events(house: Any) -> None:
    """However long it lasts, history grows by one activity for the whole incident, and nothing is begun again."""
    halt = Halt(house.evidence)
    await halt.turn(halted=True, by="ann", reason="all night")
    await house.misbehave()
    await house.open()
    async with house.worker():
        await held(house, "disable-send-email")
        events = [event async for event in house.incident.fetch_history_events()]
        await asyncio.sleep(35)
        later = [event async for event in house.incident.fetch_history_events()]
        waits = [
            one for one in later if one.activity_task_scheduled_event_attributes.activity_type.name == "halt.lifted"
        ]
        assert len(waits) == 1
        status = await house.query("status")
        assert status["actions"]["kill-switch"] == "planned", "nothing stronger is begun for want of what is held"
        assert not any("Next rung" in text for text in await texts(house))
        applied = [one for one in later if one.activity_task_scheduled_event_attributes.activity_type.name == "contain.apply"
                   and one.event_id > events[-1].event_id]  # fmt: skip
        assert applied == []
