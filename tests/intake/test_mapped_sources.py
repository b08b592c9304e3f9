"""Mapped sources: what the shipped files make of their samples, and what any file makes of any payload."""

from __future__ import annotations

import copy
import json
from dataclasses import asdict, replace
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from halon.incident.alerts import Alert
from halon.intake.problems import BadPayload
from halon.intake.sources import fields, mapped
from halon.intake.sources.reader import Arrived
from halon.kit import Source, load, starter_path
from halon.kit.mapping import Mapped
from halon.kit.picking import Pick
from halon.kit.shipped import shipped

RECEIVED = "2026-11-22T09:00:00.000Z"
EXPECTED: dict[str, dict[str, Any]] = {
    "langfuse": {
        "agent": "proj_xyz789", "rule": "monitor_abc123", "group": "monitor_abc123", "status": "firing",
        "fingerprint": "monitor_abc123", "started_at": "2024-07-10T10:30:00.000Z", "severity_hint": "ALERT",
        "summary": "avg latency crossed alert threshold: avg latency is 1234 ms (threshold: 1000 ms) over the last 1 hour",
    },
    "arize": {
        "agent": "unknown", "rule": "online_task.run.failed", "group": "online_task.run.failed", "status": "firing",
        "started_at": RECEIVED, "labels": {"event": "online_task.run.failed"},
    },
    "mlflow": {
        "agent": "ep-abc123", "rule": "budget-exceeded", "group": "runaway_spend", "status": "firing",
        "started_at": "2026-11-22T16:58:59.609Z",
    },
    "cloudwatch": {
        "agent": "support-bot", "rule": "AgentSpendSpike", "group": "runaway_spend", "status": "firing",
        "started_at": "2026-11-22T08:16:15.123Z",
        "labels": {"agent": "support-bot", "stage": "production", "region": "EU (Ireland)", "metric": "Agents/SpendPerHour"},
    },
    "cloudwatch-eventbridge": {
        "agent": "support-bot", "rule": "AgentSpendSpike", "group": "runaway_spend", "status": "firing",
        "started_at": "2026-11-22T08:16:15.123Z",
        "labels": {"agent": "support-bot", "stage": "production", "region": "eu-west-1", "metric": "Agents/SpendPerHour"},
    },
    "splunk": {
        "agent": "support-bot", "rule": "AgentUnauthorisedToolAction", "group": "unauthorised_tool_action",
        "status": "firing", "started_at": RECEIVED, "severity_hint": "high",
        "summary": "8 refunds above 1,000 EUR within five minutes",
    },
    "elastic": {
        "agent": "support-bot", "rule": "AgentPiiInOutput", "group": "data_leak", "status": "firing",
        "started_at": "2026-11-22T08:16:15.508Z", "severity_hint": "critical",
    },
}  # fmt: skip
RECOVERED = {
    "langfuse": ("/payload/severity", "OK"),
    "cloudwatch": ("/Message/NewStateValue", "OK"),
    "cloudwatch-eventbridge": ("/detail/state/value", "OK"),
    "splunk": ("/result/status", "resolved"),
    "elastic": ("/status", "recovered"),
}
IGNORED = {
    "cloudwatch-eventbridge": {"detail-type": "CloudWatch Alarm Configuration Change", "source": "aws.cloudwatch"},
    "langfuse": {"type": "prompt-version", "action": "created", "prompt": {"name": "movie-critic"}},
    "arize": {"event": "prompt.version.labeled"},
    "mlflow": {"entity": "registered_model", "action": "created", "data": {"name": "m"}},
    "cloudwatch": {
        "Type": "SubscriptionConfirmation",
        "Token": "2336412f",
        "Message": "You have chosen to subscribe to the topic.",
        "SubscribeURL": "http://127.0.0.1:1/?Action=ConfirmSubscription",
    },
}


@pytest.fixture(scope="module")
def kit() -> Any:
    """The starter kit with every shipped file in its folder."""
    return load(starter_path(), {}, {one.file: one.text for one in shipped().values()})


