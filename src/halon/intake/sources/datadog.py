"""Datadog's web hook with Halon's own payload template: Datadog sends what its user writes, with $VARIABLES filled in.

Source: Datadog documentation, "Webhooks" (variables, retries only on 5xx). The template to paste is TEMPLATE; it is
shipped as ``halon_templates/sources/datadog.template.json``. $ALERT_CYCLE_KEY is one id from the trigger to the recovery.
"""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from halon.incident.alerts import Alert
from halon.intake.sources import fields, prints
from halon.intake.sources.moments import moment
from halon.intake.sources.paging import rule_of, text
from halon.intake.sources.reader import Arrived
from halon.intake.sources.source import Source, agent_of, group_of

TEMPLATE: dict[str, str] = {
    "halon": "datadog-1",
    "cycle_key": "$ALERT_CYCLE_KEY",
    "aggregation_key": "$AGGREG_KEY",
    "transition": "$ALERT_TRANSITION",
    "monitor_id": "$ALERT_ID",
    "event_id": "$ID",
    "title": "$ALERT_TITLE",
    "text": "$ALERT_STATUS",
    "priority": "$ALERT_PRIORITY",
    "type": "$ALERT_TYPE",
    "metric": "$ALERT_METRIC",
    "scope": "$ALERT_SCOPE",
    "tags": "$TAGS",
    "date": "$DATE",
    "link": "$LINK",
}
"""What to paste as the payload of the web hook in Datadog."""
_OVER = ("recovered",)
_UNFILLED = re.compile(r"\$[A-Z_]+|null|None|", re.ASCII)
_BRACKETS = re.compile(r"^(?:\[[^\]]{0,300}\]\s*)+")
_MOST_TAGS = 200

Filled = Annotated[str, Field(max_length=100_000)]


class DatadogDelivery(BaseModel):
    """A delivery: one transition of one monitor, in the form of TEMPLATE. Only ``transition`` must be there.

    A field that somebody adds to the template must not cost an alert.
    """

    model_config = ConfigDict(extra="ignore")

    halon: Any = None
    cycle_key: Any = None
    aggregation_key: Any = None
    transition: Filled
    monitor_id: Any = None
    event_id: Any = None
    title: Any = None
    text: Any = None
    priority: Any = None
    type: Any = None
    metric: Any = None
    scope: Any = None
    tags: Any = None
    date: Any = None
    link: Any = None


def read(arrived: Arrived, source: Source) -> list[Alert]:
    """The one alert of a delivery. Raises BadPayload that names the place."""
    try:
        given = DatadogDelivery.model_validate(arrived.body)
    except ValidationError as error:
        raise fields.bad_payload(error) from None
    labels = _tags(given)
    over = given.transition.strip().lower() in _OVER
    title = _BRACKETS.sub("", _filled(given.title)) or _filled(given.title)
    rule = rule_of(title or _filled(given.metric) or _filled(given.monitor_id))
    began = moment(_filled(given.date)) or arrived.received_at
    key = _filled(given.cycle_key) or _filled(given.aggregation_key) or _filled(given.monitor_id)
    monitor = _filled(given.monitor_id)
    named = labels.get(source.agent_label, "") or source.agents.get(monitor, "")
    shown = {**labels, "transition": given.transition.strip(), "monitor_id": monitor}
    return [
        Alert(
            source=source.name,
            agent=agent_of(source, named, labels.get("service", "")),
            group=group_of(source, fields.clean(labels.get(source.group_label, ""), fields.LONGEST_NAME), rule),
            rule=rule,
            status="resolved" if over else "firing",
            fingerprint=prints.named(key, rule, sorted(labels.items())),
            started_at=began,
            received_at=arrived.received_at,
            ended_at=began if over else "",
            severity_hint=fields.clean(_filled(given.priority) or _filled(given.type), fields.LONGEST_NAME),
            summary=fields.clean(_filled(given.text) or title, fields.LONGEST_SUMMARY),
            labels=fields.labels(
                {name: value for name, value in shown.items() if value}, (source.agent_label, source.group_label)
            ),
            trace_id=fields.identifier(labels.get("trace_id", "")),
        )
    ]


def _filled(value: Any) -> str:
    """What Datadog put in the place of a variable; "" where it had nothing and left it as it was."""
    found = text(value).strip()
    return "" if _UNFILLED.fullmatch(found) else found


def _tags(given: DatadogDelivery) -> dict[str, str]:
    """``name:value`` of the tags and the scope that fired."""
    found: dict[str, str] = {}
    for held in (given.scope, given.tags):
        for tag in _filled(held).split(",")[:_MOST_TAGS]:
            name, mark, value = tag.strip().partition(":")
            if mark and name and value:
                found.setdefault(name[: fields.LONGEST_NAME], value)
    return found
