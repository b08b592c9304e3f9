"""What a source may not set off alone waits for corroboration; people may say yes meanwhile, and then it runs by itself."""

from __future__ import annotations

from typing import Any

from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner

from halon.client import data_converter
from halon_workflows.guard import SignalGuard
from halon_workflows.incident import Incident

ORDER, SWITCH = "read-only", "/control/read-only"
GENTLER = "disable-send-email"
WAITS = "Nothing runs without people: only a person's report so far: waiting for corroboration."


async def texts(house: Any) -> list[str]:
    return [str(line["text"]) for line in await house.query("timeline")]


async def reported(house: Any) -> None:
    """A person reports what nobody can see yet, and everything that would run asks instead."""
    await house.open(source="report", reporter="jo", rule="unauthorised_tool_action", fingerprint="r-1")


async def asks(house: Any) -> None:
    """People are asked about the order, it says why, and the agent may still do everything."""
    await house.until("the question", lambda s: s["actions"].get(ORDER) == "waiting")
    (gate,) = [one for one in await house.open_gates() if one["subject"] == ORDER]
    assert "waiting for corroboration" in str(gate), gate
    assert WAITS in await texts(house)
    assert (await house.api.get(SWITCH)).json()["on"] is False


async def runs(house: Any, order: str, why: str) -> None:
    """The order is carried out without a question, and the log says what made the difference."""
    await house.until("the order to run", lambda s: s["actions"].get(order) == "verified")
    assert f"No longer held back: {why}." in await texts(house)
    assert not [one for one in await house.open_gates() if one["subject"] == order]


async def replays(house: Any) -> None:
    history: WorkflowHistory = await house.incident.fetch_history()
    replayer = Replayer(workflows=[Incident], data_converter=data_converter, interceptors=[SignalGuard()],
                        workflow_runner=SandboxedWorkflowRunner())  # fmt: skip
    assert (await replayer.replay_workflow(history, raise_on_replay_failure=False)).replay_failure is None


async def test_another_source_lets_what_a_report_called_for_run(house: Any) -> None:
    """The same order: asked about while only a report says so, carried out at the judgement that the alert brings."""
    await reported(house)
    async with house.worker():
        await asks(house)
        await house.admit(house.alert(fingerprint="fp-2"))
        await runs(house, ORDER, "alertmanager may act alone")
        assert (await house.api.get(SWITCH)).json()["on"] is True
        assert any("is void: what would run has changed" in text for text in await texts(house))
        await replays(house)


async def test_who_looked_lets_what_a_report_called_for_run(house: Any) -> None:
    """A person's word that it is real is corroboration, as what telemetry shows is."""
    await reported(house)
    async with house.worker():
        await asks(house)
        await house.say("fact", by="ann", name="confirmed", value=True)
        await runs(house, GENTLER, "what a person said is confirmed")
        assert (await house.api.get("/control/tools/send_email")).json()["enabled"] is False
        assert (await house.api.get(SWITCH)).json()["on"] is False, "SEV4 allows no more than the gentler one unasked"
