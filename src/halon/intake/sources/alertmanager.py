"""Prometheus Alertmanager's webhook, payload version 4; Grafana sends the same fields and more."""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from halon.incident.alerts import Alert
from halon.intake.sources import fields
from halon.intake.sources.crowd import foremost
from halon.intake.sources.reader import Arrived
from halon.intake.sources.source import Source, agent_of, group_of

UNNAMED_RULE = "unnamed"
_SUMMARY = ("summary", "description", "message")
_TRACE = ("trace_id", "traceId", "traceID")

Moment = Annotated[str, Field(max_length=64, json_schema_extra=fields.DATE_TIME), AfterValidator(fields.moment)]


class AlertmanagerAlert(BaseModel):
    """One alert of a delivery."""

    # A field that a later version adds must not cost an alert: a sender drops what was answered with a 4xx. The raw
    # payload keeps it.
    model_config = ConfigDict(extra="ignore")

    status: Literal["firing", "resolved"]
    labels: dict[str, str]
    annotations: dict[str, str] = Field(default_factory=dict)
    startsAt: Moment
    endsAt: Moment = ""
    generatorURL: str = ""
    fingerprint: str = ""


class AlertmanagerDelivery(BaseModel):
    """A delivery: one group of alerts, of mixed status. What is common to the group is in each alert as well."""

    model_config = ConfigDict(extra="ignore")

    version: Literal["4"]
    groupKey: str = ""
    truncatedAlerts: int = Field(default=0, ge=0)
    status: str = ""
    receiver: str = ""
    alerts: list[AlertmanagerAlert] = Field(min_length=1)


def read(arrived: Arrived, source: Source) -> list[Alert]:
    """The alerts of a delivery, in its order; of too many, the first ones that count (see ``crowd.py``).

    Raises BadPayload that names the place.
    """
    try:
        delivery = AlertmanagerDelivery.model_validate(arrived.body)
    except ValidationError as error:
        raise fields.bad_payload(error) from None
    taken = foremost(delivery.alerts, arrived, source, told)
    return [alert_of(given, source, arrived.received_at) for given in taken]


def told(given: AlertmanagerAlert) -> tuple[bool, str]:
    """Whether it fires, and the sender's word for its severity."""
    return given.status == "firing", given.labels.get("severity", "")


def truncated(body: Any) -> int:
    """How many alerts the sender says it left out of a delivery that ``read`` has accepted."""
    return int(body.get("truncatedAlerts", 0))


def alert_of(given: AlertmanagerAlert, source: Source, received_at: str) -> Alert:
    """One alert of a delivery. ``received_at`` is ISO 8601 UTC."""
    named = given.labels
    rule = fields.clean(named.get("alertname", ""), fields.LONGEST_NAME) or UNNAMED_RULE
    group = group_of(source, fields.clean(named.get(source.group_label, ""), fields.LONGEST_NAME), rule)
    trace = next((text for held in (given.annotations, named) for name in _TRACE if (text := held.get(name))), "")
    summary = next((text for name in _SUMMARY if (text := given.annotations.get(name))), "")
    return Alert(
        source=source.name,
        agent=agent_of(source, named.get(source.agent_label, "")),
        group=group,
        rule=rule,
        status=given.status,
        fingerprint=fields.identifier(given.fingerprint) or _fingerprint(named),
        started_at=given.startsAt or received_at,
        received_at=received_at,
        # Alertmanager may send the time at which a firing alert would end; until then it fires.
        ended_at=given.endsAt if given.status == "resolved" else "",
        severity_hint=fields.clean(named.get("severity", ""), fields.LONGEST_NAME),
        summary=fields.clean(summary, fields.LONGEST_SUMMARY),
        labels=fields.labels(named, ("alertname", source.agent_label, source.group_label, "severity")),
        trace_id=fields.identifier(trace),
    )


def _fingerprint(named: dict[str, str]) -> str:
    """What the labels give when the sender gave none: the same labels, the same fingerprint."""
    return hashlib.sha256(json.dumps(named, sort_keys=True).encode("utf-8", "replace")).hexdigest()[:16]
