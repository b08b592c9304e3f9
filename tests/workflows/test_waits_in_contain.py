"""What waits in contain: for the seal, and for a slow order that holds up nothing else."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from halon.incident import watching
from halon_activities import contain
from halon_activities.contain import Contain
from halon_activities.evidence import Evidence

TOOL = "/control/tools/send_email"


async def texts(house: Any) -> list[str]:
    return [str(line["text"]) for line in await house.query("timeline")]


async def said(house: Any, begun: str, seconds: float = 240) -> None:
    """Wait until the log has a line that begins so."""
    end = asyncio.get_running_loop().time() + seconds
    while not any(text.startswith(begun) for text in await texts(house)):
        assert asyncio.get_running_loop().time() < end, "\n".join(await texts(house))
        await asyncio.sleep(0.2)


async def enabled(house: Any) -> bool:
    return bool((await house.api.get(TOOL)).json()["enabled"])


async def keys(house: Any) -> list[tuple[str, int]]:
    """The ends of Halon's own idempotency keys, and how often each took effect."""
    return [
        ("/".join(call["key"].rsplit("/", 2)[1:]), call["effects"]) for call in await house.calls(TOOL) if call["key"]
    ]


async def begun(house: Any) -> None:
    await house.misbehave()
    await house.open()


async def test_promise_2_what_touches_the_evidence_waits_until_it_is_sealed(
    house: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reversible or not: it changes what the evidence is taken from. Once that is sealed it goes on by itself."""
    actions = house.settings.kit / "actions.yaml"
    actions.write_text(
        actions.read_text().replace("  disable-send-email:\n", "  disable-send-email:\n    touches_evidence: true\n")
    )
    released, whole = asyncio.Event(), Evidence._kind

    async def slow(self: Evidence, *given: Any) -> Any:
        await released.wait()
        return await whole(self, *given)

    monkeypatch.setattr(Evidence, "_kind", slow)
    async with house.worker():
        await begun(house)
        await said(house, "Waits until the evidence is sealed, which it would change: Switch off the tool send_email.")
        await asyncio.sleep(3)
        status = await house.query("status")
        assert status["actions"] == {**status["actions"], "disable-send-email": "planned", "kill-switch": "planned"}
        assert await enabled(house)
        released.set()
        await house.contained()
        assert not await enabled(house)
        told = await texts(house)
        sealed = next(at for at, text in enumerate(told) if text.startswith("Sealed traces"))
        assert sealed < told.index("Applying: Switch off the tool send_email.")


@pytest.mark.long
async def test_a_slow_order_holds_up_neither_another_nor_the_next_rung(
    house: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first rung hangs: after a while it is looked at without it, the next rung runs, and the first goes on beside."""
    monkeypatch.setattr(watching, "PATIENCE", 2)
    released, whole = asyncio.Event(), Contain._effect

    async def hangs(self: Contain, step: Any, *given: Any) -> Any:
        if step.order.id == "disable-send-email":
            await released.wait()
        return await whole(self, step, *given)

    monkeypatch.setattr(Contain, "_effect", hangs)
    async with house.worker():
        await begun(house)
        await house.until("the next rung", lambda s: s["actions"].get("kill-switch") == "verified")
        status = await house.query("status")
        assert status["actions"]["disable-send-email"] == "applying"
        assert {one["action"]: one["in_force"] for one in status["parts"]} == {
            **{one["action"]: False for one in status["parts"]}, "kill-switch": True}  # fmt: skip
        assert any(text.startswith("Not done yet: Switch off the tool send_email.") for text in await texts(house))
        released.set()
        await house.until("the slow one", lambda s: s["actions"]["disable-send-email"] == "verified")
        assert await keys(house) == [("apply/1", 1)]


@pytest.mark.long
async def test_what_comes_into_force_during_a_look_is_looked_at_anew(
    house: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A look that began before says nothing of it: nobody is told that nothing is in force, and nothing more is begun."""
    monkeypatch.setattr(watching, "PATIENCE", 1)
    looking, in_force = asyncio.Event(), asyncio.Event()
    whole, deeds = Contain._effect, contain.deeds_since
    looks: list[str] = []

    async def slow(self: Contain, step: Any, *given: Any) -> Any:
        if step.order.id == "disable-send-email":
            await looking.wait()
        return await whole(self, step, *given)

    async def look(hands: Any, agent: str, since: str) -> Any:
        looks.append(since)
        looking.set()
        await in_force.wait()
        return await deeds(hands, agent, since)

    monkeypatch.setattr(Contain, "_effect", slow)
    monkeypatch.setattr(contain, "deeds_since", look)
    async with house.worker():
        await begun(house)
        await house.until("it is in force", lambda s: s["actions"].get("disable-send-email") == "verified")
        in_force.set()
        status = await house.contained()
        assert len(looks) == 2
        told = await texts(house)
        assert any(text.startswith("The harm has stopped") for text in told), told
        assert not any(text.startswith("Not seen to have stopped") for text in told), told
        assert not any("nobody can say that it has stopped" in text for text in told), told
        assert status["actions"]["kill-switch"] == "planned"
