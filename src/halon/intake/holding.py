"""Hold a delivery that was read: keep its raw payload, admit its alerts, and answer. Full or in a storm, say so."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from halon.evidence.store import EvidenceStore
from halon.incident import ids
from halon.incident.alerts import Alert
from halon.intake.admit import Admission
from halon.intake.answers import DeliveryAnswer, IncidentAnswer
from halon.intake.exemplars import Exemplars
from halon.intake.metrics import Metrics
from halon.intake.problems import Unavailable
from halon.intake.raws import Kept, Raws
from halon.intake.room import Room
from halon.intake.sources import report
from halon.intake.sources.source import Source
from halon.intake.urgency import most_urgent
from halon.intake.written import with_raw

MOST_READING = 16 * 1024 * 1024
"""Bytes of bodies that may be on their way in at once, of all senders that have shown who they are."""
MOST_UNPROVEN = 4 * 1024 * 1024
"""Bytes of bodies on their way in that are signed, as they say: who sent them is known only when they are there."""
_DELIVERIES = 4
"""Of the largest deliveries, so many fit into either of these two, whatever their size."""
NOT_KEPT = {"storm": "not kept: storm", "store": "not kept: the evidence store failed"}
"""What an alert says in place of the path of its raw payload, by the reason that the metrics count."""
_OVERHEAD = 1024
"""Bytes that an alert needs beside its texts, roughly."""


class Holding:
    """What all deliveries of one gateway share: its room, its way to the evidence store, and the door to Temporal."""

    def __init__(self, door: Admission, evidence: EvidenceStore, metrics: Metrics, largest: int) -> None:
        """``largest`` is how many bytes a body may have."""
        self._door = door
        self._raws = Raws(evidence)
        self._metrics = metrics
        self._reading, self._unproven, self._waiting = (
            Room(max(MOST_READING, _DELIVERIES * largest)), Room(max(MOST_UNPROVEN, _DELIVERIES * largest)), Room(),
        )  # fmt: skip
        self._exemplars = Exemplars()
        metrics.waiting.labels("reading").set_function(lambda: self._reading.held)
        metrics.waiting.labels("unproven").set_function(lambda: self._unproven.held)
        metrics.waiting.labels("holding").set_function(lambda: self._waiting.held)

    @contextmanager
    def reading(self, source: str, *, proven: bool) -> Iterator[Callable[[int], None]]:
        """Hold room for a body while it arrives: what is yielded hears the size of each piece, and raises Full.

        What is not ``proven`` to be of ``source`` has a room of its own, and is not counted as the source's.
        """
        room, word = (self._reading, "unread") if proven else (self._unproven, "unproven")
        with self._shedding(source, word), room.arriving(source) as more:
            yield more

    async def hold(
        self, source: Source, content: bytes, alerts: list[Alert], received_at: str, began: float, left: int = 0
    ) -> DeliveryAnswer:
        """Seal ``content``, and put the alerts that it holds into Temporal; both, or the alerts alone.

        ``received_at`` is ISO 8601 UTC, ``began`` when the body was there, by ``time.perf_counter``. ``left`` alerts
        are in the payload alone, which is sealed even in a storm then. Raises Problem.
        """
        rank = most_urgent(alerts, getattr(source, "severity", None))
        size = 2 * len(content) + _OVERHEAD * len(alerts)
        with self._shedding(source.name, str(rank)), self._waiting.holding(source.name, size, rank):
            kept, lost = await self._keep(source.name, content, alerts, received_at, left > 0)
            raw, sha256 = (kept.sealed.path, kept.sealed.sha256) if kept else (NOT_KEPT[lost], "")
            alerts = [with_raw(alert, raw, sha256) for alert in alerts]
            admitted = await self._door.admit(alerts, rank)
            if kept and not await kept.durable():
                lost = "store"
        if lost:
            self._metrics.raw_not_kept.labels(source.name, lost).inc()
        self._metrics.durable.labels(source.name).observe(time.perf_counter() - began)
        self._metrics.deliveries.labels(source.name).inc()
        outcomes = {(each.agent, each.group): each.status for each in admitted}
        for alert in alerts:
            self._metrics.alerts.labels(source.name, alert.status, outcomes[alert.agent, alert.group]).inc()
        told = [IncidentAnswer(**each.as_json()) for each in admitted]
        return DeliveryAnswer(incidents=told, raw=None if lost else raw, left_out=left)

    async def keep(self, source: str, content: bytes, received_at: str) -> str | None:
        """Seal the payload of a delivery without alerts, and say where it lies; None if it is not kept.

        Of many in a row only exemplars are kept: most are events that are of no concern here.
        """
        if not self._exemplars.take(source):
            return None
        kept = await self._raws.keep(source, content, received_at)
        if kept and await kept.durable():
            return kept.sealed.path
        self._metrics.raw_not_kept.labels(source, "store").inc()
        return None

    async def _keep(
        self, source: str, content: bytes, alerts: list[Alert], received_at: str, always: bool
    ) -> tuple[Kept | None, str]:
        """The payload in the store, or why it was not kept. In a storm only the exemplars of each rule are, and all reports."""
        names = {(ids.correlation_key(alert.agent, alert.group), alert.rule) for alert in alerts}
        # Each name is counted, also when an earlier one has decided already.
        wanted = sum([self._exemplars.take(*name) for name in names]) or always or source == report.SOURCE
        kept = await self._raws.keep(source, content, received_at) if wanted else None
        return kept, "" if kept else "store" if wanted else "storm"

    @contextmanager
    def _shedding(self, source: str, severity: str) -> Iterator[None]:
        """Count what is not held: the door is full, or Temporal does not take it in time."""
        try:
            yield
        except Unavailable:
            self._metrics.shed.labels(source, severity).inc()
            raise
