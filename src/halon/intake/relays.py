"""Relays of one gateway: in a storm of many causes, one Signal holds alerts of all of them.

Fifty connections over ten incidents bring five alerts to each at a time, and each Signal to an incident costs the server
and the worker some ten milliseconds of processor time: 200 a second are more than two cores (measured). A relay takes
all fifty in one Signal and, because it begins with a delay, needs no worker. Each incident is then signalled
every second and a half. See ``halon.incident.relay`` for what becomes of a relay whose gateway died.
"""

from __future__ import annotations

import asyncio
import base64
import logging
import secrets
import time
import zlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from temporalio.client import Client, WorkflowHandle
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.service import RPCError, RPCStatusCode

from halon.incident import relay
from halon.intake.place import Placed
from halon.intake.waiting import Waiting, joined
from halon.intake.written import listed, slim

SECONDS = 4.0
"""How long one relay takes batches."""
DELAY = 12.0
"""Seconds from its start until a relay hands on by itself what its gateway has not said to be handed on."""
CYCLE = 0.04
"""Seconds from the answer to one batch to the next Signal, unless as many wait before as came before: senders that were
answered send their next, and what comes together goes together."""
PATIENT = 0.25
"""Seconds that a Signal which is under way is waited for before there is a second one: so those that it answers can go
with the next."""
FULL = 4 * 1024 * 1024
"""Bytes, as they are sent, after which a relay takes no more, however young it is."""
AT_ONCE = 4
"""Batches under way at once. A relay in its delay has no tasks and no renewal that they could starve."""
LARGEST = 256 * 1024
"""Bytes of alerts in one batch: far below the 2 MB that Temporal takes, and compressed it is a tenth of that."""
MOST_HELD = 16 * 1024 * 1024
"""Bytes of alerts that relays hold and incidents do not yet. More wait for their incident's own Signal, as ever."""
AGAIN_AFTER = 5.0
"""Seconds without a relay after one could not be had."""
PATIENCE = 8.0
"""Seconds that Temporal has to take one batch."""
_FAILED = (RPCError, TimeoutError, RuntimeError, OSError)
_log = logging.getLogger(__name__)


@dataclass(eq=False, slots=True)
class _Relay:
    """One relay: what it holds that no incident does yet, as the number of parts by batch, in order of the batches."""

    workflow_id: str
    handle: WorkflowHandle[Any, Any]
    takes_until: float
    until: float
    newest: int = 1
    size: int = 0
    holds: dict[int, int] = field(default_factory=dict)
    full: bool = False
    told: bool = False

    @property
    def handed_on(self) -> int:
        """The number up to which the incidents hold all batches."""
        return next(iter(self.holds), self.newest + 1) - 1


@dataclass(eq=False, slots=True)
class _Hold:
    """What a relay holds of one caller. See ``waiting.Hold``."""

    relays: Relays
    relay: _Relay
    number: int
    size: int

    @property
    def over(self) -> bool:
        return time.monotonic() >= self.relay.until

    def handed_on(self) -> None:
        self.leave()
        left = self.relay.holds[self.number] = self.relay.holds[self.number] - 1
        if not left:
            del self.relay.holds[self.number]
            self.relays.end_if_done(self.relay)

    def leave(self) -> None:
        self.relays.held -= self.size


@dataclass(eq=False, slots=True)
class _Offer:
    item: Waiting
    key: str
    placed: Placed
    declined: Callable[[], None]


