"""An agent under control: in this process, and as a real server in a process of its own."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from halon.control import Control
from halon.incident.orders import Order
from halon.kit import load, starter_path

TOKEN = "control-tests-token"
TOKEN_ENV = "HALON_CONTROL_TOKEN"
PROGRAM = Path(__file__).with_name("agent_program.py")


@pytest.fixture(autouse=True)
def _token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TOKEN_ENV, TOKEN)


@dataclass
class Agent:
    """An agent with two tools that keep what they did, and its controls."""

    control: Control
    sent: list[str]
    send_email: Callable[..., Any]
    lookup: Callable[..., Any]
    send_later: Callable[..., Any]


def agent_with(control: Control) -> Agent:
    sent: list[str] = []

    @control.tool(
        writes=True,
        authorised=lambda call: call["to"].endswith("@ours.example"),
        recipient=lambda call: call["to"],
        records=lambda call: len(call["customers"]),
    )
    def send_email(to: str, body: str = "", customers: tuple[str, ...] = ()) -> str:
        """Send a mail."""
        sent.append(to)
        return f"sent to {to}"

    @control.tool(writes=False)
    def lookup(order: int) -> str:
        return f"order {order}"

    @control.tool("send_later", writes=True)
    async def later(to: str) -> str:
        sent.append(to)
        return f"will send to {to}"

    return Agent(control, sent, send_email, lookup, later)


@pytest.fixture
def make_agent() -> Callable[[Control], Agent]:
    """An agent with the usual tools."""
    return agent_with


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Agent]:
    """A fresh agent in this process."""
    control = Control("my-agent", state=tmp_path / "control.db", fallback="A person will answer.", version="1.4.0")
    yield agent_with(control)
    control.close()


async def nothing_there(scope: Any, receive: Any, send: Any) -> None:
    """An application that answers 404."""
    await send({"type": "http.response.start", "status": 404, "headers": []})
    await send({"type": "http.response.body", "body": b"the app"})


@pytest.fixture
def reach() -> Callable[..., httpx.AsyncClient]:
    """Reach a control's middleware without a network, with the token."""
    return client_of


@pytest.fixture
async def http(agent: Agent) -> AsyncIterator[httpx.AsyncClient]:
    """The agent's controls, reached with the token."""
    async with client_of(agent.control) as client:
        yield client


def client_of(control: Control, app: Any = nothing_there, **how: Any) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(control.asgi(app, **how)), base_url="http://agent/halon",
        headers={"Authorization": f"Bearer {TOKEN}"},
    )  # fmt: skip


@pytest.fixture
def orders_at(tmp_path: Path) -> Callable[..., dict[str, Order]]:
    """Orders by operation, from the starter kit with an agent at an address and an action for each of the operations."""

    def made(url: str, values: Mapping[str, Mapping[str, Any]]) -> dict[str, Order]:
        return {
            one.order.title: one.order
            for one in kit_at(tmp_path / "kit", url, values).policy.agents["my-agent"].prepared
        }

    return made


@pytest.fixture
def kit_for() -> Callable[..., Any]:
    """The kit behind ``orders_at``."""
    return kit_at


def kit_at(folder: Path, url: str, values: Mapping[str, Mapping[str, Any]]) -> Any:
    shutil.copytree(starter_path(), folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    connector = yaml.load((folder / "connectors" / "halon-control.yaml").read_text(), Loader=yaml.CSafeLoader)
    agent = {
        "title": "My agent", "entity": "acme-eu", "mode": "act", "connector": "halon-control", "control_url": f"{url}/halon",
        "tools": {"send_email": {"risk": "external"}},
    }  # fmt: skip
    (folder / "agents" / "my-agent.yaml").write_text(yaml.safe_dump(agent))
    actions = yaml.load((folder / "actions.yaml").read_text(), Loader=yaml.CSafeLoader)
    for operation, with_ in values.items():
        back = "undo" in connector["operations"][operation]
        actions["actions"][f"my-{operation.replace('_', '-')}"] = {
            "action": "kill_switch", "title": operation, "agents": ["my-agent"], "operation": operation, "with": dict(with_),
            "target": "my agent", "reversible": back, "effect": "keyed", "rung": 1, "disruption": 1,
            "when": {"fact": "confirmed", "is": True}, "stops": ["it"],
            **({} if back else {"way_back": "There is none.", "gentler": "Switch the tool off.", "gate": {"roles": ["commander"]}}),
        }  # fmt: skip
    (folder / "actions.yaml").write_text(yaml.safe_dump(actions))
    return load(folder, {TOKEN_ENV: TOKEN})


@dataclass
class Served:
    """A server process: its address, the file into which its mail tool writes, and the process."""

    url: str
    outbox: Path
    process: subprocess.Popen[bytes]

    def client(self) -> httpx.Client:
        return httpx.Client(
            base_url=self.url, headers={"Authorization": f"Bearer {TOKEN}"}, trust_env=False, timeout=10
        )

    def mails(self) -> int:
        return len(self.outbox.read_text().splitlines()) if self.outbox.exists() else 0

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            self.process.kill()
        self.process.wait(10)


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Served]]:
    """Start an agent's server on a state file that all of them share. ``program``: another one beside this file."""
    yield from servers_in(tmp_path)


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Served]]:
    """As ``serve``, for a whole file."""
    yield from servers_in(tmp_path_factory.mktemp("served"))


@pytest.fixture(scope="module")
def kit_made(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    """As ``kit_for``, in a folder of its own, for a whole file."""
    return lambda url, values: kit_at(tmp_path_factory.mktemp("kits") / "kit", url, values)


def servers_in(folder: Path) -> Iterator[Callable[..., Served]]:
    started: list[Served] = []

    def start(program: str = PROGRAM.name) -> Served:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        outbox = folder / "outbox.txt"
        process = subprocess.Popen(
            [sys.executable, str(PROGRAM.with_name(program)), str(port), str(folder / "shared.db"), str(outbox)],
            env={**os.environ, TOKEN_ENV: TOKEN}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        served = Served(f"http://127.0.0.1:{port}", outbox, process)
        started.append(served)
        for _ in range(200):
            with suppress(httpx.TransportError), served.client() as client:
                client.get("/halon/healthz").raise_for_status()
                return served
            time.sleep(0.05)
        raise TimeoutError("the agent did not start")

    yield start
    for served in started:
        served.kill()
