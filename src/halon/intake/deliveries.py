"""The routes that take alerts in: read, seal the raw payload, admit. A 2xx means that Temporal holds it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request

from halon.evidence.seal import Sealed, seal_raw
from halon.evidence.store import EvidenceStore
from halon.incident import times
from halon.incident.alerts import Alert
from halon.intake.acknowledging import Acknowledging
from halon.intake.admit import Admission
from halon.intake.answers import DeliveryAnswer, IncidentAnswer
from halon.intake.body import parse_json, read_body
from halon.intake.guarded import Kit
from halon.intake.metrics import Metrics
from halon.intake.problems import MEDIA_TYPE, Problem, UnknownSource
from halon.intake.signatures import REPORTING, Keys
from halon.intake.sources import alertmanager, opsgenie, pagerduty, report
from halon.intake.sources.paging import PagingSource
from halon.intake.sources.source import Source
from halon.settings import Limits

SEAL_SECONDS = 3.0
"""Time that the evidence store has for the raw payload; after it, the alert goes on without."""
_SMALL = 16 * 1024
_REFUSALS: dict[int | str, dict[str, Any]] = {
    status: {"description": what, "content": {MEDIA_TYPE: {}}}
    for status, what in {
        401: "no token or a wrong one", 404: "no such source", 413: "too large", 415: "not JSON",
        422: "not what this source sends", 503: "not held: try again after the seconds in Retry-After",
    }.items()
}  # fmt: skip
_log = logging.getLogger(__name__)

Read = Callable[[Any, str], list[Alert]]
Check = Callable[[bytes], None]
_PAGERS: dict[str, Any] = {"pagerduty": pagerduty, "opsgenie": opsgenie}


class Deliveries:
    """Takes deliveries: the steps that all sources share."""

    def __init__(self, door: Admission, limits: Limits, evidence: EvidenceStore, metrics: Metrics) -> None:
        self._door = door
        self._limits = limits
        self._evidence = evidence
        self._metrics = metrics

    async def take(self, request: Request, source: str, read: Read) -> DeliveryAnswer:
        """Take one delivery of ``source``, whose payload ``read`` turns into alerts. Raises Problem."""
        content = await read_body(request, self._limits)
        began = time.perf_counter()
        received_at = times.text(datetime.now(UTC))
        if len(content) <= _SMALL:
            alerts = self._read(content, received_at, read)
        else:  # redaction of a large payload would hold up every other request
            alerts = await asyncio.to_thread(self._read, content, received_at, read)
        return await self._hold(source, content, alerts, received_at, began)

    async def take_page(
        self, request: Request, source: PagingSource, acknowledging: Acknowledging, check: Check
    ) -> DeliveryAnswer:
        """Take one delivery of a paging product. ``check`` raises unless its body may come in. Raises Problem.

        An answer to one of Halon's own pages is an acknowledgement; whatever else comes of them is taken and opens
        nothing, so that no page ever becomes an alert.
        """
        content = await read_body(request, self._limits)
        began = time.perf_counter()
        received_at = times.text(datetime.now(UTC))
        check(content)
        came = _PAGERS[source.kind].read(parse_json(content, self._limits), source, received_at)
        if came.alerts:
            return await self._hold(source.name, content, came.alerts, received_at, began)
        held = await acknowledging.acknowledge(came.ack) if came.ack else None
        self._metrics.durable.labels(source.name).observe(time.perf_counter() - began)
        self._metrics.deliveries.labels(source.name).inc()
        told = IncidentAnswer(
            incident=held.incident, workflow_id=held.workflow_id, status="acknowledged", alerts=0, agent="", group=""
        ) if held else None  # fmt: skip
        return DeliveryAnswer(incidents=[told] if told else [], raw=None)

    async def _hold(
        self, source: str, content: bytes, alerts: list[Alert], received_at: str, began: float
    ) -> DeliveryAnswer:
        sealed = await self._seal(source, content, received_at)
        if sealed is not None:
            alerts = [replace(alert, raw=sealed.path, raw_sha256=sealed.sha256) for alert in alerts]
        admitted = await self._door.admit(alerts)
        self._metrics.durable.labels(source).observe(time.perf_counter() - began)
        self._metrics.deliveries.labels(source).inc()
        outcomes = {(each.agent, each.group): each.status for each in admitted}
        for alert in alerts:
            self._metrics.alerts.labels(source, alert.status, outcomes[alert.agent, alert.group]).inc()
        told = [IncidentAnswer(**each.as_json()) for each in admitted]
        return DeliveryAnswer(incidents=told, raw=sealed.path if sealed else None)

    @contextmanager
    def counting(self, source: str) -> Iterator[None]:
        """Count a refusal under ``source``, a name of the kit."""
        try:
            yield
        except Problem as problem:
            self._metrics.refused.labels(source, problem.name).inc()
            raise

    def _read(self, content: bytes, received_at: str, read: Read) -> list[Alert]:
        return read(parse_json(content, self._limits), received_at)

    async def _seal(self, source: str, content: bytes, received_at: str) -> Sealed | None:
        try:
            async with asyncio.timeout(SEAL_SECONDS):
                return await seal_raw(self._evidence, source, content, received_at)
        except Exception:  # whatever the store raises: an alert is worth more than its raw payload
            _log.exception("the raw payload of a delivery of %s was not kept", source)
            self._metrics.raw_not_kept.labels(source).inc()
            return None


def router(
    deliveries: Deliveries, kit: Kit, keys: Keys, limits: Limits, metrics: Metrics, acknowledging: Acknowledging
) -> APIRouter:
    """``POST /v1/alerts/{source}`` and ``POST /v1/reports``."""
    routes = APIRouter(tags=["intake"])
    machines = {name: source for name, source in kit.sources.items() if source.kind in ("alertmanager", *_PAGERS)}
    people = next((source.token_env for source in kit.sources.values() if source.kind == "report"), "") or REPORTING

    @routes.post(
        "/v1/alerts/{source}",
        summary="Deliver alerts",
        response_model_exclude_none=False,
        responses=_REFUSALS,
        openapi_extra=_body(alertmanager.AlertmanagerDelivery.model_json_schema()),
    )
    async def alerts(source: str, request: Request) -> DeliveryAnswer:
        """Alerts of a source that the kit names. Answered with 200 when Temporal holds them, else with 503."""
        known = machines.get(source)
        with deliveries.counting(source if known else "unknown"):
            if known is None:
                raise UnknownSource(source, sorted(machines))
            if known.kind in _PAGERS:
                return await deliveries.take_page(request, _paging(known), acknowledging, _check(request, known, keys))
            keys.require(request, known.token_env, f"the source {source}")

            def read(body: Any, received_at: str) -> list[Alert]:
                found = alertmanager.read(body, known, received_at, limits.alerts)
                metrics.truncated.labels(known.name).inc(alertmanager.truncated(body))
                return found

            return await deliveries.take(request, known.name, read)

    @routes.post(
        "/v1/reports",
        summary="Report what you saw",
        responses=_REFUSALS,
        openapi_extra=_body(report.Report.model_json_schema()),
    )
    async def reports(request: Request) -> DeliveryAnswer:
        """A person's report. It opens an incident, or joins the one that is open for this agent and kind of harm."""
        with deliveries.counting(report.SOURCE):
            keys.require(request, people, "reporting")
            return await deliveries.take(request, report.SOURCE, report.read)

    return routes


