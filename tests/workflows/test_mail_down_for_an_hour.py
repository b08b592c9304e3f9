"""The mail server is down for an hour, on a server that skips time: once and in time, or loudly late and then once."""

from __future__ import annotations

import asyncio
import importlib.util
import re
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from halon.incident import times
from halon_activities.hands import Hands
from halon_workflows import options

_found = importlib.util.spec_from_file_location("thirty_days", Path(__file__).with_name("test_thirty_days.py"))
assert _found is not None
assert _found.loader is not None
thirty_days: Any = importlib.util.module_from_spec(_found)
_found.loader.exec_module(thirty_days)

AUTHORITY, DUTY, REGULATOR = "eu-gdpr-33-notification", "eu-gdpr-33", "breach-notices@authority.example"
AHEAD = [timedelta(0)]
"""How far the incident's time is ahead of the world's: the activities' clock goes by it."""


@pytest.fixture
async def down(
    skipping_server: Any, make_house: Any, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Any:
    """A house whose mail server does not answer; the first tries take no minutes of the world's time, and yet each is done."""
    monkeypatch.setattr(options, "FIRST_TRIES", 20.0)
    monkeypatch.setattr(Hands, "now", lambda hands: times.text(datetime.now(UTC) + AHEAD[0]))
    AHEAD[0] = timedelta(0)
    house = await make_house(skipping_server.client, re.sub(r"[^a-z]+", "-", request.node.name)[:40].strip("-"))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        house.port = int(probe.getsockname()[1])
    house.environ["HALON_SMTP"] = f"127.0.0.1:{house.port}"
    return house


async def later(env: Any, house: Any, minutes: float) -> None:
    """So much time goes by in the incident, from timer to timer, each of which has its moment of the world's time."""
    await thirty_days.later(env, house, minutes / (24 * 60))
    AHEAD[0] = await env.get_current_time(house.incident) - datetime.now(UTC)


async def opened(env: Any, house: Any, due_in_minutes: float) -> tuple[str, str]:
    """Approved now; what it reports was known so long ago that it is due in so many minutes. When it was approved and is due."""
    now = await env.get_current_time(house.incident)
    aware = now + timedelta(minutes=due_in_minutes) - timedelta(hours=72)
    told = await house.say("fact", by="pat", name="aware_at", value=times.text(aware), reason="the mail of then was it")
    assert "Refused" not in told, told
    for _ in range(2400):
        duty = next(one for one in await house.query("obligations") if one["id"] == DUTY)
        due = duty["stages"][0]["due"]
        if due and abs(times.seconds_between(due, times.text(aware + timedelta(hours=72)))) < 60:
            break
        await asyncio.sleep(0.1)
    await house.approve(AUTHORITY)
    await said(house, f"{AUTHORITY} is approved and is not out")
    return times.text(await env.get_current_time(house.incident)), due


async def entries(house: Any, words: str) -> list[tuple[str, str]]:
    """When the record says a sentence with these words, and the sentence."""
    name = (await house.record.incidents())[0]
    return [(one.at, one.text) for one in await house.record.entries(name) if one.text.startswith(words)]


async def said(house: Any, words: str) -> list[tuple[str, str]]:
    for _ in range(2400):
        if found := await entries(house, words):
            return found
        await asyncio.sleep(0.1)
    raise AssertionError([one["text"] for one in await house.query("timeline")][-15:])


async def shown(house: Any) -> dict[str, Any]:
    return dict(next(one for one in await house.query("notices") if one["id"] == AUTHORITY))


async def granted(house: Any) -> list[str]:
    """The gates of the notice that somebody said yes to."""
    return [one["id"] for one in await house.query("gates") if one["subject"] == AUTHORITY and one["answers"]]


def mails(house: Any) -> list[str]:
    return [re.sub(r"=\r?\n", "", text) for to, text in house.mailbox.mails if REGULATOR in to]


def minutes(one: str, other: str) -> float:
    return times.seconds_between(one, other) / 60


@pytest.mark.long
async def test_promise_5_due_after_the_hour_it_goes_out_in_time_under_one_yes(skipping_server: Any, down: Any) -> None:
    """The decider and the owner hear of it once; up again, it is out within minutes, and nobody was asked again."""
    async with down.worker():
        await down.prepare()
        await down.contained()
        await down.say("ack", by="ann")
        approved, due = await opened(skipping_server, down, 180)
        attempt = (await shown(down))["attempt"]
        await later(skipping_server, down, 60)
        assert (await shown(down))["status"] in ("put_off", "sending")
        controller = Controller(down.mailbox, hostname="127.0.0.1", port=down.port)
        controller.start()
        try:
            up = times.text(await skipping_server.get_current_time(down.incident))
            assert 60 <= minutes(approved, up) < 90
            await later(skipping_server, down, 6)
            [(at, sent)] = await said(down, f"Sent {AUTHORITY}")
        finally:
            controller.stop()
        assert minutes(up, at) < 7
        assert "late" not in sent
        assert times.normal(at) < times.normal(due)
        assert (len(mails(down)), len(await granted(down)), (await shown(down))["attempt"]) == (1, 1, attempt)
        assert len(await entries(down, f"{AUTHORITY} is approved and is not out")) == 1
        told = [text for _, text in await entries(down, "Told ") if "approved, and not out" in text]
        assert {text.split()[1] for text in told} == {"pat", "cus"}
        assert await entries(down, f"MISSED: {DUTY}") == []


@pytest.mark.long
async def test_promise_5_due_within_the_hour_it_is_missed_loudly_and_then_goes_out_late_once(
    skipping_server: Any, down: Any
) -> None:
    """At its minute: missed, and still not out. Then the yes ends, it is asked about anew, and one mail says that it is late."""
    async with down.worker():
        await down.prepare()
        await down.contained()
        await down.say("ack", by="ann")
        approved, due = await opened(skipping_server, down, 20)
        await later(skipping_server, down, 25)
        [(missed, _)] = await said(down, f"MISSED: {DUTY}")
        [(not_out, text)] = await said(down, f"{AUTHORITY} was due")
        assert abs(minutes(due, missed)) < 1
        assert abs(minutes(due, not_out)) < 5
        assert "STILL NOT OUT" in text
        await later(skipping_server, down, 35)
        [(ended, _)] = await said(down, f"{AUTHORITY} was not sent (Unreachable")
        assert 29 < minutes(approved, ended) < 45
        told = await down.say("late-reason", by="pat", obligation=DUTY, reason="our mail server was down for an hour")
        assert "says why" in told, told
        controller = Controller(down.mailbox, hostname="127.0.0.1", port=down.port)
        controller.start()
        try:
            await down.asked(AUTHORITY, "our mail server was down")
            await down.approve(AUTHORITY)
            await later(skipping_server, down, 6)
            [(_, sent)] = await said(down, f"Sent {AUTHORITY}")
        finally:
            controller.stop()
        assert "it is late" in sent
        (mail,) = mails(down)
        assert "our mail server was down for an hour" in mail
        assert len(await granted(down)) == 2
