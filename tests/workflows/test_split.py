"""Split on a real server: alerts with another cause become an incident of their own, and later ones follow them."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from halon.incident import times

pytestmark = pytest.mark.long


async def test_what_is_split_off_is_an_incident_of_its_own(house: Any) -> None:
    """Detected when its first alert came, judged anew, linked both ways; once it is closed, its rules join here again."""
    first = times.text(datetime.now(UTC) - timedelta(days=2))
    queue = house.settings.task_queue
    parent = await house.open()
    await house.admit(
        house.alert(rule="AgentSlow", fingerprint="fp-2", received_at=first, started_at=first),
        house.alert(rule="AgentSlow", fingerprint="fp-3"),
    )
    async with house.worker():
        status = await house.until("both rules", lambda s: s.get("alerts", {}).get("AgentSlow", {}).get("firing") == 2)
        name = status["reference"]
        refused = {
            "NothingToSplit": {"rules": ["AgentSlo"]}, "NothingLeft": {"rules": ["AgentSlow", "AgentUnauthorisedToolAction"]},
            "Incomplete": {},
        }  # fmt: skip
        for kind, fields in refused.items():
            answer = await house.say("split", by="ann", reason="r", **fields)
            assert answer.startswith(f"{kind}: "), answer
        answer = await house.say("split", by="ann", rules=["AgentSlow"], reason="a provider is slow")
        assert "splits off 2 alerts (AgentSlow): a provider is slow." in answer, answer
        status = await house.until("its reference", lambda s: any(one["reference"] for one in s["linked"]))
        (off,) = [one for one in status["linked"] if one["kind"] == "split off"]
        assert list(status["alerts"]) == ["AgentUnauthorisedToolAction"]
        assert off["workflow_id"] == f"{parent.id}.split-1"
        child = house.client.get_workflow_handle(off["workflow_id"])
        house.handle = child
        told = await house.until("its judgement", lambda s: bool(s.get("severity", {}).get("level")))
        assert (told["reference"], told["known"]["detected_at"]) == (off["reference"], first)
        assert told["alerts"]["AgentSlow"]["firing"] == 2
        assert [one["text"] for one in told["linked"] if one["kind"] == "split from"] == [
            f"split off from {name} by ann: a provider is slow"]  # fmt: skip
        assert told["commander"] == "ann"
        # Later alerts of its rule still come in under the old key.
        placed = await house.admit(
            house.alert(rule="AgentSlow", fingerprint="fp-4"), house.alert(rule="AgentSlow", fingerprint="fp-3")
        )
        assert [one.workflow_id for one in placed] == [parent.id]
        await house.until("the later alerts", lambda s: s["alerts"]["AgentSlow"]["firing"] == 4)
        house.handle = parent
        assert "AgentSlow" not in (await house.query("status"))["alerts"]
        house.handle = child
        await house.say("false-alarm", by="ann", reason="the provider says so")
        for gate in [one for one in await house.open_gates() if one["kind"] == "restore"]:
            await house.say("approve", by="tom", gate=gate["id"])
        for _ in range(2400):
            await house.admit(
                *(house.alert(rule="AgentSlow", fingerprint=f"fp-{n}", status="resolved") for n in (2, 3, 4))
            )
            for gate in [one for one in await house.open_gates() if one["kind"] == "restore"]:
                await house.say("approve", by="tom", gate=gate["id"])
            await house.tick("notify", "remediate")
            if not (await house.query("status"))["left_before_close"]:
                break
            await asyncio.sleep(0.2)
        assert (await house.say("close", by="ann", reason="done")).startswith("Closed by ann")
        assert (await asyncio.wait_for(child.result(), 240))["outcome"] == "false_alarm"
        house.handle = parent
        await house.admit(house.alert(rule="AgentSlow", fingerprint="fp-9"))
        await house.until("it to join here again", lambda s: "AgentSlow" in s["alerts"])
        lines = [line["text"] for line in await house.query("timeline")]
        assert f"{off['reference']} is closed: alerts of AgentSlow join here again." in lines
        assert queue in parent.id
