"""What activities reach, for real: a Temporal server, the sandbox agent's process, stores on disk, the starter kit."""

from __future__ import annotations

import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiosmtpd.controller import Controller
from temporalio import workflow
from temporalio.client import Client, WorkflowHandle, WorkflowUpdateFailedError
from temporalio.common import RetryPolicy
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment, WorkflowEnvironment
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from halon.connectors.http import new_client
from halon.drill.documents import POISONED_QUESTION
from halon.drill.launch import RunningAgent, running_agent
from halon.evidence.seal import seal
from halon.evidence.store import EvidenceStore
from halon.incident.facts import Fact
from halon.incident.gates import Answer, Gate, Proof, gate_id
from halon.incident.orders import GatePolicy, Order
from halon.judgement.assess import assess
from halon.kit import Kit, load, starter_path
from halon.ports.contain import Step
from halon.record.journal import Journal
from halon.record.store import RecordStore
from halon_activities.hands import Hands, activities

TOKEN = "activity-tests-token"
QUEUE = "activities-under-test"
INCIDENT = "incident-support-bot.unauthorised-tool:run-1"


@workflow.defn(name="Incident")
class IncidentDouble:
    """As little of an incident as activities can tell apart from the real one: commands, and a door to activities."""

    @workflow.init
    def __init__(self, state: Any = None) -> None:
        self.state = state
        self.renew = False
        self.over = False

    @workflow.run
    async def run(self, state: Any = None) -> None:
        await workflow.wait_condition(lambda: self.renew or self.over)
        await workflow.wait_condition(workflow.all_handlers_finished)
        if self.renew:
            workflow.continue_as_new(state)

    @workflow.query
    def carry(self) -> Any:
        return self.state

    @workflow.signal
    def end(self) -> None:
        self.over = True

    @workflow.signal(name="renew")
    def go_on(self) -> None:
        self.renew = True

    @workflow.signal(name="alerts")
    def take_alerts(self, batch: dict[str, Any]) -> None:
        self.state = batch

    @workflow.update
    async def act(self, name: str, argument: Any) -> Any:
        return await workflow.execute_activity(
            name, argument, start_to_close_timeout=timedelta(seconds=60), heartbeat_timeout=timedelta(seconds=15),
            retry_policy=RetryPolicy(maximum_attempts=1),
        )  # fmt: skip

    @workflow.update(name="approve")
    async def approve(self, said: dict[str, Any]) -> str:
        if said.get("refuse"):
            raise ApplicationError("refused", type="NotAuthorised", non_retryable=True)
        return "ok"

    @workflow.update(name="reject")
    async def reject(self, said: dict[str, Any]) -> str:
        return "ok"

    @workflow.update(name="break-glass")
    async def break_glass(self, said: dict[str, Any]) -> str:
        return "heard"

    @workflow.update(name="withdraw")
    async def withdraw(self, said: dict[str, Any]) -> str:
        return "ok"

    @workflow.update(name="override")
    async def override(self, said: dict[str, Any]) -> str:
        return "ok"

    @workflow.update(name="contain")
    async def stop(self, said: dict[str, Any]) -> str:
        return "ok"

    @workflow.signal(name="approve")
    def approve_signal(self, said: dict[str, Any]) -> None:
        pass

    @workflow.signal(name="contain")
    def stop_signal(self, said: dict[str, Any]) -> None:
        pass


@workflow.defn(name="Impostor")
class Impostor(IncidentDouble):
    """The same under another type."""

    @workflow.init
    def __init__(self, state: Any = None) -> None:
        super().__init__(state)

    @workflow.run
    async def run(self, state: Any = None) -> None:
        await super().run(state)


@pytest.fixture(scope="session")
async def temporal() -> AsyncIterator[Client]:
    """A client of a real server."""
    binary = Path(sys.executable).parent / "temporal"
    async with await WorkflowEnvironment.start_local(
        dev_server_existing_path=str(binary), data_converter=pydantic_data_converter,
        dev_server_extra_args=["--dynamic-config-value", "history.transferProcessorMaxPollRPS=1000"],
    ) as environment:  # fmt: skip
        yield environment.client


