"""Agents of three frameworks under ``halon.control``: the examples in docs, as real processes with the real packages.

Halon's side is the starter kit's connector, so what is tried here is what an incident would do.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from halon.connectors.http import Response, new_client, send
from halon.connectors.pointers import unmet
from halon.incident.orders import Call, Order
from halon.kit import Kit, load, starter_path

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "docs" / "examples"
PYTHON = ROOT / ".e2e" / "frameworks" / "bin" / "python"
HALON = Path(sys.executable).with_name("halon")
TOKEN = "control-token-of-the-framework-tests"
ENVIRON = {"HALON_CONTROL_TOKEN": TOKEN}
OUTSIDER, GUEST = "eve@elsewhere.example", "ada@hotel.example"
MCP_CALL = """
import asyncio, sys
from mcp import Client

async def main() -> None:
    async with Client(sys.argv[1]) as client:
        result = await client.call_tool("send_message", {"to": sys.argv[2], "text": sys.argv[3]})
        print("error" if result.is_error else "done", *(part.text for part in result.content))

asyncio.run(main())
"""
AGENT = """\
title: Concierge of the examples
entity: acme-eu
connector: halon-control
control_url: {url}/halon
secret: HALON_CONTROL_TOKEN
tools:
  send_message: {{risk: external, reversible: false}}
"""
ACTION = """
  concierge-no-messages:
    action: disable_tool
    title: Switch off the tool send_message
    agents: [concierge]
    operation: disable_tool
    with: {tool: send_message}
    target: tool send_message
    reversible: true
    effect: keyed
    when: always
"""


@dataclass
class Example:
    """One example as a process, with its address and the kit that names it."""

    url: str
    kit: Kit
    ask: Callable[[str, str], str]

    @property
    def order(self) -> Order:
        """What Halon would do: switch the tool off."""
        return self.kit.policy.agents["concierge"].prepared[0].order

    def sent(self, call: Call, key: str | None = None) -> Response:
        """One call of the order, as an activity makes it."""

        async def once() -> Response:
            async with new_client() as client:
                return await send(call, key=key, client=client, environ=ENVIRON)

        return asyncio.run(once())

    def holds(self, call: Call | None, key: str | None = None) -> bool:
        """Whether the answer is the one that the connector expects."""
        assert call is not None
        return unmet(call.expect_json, self.sent(call, key).json) == ()

    def log(self) -> list[dict[str, Any]]:
        """The agent's action log, as Halon reads it."""
        return list(self.sent(self.kit.calls("concierge")["actions"]).json["actions"])

    def chat(self, to: str, text: str) -> str:
        """Have the scripted model send a message; what the agent answered."""
        asked = {"session": "s-1", "message": f"{to} {text}"}
        answer = httpx.post(f"{self.url}/chat", json=asked, trust_env=False, timeout=30)
        answer.raise_for_status()
        return str(answer.json()["reply"])

    def call_tool(self, to: str, text: str) -> str:
        """Have a real MCP client call the tool; what it got."""
        done = subprocess.run(
            [PYTHON, "-c", MCP_CALL, f"{self.url}/mcp", to, text], capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout


@pytest.fixture
def start(tmp_path: Path, free: Callable[[], int]) -> Iterator[Callable[[str], Example]]:
    """Start an example in a folder of its own, beside a copy of the control in one file; ended with the test."""
    assert PYTHON.exists(), "the frameworks are not installed; run: make e2e"
    started: list[subprocess.Popen[bytes]] = []

    def begin(name: str) -> Example:
        shutil.copy(EXAMPLES / name, tmp_path)
        subprocess.run([HALON, "control", tmp_path / "halon_control.py"], check=True, capture_output=True, timeout=60)
        port = free()
        log = tmp_path / "agent.log"
        bare = {key: text for key, text in os.environ.items() if not key.startswith(("HALON_", "PYTHON"))}
        with log.open("wb") as output:
            started.append(
                subprocess.Popen(
                    [PYTHON, name, str(port)], cwd=tmp_path, env=bare | ENVIRON, stdout=output, stderr=output
                )
            )
        url = f"http://127.0.0.1:{port}"
        end = time.monotonic() + 60
        while time.monotonic() < end and started[-1].poll() is None:
            with suppress(httpx.TransportError):
                if httpx.get(f"{url}/halon/healthz", trust_env=False).status_code == 200:
                    break
            time.sleep(0.2)
        else:
            raise AssertionError(f"{name} does not answer:\n{log.read_text()[-3000:]}")
        example = Example(url, _kit(tmp_path / "kit", url), lambda to, text: "")
        example.ask = example.call_tool if name == "mcp_server.py" else example.chat
        return example

    yield begin
    for process in started:
        process.kill()
        process.wait(10)


def _kit(folder: Path, url: str) -> Kit:
    shutil.copytree(starter_path(), folder)
    (folder / "agents" / "concierge.yaml").write_text(AGENT.format(url=url), encoding="utf-8")
    with (folder / "actions.yaml").open("a", encoding="utf-8") as file:
        file.write(ACTION)
    return load(folder, ENVIRON)


@pytest.mark.parametrize("name", ["langgraph_agent.py", "openai_agents_agent.py", "mcp_server.py"])
def test_a_tool_of_a_framework_is_switched_off_from_outside(start: Callable[[str], Example], name: str) -> None:
    """It works; the connector's call switches it off, and that is read back; it is refused; the log shows all; undone."""
    example = start(name)
    assert f"sent to {GUEST}" in example.ask(GUEST, "your room is ready")
    assert f"sent to {OUTSIDER}" in example.ask(OUTSIDER, "a booking")
    order = example.order
    assert not example.holds(order.verify)
    assert example.holds(order.apply, "test/off")
    assert example.holds(order.verify)
    refused = example.ask(GUEST, "still there?")
    assert f"sent to {GUEST}" not in refused
    assert "send_message" in refused, "the refusal says which tool"
    log = example.log()
    assert [row["status"] for row in log] == ["done", "done", "refused"]
    assert [row["authorised"] for row in log][:2] == [True, False]
    assert {row["tool"] for row in log} == {"send_message"}
    assert log[1]["recipient_domain"] == "elsewhere.example"
    assert example.holds(order.undo, "test/on")
    assert example.holds(order.undo_verify)
    assert f"sent to {GUEST}" in example.ask(GUEST, "here again")
