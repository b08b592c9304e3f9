"""PagerDuty and Opsgenie at the front door: an answer to our own page is an acknowledgement, and no page is an alert."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

import pytest
from temporalio.client import Client

from halon.connectors.marker import thread_key
from halon.evidence.parts import read_part
from halon.incident import ids
from halon.incident.commands import parse
from halon.intake.guarded import DoorRefused, require_guarded, token_names
from halon.intake.problems import BadPayload
from halon.intake.sources import opsgenie, pagerduty
from halon.intake.sources.paging import Came
from halon.kit import Source
from halon.kit.auth import Auth
from halon.settings import Settings

SECRET = "secret-of-the-web-hook-subscription"
TOKEN = "token-of-opsgenie-at-our-door"
NOW = "2026-11-22T09:00:00.000Z"
pytestmark = pytest.mark.asyncio(loop_scope="session")


PD = Source("pd", "pagerduty", "PD_SECRET", people={"pann111": "ann"}, agents={"mail service": "mail-bot"},
            auth=Auth("pagerduty"))  # fmt: skip
OG = Source("og", "opsgenie", "OG_TOKEN", people={"ann@acme.example": "ann"})


@dataclass(frozen=True)
class Kit:
    sources: dict[str, Any] = field(default_factory=lambda: {"pd": PD, "og": OG})
    digest: str = "sha256:0000"
    redaction: dict[str, str] = field(default_factory=dict)


def pd_event(kind: str, key: str | None, **changes: Any) -> dict[str, Any]:
    """An event as PagerDuty's documentation shows it."""
    data = {
        "id": "PGR0VU2", "type": "incident", "number": 2, "status": "triggered", "incident_key": key,
        "created_at": "2026-11-22T08:00:00Z", "title": "A little bump in the road", "urgency": "high",
        "service": {"id": "PF9KMXH", "summary": "API Service", "type": "service_reference"},
        "assignees": [{"id": "PTUXL6G", "summary": "User 123", "type": "user_reference"}],
        "priority": {"id": "PSO75BM", "summary": "P1", "type": "priority_reference"}, "resolve_reason": None,
    }  # fmt: skip
    return {
        "event": {
            "id": changes.pop("event", secrets.token_hex(8)), "event_type": kind, "resource_type": "incident",
            "occurred_at": "2026-11-22T08:45:22.169Z",
            "agent": changes.pop("agent", {"id": "PANN111", "summary": "Ann Archer", "type": "user_reference"}),
            "client": {"name": "PagerDuty"}, "data": {**data, **changes},
        }
    }  # fmt: skip


def og_event(action: str, alias: str, **changes: Any) -> dict[str, Any]:
    """An action as Opsgenie's documentation shows it."""
    alert = {
        "updatedAt": 1795337124764002246, "tags": ["agent:tagged-bot"], "message": "A little bump", "username": "Ann@acme.example",
        "alertId": "052652ac-5d1c-464a-812a-7dd18bbfba8c", "source": "ann@acme.example", "alias": alias, "tinyId": "23",
        "createdAt": 1795337122191, "userId": "daed1180-0ce8-438b-8f8e-57e1a5920a2d", "entity": "",
    }  # fmt: skip
    return {
        "source": {"name": "", "type": "web"}, "alert": {**alert, **changes}, "action": action,
        "integrationId": "37c8f316-17c6-49d7-899b-9c7e540c048d", "integrationName": "Halon",
    }  # fmt: skip


def sign(content: bytes, secret: str = SECRET) -> str:
    return "v1=" + hmac.new(secret.encode(), content, hashlib.sha256).hexdigest()


