"""In a worker the calls that stop an agent go first, and nothing waits for them for long."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from halon.drill.launch import RunningAgent
from halon.ports.evidence import Collect
from halon_activities import evidence, first
from halon_activities.evidence import Evidence
from halon_activities.first import First
from halon_activities.hands import Hands


async def waited(one: First) -> float:
    """Seconds until other work may go on."""
    began = asyncio.get_running_loop().time()
    await one.let_go()
    return asyncio.get_running_loop().time() - began


async def test_other_work_waits_for_the_call_and_for_its_read_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """It goes on when both are over, and not in between."""
    monkeypatch.setattr(first, "A_MOMENT", 5.0)
    one, order = First(), []

    async def other() -> None:
        await one.let_go()
        order.append("other")

    async with one.going(followed=True):
        waiting = asyncio.create_task(other())
        await asyncio.sleep(0.02)
        order.append("call")
    await asyncio.sleep(0.02)
    async with one.going():
        await asyncio.sleep(first.UNTIL_THE_NEXT + 0.05)
        order.append("read back")
    await waiting
    assert order == ["call", "read back", "other"]


async def test_a_call_that_is_not_answered_holds_other_work_up_for_a_moment_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Evidence is sealed beside it then."""
    monkeypatch.setattr(first, "A_MOMENT", 0.1)
    one = First()
    assert await waited(one) < 0.05
    async with one.going():
        assert 0.05 < await waited(one) < 2
    async with one.going(followed=True), one.going():
        pass
    assert 0.05 < await waited(one) < 2
    await asyncio.sleep(first.UNTIL_THE_NEXT)
    assert await waited(one) < 0.05


async def test_evidence_is_dated_when_it_was_read(
    hands: Hands, as_incident: Any, attacked: RunningAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What stood before a call is sealed after it; the time on it is that of the reading, or it would tell a lie."""
    monkeypatch.setattr(first, "A_MOMENT", 60.0)
    ask, read = evidence.ask, asyncio.Event()

    async def asked(hands: Hands, agent: str, name: str, **more: Any) -> Any:
        answer = await ask(hands, agent, name, **more)
        if name == "controls":
            read.set()
        return answer

    monkeypatch.setattr(evidence, "ask", asked)
    request = Collect("incident-support-bot.unauthorised-tool:run-1", "support-bot", "2026-01-01T00:00:00Z")
    async with hands.first.going():
        running = asyncio.ensure_future(as_incident(Evidence(hands).collect, request))
        await asyncio.wait_for(read.wait(), 20)
        await asyncio.sleep(0.5)
        called_at = hands.now()
    dated = {one.kind: one.collected_at for one in (await running).sealed}
    assert dated["controls"] < called_at < dated["actions"]
