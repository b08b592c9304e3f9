"""What goes through the front door: a Temporal server on a file, the real worker, the sandbox agent."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import httpx
from temporalio.client import Client
from temporalio.runtime import LoggingConfig, Runtime, TelemetryConfig, TelemetryFilter
from temporalio.testing import WorkflowEnvironment

from benchmarks.figures import Figure, milliseconds, ratio
from halon.client import data_converter
from halon.connectors.http import new_client
from halon.drill.documents import POISONED_QUESTION
from halon.drill.launch import RunningAgent, running_agent
from halon.embedded import ATTRIBUTES, binary
from halon.evidence.store import EvidenceStore
from halon.incident import times
from halon.intake.admit import Admission
from halon.intake.app import create_app
from halon.kit import load
from halon.settings import Settings
from halon.worker import build_worker, keep_kit
from halon_activities.ahead import Ahead

INCIDENTS = 6
JOIN_SECONDS = 6.0
CONCURRENCY = (1, 10, 50)
TOOL = "/control/tools/send_email"
PATIENCE = 10.0
"""Seconds that one incident has to reach its first containment call."""


@dataclass
class House:
    """A front door with everything real behind it."""

    door: httpx.AsyncClient
    client: Client
    api: httpx.AsyncClient

    async def deliver(self, group: str, fingerprint: str, started: str) -> dict[str, Any]:
        """One delivery of one alert, as Alertmanager sends it. Returns what became of it."""
        labels = {"agent": "support-bot", "group": group, "alertname": "AgentUnauthorisedToolAction"}
        alert = {"status": "firing", "labels": labels, "annotations": {"summary": "It used a tool without authorisation."},
                 "startsAt": started, "endsAt": "0001-01-01T00:00:00Z", "fingerprint": fingerprint}  # fmt: skip
        answer = await self.door.post("/v1/alerts/alertmanager", json={"version": "4", "alerts": [alert]})
        answer.raise_for_status()
        admitted: dict[str, Any] = answer.json()["incidents"][0]
        return admitted

    async def misbehave(self) -> None:
        """The agent reads a poisoned page and mails records out."""
        asked = {"session": secrets.token_hex(4), "customer": "C-1001", "message": POISONED_QUESTION}
        (await self.api.post("/v1/chat", json=asked)).raise_for_status()

    async def mail_is_off(self) -> bool:
        """Whether the agent's tool was taken from it."""
        return not (await self.api.get(TOOL)).json()["enabled"]

    async def verified(self, workflow_id: str) -> bool:
        """Whether the incident has read the new state back."""
        told = await self.client.get_workflow_handle(workflow_id).query("status")
        return "verified" in told["actions"].values()

    async def end(self, workflow_id: str) -> None:
        """Take the incident out of the way of what is measured next."""
        await self.client.get_workflow_handle(workflow_id).terminate("benchmark")


@asynccontextmanager
async def house(
    home: Path, of: Callable[[str, Path], RunningAgent] = lambda token, state: running_agent(token=token, state=state)
) -> AsyncIterator[House]:
    """Start it all; stop it all. ``of`` makes the agent, which has not started, of its token and the file of its state."""
    home.mkdir()
    # Incidents are terminated between two figures, and the SDK would warn of each task that comes too late.
    errors_only = TelemetryConfig(logging=LoggingConfig(TelemetryFilter(core_level="ERROR", other_level="ERROR")))
    Runtime.set_default(Runtime(telemetry=errors_only))
    tokens = {
        name: secrets.token_hex(16)
        for name in ("SANDBOX_AGENT_TOKEN", "HALON_TOKEN_ALERTMANAGER", "HALON_TOKEN_REPORT")
    }
    agent = of(tokens["SANDBOX_AGENT_TOKEN"], home / "agent.json")
    server = WorkflowEnvironment.start_local(
        dev_server_existing_path=str(binary()), dev_server_log_level="error", data_converter=data_converter,
        search_attributes=list(ATTRIBUTES), dev_server_database_filename=str(home / "temporal.db"),
        dev_server_extra_args=["--sqlite-pragma", "journal_mode=wal", "--sqlite-pragma", "synchronous=full",
                               "--dynamic-config-value", "history.transferProcessorMaxPollRPS=1000"],
    )  # fmt: skip
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(agent)
        environment = await stack.enter_async_context(await server)
        http = await stack.enter_async_context(new_client())
        environ = {**tokens, "HALON_HOME": str(home), "HALON_TASK_QUEUE": "bench", "HALON_SUPPORT_BOT_URL": agent.url}
        settings = Settings.from_environ(environ)
        kit, evidence = load(settings.kit, environ), EvidenceStore.open(settings.evidence)
        await keep_kit(evidence, kit)
        ahead: Ahead[Any] = Ahead()
        admission = Admission(environment.client, settings.task_queue, expect=ahead.expect)  # as `halon up` has it
        app = create_app(admission, settings, kit, evidence, environment.client, environ)
        worker = build_worker(
            environment.client, settings, kit, http=http, environ=environ, evidence=evidence, ahead=ahead
        )
        async with worker, _door(app, tokens["HALON_TOKEN_ALERTMANAGER"]) as door, _controls(agent) as api:
            yield House(door, environment.client, api)
            await admission.aclose()


