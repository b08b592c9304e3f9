"""An agent that can't rehearse: nothing is called proved, nothing is called failed, and a person stands in by name."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest


@pytest.mark.long
async def test_promise_9_what_can_not_be_tried_is_waived_by_name(house: Any) -> None:
    """No replay, no evals: the rerun decides nothing and says so, `close` waits for a person's word, the end says waived."""
    kit = house.settings.kit / "connectors" / "sandbox-agent.yaml"
    kit.write_text(
        kit.read_text()
        .replace("path: /control/replay", "path: /control/none")
        .replace("path: /control/evals", "path: /control/none")
    )
    async with house.worker():
        await house.misbehave()
        await house.open()
        await house.contained()
        await house.say("ack", by="ann")
        for duty, by in (("eu-gdpr-33", "pat"), ("contract-dpa", "cus")):
            await house.say("decline", by=by, obligation=duty, reason="synthetic data only")
        await house.approve("revoke-token")
        await house.until("the cause to be found", lambda s: s["phases"]["rca"] == "done")
        assert (await house.query("rca"))["case"]["reproduced"] is None
        told = [line["text"] for line in await house.query("timeline")]
        assert "Minimal case: found in the traces, and not replayed." in told
        correctives = (await house.query("rca"))["correctives"]
        for one in correctives:
            await house.say("corrective", by="tom", id=one["id"], text="isolated")
        await house.until("the rerun", lambda s: "the proof" in s["phases"]["remediate"])
        rca = await house.query("rca")
        assert [(one["passed"], one["told"]) for one in rca["reruns"]] == [(False, "was not tried")]
        assert {one["status"] for one in rca["correctives"]} == {"done"}
        assert all(
            one["told"].startswith("said done by tom; a rerun could not decide at ") for one in rca["correctives"]
        )
        assert "the fix is not proved" in await house.say("close", by="ann", reason="done")
        assert "says c1 is done" in await house.say("corrective", by="tom", id="c1", text="again, please")
        for _ in range(900):
            if len((await house.query("rca"))["reruns"]) == 2:
                break
            await asyncio.sleep(0.1)
        assert [one["passed"] for one in (await house.query("rca"))["reruns"]] == [False, False], "tried once more"
        await house.say("waive", by="ann", what="proof", reason="it can't rehearse; read by two people")
        await house.approve("restore-disable-send-email")
        await house.tick()
        await house.until("everything settled", lambda s: not s["left_before_close"])
        report = await house.query("report")
        assert report["case"]["reproduced"] is None
        await house.say("close", by="ann", reason="done")
        result = await asyncio.wait_for(house.incident.result(), 240)
        assert result["outcome"] == "waived"
