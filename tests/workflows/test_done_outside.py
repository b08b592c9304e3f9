"""``note`` with ``done_outside``: done by hand elsewhere counts as far as it reads back so."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from halon_activities.contain import Contain

TOOL = "/control/tools/send_email"


async def texts(house: Any) -> list[str]:
    return [str(line["text"]) for line in await house.query("timeline")]


async def in_suggest(house: Any) -> None:
    """An incident in which the tool's order waits at its gate."""
    from pathlib import Path

    page = Path(house.environ["HALON_KIT"]) / "agents" / "support-bot.yaml"
    page.write_text(page.read_text("utf-8").replace("mode: act", "mode: suggest"), "utf-8")
    await house.misbehave()
    await house.open()


async def test_done_by_hand_is_read_back_and_its_gate_needs_no_answer(house: Any) -> None:
    """First it is not so, and is told plainly; then somebody does it, and Halon sends nothing itself."""
    await in_suggest(house)
    async with house.worker():
        await house.until("the gate", lambda s: s["actions"].get("disable-send-email") == "waiting")
        told = await house.say(
            "note", by="tom", text="switched it off in the console", done_outside="disable-send-email"
        )
        assert "NotInForce: " in told
        assert "Switch off the tool send_email reads back otherwise" in told
        assert "it stays waiting" in told
        (await house.api.put(TOOL, json={"enabled": False})).raise_for_status()
        before = len([one for one in await house.calls(TOOL) if one["method"] == "PUT"])
        told = await house.say("note", by="tom", text="now really", done_outside="disable-send-email")
        assert told.startswith("Done by hand by tom (name unverified), read back")
        status = await house.until("it", lambda s: s["actions"].get("disable-send-email") == "verified")
        assert not any(one["what"] == "Switch off the tool send_email" for one in status["asked"])
        await house.until("the look", lambda s: "the harm has stopped (" in s["headline"])
        assert len([one for one in await house.calls(TOOL) if one["method"] == "PUT"]) == before
        told = await house.say("approve", by="tom", gate=next(
            one["id"] for one in await house.query("gates") if one["subject"] == "disable-send-email"))  # fmt: skip
        assert told.startswith("GateClosed")


async def test_what_cannot_be_undone_and_cannot_be_read_is_only_a_claim(house: Any) -> None:
    """The agent is gone: the revocation counts as said by this person, never as verified; a stranger may not say it."""
    await house.misbehave()
    await house.open()
    async with house.worker():
        await house.until("the gate", lambda s: s["actions"].get("revoke-token") == "waiting")
        refused = await house.say("note", by="pat", text="I did", done_outside="revoke-token")
        assert refused.startswith("NotAuthorised")
        house.agent.stop()
        told = await house.say("note", by="sue", text="revoked it at the issuer", done_outside="revoke-token")
        assert told.startswith("Claimed by sue (name unverified), not verified")
        status = await house.query("status")
        assert status["actions"]["revoke-token"] == "unverified"
        assert any(one["type"] == "Claimed" for one in status["failed"])
        assert not any(one["subject"] == "revoke-token" for one in await house.open_gates())


async def test_a_control_that_hangs_holds_up_nobody_else(house: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is read once, for twelve seconds at most, and by one command at a time: who says the same meanwhile is told so
    at once, and everything else can still be said. What could not be read is a claim."""
    await in_suggest(house)
    read = Contain._read_back

    async def hangs(self: Any, call: Any, seconds: float = 10.0) -> Any:
        if seconds == 0.0:
            await asyncio.sleep(60)
        return await read(self, call, seconds)

    async with house.worker():
        await house.until("the gate", lambda s: s["actions"].get("disable-send-email") == "waiting")
        monkeypatch.setattr(Contain, "_read_back", hangs)
        began = asyncio.get_running_loop().time()
        said = {"by": "tom", "text": "did it", "done_outside": "disable-send-email"}
        every = [asyncio.create_task(house.say("note", **said)) for _ in range(12)]
        done, waiting = await asyncio.wait(every, timeout=8)
        assert (len(done), len(waiting)) == (11, 1)
        assert {task.result().partition(":")[0] for task in done} == {"NotLookedUp"}
        assert (await house.say("ack", by="ann")).startswith("Acknowledged by ann")
        told = await waiting.pop()
        assert asyncio.get_running_loop().time() - began < 20
        assert told.startswith("Claimed by tom (name unverified), not verified")
