"""Halon's own JSON, for senders that you write yourself: one alert, or a list of them.

A key that it does not know is refused: whoever writes the sender learns of the misspelling at the first try.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from halon.incident.alerts import Alert
from halon.intake.sources import fields, prints
from halon.intake.sources.crowd import foremost
from halon.intake.sources.reader import Arrived
from halon.intake.sources.source import Source, agent_of, group_of

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Moment = Annotated[
    str, Field(min_length=1, max_length=64, json_schema_extra=fields.DATE_TIME), AfterValidator(fields.moment)
]
Value = Annotated[str, Field(max_length=10_000)]

EXAMPLE: dict[str, Any] = {
    "agent": "support-bot",
    "rule": "UnauthorisedMail",
    "status": "firing",
    "started_at": "2026-11-22T08:16:00Z",
    "id": "mail-guard-4711",
    "severity": "critical",
    "summary": "It sent a mail that no policy allows.",
    "labels": {"tool": "send_email", "environment": "production"},
    "trace_id": "0af7651916cd43dd8448eb211c80319c",
}


class HalonAlert(BaseModel):
    """One alert. ``started_at`` is when it began (ISO 8601 with an offset): with ``id`` and ``status`` it says whether
    two deliveries are the same alert. Without an ``id``, agent, rule and labels make one.

    ``momentary`` says that nobody will send ``resolved`` for it: it counts as over at once.
    """

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [EXAMPLE]})

    rule: Name
    started_at: Moment
    agent: Annotated[str, Field(max_length=200)] = ""
    status: Literal["firing", "resolved"] = "firing"
    id: Annotated[str, Field(max_length=200)] = ""
    group: Annotated[str, Field(max_length=200)] = ""
    ended_at: Annotated[str, Field(max_length=64), AfterValidator(lambda text: fields.moment(text) if text else "")] = (
        ""
    )
    severity: Annotated[str, Field(max_length=200)] = ""
    summary: Annotated[str, Field(max_length=20_000)] = ""
    labels: Annotated[dict[str, Value], Field(max_length=500)] = Field(default_factory=dict)
    trace_id: Annotated[str, Field(max_length=200)] = ""
    momentary: bool = False


class HalonDelivery(BaseModel):
    """A delivery: a list of alerts."""

    model_config = ConfigDict(extra="forbid")

    alerts: list[HalonAlert] = Field(min_length=1)


SCHEMA: dict[str, Any] = {
    "anyOf": [
        {"$ref": "#/$defs/HalonAlert"},
        {"type": "object", "required": ["alerts"], "additionalProperties": False,
         "properties": {"alerts": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/HalonAlert"}}}},
    ],
    "$defs": {"HalonAlert": HalonAlert.model_json_schema()},
}  # fmt: skip


def read(arrived: Arrived, source: Source) -> list[Alert]:
    """The alerts of a delivery, in its order. Raises BadPayload that names the place."""
    body = arrived.body
    try:
        if isinstance(body, dict) and "alerts" in body:
            given = HalonDelivery.model_validate(body).alerts
        else:
            given = [HalonAlert.model_validate(body)]
    except ValidationError as error:
        raise fields.bad_payload(error) from None
    taken = foremost(given, arrived, source, lambda one: (one.status == "firing", _severity(one)))
    return [alert_of(one, source, arrived.received_at) for one in taken]


def _severity(given: HalonAlert) -> str:
    return given.severity or given.labels.get("severity", "")


def alert_of(given: HalonAlert, source: Source, received_at: str, *services: str) -> Alert:
    """One alert. ``services`` are further names by which the kit may know its agent."""
    rule = fields.clean(given.rule, fields.LONGEST_NAME) or "unnamed"
    named = given.agent or given.labels.get(source.agent_label, "")
    group = given.group or given.labels.get(source.group_label, "")
    began = given.started_at or received_at
    over = given.status == "resolved"
    agent = agent_of(source, named, *services)
    return Alert(
        source=source.name,
        agent=agent,
        group=group_of(source, fields.clean(group, fields.LONGEST_NAME), rule),
        rule=rule,
        status=given.status,
        fingerprint=prints.named(given.id, agent, rule, given.labels),
        started_at=began,
        received_at=received_at,
        ended_at=(given.ended_at or received_at) if over else (began if given.momentary else ""),
        severity_hint=fields.clean(_severity(given), fields.LONGEST_NAME),
        summary=fields.clean(given.summary, fields.LONGEST_SUMMARY),
        labels=fields.labels(given.labels, (source.agent_label, source.group_label)),
        trace_id=fields.identifier(given.trace_id),
    )
