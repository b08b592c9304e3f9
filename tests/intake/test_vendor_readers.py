"""What Grafana, Datadog, Sentry, LangSmith, CloudEvents and Halon's own JSON become: samples as they are documented."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from halon.incident.alerts import Alert
from halon.intake.problems import BadPayload
from halon.intake.sources import datadog, halon
from halon.intake.sources.reader import Arrived
from halon.intake.sources.readers import READERS
from halon.kit import Source

NOW = "2026-11-22T09:00:00.000Z"
CAPTURES = Path(__file__).parent / "captures"
KINDS = sorted(folder.name for folder in CAPTURES.iterdir() if folder.is_dir() and folder.name in READERS)
TRACE = "0af7651916cd43dd8448eb211c80319c"


def sample(kind: str, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((CAPTURES / kind / f"{name}.json").read_text("utf-8"))
    return found


def arrived(body: Any, headers: dict[str, str] | None = None, most: int = 1000) -> Arrived:
    return Arrived(body, NOW, most, {name.lower(): value for name, value in (headers or {}).items()})


def read(kind: str, name: str, **source: Any) -> list[Alert]:
    """The alerts of a sample, read as from a source of this kind."""
    held = sample(kind, name)
    return READERS[kind].came(arrived(held["body"], held["headers"]), Source("src", kind, "T", **source)).alerts


def brief(alert: Alert) -> tuple[str, ...]:
    return alert.agent, alert.group, alert.rule, alert.status, alert.started_at, alert.ended_at, alert.severity_hint


@pytest.mark.parametrize("kind", KINDS)
def test_every_sample_says_where_its_shape_is_documented(kind: str) -> None:
    """A sample that somebody made up would prove nothing: each names the vendor's page."""
    for file in sorted((CAPTURES / kind).glob("*.json")):
        held = json.loads(file.read_text("utf-8"))
        assert len(held["documented"]) > 20, file
        assert set(held) >= {"documented", "headers", "body"}, file


def test_grafana_is_alertmanagers_shape_and_more() -> None:
    """Times with an offset become UTC, the value that fired is a label, and stands in for a missing summary."""
    support, billing = read("grafana", "firing")
    assert brief(support) == (
        "support-bot",
        "RefundRate",
        "RefundRate",
        "firing",
        "2026-11-22T07:51:03.157Z",
        "",
        "critical",
    )
    assert (support.summary, support.fingerprint) == ("Refunds per minute are far above usual", "c6eadffa33fcdf37")
    assert support.labels["value"].startswith("[ var='B'")
    assert (billing.agent, billing.summary) == ("billing-bot", "")
    (over,) = read("grafana", "resolved")
    assert (over.fingerprint, over.started_at, over.status) == (support.fingerprint, support.started_at, "resolved")
    assert over.ended_at == "2026-11-22T08:05:00.000Z"


def test_grafana_says_how_many_it_left_out() -> None:
    """The count goes into the metrics as with Alertmanager; a rule without data is an alert of its own name."""
    held = sample("grafana", "no_data")
    assert READERS["grafana"].left_out(held["body"]) == 4
    assert [one.rule for one in read("grafana", "no_data")] == ["DatasourceNoData"]


def test_datadog_by_the_template_that_is_shipped() -> None:
    """One key from trigger to recovery, the tags are labels, and the title loses what changes."""
    (fired,), (over,) = read("datadog", "triggered"), read("datadog", "recovered")
    rule = "Unauthorised tool calls"
    assert brief(fired) == ("support-bot", rule, rule, "firing", "2026-11-22T08:16:16.528Z", "", "P1")
    assert fired.fingerprint == over.fingerprint == "9bd4ac313a4d1e8fae2482df7b77628"
    assert (over.status, over.rule, over.ended_at) == ("resolved", rule, over.started_at)
    assert {"env": "prod", "team": "ai", "monitor_id": "1234"}.items() <= fired.labels.items()
    assert fired.summary.startswith("sum(last_5m)")


