"""Sentry's web hooks of an internal integration: issue alerts, metric alerts, and issues that change their state.

Source: Sentry documentation, "Integration Platform: Webhooks" (headers), "Issue Alerts", "Metric Alerts", "Issues". The
header Sentry-Hook-Resource says what a delivery is about; installations, comments and the like are of no concern.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from halon.incident.alerts import Alert
from halon.intake.problems import BadPayload
from halon.intake.sources import fields, prints
from halon.intake.sources.moments import moment
from halon.intake.sources.paging import rule_of, text
from halon.intake.sources.reader import Arrived
from halon.intake.sources.source import Source, agent_of, group_of

RESOURCE = "sentry-hook-resource"
_HELD = {"event_alert": "event", "metric_alert": "metric_alert", "issue": "issue"}
"""The resources that are alerts, and where each stands in ``data``."""
_ISSUE = {
    "created": "firing",
    "unresolved": "firing",
    "resolved": "resolved",
    "archived": "resolved",
    "ignored": "resolved",
}
_PROJECT = re.compile(r"/projects/[^/]{1,100}/([^/]{1,100})/")
_MOST_TAGS = 200


class SentryDelivery(BaseModel):
    """A delivery: what was done (``action``) to what ``data`` holds. A field that Sentry adds must not cost an alert."""

    model_config = ConfigDict(extra="ignore")

    action: Annotated[str, Field(max_length=100)]
    data: dict[str, Any]


def read(arrived: Arrived, source: Source) -> list[Alert]:
    """The one alert of a delivery, or none where it is about something else. Raises BadPayload that names the place."""
    try:
        given = SentryDelivery.model_validate(arrived.body)
    except ValidationError as error:
        raise fields.bad_payload(error) from None
    resource = arrived.headers.get(RESOURCE, "").strip()
    if not resource:
        resource = next((name for name, held in _HELD.items() if isinstance(given.data.get(held), dict)), "")
    if not resource:
        raise BadPayload("Sentry-Hook-Resource", "the header is missing, and data is no alert; Sentry sends it")
    if resource not in _HELD:
        return []
    about = given.data.get(_HELD[resource])
    if not isinstance(about, dict):
        raise BadPayload(f"data.{_HELD[resource]}", "is missing, or no object")
    match resource:
        case "event_alert":
            return [_event(given.data, about, source, arrived.received_at)]
        case "metric_alert":
            return [_metric(given, about, source, arrived.received_at)]
        case _:
            return _issue(given.action, about, source, arrived.received_at)


def _event(data: Mapping[str, Any], event: Mapping[str, Any], source: Source, received_at: str) -> Alert:
    """An issue alert. Sentry never says that one is over, so it is a moment."""
    labels = _tags(event.get("tags"))
    project = text(event.get("project_slug")) or _project(text(event.get("url")) or text(event.get("issue_url")))
    title = text(event.get("title")) or text(event.get("message"))
    issue = text(event.get("issue_id"))
    rule = fields.clean(text(data.get("triggered_rule")), fields.LONGEST_NAME) or rule_of(title)
    labels |= {"project": project, "issue_id": issue, "culprit": text(event.get("culprit"))}
    began = moment(event.get("datetime")) or moment(event.get("timestamp")) or received_at
    trace = _inside(event, "contexts", "trace", "trace_id")
    return _alert(
        source, labels, rule, received_at, began, began, "firing",
        prints.named(issue, text(event.get("event_id")), rule, project, prefix="issue-"),
        text(event.get("level")), title, (project, text(event.get("project"))), trace,
    )  # fmt: skip


def _metric(given: SentryDelivery, about: Mapping[str, Any], source: Source, received_at: str) -> Alert:
    over = given.action == "resolved"
    projects = about.get("projects")
    project = text(projects[0]) if isinstance(projects, list) and projects else ""
    name = _inside(about, "alert_rule", "name") or text(about.get("title"))
    labels = {"project": project, "alert_id": text(about.get("id")), "action": given.action,
              "environment": _inside(about, "alert_rule", "environment")}  # fmt: skip
    began = moment(about.get("date_started")) or moment(about.get("date_detected")) or received_at
    ended = moment(about.get("date_closed")) or received_at if over else ""
    title = " ".join(
        filter(None, (text(given.data.get("description_title")), text(given.data.get("description_text"))))
    )
    known = text(about.get("id"))
    return _alert(
        source, labels, fields.clean(name, fields.LONGEST_NAME) or "unnamed", received_at, began, ended,
        "resolved" if over else "firing", prints.named(known, name, project, prefix="metric-"),
        given.action, title, (project,), "",
    )  # fmt: skip


def _issue(action: str, issue: Mapping[str, Any], source: Source, received_at: str) -> list[Alert]:
    """An issue that came up again or was settled. It is a ticket and no measurement, so each is a moment."""
    status = _ISSUE.get(action)
    if status is None:
        return []
    project = _inside(issue, "project", "slug")
    title = text(issue.get("title"))
    known = text(issue.get("id"))
    labels = {"project": project, "issue_id": known, "short_id": text(issue.get("shortId")),
              "culprit": text(issue.get("culprit"))}  # fmt: skip
    began = moment(issue.get("lastSeen")) or received_at
    return [_alert(
        source, labels, _inside(issue, "metadata", "type") or rule_of(title), received_at, began, began, status,
        prints.named(known, title, project, prefix="issue-"), text(issue.get("level")), title,
        (project, _inside(issue, "project", "id")), "",
    )]  # fmt: skip


def _alert(
    source: Source, labels: Mapping[str, str], rule: str, received_at: str, began: str, ended: str, status: Any,
    fingerprint: str, severity: str, summary: str, services: tuple[str, ...], trace: str,
) -> Alert:  # fmt: skip
    rule = fields.clean(rule, fields.LONGEST_NAME) or "unnamed"
    return Alert(
        source=source.name,
        agent=agent_of(source, labels.get(source.agent_label, ""), *services),
        group=group_of(source, fields.clean(labels.get(source.group_label, ""), fields.LONGEST_NAME), rule),
        rule=rule,
        status=status,
        fingerprint=fingerprint,
        started_at=began,
        received_at=received_at,
        ended_at=ended,
        severity_hint=fields.clean(severity, fields.LONGEST_NAME),
        summary=fields.clean(summary, fields.LONGEST_SUMMARY),
        labels=fields.labels(
            {name: value for name, value in labels.items() if value}, (source.agent_label, source.group_label)
        ),
        trace_id=fields.identifier(trace),
    )


def _tags(given: Any) -> dict[str, str]:
    """``tags`` of an event: pairs of name and value."""
    pairs = (
        [one for one in given[:_MOST_TAGS] if isinstance(one, list) and len(one) == 2]
        if isinstance(given, list)
        else []
    )
    return {name[: fields.LONGEST_NAME]: value for one in pairs if (name := text(one[0])) and (value := text(one[1]))}


def _project(url: str) -> str:
    found = _PROJECT.search(url)
    return found[1] if found else ""


def _inside(held: Any, *path: str) -> str:
    for name in path:
        held = held.get(name) if isinstance(held, dict) else None
    return text(held)
