"""Hand on what a gateway that died left in its relay, each alert to the incident of its agent and rule group.

By the door's own protocol: signal, or where the incident is over, signal or start its successor. What the gateway had
handed on without saying so is known to the incidents, and counts once.
"""

from __future__ import annotations

import asyncio
import base64
import logging
import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta

from pydantic import TypeAdapter, ValidationError
from temporalio import activity
from temporalio.api.common.v1 import Payload
from temporalio.api.enums.v1 import EventType, WorkflowTaskFailedCause
from temporalio.client import WorkflowExecutionStatus, WorkflowQueryFailedError, WorkflowQueryRejectedError
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from halon.incident import ids, relay
from halon.incident.alerts import Alert
from halon.incident.opening import Opening
from halon.incident.passing import in_signals
from halon.incident.state import State
from halon.ports.relay import HandedOn, HandOn
from halon_activities.failures import NotAnIncident, NotTakenYet, in_words, typed
from halon_activities.finding import ANSWER_WITHIN, QUERY
from halon_activities.guard import WORKFLOW_TYPE
from halon_activities.hands import Hands

REOPENED_WITHIN = timedelta(minutes=2)
"""How long after a Terminate an incident is waited for, before its alerts go to a successor."""
LARGEST = 64 * 1024 * 1024
"""Bytes of one batch, unpacked."""
OF_ONE_KEY = 20.0
"""Seconds that the alerts of one key may take, before the next key has its turn."""
_MOST_SUCCESSORS, _MOST_RUNS = 64, 20
_ENDED = (
    WorkflowExecutionStatus.TERMINATED, WorkflowExecutionStatus.TIMED_OUT, WorkflowExecutionStatus.FAILED,
    WorkflowExecutionStatus.CANCELED,
)  # fmt: skip
_ALERTS = TypeAdapter(tuple[Alert, ...])
_HELD = TypeAdapter(relay.Held)
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Run:
    """What one run of a relay holds: its batches, and up to which they were handed on; what it goes on for.

    ``unread`` of its batches can't be decoded. It was reset from ``reset_from``; ``reopens`` was ended from outside.
    """

    batches: list[relay.Held] = field(default_factory=list)
    handed_on: int = 0
    unread: int = 0
    reset_from: str = ""
    reopens: str = ""

    @property
    def newest(self) -> int:
        return max((one.number for one in self.batches), default=0)

    @property
    def left(self) -> list[relay.Held]:
        """The batches that were not handed on, in the order in which the gateway made them."""
        return sorted((one for one in self.batches if one.number > self.handed_on), key=lambda one: one.number)


