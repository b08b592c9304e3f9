"""What became of a storm: which alerts are in an incident, and how often, as the incidents themselves say."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from temporalio.client import Client, WorkflowQueryFailedError
from temporalio.service import RPCError

from halon.incident.alerts import mark_of
from halon.incident.state import State

STARTED = "2026-11-22T08:16:15.508Z"
"""When every alert of the sender began."""
_SECONDS = 90.0


@dataclass(frozen=True)
class Counted:
    """Incidents that hold alerts of the storm; alerts acknowledged, those of them in none, and those counted twice."""

    incidents: int
    acknowledged: int
    counted: int
    missing: int
    twice: int

    @property
    def settled(self) -> bool:
        """Whether nothing is missing (any more)."""
        return not self.missing


async def counted(client: Client, prefix: str, acknowledged: Iterable[str], seconds: float = _SECONDS) -> Counted:
    """Wait until every acknowledged alert is in an incident, or ``seconds`` have passed; then say what was found."""
    wanted = {mark_of(f"{name}|{STARTED}|firing") for name in acknowledged}
    end = time.monotonic() + seconds
    while True:
        found = await _look(client, prefix, wanted)
        if found.settled or time.monotonic() > end:
            return found
        await asyncio.sleep(0.5)


async def _look(client: Client, prefix: str, wanted: set[str]) -> Counted:
    seen, firing, incidents = Counter[str](), 0, 0
    async for found in client.list_workflows("WorkflowType = 'Incident'"):
        if f".{prefix}-" not in found.id:
            continue
        state = await _state(client, found.id)
        if state is not None:
            incidents += 1
            seen.update(state.seen)
            firing += sum(one.firing for one in state.counts)
    missing = len(wanted - seen.keys())
    return Counted(incidents, len(wanted), firing, missing, firing - len(seen))


async def _state(client: Client, workflow_id: str) -> State | None:
    """The incident's state; None while it can't be asked."""
    try:
        state: State | None = await client.get_workflow_handle(workflow_id).query("carry", result_type=State)
    except (RPCError, WorkflowQueryFailedError):
        return None
    return state