def test_datadog_leaves_variables_as_they_are_where_it_has_nothing() -> None:
    """They are no values: the other key, the type and the title stand in. The agent comes by its service or monitor."""
    (found,) = read("datadog", "unfilled", agents={"support": "support-bot"})
    assert (found.agent, found.fingerprint, found.severity_hint) == ("support-bot", "0c5b6f1f2f7e4b0e", "error")
    assert (found.status, found.summary) == ("firing", "Unauthorised tool calls")
    assert "$" not in str(found)
    (by_monitor,) = read("datadog", "unfilled", agents={"1234": "billing-bot"})
    assert by_monitor.agent == "billing-bot"


def test_the_datadog_template_on_disk_is_the_one_that_is_read() -> None:
    """Docs, package and reader say the same: every field of the template is one that the reader knows."""
    shipped = json.loads(files("halon_templates").joinpath("sources/datadog.template.json").read_text("utf-8"))
    assert shipped == datadog.TEMPLATE
    assert set(shipped) == set(datadog.DatadogDelivery.model_fields)


def test_a_sentry_issue_alert_is_a_moment() -> None:
    """The agent by tag, the rule that triggered, the trace id; Sentry never says that it is over, so it does not last."""
    (found,) = read("sentry", "event_alert")
    at = "2026-11-22T08:16:15.677Z"
    assert brief(found) == (
        "support-bot",
        "Very important alert rule",
        "Very important alert rule",
        "firing",
        at,
        at,
        "error",
    )
    assert (found.fingerprint, found.trace_id, found.lasts) == ("issue-1170820242", TRACE, False)
    assert found.summary == "PolicyViolation: send_email is not allowed"
    assert (found.labels["project"], found.labels["environment"]) == ("agents", "production")


def test_a_sentry_metric_alert_lasts_until_it_is_resolved() -> None:
    """Both deliveries are one alert: same fingerprint, same start."""
    (fired,), (over,) = read("sentry", "metric_alert_critical"), read("sentry", "metric_alert_resolved")
    assert brief(fired) == (
        "support-bot",
        "Too many errors",
        "Too many errors",
        "firing",
        "2026-11-22T08:00:00.000Z",
        "",
        "critical",
    )
    assert (over.fingerprint, over.started_at, over.status) == (fired.fingerprint, fired.started_at, "resolved")
    assert (over.ended_at, fired.lasts) == ("2026-11-22T08:30:00.000Z", True)


def test_what_else_sentry_sends_is_no_alert() -> None:
    """An installation, a comment, an assignment: acknowledged, and nothing comes of them."""
    assert [read("sentry", name) for name in ("installation", "comment", "issue_assigned")] == [[], [], []]
    (created,), (settled,) = (
        read("sentry", "issue_created", agents={"front-end": "web-bot"}),
        read("sentry", "issue_resolved"),
    )
    assert (created.agent, created.rule, created.status) == ("web-bot", "ReferenceError", "firing")
    assert (settled.status, settled.fingerprint) == ("resolved", created.fingerprint)


def test_sentry_without_its_header_is_known_by_its_data() -> None:
    """A proxy may drop the header; where nothing tells what it is, it is refused."""
    body = sample("sentry", "metric_alert_critical")["body"]
    (found,) = READERS["sentry"].read(arrived(body), Source("s", "sentry", "T"))
    assert found.rule == "Too many errors"
    with pytest.raises(BadPayload, match="Sentry-Hook-Resource"):
        READERS["sentry"].read(arrived({"action": "x", "data": {}}), Source("s", "sentry", "T"))


def test_langsmith_alerts_are_moments() -> None:
    """The project is the agent unless the kit or the request body says otherwise; value and threshold are the summary."""
    (found,) = read("langsmith", "threshold", agents={"support-bot-prod": "support-bot"})
    at = "2026-11-22T08:16:15.000Z"
    assert brief(found) == ("support-bot", "Errored runs", "Errored runs", "firing", at, at, "")
    assert found.fingerprint == "550e8400-e29b-41d4-a716-446655440000"
    assert found.summary == "error_count is 47, and 10 is the threshold"
    (own,) = read("langsmith", "own_keys", severity={"page": "SEV2"})
    assert (own.agent, own.group, own.severity_hint) == ("support-bot", "quality", "SEV2")


