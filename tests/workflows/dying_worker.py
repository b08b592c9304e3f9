"""A worker that kills itself with SIGKILL right after each kind of activity has done its work, once for each kind.

The timeouts after which a dead worker's activity is given to another are shortened here: the table is data. Not so far
that a machine with much else to do counts as dead: a try that is given up while it goes on is another story, told by others.

Of the kinds in ``DYING_DURING`` it kills itself while the work is under way instead, before there is any answer. With
``DYING_GLANCE`` set to 0 no first look is over within its workflow task, so that each takes a turn of its own.
"""

from __future__ import annotations

import asyncio
import dataclasses
import os
import signal
from datetime import timedelta
from pathlib import Path
from typing import Any

from temporalio import activity
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor, Worker

from halon.client import connect
from halon.connectors.http import new_client
from halon.evidence.store import EvidenceStore
from halon.incident import watching
from halon.kit import load
from halon.record.journal import Journal
from halon.record.store import RecordStore
from halon.settings import Settings
from halon.worker import workflow_runner
from halon_activities import begin
from halon_activities.hands import Hands, activities
from halon_workflows import options
from halon_workflows.guard import SignalGuard
from halon_workflows.incident import Incident

LEDGER = Path(os.environ["DYING_LEDGER"])
KINDS = set(filter(None, os.environ.get("DYING_KINDS", "").split(",")))
DURING = set(filter(None, os.environ.get("DYING_DURING", "").split(",")))
BEGUN = 0.01
"""Seconds into the work: its first requests are under way, and nothing of it is known."""


class Dying(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        kind = activity.info().activity_type
        if kind in DURING and first(f"during {kind}"):
            work = asyncio.ensure_future(super().execute_activity(input))
            await asyncio.sleep(BEGUN)
            assert not work.done(), "it is over already: nothing was cut off"
            os.kill(os.getpid(), signal.SIGKILL)
        result = await super().execute_activity(input)
        if (not KINDS or kind in KINDS) and first(kind):
            os.kill(os.getpid(), signal.SIGKILL)
        return result


def first(death: str) -> bool:
    """Whether no worker has died of this before."""
    try:
        (LEDGER / death).touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


class Killing(Interceptor):
    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        return Dying(next)


async def main() -> None:
    for port, row in options._TABLE.items():
        shorter = {"heartbeat": min(row.heartbeat, 6)} if row.heartbeat else {"one_try": min(row.one_try, 12)}
        tries = max(
            row.all_tries, 300
        )  # of which a death takes one, and the start of the next worker may take some more
        options._TABLE[port] = dataclasses.replace(row, **shorter, all_tries=tries, first_pause=0.2)
    watching.PATIENCE = watching.LONGEST_PATIENCE  # an order is slow here because workers have to be started
    begin.AT_A_GLANCE = float(os.environ.get("DYING_GLANCE", begin.AT_A_GLANCE))
    settings = Settings.from_environ(os.environ)
    client = await connect(settings, role="worker")
    store = EvidenceStore.open(settings.evidence)
    async with new_client() as http:
        hands = Hands(kit=load(settings.kit, os.environ), evidence=store, record=RecordStore(store), journal=Journal(store),
                      temporal=client, http=http, environ=os.environ, home=settings.home)  # fmt: skip
        async with Worker(client, task_queue=settings.task_queue, workflows=[Incident], activities=activities(hands),
                          interceptors=[SignalGuard(), Killing()], workflow_runner=workflow_runner(strict=False),
                          sticky_queue_schedule_to_start_timeout=timedelta(seconds=1)):  # fmt: skip
            await asyncio.Event().wait()


asyncio.run(main())
