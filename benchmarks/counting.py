"""What became of a storm: which alerts are in an incident, and how often, as the incidents themselves say."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

from temporalio.client import Client, WorkflowExecutionStatus, WorkflowQueryFailedError
from temporalio.service import RPCError

from halon.incident.alerts import mark_of
from halon.incident.state import State

STARTED = "2026-11-22T08:16:15.508Z"
"""When every alert of the sender began."""
_SECONDS = 90.0


@dataclass(frozen=True)
class Counted:
    """Incidents that hold alerts of the storm; alerts acknowledged, those of them in none, and those counted twice.

    ``relays`` have not ended yet: what they hold may still be counted, or counted twice. ``after`` so many seconds of
    looking nothing was missing any more.
    """

    incidents: int
    acknowledged: int
    counted: int
    missing: int
    twice: int
    relays: int = 0
    after: float = 0.0

    @property
    def settled(self) -> bool:
        """Whether nothing is missing, and no relay will hand anything on (any more)."""
        return not self.missing and not self.relays


async def counted(client: Client, prefix: str, acknowledged: Iterable[str], seconds: float = _SECONDS) -> Counted:
    """Wait until every acknowledged alert is in an incident and every relay has ended, or ``seconds`` have passed; then
    say what was found."""
    wanted = {mark_of(f"{name}|{STARTED}|firing") for name in acknowledged}
    began, after = time.monotonic(), 0.0
    while True:
        found = await _look(client, prefix, wanted)
        took = time.monotonic() - began
        after = after or (0.0 if found.missing else took)
        if found.settled or took > seconds:
            return replace(found, after=after or took)
        await asyncio.sleep(0.5)


async def _look(client: Client, prefix: str, wanted: set[str]) -> Counted:
    relays = await _running(client)  # first: what the last of them has handed on is then in what the incidents say
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
    return Counted(incidents, len(wanted), firing, missing, firing - len(seen), relays)


async def _running(client: Client) -> int:
    """How many relays have not ended."""
    relays = [one.id async for one in client.list_workflows("WorkflowType = 'Relay'")]
    found = [await client.get_workflow_handle(one).describe() for one in relays]
    return sum(one.status is WorkflowExecutionStatus.RUNNING for one in found)


async def _state(client: Client, workflow_id: str) -> State | None:
    """The incident's state; None while it can't be asked."""
    try:
        state: State | None = await client.get_workflow_handle(workflow_id).query("carry", result_type=State)
    except (RPCError, WorkflowQueryFailedError):
        return None
    return state