def _door(app: Any, token: str) -> httpx.AsyncClient:
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://127.0.0.1", headers=headers, timeout=30
    )


def _controls(agent: RunningAgent) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=agent.url, headers=agent.headers, trust_env=False, timeout=10)


def now() -> str:
    """The time as Halon writes it."""
    return times.text(datetime.now(UTC))


async def to_containment(house: House) -> list[Figure]:
    """From the delivery to the first call that took a tool from the agent, and until that was read back; one by one."""
    admitted, contained, checked = [], [], []
    for number in range(INCIDENTS):
        await house.misbehave()
        began = time.perf_counter()
        found = await house.deliver(f"contain-{number}", "fp", now())
        admitted.append(time.perf_counter() - began)
        contained += await _reached(house.mail_is_off, began)
        checked += await _reached(lambda found=found: house.verified(found["workflow_id"]), began)  # type: ignore[misc]
        await house.end(found["workflow_id"])
        (await house.api.put(TOOL, json={"enabled": True})).raise_for_status()
    figures = [milliseconds("delivered, held by Temporal (2xx)", admitted)]
    for what, spent in (("first containment call", contained), ("and read back", checked)):
        late = INCIDENTS - len(spent)
        figures += [milliseconds(what, spent)] if spent else []
        figures += [Figure(f"{what}: none in {PATIENCE:g} s", str(late), "incidents")] if late else []
    if contained:
        figures.append(ratio("containment against admission", median(contained), median(admitted)))
    return figures


async def _reached(condition: Callable[[], Awaitable[bool]], began: float) -> list[float]:
    """The seconds since ``began`` once the condition holds; nothing if that takes too long."""
    while not await condition():
        if time.perf_counter() - began > PATIENCE:
            return []
        await asyncio.sleep(0.005)
    return [time.perf_counter() - began]


async def identical(house: House) -> list[Figure]:
    """The same delivery, 50 times at once."""
    started, began = now(), time.perf_counter()
    found = await asyncio.gather(*(house.deliver("identical", "fp", started) for _ in range(50)))
    spent = time.perf_counter() - began
    incidents = Counter(one["workflow_id"] for one in found)
    for workflow_id in incidents:
        await house.end(workflow_id)
    return [
        Figure("incidents", str(len(incidents)), "of 50 deliveries"),
        Figure("all acknowledged after", f"{spent * 1000:,.0f} ms"),
    ]


async def joining(house: House) -> list[Figure]:
    """Senders that deliver one alert after the other, each answered before it sends the next."""
    figures, rates = [], {}
    for senders in CONCURRENCY:
        group = f"join-{senders}"
        opened = await house.deliver(group, "first", now())
        spent: list[float] = []
        end = time.perf_counter() + JOIN_SECONDS

        async def send(sender: int, group: str = group, spent: list[float] = spent, end: float = end) -> None:
            while (began := time.perf_counter()) < end:
                await house.deliver(group, f"fp-{sender}-{len(spent)}", now())
                spent.append(time.perf_counter() - began)

        began = time.perf_counter()
        await asyncio.gather(*(send(number) for number in range(senders)))
        rates[senders] = len(spent) / (time.perf_counter() - began)
        latency = milliseconds("", spent)
        figures.append(
            Figure(f"{senders:>2} at a time", f"{rates[senders]:,.0f} /s", f"median {latency.value}, {latency.note}")
        )
        await house.end(opened["workflow_id"])
    few, many = CONCURRENCY[0], CONCURRENCY[-1]
    return [*figures, ratio(f"{many} senders against {few}", rates[many], rates[few])]
