"""Opsgenie's outgoing web hook: alerts of others, and Halon's own pages coming back.

Sources: Opsgenie documentation, "Webhook Integration" and "Alert action data". It signs nothing: give the integration
the custom header ``Authorization: Bearer …``.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from halon.connectors.marker import is_ours
from halon.incident import times
from halon.incident.alerts import Alert
from halon.intake.sources import fields, paging, prints
from halon.intake.sources.paging import Ack, Came
from halon.intake.sources.source import Source, agent_of, group_of

PRODUCT = "Opsgenie"
ACKNOWLEDGED = "Acknowledge"
FIRING, RESOLVED = "Create", ("Close", "Delete")


class AlertData(BaseModel):
    """The alert that something was done to."""

    model_config = ConfigDict(extra="ignore")

    alertId: Annotated[str, Field(min_length=1, max_length=200)]
    message: str | None = ""
    alias: str | None = ""
    username: str | None = ""
    userId: str | None = ""
    entity: str | None = ""
    priority: str | None = ""
    source: str | None = ""
    # What is not needed is taken as it comes: a change there must not cost an alert.
    tags: Any = None
    details: Any = None
    createdAt: Any = None
    updatedAt: Any = None


class OpsgenieDelivery(BaseModel):
    """A delivery: one action on one alert."""

    # A field that Opsgenie adds must not cost an alert.
    model_config = ConfigDict(extra="ignore")

    action: Annotated[str, Field(min_length=1, max_length=120)]
    alert: AlertData
    integrationName: str | None = ""


def read(body: Any, source: Source, received_at: str) -> Came:
    """What a delivery holds. ``received_at`` is ISO 8601 UTC. Raises BadPayload that names the place."""
    try:
        delivery = OpsgenieDelivery.model_validate(body)
    except ValidationError as error:
        raise fields.bad_payload(error) from None
    alert = delivery.alert
    if is_ours(alert.alias or "", alert.message or ""):
        if delivery.action != ACKNOWLEDGED:
            return Came()
        by, called = paging.spoken(source, PRODUCT, alert.userId or "", alert.username or "")
        return Came(ack=Ack(alert.alias or "", by, called, PRODUCT, f"{alert.alertId}/{alert.updatedAt or ''}"))
    if delivery.action != FIRING and delivery.action not in RESOLVED:
        return Came()
    return Came([_alert(delivery, source, received_at)])


def _alert(delivery: OpsgenieDelivery, source: Source, received_at: str) -> Alert:
    given, resolved = delivery.alert, delivery.action in RESOLVED
    details = given.details if isinstance(given.details, dict) else {}
    labels = {str(name): paging.text(value) for name, value in details.items() if paging.text(value)}
    for tag in given.tags[: fields.MOST_LABELS] if isinstance(given.tags, list) else ():
        name, mark, value = paging.text(tag).partition(":")
        if mark and name and value:
            labels.setdefault(name.strip(), value.strip())
    rule = paging.rule_of(given.message or "")
    return Alert(
        source=source.name,
        agent=agent_of(source, labels.get(source.agent_label, ""), given.entity or "", delivery.integrationName or ""),
        group=group_of(source, fields.clean(labels.get(source.group_label, ""), fields.LONGEST_NAME), rule),
        rule=rule,
        status="resolved" if resolved else "firing",
        fingerprint=prints.named(given.alertId) if given.alertId else "opsgenie",
        started_at=_moment(given.createdAt) or received_at,
        received_at=received_at,
        ended_at=received_at if resolved else "",
        severity_hint=fields.clean(given.priority or "", fields.LONGEST_NAME),
        summary=fields.clean(given.message or "", fields.LONGEST_SUMMARY),
        labels=fields.labels(labels, (source.agent_label, source.group_label)),
    )


def _moment(milliseconds: Any) -> str:
    """A time that Opsgenie writes in milliseconds since 1970, or "" for one that no calendar has."""
    if not isinstance(milliseconds, int) or isinstance(milliseconds, bool) or milliseconds <= 0:
        return ""
    try:
        return times.text(datetime.fromtimestamp(milliseconds / 1000, UTC))
    except (OverflowError, OSError, ValueError):
        return ""
