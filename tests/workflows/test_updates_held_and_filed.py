"""What a message promised is held back as a notice is, and is filed by hand where its channel is a portal."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from halon.incident import promised

NOTICE, UPDATE, CUSTOMERS = "contract-dpa-notification", "contract-dpa-update-1", "security@customer.example"
PORTAL = "https://portal.customer.example/breach"


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Customers hear more within the minute."""
    monkeypatch.setattr(promised, "every", lambda state, audience: 60 if audience == "customers" else 3600)


async def gate(house: Any, subject: str, seconds: float = 240) -> dict[str, Any]:
    for _ in range(int(seconds * 10)):
        for one in await house.open_gates():
            if one["subject"] == subject:
                return dict(one)
        await asyncio.sleep(0.1)
    raise AssertionError([(one["id"], one["status"]) for one in await house.query("gates")])


async def noticed(house: Any, name: str, *statuses: str) -> dict[str, Any]:
    for _ in range(2400):
        one = next((each for each in await house.query("notices") if each["id"] == name), None)
        if one is not None and one["status"] in statuses:
            return dict(one)
        await asyncio.sleep(0.1)
    raise AssertionError((one, [line["text"] for line in await house.query("timeline")][-8:]))


async def hold(house: Any, **fields: Any) -> str:
    return str(await house.say("hold", by="pat", obligation="contract-dpa", **fields))


HELD = {"until": "2099-01-01T00:00:00Z", "by_whom": "law_enforcement", "reason": "the police asked"}


def mails(house: Any) -> int:
    return sum(1 for to, _ in house.mailbox.mails if CUSTOMERS in to)


async def test_a_hold_keeps_back_the_update_that_was_promised(house: Any) -> None:
    """Filed already, and the police ask: nobody is asked about the update, a yes to it is void, and lifted it goes out."""
    async with house.worker():
        await house.prepare()
        await house.contained()
        await house.approve(NOTICE, by="cus")
        await house.filed("contract-dpa")
        asked = await gate(house, UPDATE)
        told = await hold(house, **HELD)
        assert "contract-dpa is held back by law enforcement" in told
        assert "OUTLASTS THE DUE TIME of update" in told
        for _ in range(900):
            if all(one["subject"] != UPDATE for one in await house.open_gates()):
                break
            await asyncio.sleep(0.1)
        assert (await house.say("approve", by="cus", gate=asked["id"])).startswith("GateClosed")
        await asyncio.sleep(2)
        assert mails(house) == 1
        assert any(
            f"The update {UPDATE} waits: it is held back" in one["text"] for one in await house.query("timeline")
        )
        await hold(house, off=True, reason="they are done")
        again = await gate(house, UPDATE)
        assert again["id"] != asked["id"]
        await house.say("approve", by="cus", gate=again["id"])
        await noticed(house, UPDATE, "sent")
        assert mails(house) == 2


async def test_nothing_is_left_to_hold_once_nothing_more_is_promised(house: Any) -> None:
    """Filed, and told in another way: there is no update to keep back."""
    async with house.worker():
        await house.prepare()
        await house.contained()
        await house.approve(NOTICE, by="cus")
        await house.filed("contract-dpa")
        await gate(house, UPDATE)
        await house.say(
            "filed", by="cus", obligation="contract-dpa", stage="update", reference="status page", reason="there"
        )
        assert (await hold(house, **HELD)).startswith("NothingToHold")


async def test_an_update_for_a_portal_is_filed_by_a_person(house: Any) -> None:
    """Approved once, handed over with the text; its receipt settles it, and the next one is promised."""
    kit = Path(house.environ["HALON_KIT"])
    file, regime = kit / "communications.yaml", kit / "regimes" / "contract-dpa.yaml"
    channel = f"  cportal: {{kind: portal, link: '{PORTAL}'}}\n  customer-mail:"
    file.write_text(file.read_text().replace("  customer-mail:", channel, 1))
    regime.write_text(regime.read_text().replace("channel: customer-mail", "channel: cportal"))
    async with house.worker():
        await house.prepare()
        await house.contained()
        await house.approve(NOTICE, by="cus")
        await noticed(house, NOTICE, "by_hand")
        await house.say("filed", by="cus", obligation="contract-dpa", reference="R1", reason="on the portal")
        asked = await gate(house, UPDATE)
        assert f"a person files the text at {PORTAL}" in "\n".join(asked["question"])
        await house.say("approve", by="cus", gate=asked["id"])
        await noticed(house, UPDATE, "by_hand")
        tasks = {one["id"]: one for one in (await house.query("status"))["tasks"]}
        assert tasks[f"notify/file-{UPDATE}"]["status"] == "open"
        pages = (house.settings.home / "pages.log").read_text("utf-8")
        assert "file by hand: the update of" in pages
        await house.say("filed", by="cus", obligation="contract-dpa", stage="update", reference="R2", reason="there")
        one = await noticed(house, UPDATE, "sent")
        assert one["receipt"] == "R2"
        tasks = {one["id"]: one for one in (await house.query("status"))["tasks"]}
        assert tasks[f"notify/file-{UPDATE}"]["status"] == "done"
        assert not [line for line in await house.query("timeline") if "NoChannel" in line["text"]]
        assert (await gate(house, "contract-dpa-update-2"))["subject"] == "contract-dpa-update-2"
        assert mails(house) == 0