@pytest.fixture(scope="module")
def sandbox_agent() -> Iterator[RunningAgent]:
    """One sandbox agent for the tests of a file."""
    with running_agent(token=TOKEN) as running:
        yield running


@pytest.fixture
def attacked(sandbox_agent: RunningAgent) -> RunningAgent:
    """The sandbox agent, contained by nobody, right after the poisoned page made it mail customer records outside."""
    with httpx.Client(base_url=sandbox_agent.url, headers=sandbox_agent.headers, trust_env=False, timeout=10) as client:
        client.put("/control/kill-switch", json={"on": False}).raise_for_status()
        client.put("/control/guardrails", json={"isolate_untrusted": False}).raise_for_status()
        client.put("/control/tools/send_email", json={"enabled": True}).raise_for_status()
        client.post("/v1/chat", json={"session": "s1", "message": POISONED_QUESTION}).raise_for_status()
    return sandbox_agent


def environ_for(agent_url: str, **more: str) -> dict[str, str]:
    return {"HALON_SUPPORT_BOT_URL": agent_url, "SANDBOX_AGENT_TOKEN": TOKEN, "HALON_SMTP": "127.0.0.1:1", **more}


@cache
def starter(*environ: tuple[str, str]) -> Kit:
    """The starter kit with this environment, read once."""
    return load(starter_path(), dict(environ))


@pytest.fixture
async def make_hands(tmp_path: Path, temporal: Client) -> AsyncIterator[Callable[..., Hands]]:
    """Hands with fresh stores; ``url`` is the agent's, ``more`` are environment variables."""
    clients: list[httpx.AsyncClient] = []

    def make(url: str = "http://127.0.0.1:9", **more: str) -> Hands:
        environ = environ_for(url, **more)
        store = EvidenceStore.open(tmp_path / "store")
        clients.append(new_client())
        return Hands(
            kit=starter(*sorted(environ.items())), evidence=store, record=RecordStore(store), journal=Journal(store),
            temporal=temporal, http=clients[-1], environ=environ, home=tmp_path / "home",
        )  # fmt: skip

    yield make
    for client in clients:
        await client.aclose()


@pytest.fixture
def hands(make_hands: Callable[..., Hands], sandbox_agent: RunningAgent) -> Hands:
    """Hands that reach the sandbox agent."""
    return make_hands(sandbox_agent.url)


Run = Callable[..., Awaitable[Any]]


@pytest.fixture
def as_incident() -> Run:
    """Run one activity as the workflow of an incident would, without a server."""

    async def run(activity: Any, argument: Any, *, incident: str = INCIDENT, **info: Any) -> Any:
        environment = ActivityEnvironment()
        workflow_id, _, run_id = incident.rpartition(":")
        called = {"workflow_type": "Incident", "workflow_id": workflow_id, "workflow_run_id": run_id} | info
        environment.info = replace(environment.info, **called)
        return await environment.run(activity, argument)

    return run


@dataclass
class Open:
    """One incident that runs on the server, with the activities of ``hands`` behind it."""

    handle: WorkflowHandle[Any, Any]
    incident_id: str
    run_id: str

    async def act(self, name: str, argument: Any) -> Any:
        """Run an activity as this incident."""
        return await self.handle.execute_update("act", args=[name, argument])

    async def say(self, command: str, update_id: str = "", **payload: Any) -> Proof:
        """Say a command as an update; the proof is where it stands in history."""
        update = update_id or f"{command}-{payload.get('by')}-{abs(hash(str(payload)))}"
        await self.handle.execute_update(command, payload, id=update)
        return Proof(self.run_id, "update", update)


@pytest.fixture
async def incident(temporal: Client, hands: Hands, request: pytest.FixtureRequest) -> AsyncIterator[Open]:
    """An incident on the server that ends with the test."""
    async for opened in opening(temporal, hands, request.node.name):
        yield opened


