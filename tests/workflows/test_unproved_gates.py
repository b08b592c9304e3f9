"""An approved action is not wedged: not by a Signal that was refused, and not where history does not show the approval."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer

from halon.client import data_converter
from halon.worker import workflow_runner
from halon_activities import proofs
from halon_activities.failures import ProofMissing
from halon_workflows.guard import SignalGuard
from halon_workflows.incident import Incident

TOKEN = "      roles: [security_lead]\n      quorum: 1\n"
TWO = "      roles: [security_lead, commander]\n      quorum: 2\n"


async def gate_of(house: Any) -> dict[str, Any]:
    await house.asked("revoke-token", "")
    found: dict[str, Any] = next(one for one in await house.open_gates() if one["subject"] == "revoke-token")
    return found


async def replays(house: Any) -> bool:
    history: WorkflowHistory = await house.incident.fetch_history()
    replayer = Replayer(workflows=[Incident], data_converter=data_converter, interceptors=[SignalGuard()],
                        workflow_runner=workflow_runner(strict=False))  # fmt: skip
    return (await replayer.replay_workflow(history, raise_on_replay_failure=False)).replay_failure is None


async def test_promise_3_a_refused_signal_stops_no_approved_action(house: Any) -> None:
    """Whoever reaches Temporal can send `reject` under a name that has said yes: it is refused, and the quorum runs."""
    file = Path(house.environ["HALON_KIT"]) / "actions.yaml"
    text = file.read_text("utf-8")
    assert TOKEN in text
    file.write_text(text.replace(TOKEN, TWO, 1), "utf-8")
    async with house.worker():
        await house.misbehave()
        await house.open()
        gate = await gate_of(house)
        assert "1 more" in await house.say("approve", by="sue", gate=gate["id"], reason="r")
        await house.incident.signal("reject", {"by": "sue", "gate": gate["id"], "reason": "anybody typed this"})
        async with asyncio.timeout(20):
            while not any("sue answered gate" in str(one["text"]) for one in await house.query("timeline")):
                await asyncio.sleep(0.1)
        await house.say("approve", by="ann", gate=gate["id"], reason="r")
        await house.until("the token to be revoked", lambda s: s["actions"].get("revoke-token") == "verified")


async def test_an_approval_that_history_does_not_show_is_asked_for_again(
    house: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The gate is void and open anew, nothing was sent, people are told; their new yes runs, and the history replays."""
    real, missed = proofs.require_approval, []

    async def once(*given: Any, **named: Any) -> tuple[str, ...]:
        if not missed:
            missed.append(True)
            raise ProofMissing("history shows nobody for it")
        return await real(*given, **named)

    monkeypatch.setattr(proofs, "require_approval", once)
    async with house.worker():
        await house.misbehave()
        await house.open()
        first = await gate_of(house)
        await house.say("approve", by="sue", gate=first["id"], reason="r")
        status = await house.until("the gate to be asked again", lambda s: bool(missed and s["failed"]))
        assert "history shows nobody" in str(status["failed"])
        again = await gate_of(house)
        assert (again["id"], again["answers"], again["opened_at"] > first["opened_at"]) == (first["id"], [], True)
        assert [one for one in await house.calls() if "token" in one["path"] and one["method"] != "GET"] == []
        assert any("is void: nothing was sent" in str(one["text"]) for one in await house.query("timeline"))
        assert "approved" in await house.say("approve", by="sue", gate=again["id"], reason="r")
        status = await house.until(
            "the token to be revoked", lambda s: s["actions"].get("revoke-token") == "verified", 30
        )
        assert not any("history shows nobody" in str(one) for one in status["failed"])
    assert await replays(house)
