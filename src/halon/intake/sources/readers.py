"""Every kind of source that the front door can read. A new kind is a file beside this one and a line here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from halon.incident.alerts import Alert
from halon.intake.sources import (
    alertmanager,
    cloudevents,
    datadog,
    grafana,
    halon,
    langsmith,
    mapped,
    opsgenie,
    pagerduty,
    report,
    sentry,
)
from halon.intake.sources.paging import Came
from halon.intake.sources.reader import Arrived, Reader
from halon.intake.sources.source import Source


def _pagerduty(arrived: Arrived, source: Source) -> Came:
    return pagerduty.read(arrived.body, source, arrived.received_at)


def _opsgenie(arrived: Arrived, source: Source) -> Came:
    return opsgenie.read(arrived.body, source, arrived.received_at)


def _report(arrived: Arrived, source: Source) -> list[Alert]:
    return report.read(arrived.body, arrived.received_at)


def _alerts_of(answers: Callable[[Arrived, Source], Came]) -> Callable[[Arrived, Source], list[Alert]]:
    return lambda arrived, source: answers(arrived, source).alerts


_ALL = (
    Reader(
        "alertmanager",
        alertmanager.read,
        "Prometheus Alertmanager's web hook, version 4",
        alertmanager.AlertmanagerDelivery.model_json_schema(),
        left_out=alertmanager.truncated,
    ),
    Reader(
        "pagerduty",
        _alerts_of(_pagerduty),
        "PagerDuty's web hook, version 3",
        pagerduty.PagerDutyDelivery.model_json_schema(),
        answers=_pagerduty,
    ),
    Reader(
        "opsgenie",
        _alerts_of(_opsgenie),
        "Opsgenie's outgoing web hook",
        opsgenie.OpsgenieDelivery.model_json_schema(),
        answers=_opsgenie,
    ),
    Reader(
        "grafana",
        grafana.read,
        "Grafana Alerting's web hook, version 1",
        grafana.GrafanaDelivery.model_json_schema(),
        left_out=grafana.truncated,
    ),
    Reader(
        "datadog", datadog.read, "Datadog's web hook with Halon's payload", datadog.DatadogDelivery.model_json_schema()
    ),
    Reader("sentry", sentry.read, "Sentry's web hook of an integration", sentry.SentryDelivery.model_json_schema()),
    Reader(
        "langsmith", langsmith.read, "LangSmith's web hook for alerts", langsmith.LangSmithDelivery.model_json_schema()
    ),
    Reader(
        "cloudevents",
        cloudevents.read,
        "a CloudEvent, or a batch of them",
        cloudevents.CloudEvent.model_json_schema(),
        media_types=cloudevents.MEDIA_TYPES,
    ),
    Reader("halon", halon.read, "Halon's own JSON", halon.SCHEMA),
    Reader("mapped", mapped.read, "whatever the file of the source in the kit's sources/ maps"),
    Reader("report", _report, "what a person saw", report.Report.model_json_schema()),
)
READERS: Mapping[str, Reader] = MappingProxyType({reader.kind: reader for reader in _ALL})
"""Readers by kind."""
