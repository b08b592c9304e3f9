"""One incident of two legal entities, end to end: each has its own clock, gate, notice and decision."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

OWN, OTHER = "eu-gdpr-33", "eu-gdpr-33@acme-us"
ENTITY = """\
name: Acme Inc.
roles: [controller]
establishments: [US-TX]
zone: America/Chicago
authorities:
  data_protection: {name: the authority of Acme Inc., recipient: us-notices@authority.example}
"""


async def duties(house: Any) -> dict[str, dict[str, Any]]:
    return {one["key"]: one for one in await house.query("obligations")}


async def becoming(house: Any, true: Callable[[dict[str, dict[str, Any]]], Any]) -> dict[str, dict[str, Any]]:
    """The duties by name, once it holds of them."""
    for _ in range(300):
        found = await duties(house)
        if true(found):
            return found
        await asyncio.sleep(0.1)
    raise AssertionError(found)


async def test_a_notice_of_one_entity_leaves_the_others_clock_running(house: Any) -> None:
    """Touched later by a person's word; notified under its own name, to its own authority; the other one is declined."""
    (house.settings.kit / "entities" / "acme-us.yaml").write_text(ENTITY)
    async with house.worker():
        await house.misbehave()
        await house.open()
        await house.contained()
        assert OTHER not in await duties(house)
        await house.say("fact", by="pat", name="entities_involved", value=["acme-us"])
        await house.facts()
        assert "UnknownEntity" in await house.say("fact", by="pat", name="ongoing", value=True, entity="acme-uk")
        again = {"name": "aware_at", "value": "2026-11-20T08:00:00Z", "entity": "acme-us"}
        await house.say("fact", by="pat", **again)
        found = await becoming(house, lambda found: found[OTHER]["stages"][0]["due"].startswith("2026-11-23"))
        assert (found[OTHER]["status"], found[OTHER]["entity"]) == ("applies", "acme-us")
        assert found[OTHER]["stages"][0]["due"] == "2026-11-23T08:00:00.000Z" < found[OWN]["stages"][0]["due"]
        await house.say("decline", by="pat", obligation=OWN, reason="no data of its customers")
        await house.approve(f"{OTHER}-notification", by="pat")
        found = await becoming(house, lambda found: found[OTHER]["stages"][0]["filed_at"])
        assert (found[OWN]["decided"], found[OWN]["stages"][0]["filed_at"]) == ("declined", "")
    told = [text for recipients, text in house.mailbox.mails if "us-notices@authority.example" in recipients]
    assert len(told) == 1
    assert "acme-us" in told[0]
