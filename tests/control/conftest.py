"""An agent under control: in this process, and as a real server in a process of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from halon.control import Control

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
def serve(tmp_path: Path) -> Iterator[Callable[[], Served]]:
    """Start an agent's server on a state file that all of them share."""
    started: list[Served] = []

    def start() -> Served:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        outbox = tmp_path / "outbox.txt"
        process = subprocess.Popen(
            [sys.executable, str(PROGRAM), str(port), str(tmp_path / "shared.db"), str(outbox)],
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
