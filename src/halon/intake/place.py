"""Put one batch of alerts into the incident it belongs to, durably: open it, join it, or go on to its successor.

Start with the batch as input (eager, so that a worker in this process gets the first task at once). If the incident
is there already, signal it; if it has closed, the next number of its chain. Neither signal-with-start nor the conflict
policy USE_EXISTING would do: the first drops eager start, the second drops the batch.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Generic, Literal, TypeVar

from temporalio.api.common.v1 import Payload
from temporalio.client import Client, WorkflowExecutionDescription, WorkflowExecutionStatus
from temporalio.common import (
    Priority,
    RawValue,
    SearchAttributeKey,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from halon.incident import ids
from halon.incident.alerts import Alert
from halon.incident.opening import UNMARKED, Opening
from halon.intake.chains import WORKFLOW, Chains
from halon.intake.exemplars import Exemplars
from halon.intake.problems import Reopening, Unavailable
from halon.intake.urgency import USUAL
from halon.intake.written import listed, slim, whole

Value = TypeVar("Value")

SIGNAL = "alerts"
FORM = 1
"""How the alerts that this door signals join: see ``halon.incident.opening``."""
REFERENCE = SearchAttributeKey.for_keyword("HalonRef")
REOPENS_WITHIN = timedelta(minutes=2)
"""How long after a Terminate the door waits for the watch to reopen the incident before it opens a successor."""
_MOST_STEPS = 64
_MOST_REMEMBERED = 10_000
_OVER = (
    WorkflowExecutionStatus.COMPLETED,
    WorkflowExecutionStatus.FAILED,
    WorkflowExecutionStatus.CANCELED,
    WorkflowExecutionStatus.TERMINATED,
    WorkflowExecutionStatus.TIMED_OUT,
)


@dataclass(frozen=True, slots=True)
class Placed:
    """The incident that holds the batch: its reference, its workflow id, and whether this batch opened it."""

    incident: str
    workflow_id: str
    opened: bool


class Placer:
    """Places batches. Remembers the newest number of each chain, which is a hint only: the server decides.

    ``expect`` hears of each batch that is about to open an incident whose first task is asked for at once.
    """

    def __init__(
        self,
        client: Client,
        task_queue: str,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        expect: Callable[[Sequence[Alert]], None] | None = None,
    ) -> None:
        self._client = client
        self._task_queue = task_queue
        self._now = now
        self._expect = expect
        self._newest: _Remembered[int] = _Remembered()
        self._references: _Remembered[str] = _Remembered()
        self._exemplars = Exemplars()
        self._chains = Chains(client)

    async def place(self, key: str, batch: Sequence[Alert], rank: int = USUAL, *, eager: bool = True) -> Placed | None:
        """Place ``batch``, all of correlation key ``key``; when this returns, Temporal holds it.

        An incident that this opens has ``rank`` (1 to 5) as its priority in Temporal's queues; ``eager`` asks that a
        worker in this process gets its first task at once. A batch that joins in a storm holds whole only the
        exemplars of each rule, and what people report: of the rest, no labels and no summary.

        None: every alert is ``resolved`` and no incident is open, so none is opened. Raises Reopening while a
        terminated incident is being reopened, Unavailable if the chain moves faster than it can be followed, RPCError
        if Temporal does not do what it was asked.
        """
        opens = any(alert.status == "firing" for alert in batch)
        number, exists = await self._start_point(key)
        for _ in range(_MOST_STEPS):
            workflow_id = ids.workflow_id(key, number)
            if not exists and opens:
                opened = await self._open(key, number, batch, rank, eager)
                if opened is not None:
                    self._newest.keep(key, number)
                    return opened
                exists = True
            match await self._join(workflow_id, batch):
                case "joined":
                    self._newest.keep(key, number)
                    return Placed(await self._reference(workflow_id), workflow_id, opened=False)
                case "over":
                    self._newest.keep(key, number)
                    number, exists = number + 1, False
                case "absent" if not opens:
                    return None
                case "absent":
                    exists = False
                case "moving":
                    exists = True
        raise Unavailable(f"the incidents of {key} open and close faster than an alert can join; send it again")

    async def aclose(self) -> None:
        """Stop what runs beside."""
        await self._chains.aclose()

    async def _start_point(self, key: str) -> tuple[int, bool]:
        """The newest number of the chain that is known of, and whether it is known to exist."""
        remembered = self._newest.get(key)
        if remembered is not None:
            return remembered, True
        newest = await self._chains.newest(key)
        return (newest, True) if newest else (1, False)

    async def _open(self, key: str, number: int, batch: Sequence[Alert], rank: int, eager: bool) -> Placed | None:
        """Open the incident, or None if one has had this id."""
        workflow_id = ids.workflow_id(key, number)
        predecessor = ids.workflow_id(key, number - 1) if number > 1 else ""
        if eager and self._expect is not None:
            self._expect(batch)
        try:
            handle = await self._client.start_workflow(
                WORKFLOW,
                Opening(alerts=tuple(batch), predecessor=predecessor, form=UNMARKED),
                id=workflow_id,
                task_queue=self._task_queue,
                id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                request_eager_start=eager,
                priority=Priority(priority_key=rank),
                # For lists before the first workflow task: search attributes would refuse the start if unregistered.
                memo={"agent": batch[0].agent, "group": batch[0].group, "key": key},
            )
        except WorkflowAlreadyStartedError:
            return None
        reference = ids.reference(ids.incident_id(workflow_id, str(handle.first_execution_run_id)))
        self._references.keep(workflow_id, reference)
        return Placed(reference, workflow_id, opened=True)

    async def _join(self, workflow_id: str, batch: Sequence[Alert]) -> Literal["joined", "over", "absent", "moving"]:
        """Signal the incident's current run, or say why that can't be."""
        handle = self._client.get_workflow_handle(workflow_id)
        try:
            await handle.signal(SIGNAL, _payload([self._written(workflow_id, alert) for alert in batch]))
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
        else:
            return "joined"
        # Not found means closed or never there. The message would tell, but is not a contract.
        self._references.forget(workflow_id)
        try:
            found = await handle.describe()
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            return "absent"
        self._require_not_reopening(found)
        return "over" if found.status in _OVER else "moving"

    def _written(self, workflow_id: str, alert: Alert) -> bytes:
        """The alert whole, or in a storm what counts: who, what, when."""
        if alert.source == "report" or self._exemplars.take(workflow_id, alert.rule):
            return whole(alert)
        return slim(alert)

    def _require_not_reopening(self, found: WorkflowExecutionDescription) -> None:
        terminated = found.close_time if found.status is WorkflowExecutionStatus.TERMINATED else None
        if terminated is not None and self._now() - terminated < REOPENS_WITHIN:
            raise Reopening(f"{found.id} was terminated and is being reopened from its record; send the alert again")

    async def _reference(self, workflow_id: str) -> str:
        """The incident's reference: what it says itself, because a reopened one keeps its first; else computed."""
        remembered = self._references.get(workflow_id)
        if remembered is not None:
            return remembered
        found = await self._client.get_workflow_handle(workflow_id).describe()
        reference = found.typed_search_attributes.get(REFERENCE)
        if not reference:
            first_run = found.raw_description.workflow_execution_info.first_run_id
            reference = ids.reference(ids.incident_id(workflow_id, first_run))
        self._references.keep(workflow_id, reference)
        return reference


def _payload(batch: Iterable[bytes]) -> RawValue:
    """A batch as the Signal's one argument, in JSON as the data converter reads it."""
    data = b'{"form":%d,"alerts":%b}' % (FORM, listed(batch))
    return RawValue(Payload(metadata={"encoding": b"json/plain"}, data=data))


class _Remembered(Generic[Value]):
    """The latest values by name, so many that memory stays bounded."""

    def __init__(self) -> None:
        self._values: OrderedDict[str, Value] = OrderedDict()

    def get(self, name: str) -> Value | None:
        if name in self._values:
            self._values.move_to_end(name)
        return self._values.get(name)

    def keep(self, name: str, value: Value) -> None:
        self._values[name] = value
        self._values.move_to_end(name)
        if len(self._values) > _MOST_REMEMBERED:
            self._values.popitem(last=False)

    def forget(self, name: str) -> None:
        self._values.pop(name, None)