class Door:
    """The front door with both products, and an incident that is open behind it."""

    def __init__(self, gateway: Any, incident_id: str) -> None:
        self.gateway = gateway
        self.incident_id = incident_id
        self.workflow_id = incident_id.rpartition(":")[0]
        self.key = thread_key(incident_id)

    async def pagerduty(self, body: Any, signature: str | bytes = b"") -> Any:
        content = json.dumps(body).encode()
        headers = {"Content-Type": "application/json", "X-PagerDuty-Signature": signature or sign(content)}
        return await self.gateway.http.post("/v1/alerts/pd", content=content, headers=headers)

    async def opsgenie(self, body: Any, token: str = TOKEN) -> Any:
        return await self.gateway.deliver(body, source="og", token=token)

    async def signals(self, expected: int = 0) -> list[tuple[str, Any]]:
        """Every signal that the incident holds, with what it says. One that comes during a workflow task stands in
        history after it, so ``expected`` ones are waited for."""
        async with asyncio.timeout(10):
            while len(found := await self._signals()) < expected:
                await asyncio.sleep(0.05)
        return found

    async def _signals(self) -> list[tuple[str, Any]]:
        handle = self.gateway.client.get_workflow_handle(self.workflow_id)
        found = []
        for event in (await handle.fetch_history()).events:
            signal = event.workflow_execution_signaled_event_attributes
            if signal.signal_name:
                (said,) = await self.gateway.client.data_converter.decode(signal.input.payloads)
                found.append((signal.signal_name, said))
        return found

    async def incidents(self) -> int:
        return len([one async for one in self.gateway.client.list_workflows("WorkflowType = 'Incident'")])


@pytest.fixture
async def door(temporal: Client, make_gateway: Any, alert: Any, delivery: Any, agent: str) -> Any:
    """One incident is open, by an alert of another source."""
    source = Source("am", "alertmanager", "AM_TOKEN")
    kit = Kit({"pd": PD, "og": OG, "am": source})
    environ = {"AM_TOKEN": "token-of-the-alertmanager", "PD_SECRET": SECRET, "OG_TOKEN": TOKEN}
    gateway = make_gateway(temporal, kit=kit, environ=environ)
    told = (await gateway.deliver(delivery(alert(agent)))).json()["incidents"][0]
    found = await temporal.get_workflow_handle(told["workflow_id"]).describe()
    yield Door(gateway, ids.incident_id(told["workflow_id"], found.run_id))
    await gateway.stop()


async def test_an_acknowledgement_in_pagerduty_is_one_of_the_incident(door: Door) -> None:
    """The person of the kit says ack, and the log says where and as whom; both are commands as people type them."""
    answer = await door.pagerduty(pd_event("incident.acknowledged", door.key))
    assert answer.status_code == 200
    assert answer.json()["incidents"] == [
        {"incident": ids.reference(door.incident_id), "workflow_id": door.workflow_id, "status": "acknowledged",
         "alerts": 0, "agent": "", "group": "", "reason": None}
    ]  # fmt: skip
    held = await door.signals(2)
    assert held == [
        ("ack", {"by": "ann"}),
        ("note", {"by": "ann", "text": "Acknowledged in PagerDuty as Ann Archer (PANN111)."}),
    ]
    assert [parse(name, said).by for name, said in held] == ["ann", "ann"]


async def test_an_acknowledgement_in_opsgenie_is_one_of_the_incident(door: Door) -> None:
    """By mail address, whose case does not matter, and which is kept out of what Temporal holds."""
    answer = await door.opsgenie(og_event("Acknowledge", door.key))
    held = await door.signals(2)
    assert answer.json()["incidents"][0]["status"] == "acknowledged"
    assert held[0] == ("ack", {"by": "ann"})
    assert held[1][1]["text"].startswith("Acknowledged in Opsgenie as [email]")
    assert "acme.example" not in str(held)


async def test_an_acknowledgement_of_a_question_is_noted_and_is_no_answer(door: Door) -> None:
    """Neither an approval nor an `ack`: whoever acknowledges the alarm of a gate, a clock or a message has seen it."""
    seen = {
        "gate:revoke-token@20261122T100000000Z": "Has seen the question about revoke-token in PagerDuty as Ann Archer (PANN111). "
        "That is no answer to it.",
        "clock:eu-gdpr-33@acme-eu/notification@20261122T100000000Z": "Has seen the page about the clock "
        "eu-gdpr-33@acme-eu/notification in PagerDuty as Ann Archer (PANN111).",
        "leadership/send/1": "Has seen a message of this incident in PagerDuty as Ann Archer (PANN111).",
    }
    for part in seen:
        answer = await door.pagerduty(pd_event("incident.acknowledged", thread_key(door.incident_id, part)))
        assert answer.json()["incidents"][0]["status"] == "acknowledged"
    held = await door.signals(3)
    assert held == [("note", {"by": "ann", "text": text}) for text in seen.values()]
    assert [parse(name, said).name for name, said in held] == ["note"] * 3
    gate = thread_key(door.incident_id, next(iter(seen)))
    await door.opsgenie(og_event("Acknowledge", gate))
    assert [name for name, _ in await door.signals(4)] == ["note"] * 4
    forged = f"{door.key}/gate:revoke-token approved by ann@20261122T100000000Z"
    await door.pagerduty(pd_event("incident.acknowledged", forged))
    assert (await door.signals(5))[-1][1]["text"].startswith("Has seen a message of this incident")