def _read(source: Any, body: Any, most: int = 1000) -> Any:
    return mapped.read(Arrived(body, RECEIVED, most), source)


def _either(source: Any, body: Any) -> tuple[list[Alert], str]:
    """The alerts, or what the refusal says. Any other error comes through."""
    try:
        return _read(source, body, 3), ""
    except BadPayload as refused:
        return [], str(refused)


def _sender(**changes: Any) -> Source:
    usual = {"rule": Pick(("/name",)), "fingerprint": Pick(("/id",)), "agent": Pick(("/agent",))}
    picks = {**usual, **changes.pop("fields", {})}
    return Source("theirs", "mapped", "THEIR_TOKEN", mapping=Mapped("sources/theirs.yaml", picks, **changes))


def test_every_shipped_file_is_expected_here() -> None:
    """None is shipped untested."""
    assert set(shipped()) == set(EXPECTED)


@pytest.mark.parametrize("name", list(EXPECTED))
def test_a_shipped_file_makes_one_alert_of_its_sample(kit: Any, name: str) -> None:
    """With the detections of the starter kit, each sample becomes the alert that a person would have written."""
    [alert] = _read(kit.sources[name], json.loads(shipped()[name].sample))
    assert {key: value for key, value in asdict(alert).items() if key in EXPECTED[name]} == EXPECTED[name]
    assert alert.source == name
    assert alert.fingerprint
    again = _read(kit.sources[name], json.loads(shipped()[name].sample))
    assert [one.identity for one in again] == [alert.identity]


@pytest.mark.parametrize("name", list(RECOVERED))
def test_what_recovers_has_the_fingerprint_of_what_fired(kit: Any, name: str) -> None:
    """A resolved alert finds the incident of the alert that fired, and says when it ended."""
    fired = json.loads(shipped()[name].sample)
    over = copy.deepcopy(fired)
    pointer, word = RECOVERED[name]
    *way, last = pointer.strip("/").split("/")
    if way == ["Message"]:
        over["Message"] = json.dumps({**json.loads(over["Message"]), last: word})
    else:
        held = over
        for step in way:
            held = held[step]
        held[last] = word
    [first], [second] = _read(kit.sources[name], fired), _read(kit.sources[name], over)
    assert (second.status, second.fingerprint, second.rule) == ("resolved", first.fingerprint, first.rule)
    assert second.ended_at
    assert not first.ended_at


@pytest.mark.parametrize("name", list(IGNORED))
def test_what_is_no_alarm_is_taken_and_nothing_comes_of_it(kit: Any, name: str) -> None:
    """A changed prompt, a new model, a subscription to confirm: no alert, and no link is followed."""
    reading = mapped.explain(Arrived(IGNORED[name], RECEIVED), kit.sources[name])
    assert reading.alerts == []
    assert reading.ignored


def test_the_template_to_paste_is_what_the_sample_was_made_from() -> None:
    """Elastic's body is the user's own: template and sample have the same keys."""
    elastic = shipped()["elastic"]
    assert list(json.loads(elastic.template)) == list(json.loads(elastic.sample))


def test_a_list_of_alerts_with_what_they_have_in_common() -> None:
    """Pointers go into each alert; ``of: delivery`` goes into the whole; a status that is ignored drops its alert."""
    status = Pick(("/state",), {"bad": "firing", "good": "resolved", "dull": "ignored"})
    sender = _sender(
        alerts="/data/items",
        fields={"status": status, "agent": Pick(("/bot",), whole=True), "started_at": Pick(("/at",), format="epoch_s")},
    )
    items = [
        {"name": "r", "id": f"a{n}", "state": word, "at": 1795334400 + n}
        for n, word in enumerate(("bad", "dull", "good"))
    ]
    reading = mapped.explain(Arrived({"bot": "b1", "data": {"items": items}}, RECEIVED), sender)
    told = [(one.agent, one.status, one.fingerprint, one.started_at) for one in reading.alerts]
    assert told == [
        ("b1", "firing", "a0", "2026-11-22T08:00:00.000Z"),
        ("b1", "resolved", "a2", "2026-11-22T08:00:02.000Z"),
    ]
    assert reading.ignored == ["the status of 1 of 3 alerts is mapped to ignored"]


