"""Is everything that an incident would need there? Each check says what it looked at and how long that took."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from fastapi import APIRouter, Response
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest, DescribeTaskQueueRequest
from temporalio.client import Client

from halon.evidence.store import EvidenceStore
from halon.incident import times
from halon.incident.errors import HalonError
from halon.intake.answers import Checked, HealthAnswer
from halon.intake.guarded import Kit
from halon.record.halt import Halt

SECONDS = 3.0
"""Time that one check may take."""
PROBE = "health/gateway.json"
WRITTEN_EVERY = 60.0
"""Seconds between two writes of the probe: in a bucket that keeps versions, each one stays."""
_KEPT_SECONDS = 1.0
# A worker's long poll lasts up to a minute; one that was not seen for longer is gone.
_POLLED_WITHIN = timedelta(seconds=75)


class NotHealthy(HalonError):
    """A check answered, and the answer is no."""


class Health:
    """The checks of one gateway. Their result is kept for a second: anyone may ask, and asking must stay cheap."""

    def __init__(self, client: Client, task_queue: str, evidence: EvidenceStore, kit: Kit) -> None:
        self._client = client
        self._task_queue = task_queue
        self._evidence = evidence
        self._kit = kit
        self._halt = Halt(evidence)
        self._lock = asyncio.Lock()
        self._last: HealthAnswer | None = None
        self._last_at = 0.0
        self._written_at = 0.0

    async def check(self) -> HealthAnswer:
        """All checks, at once. Never raises."""
        async with self._lock:
            if self._last is None or time.monotonic() - self._last_at > _KEPT_SECONDS:
                names = ("temporal", "worker", "evidence", "kit", "actions")
                checks = (self._temporal, self._worker, self._stored, self._loaded, self._halted)
                checked = dict(zip(names, await asyncio.gather(*map(_timed, checks)), strict=True))
                ok = all(each.ok for each in checked.values())
                self._last = HealthAnswer(ok=ok, intake=checked["temporal"].ok, checked=checked)
                self._last_at = time.monotonic()
            return self._last

    async def _temporal(self) -> str:
        namespace = self._client.namespace
        await self._client.workflow_service.describe_namespace(
            DescribeNamespaceRequest(namespace=namespace), timeout=timedelta(seconds=SECONDS)
        )
        return f"namespace {namespace} answers"

    async def _worker(self) -> str:
        found = await self._client.workflow_service.describe_task_queue(
            DescribeTaskQueueRequest(
                namespace=self._client.namespace,
                task_queue=TaskQueue(name=self._task_queue),
                task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
            ),
            timeout=timedelta(seconds=SECONDS),
        )
        now = datetime.now(UTC)
        seen = [poller.last_access_time.ToDatetime(UTC) for poller in found.pollers]
        workers = sum(now - at < _POLLED_WITHIN for at in seen)
        if not workers:
            raise NotHealthy(f"no worker polls the task queue {self._task_queue}; start one with: halon worker")
        return f"{workers} polling the task queue {self._task_queue}"

    async def _stored(self) -> str:
        ago = time.monotonic() - self._written_at
        if self._written_at and ago < WRITTEN_EVERY:
            if not await self._evidence.exists(PROBE):
                raise NotHealthy(f"{PROBE}, written {ago:.0f} s ago, is not in the evidence store any more")
            return f"{PROBE} is there, written durably {ago:.0f} s ago"
        await self._evidence.replace(PROBE, f'{{"at":"{times.text(datetime.now(UTC))}"}}'.encode())
        self._written_at = time.monotonic()
        return f"wrote {PROBE} durably"

    async def _halted(self) -> str:
        """Whether Halon's own actions are halted: that is people's will and no fault, so it is told and fails nothing."""
        return (await self._halt.standing()).in_words()

    async def _loaded(self) -> str:
        return f"kit {self._kit.digest}"


def router(health: Health) -> APIRouter:
    """``GET /healthz``."""
    routes = APIRouter(tags=["operations"])

    @routes.get("/healthz", summary="Is everything there?", responses={503: {"model": HealthAnswer}})
    async def healthz(response: Response) -> HealthAnswer:
        """200 if every check is fine, else 503 with the same body."""
        found = await health.check()
        response.status_code = 200 if found.ok else 503
        response.headers["Cache-Control"] = "no-store"
        return found

    return routes


async def _timed(check: Callable[[], Awaitable[str]]) -> Checked:
    began = time.perf_counter()
    try:
        async with asyncio.timeout(SECONDS):
            what, ok = await check(), True
    except TimeoutError:
        what, ok = f"no answer within {SECONDS:g} s", False
    except NotHealthy as error:
        what, ok = str(error), False
    except Exception as error:  # a health check reports whatever is wrong, and says no more than its type
        what, ok = f"failed ({type(error).__name__}); see the log of the part that is named", False
    return Checked(ok=ok, what=what, ms=round((time.perf_counter() - began) * 1000, 1))