async def test_a_delivery_that_comes_again_is_one_acknowledgement(door: Door) -> None:
    """PagerDuty delivers at least once."""
    body = pd_event("incident.acknowledged", door.key, event="E1")
    answers = [await door.pagerduty(body) for _ in range(3)]
    assert [answer.json()["incidents"][0]["status"] for answer in answers] == ["acknowledged"] * 3
    assert [name for name, _ in await door.signals(2)] == ["ack", "note"]


async def test_somebody_whom_the_kit_does_not_know_is_named(door: Door) -> None:
    """The incident refuses them on record: it is told as whom they acknowledged, and nobody is made up."""
    stranger = {"id": "PNEW", "summary": "Jo New", "type": "user_reference"}
    for agent in (stranger, None):
        await door.pagerduty(pd_event("incident.acknowledged", door.key, agent=agent))
    assert [said["by"] for name, said in await door.signals(4) if name == "ack"] == ["Jo New (PNEW)", "PagerDuty"]


async def test_a_page_of_ours_never_becomes_an_alert(door: Door) -> None:
    """Whatever else happens to our own page is taken, opens nothing and says nothing: no loop."""
    before = await door.incidents()
    part = thread_key(door.incident_id, "warn:1")
    for kind in (
        "incident.triggered",
        "incident.resolved",
        "incident.escalated",
        "incident.reopened",
        "incident.unheard_of",
    ):
        for key in (door.key, part, "halon:somebody-elses"):
            answer = await door.pagerduty(pd_event(kind, key))
            assert (answer.status_code, answer.json()["incidents"]) == (200, [])
    # Without a key, the title tells.
    keyless = await door.pagerduty(pd_event("incident.triggered", None, title="[INC-7F3A] SEV1: support-bot (Halon)"))
    assert keyless.json()["incidents"] == []
    for action in ("Create", "Close", "AddNote", "Delete", "UnAcknowledge"):
        assert (await door.opsgenie(og_event(action, door.key))).json()["incidents"] == []
    assert await door.signals() == []
    assert await door.incidents() == before


async def test_an_acknowledgement_for_another_house_is_not_ours(door: Door) -> None:
    """The same workflow id in another installation, an incident that never was, and one that is over: taken, no more."""
    handle = door.gateway.client.get_workflow_handle(door.workflow_id)
    elsewhere = thread_key(f"{door.workflow_id}:0198f0c2-7a4e-7c11-9c55-5b5f8f1f3c11")
    nowhere = thread_key("incident-nobody.nothing:0198f0c2-7a4e-7c11-9c55-5b5f8f1f3c11")
    for key in (elsewhere, nowhere):
        assert (await door.pagerduty(pd_event("incident.acknowledged", key))).json()["incidents"] == []
    assert await door.signals() == []
    await handle.signal("close")
    await handle.result()
    assert (await door.pagerduty(pd_event("incident.acknowledged", door.key))).json()["incidents"] == []


async def test_an_incident_that_was_terminated_is_waited_for(door: Door) -> None:
    """It is being reopened under its id: the sender is told to try again, not that all is well."""
    await door.gateway.client.get_workflow_handle(door.workflow_id).terminate()
    answer = await door.pagerduty(pd_event("incident.acknowledged", door.key))
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:halon:problem:reopening")


