"""A real Temporal server, a worker with a stand-in for the incident workflow, and the front door in front of them."""

from __future__ import annotations

import asyncio
import json
import secrets
import sys
import uuid
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI
from temporalio import workflow
from temporalio.client import Client
from temporalio.common import SearchAttributeKey
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from halon.client import data_converter
from halon.evidence.store import EvidenceStore
from halon.incident.opening import Opening
from halon.intake.admit import Admission
from halon.intake.app import create_app
from halon.kit import Source
from halon.settings import Settings
from halon_activities import relay
from halon_workflows.relay import Relay

SERVER = str(Path(sys.executable).parent / "temporal")
QUEUE = "intake-tests"
REFERENCE = SearchAttributeKey.for_keyword("HalonRef")
SEVERITY = SearchAttributeKey.for_keyword("HalonSeverity")
TOKEN = "token-of-the-alertmanager"
READ = "token-for-reading-incidents"


@dataclass(frozen=True)
class StandInKit:
    """A kit as the front door needs it."""

    sources: dict[str, Source] = field(default_factory=lambda: {"am": Source("am", "alertmanager", "AM_TOKEN")})
    digest: str = "sha256:0000"
    redaction: dict[str, str] = field(default_factory=dict)


@workflow.defn(name="Incident", sandboxed=False)
class StandInIncident:
    """Holds what it is given, as the incident does, until it is told to close."""

    def __init__(self) -> None:
        self.held: list[dict[str, Any]] = []
        self.signals = 0
        self.predecessor = ""
        self.closing = False

    @workflow.run
    async def run(self, opening: Opening) -> int:
        self.predecessor = opening.predecessor
        for alert in opening.alerts:
            self.held.append({"identity": alert.identity, "raw": alert.raw, "summary": alert.summary})
        await workflow.wait_condition(lambda: self.closing)
        return len(self.held)

    @workflow.signal
    async def alerts(self, batch: dict[str, Any]) -> None:
        self.signals += 1
        for alert in batch["alerts"]:
            identity = f"{alert['fingerprint']}|{alert['started_at']}|{alert['status']}"
            self.held.append({"identity": identity, "raw": alert["raw"], "summary": alert.get("summary", "")})

    @workflow.signal
    async def close(self) -> None:
        self.closing = True

    @workflow.signal
    async def call_itself(self, reference: str) -> None:
        workflow.upsert_search_attributes([REFERENCE.value_set(reference), SEVERITY.value_set("SEV2")])

    @workflow.query
    def state(self) -> dict[str, Any]:
        return {"held": self.held, "signals": self.signals, "predecessor": self.predecessor}

    @workflow.query
    def status(self) -> dict[str, Any]:
        return {"headline": f"{len(self.held)} alerts are held."}


@dataclass
class Gateway:
    """One front door, with what stands behind it."""

    app: FastAPI
    door: Admission
    http: httpx.AsyncClient
    client: Client
    store: EvidenceStore
    settings: Settings

    async def deliver(self, body: Any, source: str = "am", token: str = TOKEN) -> httpx.Response:
        return await self.http.post(f"/v1/alerts/{source}", json=body, headers={"Authorization": f"Bearer {token}"})

    async def state(self, workflow_id: str) -> dict[str, Any]:
        state: dict[str, Any] = await self.client.get_workflow_handle(workflow_id).query("state")
        return state

    async def held(self, workflow_id: str) -> list[str]:
        return [alert["identity"] for alert in (await self.state(workflow_id))["held"]]

    async def counted(self, line: str) -> bool:
        return line in (await self.http.get("/metrics")).text.splitlines()

    async def stop(self) -> None:
        await self.door.aclose()
        await self.http.aclose()


MakeGateway = Callable[..., Gateway]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def temporal() -> AsyncIterator[Client]:
    environment = await WorkflowEnvironment.start_local(
        dev_server_existing_path=SERVER,
        data_converter=data_converter,
        search_attributes=[REFERENCE, SEVERITY],
        dev_server_extra_args=["--dynamic-config-value", "history.transferProcessorMaxPollRPS=1000"],
    )
    async with environment, _worker(environment.client, QUEUE):
        yield environment.client


