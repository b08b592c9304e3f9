"""``contain``: one word of a person stops the agent at once, whatever waits, and only with what can be undone."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer

from halon.client import data_converter
from halon.worker import workflow_runner
from halon_workflows.guard import SignalGuard
from halon_workflows.incident import Incident

SWITCH = "/control/kill-switch"


def in_mode(house: Any, mode: str) -> None:
    page = Path(house.environ["HALON_KIT"]) / "agents" / "support-bot.yaml"
    page.write_text(re.sub(r"^mode: \w+", f"mode: {mode}", page.read_text("utf-8"), flags=re.MULTILINE), "utf-8")


def rewrite(house: Any, *pairs: tuple[str, str]) -> None:
    page = Path(house.environ["HALON_KIT"]) / "actions.yaml"
    text = page.read_text("utf-8")
    for old, new in pairs:
        assert old in text, old
        text = text.replace(old, new)
    page.write_text(text, "utf-8")


async def texts(house: Any) -> list[str]:
    return [str(line["text"]) for line in await house.query("timeline")]


async def off(house: Any) -> bool:
    return bool((await house.api.get(SWITCH)).json()["on"])


async def changes(house: Any) -> list[dict[str, Any]]:
    """Every call that changed something at the agent."""
    return [one for one in await house.calls() if one["method"] != "GET" and one["path"].startswith("/control/")]


async def replays(house: Any) -> None:
    """What was just recorded replays."""
    history: WorkflowHistory = await house.incident.fetch_history()
    replayer = Replayer(workflows=[Incident], data_converter=data_converter, interceptors=[SignalGuard()],
                        workflow_runner=workflow_runner(strict=False))  # fmt: skip
    assert (await replayer.replay_workflow(history, raise_on_replay_failure=False)).replay_failure is None


async def reported(house: Any) -> None:
    """A person's report, which alone sets off nothing: the front door waits for corroboration."""
    await house.open(source="report", rule="other", reporter="ann", summary="it looks odd")


@pytest.mark.parametrize("mode", ["act", "suggest"])
async def test_one_word_stops_it(house: Any, mode: str) -> None:
    """A report alone waits for corroboration, and suggest asks before everything: the word of a person with the role is
    the yes. The kill switch is read back, sent once, and is proved from the workflow's own history."""
    in_mode(house, mode)
    await reported(house)
    async with house.worker():
        await house.until("the judgement", lambda s: bool(s.get("severity", {}).get("level")))
        assert await changes(house) == []
        told = await house.say("contain", by="sue", reason="it mails strangers")
        assert (
            told
            == "sue (name unverified) stops support-bot by hand: it mails strangers: Stop the agent with its kill switch."
        )
        await house.until("the stop", lambda s: s["actions"].get("kill-switch") == "verified")
        assert await off(house)
        assert [one["path"] for one in await changes(house)] == [SWITCH]
        one = next(each for each in await house.query("actions") if each["order"]["id"] == "kill-switch")
        assert (one["asked_by"], one["told"]) == ("sue", "done and checked")
        await replays(house)


async def test_said_in_the_moment_in_which_it_opens(house: Any) -> None:
    """Before anything was judged: the word is taken, the incident is judged for it, and the stop does not wait for the story."""
    await reported(house)
    said = asyncio.create_task(house.say("contain", by="tom"))
    async with house.worker():
        assert (await said).startswith("tom (name unverified) stops support-bot by hand")
        await house.until("the stop", lambda s: s["actions"].get("kill-switch") == "verified")
        assert await off(house)


async def test_a_name_without_the_role_stops_nothing(house: Any) -> None:
    """Refused with who may, and on record; nothing was sent."""
    await reported(house)
    async with house.worker():
        told = await house.say("contain", by="pat")
        assert told.startswith("NotAuthorised: ")
        assert "contain takes the role commander or technical_lead or security_lead" in told
        assert await changes(house) == []
        assert any(text.startswith("Refused contain: contain takes the role") for text in await texts(house))


