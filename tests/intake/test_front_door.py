"""What the front door does besides admitting: sealing raw payloads, reports, reading, health, metrics, OpenAPI."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import Client

from halon.evidence.parts import read_part
from halon.evidence.store import EvidenceStore
from halon.incident.ids import correlation_key, workflow_id

pytestmark = pytest.mark.asyncio(loop_scope="session")

READING = {"Authorization": "Bearer token-for-reading-incidents"}


class FullDisk(EvidenceStore):
    """A store that can't write."""

    async def put(self, path: str, content: bytes) -> None:
        raise OSError(28, "No space left on device")

    async def show(self, path: str, content: bytes) -> None:
        raise OSError(28, "No space left on device")

    async def replace(self, path: str, content: bytes) -> None:
        raise OSError(28, "No space left on device")


async def test_the_raw_payload_is_sealed_and_referred_to(gateway: Any, alert: Any, delivery: Any, agent: str) -> None:
    """The bytes as they arrived lie in the evidence store, and each alert names their path."""
    content = json.dumps(delivery(alert(agent)), indent=3).encode()
    headers = {"Content-Type": "application/json", "Authorization": "Bearer token-of-the-alertmanager"}
    told = (await gateway.http.post("/v1/alerts/am", content=content, headers=headers)).json()
    kept, sealed = await read_part(gateway.store, told["raw"])
    assert (kept, sealed.sha256) == (content, hashlib.sha256(content).hexdigest())
    state = await gateway.state(told["incidents"][0]["workflow_id"])
    assert [held["raw"] for held in state["held"]] == [told["raw"]]


async def test_a_failing_evidence_store_costs_the_payload_and_not_the_alert(
    temporal: Client, make_gateway: Any, alert: Any, delivery: Any, agent: str, tmp_path: Path
) -> None:
    """With a full disk the alert is accepted, the answer says that the raw payload was not kept, and it is counted."""
    gateway = make_gateway(temporal, store=FullDisk.open(tmp_path / "full"))
    answer = await gateway.deliver(delivery(alert(agent)))
    health = (await gateway.http.get("/healthz")).json()
    assert (answer.status_code, answer.json()["raw"]) == (200, None)
    assert len(await gateway.held(answer.json()["incidents"][0]["workflow_id"])) == 1
    assert await gateway.counted('halon_intake_raw_not_kept_total{reason="store",source="am"} 1.0')
    assert (health["ok"], health["intake"], health["checked"]["evidence"]["ok"]) == (False, True, False)
    await gateway.stop()


async def test_nothing_sensitive_reaches_the_history(gateway: Any, alert: Any, delivery: Any, agent: str) -> None:
    """Secrets and personal data in an alert are masked in everything that Temporal holds; the sealed payload has them."""
    mail, key = "ann.smith@example.com", "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789ABCD"
    body = delivery(
        alert(agent, labels={"user": mail, "password": "hunter2hunter2"}, annotations={"summary": f"{mail} sent {key}"}),
        alert(agent, labels={"n": "2"}, annotations={"description": "x" * 3990 + f" {mail}"}),
    )  # fmt: skip
    told = (await gateway.deliver(body)).json()
    handle = gateway.client.get_workflow_handle(told["incidents"][0]["workflow_id"])
    events = [event.SerializeToString() for event in (await handle.fetch_history()).events]
    sealed, _ = await read_part(gateway.store, told["raw"])
    assert any(agent.encode() in event for event in events)
    for secret in (mail, key, "hunter2"):
        assert secret.encode() in sealed
        assert not any(secret.encode() in event for event in events), secret


async def test_a_report_opens_an_incident_and_the_next_joins(gateway: Any, agent: str) -> None:
    """A person's word opens an incident of its own kind of harm; the second person joins it."""
    said = {"reporter": "ann", "agent": agent, "summary": "It offered a refund.", "what": "wrong_decision"}
    first = await gateway.http.post("/v1/reports", json=said)
    second = await gateway.http.post("/v1/reports", json=said | {"reporter": "bob", "seen_at": "2026-11-22T08:00:00Z"})
    opened, joined = first.json()["incidents"][0], second.json()["incidents"][0]
    assert (opened["status"], joined["status"]) == ("new", "joined")
    assert opened["workflow_id"] == workflow_id(correlation_key(agent, "wrong_decision"))
    assert len(await gateway.held(opened["workflow_id"])) == 2
    assert (await read_part(gateway.store, first.json()["raw"]))[0] == first.request.content


async def test_a_report_needs_its_token_once_one_is_set(temporal: Client, make_gateway: Any, agent: str) -> None:
    """With HALON_TOKEN_REPORT set, this machine needs it as well."""
    environ = {"AM_TOKEN": "token-of-the-alertmanager", "HALON_TOKEN_REPORT": "token-for-reports-here"}
    gateway = make_gateway(temporal, environ=environ)
    said = {"reporter": "ann", "agent": agent, "summary": "It offered a refund.", "what": "other"}
    without = await gateway.http.post("/v1/reports", json=said)
    headers = {"Authorization": "Bearer token-for-reports-here"}
    assert without.status_code == 401
    assert (await gateway.http.post("/v1/reports", json=said, headers=headers)).status_code == 200
    await gateway.stop()