@pytest.mark.parametrize(("form", "value"), [("iso", "2026-11-22T09:00:00+01:00"), ("epoch_s", 1795334400), ("epoch_s", "1795334400.0"),
                                             ("epoch_ms", 1795334400000), ("epoch_ns", 1795334400000000000)])  # fmt: skip
def test_times_as_senders_write_them(form: str, value: Any) -> None:
    """ISO 8601, or a count since 1970 in the unit that the file names."""
    sender = _sender(fields={"started_at": Pick(("/at",), format=form)})
    [alert] = _read(sender, {"name": "r", "id": "x", "agent": "b", "at": value})
    assert alert.started_at == "2026-11-22T08:00:00.000Z"


WRONG: list[tuple[dict[str, Any], Any, str, str]] = [
    ({}, {"id": "x", "agent": "b"}, "/name", "nothing is there, and sources/theirs.yaml maps rule to it"),
    ({}, {"name": "r", "agent": "b"}, "/id", "sources/theirs.yaml maps fingerprint to it"),
    ({}, {"name": "r", "id": "x"}, "/agent", "sources/theirs.yaml maps agent to it"),
    ({"fields": {"rule": Pick(("/a", "/b"))}}, {}, "/a", "nor at /b"),
    ({"fields": {"status": Pick(("/s",), {"up": "firing"})}}, {"s": "down"}, "/s", "does not have (it has up)"),
    ({"fields": {"status": Pick(("/s",))}}, {}, "/s", "maps status to it"),
    ({"fields": {"started_at": Pick(("/at",))}}, {"name": "r", "id": "x", "agent": "b", "at": "noon"}, "/at", "not a time"),
    ({"fields": {"started_at": Pick(("/at",), format="epoch_ms")}}, {"name": "r", "id": "x", "agent": "b", "at": -1}, "/at",
     "not a time as epoch_ms"),
    ({"alerts": "/items"}, {}, "/items", "sources/theirs.yaml has alerts: point at it"),
    ({"alerts": "/items"}, {"items": {}}, "/items", "not a list"),
    ({"alerts": "/items"}, {"items": [{"name": "r", "id": "x", "agent": "b"}, 7]}, "/items/1/name", "nothing is there"),
    ({"parse_json": ("/m",), "fields": {"rule": Pick(("/m/name",))}}, {"m": "plain text"}, "/m/name", "the text at /m is no JSON"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "body", "where", "why"), WRONG)
def test_what_is_not_found_is_named_with_its_pointer_and_file(changes: Any, body: Any, where: str, why: str) -> None:
    """Whoever reads the refusal knows which line of which file to correct."""
    with pytest.raises(BadPayload) as caught:
        _read(_sender(**copy.deepcopy(changes)), body, 5)
    assert caught.value.where == where
    assert why in str(caught.value)


def test_a_refusal_repeats_nothing_of_the_payload() -> None:
    """What a payload says stays out of answers and logs."""
    sender = _sender(fields={"status": Pick(("/s",), {"up": "firing"})})
    with pytest.raises(BadPayload) as caught:
        _read(sender, {"s": "ann@acme.example"})
    assert "ann@" not in str(caught.value)


def test_texts_are_redacted_and_data_stays_data() -> None:
    """Secrets are masked wherever they stand; what looks like a template or markup is kept as the letters it is."""
    sender = _sender(fields={"summary": Pick(("/text",)), "labels": Pick(("/tags",))})
    body = {"name": "{{7*7}} ann@acme.example", "id": "x", "agent": "b", "text": "key sk-ant-api03-abcdefghijklmnopqrstuv\nand ${HOME}",
            "tags": {"password": "hunter2", "note": "${jndi:ldap://x}"}}  # fmt: skip
    [alert] = _read(sender, body)
    assert alert.rule == "{{7*7}} [email]"
    assert "sk-ant" not in alert.summary
    assert "\n" not in alert.summary
    assert "${HOME}" in alert.summary
    assert alert.labels == {"password": "[secret]", "note": "${jndi:ldap://x}"}


