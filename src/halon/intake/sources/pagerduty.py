"""PagerDuty's web hooks, version 3: incidents of others, and Halon's own pages coming back.

Sources: PagerDuty developer documentation, "Webhooks overview" (payload, event types) and "Behavior" (at least once,
a 2xx within 5 s, 4xx are dropped).
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from halon.connectors.marker import is_ours
from halon.incident.alerts import Alert
from halon.intake.sources import fields, paging, prints
from halon.intake.sources.paging import Ack, Came
from halon.intake.sources.source import Source, agent_of, group_of

PRODUCT = "PagerDuty"
ACKNOWLEDGED = "incident.acknowledged"
FIRING = ("incident.triggered", "incident.reopened")
RESOLVED = ("incident.resolved",)

Moment = Annotated[str, Field(max_length=64, json_schema_extra=fields.DATE_TIME), AfterValidator(fields.moment)]


class Reference(BaseModel):
    """A thing of PagerDuty's, by id and name."""

    model_config = ConfigDict(extra="ignore")

    id: str = ""
    summary: str | None = ""
    type: str = ""


class Incident(BaseModel):
    """What an event is about. Other things than incidents have other fields, and none of these."""

    model_config = ConfigDict(extra="ignore")

    id: str = ""
    type: str = ""
    incident_key: str | None = None
    title: str | None = None
    created_at: Moment | None = None
    service: Reference | None = None
    priority: Reference | None = None
    urgency: str | None = None
    custom_fields: Any = None


class Event(BaseModel):
    """One event."""

    model_config = ConfigDict(extra="ignore")

    id: str
    event_type: str
    resource_type: str = ""
    occurred_at: Moment
    agent: Reference | None = None
    data: Incident | None = None


class PagerDutyDelivery(BaseModel):
    """A delivery: one event."""

    # A field that PagerDuty adds must not cost an event: it drops what was answered with a 4xx.
    model_config = ConfigDict(extra="ignore")

    event: Event


def read(body: Any, source: Source, received_at: str) -> Came:
    """What a delivery holds. ``received_at`` is ISO 8601 UTC. Raises BadPayload that names the place."""
    try:
        event = PagerDutyDelivery.model_validate(body).event
    except ValidationError as error:
        raise fields.bad_payload(error) from None
    incident = event.data or Incident()
    if is_ours(incident.incident_key or "", incident.title or ""):
        if event.event_type != ACKNOWLEDGED:
            return Came()
        who = event.agent or Reference()
        by, called = paging.spoken(source, PRODUCT, who.id, who.summary or "")
        return Came(ack=Ack(incident.incident_key or "", by, called, PRODUCT, event.id))
    if incident.type != "incident" or event.event_type not in (*FIRING, *RESOLVED):
        return Came()
    return Came([_alert(event, incident, source, received_at)])


def _alert(event: Event, incident: Incident, source: Source, received_at: str) -> Alert:
    resolved = event.event_type in RESOLVED
    service, title = incident.service or Reference(), incident.title or ""
    labels = _custom(incident.custom_fields)
    labels |= {"service": service.summary or "", "service_id": service.id, "urgency": incident.urgency or ""}
    rule = paging.rule_of(title)
    return Alert(
        source=source.name,
        agent=agent_of(source, labels.get(source.agent_label, ""), service.summary or "", service.id),
        group=group_of(source, fields.clean(labels.get(source.group_label, ""), fields.LONGEST_NAME), rule),
        rule=rule,
        status="resolved" if resolved else "firing",
        fingerprint=prints.named(incident.id or event.id),
        # One that is reopened is the same incident there and has fired anew.
        started_at=(event.event_type != "incident.reopened" and incident.created_at)
        or event.occurred_at
        or received_at,
        received_at=received_at,
        ended_at=event.occurred_at if resolved else "",
        severity_hint=fields.clean((incident.priority and incident.priority.summary) or "", fields.LONGEST_NAME),
        summary=fields.clean(title, fields.LONGEST_SUMMARY),
        labels=fields.labels({name: value for name, value in labels.items() if value}, ("service",)),
    )


def _custom(given: Any) -> dict[str, str]:
    """Custom fields as labels, where they are what PagerDuty documents; anything else must not cost the alert."""
    listed = [one for one in given[: fields.MOST_LABELS] if isinstance(one, dict)] if isinstance(given, list) else []
    pairs = ((paging.text(one.get("name")), paging.text(one.get("value"))) for one in listed)
    return {name: value for name, value in pairs if name and value}
