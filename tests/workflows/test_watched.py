"""What is in force stays in force, or people hear of it; the harm that stopped is looked for, whether or not an alert comes."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer

from halon.client import data_converter
from halon.incident import watches
from halon.worker import workflow_runner
from halon_activities.contain import Contain
from halon_workflows.guard import SignalGuard
from halon_workflows.incident import Incident

TOOL = "/control/tools/send_email"
BACK = "SWITCHED BACK behind our back: Switch off the tool send_email. "


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks every second or two instead of every minute and hour."""
    monkeypatch.setattr(watches, "SOON", (1, 2, 3, 4, 5, 6))
    monkeypatch.setattr(watches, "HOUR", 2)
    monkeypatch.setattr(watches, "UNSEEN_AGAIN", 0.5)


async def texts(house: Any) -> list[str]:
    return [str(line["text"]) for line in await house.query("timeline")]


async def said(house: Any, begun: str, times: int = 1, seconds: float = 240) -> list[str]:
    """Wait until the log has so many lines that begin so."""
    end = asyncio.get_running_loop().time() + seconds
    while True:
        found = [text for text in await texts(house) if text.startswith(begun)]
        if len(found) >= times:
            return found
        assert asyncio.get_running_loop().time() < end, "\n".join(await texts(house))
        await asyncio.sleep(0.2)


async def enabled(house: Any) -> bool:
    return bool((await house.api.get(TOOL)).json()["enabled"])


async def flipped(house: Any) -> None:
    """Somebody who is not Halon switches the tool on again."""
    (await house.api.put(TOOL, json={"enabled": True})).raise_for_status()


async def keys(house: Any, path: str = TOOL) -> list[tuple[str, int]]:
    """The ends of Halon's own idempotency keys, and how often each took effect."""
    return [
        ("/".join(call["key"].rsplit("/", 2)[1:]), call["effects"]) for call in await house.calls(path) if call["key"]
    ]


async def pages(house: Any, words: str, at_least: int = 1) -> str:
    text = ""
    for _ in range(2400):
        log = Path(house.settings.home) / "pages.log"
        text = log.read_text() if log.exists() else ""
        if text.count(words) >= at_least:
            return text
        await asyncio.sleep(0.1)
    raise AssertionError(f"{words!r} was paged {text.count(words)} times")


async def begun(house: Any) -> None:
    await house.misbehave()
    await house.open()


async def replays(house: Any) -> None:
    history: WorkflowHistory = await house.incident.fetch_history()
    replayer = Replayer(workflows=[Incident], data_converter=data_converter, interceptors=[SignalGuard()],
                        workflow_runner=workflow_runner(strict=False))  # fmt: skip
    assert (await replayer.replay_workflow(history, raise_on_replay_failure=False)).replay_failure is None


async def test_promise_8_what_is_switched_back_is_noticed_and_put_in_force_again(house: Any) -> None:
    """By a fresh attempt with a key of its own, loud for commander and technical lead; nothing higher is climbed for it."""
    async with house.worker():
        await begun(house)
        await house.contained()
        await flipped(house)
        assert "reads back otherwise" in (await said(house, BACK))[0]
        await house.until("it to be in force again", lambda s: s["actions"]["disable-send-email"] == "verified")
        assert not await enabled(house)
        assert await keys(house) == [("apply/1", 1), ("apply/2", 1)]
        status = await house.query("status")
        part = next(one for one in status["parts"] if one["action"] == "disable-send-email")
        assert (part["in_force"], part["switched_back"], part["why"]) == (True, 1, "")
        assert status["actions"]["kill-switch"] == "planned"
        text = await pages(house, "SWITCHED BACK: Switch off the tool send_email", 2)
        assert "(1 of 3 times)" in text
        await replays(house)


