"""A person who saw something: one report becomes one alert."""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from halon.incident import times
from halon.incident.alerts import Alert
from halon.intake.problems import BadPayload
from halon.intake.sources import fields

SOURCE = "report"
What = Literal["unauthorised_tool_action", "data_leak", "harmful_output", "wrong_decision", "runaway_spend", "other"]
WHAT: tuple[str, ...] = get_args(What)
"""What a person can say happened; the group under which reports join one incident."""
_CLOCK_SKEW = 300.0

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]


class Report(BaseModel):
    """What a person reports. ``seen_at`` is ISO 8601; without it, now."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "reporter": "ann",
                    "agent": "support-bot",
                    "summary": "It offered a refund of 4,000 EUR that nobody asked for.",
                    "what": "unauthorised_tool_action",
                    "seen_at": "2026-11-22T08:16:00Z",
                }
            ]
        },
    )

    reporter: Name
    agent: Name
    summary: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000)]
    what: What
    seen_at: Annotated[str, Field(max_length=64, json_schema_extra=fields.DATE_TIME), AfterValidator(fields.moment)] = (
        ""
    )
    trace_id: Annotated[str, Field(max_length=128, json_schema_extra={"pattern": "^[A-Za-z0-9._:-]*$"})] = ""


def read(body: Any, received_at: str) -> list[Alert]:
    """The one alert of a report. ``received_at`` is ISO 8601 UTC. Raises BadPayload that names the field."""
    try:
        report = Report.model_validate(body)
    except ValidationError as error:
        raise fields.bad_payload(error) from None
    if report.trace_id and not fields.identifier(report.trace_id):
        raise BadPayload("trace_id", "not a trace id; letters, digits and . _ : - only")
    if report.seen_at and times.seconds_between(received_at, report.seen_at) > _CLOCK_SKEW:
        raise BadPayload("seen_at", f"lies in the future; it is {received_at} here")
    return [
        Alert(
            source=SOURCE,
            agent=fields.clean(report.agent, fields.LONGEST_NAME),
            group=report.what,
            rule=report.what,
            status="firing",
            fingerprint=_fingerprint(report),
            started_at=report.seen_at or received_at,
            received_at=received_at,
            summary=fields.clean(report.summary, fields.LONGEST_SUMMARY),
            trace_id=fields.identifier(report.trace_id),
            reporter=fields.clean(report.reporter, fields.LONGEST_NAME),
        )
    ]


def _fingerprint(report: Report) -> str:
    said = [report.reporter, report.agent, report.what, report.summary, report.seen_at]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:16]
