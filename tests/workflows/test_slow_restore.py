"""What takes its time to be given back is waited for; what was given up and arrives late is blamed on nobody."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError

from halon.incident import watches, watching
from halon_activities import contain as hands
from halon_activities.contain import Contain

SWITCH, TOOL = "/control/kill-switch", "/control/tools/send_email"


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks every second, and reads that give up at once."""
    monkeypatch.setattr(watches, "SOON", (1, 2, 3, 4, 5, 6))
    monkeypatch.setattr(watches, "HOUR", 2)
    monkeypatch.setattr(watching, "_LEAST_PAUSE", 1)
    monkeypatch.setattr(hands, "READ_BACK_SECONDS", 0.2)


def arrives_late(monkeypatch: pytest.MonkeyPatch, order: str, seconds: float, *, lost: bool) -> list[Any]:
    """Whatever gives this order back takes effect so many seconds later; ``lost``: and its answer never comes."""
    whole, sent = Contain._effect, []

    async def later(self: Contain, *given: Any) -> None:
        await asyncio.sleep(seconds)
        await whole(self, *given)

    async def effect(self: Contain, step: Any, verb: str, *given: Any) -> Any:
        if verb != "undo" or step.order.id != order:
            return await whole(self, step, verb, *given)
        sent.append(asyncio.create_task(later(self, step, verb, *given)))
        if lost:
            raise ApplicationError("the line broke", type="NoAnswer", non_retryable=True)
        return hands.Applied(status=202, at=self._hands.now())

    monkeypatch.setattr(Contain, "_effect", effect)
    return sent


def takes(house: Any, order: str, seconds: int) -> None:
    page = house.settings.kit / "actions.yaml"
    text = page.read_text("utf-8")
    assert text.count(f"  {order}:\n") == 1
    page.write_text(text.replace(f"  {order}:\n", f"  {order}:\n    takes_effect: {seconds}\n"), "utf-8")


async def texts(house: Any) -> list[str]:
    return [str(line["text"]) for line in await house.query("timeline")]


async def applied(house: Any, path: str) -> list[str]:
    return [one["key"].rsplit("/", 2)[1] for one in await house.calls(path) if one["key"] and "/apply/" in one["key"]]


async def test_stages_wait_for_what_takes_its_time(house: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """As long as the order says that it takes: then it reads as given back, and nothing was applied again meanwhile."""
    sent = arrives_late(monkeypatch, "disable-send-email", 3, lost=False)
    takes(house, "disable-send-email", 20)
    async with house.worker():
        await house.misbehave()
        await house.open()
        await house.contained()
        await house.say("undo", by="ann", action="disable-send-email", reason="customers need their receipts")
        await house.approve("restore-disable-send-email", by="tom")
        await house.until("all of it", lambda s: s["actions"]["disable-send-email"] == "undone")
        assert (await house.api.get(TOOL)).json()["enabled"]
        assert await applied(house, TOOL) == ["apply"]
        assert not [one for one in await texts(house) if "applied again" in one or one.startswith("SWITCHED BACK")]
    await asyncio.gather(*sent)


@pytest.mark.parametrize("slow", [True, False])
async def test_late(house: Any, monkeypatch: pytest.MonkeyPatch, slow: bool) -> None:
    """Its answer is lost. Where the order says that it takes its time, that is waited for; else it is given up, and once it
    reads as given back all the same, people are asked once: it is not taken away again, and called nobody's deed."""
    sent = arrives_late(monkeypatch, "kill-switch", 4, lost=True)
    if slow:
        takes(house, "kill-switch", 20)
    async with house.worker():
        await house.misbehave()
        await house.open()
        await house.until("it to be judged", lambda s: bool(s.get("severity", {}).get("level")))
        await house.say("contain", by="sue", reason="stop")
        await house.until("the stop", lambda s: s["actions"].get("kill-switch") == "verified")
        await house.say("undo", by="ann", action="kill-switch", reason="it may run again")
        await house.approve("restore-kill-switch", by="tom")
        end = "undone" if slow else "failed"
        status = await house.until("what became of it", lambda s: s["actions"]["kill-switch"] == end)
        await asyncio.sleep(3)
        assert not (await house.api.get(SWITCH)).json()["on"], "not taken away again"
        assert await applied(house, SWITCH) == ["apply"]
        told = await texts(house)
        assert not [one for one in told if one.startswith("SWITCHED BACK")]
        late = [one for one in told if one.startswith("NOT IN FORCE ANY MORE: Stop the agent")]
        assert len(late) == (0 if slow else 1)
        if not slow:
            asked = next(one for one in status["asked"] if one.get("action") == "kill-switch")
            assert "may have been given back late" in asked["what"]
            await house.say("undo", by="ann", action="kill-switch", reason="it may stay so")
            await house.approve("restore-kill-switch", by="tom")
            await house.until("it to be settled", lambda s: s["actions"]["kill-switch"] == "undone")
    await asyncio.gather(*sent)
