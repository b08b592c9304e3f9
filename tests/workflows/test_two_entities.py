"""One incident of two legal entities, end to end: each has its own clock, gate, notice and decision."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from halon.incident import times

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
    for _ in range(2400):
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
        aware = datetime.now(UTC) - timedelta(days=2)
        due = times.text(aware + timedelta(hours=72))
        again = {"name": "aware_at", "value": times.text(aware), "entity": "acme-us"}
        await house.say("fact", by="pat", **again)
        found = await becoming(house, lambda found: found[OTHER]["stages"][0]["due"] == due)
        assert (found[OTHER]["status"], found[OTHER]["entity"]) == ("applies", "acme-us")
        assert due < found[OWN]["stages"][0]["due"]
        await house.say("decline", by="pat", obligation=OWN, reason="no data of its customers")
        await house.approve(f"{OTHER}-notification", by="pat")
        found = await becoming(house, lambda found: found[OTHER]["stages"][0]["filed_at"])
        assert (found[OWN]["decided"], found[OWN]["stages"][0]["filed_at"]) == ("declined", "")
    told = [text for recipients, text in house.mailbox.mails if "us-notices@authority.example" in recipients]
    assert len(told) == 1
    assert "acme-us" in told[0]


async def moved(house: Any) -> None:
    """The commander moves the incident to the kit in use, which takes the next judgement."""
    await house.say("fact", by="tom", name="spend_eur", value=3)
    new = (await house.until("the newer kit", lambda s: s["kit"]["newer"]))["kit"]["newer"]
    assert "moves the incident to kit" in await house.say("kit", by="ann", reason="the agent is Acme Europe's")
    await house.until("the move", lambda s: s["kit"]["in_force"] == new)


async def asking(house: Any) -> list[str]:
    """The subjects of the notices that wait for an answer."""
    return sorted(one["subject"] for one in await house.open_gates() if one["kind"] == "notice")


async def sent(house: Any, name: str) -> dict[str, dict[str, Any]]:
    """The duties, once the notice of this one was approved and went out; a draft that changes meanwhile is asked about anew."""
    for _ in range(2400):
        found = await duties(house)
        if found[name]["stages"][0]["filed_at"]:
            return found
        for gate in await house.open_gates():
            if gate["subject"] == f"{name}-notification":
                await house.say("approve", by="pat", gate=gate["id"])
        await asyncio.sleep(0.1)
    raise AssertionError(found)


@pytest.mark.long
async def test_an_agent_that_turns_out_to_be_anothers_doubles_no_duty(house: Any) -> None:
    """The kit had it under the wrong entity: after the move each duty, gate and filing is there once, under its old name."""
    (house.settings.kit / "entities" / "acme-us.yaml").write_text(ENTITY)
    inventory = house.settings.kit / "agents" / "support-bot.yaml"
    inventory.write_text(inventory.read_text().replace("entity: acme-eu", "entity: acme-us"))
    of_us, of_eu = "eu-gdpr-33", "eu-gdpr-33@acme-eu"
    async with house.worker():
        await house.misbehave()
        await house.open()
        await house.contained()
        await house.say("fact", by="pat", name="entities_involved", value=["acme-eu"])
        await house.facts()
        before = await sent(house, of_us)
        assert (before[of_us]["entity"], before[of_eu]["entity"]) == ("acme-us", "acme-eu")
        assert f"{of_eu}-notification" in await asking(house)
    inventory.write_text(inventory.read_text().replace("entity: acme-us", "entity: acme-eu"))
    async with house.worker():
        await moved(house)
        found = await duties(house)
        assert {name: one["entity"] for name, one in found.items()} == {
            name: one["entity"] for name, one in before.items()
        }
        assert found[of_us]["stages"][0]["filed_at"] == before[of_us]["stages"][0]["filed_at"]
        assert [one for one in await asking(house) if "gdpr" in one] == [f"{of_eu}-notification"]
        await sent(house, of_eu)
        assert [one for one in await asking(house) if "gdpr" in one] == []
    told = [(recipients, text) for recipients, text in house.mailbox.mails if "authority.example" in str(recipients)]
    assert sorted(str(recipients) for recipients, _ in told) == [
        "['breach-notices@authority.example']", "['us-notices@authority.example']",
    ]  # fmt: skip
