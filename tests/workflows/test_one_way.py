"""What is done for good and leaves only "in the last hour" to read: neither an earlier doing nor the hour's end deceives."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from halon.incident import watches
from halon_activities.contain import Contain

ORDER = "end-sessions"


def ends_sessions(house: Any) -> None:
    """The kit's irreversible action of this story ends every session instead of revoking a token."""
    page = house.settings.kit / "actions.yaml"
    text = page.read_text("utf-8")
    for old, new in (
        ("  revoke-token:\n    action: revoke_token\n", f"  {ORDER}:\n    action: revoke_sessions\n"),
        ("    operation: revoke_token\n    with: {token: support-bot-token}\n", "    operation: end_sessions\n"),
    ):
        assert old in text, old
        text = text.replace(old, new)
    page.write_text(text, "utf-8")


async def ended(house: Any) -> list[str]:
    """The keys of the calls that ended all sessions; empty for those that were not Halon's."""
    return [call["key"] or "" for call in await house.calls("/control/sessions/end")]


async def test_what_an_earlier_incident_ended_is_not_this_ones(house: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ended lately by somebody: this incident's sessions began later, so people are asked. And an hour after it was done
    it reads back otherwise by itself: nobody is told that it was switched back, and nobody is asked for it again."""
    monkeypatch.setattr(watches, "SOON", (1, 2, 3, 4, 5, 6))
    monkeypatch.setattr(watches, "HOUR", 2)
    whole, hour_over, reads = Contain._read_back, asyncio.Event(), []

    async def read(self: Contain, call: Any, *given: Any) -> Any:
        seen = await whole(self, call, *given)
        if call.url.endswith("/control/sessions") and hour_over.is_set():
            reads.append(call.url)
            return type(seen)(False, seen.at, None, "/ended_lately is false, not true")
        return seen

    monkeypatch.setattr(Contain, "_read_back", read)
    ends_sessions(house)
    (await house.api.post("/control/sessions/end")).raise_for_status()
    async with house.worker():
        await house.misbehave()
        await house.open()
        await house.contained()
        await house.approve(ORDER)
        await house.until("the sessions to be ended", lambda s: s["actions"][ORDER] == "verified")
        hour_over.set()
        await asyncio.sleep(5)
        told = [str(line["text"]) for line in await house.query("timeline")]
        assert not [text for text in told if text.startswith(("Already so", "SWITCHED BACK", "Read back at last"))]
        assert (await house.query("status"))["actions"][ORDER] == "verified"
        assert [one for one in await house.open_gates() if one["subject"] == ORDER] == []
    assert [bool(key) for key in await ended(house)] == [False, True], "sent once, after the yes"
    assert reads == []
