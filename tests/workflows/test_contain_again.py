"""``contain`` of what is in force already: it is read back for whoever asks, and done anew where it is not so any more."""

from __future__ import annotations

from typing import Any

import pytest
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer

from halon.cli.containing import _stands
from halon.client import data_converter
from halon.worker import workflow_runner
from halon_workflows.guard import SignalGuard
from halon_workflows.incident import Incident

SWITCH = "/control/kill-switch"


async def stopped(house: Any, by: str = "sue") -> dict[str, Any]:
    """Say ``contain``, and wait as the command does until it stands."""
    await house.say("contain", by=by, reason="stop it")
    for _ in range(300):
        one = next((each for each in await house.query("actions") if each["order"]["id"] == "kill-switch"), None)
        if one is not None and one["asked_by"] == by and _stands(one):
            return dict(one)
        await house.until("a look", lambda s: True)
    raise AssertionError(f"not stopped: {one}")


async def running(house: Any) -> bool:
    return not (await house.api.get(SWITCH)).json()["on"]


@pytest.mark.parametrize("watched", [True, False])
async def test_contain_stops_anew(house: Any, monkeypatch: pytest.MonkeyPatch, watched: bool) -> None:
    """The last look was before somebody switched it back: "stopped" is said only after another one, which sees that and
    sends it again, also where nothing is watched, as in what an earlier release judged."""
    if not watched:
        monkeypatch.setattr("halon.incident.watching.WATCHED", 99)
    await house.misbehave()
    await house.open()
    async with house.worker():
        await house.until("it to be judged", lambda s: bool(s.get("severity", {}).get("level")))
        first = await stopped(house)
        assert not await running(house)
        again = await stopped(house, by="ann")
        assert again["attempt"] == first["attempt"], "it stands, so nothing is sent"
        assert again["verified_at"] > first["verified_at"], "and it was read back for ann"
        (await house.api.put(SWITCH, json={"on": False})).raise_for_status()
        third = await stopped(house)
        assert not await running(house)
        assert third["attempt"] == first["attempt"] + 1
        assert third["verified_at"] >= third["asked_at"]
        told = [str(line["text"]) for line in await house.query("timeline")]
        assert any(text.startswith("SWITCHED BACK behind our back: Stop the agent") for text in told)
        history: WorkflowHistory = await house.incident.fetch_history()
        replayer = Replayer(workflows=[Incident], data_converter=data_converter, interceptors=[SignalGuard()],
                            workflow_runner=workflow_runner(strict=False))  # fmt: skip
        assert (await replayer.replay_workflow(history, raise_on_replay_failure=False)).replay_failure is None
