"""LangSmith's web hook for alerts.

Source: LangSmith documentation, "Configure webhook notifications for LangSmith alerts" (the keys that are added to
what the user writes as the request body). It never says that an alert is over, so each is a moment.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from halon.incident.alerts import Alert
from halon.intake.sources import fields, prints
from halon.intake.sources.moments import moment
from halon.intake.sources.paging import text
from halon.intake.sources.reader import Arrived
from halon.intake.sources.source import Source, agent_of, group_of

_APART = ("alert_rule_name", "alert_rule_description", "timestamp")


class LangSmithDelivery(BaseModel):
    """A delivery: one alert rule whose threshold was crossed, and whatever else the user wrote as its body."""

    model_config = ConfigDict(extra="ignore")

    alert_rule_id: Annotated[str, Field(min_length=1, max_length=200)]
    alert_rule_name: Any = None
    alert_rule_type: Any = None
    alert_rule_attribute: Any = None
    alert_rule_description: Any = None
    project_name: Any = None
    triggered_metric_value: Any = None
    triggered_threshold: Any = None
    timestamp: Any = None


def read(arrived: Arrived, source: Source) -> list[Alert]:
    """The one alert of a delivery. Raises BadPayload that names the place."""
    try:
        given = LangSmithDelivery.model_validate(arrived.body)
    except ValidationError as error:
        raise fields.bad_payload(error) from None
    said = {str(name): shown for name, value in arrived.body.items() if (shown := text(value))}
    rule = fields.clean(text(given.alert_rule_name), fields.LONGEST_NAME) or "unnamed"
    labels = {name: shown for name, shown in said.items() if name not in _APART}
    began = moment(given.timestamp) or arrived.received_at
    return [
        Alert(
            source=source.name,
            agent=agent_of(source, said.get(source.agent_label, ""), text(given.project_name)),
            group=group_of(source, fields.clean(said.get(source.group_label, ""), fields.LONGEST_NAME), rule),
            rule=rule,
            status="firing",
            fingerprint=prints.named(given.alert_rule_id),
            started_at=began,
            received_at=arrived.received_at,
            ended_at=began,
            severity_hint=fields.clean(said.get("severity", ""), fields.LONGEST_NAME),
            summary=fields.clean(_summary(given), fields.LONGEST_SUMMARY),
            labels=fields.labels(labels, ("project_name", source.agent_label, source.group_label)),
            trace_id=fields.identifier(said.get("trace_id", "")),
        )
    ]


def _summary(given: LangSmithDelivery) -> str:
    what, value, threshold = (
        text(one) for one in (given.alert_rule_attribute, given.triggered_metric_value, given.triggered_threshold)
    )
    crossed = f"{what or 'the metric'} is {value}, and {threshold} is the threshold" if value and threshold else ""
    return ": ".join(part for part in (text(given.alert_rule_description), crossed) if part)
