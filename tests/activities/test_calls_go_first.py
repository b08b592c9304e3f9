"""In a worker the calls that stop an agent go first, and nothing waits for them for long."""

from __future__ import annotations

import asyncio

import pytest

from halon_activities import first
from halon_activities.first import First


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