@pytest.mark.long
async def test_after_three_times_only_people_are_asked(house: Any) -> None:
    """Somebody may be doing it on purpose: Halon stops fighting, says why, and names the command that answers."""
    async with house.worker():
        await begun(house)
        await house.contained()
        for number in range(1, 5):
            await flipped(house)
            await said(house, BACK, number)
            if number <= 3:
                await house.until("it to be off", lambda s: s["actions"]["disable-send-email"] == "verified")
        told = await said(house, "It is not put in force again by itself: ")
        assert "it was switched back 4 times, and somebody may be doing that on purpose" in told[0]
        status = await house.until("it to be left", lambda s: s["actions"]["disable-send-email"] == "failed")
        await asyncio.sleep(4)
        assert await enabled(house), "left to people"
        assert [key for key, _ in await keys(house)] == ["apply/1", "apply/2", "apply/3", "apply/4"]
        asked = next(one for one in (await house.query("status"))["asked"] if one.get("action") == "disable-send-email")
        assert asked["command"] == f"halon note {status['reference']} --done-outside disable-send-email"
        failed = next(one for one in status["failed"] if one["action"] == "disable-send-email")
        assert failed["type"] == "FlippedBack"
        await pages(house, f"halon note {status['reference']} --done-outside disable-send-email")
        (await house.api.put(TOOL, json={"enabled": False})).raise_for_status()
        await house.say("note", by="tom", text="switched off by hand", done_outside="disable-send-email")
        await house.until("it to count", lambda s: s["actions"]["disable-send-email"] == "verified"
                          and not any(one.get("action") for one in s["asked"]))  # fmt: skip


async def test_whoever_says_that_it_is_over_is_not_fought(house: Any) -> None:
    """The harm is over by a person's word, and somebody switches it on: said and paged, and left as it is."""
    async with house.worker():
        await begun(house)
        await house.contained()
        await house.say("fact", by="ann", name="ongoing", value=False, reason="seen in the log")
        await flipped(house)
        told = await said(house, "It is not put in force again by itself: ")
        assert told[0].endswith("a person says that the harm is over.")
        await asyncio.sleep(2)
        assert await enabled(house)
        assert await keys(house) == [("apply/1", 1)]


@pytest.mark.long
async def test_what_people_said_yes_to_is_asked_anew(house: Any) -> None:
    """Mode suggest: a yes is for what it was given for; what was switched back waits for another one."""
    page = Path(house.environ["HALON_KIT"]) / "agents" / "support-bot.yaml"
    page.write_text(re.sub(r"^mode: \w+", "mode: suggest", page.read_text(), flags=re.MULTILINE))
    async with house.worker():
        await begun(house)
        await house.approve("disable-send-email", by="tom")
        await house.contained()
        await flipped(house)
        await house.asked("disable-send-email", "it was in force and was switched back behind our back")
        assert await enabled(house)
        await house.approve("disable-send-email", by="tom")
        await house.until("it to be in force again", lambda s: s["actions"]["disable-send-email"] == "verified")
        assert not await enabled(house)
        assert await keys(house) == [("apply/1", 1), ("apply/2", 1)]
        await replays(house)


