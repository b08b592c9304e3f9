"""What was taken is given back bit by bit: a little, a look, then the rest; harm that is seen again takes it away."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from halon.drill.controls import Controls

TOOL = "/control/tools/send_email"
INSIDE = next(f"s-{number}" for number in range(1000) if Controls(tool_shares={"send_email": 10}).reaches_tool(f"s-{number}", "send_email"))  # fmt: skip
"""A session that is among the first ten percent."""


async def share_of(house: Any) -> tuple[bool, int]:
    read = (await house.api.get(TOOL)).json()
    return read["enabled"], read["share"]


async def keys(house: Any) -> list[tuple[str, int]]:
    """The ends of the idempotency keys of what changed the tool, and how often each took effect."""
    return [("/".join(call["key"].rsplit("/", 2)[1:]), call["effects"]) for call in await house.calls(TOOL)]


async def texts(house: Any) -> list[str]:
    return [line["text"] for line in await house.query("timeline")]


def watched_for(house: Any, seconds: int) -> None:
    """The first stage of this house's kit is watched so long."""
    actions = house.settings.kit / "actions.yaml"
    actions.write_text(actions.read_text().replace("watch_seconds: 1}", f"watch_seconds: {seconds}}}"))


async def test_given_back_in_stages_while_the_harm_stays_away(house: Any) -> None:
    """One yes to all stages: ten percent, read back, watched; then all. Each stage took effect once."""
    watched_for(house, 4)
    async with house.worker():
        await house.misbehave()
        await house.open()
        await house.contained()
        await house.say("undo", by="ann", action="disable-send-email", reason="customers need their receipts")
        while not (gates := [one for one in await house.open_gates() if one["kind"] == "restore"]):
            await asyncio.sleep(0.1)
        said = "\n".join(gates[0]["question"])
        assert "In stages: first 10 percent, watched for 4 seconds; then all of it. Each is read back." in said
        assert "If the harm is seen again meanwhile: it is applied again at once, and you are asked anew." in said
        assert await share_of(house) == (False, 100), "not without a yes"
        await house.approve("restore-disable-send-email", by="tom")
        status = await house.until("the first stage", lambda s: bool(s["given_back"]))
        back = status["given_back"][0]
        assert (back["action"], back["share"]) == ("disable-send-email", 10)
        assert back["since"] < back["watched_until"]
        assert f"Given back to 10 percent since {back['since']}" in status["text"]
        shown = next(one for one in await house.query("actions") if one["order"]["id"] == "disable-send-email")
        assert shown["told"] == f"given back to 10 percent since {back['since']}; in force for the rest"
        assert await share_of(house) == (True, 10)
        assert "action disable-send-email is being taken back" in status["left_before_close"]
        status = await house.until("all of it", lambda s: s["actions"]["disable-send-email"] == "undone")
        assert status["given_back"] == []
        assert await share_of(house) == (True, 100)
        told = await texts(house)
    assert await keys(house) == [("apply/1", 1), ("undo-stage-1/1", 1), ("undo-stage-2/1", 1)]
    assert [text for text in told if "percent" in text or text.startswith("Given back")] == [
        "Given back to 10 percent and read back: Switch off the tool send_email. Watched for 4 seconds.",
        "No harm was seen while 10 percent were given back: Switch off the tool send_email.",
        "Given back and read back: Switch off the tool send_email.",
    ]


