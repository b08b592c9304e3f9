"""The composition root: kit, stores, hands and the workflow in one Temporal worker."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import os
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any, get_type_hints

import httpx
from temporalio.client import Client
from temporalio.worker import Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from halon import __version__
from halon.blocked import MOST_ABANDONED, Abandoned, WorkerWorn
from halon.client import connect
from halon.connectors.http import new_client
from halon.converter import warm
from halon.evidence.errors import ObjectExists
from halon.evidence.store import EvidenceStore
from halon.incident.opening import Opening
from halon.incident.state import State
from halon.kit import Kit, load, stored_at
from halon.memory import settle
from halon.morning import keep_daily
from halon.record.journal import Journal
from halon.record.store import RecordStore
from halon.redaction import mask_also
from halon.rendering import compile_all
from halon.runner import TimelyRunner
from halon.settings import Settings
from halon.watch import watch
from halon.weekly import keep_weekly
from halon_activities.ahead import Ahead
from halon_activities.hands import Hands, activities
from halon_activities.observe import zone_of
from halon_workflows.guard import SignalGuard
from halon_workflows.halt_seen import HaltSeen
from halon_workflows.incident import Incident
from halon_workflows.observe import ObserveReport
from halon_workflows.relay import Relay
from halon_workflows.rollup import RollUp

GRACE = timedelta(seconds=8)
"""Time that activities under way have when the worker stops; what is cut off is tried again by the next worker."""
PASSED_THROUGH = ("halon.incident", "halon.ports", "halon_workflows")
ENDS_AFTER = 40.0
"""Seconds after which the process of a worker with blocked threads ends, whatever they do: Python waits for threads."""
EXIT_CODE = 70
"""How it ends then: a fault of its own, see sysexits."""
_POLLS = 2
_CACHED = 1000
_GLANCES = 1
"""First looks that are part of a workflow task: ``halon_activities.begin`` lets one be under way at a time."""
_log = logging.getLogger(__name__)


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
    abandoned: Abandoned | None = None,
    ahead: Ahead[Any] | None = None,
) -> Worker:
    """The worker of incidents. ``environ`` holds the secrets that the kit names; the caller owns and closes ``http``.

    With ``strict_sandbox`` nothing of ours is passed through the workflow sandbox: slower, and finds what workflow code
    must not import. ``max_cached_workflows=0`` replays at every task, which finds non-determinism that the cache hides.
    ``abandoned`` is told of runs whose task did not come back. ``ahead`` is told by a front door in this process.
    """
    mask_also(kit.redaction)
    store = evidence if evidence is not None else EvidenceStore.open(settings.evidence)
    hands = Hands(
        kit=kit, evidence=store, record=RecordStore(store), journal=Journal(store), temporal=client, http=http,
        environ=environ, home=settings.home, link=settings.link, ahead=ahead or Ahead(),
    )  # fmt: skip
    tasks = _POLLS + max(2, os.cpu_count() or 2) + _GLANCES
    worker = Worker(
        client,
        task_queue=settings.task_queue,
        # By itself the SDK hashes the code of every module that is imported: most of a second at each start.
        build_id=f"halon-{__version__}",
        workflows=[Incident, Relay, ObserveReport, RollUp, HaltSeen],
        activities=activities(hands),
        interceptors=[SignalGuard()],
        workflow_runner=workflow_runner(strict=strict_sandbox, abandoned=abandoned),
        # As many threads again as may be lost, and some for evictions that wait for them.
        workflow_task_executor=ThreadPoolExecutor(2 * tasks + MOST_ABANDONED, thread_name_prefix="workflow"),
        max_cached_workflows=_CACHED if max_cached_workflows is None else max_cached_workflows,
        # A slot is held while polling too: beyond the polls, one a core, so that replays after a restart don't starve
        # each other past the time that a task may take, and a free one is left for eager starts.
        max_concurrent_workflow_tasks=tasks,
        max_concurrent_workflow_task_polls=_POLLS,
        # How long a task waits for a worker that died before any other may take it (the SDK's default is 10 s).
        sticky_queue_schedule_to_start_timeout=timedelta(seconds=3),
        graceful_shutdown_timeout=GRACE,
    )
    _give_time(worker, settings.task_seconds)
    return worker


def warm_up(hands_on: Iterable[Callable[..., Any]]) -> None:
    """Make ready what the first incident would wait for: templates, and adapters of what activities take and give.

    It needs about as much processor time as one incident does (measured).
    """
    hints = [hint for one in hands_on for hint in get_type_hints(one).values() if hint is not type(None)]
    warm(Opening, State, *hints)
    compile_all()


def _give_time(worker: Worker, seconds: int) -> None:
    """Let a workflow task take so many seconds before it counts as blocked.

    The SDK has two seconds and no option: on a machine that is far too busy that fails tasks which only are slow, and
    rebuilding their runs makes it busier.
    """
    inner = getattr(worker, "_workflow_worker", None)
    if getattr(inner, "_deadlock_timeout_seconds", None) is not None:  # None: a debugger is at work
        inner._deadlock_timeout_seconds = seconds  # type: ignore[union-attr]


def workflow_runner(*, strict: bool, abandoned: Abandoned | None = None) -> TimelyRunner:
    """The sandbox that workflow code runs in; unless ``strict``, its own modules are passed through (five times faster)."""
    restrictions = SandboxRestrictions.default
    if not strict:
        restrictions = restrictions.with_passthrough_modules(*PASSED_THROUGH)
    return TimelyRunner(dataclasses.replace(SandboxedWorkflowRunner(), restrictions=restrictions), abandoned)


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
    ahead: Ahead[Any] | None = None,
) -> AsyncIterator[Worker]:
    """Run the worker as long as the block runs, then stop in order; beside it the watch for terminated incidents, and
    what keeps the schedules of the weekly report and the morning roll-up.

    Raises what the worker fails with inside the block's own task, by cancelling it; WorkerWorn where it has abandoned
    too many runs. A process in which threads never came back ends ``ENDS_AFTER`` seconds later at the latest.
    """
    await keep_kit(evidence, kit)
    if settings.halt:
        say("HALON_HALT is set: this worker applies nothing and gives nothing back")
    abandoned = Abandoned(_cancelling(asyncio.current_task()))
    async with new_client() as http:
        worker = build_worker(
            client, settings, kit, http=http, environ=environ, evidence=evidence, abandoned=abandoned, ahead=ahead
        )
        warm_up(worker.config()["activities"])
        async with worker:
            watching = asyncio.create_task(
                watch(client, settings.task_queue, say=say), name="watch for terminated incidents"
            )
            weekly = asyncio.create_task(
                keep_weekly(client, settings.task_queue, zone_of(kit), say=say), name="schedule the weekly report"
            )
            daily = asyncio.create_task(
                keep_daily(client, settings.task_queue, zone_of(kit), say=say), name="schedule the morning roll-up"
            )
            try:
                yield worker
            except asyncio.CancelledError:
                if not abandoned.worn:
                    raise
                raise WorkerWorn(
                    f"this worker has given up {len(abandoned)} runs whose tasks did not come back, and ends; start it "
                    "again: every incident goes on from its history, and the log says where the tasks were"
                ) from None
            finally:
                if abandoned.blocked:
                    _end_in(ENDS_AFTER)
                for task in (watching, weekly, daily):
                    task.cancel()
                    with suppress(asyncio.CancelledError):
                        await task


def _cancelling(user: asyncio.Task[object] | None) -> Callable[[], None]:
    """What cancels ``user``, to be called in any thread."""
    loop = asyncio.get_running_loop()

    def cancel() -> None:
        if user is not None:
            loop.call_soon_threadsafe(user.cancel)

    return cancel


def _end_in(seconds: float) -> None:
    """End this process in so many seconds, if it is still there."""

    def end() -> None:
        _log.error("threads of this worker never came back; the process ends")
        logging.shutdown()
        os._exit(EXIT_CODE)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()


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
