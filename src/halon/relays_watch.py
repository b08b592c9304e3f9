"""Terminate loses nothing that a relay holds: one that was ended from outside is found within seconds and begun again.

The new run reads from the history of the old one what the gateway had not handed on. Of two watches that find the same
relay, the server lets one begin it again.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta

from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from halon.incident import relay

WITHIN = timedelta(days=7)
"""How far back is looked: further than any outage of all workers should last."""
_ENDED = {
    WorkflowExecutionStatus.TERMINATED, WorkflowExecutionStatus.TIMED_OUT, WorkflowExecutionStatus.FAILED,
    WorkflowExecutionStatus.CANCELED,
}  # fmt: skip
_log = logging.getLogger(__name__)


async def reopen_relays(client: Client, task_queue: str, settled: set[str] | None = None) -> list[str]:
    """Begin every relay again whose latest run was ended from outside. Returns their workflow ids.

    One that can't be begun now is left for the next look. ``settled`` is kept from look to look: the ended runs (by id)
    that nothing is left to do about, so that each is asked about once. Raises RPCError if the list can't be had.
    """
    settled = set() if settled is None else settled
    since = (datetime.now(UTC) - WITHIN).isoformat(timespec="seconds").replace("+00:00", "Z")
    ended = " OR ".join(f"ExecutionStatus = '{one}'" for one in ("Terminated", "TimedOut", "Failed", "Canceled"))
    query = f"WorkflowType = '{relay.WORKFLOW}' AND ({ended}) AND CloseTime > '{since}'"
    found: dict[str, set[str]] = {}
    async for one in client.list_workflows(query):
        if one.task_queue == task_queue and one.id.startswith(relay.PREFIX):
            found.setdefault(one.id, set()).add(one.run_id)
    settled.intersection_update(*([set().union(*found.values())] if found else [set()]))
    begun = []
    for workflow_id, runs in sorted(found.items()):
        if runs <= settled:
            continue
        try:
            latest = await client.get_workflow_handle(workflow_id).describe()
            settled |= runs - {latest.run_id}
            if latest.status not in _ENDED:
                continue
            await client.start_workflow(
                relay.WORKFLOW,
                relay.Held(reopens=latest.run_id),
                id=workflow_id,
                task_queue=task_queue,
                id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
                id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
            )
        except WorkflowAlreadyStartedError:
            settled |= runs
            continue
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:  # its history has expired between list and look
                _log.error("relay %s was ended from outside and could not be begun again yet: %s", workflow_id, error)
            continue
        _log.warning("relay %s, run %s, was ended from outside; begun again", workflow_id, latest.run_id)
        settled |= runs
        begun.append(workflow_id)
    return begun