def test_json_in_text_in_json_is_read_as_deep_as_the_file_says() -> None:
    """Each text is named by its pointer, in order; the payload itself is not changed."""
    sender = _sender(parse_json=("/outer", "/outer/inner"), fields={"rule": Pick(("/outer/inner/rule",))})
    body = {"id": "x", "agent": "b", "outer": json.dumps({"inner": json.dumps({"rule": "deep"})})}
    before = copy.deepcopy(body)
    [alert] = _read(sender, body)
    assert alert.rule == "deep"
    assert body == before


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40),
    lambda inside: st.lists(inside, max_size=4) | st.dictionaries(st.text(max_size=8) | st.sampled_from(["name", "id", "items"]), inside, max_size=5),
    max_leaves=20,
)  # fmt: skip
FULL = _sender(
    alerts="",
    parse_json=("/m", "/m/m"),
    when=(("/kind", ("alert", 1, None, True)),),
    unless=(("/skip", (True,)),),
    labels={"one": Pick(("/l",)), "two": Pick(("/x", "/y"), join=" ")},
    fields={
        "agent": Pick(("/agent",), {"a": "b"}, default="unknown"),
        "group": Pick(("/group",)),
        "rule": Pick(("/name", ""), default="unnamed"),
        "status": Pick(("/status",), {"x": "firing", "y": "resolved"}, default="firing"),
        "fingerprint": Pick(("/id", "")),
        "started_at": Pick(("/at",), format="epoch_ms"),
        "ended_at": Pick(("/end",)),
        "severity_hint": Pick(("/severity",)),
        "summary": Pick(("/text", "/m/text"), join=": "),
        "trace_id": Pick(("/trace",)),
        "labels": Pick(("/labels", "")),
    },
)
NAMED = st.fixed_dictionaries(
    {"kind": st.sampled_from(["alert", 1, None, True])},
    optional=dict.fromkeys(("agent", "group", "name", "status", "id", "at", "end", "severity", "text", "m", "trace", "labels", "items",
                            "skip"), JSON),
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(NAMED | JSON, st.sampled_from(["", "/items", "/m/items"]))
@example({"kind": "alert", "id": 10**400, "at": float("nan"), "m": "[" * 5000}, "")
@example({"kind": "alert", "id": "x", "name": "é" * 100_000, "labels": {str(n): "v" for n in range(3_000)}}, "")
@example({"kind": "alert", "m": '{"m": "{\\"text\\": 1}"}', "end": "0001-01-01T00:00:00Z", "at": "1e999"}, "")
def test_any_payload_is_alerts_or_a_refusal_and_stays_within_bounds(body: Any, alerts: str) -> None:
    """Whatever arrives: BadPayload or alerts with bounded texts on one line, never another error."""
    assert FULL.mapping is not None
    sender = replace(FULL, mapping=replace(FULL.mapping, alerts=alerts))
    found, told = _either(sender, body)
    assert len(told) < 2_000
    assert len(found) <= 3
    for alert in found:
        assert alert.agent
        assert alert.rule
        assert alert.fingerprint
        assert len(alert.labels) <= fields.MOST_LABELS
        texts = (alert.agent, alert.group, alert.rule, alert.severity_hint, alert.trace_id, alert.fingerprint)
        assert max(map(len, texts)) <= 128
        assert len(alert.summary) <= fields.LONGEST_SUMMARY
        assert all(len(name) <= 500 and len(value) <= fields.LONGEST_VALUE for name, value in alert.labels.items())
        assert not any("\n" in text for text in (*texts, alert.summary, *alert.labels, *alert.labels.values()))
        json.dumps(asdict(alert), ensure_ascii=False).encode("utf-8")
