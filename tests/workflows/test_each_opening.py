"""Whatever release opened an incident, it is contained, revoked at a yes and given back, each once. Recorded for tests/replay."""

from __future__ import annotations

from typing import Any

import pytest

from halon.incident.opening import Opening
from halon_activities import begin

LOOKED = {"look": ("begin.look", 0), "glance": ("", 1), "turn": ("begin.look", 1)}
"""Of each, what looked first in a turn of its own, and how many looks were asked of the first workflow task."""


async def looks(house: Any) -> tuple[str, int]:
    """What the history of the run says of ``LOOKED``."""
    events = [event async for event in house.incident.fetch_history_events()]
    names = [event.activity_task_scheduled_event_attributes.activity_type.name for event in events]
    asked = [event.marker_recorded_event_attributes.marker_name for event in events]
    return ("begin.look" if "begin.look" in names else ""), asked.count("core_local_activity")


@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "form", "glance", "word"),
    [("look", 2, True, False), ("glance", 3, True, False), ("turn", 3, False, True)],
    ids=list(LOOKED),
)
async def test_opening(
    house: Any, monkeypatch: pytest.MonkeyPatch, name: str, form: int, glance: bool, word: bool
) -> None:
    """One look in a turn of its own (form 2), within the first task (form 3), or too long for that, with a word before it ends."""
    if not glance:
        monkeypatch.setattr(begin, "AT_A_GLANCE", 0.0)
    await house.misbehave()
    house.handle = await house.client.start_workflow(
        "Incident", Opening(alerts=(house.alert(),), form=form), id=f"incident-support-bot.{house.settings.task_queue}",
        task_queue=house.settings.task_queue,
    )  # fmt: skip
    if word:
        await house.incident.signal("note", {"by": "ann", "text": "I look at it"})
    async with house.worker():
        await house.contained()
        await house.say("ack", by="ann")
        await house.approve("revoke-token")
        await house.until("the token revoked", lambda s: s["actions"].get("revoke-token") == "verified")
        await house.say("undo", by="ann", action="disable-send-email", reason="the page is gone")
        await house.approve("restore-disable-send-email")
        await house.until("the tool given back", lambda s: s["actions"].get("disable-send-email") == "undone")
        assert await looks(house) == LOOKED[name]
        await house.keep_histories(name)
    switched = [one for one in await house.calls("/control/tools/send_email") if one["key"]]
    assert switched
    assert {(one["effects"], one["deliveries"]) for one in switched} == {(1, 1)}
    assert len(await house.calls("/control/tokens/support-bot-token/revoke")) == 1