class Relays:
    """Offer what waits for its incident: what a relay holds before the incident does is acknowledged then."""

    def __init__(self, client: Client, task_queue: str, *, seconds: float = SECONDS, delay: float = DELAY) -> None:
        self.on_batch: Callable[[float], None] = lambda alerts: None
        """Hears how many alerts each batch had that a relay took."""
        self.held = 0
        """Bytes of alerts that were offered or are held, and that no incident holds yet."""
        self._client = client
        self._task_queue = task_queue
        self._seconds, self._delay = seconds, delay
        self._name = secrets.token_hex(6)
        self._started = 0
        self._offers: deque[_Offer] = deque()
        self._size = 0  # bytes of these
        self._expected = 0  # how many were answered last, and waited then: so many are to come again
        self._answered_at = 0.0
        self._changed = asyncio.Event()
        self._open: set[_Relay] = set()
        self._current: _Relay | None = None
        self._down_until = 0.0
        self._sending: asyncio.Task[None] | None = None
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._starting = asyncio.Lock()
        self._under_way: set[asyncio.Task[None]] = set()
        self._telling: set[asyncio.Task[None]] = set()
        self._closing = False

    def offer(self, item: Waiting, key: str, placed: Placed, declined: Callable[[], None]) -> bool:
        """Have ``item`` held, of whose key the incident was ``placed`` a moment ago. False: not here, not now.

        Its caller hears when it is held. If it can't be, ``declined`` is called and the caller waits for the incident.
        """
        if self._closing or self.held + item.size > MOST_HELD or time.monotonic() < self._down_until:
            return False
        item.offered = True
        self.held += item.size
        self._offers.append(_Offer(item, key, placed, declined))
        self._size += item.size
        if len(self._offers) >= self._expected or self._size >= LARGEST:
            self._changed.set()
        if self._sending is None:
            self._sending = asyncio.create_task(self._send(), name="relay")
        return True

    async def aclose(self) -> None:
        """Take no more, and tell each relay what is handed on. Close the lanes first: they hand on."""
        self._closing = True
        self._changed.set()
        if self._sending is not None:
            await asyncio.gather(self._sending, return_exceptions=True)
        await asyncio.gather(*self._under_way, return_exceptions=True)
        for one in self._open:
            one.full = True
            if not one.told:
                self._tell(one)
        if self._telling:
            await asyncio.gather(*self._telling, return_exceptions=True)

    def end_if_done(self, one: _Relay) -> None:
        """Tell ``one`` that it has nothing to hand on, if it takes no more and the incidents hold all of it."""
        if one.full and not one.holds and not one.told:
            self._tell(one)

    async def _send(self) -> None:
        try:
            while True:
                await self._slots.acquire()
                batch = self._take()
                if not batch:
                    self._slots.release()
                    return
                task = asyncio.create_task(self._commit(batch), name="relay a batch")
                self._under_way.add(task)
                task.add_done_callback(self._ended)
                await self._gathered()
        finally:
            self._sending = None

    async def _gathered(self) -> None:
        """Until the next batch is worth its Signal, which costs the server the same for one alert and for a hundred."""
        began = time.monotonic()
        while not self._closing and self._size < LARGEST:
            if self._under_way:
                until = began + PATIENT
            elif len(self._offers) >= self._expected:
                return
            else:
                until = max(began, self._answered_at) + CYCLE
            self._changed.clear()
            try:
                async with asyncio.timeout(until - time.monotonic()):
                    await self._changed.wait()
            except TimeoutError:
                return

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        self._changed.set()

    async def _commit(self, batch: list[_Offer]) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                await self._hold(batch)
        except BaseException as error:
            self._down_until = time.monotonic() + AGAIN_AFTER
            self._decline([*batch, *self._offers])
            self._offers.clear()
            self._size = 0
            if not isinstance(error, _FAILED):
                raise
            _log.warning("no relay takes alerts now, each waits for its own incident: %s", error)
        finally:
            self._slots.release()

    def _take(self) -> list[_Offer]:
        """The next batch, without those that their incident holds by now or that nobody waits for."""
        batch: list[_Offer] = []
        size = 0
        while self._offers and (not batch or size + self._offers[0].item.size <= LARGEST):
            offer = self._offers.popleft()
            self._size -= offer.item.size
            if offer.item.over:
                self._decline([offer])
            else:
                batch.append(offer)
                size += offer.item.size
        return batch

    def _decline(self, offers: list[_Offer]) -> None:
        for offer in offers:
            self.held -= offer.item.size
            offer.item.offered = False
            if not offer.item.over:
                offer.declined()

    async def _hold(self, batch: list[_Offer]) -> None:
        """Have a relay hold ``batch``, and acknowledge it. Raises one of ``_FAILED``."""
        # Slim, as all of a storm: a relay holds nothing that people reported.
        alerts = [slim(alert) for offer in batch for alert in offer.item.alerts]
        to = {offer.key: offer.placed.workflow_id for offer in batch}
        packed = base64.b64encode(zlib.compress(listed(alerts), 1)).decode("ascii")
        one, number = self._young(), 0
        if one is not None:
            number = await self._added(one, len(batch), to, packed)
        if one is None or not number:
            async with self._starting:
                one = self._young()
                if one is not None:  # another batch began one meanwhile
                    number = await self._added(one, len(batch), to, packed)
                if one is None or not number:
                    one, number = await self._start(len(batch), to, packed), 1
        one.size += len(packed)
        for offer in batch:
            hold = _Hold(self, one, number, offer.item.size)
            if offer.item.over:
                hold.handed_on()
            else:
                offer.item.hold = hold
                offer.item.hear(joined(offer.placed))
        self._expected, self._answered_at = len(batch) + len(self._offers), time.monotonic()
        if one.size > FULL:
            self._fill(one)
        self.on_batch(float(len(alerts)))

    def _young(self) -> _Relay | None:
        """The relay that takes batches now; none that is too old, also where the timer that says so is late."""
        if self._current is not None and time.monotonic() >= self._current.takes_until:
            self._fill(self._current)
        return self._current

    async def _added(self, one: _Relay, parts: int, to: dict[str, str], packed: str) -> int:
        """Add a batch to a relay, and say its number there; 0 if somebody ended it."""
        one.newest += 1
        number = one.newest
        one.holds[number] = parts
        try:
            await one.handle.signal(relay.SIGNAL, relay.Held(number, one.handed_on, to, packed))
        except BaseException as error:
            # It may hold the batch all the same. Nobody was answered for it, so it need not be handed on.
            del one.holds[number]
            self._fill(one)
            if isinstance(error, RPCError) and error.status is RPCStatusCode.NOT_FOUND:
                return 0
            raise
        return number

    async def _start(self, parts: int, to: dict[str, str], packed: str) -> _Relay:
        self._started += 1
        workflow_id = f"{relay.PREFIX}{self._name}-{self._started}"
        began = time.monotonic()  # the server's delay begins before its answer is here
        handle = await self._client.start_workflow(
            relay.WORKFLOW,
            relay.Held(1, 0, to, packed),
            id=workflow_id,
            task_queue=self._task_queue,
            id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            start_delay=timedelta(seconds=self._delay),
        )
        run = self._client.get_workflow_handle(workflow_id, run_id=handle.first_execution_run_id)
        one = _Relay(workflow_id, run, began + self._seconds, began + self._delay, holds={1: parts})
        self._open.add(one)
        self._current = one
        loop = asyncio.get_running_loop()
        took = time.monotonic() - began
        loop.call_later(max(0.0, self._seconds - took), self._fill, one)
        loop.call_later(max(0.0, self._delay - took), self._open.discard, one)
        return one

    def _fill(self, one: _Relay) -> None:
        """``one`` takes no more."""
        one.full = True
        if self._current is one:
            self._current = None
        self.end_if_done(one)

    def _tell(self, one: _Relay) -> None:
        one.told = True
        task = asyncio.create_task(self._told(one), name=f"end {one.workflow_id}")
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    async def _told(self, one: _Relay) -> None:
        """Tell a relay what is handed on by now. One that does not hear it hands that on again: incidents know it."""
        self._open.discard(one)
        try:
            async with asyncio.timeout(PATIENCE):
                await one.handle.signal(relay.SIGNAL, relay.Held(handed_on=one.handed_on))
        except _FAILED as error:
            _log.warning("%s was not told that its alerts are handed on: %s", one.workflow_id, error)
