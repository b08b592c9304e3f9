"""Detect and evidence: what the agent's own traces and log show, sealed as they were, and nothing made up."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from temporalio.client import Client
from temporalio.exceptions import ApplicationError

from halon.drill.launch import RunningAgent
from halon.evidence.seal import read_sidecar, verify_sealed
from halon.incident import times
from halon.incident.alerts import Alert
from halon.incident.facts import held
from halon.ports.detect import Forward, Look
from halon.ports.evidence import Collect
from halon_activities.corroboration import facts_from
from halon_activities.detect import Detect
from halon_activities.evidence import Evidence
from halon_activities.hands import Hands
from halon_activities.telemetry import deeds_in, deeds_of, spans_in

INCIDENT = "incident-support-bot.unauthorised-tool:run-1"
AT = "2026-11-22T08:00:00Z"


def hour_ago() -> str:
    return times.text(datetime.now(UTC) - timedelta(hours=1))


async def test_an_attack_is_confirmed_from_the_agents_own_log_and_traces(
    hands: Hands, as_incident: Any, attacked: RunningAgent
) -> None:
    """Each fact names its source; people are counted where the log names them; what the agent says is a claim."""
    seen = await as_incident(Detect(hands).corroborate, Look(INCIDENT, "support-bot", hour_ago()))
    facts = held(seen.facts)
    assert seen.reachable is True
    assert facts["confirmed"] is True
    assert facts["ongoing"] is True
    assert facts["unauthorised_tool_actions"] == ["send_email"]
    assert (facts["external_recipient"], facts["irreversible_tool_action"]) == (True, True)
    assert facts["affected_individuals"] == {"low": 6, "high": 6}
    assert facts["records_count"] >= 6
    assert facts["personal_data_involved"] is True
    assert set(facts["data_categories"]) >= {"basic_contact", "financial_account"}
    assert facts["untrusted_instruction"] is True
    assert facts["agent_version"] == "1.0.0"
    assert facts["affected_sessions"] == 1
    assert facts["trace_ids"] == list(seen.trace_ids)
    assert {fact.source for fact in seen.facts if not fact.claim} == {"trace", "action-log"}
    assert {fact.name for fact in seen.facts if fact.claim} == {
        "config_hash",
        "toolset",
        "agent_version",
        "agent_reply",
    }


async def test_no_personal_data_gets_into_the_facts(hands: Hands, as_incident: Any, attacked: RunningAgent) -> None:
    """Facts go into histories: customers' addresses, cards and keys stay in the evidence."""
    seen = await as_incident(Detect(hands).corroborate, Look(INCIDENT, "support-bot", hour_ago()))
    written = json.dumps([[fact.name, fact.value] for fact in seen.facts]) + seen.note
    assert "@" not in written
    assert "sbx_fake" not in written
    assert "4111" not in written


async def test_an_agent_that_cannot_be_seen_leaves_everything_unknown(make_hands: Any, as_incident: Any) -> None:
    """Unreachable, or not in the kit: no fact at all, and a note that says why."""
    for agent, why in (("support-bot", "can't be reached"), ("stranger", "no agent")):
        seen = await as_incident(Detect(make_hands()).corroborate, Look(INCIDENT, agent, hour_ago()))
        assert (seen.reachable, seen.facts) == (False, ())
        assert why in seen.note


def deed(**changes: Any) -> dict[str, Any]:
    made: dict[str, Any] = {"id": "1", "at": AT, "session": "s", "tool": "lookup", "arguments": {}, "status": "done", "reason": None,
            "trace_id": "t", "credential": "c", "authorised": False}  # fmt: skip
    return made | changes


def facts_of(*rows: dict[str, Any], now: str = "2026-11-22T08:05:00Z") -> dict[str, Any]:
    deeds = deeds_in({"actions": list(rows)})
    assert deeds is not None
    return held(facts_from(deeds, [], {}, source="action-log", now=now)[0])


def test_absence_of_evidence_is_unknown() -> None:
    """A clean log does not say that the incident is false; a log without verdicts says nothing at all."""
    assert facts_of(deed(authorised=True)) == {"unauthorised_tool_actions": []}
    assert facts_of(deed(authorised=None)) == {}
    assert facts_of() == {}


def test_people_are_never_counted_from_calls_that_do_not_name_them() -> None:
    """A call that names nobody leaves the upper end open; no call that names anybody leaves the count unknown."""
    assert "affected_individuals" not in facts_of(deed(arguments={"rows": 5000, "tokens": 99}))
    some = facts_of(deed(arguments={"customers": ["C-1", "C-2"]}), deed(id="2", arguments={"rows": 10}))
    assert some["affected_individuals"] == {"low": 2}
    same = facts_of(deed(arguments={"customer": "C-1"}), deed(id="2", arguments={"customers": ["C-1"]}))
    assert same["affected_individuals"] == {"low": 1, "high": 1}


def test_whether_it_goes_on_is_judged_from_what_was_seen_last() -> None:
    """Young and unstopped: going on. Stopped since: over. Old and silent: nobody knows."""
    assert facts_of(deed())["ongoing"] is True
    stopped = facts_of(deed(), deed(id="2", at="2026-11-22T08:01:00Z", status="refused"))
    assert (stopped["ongoing"], stopped["window_to"]) == (False, AT)
    assert "ongoing" not in facts_of(deed(), now="2026-11-22T09:00:00Z")


