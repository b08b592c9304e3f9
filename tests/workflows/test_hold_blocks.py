"""A hold keeps a notice back, open gate and all; lifted, it is asked about again and goes out once."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from halon.incident import times

SUBJECT = "eu-gdpr-33-notification"


async def test_a_held_notice_is_not_asked_about_until_the_hold_is_lifted(house: Any) -> None:
    """Its open gate becomes void and says why; the clock runs on; after the lifting it is asked anew and sent."""
    async with house.worker():
        await house.misbehave()
        await house.open()
        await house.contained()
        await house.facts()
        await house.asked(SUBJECT, "")
        until = times.text(datetime.now(UTC) + timedelta(hours=2))
        told = await house.say(
            "hold", by="pat", obligation="eu-gdpr-33", until=until, by_whom="law_enforcement", reason="the police asks"
        )
        assert "held back by law enforcement" in told
        for _ in range(900):
            if all(one["subject"] != SUBJECT for one in await house.open_gates()):
                break
            await asyncio.sleep(0.1)
        assert all(one["subject"] != SUBJECT for one in await house.open_gates())
        duty = next(one for one in await house.query("obligations") if one["id"] == "eu-gdpr-33")
        assert duty["hold"]["by_whom"] == "law_enforcement"
        assert duty["clock_runs"]
        lines = [one["text"] for one in await house.query("timeline")]
        assert any(SUBJECT in line and "is void" in line and "the police asks" in line for line in lines)
        await house.until("the deadline to stay", lambda status: status["next_deadline"] is not None)
        await house.say("hold", by="pat", obligation="eu-gdpr-33", off=True, reason="the police agrees")
        await house.approve(SUBJECT)
        await house.filed("eu-gdpr-33")
        duty = next(one for one in await house.query("obligations") if one["id"] == "eu-gdpr-33")
        assert [(one["stage"], one["by"]) for one in duty["filings"]] == [("notification", "pat")]
    sent = [text for recipients, text in house.mailbox.mails if "breach-notices@authority.example" in recipients]
    assert len(sent) == 1
