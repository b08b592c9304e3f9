"""The main job: a real alert is carried from the first page to a closed, proved, documented incident."""

from __future__ import annotations

from typing import Any

from halon.incident.chain import check


async def test_one_alert_is_carried_to_a_closed_proved_documented_incident(house: Any) -> None:
    """Detect, triage, contain, rca, notify, remediate: against the real agent, with every effect read back from it."""
    async with house.worker():
        result = await house.whole_story()
        assert result["outcome"] == "resolved"
        assert (await house.query("rca"))["proved"] is True
        actions = {one["order"]["id"]: one["status"] for one in await house.query("actions")}
        assert actions == {"disable-send-email": "undone", "revoke-token": "verified", "kill-switch": "planned"}

    state = (await house.api.get("/control/state")).json()
    assert state["tools"]["send_email"]["enabled"] is True, "given back"
    assert (await house.api.get("/control/tokens/support-bot-token")).json()["active"] is False, "revoked for good"

    keyed = [call for call in await house.calls() if call["key"]]
    effects = [call for call in keyed if "/replay" not in call["path"] and "/evals" not in call["path"]]
    assert [call["effects"] for call in effects] == [1, 1, 1, 1], effects  # off, revoked, on for a few, on for all

    recipients = sorted(rcpt for rcpts, _ in house.mailbox.mails for rcpt in rcpts if "acme.example" not in rcpt)
    assert recipients == ["breach-notices@authority.example", "security@customer.example"]

    incidents = await house.record.incidents()
    entries = await house.record.entries(incidents[0])
    check(entries, incidents[0])
    assert entries[-1].hash == result["head"]
    assert entries[-1].seq == result["entries"]
