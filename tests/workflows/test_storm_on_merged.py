"""A storm on a merged incident, on a real server: it reaches the other one whole, and wedges neither."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.long


async def test_three_thousand_alerts_to_a_merged_incident_are_counted_by_the_other(house: Any) -> None:
    """All that come while it is merged are passed on; no task of either workflow fails."""
    async with house.worker():
        other = await house.open()
        await house.until("the first judgement", lambda s: bool(s.get("severity", {}).get("level")))
        to = (await house.query("status"))["reference"]
        group = f"{house.settings.task_queue}-flood"
        own = await house.open(group=group, rule="AgentSlow", fingerprint="fp-own")
        await house.until("its judgement", lambda s: bool(s.get("severity", {}).get("level")))
        await house.say("merge", by="ann", into=to, reason="one deployment broke both")
        for start in range(0, 3000, 1000):
            await house.admit(
                *(house.alert(group=group, rule="Flood", fingerprint=f"n-{n}") for n in range(start, start + 1000))
            )
        house.handle = other
        told = await house.until(
            "all alerts", lambda s: s["alerts"].get("Flood", {}).get("firing", 0) >= 3000, seconds=90
        )
        assert told["alerts"]["Flood"]["firing"] == 3000
        for handle in (own, other):
            failed = [
                event.event_id
                async for event in handle.fetch_history_events()
                if event.HasField("workflow_task_failed_event_attributes")
            ]
            assert failed == []
