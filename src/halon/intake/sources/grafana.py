"""Grafana Alerting's web hook, payload version 1.

Source: Grafana documentation, "Configure webhook notifications" (body, alert fields). It is Alertmanager's shape with
the organisation, the values that fired and links into Grafana besides.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from halon.incident.alerts import Alert
from halon.intake.sources import fields
from halon.intake.sources.alertmanager import AlertmanagerAlert, alert_of, told
from halon.intake.sources.crowd import foremost
from halon.intake.sources.reader import Arrived
from halon.intake.sources.source import Source

_VALUE = "value"


class GrafanaAlert(AlertmanagerAlert):
    """One alert of a delivery. What is not needed is taken as it comes: a change there must not cost an alert."""

    valueString: Any = None
    values: Any = None
    dashboardURL: Any = None
    panelURL: Any = None
    silenceURL: Any = None
    imageURL: Any = None


class GrafanaDelivery(BaseModel):
    """A delivery: one group of alerts, of mixed status."""

    model_config = ConfigDict(extra="ignore")

    version: str = "1"
    orgId: Any = None
    groupKey: str = ""
    truncatedAlerts: int = Field(default=0, ge=0)
    status: str = ""
    receiver: str = ""
    title: Any = None
    message: Any = None
    alerts: list[GrafanaAlert] = Field(min_length=1)


def read(arrived: Arrived, source: Source) -> list[Alert]:
    """The alerts of a delivery, in its order. Raises BadPayload that names the place."""
    try:
        delivery = GrafanaDelivery.model_validate(arrived.body)
    except ValidationError as error:
        raise fields.bad_payload(error) from None
    return [_alert(given, source, arrived.received_at) for given in foremost(delivery.alerts, arrived, source, told)]


def truncated(body: Any) -> int:
    """How many alerts the sender says it left out of a delivery that ``read`` has accepted."""
    return int(body.get("truncatedAlerts", 0))


def _alert(given: GrafanaAlert, source: Source, received_at: str) -> Alert:
    alert = alert_of(given, source, received_at)
    value = given.valueString if isinstance(given.valueString, str) else ""
    if not value:
        return alert
    shown = fields.clean(value)
    summary = alert.summary or fields.clean(value, fields.LONGEST_SUMMARY)
    return replace(alert, summary=summary, labels={**alert.labels, _VALUE: alert.labels.get(_VALUE, shown)})