async def test_what_can_not_be_read_any_more_is_asked_once(house: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """One page after three looks that saw nothing, not one for each; it counts as unverified until it is seen again."""
    whole, blind = Contain._read_back, asyncio.Event()

    async def read(self: Contain, *given: Any) -> Any:
        seen = await whole(self, *given)
        return type(seen)(None, seen.at, None, "no answer") if blind.is_set() else seen

    monkeypatch.setattr(Contain, "_read_back", read)
    async with house.worker():
        await begun(house)
        await house.contained()
        blind.set()
        await house.until("it to be doubted", lambda s: s["actions"]["disable-send-email"] == "unverified")
        status = await house.query("status")
        assert any(
            one.get("action") == "disable-send-email" and "--done-outside" in one["what"] for one in status["asked"]
        )
        await asyncio.sleep(5)
        assert len(await said(house, "Switch off the tool send_email can't be read back any more")) == 1
        blind.clear()
        await house.until("it to be seen again", lambda s: s["actions"]["disable-send-email"] == "verified")
        assert await said(house, "It can be read back again, and is in force: Switch off the tool send_email.")
        text = await pages(house, "Switch off the tool send_email can't be read back any more", 2)
        assert text.count("Switch off the tool send_email can't be read back any more") == 2, (
            "commander and technical lead"
        )
        assert await keys(house) == [("apply/1", 1)], "what can't be seen is not sent again"


def wrong_tool(house: Any) -> None:
    """A kit whose first rung switches off another tool than the one that does the harm."""
    actions = house.settings.kit / "actions.yaml"
    text = actions.read_text()
    assert text.count("with: {tool: send_email}") == 1
    actions.write_text(text.replace("with: {tool: send_email}", "with: {tool: refund}"))


async def test_harm_that_begins_again_without_an_alert_climbs(house: Any) -> None:
    """What is in force stays so, and the agent does it again all the same: fresh telemetry shows it, the next rung stops it."""
    wrong_tool(house)
    async with house.worker():
        await begun(house)
        await house.contained()
        alerts = (await house.query("status"))["alerts"]
        await house.misbehave("s-2")
        told = await said(house, "THE HARM IS BACK: ")
        assert "fresh telemetry shows it" in told[0]
        await house.until("the next rung", lambda s: s["actions"]["kill-switch"] == "verified"
                          and "the harm has stopped" in s["headline"])  # fmt: skip
        assert [call["effects"] for call in await house.calls("/control/kill-switch")] == [1]
        assert (await house.query("status"))["alerts"] == alerts, "no alert told of it"
        await pages(house, "THE HARM IS BACK", 2)
        assert await keys(house, "/control/tools/refund") == [("apply/1", 1)], "read back, and in force"
        await replays(house)


async def test_harm_through_what_was_switched_back_climbs_no_higher_than_it_must(house: Any) -> None:
    """Switched back and used at once: it is read back before anything climbs, and putting it in force again is enough."""
    async with house.worker():
        await begun(house)
        await house.contained()
        await flipped(house)
        await house.misbehave("s-2")
        await said(house, BACK)
        await said(house, "THE HARM IS BACK: ")
        await house.until("the harm to stop again", lambda s: s["actions"]["disable-send-email"] == "verified"
                          and "the harm has stopped" in s["headline"])  # fmt: skip
        await asyncio.sleep(3)
        status = await house.query("status")
        assert status["actions"]["kill-switch"] == "planned"
        assert await keys(house) == [("apply/1", 1), ("apply/2", 1)]


@pytest.mark.long
async def test_what_was_given_back_is_taken_again_when_the_harm_is_back(house: Any) -> None:
    """Given back through its gate, and the harm begins again: the same action by a fresh attempt, before a harder one."""
    async with house.worker():
        await begun(house)
        await house.contained()
        await house.say("undo", by="ann", action="disable-send-email", reason="customers need their receipts")
        await house.approve("restore-disable-send-email", by="tom")
        await house.until("all of it", lambda s: s["actions"]["disable-send-email"] == "undone")
        assert await enabled(house)
        await house.misbehave("s-2")
        await said(house, "THE HARM IS BACK: ")
        await said(house, "The harm is back, and what was given back is planned again: Switch off the tool send_email.")
        await house.until("it to be off again", lambda s: s["actions"]["disable-send-email"] == "verified"
                          and "the harm has stopped" in s["headline"])  # fmt: skip
        assert not await enabled(house)
        assert (await keys(house))[-1] == ("apply/2", 1)
        assert (await house.query("status"))["actions"]["kill-switch"] == "planned"


WORKER = Path(__file__).with_name("dying_worker.py")
QUICKLY = f"""
import runpy
from halon.incident import watches
watches.SOON, watches.HOUR = (1, 2, 3, 4, 5, 6), 2
runpy.run_path({str(WORKER)!r}, run_name="__main__")
"""
"""A worker of its own that looks as often as those of this process."""


@pytest.mark.long
async def test_looks_go_on_after_a_worker_was_killed(house: Any, tmp_path: Path) -> None:
    """kill -9 between two looks: nobody looks while no worker runs, and the next one puts back what was switched back."""
    await begun(house)
    (tmp_path / "deaths").mkdir()
    environ = {**os.environ, **house.environ, "DYING_LEDGER": str(tmp_path / "deaths"), "DYING_KINDS": "none",
               "TEMPORAL_ADDRESS": house.client.service_client.config.target_host}  # fmt: skip
    with (tmp_path / "worker.log").open("ab") as log:
        worker = await asyncio.create_subprocess_exec(
            sys.executable, "-c", QUICKLY, env=environ, stdout=log, stderr=log
        )
        try:
            await house.contained()
        finally:
            worker.send_signal(signal.SIGKILL)
            assert await worker.wait() == -signal.SIGKILL
    await flipped(house)
    await asyncio.sleep(2)
    assert await enabled(house)
    async with house.worker():
        await house.until("it to be in force again", lambda s: any(
            one["action"] == "disable-send-email" and one["in_force"] and one["switched_back"] == 1
            for one in s.get("parts", ())))  # fmt: skip
        assert not await enabled(house)
        assert await keys(house) == [("apply/1", 1), ("apply/2", 1)]


@pytest.mark.long
async def test_looks_go_on_through_every_renewal(renewing_server: Any, make_house: Any) -> None:
    """Continue-as-new after every twenty events: no look is lost, none is made for each run, each attempt takes effect once."""
    house = await make_house(renewing_server.client, "watched-renewed")
    async with house.worker():
        await begun(house)
        await house.contained()
        first = (await house.incident.describe()).run_id
        for number in (1, 2):
            await flipped(house)
            await said(house, BACK, number)
            await house.until("it to be off", lambda s: s["actions"]["disable-send-email"] == "verified")
        await asyncio.sleep(4)
        part = next(one for one in (await house.query("status"))["parts"] if one["action"] == "disable-send-email")
        assert (part["switched_back"], part["in_force"]) == (2, True)
        assert part["read_back"] > part["since"], "it was looked at since"
        assert (await house.incident.describe()).run_id != first, "it was renewed meanwhile"
        assert await keys(house) == [("apply/1", 1), ("apply/2", 1), ("apply/3", 1)]


async def test_a_kill_switch_without_a_fallback_is_told(house: Any) -> None:
    """The whole agent is stopped and people get nothing: whoever leads hears of it, once."""
    page = house.settings.kit / "agents" / "support-bot.yaml"
    text = page.read_text()
    assert "expect: {json: {/ok: true}}" in text
    page.write_text(text.replace("expect: {json: {/ok: true}}", "expect: {json: {/fallback: served}}"))
    wrong_tool(house)
    async with house.worker():
        await begun(house)
        await house.contained()
        await house.misbehave("s-2")
        told = await said(
            house, "Stop the agent with its kill switch is in force, and the fallback of support-bot is not seen"
        )
        await asyncio.sleep(4)
        assert len([text for text in await texts(house) if text in told]) == 1
        await pages(house, "the fallback of support-bot is not served")


@pytest.mark.long
async def test_a_whole_story_under_watch_sees_nothing_amiss(house: Any) -> None:
    """Reruns, evals and restores are no harm and no switching back: from the harm to the close nothing is told that isn't so."""
    async with house.worker():
        await house.whole_story()
    [incident_id] = await house.record.incidents()
    told = [entry.text for entry in await house.record.entries(incident_id)]
    loud = ("THE HARM IS BACK", "SWITCHED BACK", "Nobody can see", "Not done yet", "Read back at last")
    assert [text for text in told if text.startswith(loud)] == []
    assert any(text.startswith("Given back and read back: ") for text in told)