class Relay:
    """The activity of ``halon.ports.relay``."""

    def __init__(self, hands: Hands) -> None:
        self._hands = hands

    @activity.defn(name="relay.hand_on")
    async def hand_on(self, request: HandOn) -> HandedOn:
        """Hand on to the incidents what a relay holds and its gateway did not hand on."""
        with typed():
            info = activity.info()
            name, run_id = info.workflow_id or "", info.workflow_run_id or ""
            if info.workflow_type != relay.WORKFLOW or not name.startswith(relay.PREFIX) or not run_id:
                raise NotAnIncident(f"{info.activity_type} acts only for a workflow of type {relay.WORKFLOW}")
            own = await self._read(name, run_id)
            runs = [*await self._before(name, request.reopens), own]
            if own.reset_from and await self._completed(name, own.reset_from):
                return HandedOn(own.newest)  # somebody reset a relay that had handed on all that it held
            by_key, to = _sorted([batch for run in runs for batch in run.left])
            # A try before this one says what it handed on. Has more come since, all of it is handed on anew.
            read = len(own.batches)
            before, keys = info.heartbeat_details if len(info.heartbeat_details) == 2 else (read, [])
            done = set(keys) if before == read else set[str]()
            missed: list[str] = []
            for key, alerts in by_key.items():
                if key in done:
                    continue
                try:
                    async with asyncio.timeout(OF_ONE_KEY):
                        await self._place(key, to.get(key, ""), alerts, info.task_queue)
                except (RPCError, NotTakenYet, TimeoutError) as error:
                    missed.append(f"{key}: {in_words(error)}")
                else:
                    done.add(key)
                activity.heartbeat(read, sorted(done))
            if missed:
                raise NotTakenYet(f"{len(missed)} of {len(by_key)} keys are left: {'; '.join(missed[:5])}")
            if unread := sum(run.unread for run in runs):
                told = f"{unread} batches of {name} can't be decoded: is the key of the payload codec there?"
                if not request.give_up:
                    raise NotTakenYet(told)
                _log.error("%s They are left out; its history still holds them", told)
            many = sum(map(len, by_key.values()))
            if many:
                _log.warning("%s handed on %d alerts of %d causes that its gateway left", name, many, len(by_key))
            return HandedOn(own.newest, many, len(by_key))

    async def _before(self, name: str, run_id: str) -> list[_Run]:
        """What runs of this relay hold that were ended from outside: ``run_id`` and those it went on for, oldest first."""
        runs: list[_Run] = []
        while run_id and len(runs) < _MOST_RUNS:
            try:
                found = await self._hands.temporal.get_workflow_handle(name, run_id=run_id).describe()
            except RPCError as error:
                if error.status not in (RPCStatusCode.NOT_FOUND, RPCStatusCode.INVALID_ARGUMENT):
                    raise
                _log.error("%s is to go on for its run %.60r, and has none", name, run_id)
                break
            if (found.id, found.workflow_type) != (name, relay.WORKFLOW) or found.status not in _ENDED:
                _log.error("%s is to go on for its run %.60r, which nobody ended from outside", name, run_id)
                break
            runs.insert(0, await self._read(name, run_id))
            run_id = runs[0].reopens
        return runs

    async def _completed(self, name: str, run_id: str) -> bool:
        """Whether that run ended by itself. One that has expired did so long ago."""
        try:
            found = await self._hands.temporal.get_workflow_handle(name, run_id=run_id).describe()
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return True
            raise
        return found.status is WorkflowExecutionStatus.COMPLETED

    async def _read(self, name: str, run_id: str) -> _Run:
        run = _Run()
        handle = self._hands.temporal.get_workflow_handle(name, run_id=run_id)
        async for event in handle.fetch_history_events():
            match event.event_type:
                case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED:
                    started = event.workflow_execution_started_event_attributes
                    await self._add(run, name, started.input.payloads)
                case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED:
                    signal = event.workflow_execution_signaled_event_attributes
                    if signal.signal_name == relay.SIGNAL:
                        await self._add(run, name, signal.input.payloads)
                case EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED:
                    broke = event.workflow_task_failed_event_attributes
                    if broke.cause == WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW:
                        run.reset_from = broke.base_run_id
        return run

    async def _add(self, run: _Run, name: str, payloads: Sequence[Payload]) -> None:
        """Add one batch. One that is malformed was typed by somebody: no gateway ever answered for it."""
        if len(payloads) != 1:
            return
        value = (await self._hands.temporal.data_converter.decode(payloads))[0]
        if isinstance(value, dict) and "halon_undecodable" in value:
            run.unread += 1
            return
        try:
            held = _HELD.validate_python(value)
        except ValidationError:
            _log.warning("%s holds what is no batch; it is left out", name)
            return
        run.handed_on = max(run.handed_on, held.handed_on)
        run.reopens = held.reopens or run.reopens
        if held.number > 0:
            run.batches.append(held)

    async def _place(self, key: str, hint: str, alerts: list[Alert], task_queue: str) -> None:
        """To the incident of ``key`` that is open, or a new one. Raises NotTakenYet, RPCError."""
        first = ids.workflow_id(key)
        target = hint if hint == first or hint.startswith(f"{first}~") else first
        predecessor = ids.predecessor_id(target)
        for _ in range(_MOST_SUCCESSORS):
            if not alerts or await self._signalled(target, alerts):
                return
            state = await self._standing(target)
            if state == "over":
                alerts = await self._unknown(target, alerts)
                predecessor, target = target, ids.successor_id(target)
            elif state == "absent":
                # A resolved alert never opens an incident: those before the first that fires are of none.
                fires = next((place for place, one in enumerate(alerts) if one.status == "firing"), len(alerts))
                alerts = alerts[fires:]
                if alerts:
                    alerts = await self._started(key, target, predecessor, alerts, task_queue)
        if alerts:
            raise NotTakenYet(f"the incidents of {key} open and close faster than they can be followed")

    async def _signalled(self, target: str, alerts: list[Alert]) -> bool:
        handle = self._hands.temporal.get_workflow_handle(target)
        try:
            for batch in in_signals(tuple(alerts)):
                await handle.signal("alerts", {"form": 1, "alerts": [asdict(alert) for alert in batch]})
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            return False
        return True

    async def _standing(self, target: str) -> str:
        """Whether that incident is over, absent or open. Raises NotTakenYet while it is being reopened."""
        try:
            found = await self._hands.temporal.get_workflow_handle(target).describe()
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            return "absent"
        terminated = found.close_time if found.status is WorkflowExecutionStatus.TERMINATED else None
        if terminated is not None and datetime.now(UTC) - terminated < REOPENED_WITHIN:
            raise NotTakenYet(f"{target} was terminated and is being reopened")
        return "over" if found.status in (*_ENDED, WorkflowExecutionStatus.COMPLETED) else "open"

    async def _unknown(self, target: str, alerts: list[Alert]) -> list[Alert]:
        """Those that the closed incident has not counted. If it can't be asked, all: they count in its successor."""
        handle = self._hands.temporal.get_workflow_handle(target)
        try:
            state = await handle.query(QUERY, result_type=State, rpc_timeout=ANSWER_WITHIN)
        except (RPCError, WorkflowQueryFailedError, WorkflowQueryRejectedError) as error:
            _log.warning("%s can't be asked what it has counted: %s", target, in_words(error))
            return alerts
        return relay.unknown_to(state, alerts) if isinstance(state, State) else alerts

    async def _started(
        self, key: str, target: str, predecessor: str, alerts: list[Alert], task_queue: str
    ) -> list[Alert]:
        """Open the incident with as many as fit. Returns those that did not, or all if somebody else opened it."""
        batch = next(iter(in_signals(tuple(alerts))))
        try:
            await self._hands.temporal.start_workflow(
                WORKFLOW_TYPE,
                Opening(alerts=batch, predecessor=predecessor, form=1),
                id=target,
                task_queue=task_queue,
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
                memo={"agent": batch[0].agent, "group": batch[0].group, "key": key},
            )
        except WorkflowAlreadyStartedError:
            return alerts
        return alerts[len(batch) :]


def _sorted(batches: list[relay.Held]) -> tuple[dict[str, list[Alert]], dict[str, str]]:
    """The alerts of all batches by correlation key, in order, each once; and the incident that each key had last."""
    by_key: dict[str, dict[str, Alert]] = {}
    to: dict[str, str] = {}
    for batch in batches:
        to.update(batch.to)
        for alert in _unpacked(batch.alerts):
            by_key.setdefault(ids.correlation_key(alert.agent, alert.group), {}).setdefault(alert.identity, alert)
    return {key: list(alerts.values()) for key, alerts in by_key.items()}, to


def _unpacked(packed: str) -> tuple[Alert, ...]:
    """The alerts of one batch; none of one that no gateway packed."""
    try:
        raw = zlib.decompressobj().decompress(base64.b64decode(packed, validate=True), LARGEST)
        return _ALERTS.validate_json(raw)
    except (ValueError, zlib.error) as error:  # pydantic's error is a ValueError too
        _log.warning("a relay holds a batch that can't be read (%s); it is left out", type(error).__name__)
        return ()