def test_a_cloud_event_of_any_type_is_an_alert_of_that_type() -> None:
    """Source and id make it the same event when it is sent again; the trace comes from the tracing extension."""
    (found,) = read("cloudevents", "by_type")
    rule, at = "com.example.agent.policy_violation", "2026-11-22T08:16:15.000Z"
    assert brief(found) == ("support-bot", rule, rule, "firing", at, at, "high")
    assert (found.trace_id, found.summary, found.labels["tool"]) == (TRACE, "A blocked tool was called", "send_email")
    assert found == read("cloudevents", "by_type")[0]


def test_cloud_events_carry_halons_own_json() -> None:
    """One at a time or in a batch, plain or in base64; a type that ends in .resolved ends something."""
    (one,) = read("cloudevents", "own_json")
    assert brief(one)[:4] == ("support-bot", "UnauthorisedMail", "UnauthorisedMail", "firing")
    assert (one.started_at, one.trace_id, one.lasts) == ("2026-11-22T08:16:15.000Z", TRACE, True)
    own, over = read("cloudevents", "batch")
    assert (own.rule, own.severity_hint, over.status) == ("UnauthorisedMail", "critical", "resolved")
    assert over.agent == "/agents/support-bot"


def test_a_wrong_event_in_a_batch_is_named() -> None:
    """The place holds the number of the event, and the field in its data."""
    body = sample("cloudevents", "batch")["body"]
    source = Source("s", "cloudevents", "T")
    for changed, where in (
        ({**body[1], "specversion": "0.3"}, "[1].specversion"),
        ({**body[0], "data_base64": "!"}, "[1].data_base64"),
        ({**body[0], "data_base64": None, "data": {"rule": ""}}, "[1].data.rule"),
        ("text", "[1]"),
    ):
        with pytest.raises(BadPayload) as caught:
            READERS["cloudevents"].read(arrived([body[0], changed]), source)
        assert caught.value.where == where


def test_halons_own_json_one_or_several() -> None:
    """An id is the fingerprint; without one, agent, rule and labels make it. A moment does not last."""
    (one,) = read("halon", "one")
    assert brief(one) == (
        "support-bot",
        "UnauthorisedMail",
        "UnauthorisedMail",
        "firing",
        "2026-11-22T08:16:00.000Z",
        "",
        "critical",
    )
    assert (one.fingerprint, one.trace_id, one.labels["tool"]) == ("mail-guard-4711", TRACE, "send_email")
    moment, over = read("halon", "several")
    assert (moment.agent, moment.group, moment.lasts, len(moment.fingerprint)) == ("support-bot", "mail", False, 16)
    assert (over.agent, over.status, over.ended_at) == ("billing-bot", "resolved", "2026-11-22T08:20:00.000Z")


@pytest.mark.parametrize(
    ("changes", "where"),
    [({"rule": " "}, "rule"), ({"started_at": "soon"}, "started_at"), ({"sevrity": "high"}, "sevrity"),
     ({"labels": {"a": 1}}, "labels.a"), ({"status": "open"}, "status"), ({"started_at": None}, "started_at")],
)  # fmt: skip
def test_a_misspelt_key_of_halons_own_json_is_named(changes: dict[str, Any], where: str) -> None:
    """Who writes the sender learns of it at the first try."""
    with pytest.raises(BadPayload) as caught:
        READERS["halon"].read(arrived({**halon.EXAMPLE, **changes}), Source("s", "halon", "T"))
    assert caught.value.where == where


def test_the_one_agent_of_a_source_and_its_words_for_severity() -> None:
    """The kit says whose alerts they are where they name nobody, and what the sender's word means."""
    source = Source("s", "halon", "T", agent="support-bot", severity={"critical": "SEV1"})
    body = {"rule": "R", "started_at": NOW, "severity": "Critical"}
    (found,) = READERS["halon"].came(arrived(body), source).alerts
    assert (found.agent, found.severity_hint) == ("support-bot", "SEV1")
    (named,) = READERS["halon"].came(arrived({**body, "agent": "other-bot"}), source).alerts
    assert named.agent == "other-bot"
    (nobody,) = READERS["halon"].came(arrived(body), replace(source, agent="")).alerts
    assert nobody.agent == "unknown"
