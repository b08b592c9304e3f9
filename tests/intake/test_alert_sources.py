"""What a source sends becomes alerts: redacted, bounded, with times in UTC."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from halon.incident.alerts import Alert
from halon.intake.problems import BadPayload
from halon.intake.sources import alertmanager, fields, report
from halon.intake.sources.reader import Arrived
from halon.kit import Source

NOW = "2026-11-22T09:00:00.000Z"


SOURCE = Source("am", "alertmanager", "AM_TOKEN")


def read(*alerts: dict[str, Any]) -> list[Alert]:
    return alertmanager.read(Arrived({"version": "4", "alerts": list(alerts)}, NOW), SOURCE)


def test_a_captured_alert_field_by_field(captures: Any) -> None:
    """The policy violation that a real Alertmanager sent, with its trace id and nanoseconds."""
    billing, support = alertmanager.read(Arrived(captures[2]["body"], NOW), SOURCE)
    assert support == Alert(
        source="am", agent="support-bot", group="AgentPolicyViolation", rule="AgentPolicyViolation", status="firing",
        fingerprint="a91c65fc4d5126fb", started_at="2026-11-22T08:18:28.246Z", received_at=NOW, ended_at="",
        severity_hint="page", summary="blocked tool called 7 times",
        labels={"agent": "support-bot", "alertname": "AgentPolicyViolation", "severity": "page", "tenant": "acme",
                "tool": "send_email"},
        trace_id="0af7651916cd43dd8448eb211c80319c",
    )  # fmt: skip
    assert (billing.summary, billing.trace_id) == ("unicode ünïcødé ✓", "")


def test_firing_and_resolved_of_one_alert_differ_in_status_alone(captures: Any) -> None:
    """The resolved delivery has the same fingerprint and start, and only it has an end."""
    (firing,), (resolved,) = (alertmanager.read(Arrived(captures[n]["body"], NOW), SOURCE) for n in (0, 3))
    assert (firing.fingerprint, firing.started_at) == (resolved.fingerprint, resolved.started_at)
    assert (firing.ended_at, resolved.ended_at) == ("", "2026-11-22T08:18:29.508Z")
    assert firing.identity != resolved.identity


def test_what_is_missing_has_a_name(alert: Any) -> None:
    """No agent label: agent unknown. No group label: the rule. No rule: unnamed. No start: when it arrived."""
    (found,) = read(alert("x") | {"labels": {}, "annotations": {}, "startsAt": "0001-01-01T00:00:00Z"})
    assert (found.agent, found.group, found.rule) == ("unknown", "unnamed", "unnamed")
    assert (found.started_at, found.summary, found.trace_id) == (NOW, "", "")


def test_the_kit_says_which_labels_name_agent_and_group(alert: Any) -> None:
    """A source may keep agent and group in labels of its own."""

    other = replace(SOURCE, agent_label="service", group_label="team")
    body = {"version": "4", "alerts": [alert("no", labels={"service": "s", "team": "t"})]}
    (found,) = alertmanager.read(Arrived(body, NOW), other)
    assert (found.agent, found.group, found.rule) == ("s", "t", "Rule")


def test_the_kits_detections_say_which_rules_belong_together(alert: Any) -> None:
    """Two rules of one detection make one incident without a label; a label still comes first."""

    known = replace(SOURCE, groups={"Rule": "data_leak"})
    bare, labelled = alert("no", labels={"agent": "a"}), alert("yes", labels={"agent": "a", "group": "own"})
    found = alertmanager.read(Arrived({"version": "4", "alerts": [bare, labelled]}, NOW), known)
    assert [one.group for one in found] == ["data_leak", "own"]


def test_a_firing_alert_has_no_end(alert: Any) -> None:
    """Alertmanager may send the time at which a firing alert would end by itself: it fires until it is resolved."""
    (found,) = read(alert("a", endsAt="2027-01-01T00:00:00Z"))
    assert (found.status, found.ended_at) == ("firing", "")


def test_a_fingerprint_is_kept_or_made_from_the_labels(alert: Any) -> None:
    """Without a plain fingerprint the labels give one: the same labels the same, other labels another."""
    plain, empty, odd = read(alert("a"), alert("a", fingerprint=""), alert("a", fingerprint="<script>" * 100))
    (other,) = read(alert("a", fingerprint="", labels={"pod": "2"}))
    assert plain.fingerprint == alert("a")["fingerprint"]
    assert empty.fingerprint == odd.fingerprint != other.fingerprint
    assert len(empty.fingerprint) == 16


@pytest.mark.parametrize("where", ["annotations", "labels"])
def test_a_trace_id_is_an_id_or_nothing(alert: Any, where: str) -> None:
    """The trace id comes from annotation or label; text that is no id is not one."""
    good = alert("a") | {where: {**alert("a")[where], "trace_id": " 0af7651916cd43dd "}}
    bad = alert("a") | {where: {**alert("a")[where], "trace_id": "https://evil.example/x y"}}
    assert [found.trace_id for found in read(good, bad)] == ["0af7651916cd43dd", ""]


def test_labels_are_bounded_in_number_and_size(alert: Any) -> None:
    """At most 64 labels, those that name things first; names and values are cut visibly; no control characters."""
    many = {f"a{n:03}": "v" for n in range(200)}
    (found,) = read(alert("z-agent", labels=many | {"severity": "page", "a000": "x" * 5000, "a001": "a\n\x1b[31mb"}))
    assert len(found.labels) == 64
    assert (found.labels["agent"], found.labels["alertname"], found.labels["severity"]) == ("z-agent", "Rule", "page")
    assert found.labels["a000"] == "x" * 499 + "…"
    assert found.labels["a001"] == "a [31mb"


def test_text_is_redacted_before_it_is_cut() -> None:
    """Where text is cut, no part of a secret is left that redaction would have found in the whole."""
    mail = "ann.smith@example.com"
    for before in range(450, 520):
        assert "ann.smith@" not in fields.clean("x" * before + " " + mail)
    assert "ann.smith@" not in fields.clean("word " * 398 + mail + " word" * 5)
    assert len(fields.clean("x" * 1_000_000)) == 500


def test_fields_that_a_later_version_adds_cost_nothing(alert: Any) -> None:
    """A sender drops what was answered with a 4xx, so an unknown field must not refuse an alert."""
    body = {"version": "4", "orgId": 1, "title": "t", "alerts": [alert("a", values={"A": 1}, silenceURL="x")]}
    assert alertmanager.read(Arrived(body, NOW), SOURCE)[0].agent == "a"


@pytest.mark.parametrize(
    ("text", "moment"),
    [("2026-11-22T08:18:28.246857011Z", "2026-11-22T08:18:28.246Z"), ("0001-01-01T00:00:00Z", ""),
     ("2026-11-22T10:00:00+02:00", "2026-11-22T08:00:00.000Z"), ("2026-11-22T08:00:00", "2026-11-22T08:00:00.000Z")],
)  # fmt: skip
def test_times_are_utc(text: str, moment: str) -> None:
    """Nanoseconds are cut, offsets converted, no offset is UTC, and the year 1 is not yet."""
    assert fields.moment(text) == moment


def test_a_report_becomes_one_firing_alert() -> None:
    """What a person says is redacted text under their name; the kind of harm is the group."""
    said = {"reporter": " ann ", "agent": "bot", "summary": "It mailed bob.jones@example.com.", "what": "data_leak",
            "seen_at": "2026-11-22T08:00:00Z", "trace_id": "t-1"}  # fmt: skip
    (found,) = report.read(said, NOW)
    assert (found.source, found.agent, found.group, found.rule, found.status) == (
        "report", "bot", "data_leak", "data_leak", "firing",
    )  # fmt: skip
    assert (found.reporter, found.started_at, found.trace_id) == ("ann", "2026-11-22T08:00:00.000Z", "t-1")
    assert found.summary == "It mailed [email]."
    assert report.read(said, "2026-11-22T09:30:00.000Z")[0].identity == found.identity
    assert report.WHAT[-1] == "other"


def test_a_refusal_names_every_place_and_no_input(alert: Any) -> None:
    """All that is wrong is told at once, up to twenty places."""
    with pytest.raises(BadPayload) as caught:
        read(*(alert("a", status="secret-word") for _ in range(30)))
    told = caught.value.members["errors"]
    assert len(told) == 20
    assert told[1]["where"] == "alerts[1].status"
    assert "secret-word" not in str(told)