def _paging(source: Source) -> PagingSource:
    """``source`` with the maps of a paging product: empty where the kit gives none."""
    people, agents = getattr(source, "people", {}), getattr(source, "agents", {})
    label, groups = source.group_label, source.groups
    return _Paging(source.name, source.kind, source.token_env, source.agent_label, label, groups, people, agents)


@dataclass(frozen=True, slots=True)
class _Paging:
    name: str
    kind: str
    token_env: str
    agent_label: str
    group_label: str
    groups: Mapping[str, str]
    people: Mapping[str, str]
    agents: Mapping[str, str]


def _check(request: Request, source: Source, keys: Keys) -> Check:
    """PagerDuty signs the body; Opsgenie shows a bearer token."""
    what = f"the source {source.name}"
    if source.kind == "pagerduty":
        return lambda content: keys.require_signed(request, content, source.token_env, what)
    return lambda content: keys.require(request, source.token_env, what)


def _body(schema: dict[str, Any]) -> dict[str, Any]:
    """The request body for the OpenAPI page. Bodies are read by hand, because their size must be bounded first."""
    definitions = schema.pop("$defs", {})
    return {
        "requestBody": {"required": True, "content": {"application/json": {"schema": _inline(schema, definitions)}}}
    }


def _inline(schema: Any, definitions: dict[str, Any]) -> Any:
    """``schema`` with references to ``$defs`` replaced by what they name: OpenAPI has them elsewhere."""
    if isinstance(schema, list):
        return [_inline(item, definitions) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _inline(definitions[str(schema["$ref"]).rpartition("/")[2]], definitions)
    return {name: _inline(item, definitions) for name, item in schema.items()}
