"""The same deeds in a second incident: it names the first, asks nobody to do again what is done, and warns who decides."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest


@pytest.mark.long
async def test_a_second_incident_names_the_first_and_repeats_nothing(house: Any) -> None:
    """Status, report and the notice's question say who was told already; the revoked token is read back, not asked for."""
    async with house.worker():
        await house.misbehave()
        await house.open()
        await house.contained()
        await house.facts()
        await house.approve("revoke-token")
        await house.approve("eu-gdpr-33-notification")
        await house.filed("eu-gdpr-33")
        first = (await house.query("status"))["reference"]
        await house.open(group="other-rules", fingerprint="fp-2")
        status = await house.until("the first one to be named", lambda s: bool(s.get("others")))
        other = status["others"][0]
        assert (other["reference"], other["related"]) == (first, True)
        assert "same traces" in other["text"]
        assert "told outside: eu-gdpr-33 to breach-notices@authority.example at " in other["text"]
        assert f"Compare {first} (same traces, told eu-gdpr-33)." in status["text"]
        status = await house.until("the token", lambda s: s["actions"].get("revoke-token") == "verified")
        assert [one for one in await house.query("gates") if one["subject"] == "revoke-token"] == []
        shown = next(one for one in await house.query("actions") if one["order"]["id"] == "revoke-token")
        assert (shown["applied_at"], shown["told"]) == ("", "was so already: read back, nothing was sent")
        texts = [line["text"] for line in await house.query("timeline")]
        assert any(text.startswith("Already so, read back: ") for text in texts)
        assert (await house.query("report"))["irreversible"] == []
        await house.facts()
        gate: dict[str, Any] = {}
        for _ in range(2400):
            gate = next((one for one in await house.open_gates() if one["subject"] == "eu-gdpr-33-notification"), {})
            if gate:
                break
            await asyncio.sleep(0.1)
        assert any(line.startswith(f"{first} told breach-notices@authority.example already at ") and "same traces" in line
                   for line in gate["question"]), gate  # fmt: skip
    assert len(await house.calls("/control/tokens/support-bot-token/revoke")) == 1
