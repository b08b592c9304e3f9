"""What was switched back while nothing was to be done about it is put in force again once something is."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from halon.incident import quiet, watches

TOOL = "/control/tools/send_email"


async def said(house: Any, begun: str) -> None:
    told: list[str] = []
    for _ in range(2400):
        told = [str(line["text"]) for line in await house.query("timeline")]
        if any(text.startswith(begun) for text in told):
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"not said: {begun}\n" + "\n".join(told))


async def test_left_while_muted_and_put_back_after(house: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Muted: said, and left. Once it is not, it is put in force again by itself, once, and nothing harder climbs."""
    monkeypatch.setattr(watches, "SOON", (1, 2, 3, 4, 5, 6))
    monkeypatch.setattr(watches, "HOUR", 2)
    mute = asyncio.Event()
    monkeypatch.setattr(quiet, "muted", lambda state: mute.is_set())
    async with house.worker():
        await house.misbehave()
        await house.open()
        await house.contained()
        mute.set()
        (await house.api.put(TOOL, json={"enabled": True})).raise_for_status()
        await said(house, "It is not put in force again by itself: the incident is muted.")
        await asyncio.sleep(2)
        assert (await house.api.get(TOOL)).json()["enabled"], "left as it is"
        mute.clear()
        await house.say("note", by="ann", text="the mute is over")
        status = await house.until("it to be off", lambda s: s["actions"]["disable-send-email"] == "verified")
        assert not (await house.api.get(TOOL)).json()["enabled"]
        assert status["actions"]["kill-switch"] == "planned"
        keys = ["/".join(one["key"].rsplit("/", 2)[1:]) for one in await house.calls(TOOL) if one["key"]]
        assert keys == ["apply/1", "apply/2"]
