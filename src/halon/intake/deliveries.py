"""The routes that take alerts in: read, seal the raw payload, admit. A 2xx means that Temporal holds it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request

from halon.evidence.store import EvidenceStore
from halon.incident import times
from halon.intake.acknowledging import Acknowledging
from halon.intake.admit import Admission
from halon.intake.answers import DeliveryAnswer, IncidentAnswer
from halon.intake.bodies import request_body
from halon.intake.body import parse_json, read_body
from halon.intake.guarded import Kit
from halon.intake.holding import Holding
from halon.intake.metrics import Metrics
from halon.intake.problems import MEDIA_TYPE, Problem, UnknownSource
from halon.intake.proofs.proof import Check, check_of
from halon.intake.signatures import REPORTING, Keys, is_this_machine
from halon.intake.sources import report
from halon.intake.sources.paging import Came
from halon.intake.sources.reader import Arrived, Reader
from halon.intake.sources.readers import READERS
from halon.intake.sources.source import Source
from halon.intake.straight import StraightRoute
from halon.intake.trail import trail_of
from halon.settings import Limits

_SMALL = 16 * 1024
_REFUSALS: dict[int | str, dict[str, Any]] = {
    status: {"description": what, "content": {MEDIA_TYPE: {}}}
    for status, what in {
        401: "no token or a wrong one", 404: "no such source", 413: "too large", 415: "not JSON",
        422: "not what this source sends", 503: "not held: try again after the seconds in Retry-After",
    }.items()
}  # fmt: skip


class Deliveries:
    """Takes deliveries: the steps that all sources share."""

    def __init__(
        self, door: Admission, limits: Limits, evidence: EvidenceStore, metrics: Metrics, acknowledging: Acknowledging
    ) -> None:
        self._holding = Holding(door, evidence, metrics, limits.body)
        self._acknowledging = acknowledging
        self._limits = limits
        self._metrics = metrics

    async def take(self, request: Request, source: Source, reader: Reader, check: Check | None) -> DeliveryAnswer:
        """Take one delivery of ``source``. ``check`` raises unless its body may come in; None if its headers have
        proved that already. Raises Problem.

        An answer to one of Halon's own pages is an acknowledgement; whatever else comes of them is taken and opens
        nothing, so that no page ever becomes an alert.
        """
        with self._holding.reading(source.name, proven=check is None) as more:
            content = await read_body(request, self._limits, media_types=reader.media_types, more=more)
        began = time.perf_counter()
        received_at = times.text(datetime.now(UTC))
        if check is not None:
            check(content)
        if len(content) <= _SMALL:
            came, left = self._read(content, request, received_at, source, reader)
        else:  # redaction of a large payload would hold up every other request
            came, left = await asyncio.to_thread(self._read, content, request, received_at, source, reader)
        if came.alerts:
            answer = await self._holding.hold(source, content, came.alerts, received_at, began, left)
            _note(request, answer)
            return answer
        held = await self._acknowledging.acknowledge(came.ack) if came.ack else None
        self._metrics.durable.labels(source.name).observe(time.perf_counter() - began)
        self._metrics.deliveries.labels(source.name).inc()
        told = IncidentAnswer(
            incident=held.incident, workflow_id=held.workflow_id, status="acknowledged", alerts=0, agent="", group=""
        ) if held else None  # fmt: skip
        # Such as the token with which a sender wants its subscription confirmed: nothing here follows what it says.
        raw = None if came.ack else await self._holding.keep(source.name, content, received_at)
        answer = DeliveryAnswer(incidents=[told] if told else [], raw=raw)
        _note(request, answer)
        return answer

    @contextmanager
    def counting(self, source: str) -> Iterator[None]:
        """Count a refusal under ``source``, a name of the kit."""
        try:
            yield
        except Problem as problem:
            self._metrics.refused.labels(source, problem.name).inc()
            raise

    def _read(
        self, content: bytes, request: Request, received_at: str, source: Source, reader: Reader
    ) -> tuple[Came, int]:
        """What came, and how many of its alerts were left out here."""
        body = parse_json(content, self._limits)
        arrived = Arrived(body, received_at, self._limits.alerts, request.headers)
        came = reader.came(arrived, source)
        left = sum(arrived.left)
        self._metrics.truncated.labels(source.name).inc(reader.left_out(body) + left)
        return came, left


def _note(request: Request, answer: DeliveryAnswer) -> None:
    """Put what became of the delivery on its trail."""
    trail = trail_of(request)
    trail.outcome = ",".join(sorted({each.status for each in answer.incidents})) or "nothing"
    trail.incidents = tuple(each.incident for each in answer.incidents if each.incident)
    trail.alerts = sum(each.alerts for each in answer.incidents)


def router(deliveries: Deliveries, kit: Kit, keys: Keys) -> APIRouter:
    """``POST /v1/alerts/{source}`` and ``POST /v1/reports``."""
    routes = APIRouter(tags=["intake"], route_class=StraightRoute)
    machines = {name: one for name, one in kit.sources.items() if one.kind in READERS and one.kind != report.SOURCE}
    reporting = _reporting(kit)

    @routes.post(
        "/v1/alerts/{source}",
        summary="Deliver alerts",
        response_model_exclude_none=False,
        responses=_REFUSALS,
        openapi_extra=request_body({one.kind for one in machines.values()}),
    )
    async def alerts(source: str, request: Request) -> DeliveryAnswer:
        """Alerts of a source that the kit names. Answered with 200 when Temporal holds them, else with 503."""
        known = machines.get(source)
        with deliveries.counting(source if known else "unknown"):
            if known is None:
                raise UnknownSource(sorted(machines) if is_this_machine(request) else None)
            trail_of(request).source = source
            return await deliveries.take(request, known, READERS[known.kind], check_of(request, known, keys))

    @routes.post(
        "/v1/reports",
        summary="Report what you saw",
        responses=_REFUSALS,
        openapi_extra=request_body({report.SOURCE}),
    )
    async def reports(request: Request) -> DeliveryAnswer:
        """A person's report. It opens an incident, or joins the one that is open for this agent and kind of harm."""
        with deliveries.counting(report.SOURCE):
            trail_of(request).source = report.SOURCE
            check = check_of(request, reporting, keys)
            return await deliveries.take(request, reporting, READERS[report.SOURCE], check)

    return routes


def _reporting(kit: Kit) -> Source:
    """The source that reports come from: whatever the kit calls it, they are counted and sealed under one name."""
    named = next((source for source in kit.sources.values() if source.kind == report.SOURCE), None)
    if named is None:
        return Source(report.SOURCE, report.SOURCE, REPORTING)
    return replace(named, name=report.SOURCE, token_env=named.token_env or REPORTING)
