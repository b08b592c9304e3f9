"""What an agent shows is asked for when the front door opens an incident; it is used once, and while it is fresh."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from halon.drill.launch import RunningAgent
from halon.incident.alerts import Alert, timed
from halon.incident.looking_back import LOOK_BACK, looked_back
from halon.incident.times import after
from halon.ports.detect import Look
from halon_activities import ahead
from halon_activities.ahead import Ahead
from halon_activities.detect import Detect
from halon_activities.hands import Hands

INCIDENT = "incident-support-bot.unauthorised-tool:run-1"


def alert(**fields: Any) -> Alert:
    told = {"source": "alertmanager", "agent": "support-bot", "group": "g", "rule": "R", "status": "firing",
            "fingerprint": "fp", "started_at": "2026-01-02T03:04:05Z", "received_at": "2026-01-02T03:04:06Z"}  # fmt: skip
    return Alert(**{**told, **fields})


def test_the_first_look_goes_back_an_hour_before_the_first_alert() -> None:
    """And to the traces that the alerts name, each once."""
    one, two = alert(trace_id="t1"), alert(started_at="2026-01-02T03:00:00Z", trace_id="t2")
    assert looked_back([one, two, one]) == (after("2026-01-02T03:00:00Z", -LOOK_BACK), ("t1", "t2"))
    assert looked_back([], "2026-01-02T00:00:00Z") == ("2026-01-01T23:00:00.000Z", ())


async def test_what_an_agent_shows_is_asked_for_when_the_door_opens_an_incident() -> None:
    """It is taken once, by the look that asks for the same; another one is not asked for meanwhile."""
    asked: list[Look] = []

    async def ask(look: Look) -> str:
        asked.append(look)
        return f"shown to {look.agent}"

    one: Ahead[str] = Ahead()
    one.expect([alert()])
    one.asks(ask)
    one.expect([alert(trace_id="t1")])
    one.expect([alert(agent="other")])
    look = Look(INCIDENT, "support-bot", looked_back([alert()])[0], ("t1",))
    assert await one.take(replace(look, agent="other")) is None
    assert await one.take(replace(look, trace_ids=())) is None
    assert await one.take(look) == "shown to support-bot"
    assert await one.take(look) is None
    assert [each.agent for each in asked] == ["support-bot"]
    one.expect([alert(agent="other")])
    assert await one.take(Look(INCIDENT, "other", look.since)) == "shown to other"


async def test_what_was_shown_long_ago_is_asked_for_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the agent hangs: the place is free for the next incident."""
    monkeypatch.setattr(ahead, "KEPT", 0.05)

    async def ask(look: Look) -> str:
        await asyncio.sleep(60 if look.agent == "support-bot" else 0)
        return look.agent

    one: Ahead[str] = Ahead()
    one.asks(ask)
    one.expect([alert()])
    await asyncio.sleep(0.3)
    look = Look(INCIDENT, "support-bot", looked_back([alert()])[0])
    assert await one.take(look) is None
    one.expect([alert(agent="other")])
    assert await one.take(replace(look, agent="other")) == "other"


async def test_the_look_takes_what_was_asked_for_ahead(
    make_hands: Callable[..., Hands], as_incident: Any, attacked: RunningAgent
) -> None:
    """The agent can't be reached any more, and the look has what it showed; its facts are of the moment of the look."""
    hands = make_hands(attacked.url)
    detect = Detect(hands)
    opening = alert(started_at=hands.now())
    hands.ahead.expect([opening])
    await asyncio.sleep(0.5)
    before = hands.now()
    attacked.stop()
    try:
        look = Look(INCIDENT, "support-bot", looked_back([opening])[0])
        got = await as_incident(detect.corroborate, look)
        assert (got.reachable, (await as_incident(detect.corroborate, look)).reachable) == (True, False)
        assert got.facts
        assert all(fact.at >= before for fact in got.facts)
    finally:
        attacked.start()


async def test_what_goes_wrong_while_asking_ahead_refuses_no_alert() -> None:
    """It only saves time: an alert whose time nobody can read is for the door to judge."""

    async def ask(look: Look) -> str:
        raise OSError("gone")

    one: Ahead[str] = Ahead()
    one.asks(ask)
    one.expect([alert(started_at="no time")])
    one.expect([alert(started_at="0001-01-01T00:00:00Z", agent="other")])
    with pytest.raises(OSError, match="gone"):
        await one.take(Look(INCIDENT, "other", looked_back([timed(alert(started_at="0001-01-01T00:00:00Z"))])[0]))
    one.expect([alert()])
    with pytest.raises(OSError, match="gone"):
        await one.take(Look(INCIDENT, "support-bot", looked_back([alert()])[0]))
