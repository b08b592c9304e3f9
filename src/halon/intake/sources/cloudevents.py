"""CloudEvents 1.0 in structured mode: one event, or a batch of them.

Source: CloudEvents specification 1.0.2, "JSON Event Format" (envelope, media types, batch, data_base64) and "Distributed
Tracing" extension. An event of type TYPE holds Halon's own JSON; of any other, its type is the rule.
"""

from __future__ import annotations

import base64
import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from halon.incident.alerts import Alert
from halon.intake.problems import BadPayload
from halon.intake.sources import fields, prints
from halon.intake.sources.crowd import foremost
from halon.intake.sources.halon import HalonAlert, alert_of
from halon.intake.sources.moments import moment
from halon.intake.sources.paging import text
from halon.intake.sources.reader import JSON, Arrived
from halon.intake.sources.source import Source, agent_of, group_of
from halon.intake.strict import read_json

TYPE = "halon.alert"
"""The type of an event whose data is one alert in Halon's own JSON."""
MEDIA_TYPES = ("application/cloudevents+json", "application/cloudevents-batch+json", JSON)
_OVER = re.compile(r"(?:^|[._/-])(?:resolved|recovered|closed|cleared)$", re.IGNORECASE)
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")
_SUMMARY = ("summary", "message", "description", "title")
_DEEPEST = 32
_IS_JSON = re.compile(r"[^/;]+/(?:[^/;+]+\+)?json\s*(?:;.*)?", re.IGNORECASE | re.DOTALL)

Attribute = Annotated[str, Field(min_length=1, max_length=2000)]


class CloudEvent(BaseModel):
    """One event. What extensions add to it must not cost it."""

    model_config = ConfigDict(extra="ignore")

    specversion: Literal["1.0"]
    id: Attribute
    source: Attribute
    type: Attribute
    subject: str | None = None
    time: str | None = None
    datacontenttype: str | None = None
    traceparent: Any = None
    data: Any = None
    data_base64: str | None = None


def read(arrived: Arrived, source: Source) -> list[Alert]:
    """The alerts of a delivery, one for each event, in its order. Raises BadPayload that names the place."""
    batch = arrived.body if isinstance(arrived.body, list) else [arrived.body]
    placed = [(one, f"[{at}]" if isinstance(arrived.body, list) else "") for at, one in enumerate(batch)]
    taken = foremost(placed, arrived, source, lambda one: _told(one[0]))
    return [_alert(one, source, arrived.received_at, place) for one, place in taken]


def _told(event: Any) -> tuple[bool, str]:
    """Whether an event that is not checked yet fires, and the sender's word for its severity."""
    event = event if isinstance(event, dict) else {}
    data = event["data"] if isinstance(event.get("data"), dict) else {}
    over = data.get("status") == "resolved" if event.get("type") == TYPE else _OVER.search(text(event.get("type")))
    return not over, text(data.get("severity"))


def _alert(given: Any, source: Source, received_at: str, place: str) -> Alert:
    try:
        event = CloudEvent.model_validate(given)
    except ValidationError as error:
        raise _placed(fields.bad_payload(error), place) from None
    data = _data(event, place)
    if event.type == TYPE:
        return _own(event, data, source, received_at, f"{place}.data".lstrip("."))
    return _of_type(event, data if isinstance(data, dict) else {}, source, received_at)


def _own(event: CloudEvent, data: Any, source: Source, received_at: str, place: str) -> Alert:
    """Halon's own JSON. Where it does not say when it began, the event does; its id is that of the event."""
    if isinstance(data, dict):
        data = {
            "started_at": moment(event.time) or received_at,
            "id": prints.fingerprint(event.source, event.id),
            **data,
        }
    try:
        own = HalonAlert.model_validate(data)
    except ValidationError as error:
        raise _placed(fields.bad_payload(error), place) from None
    if not own.trace_id and (found := _trace(event)):
        own = own.model_copy(update={"trace_id": found})
    return alert_of(own, source, received_at, event.subject or "", event.source)


def _of_type(event: CloudEvent, data: dict[str, Any], source: Source, received_at: str) -> Alert:
    said = {str(name): shown for name, value in data.items() if (shown := text(value))}
    labels = said | {"source": event.source, "subject": event.subject or "", "event_id": event.id}
    rule = fields.clean(event.type, fields.LONGEST_NAME) or "unnamed"
    over = _OVER.search(event.type) is not None
    began = moment(event.time) or received_at
    return Alert(
        source=source.name,
        agent=agent_of(source, said.get(source.agent_label, ""), event.subject or "", event.source),
        group=group_of(source, fields.clean(said.get(source.group_label, ""), fields.LONGEST_NAME), rule),
        rule=rule,
        status="resolved" if over else "firing",
        # The pair is unique to the event (specification, "id"): one that is sent again is the same alert.
        fingerprint=prints.fingerprint(event.source, event.id),
        started_at=began,
        received_at=received_at,
        ended_at=began,
        severity_hint=fields.clean(said.get("severity", ""), fields.LONGEST_NAME),
        summary=fields.clean(next((said[name] for name in _SUMMARY if name in said), ""), fields.LONGEST_SUMMARY),
        labels=fields.labels(
            {name: value for name, value in labels.items() if value}, (source.agent_label, source.group_label)
        ),
        trace_id=fields.identifier(said.get("trace_id", "")) or _trace(event),
    )


def _data(event: CloudEvent, place: str) -> Any:
    """The event's data; binary data is read where it is JSON."""
    if event.data_base64 is None:
        return event.data
    if not _IS_JSON.fullmatch(event.datacontenttype or JSON):
        return None
    try:
        return read_json(base64.b64decode(event.data_base64, validate=True), _DEEPEST)
    except (ValueError, BadPayload):
        raise BadPayload(f"{place}.data_base64".lstrip("."), "not JSON in base64, as datacontenttype says") from None


def _trace(event: CloudEvent) -> str:
    found = _TRACEPARENT.fullmatch(event.traceparent) if isinstance(event.traceparent, str) else None
    return found[1] if found else ""


def _placed(problem: BadPayload, place: str) -> BadPayload:
    """``problem`` with its places inside of ``place``."""
    if not place:
        return problem
    errors = [
        {"where": place if one["where"] == "body" else f"{place}.{one['where']}".replace(".[", "["), "why": one["why"]}
        for one in problem.members["errors"]
    ]
    return BadPayload(errors[0]["where"], errors[0]["why"], errors)