@pytest.mark.long
async def test_harm_in_the_first_stage_takes_it_away_and_people_are_asked_again(house: Any) -> None:
    """Waived, not fixed: the canary does it again. Off at once by a fresh key, loud, unproved; then a new yes is needed."""
    watched_for(house, 6)
    async with house.worker():
        await house.misbehave()
        await house.open()
        await house.contained()
        await house.say("ack", by="ann")
        await house.until("the cause to be found", lambda s: s["phases"]["rca"] == "done")
        await house.say("waive", by="ann", what="proof", reason="we believe it is over")
        await house.approve("restore-disable-send-email", by="tom")
        await house.until("the first stage", lambda s: bool(s["given_back"]))
        await house.misbehave(INSIDE)
        await house.until("the tool to be off again", lambda s: not s["given_back"]
                          and s["actions"]["disable-send-email"] == "verified")  # fmt: skip
        assert await share_of(house) == (False, 100)
        assert await keys(house) == [("apply/1", 1), ("undo-stage-1/1", 1), ("apply/2", 1)]
        told = [text for text in await texts(house) if text.startswith("THE HARM IS BACK while 10 percent")]
        assert len(told) == 1
        assert "1 unauthorised action done since (send_email)" in told[0]
        assert told[0].endswith("It is applied again; giving it back is asked anew.")
        for _ in range(900):
            pages = (house.settings.home / "pages.log").read_text()
            if pages.count("THE HARM IS BACK: Switch off the tool") >= 2:
                break
            await asyncio.sleep(0.1)
        assert {who for who in ("ann", "tom") if f'"{who}"' in pages or who in pages} == {"ann", "tom"}
        assert pages.count("THE HARM IS BACK: Switch off the tool") >= 2, "commander and technical lead"
        status = await house.until("the harm to stop again", lambda s: "the harm has stopped" in s["headline"])
        assert any("the fix is not proved" in one for one in status["left_before_close"])
        assert [one["subject"] for one in await house.open_gates() if one["kind"] == "restore"] == []
        assert status["actions"]["kill-switch"] == "planned", "no higher rung was needed"
        await house.say("waive", by="ann", what="proof", reason="the page is gone now")
        await house.approve("restore-disable-send-email", by="tom")
        await house.until("all of it", lambda s: s["actions"]["disable-send-email"] == "undone")
    assert await share_of(house) == (True, 100)
    assert (await keys(house))[3:] == [("undo-stage-1/2", 1), ("undo-stage-2/2", 1)]


async def test_an_alert_in_the_first_stage_takes_it_away(house: Any) -> None:
    """Recovered long ago, so an alert would open a successor; while a part is given back, it belongs here."""
    watched_for(house, 30)
    async with house.worker():
        await house.misbehave()
        first = house.alert()
        await house.open(started_at=first.started_at)
        await house.contained()
        await house.say("undo", by="ann", action="disable-send-email", reason="customers need their receipts")
        await house.approve("restore-disable-send-email", by="tom")
        await house.until("the first stage", lambda s: bool(s["given_back"]))
        await house.admit(house.alert(fingerprint="fp-2"))
        status = await house.until("the tool to be off again", lambda s: not s["given_back"]
                                   and s["actions"]["disable-send-email"] == "verified")  # fmt: skip
        assert status["successor"] is None
        assert await share_of(house) == (False, 100)
        assert any("(an alert fires)" in text for text in await texts(house))
        assert (await keys(house))[-1] == ("apply/2", 1)


@pytest.mark.long
async def test_what_can_not_be_seen_is_not_given_back_further(house: Any) -> None:
    """The agent can't be looked at after the first stage: it stays there, people are told, and a person's word lets it go on."""
    async with house.worker():
        await house.misbehave()
        await house.open()
        await house.contained()
        kit = house.settings.kit / "connectors" / "sandbox-agent.yaml"
        kit.write_text(kit.read_text().replace("path: /v1/actions", "path: /v1/no-such-log"))
    async with house.worker():  # a kit may change under an open incident: the order does not, the looking does
        await house.say("undo", by="ann", action="disable-send-email", reason="customers need their receipts")
        await house.approve("restore-disable-send-email", by="tom")
        await house.until("the first stage", lambda s: bool(s["given_back"]))
        for _ in range(2400):
            if unseen := [text for text in await texts(house) if text.startswith("Nobody can see what the 10 percent")]:
                break
            await asyncio.sleep(0.1)
        assert len(unseen) == 1
        await asyncio.sleep(2)
        assert await share_of(house) == (True, 10), "unknown is not false"
        await house.say("fact", by="ann", name="ongoing", value=False, reason="seen in its own log")
        await house.until("all of it", lambda s: s["actions"]["disable-send-email"] == "undone")
        assert await share_of(house) == (True, 100)