async def opening(client: Client, hands: Hands, name: str, kind: Any = IncidentDouble) -> AsyncIterator[Open]:
    queue = f"{QUEUE}-{abs(hash(name))}"
    async with Worker(
        client, task_queue=queue, workflows=[IncidentDouble, Impostor], activities=list(activities(hands)),
        workflow_runner=UnsandboxedWorkflowRunner(),
    ):  # fmt: skip
        workflow_id = f"incident-support-bot.test-{abs(hash(name))}"
        handle = await client.start_workflow(kind.run, None, id=workflow_id, task_queue=queue)
        run_id = handle.first_execution_run_id or ""
        current = client.get_workflow_handle(workflow_id)
        yield Open(current, f"{workflow_id}:{run_id}", run_id)
        await current.terminate()


@pytest.fixture
def opened() -> Any:
    """Open an incident on the server by hand: ``async for one in opened(client, hands, name)``."""
    return opening


@pytest.fixture
def orders(hands: Hands) -> Mapping[str, Order]:
    """The kit's orders for an agent that used its mail tool without permission, by id."""
    at = "2026-11-22T08:00:00Z"
    facts = [Fact("confirmed", True, "trace", at), Fact("unauthorised_tool_actions", ["send_email"], "trace", at)]
    assessment = assess(facts, hands.kit.policy, at, agent="support-bot")
    return {order.id: order for order in assessment.orders}


def answer(by: str, proof: Proof, *, approve: bool = True, roles: tuple[str, ...] = ("security_lead",)) -> Answer:
    return Answer(by, approve, "seen", "2026-11-22T08:00:00Z", roles, proof)


def gate_for(order: Order, incident_id: str, *answers: Answer, verb: str = "apply", **changes: Any) -> Gate:
    digest = order.digest_for(incident_id, verb)
    subject = order.id if verb == "apply" else f"restore-{order.id}"
    policy = (order.gate if verb == "apply" else order.restore_gate) or GatePolicy(("nobody",))
    gate = Gate(
        id=gate_id(subject, digest), kind="contain", subject=subject, digest=digest, title=order.title, question=(),
        policy=policy, opened_at="2020-01-01T00:00:00Z", deadline_at="2099-01-01T00:00:00Z",
        escalate_at="2099-01-01T00:00:00Z", answers=answers, status="granted",
    )  # fmt: skip
    return replace(gate, **changes)


async def applied(incident: Any, hands: Hands, order: Order, gate: Any) -> str:
    """Apply an order with evidence sealed: empty if it ran, else which proof is missing."""
    evidence = await seal(hands.evidence, incident.incident_id, "traces.json", b"{}", "application/json", "halon",
                          "2026-11-22T08:00:00Z")  # fmt: skip
    try:
        done = await incident.act("contain.apply", Step(incident.incident_id, order, 1, gate, (evidence.path,)))
    except WorkflowUpdateFailedError as error:
        cause: BaseException | None = error.cause
        while not isinstance(cause, ApplicationError):
            assert cause is not None
            cause = cause.__cause__
        assert cause.type == "ProofMissing"
        return cause.message
    assert done["status"] == 200
    return ""


@pytest.fixture
def asked() -> Any:
    """Make a gate for an order, and answers to it."""

    class Asked:
        gate = staticmethod(gate_for)
        applied = staticmethod(applied)
        answer = staticmethod(answer)
        plain = staticmethod(asdict)

    return Asked


@contextmanager
def smtp(handler: Any) -> Iterator[Any]:
    """A real SMTP server on a free port, which answers as ``handler`` does; its ``address`` is host:port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    handler.address = f"127.0.0.1:{port}"
    try:
        yield handler
    finally:
        controller.stop()


@pytest.fixture
def serving() -> Any:
    """``serving(handler)`` serves mail as long as its block runs."""
    return smtp
