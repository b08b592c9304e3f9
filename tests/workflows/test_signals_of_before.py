"""Signals that an earlier release refused without a look replay; those of today stop the agent, and are proved as Signals."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from temporalio import workflow
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer

from halon.client import data_converter
from halon.incident.errors import Malformed
from halon.incident.opening import LOOKS_AT_ONCE
from halon.intake import place
from halon.worker import workflow_runner
from halon_workflows import handlers, patches
from halon_workflows.guard import SignalGuard
from halon_workflows.incident import Incident


async def refused(house: Any, words: str) -> None:
    """Wait until a refusal that says this is on record."""
    for _ in range(900):
        if any(words in str(line["text"]) for line in await house.query("timeline")):
            return
        await asyncio.sleep(0.1)
    raise AssertionError(words)


async def opened_before(house: Any) -> None:
    """As an earlier release's door opens it: of the form whose histories may hold such signals."""
    with pytest.MonkeyPatch.context() as before:
        before.setattr(place, "UNMARKED", LOOKS_AT_ONCE)
        await house.open()


async def test_promise_14_what_an_earlier_release_did_not_know_replays(house: Any) -> None:
    """`contain`, and `note` with `done_outside`, were refused without asking anybody: today's code does so too there."""
    parse = handlers.parse

    def parsed(name: str, value: Any, *rest: Any) -> Any:
        if "done_outside" in value:
            raise Malformed("note has no field done_outside")
        return parse(name, value, *rest)

    await house.misbehave()
    await opened_before(house)
    with pytest.MonkeyPatch.context() as before:
        before.delitem(workflow._Definition.must_from_class(Incident).signals, "contain")
        before.setattr(handlers, "parse", parsed)
        async with house.worker():
            await house.contained()
            await house.incident.signal("contain", {"by": "ann"})
            await house.incident.signal("note", {"by": "tom", "text": "x", "done_outside": "disable-send-email"})
            await refused(house, "there is no signal 'contain'")
            await refused(house, "note has no field done_outside")
    history: WorkflowHistory = await house.incident.fetch_history()
    replayer = Replayer(workflows=[Incident], data_converter=data_converter, interceptors=[SignalGuard()],
                        workflow_runner=workflow_runner(strict=False))  # fmt: skip
    assert (await replayer.replay_workflow(history, raise_on_replay_failure=False)).replay_failure is None


async def test_a_signal_stops_the_agent_too(house: Any) -> None:
    """Temporal's own page can send it; its proof is the Signal of this run, and the history replays."""
    await house.open(source="report", rule="other", reporter="ann", summary="it looks odd")
    async with house.worker():
        await house.until("the judgement", lambda s: bool(s.get("severity", {}).get("level")))
        await house.incident.signal("contain", {"by": "sue", "reason": "stop"})
        await house.until("the stop", lambda s: s["actions"].get("kill-switch") == "verified")
        one = next(each for each in await house.query("actions") if each["order"]["id"] == "kill-switch")
        assert (one["asked_by"], one["asked_attempt"], one["asked_update"]) == ("sue", 1, "")
        history: WorkflowHistory = await house.incident.fetch_history()
    replayer = Replayer(workflows=[Incident], data_converter=data_converter, interceptors=[SignalGuard()],
                        workflow_runner=workflow_runner(strict=False))  # fmt: skip
    assert (await replayer.replay_workflow(history, raise_on_replay_failure=False)).replay_failure is None


NEW = {
    "break-glass": {"gate": "revoke-token-1a2b3c4d", "reason": "now"},
    "review": {"gate": "revoke-token-1a2b3c4d", "reason": "now"},
    "restrict": {"people": ["ann"], "reason": "an insider"},
    "look": {"what": "status"},
    "contain": {"reason": "stop"},
    "hold": {"obligation": "eu-gdpr-33", "until": "2099-01-01T00:00:00Z", "reason": "the police asked"},
    "late-reason": {"obligation": "eu-gdpr-33", "reason": "late"},
    "affected": {"evidence": "0" * 64, "count": 1, "reason": "counted"},
}
"""Commands that earlier releases did not know, though their histories may hold a Signal of that name."""


async def test_promise_14_a_signal_that_became_a_command_replays(house: Any) -> None:
    """Recorded as unknown, and a command by now: today's code refuses it there without asking who says it."""
    async with house.worker():
        await house.misbehave()
        await opened_before(house)
        await house.contained()
        for name, fields in NEW.items():
            await house.incident.signal(f"zz{name}", {"by": "ann", **fields})
        await refused(house, "there is no signal 'zzaffected'")
    assert set(NEW) == {*patches.CAME_WITH, "contain"}
    text = (await house.incident.fetch_history()).to_json()
    replayer = Replayer(workflows=[Incident], data_converter=data_converter, interceptors=[SignalGuard()],
                        workflow_runner=workflow_runner(strict=False))  # fmt: skip
    for name in NEW:
        history = json.loads(text)
        signals = [one["workflowExecutionSignaledEventAttributes"] for one in history["events"]
                   if one["eventType"].endswith("WORKFLOW_EXECUTION_SIGNALED")]  # fmt: skip
        mine = [one for one in signals if one["signalName"] == f"zz{name}"]
        assert len(mine) == 1
        mine[0]["signalName"] = name
        renamed = WorkflowHistory.from_json(house.incident.id, history)
        found = await replayer.replay_workflow(renamed, raise_on_replay_failure=False)
        assert (name, found.replay_failure) == (name, None)
