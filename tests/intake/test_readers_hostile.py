"""Whatever a sender writes, a reader gives alerts or a refusal that names the place; never anything else."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from halon.incident.alerts import Alert, timed
from halon.intake.problems import BadPayload
from halon.intake.sources import fields
from halon.intake.sources.reader import Arrived
from halon.intake.sources.readers import READERS
from halon.kit import Source

NOW = "2026-11-22T09:00:00.000Z"
CAPTURES = Path(__file__).parent / "captures"
OWN = sorted(set(READERS) - {"mapped"})
"""Kinds whose reader knows the payload; the mapped source has tests of its own."""
HEADERS = st.dictionaries(
    st.just("sentry-hook-resource"),
    st.sampled_from(["event_alert", "metric_alert", "issue", "installation", "", "\xff"]),
)
JSON = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.just(10**400), st.floats(allow_nan=False, allow_infinity=False),
        st.text(max_size=40), st.sampled_from(["firing", "2026-11-22T08:00:00Z", "1795335376528", "a\x00\n\u2028b"]),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=12), inner, max_size=4)),
    max_leaves=12,
)  # fmt: skip
ODD = [10**5000, -(10**5000), 1e308, None, [], {}, True, ""]
REPORT = {
    "reporter": "ann",
    "agent": "bot",
    "summary": "It did.",
    "what": "data_leak",
    "seen_at": "2026-11-22T08:00:00Z",
}


def samples(kind: str) -> list[Any]:
    """The bodies of a kind that are documented or were recorded."""
    if kind == "report":
        return [REPORT]
    if kind == "alertmanager":
        held = json.loads((CAPTURES / "alertmanager.json").read_text("utf-8"))
        return [one["body"] for one in held["deliveries"]]
    return [json.loads(file.read_text("utf-8"))["body"] for file in sorted((CAPTURES / kind).glob("*.json"))]


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a JSON value, the whole of it too."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(place for name, one in inside for place in places(one, (*at, name)))]


def put(body: Any, place: tuple[Any, ...], value: Any) -> Any:
    """``body`` with ``value`` at ``place``."""
    if not place:
        return value
    changed = copy.deepcopy(body)
    inner = changed
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = value
    return changed


@st.composite
def mutated(draw: st.DrawFn, kind: str) -> Any:
    """A sample of ``kind`` with one or two of its places put to something else."""
    body = draw(st.sampled_from(samples(kind)))
    for _ in range(draw(st.integers(1, 2))):
        body = put(body, draw(st.sampled_from(places(body))), draw(JSON))
    return body


def taken(kind: str, body: Any, headers: dict[str, str]) -> list[Alert]:
    """What the reader makes of it, each alert held against what an incident relies on; a refusal is no alerts."""
    source = Source("src", kind, "T", agents={"x": "y"}, severity={"high": "SEV2"})
    try:
        alerts = READERS[kind].came(Arrived(body, NOW, 50, headers), source).alerts
    except BadPayload as refused:
        return [] if refused.where and len(refused.members["errors"]) <= 20 else pytest.fail("no place is named")
    assert len(alerts) <= 50
    for alert in alerts:
        timed(alert)  # raises where a time is none
        assert alert.agent
        assert alert.rule
        assert alert.group
        assert alert.fingerprint == fields.identifier(alert.fingerprint) != ""
        assert len(alert.summary) <= fields.LONGEST_SUMMARY
        assert len(alert.labels) <= fields.MOST_LABELS
        assert max((len(value) for value in alert.labels.values()), default=0) <= fields.LONGEST_VALUE
        assert not any(char < " " or char in "\x7f\u2028" for char in alert.agent + alert.rule + alert.group)
        assert READERS[kind].left_out(body) >= 0
    return alerts


@pytest.mark.parametrize("kind", OWN)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(body=JSON, headers=HEADERS)
def test_any_json_at_all(kind: str, body: Any, headers: dict[str, str]) -> None:
    """Lists where objects are meant, numbers of thousands of digits, control characters: alerts or a refusal."""
    assert isinstance(taken(kind, body, headers), list)


@pytest.mark.parametrize("kind", OWN)
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_sample_with_something_else_in_one_place(kind: str, data: st.DataObject) -> None:
    """What nearly fits is the harder case: one field is of another type, or gone."""
    assert isinstance(taken(kind, data.draw(mutated(kind)), data.draw(HEADERS)), list)


@pytest.mark.parametrize("kind", OWN)
def test_the_samples_themselves_are_taken(kind: str) -> None:
    """The two tests above start from something that works: at least one sample of each kind is an alert."""
    assert any(taken(kind, body, {}) for body in samples(kind))


@pytest.mark.parametrize("kind", sorted(set(OWN) - {"report"}))
def test_no_part_of_a_sample_is_so_long_that_it_costs_time_or_room(kind: str) -> None:
    """Each text of a sample at 300,000 characters: taken or refused, and what is kept is short."""
    body = samples(kind)[0]
    for place in places(body):
        inner = body
        for step in place:
            inner = inner[step]
        if isinstance(inner, str):
            alerts = taken(kind, put(body, place, "ann@example.com " * 20_000), {})
            assert all("ann@example.com" not in str(alert) for alert in alerts), place


@pytest.mark.parametrize("kind", OWN)
@pytest.mark.parametrize("value", ODD, ids=range(len(ODD)))
def test_the_same_odd_value_in_each_place(kind: str, value: Any) -> None:
    """A number that Python will not write out, an empty text, nothing: in every place of a sample."""
    body = samples(kind)[0]
    assert all(isinstance(taken(kind, put(body, place, value), {}), list) for place in places(body))
