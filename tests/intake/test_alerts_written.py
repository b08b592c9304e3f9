"""An alert as the door writes it holds what the alert holds, and in a storm what counts of it."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import pytest
from pydantic import TypeAdapter

from halon.incident.alerts import Alert
from halon.intake.written import listed, slim, whole, with_raw
from halon_activities import relay
from halon_workflows.batches import alerts_in

BARE = Alert("am", "bot", "group", "Rule", "firing", "fp", "2026-11-22T08:16:15.508Z", "2026-11-22T08:16:16.000Z")
FULL = replace(
    BARE, ended_at="2026-11-22T08:17:00.000Z", severity_hint="warning", summary='It "went" wrong: é', labels={"pod": "a"},
    trace_id="t-1", reporter="ann", raw="evidence/intake/x/1", raw_sha256="0" * 64, marks="0123456789abcdef", more=3,
)  # fmt: skip


@pytest.mark.parametrize("alert", [BARE, FULL])
def test_what_is_written_whole_is_read_as_it_was(alert: Alert) -> None:
    """By the incident from a Signal, and by a relay's activity: a field that says nothing is left out, and missed by none."""
    said = json.loads(b'{"alerts":%b}' % listed([whole(alert), whole(alert)]))
    assert alerts_in(said, "bot", "group") == [alert, alert]
    assert TypeAdapter(tuple[Alert, ...]).validate_json(listed([whole(alert)])) == (alert,)


@pytest.mark.parametrize("write", [whole, slim])
@pytest.mark.parametrize("name", ["rule", "fingerprint", "started_at"])
def test_an_alert_that_lacks_something_costs_no_other_alert(write: Callable[[Alert], bytes], name: str) -> None:
    """A relay's batch holds alerts of many senders: it is read whole, also where one of them is odd."""
    nothing: dict[str, Any] = {name: ""}
    odd = replace(BARE, **nothing)
    packed = base64.b64encode(zlib.compress(listed([write(BARE), write(odd), write(BARE)]))).decode()
    assert relay._unpacked(packed) == (BARE, odd, BARE)


def test_every_field_is_written() -> None:
    """The full alert says something in each field, and each stands in its JSON."""
    names = [field.name for field in fields(Alert)]
    assert all(getattr(FULL, name) for name in names)
    assert list(json.loads(whole(FULL))) == names


def test_slim_is_all_but_labels_and_summary() -> None:
    """Who, what and when stay; what it is known by stays the same."""
    (read,) = alerts_in({"alerts": [json.loads(slim(FULL))]}, "bot", "group")
    assert read == replace(FULL, labels={}, summary="")
    assert read.mark == FULL.mark


@pytest.mark.parametrize("alert", [BARE, FULL])
def test_a_payloads_place_is_all_that_changes(alert: Alert) -> None:
    """The alert that was read, with where its payload lies."""
    changed: dict[str, Any] = {"raw": "evidence/intake/y/2", "raw_sha256": "1" * 64}
    assert with_raw(alert, "evidence/intake/y/2", "1" * 64) == replace(alert, **changed)
