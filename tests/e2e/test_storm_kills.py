"""``kill -9`` of the front door, the worker and the Temporal server in a storm: nothing lost, nothing twice."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from benchmarks.counting import counted
from benchmarks.processes import apart
from benchmarks.sending import Came, send

ALERTS, CAUSES, CONNECTIONS = 2_000, 10, 50
DOWN = 1.0
"""Seconds for which what was killed is away."""


@pytest.mark.parametrize("victim", ["gateway", "worker", "server"])
async def test_nothing_that_was_acknowledged_is_lost_or_counted_twice(
    victim: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One of the three dies twice while a storm comes in; the sender tries again what failed, as Alertmanager does.

    It is counted when the last relay has ended: what a dead gateway left has then been handed on."""
    async with apart(tmp_path / "home") as halon:
        program = halon.programs[victim]
        came = Came()
        storm = asyncio.create_task(send(halon.plan(ALERTS, CAUSES, CONNECTIONS), came))
        for share in (0.25, 0.6):
            while len(came.acknowledged) < share * ALERTS:
                await asyncio.sleep(0.01)
            program.kill()
            await asyncio.sleep(DOWN)
            program.start()
        await storm
        found = await counted(halon.client, "storm", came.acknowledged)
        relays = [one.id async for one in halon.client.list_workflows("WorkflowType = 'Relay'")]
        left = "that its gateway left" in halon.worker.log.read_text("utf-8", "replace")
    with capsys.disabled():
        print(f"\nkill -9 of the {victim}, twice, in a storm: {found.acknowledged} acknowledged; not in an incident "
              f"{found.missing}; twice in an incident {found.twice} ({came.tried_again} tries again; {len(relays)} relays held "
              f"alerts, {'one handed on what its gateway left' if left else 'all were handed on by the gateway'})")  # fmt: skip
    assert came.refused == []
    assert found.acknowledged == ALERTS
    assert (found.missing, found.twice, found.relays) == (0, 0, 0)
    assert (found.incidents, found.counted) == (CAUSES, ALERTS)
    assert left or victim != "gateway", "a relay handed on what the gateway had answered for"
    assert relays, "a storm of so many causes goes through relays"