async def test_incidents_are_listed_and_shown(
    gateway: Any, alert: Any, delivery: Any, agent: str, eventually: Any
) -> None:
    """The list comes from search attributes, one incident from its own answer; closed ones only when asked for."""
    opened = (await gateway.deliver(delivery(alert(agent)))).json()["incidents"][0]
    handle = gateway.client.get_workflow_handle(opened["workflow_id"])
    await handle.signal("call_itself", opened["incident"])

    async def row(path: str = "/v1/incidents?limit=500") -> dict[str, Any] | None:
        rows = (await gateway.http.get(path, headers=READING)).json()["incidents"]
        return next((row for row in rows if row["workflow_id"] == opened["workflow_id"]), None)

    async def listed() -> bool:
        found = await row()
        return found is not None and found["incident"] == opened["incident"]

    await eventually(listed)
    found = await row()
    assert found is not None
    assert (found["agent"], found["group"], found["severity"], found["state"]) == (agent, "Rule", "SEV2", "open")
    for name in (opened["incident"], opened["incident"].lower(), opened["workflow_id"]):
        shown = (await gateway.http.get(f"/v1/incidents/{name}", headers=READING)).json()
        assert shown["live"] is True
        assert shown["status"] == {"headline": "1 alerts are held."}
        assert shown["incident"]["workflow_id"] == opened["workflow_id"]
    await handle.signal("close")
    await handle.result()

    async def gone() -> bool:
        return await row() is None

    await eventually(gone)
    closed = await row("/v1/incidents?limit=500&all=true")
    assert closed is not None
    assert closed["state"] == "closed"
    assert closed["closed_at"]


async def test_an_incident_without_a_worker_is_shown_as_last_known(
    temporal: Client, make_gateway: Any, alert: Any, delivery: Any, agent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With no worker there is no status, and the answer says why; what Temporal itself holds is shown."""
    monkeypatch.setattr("halon.intake.reading.QUERY_SECONDS", 0.5)
    gateway = make_gateway(temporal, task_queue=f"nobody-{agent}")
    opened = (await gateway.deliver(delivery(alert(agent)))).json()["incidents"][0]
    shown = (await gateway.http.get(f"/v1/incidents/{opened['workflow_id']}", headers=READING)).json()
    assert (shown["live"], shown["status"], shown["incident"]["agent"]) == (False, None, agent)
    assert "no worker" in shown["why"]
    await gateway.stop()


@pytest.mark.parametrize("name", ["INC-ZZZZ", "INC-IIII", "incident-nobody.nothing", "' OR 1=1 --", "x", "%27"])
async def test_an_unknown_incident_is_404(gateway: Any, name: str) -> None:
    """A reference that nobody has, and text that is none, are both 404; neither reaches the query as it is."""
    answer = await gateway.http.get(f"/v1/incidents/{name}", headers=READING)
    assert (answer.status_code, answer.json()["type"]) == (404, "urn:halon:problem:unknown-incident")


async def test_reading_needs_the_token_for_reading(gateway: Any) -> None:
    """A sender's token opens no incident to read."""
    for headers in ({}, {"Authorization": "Bearer token-of-the-alertmanager"}):
        assert (await gateway.http.get("/v1/incidents", headers=headers)).status_code == 401
        assert (await gateway.http.get("/v1/incidents/INC-0000", headers=headers)).status_code == 401


async def test_health_says_what_was_checked_and_how_long_it_took(
    temporal: Client, make_gateway: Any, gateway: Any, agent: str, eventually: Any
) -> None:
    """With server, worker, store and kit there, 200; without a worker, 503 that says how to start one."""

    async def healthy() -> bool:
        return bool((await gateway.http.get("/healthz")).status_code == 200)

    await eventually(healthy)
    told = (await gateway.http.get("/healthz")).json()
    assert set(told["checked"]) == {"temporal", "worker", "evidence", "kit", "actions"}
    assert all(check["ok"] and check["what"] and check["ms"] >= 0 for check in told["checked"].values())
    assert "sha256:0000" in told["checked"]["kit"]["what"]
    lonely = make_gateway(temporal, task_queue=f"nobody-{agent}")
    answer = await lonely.http.get("/healthz")
    assert (answer.status_code, answer.json()["intake"]) == (503, True)
    assert "halon worker" in answer.json()["checked"]["worker"]["what"]
    await lonely.stop()


async def test_what_is_admitted_is_counted(gateway: Any, alert: Any, delivery: Any, agent: str) -> None:
    """Deliveries and alerts are counted by source, status and outcome; no label holds what a sender wrote."""
    await gateway.deliver(delivery(alert(agent), alert(agent, "resolved")) | {"truncatedAlerts": 7})
    await gateway.deliver(delivery(alert(f"{agent}-2", "resolved")))
    assert await gateway.counted('halon_intake_deliveries_total{source="am"} 2.0')
    assert await gateway.counted('halon_intake_alerts_total{outcome="new",source="am",status="firing"} 1.0')
    assert await gateway.counted('halon_intake_alerts_total{outcome="ignored",source="am",status="resolved"} 1.0')
    assert await gateway.counted('halon_intake_truncated_alerts_total{source="am"} 7.0')
    assert await gateway.counted('halon_intake_durable_seconds_count{source="am"} 2.0')
    assert agent not in (await gateway.http.get("/metrics")).text


async def test_the_openapi_page_shows_every_route_and_its_body(gateway: Any) -> None:
    """Whoever reads /docs sees the payloads, the answers and the refusals."""
    told = (await gateway.http.get("/openapi.json")).json()
    assert {"/v1/alerts/{source}", "/v1/reports", "/v1/incidents", "/v1/incidents/{id}", "/healthz", "/metrics"} == set(
        told["paths"]
    )
    body = told["paths"]["/v1/alerts/{source}"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert "startsAt" in body["properties"]["alerts"]["items"]["properties"]
    assert "$defs" not in json.dumps(told)
    assert {"401", "413", "415", "422", "503"} <= set(told["paths"]["/v1/reports"]["post"]["responses"])
    assert (await gateway.http.get("/docs")).status_code == 200
