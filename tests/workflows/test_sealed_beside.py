"""Evidence is sealed beside what can be undone, and before what can't."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from halon.connectors.http import Response, send
from halon.incident.orders import Call
from halon.incident.state import Sealed
from halon_activities import contain, first
from halon_activities.evidence import Evidence


async def test_promise_2_what_can_be_undone_does_not_wait_for_the_evidence(
    house: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While collecting takes its time the tool is off already; the token waits, and its gate opens once it is sealed."""
    released, whole = asyncio.Event(), Evidence._kind

    async def slow(self: Evidence, *given: Any) -> tuple[list[Sealed], str]:
        await released.wait()
        return await whole(self, *given)

    monkeypatch.setattr(Evidence, "_kind", slow)
    await house.misbehave()
    async with house.worker():
        await house.open()
        now = await house.until("the tool to be off", lambda s: s["actions"].get("disable-send-email") == "verified")
        assert await shown(house, "evidence.collect") == "seal evidence", "it is no step before the call"
        assert now["actions"]["revoke-token"] == "planned"
        assert await house.open_gates() == []
        assert not [one for one in await house.query("timeline") if one["text"].startswith("Sealed traces")]
        released.set()
        told = await house.approve("revoke-token")
        assert "NotAuthorised" not in told
        await house.until("the token to be revoked", lambda s: s["actions"].get("revoke-token") == "verified")
    texts = [one["text"] for one in await record_of(house)]
    sealed = next(at for at, text in enumerate(texts) if text.startswith("Sealed traces"))
    off = next(
        at for at, text in enumerate(texts) if text.startswith("Verified by reading back: ") and "send_email" in text
    )
    revoked = next(at for at, text in enumerate(texts) if text.startswith("Applying: ") and "token" in text.lower())
    assert off < sealed < revoked


async def shown(house: Any, name: str) -> str:
    """What the Temporal UI shows of the first activity of this name."""
    async for event in house.incident.fetch_history_events():
        if event.activity_task_scheduled_event_attributes.activity_type.name == name:
            return str(json.loads(event.user_metadata.summary.data))
    raise AssertionError(f"no {name} was asked for")


async def record_of(house: Any) -> list[dict[str, Any]]:
    """The lines of the record."""
    [incident_id] = await house.record.incidents()
    return [{"text": entry.text} for entry in await house.record.entries(incident_id)]


async def test_what_is_sealed_as_before_containment_stood_before_it(
    house: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the order's call is on its way, what it changes is asked for already, however long the logs are left to it."""

    async def slow(call: Call, **given: Any) -> Response:
        if call.method == "PUT":
            await asyncio.sleep(1)
        return await send(call, **given)

    monkeypatch.setattr(contain, "send", slow)
    monkeypatch.setattr(first, "A_MOMENT", 60.0)
    async with house.worker():
        await house.misbehave()
        await house.open()
        await house.contained()
        carried = await house.query("carry")
    sealed = {one["what"]: one["path"] for one in carried["evidence"]}
    permissions = json.loads(await house.evidence.get(sealed["tools and permissions in force, before containment"]))
    assert [one["enabled"] for one in permissions["tools"] if one["name"] == "send_email"] == [True]
    controls = json.loads(await house.evidence.get(sealed["state of the controls, before containment"]))
    assert controls["tools"]["send_email"]["enabled"] is True
