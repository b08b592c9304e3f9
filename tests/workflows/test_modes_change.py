"""The agent's mode: what is only observed has not stopped, a stronger mode begins what was noted, a weaker one nothing new."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import WorkflowHistory, WorkflowUpdateFailedError
from temporalio.worker import Replayer

from halon.client import data_converter
from halon.worker import workflow_runner
from halon_workflows.guard import SignalGuard
from halon_workflows.incident import Incident

TOOL = "/control/tools/send_email"


def in_mode(house: Any, mode: str) -> None:
    """The kit as its owner writes it; a worker that is started from now on reads it."""
    page = Path(house.environ["HALON_KIT"]) / "agents" / "support-bot.yaml"
    page.write_text(re.sub(r"^mode: \w+", f"mode: {mode}", page.read_text("utf-8"), flags=re.MULTILINE), "utf-8")


async def moved(house: Any) -> None:
    """The newer kit was noticed, and the commander moves the incident to it."""
    for _ in range(2400):
        if any("A newer kit is in use" in text for text in await texts(house)):
            break
        await asyncio.sleep(0.1)
    told = await house.say("kit", by="ann", reason="the mode was changed on purpose")
    assert "moves the incident to kit" in told, told


async def texts(house: Any) -> list[str]:
    return [str(line["text"]) for line in await house.query("timeline")]


async def enabled(house: Any) -> bool:
    return bool((await house.api.get(TOOL)).json()["enabled"])


async def begun_in(house: Any, mode: str) -> None:
    in_mode(house, mode)
    await house.misbehave()
    await house.open()


async def replays(house: Any) -> None:
    """What was just recorded replays, with every marker where it belongs."""
    history: WorkflowHistory = await house.incident.fetch_history()
    replayer = Replayer(workflows=[Incident], data_converter=data_converter, interceptors=[SignalGuard()],
                        workflow_runner=workflow_runner(strict=False))  # fmt: skip
    assert (await replayer.replay_workflow(history, raise_on_replay_failure=False)).replay_failure is None


@pytest.mark.long
async def test_what_is_only_observed_has_not_stopped_until_somebody_says_so(house: Any) -> None:
    """Nothing was switched off: no log line, headline or sentence for outside says that it is over; a person may."""
    await begun_in(house, "observe")
    async with house.worker():
        await house.until("the note", lambda s: s["actions"].get("disable-send-email") == "would run")
        await house.until("the investigation", lambda s: s["phases"]["rca"] == "done")
        status = await house.query("status")
        assert "Halon only observes this agent; nothing was switched off; 1 approval needed" in status["headline"], (
            "of the notice"
        )
        assert status["outside"].startswith("We are looking into it.")
        assert "the harm has not been seen to stop" in status["left_before_close"]
        assert not [text for text in await texts(house) if "stopped" in text]
        assert (await house.query("report"))["window"]["contained_at"] == ""
        await house.say("fact", by="ann", name="ongoing", value=False, reason="seen in the log")
        status = await house.until("the word", lambda s: "the harm has stopped all the same" in s["headline"])
        assert status["outside"].startswith("It was stopped at ")
        assert "The harm has stopped: a person says so." in await texts(house)
        assert await house.calls(TOOL) == [], "looked at by nobody, touched by nobody"
        await replays(house)


@pytest.mark.parametrize(
    ("mode", "news"),
    [
        ("act", "fact"),
        pytest.param("act", "alert", marks=pytest.mark.long),
        pytest.param("suggest", "fact", marks=pytest.mark.long),
        pytest.param("suggest", "alert", marks=pytest.mark.long),
    ],
)
async def test_stronger_begins(house: Any, mode: str, news: str) -> None:
    """The worker comes back with the agent in suggest or act: the next alert or fact begins what was noted."""
    await begun_in(house, "observe")
    async with house.worker():
        await house.until("the note", lambda s: s["actions"].get("disable-send-email") == "would run")
    in_mode(house, mode)
    async with house.worker():
        if news == "alert":
            await house.misbehave("s-2")
            await house.admit(house.alert(fingerprint="fp-2"))
        else:
            await house.say("fact", by="ann", name="credential_exposed", value=True)
        await moved(house)
        if mode == "suggest":
            status = await house.until("the gate", lambda s: s["actions"].get("disable-send-email") == "waiting")
            assert "not contained yet" in status["headline"]
            assert await enabled(house), "nobody has said yes"
            await house.approve("disable-send-email", by="tom")
        status = await house.until("the harm to stop", lambda s: "the harm has stopped (" in s["headline"])
        assert not await enabled(house)
        told = f"The agent's mode is {mode} now, and what was only noted is planned: "
        assert any(text.startswith(told) for text in await texts(house))
        await replays(house)


@pytest.mark.long
async def test_a_yes_that_is_no_longer_needed_is_not_waited_for(house: Any) -> None:
    """Asked in suggest, and the worker comes back with the agent in act: the gate is void and it is done."""
    await begun_in(house, "suggest")
    async with house.worker():
        await house.until("the gate", lambda s: s["actions"].get("disable-send-email") == "waiting")
    in_mode(house, "act")
    async with house.worker():
        await house.say("fact", by="ann", name="credential_exposed", value=True)
        await moved(house)
        await house.contained()
        assert not await enabled(house)
        assert {one["status"] for one in await house.query("gates") if one["subject"] == "disable-send-email"} == {
            "void"
        }


async def test_a_weaker_mode_begins_nothing_new(house: Any) -> None:
    """Asked in suggest, and the worker comes back with the agent in observe: the gate is void and nothing runs."""
    await begun_in(house, "suggest")
    async with house.worker():
        await house.until("the gate", lambda s: s["actions"].get("disable-send-email") == "waiting")
        gate = next(one["id"] for one in await house.open_gates() if one["subject"] == "disable-send-email")
    in_mode(house, "observe")
    async with house.worker():
        await house.say("fact", by="ann", name="credential_exposed", value=True)
        await moved(house)
        await house.until("the note", lambda s: s["actions"].get("disable-send-email") == "would run")
        assert "GateClosed" in await house.say("approve", by="tom", gate=gate)
        assert [one["id"] for one in await house.open_gates()] == []
        assert await enabled(house)
        await house.until("the end of looking", lambda s: "Halon only observes" in s["headline"])
        await replays(house)


@pytest.mark.long
async def test_what_is_in_force_stays_in_force_and_known_in_a_weaker_mode(house: Any) -> None:
    """Switched off in act, and the worker comes back with the agent in observe: it is not forgotten, and can be given back."""
    await begun_in(house, "act")
    async with house.worker():
        await house.contained()
    in_mode(house, "observe")
    async with house.worker():
        await house.say("fact", by="ann", name="credential_exposed", value=True)
        await moved(house)
        status = await house.until("the new kit", lambda s: s["mode"] == "observe")
        assert status["actions"]["disable-send-email"] == "verified"
        assert "the harm has stopped (" in status["headline"]
        await house.say("undo", by="tom", action="disable-send-email", reason="enough")
        await house.approve("restore-disable-send-email", by="ann")
        await house.until("it to be given back", lambda s: s["actions"]["disable-send-email"] == "undone")


@pytest.mark.long
@pytest.mark.parametrize("after", [0.0, 1.7, 4.0])
async def test_answer_first_look_then(house: Any, after: float) -> None:
    """Mode suggest: however soon the yes comes, the look comes after what it allowed, and no page says that nothing is left."""
    await begun_in(house, "suggest")
    async with house.worker():
        await house.until("the gate", lambda s: s["actions"].get("disable-send-email") == "waiting")
        await asyncio.sleep(after)
        assert not [text for text in await texts(house) if "Not seen to have stopped" in text or "Next rung" in text]
        await house.approve("disable-send-email", by="tom")
        await house.until("the harm to stop", lambda s: "the harm has stopped (" in s["headline"])
        told = await texts(house)
        assert not [text for text in told if "Not seen to have stopped" in text or "Next rung" in text]
        assert "no rung is left" not in (house.settings.home / "pages.log").read_text("utf-8")
        await replays(house)


async def test_a_no_is_said_truly(house: Any) -> None:
    """Rejected: quiet is no proof, and the log does not say one thing and its contrary."""
    await begun_in(house, "suggest")
    async with house.worker():
        await house.until("the gate", lambda s: s["actions"].get("disable-send-email") == "waiting")
        gate = next(one["id"] for one in await house.open_gates() if one["subject"] == "disable-send-email")
        await house.say("reject", by="tom", gate=gate, reason="not now")
        await house.until("the look", lambda s: s["actions"].get("kill-switch") == "waiting")
        told = await texts(house)
        assert [text for text in told if text.startswith("Next ")] == [
            "Next for what is still open: Stop the agent with its kill switch."
        ]
        assert not [text for text in told if "has stopped" in text]


async def test_a_failed_action_says_why_and_what_to_do(house: Any) -> None:
    """No token where the worker runs: status names the variable and the step, in words and as data."""
    await begun_in(house, "act")
    del house.environ["SANDBOX_AGENT_TOKEN"]
    async with house.worker():
        status = await house.until("the failure", lambda s: bool(s["failed"]))
        told = status["failed"][0]
        assert told["action"] in {"disable-send-email", "read-only"}, "the least that may stop it"
        assert told["type"] == "MissingSecret"
        assert "SANDBOX_AGENT_TOKEN is not set" in told["why"]
        assert told["next"] == "restart the worker once it is set"
        assert "SANDBOX_AGENT_TOKEN is not set" in status["text"]


async def test_a_refusal_shows_no_file_of_this_machine(house: Any) -> None:
    """What Temporal keeps of a refused Update is its type and its words."""
    await house.open()
    async with house.worker():
        await house.until("the first assessment", lambda s: s.get("category") is not None)
        with pytest.raises(WorkflowUpdateFailedError):
            await house.incident.execute_update("close", {"by": "ann", "reason": "done"})
        history = (await house.incident.fetch_history()).to_json()
        assert "NotSettled" in history
        assert "stackTrace" not in history
        assert "Traceback" not in history