async def test_an_observed_agent_is_not_touched_until_its_mode_changes(house: Any) -> None:
    """Mode observe: the answer says what to do, nothing is sent; what was done by hand is read back and counts."""
    in_mode(house, "observe")
    await reported(house)
    async with house.worker():
        told = await house.say("contain", by="ann", reason="stop it")
        assert "Halon switches nothing off: Stop the agent with its kill switch." in told
        await house.until("the note", lambda s: s["actions"].get("kill-switch") == "would run")
        assert await changes(house) == []
        (await house.api.put(SWITCH, json={"on": True})).raise_for_status()
        told = await house.say("note", by="tom", text="threw the switch", done_outside="kill-switch")
        assert told.startswith("Done by hand by tom (name unverified), read back: Stop the agent with its kill switch.")


async def test_a_gate_of_the_kits_own_is_asked_at_once(house: Any) -> None:
    """Where the kit itself asks others before the kill switch, one word opens that gate; another person's yes stops it."""
    rewrite(house, ("    when: {not: {fact: confirmed, is: false}}\n", "    when: {not: {fact: confirmed, is: false}}\n"
                    "    gate: {roles: [security_lead], quorum: 1, exclude_proposer: true, deadline_minutes: 30, "
                    "escalate_after_minutes: 10, escalate_to: commander, otherwise: It runs on.}\n"))  # fmt: skip
    await reported(house)
    async with house.worker():
        told = await house.say("contain", by="ann")
        assert "The kit puts a gate of its own before this, which is asked now" in told
        status = await house.until("the gate", lambda s: s["actions"].get("kill-switch") == "waiting")
        assert any(one["what"] == "Stop the agent with its kill switch" for one in status["asked"])
        assert await changes(house) == []
        await house.approve("kill-switch", by="sue")
        await house.until("the stop", lambda s: s["actions"].get("kill-switch") == "verified")


async def test_the_gate_shows_the_exact_calls(house: Any) -> None:
    """Apply, verify and undo with method, address and body, the secret by its variable's name alone; bounded in length."""
    in_mode(house, "suggest")
    await house.misbehave()
    await house.open()
    async with house.worker():
        await house.until("the gate", lambda s: s["actions"].get("disable-send-email") == "waiting")
        gate = next(one for one in await house.open_gates() if one["subject"] == "disable-send-email")
        lines = {one.partition(": ")[0]: one.partition(": ")[2] for one in gate["question"]}
        url = f"{house.agent.url}/control/tools/send_email"
        assert lines["What will run"].startswith(f"PUT {url}  auth: bearer from $SANDBOX_AGENT_TOKEN")
        assert '"enabled": false' in lines["What will run"]
        assert lines["Read back by"].startswith(f"GET {url}")
        assert lines["To undo it"].startswith(f"PUT {url}")
        assert house.environ["SANDBOX_AGENT_TOKEN"] not in str(gate)
        assert max(map(len, gate["question"])) < 2000


async def test_stopped_again_after_it_was_given_back(house: Any) -> None:
    """Restored through its gate, and a person stops it anew: a new attempt with a key of its own, in force once more."""
    await reported(house)
    async with house.worker():
        await house.say("contain", by="ann")
        await house.until("the stop", lambda s: s["actions"].get("kill-switch") == "verified")
        await house.say("undo", by="ann", action="kill-switch", reason="try it")
        await house.approve("restore-kill-switch", by="tom")
        await house.until("it to be back", lambda s: s["actions"].get("kill-switch") == "undone")
        assert not await off(house)
        await house.say("contain", by="tom", reason="no, stop it")
        await house.until("the stop", lambda s: s["actions"].get("kill-switch") == "verified")
        assert await off(house)
        keys = [one["key"] for one in await changes(house)]
        assert len(keys) == len(set(keys)) == 3
        await replays(house)