def test_odd_telemetry_is_left_out_not_fatal() -> None:
    """Shapes that fit nothing are skipped, whatever is in them."""
    assert deeds_in({"actions": "x"}) is None
    assert deeds_in({"actions": [1, {"at": "yesterday"}, {"at": 5}, deed(arguments="x", authorised="yes")]}) is not None
    odd = {"resourceSpans": [None, {"resource": None, "scopeSpans": [{"spans": [{"attributes": [{"key": 5}, {"key": "a"},
           {"key": "n", "value": {"intValue": "9" * 400}}], "startTimeUnixNano": "x"}]}]}]}  # fmt: skip
    spans = spans_in(odd)
    assert spans is not None
    assert [span.attributes for span in spans] == [{"a": None, "n": int("9" * 20)}]
    assert deeds_of(spans) == []


async def test_what_the_agent_shows_is_sealed_as_it_came(
    hands: Hands, as_incident: Any, attacked: RunningAgent
) -> None:
    """Traces, action log, controls, version, and what it is made of, each under its hash."""
    got = await as_incident(Evidence(hands).collect, Collect(INCIDENT, "support-bot", hour_ago()))
    assert got.missing == ()
    assert [one.what.split(",")[0] for one in got.sealed] == [
        "traces", "action log", "state of the controls", "version and toolset", "configuration and its hash",
        "prompts in force", "tools and permissions in force", "memory and retrieval references", "logs",
    ]  # fmt: skip
    for one in got.sealed:
        beside = await read_sidecar(hands.evidence, one.path)
        assert beside is not None
        assert (beside.sha256, beside.collector) == (one.sha256, "halon")
        await verify_sealed(hands.evidence, beside)
    actions = json.loads(await hands.evidence.get(got.sealed[1].path))
    assert "collector@exfil.example" in json.dumps(actions)
    again = await as_incident(Evidence(hands).collect, Collect(INCIDENT, "support-bot", hour_ago()))
    assert again.sealed[3] == got.sealed[3]


async def test_what_could_not_be_sealed_is_said(make_hands: Any, as_incident: Any) -> None:
    """No evidence is not an error: people decide what that means."""
    got = await as_incident(Evidence(make_hands()).collect, Collect(INCIDENT, "support-bot", hour_ago()))
    assert (got.sealed, len(got.missing)) == ((), 1), "one reason is one line"
    assert got.missing[0].startswith("traces, action log, state of the controls, version and toolset, ")
    assert "logs: 127.0.0.1 can't be reached" in got.missing[0]


def alert(status: Any = "firing", fingerprint: str = "f") -> Alert:
    return Alert("am", "support-bot", "g", "r", status, fingerprint, AT, AT)


async def test_late_alerts_open_the_successor_once_and_then_join_it(
    temporal: Client, hands: Hands, incident: Any
) -> None:
    """The first batch starts it, the next one is signalled; a closed successor is followed by the next number."""
    workflow_id = incident.incident_id.rpartition(":")[0]
    successor = f"{workflow_id}~2"
    request = Forward(successor, workflow_id, (alert(),))
    first = await incident.act("detect.forward", request)
    second = await incident.act("detect.forward", request)
    handle = temporal.get_workflow_handle(successor)
    assert (first, second) == (
        {"workflow_id": successor, "opened": True}, {"workflow_id": successor, "opened": False},
    )  # fmt: skip
    state = await handle.query("carry")
    assert state["alerts"][0]["fingerprint"] == "f"
    await handle.signal("end")
    await handle.result()
    third = await incident.act("detect.forward", request)
    assert third == {"workflow_id": f"{workflow_id}~3", "opened": True}
    await temporal.get_workflow_handle(f"{workflow_id}~3").terminate()


async def test_a_resolved_alert_never_opens_a_successor(temporal: Client, hands: Hands, incident: Any) -> None:
    """Nothing is started for it."""
    workflow_id = incident.incident_id.rpartition(":")[0]
    done = await incident.act("detect.forward", Forward(f"{workflow_id}~2", workflow_id, (alert("resolved"),)))
    assert done["opened"] is False
    with pytest.raises(Exception, match="not found"):
        await temporal.get_workflow_handle(f"{workflow_id}~2").describe()


async def test_only_an_incident_seals_or_forwards(hands: Hands, as_incident: Any) -> None:
    """Forged evidence and forged successors start with a forged caller."""
    requests: list[tuple[Any, Any]] = [
        (Evidence(hands).collect, Collect(INCIDENT, "support-bot", AT)),
        (Detect(hands).forward, Forward("incident-x~2", "incident-x", (alert(),))),
    ]
    for activity, argument in requests:
        with pytest.raises(ApplicationError) as caught:
            await as_incident(activity, argument, workflow_type=None)
        assert caught.value.type == "NotAnIncident"


def test_what_an_agent_leaves_blank_is_no_claim() -> None:
    """A fact without a value says nothing and looks like a mistake."""
    blank = {"version": "", "config_hash": " ", "tools": ["send_email", ""]}
    facts, _ = facts_from([], [], blank, source="action-log", now=AT)
    assert {fact.name: fact.value for fact in facts} == {"toolset": ["send_email"]}