async def test_no_2xx_without_temporal(make_gateway: Any) -> None:
    """PagerDuty sends 5xx again and drops 4xx."""
    lazy = await Client.connect("127.0.0.1:9", lazy=True)
    gateway = make_gateway(lazy, kit=Kit(), environ={"PD_SECRET": SECRET, "OG_TOKEN": TOKEN})
    door = Door(gateway, "incident-a.b:0198f0c2-7a4e-7c11-9c55-5b5f8f1f3c11")
    assert (await door.pagerduty(pd_event("incident.acknowledged", door.key))).status_code == 503
    assert (await door.opsgenie(og_event("Acknowledge", door.key))).status_code == 503
    await gateway.stop()


async def test_only_what_is_signed_comes_in(door: Door) -> None:
    """One of several signatures is enough, as while the secret changes; none, a wrong one, another body's: 401."""
    body = pd_event("incident.acknowledged", door.key)
    content = json.dumps(body).encode()
    wrong = "v1=" + "0" * 64
    for signature in (f"{wrong},{sign(content)}", f"{sign(content)}, {wrong}", f"v2=x,{sign(content)}"):
        assert (await door.pagerduty(body, signature)).status_code == 200
    held = await door.signals(2)
    for signature in (
        wrong, ",", "v1=", sign(content + b" "), sign(content, "another-secret"), sign(content).replace("v1", "v2"),
        sign(content).removeprefix("v1="), "v1=" + "é" * 64, ",".join([wrong] * 50 + [sign(content)]),
    ):  # fmt: skip
        answer = await door.pagerduty(body, signature.encode())
        assert answer.status_code == 401, signature
        assert SECRET not in answer.text
    unsigned = await door.gateway.http.post("/v1/alerts/pd", json=body, headers={"Authorization": f"Bearer {SECRET}"})
    assert unsigned.status_code == 401
    assert (await door.opsgenie(og_event("Acknowledge", door.key), token="a-token-of-somebody")).status_code == 401
    assert await door.signals() == held


async def test_an_alert_of_others_opens_an_incident_and_its_end_joins_it(door: Door) -> None:
    """The agent by custom field, by the map of services, or the service itself; the payload is sealed."""
    mine = f"bot-{secrets.token_hex(6)}"
    custom = [{"name": "agent", "value": mine, "type": "single_value"}]
    opened = (await door.pagerduty(pd_event("incident.triggered", "k1", custom_fields=custom))).json()
    ended = (await door.pagerduty(pd_event("incident.resolved", "k1", custom_fields=custom))).json()
    nothing = (await door.pagerduty(pd_event("incident.acknowledged", "k1", custom_fields=custom))).json()
    assert [opened["incidents"][0]["status"], ended["incidents"][0]["status"], nothing["incidents"]] == [
        "new",
        "joined",
        [],
    ]
    assert opened["incidents"][0]["agent"] == mine
    kept, _ = await read_part(door.gateway.store, opened["raw"])
    assert json.loads(kept)["event"]["event_type"] == "incident.triggered"
    details = (await door.opsgenie(og_event("Create", "k2", details={"agent": mine, "group": "g"}))).json()
    assert (details["incidents"][0]["agent"], details["incidents"][0]["group"]) == (mine, "g")


async def test_the_fields_of_a_foreign_pagerduty_incident() -> None:
    """What an alert says of it, and what is bounded and redacted."""
    body = pd_event(
        "incident.triggered",
        "k",
        title="Latency 812 ms for jo@acme.example",
        service={"id": "P1", "summary": "Mail service"},
    )
    (alert,) = pagerduty.read(body, PD, NOW).alerts
    assert (alert.agent, alert.rule, alert.group) == (
        "mail-bot",
        "Latency N ms for [email]",
        "Latency N ms for [email]",
    )
    assert (alert.status, alert.fingerprint, alert.started_at) == ("firing", "PGR0VU2", "2026-11-22T08:00:00.000Z")
    assert (alert.severity_hint, alert.labels["service"], alert.labels["urgency"]) == ("P1", "Mail service", "high")
    assert "acme.example" not in str(alert)
    (over,) = pagerduty.read(pd_event("incident.resolved", "k"), PD, NOW).alerts
    assert (over.agent, over.ended_at) == ("API Service", "2026-11-22T08:45:22.169Z")
    (again,) = pagerduty.read(pd_event("incident.reopened", "k"), PD, NOW).alerts
    assert again.identity != alert.identity
    timeless = pd_event("incident.reopened", "k")
    timeless["event"]["occurred_at"] = "0001-01-01T00:00:00Z"
    (unknown,) = pagerduty.read(timeless, PD, NOW).alerts
    assert unknown.started_at == NOW, "an alert without a moment would be refused with all that comes with it"