def _worker(client: Client, queue: str) -> Worker:
    hands: Any = SimpleNamespace(temporal=client)  # a relay needs nothing else of them
    return Worker(
        client, task_queue=queue, workflows=[StandInIncident, Relay], activities=[relay.Relay(hands).hand_on],
        workflow_runner=UnsandboxedWorkflowRunner(),
    )  # fmt: skip


@pytest.fixture
def stand_in_worker() -> Callable[[Client, str], Worker]:
    """Makes a worker of its own for a client and a task queue."""
    return _worker


@pytest.fixture
def server_path() -> str:
    """Where the Temporal server's binary lies."""
    return SERVER


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.from_environ({"HALON_HOME": str(tmp_path), "HALON_TASK_QUEUE": QUEUE})


@pytest.fixture
def make_gateway(settings: Settings, tmp_path: Path) -> MakeGateway:
    """Makes a gateway, which the test stops if it goes on to make another one."""

    def make(client: Client, **changes: Any) -> Gateway:
        environ = changes.pop("environ", {"AM_TOKEN": TOKEN, "HALON_TOKEN_READ": READ})
        store = changes.pop("store", None) or EvidenceStore.open(tmp_path / "evidence")
        kit = changes.pop("kit", StandInKit())
        peer, host = changes.pop("peer", "127.0.0.1"), changes.pop("host", "127.0.0.1")
        seconds = changes.pop("seconds", 8.0)
        chosen = replace(settings, **changes)
        door = Admission(client, chosen.task_queue, seconds=seconds)
        app = create_app(door, chosen, kit, store, client, environ)
        transport = httpx.ASGITransport(app, client=(peer, 40000), raise_app_exceptions=False)
        http = httpx.AsyncClient(transport=transport, base_url=f"http://{host}", timeout=30)
        return Gateway(app, door, http, client, store, chosen)

    return make


@pytest_asyncio.fixture(loop_scope="session")
async def gateway(temporal: Client, make_gateway: MakeGateway) -> AsyncIterator[Gateway]:
    made = make_gateway(temporal)
    yield made
    await made.stop()


@pytest.fixture(scope="session")
def captures() -> list[dict[str, Any]]:
    """Deliveries as a real Alertmanager sent them: headers and body."""
    read = json.loads((Path(__file__).parent / "captures" / "alertmanager.json").read_text("utf-8"))
    return list(read["deliveries"])


@pytest.fixture
def agent() -> str:
    """An agent that no other test has incidents of."""
    return f"bot-{secrets.token_hex(6)}"


def _alert(agent: str, status: str = "firing", **changes: Any) -> dict[str, Any]:
    labels = {"agent": agent, "alertname": "Rule", **changes.pop("labels", {})}
    return {
        "status": status,
        "labels": labels,
        "annotations": {"summary": "It went wrong."},
        "startsAt": "2026-11-22T08:16:15.508Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "fingerprint": uuid.uuid5(uuid.NAMESPACE_OID, json.dumps(labels)).hex[:16],
        **changes,
    }


@pytest.fixture
def alert() -> Callable[..., dict[str, Any]]:
    """One alert as Alertmanager writes it."""
    return _alert


@pytest.fixture
def delivery() -> Callable[..., dict[str, Any]]:
    """A delivery of the given alerts."""
    return lambda *alerts: {"version": "4", "groupKey": "{}", "status": "firing", "alerts": list(alerts)}


@pytest.fixture
def eventually() -> Callable[..., Any]:
    """Waits until an async condition holds; fails after ten seconds."""

    async def wait(condition: Callable[[], Any]) -> None:
        async with asyncio.timeout(10):
            while not await condition():
                await asyncio.sleep(0.05)

    return wait
