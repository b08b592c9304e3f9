"""Keep raw payloads: those that arrive while the store is busy are sealed together, as one object.

A payload lies in the store before Temporal holds an alert that refers to it: a door that is killed leaves no reference
to nothing. On a disk it is made durable while Temporal writes, and both are done before the sender hears.

An alert is worth more than its raw payload. A store that is down or slow costs one delivery a few seconds; after that
none waits for it until it has answered again, and the alerts say that their payload was not kept.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from halon.evidence.parts import Payload, object_of, show_payloads
from halon.evidence.seal import Sealed
from halon.evidence.store import EvidenceStore

SECONDS = 3.0
"""Time that the store has for a payload; after it, the alert goes on without."""
AGAIN_AFTER = 10.0
"""Seconds for which a store that failed is left alone."""
MOST_WAITING = 16 * 1024 * 1024
"""Bytes of payloads that may wait for the store."""
_LARGEST = 4 * 1024 * 1024
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Kept:
    """A payload that lies in the store; ``settled`` is done when it is durable, or has failed to be."""

    sealed: Sealed
    settled: asyncio.Future[bool]

    async def durable(self) -> bool:
        """Whether it is durable, within ``SECONDS``. Never raises."""
        if not self.settled.done():
            await asyncio.wait((self.settled,), timeout=SECONDS)
        return self.settled.done() and self.settled.result()


_Waiting = tuple[Payload, "asyncio.Future[Kept | None]"]


class Raws:
    """The payloads on their way into one evidence store."""

    def __init__(self, store: EvidenceStore, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._clock = clock
        self._waiting: deque[_Waiting] = deque()
        self._size = 0
        self._left_alone_until = 0.0
        self._task: asyncio.Task[None] | None = None

    async def keep(self, source: str, content: bytes, received_at: str) -> Kept | None:
        """Put ``content`` into the store; None if that can't be done within ``SECONDS``. Never raises."""
        if self._clock() < self._left_alone_until or self._size + len(content) > MOST_WAITING:
            return None
        answer: asyncio.Future[Kept | None] = asyncio.get_running_loop().create_future()
        self._waiting.append((Payload(source, received_at, content), answer))
        self._size += len(content)
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="seal raw payloads")
        late = asyncio.get_running_loop().call_later(SECONDS, self._took_too_long, answer)
        try:
            return await answer
        finally:
            late.cancel()

    def _took_too_long(self, answer: asyncio.Future[Kept | None]) -> None:
        if not answer.done():
            self._failed()
            _log.error("the evidence store took over %g s for a raw payload; it was not kept", SECONDS)
            answer.set_result(None)

    async def _run(self) -> None:
        try:
            while self._waiting:
                await self._seal(self._take())
        finally:
            self._task = None

    async def _seal(self, batch: list[_Waiting]) -> None:
        began = self._clock()
        try:
            shown = await show_payloads(self._store, [payload for payload, _ in batch])
        except Exception:  # whatever the store raises
            self._failed()
            _log.exception("the raw payloads of %d deliveries were not kept", len(batch))
            for _, answer in batch:
                if not answer.done():
                    answer.set_result(None)
            return
        settled: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        for (_, answer), sealed in zip(batch, shown, strict=True):
            if not answer.done():  # its caller has gone, or did not wait so long
                answer.set_result(Kept(sealed, settled))
        try:
            await self._store.persist(object_of(shown[0].path))
        except Exception:  # whatever the store raises
            self._failed()
            _log.exception("the raw payloads of %d deliveries may not survive a power cut", len(batch))
            settled.set_result(False)
            return
        settled.set_result(True)
        if self._clock() - began < SECONDS:
            self._left_alone_until = 0.0

    def _take(self) -> list[_Waiting]:
        batch: list[_Waiting] = []
        size = 0
        while self._waiting and (not batch or size + len(self._waiting[0][0].content) <= _LARGEST):
            item = self._waiting.popleft()
            size += len(item[0].content)
            batch.append(item)
        self._size -= size
        return batch

    def _failed(self) -> None:
        self._left_alone_until = self._clock() + AGAIN_AFTER
