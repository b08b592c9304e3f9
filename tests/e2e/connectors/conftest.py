"""Real products that stop agents, each started for its test alone, and Halon's hands on the connector that comes for it."""

from __future__ import annotations

import asyncio
import json
import random
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import pytest
import yaml
from temporalio.client import Client
from temporalio.testing import ActivityEnvironment

from halon.connectors.http import Response, new_client, send
from halon.connectors.pointers import unmet
from halon.evidence.store import EvidenceStore
from halon.incident.orders import Call, Order
from halon.kit import load, starter_path
from halon.ports.contain import Applied, Step, Verified
from halon.record.journal import Journal
from halon.record.store import RecordStore
from halon_activities.contain import Contain
from halon_activities.hands import Hands

ROOT = Path(__file__).resolve().parents[3]
HALON = Path(sys.executable).with_name("halon")
INCIDENT = "incident-support-bot.stopped-by-a-product:run-1"


@dataclass(frozen=True)
class Seen:
    """An answer, as a client sees it that shares no code with Halon."""

    status: int
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


def ask(method: str, url: str, body: Any = None, **headers: str) -> Seen:
    """One request by the standard library; underscores in header names stand for hyphens."""
    content = None if body is None else json.dumps(body).encode()
    given = {name.replace("_", "-"): text for name, text in headers.items()}
    request = urllib.request.Request(url, content, {"Content-Type": "application/json", **given}, method=method)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=30) as answer:
            return Seen(answer.status, answer.read().decode())
    except urllib.error.HTTPError as error:
        return Seen(error.code, error.read().decode())


@dataclass
class Line:
    """Halon's side: a kit with the connector that comes with Halon, and one order of it for the support agent."""

    kit: Path
    environ: dict[str, str]
    home: Path
    attempt: int = 1
    last: dict[str, Any] = field(default_factory=dict)

    @property
    def order(self) -> Order:
        """The order as the kit makes it."""
        kit = load(self.kit, self.environ)
        return next(one.order for one in kit.policy.agents["support-bot"].prepared if one.order.id == "stop-it")

    def apply(self) -> Applied:
        """The activity that applies."""
        return cast(Applied, self._act("apply"))

    def verify(self) -> Verified:
        """The activity that reads back, one time."""
        return cast(Verified, self._act("verify"))

    def undo(self) -> Response:
        """The order's undo, sent as the activity sends it. (The activity itself needs a gate that people granted.)"""
        order = self.order
        assert order.undo is not None
        answer = self.sent(order.undo, f"undo-{self.attempt}")
        assert unmet(order.undo.expect_json, answer.json) == ()
        return answer

    def sent(self, call: Call, key: str | None = None) -> Response:
        """One call of the order, past the activity."""

        async def once() -> Response:
            async with new_client() as client:
                return await send(call, key=key, client=client, environ=self.environ)

        return asyncio.run(once())

    def verify_undo(self) -> Verified:
        """The activity that reads the undo back."""
        return cast(Verified, self._act("verify_undo"))

    def again(self) -> None:
        """From now on it is another attempt: another key."""
        self.attempt += 1

    def _act(self, name: str) -> Any:
        async def run() -> Any:
            store = EvidenceStore.open(self.home)
            async with new_client() as client:
                hands = Hands(
                    kit=load(self.kit, self.environ), evidence=store, record=RecordStore(store),
                    journal=Journal(store), temporal=cast(Client, None), http=client, environ=self.environ,
                    home=self.home,
                )  # fmt: skip
                environment = ActivityEnvironment()
                workflow_id, _, run_id = INCIDENT.rpartition(":")
                called = {"workflow_type": "Incident", "workflow_id": workflow_id, "workflow_run_id": run_id}
                environment.info = replace(environment.info, **called)
                step = Step(INCIDENT, self.order, self.attempt, once=name == "verify")
                return await environment.run(getattr(Contain(hands), name), step)

        return asyncio.run(run())

    def test(self, *words: str) -> subprocess.CompletedProcess[str]:
        """``halon connector test``, typed."""
        return subprocess.run(
            [HALON, "connector", "test", *words, "--kit", self.kit], env=self.environ, capture_output=True, text=True,
            timeout=120,
        )  # fmt: skip


@pytest.fixture
def line(tmp_path: Path) -> Callable[..., Line]:
    """Halon's side for ``preset``: ``operation`` with ``values`` on what stands around the support agent."""

    def make(
        preset: str, operation: str, values: dict[str, Any], environ: dict[str, str], harmless: Any = None, **more: Any
    ) -> Line:
        kit = tmp_path / "kit"
        shutil.copytree(
            starter_path(), kit, ignore=shutil.ignore_patterns("runbooks")
        )  # they name the starter's actions
        shown = subprocess.run(
            [HALON, "connector", "show", preset], capture_output=True, text=True, check=True, timeout=60
        )
        said = "" if harmless is None else f"\nharmless: {json.dumps(harmless)}\n"
        (kit / "connectors" / f"{preset}.yaml").write_text(shown.stdout + said)
        (kit / "actions.yaml").write_text(
            yaml.safe_dump({"actions": {"stop-it": action(preset, operation, values, **more)}})
        )
        around = {"SANDBOX_AGENT_TOKEN": "unused", "PATH": "/usr/bin:/bin", **environ}
        return Line(kit, around, tmp_path / "store")

    return make


def action(preset: str, operation: str, values: dict[str, Any], **more: Any) -> dict[str, Any]:
    """The action of a kit that stops the support agent by a product beside it."""
    return {
        "action": "kill_switch", "title": f"Stop the agent by {preset}", "agents": ["support-bot"], "connector": preset,
        "operation": operation, "with": values, "target": "all that it is asked", "reversible": True,
        "effect": "repeatable", "covers": ["all"], "rung": 1, "disruption": 1, "when": "always", **more,
    }  # fmt: skip


@pytest.fixture
def free() -> Callable[[], int]:
    """Ports below those that the system gives to outgoing connections."""

    def port() -> int:
        while True:
            found = random.randrange(20_000, 32_000)
            with socket.socket() as probe, suppress(OSError):
                probe.bind(("127.0.0.1", found))
                return found

    return port


@pytest.fixture
def product(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Start a product that tests/e2e/install installed, and wait until ``url`` answers below 500; ended with the test."""
    started: list[tuple[subprocess.Popen[bytes], Path]] = []

    def start(words: list[str], url: str, seconds: float = 90, **environ: str) -> subprocess.Popen[bytes]:
        assert Path(words[0]).exists(), f"{words[0]} is not there; run: tests/e2e/install"
        log = tmp_path / f"{Path(words[0]).name}-{len(started)}.log"
        around = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), **environ}
        with log.open("wb") as output:
            process = subprocess.Popen(words, env=around, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        started.append((process, log))
        end = time.monotonic() + seconds
        while time.monotonic() < end and process.poll() is None:
            with suppress(OSError):
                if ask("GET", url).status < 500:
                    return process
            time.sleep(0.2)
        raise AssertionError(f"{words[0]} does not answer at {url}:\n{log.read_text('utf-8', 'replace')[-3000:]}")

    yield start
    for process, _ in reversed(started):
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(15)
        process.kill()
        process.wait(15)


@pytest.fixture
def outside() -> Callable[..., Seen]:
    """A client that shares no code with Halon."""
    return ask


@pytest.fixture
def acts() -> Callable[..., dict[str, Any]]:
    """The action of a kit that stops the support agent by a product beside it."""
    return action


@pytest.fixture
def tools() -> Path:
    """Where tests/e2e/install puts what it installs."""
    return ROOT / ".e2e"
