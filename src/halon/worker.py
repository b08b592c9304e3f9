"""The composition root: kit, stores, hands and the workflow in one Temporal worker."""

from __future__ import annotations

import asyncio
import dataclasses
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

import httpx
from temporalio.client import Client
from temporalio.worker import Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from halon.client import connect
from halon.connectors.http import new_client
from halon.evidence.errors import ObjectExists
from halon.evidence.store import EvidenceStore
from halon.kit import Kit, load, stored_at
from halon.memory import settle
from halon.record.journal import Journal
from halon.record.store import RecordStore
from halon.redaction import mask_also
from halon.runner import TimelyRunner
from halon.settings import Settings
from halon.watch import watch
from halon.weekly import keep_weekly
from halon_activities.hands import Hands, activities
from halon_activities.observe import zone_of
from halon_workflows.guard import SignalGuard
from halon_workflows.halt_seen import HaltSeen
from halon_workflows.incident import Incident
from halon_workflows.observe import ObserveReport

GRACE = timedelta(seconds=8)
"""Time that activities under way have when the worker stops; what is cut off is tried again by the next worker."""
PASSED_THROUGH = ("halon.incident", "halon.ports", "halon_workflows")
_POLLS = 2
_CACHED = 1000


def build_worker(
    client: Client,
    settings: Settings,
    kit: Kit,
    *,
    http: httpx.AsyncClient,
    environ: Mapping[str, str] = os.environ,
    evidence: EvidenceStore | None = None,
    strict_sandbox: bool = False,
    max_cached_workflows: int | None = None,
) -> Worker:
    """The worker of incidents. ``environ`` holds the secrets that the kit names; the caller owns and closes ``http``.

    With ``strict_sandbox`` nothing of ours is passed through the workflow sandbox: slower, and finds what workflow code
    must not import. ``max_cached_workflows=0`` replays at every task, which finds non-determinism that the cache hides.
    """
    mask_also(kit.redaction)
    store = evidence if evidence is not None else EvidenceStore.open(settings.evidence)
    hands = Hands(
        kit=kit, evidence=store, record=RecordStore(store), journal=Journal(store), temporal=client, http=http,
        environ=environ, home=settings.home, link=settings.link,
    )  # fmt: skip
    return Worker(
        client,
        task_queue=settings.task_queue,
        workflows=[Incident, ObserveReport, HaltSeen],
        activities=activities(hands),
        interceptors=[SignalGuard()],
        workflow_runner=workflow_runner(strict=strict_sandbox),
        max_cached_workflows=_CACHED if max_cached_workflows is None else max_cached_workflows,
        # A slot is held while polling too: beyond the polls, one a core, so that replays after a restart don't starve
        # each other past the deadlock detector's two seconds, and a free one is left for eager starts.
        max_concurrent_workflow_tasks=_POLLS + max(2, os.cpu_count() or 2),
        max_concurrent_workflow_task_polls=_POLLS,
        # How long a task waits for a worker that died before any other may take it (the SDK's default is 10 s).
        sticky_queue_schedule_to_start_timeout=timedelta(seconds=3),
        graceful_shutdown_timeout=GRACE,
    )


def workflow_runner(*, strict: bool) -> TimelyRunner:
    """The sandbox that workflow code runs in; unless ``strict``, its own modules are passed through (five times faster)."""
    restrictions = SandboxRestrictions.default
    if not strict:
        restrictions = restrictions.with_passthrough_modules(*PASSED_THROUGH)
    return TimelyRunner(dataclasses.replace(SandboxedWorkflowRunner(), restrictions=restrictions))


async def keep_kit(evidence: EvidenceStore, kit: Kit) -> str:
    """Store the kit by its digest, once, so that every assessment's kit can be read again. Returns its path."""
    path = stored_at(kit.digest)
    try:
        await evidence.put(path, kit.canonical)
    except ObjectExists:
        await evidence.persist(path)
    return path


@asynccontextmanager
async def working(
    client: Client,
    settings: Settings,
    kit: Kit,
    evidence: EvidenceStore,
    environ: Mapping[str, str],
    say: Callable[[str], None],
) -> AsyncIterator[Worker]:
    """Run the worker as long as the block runs, then stop in order; beside it the watch for terminated incidents, and
    what keeps the weekly report's schedule.

    Raises what the worker fails with inside the block's own task, by cancelling it.
    """
    await keep_kit(evidence, kit)
    if settings.halt:
        say("HALON_HALT is set: this worker applies nothing and gives nothing back")
    async with new_client() as http:
        worker = build_worker(client, settings, kit, http=http, environ=environ, evidence=evidence)
        async with worker:
            watching = asyncio.create_task(
                watch(client, settings.task_queue, say=say), name="watch for terminated incidents"
            )
            weekly = asyncio.create_task(
                keep_weekly(client, settings.task_queue, zone_of(kit), say=say), name="schedule the weekly report"
            )
            try:
                yield worker
            finally:
                for task in (watching, weekly):
                    task.cancel()
                    with suppress(asyncio.CancelledError):
                        await task


async def run_worker(
    settings: Settings, stop: asyncio.Event, say: Callable[[str], None], environ: Mapping[str, str] = os.environ
) -> None:
    """Work against the Temporal of the environment until ``stop`` is set.

    Raises KitError, TemporalUnreachable, and what the evidence store raises.
    """
    kit = load(settings.kit, environ)
    evidence = EvidenceStore.open(settings.evidence)
    client = await connect(settings, role="worker", environ=environ)
    async with working(client, settings, kit, evidence, environ, say):
        settle()
        say(f"worker ready: task queue {settings.task_queue}, namespace {client.namespace}, kit {kit.digest[:12]}")
        await stop.wait()