@pytest.mark.parametrize(
    "changes", [{"custom_fields": {"a": 1}}, {"custom_fields": [1, {"name": {}}]}, {"service": None, "priority": None},
                {"title": None}, {"title": "x" * 100_000}, {"created_at": None}]
)  # fmt: skip
async def test_a_field_of_another_shape_costs_no_alert(changes: dict[str, Any]) -> None:
    """PagerDuty drops what is answered with a 4xx: what is not needed is taken as it comes."""
    (alert,) = pagerduty.read(pd_event("incident.triggered", "k", **changes), PD, NOW).alerts
    assert alert.agent
    assert alert.rule
    assert len(alert.summary) <= 1_000


async def test_events_about_other_things_are_taken() -> None:
    """A ping, a note, a service: nothing to do, and no refusal."""
    ping = {"event": {"id": "1", "event_type": "pagey.ping", "resource_type": "pagey", "occurred_at": NOW, "agent": None,
                      "client": None, "data": {"message": "Hello from your friend Pagey!", "type": "ping"}}}  # fmt: skip
    note = {"event": {"id": "2", "event_type": "incident.annotated", "resource_type": "incident", "occurred_at": NOW,
                      "data": {"id": "P2LA89X", "type": "incident_note", "content": "x", "incident": {"id": "PGR0VU2"}}}}  # fmt: skip
    for body in (ping, note):
        assert pagerduty.read(body, PD, NOW) == Came()
    for action in ("AddNote", "AssignOwnership", "Acknowledge"):
        assert opsgenie.read(og_event(action, "k"), OG, NOW) == Came()


@pytest.mark.parametrize(
    "changes", [{"details": [1]}, {"tags": "x"}, {"createdAt": "soon"}, {"createdAt": 10**30}, {"message": None}]
)
async def test_a_field_of_another_shape_costs_no_opsgenie_alert(changes: dict[str, Any]) -> None:
    """What is not needed is taken as it comes; the agent may stand in a tag."""
    (alert,) = opsgenie.read(og_event("Create", "k", **changes), OG, NOW).alerts
    assert alert.agent == ("tagged-bot" if "tags" not in changes else "Halon")
    assert alert.started_at


@pytest.mark.parametrize(
    "body", [[], {}, {"event": {}}, {"event": {"id": "1", "event_type": "x", "occurred_at": "soon"}}]
)
async def test_what_is_no_delivery_is_refused_with_its_place(body: Any) -> None:
    """Nothing of the input is repeated."""
    for read, source in ((pagerduty.read, PD), (opsgenie.read, OG)):
        with pytest.raises(BadPayload) as caught:
            read(body, source, NOW)
        assert "soon" not in str(caught.value)


async def test_the_text_of_an_alert_can_not_have_it_ignored() -> None:
    """An alert of others that ends like a page of ours is still an alert, for it has a key of its own."""
    body = pd_event("incident.triggered", "their-key", title="[INC-7F3A] nothing to see (Halon)")
    assert len(pagerduty.read(body, PD, NOW).alerts) == 1
    assert len(opsgenie.read(og_event("Create", "their-key", message="x (Halon)"), OG, NOW).alerts) == 1


async def test_the_door_stays_shut_without_the_secret_that_the_product_made() -> None:
    """Halon makes no secret for PagerDuty, which signs with its own; for Opsgenie it may."""
    assert token_names(Kit()) == ["OG_TOKEN"]
    with pytest.raises(DoorRefused, match="set PD_SECRET to the one of its web hook subscription"):
        require_guarded(Settings.from_environ({}), Kit(), {"OG_TOKEN": TOKEN})
    require_guarded(Settings.from_environ({}), Kit(), {"OG_TOKEN": TOKEN, "PD_SECRET": SECRET})
