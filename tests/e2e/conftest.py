"""Halon as processes that can be killed, the sandbox agent behind a wire that can be cut, and ``halon`` as people type it."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest
from aiosmtpd.controller import Controller

from halon.drill.documents import POISONED_QUESTION
from halon.drill.launch import RunningAgent, running_agent
from halon.kit import starter_path

HALON = str(Path(sys.executable).with_name("halon"))
TOKEN = "control-token-of-the-e2e-suite"
TAIL = 2500
PATIENCE = 240  # seconds that a test waits for what must come: a bound of its own, and not of Halon's
Found = TypeVar("Found")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All that lies in this folder is marked ``e2e``."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("e2e")


@pytest.fixture(scope="session", autouse=True)
def _ended_in_order() -> None:
    """A run that is ended from outside (``timeout``, CI) tidies its processes up too."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def free_port() -> int:
    """A port below those that the system gives to outgoing connections, so that it stays free over a restart."""
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def tails(logs: list[Path]) -> str:
    """The end of each log, for whoever has to find out why something was not seen."""
    return "\n".join(
        f"--- {log.name}\n{log.read_text('utf-8', 'replace')[-TAIL:]}"
        for log in logs
        if log.exists() and log.stat().st_size
    )


@dataclass
class Program:
    """A program in a process group of its own, with what it prints in ``log``."""

    command: list[str]
    log: Path
    environment: dict[str, str] | None = None
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                self.command, env=self.environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                start_new_session=True,
            )  # fmt: skip

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def kill(self, number: int = signal.SIGKILL, seconds: float = 30) -> int:
        """Send a signal to the whole group and return the exit code."""
        assert self.process is not None
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)
        return self.process.wait(seconds)

    def close(self) -> None:
        """End what is left of the group."""
        if self.running:
            self.kill()


@dataclass
class Typed:
    """What one ``halon`` command did."""

    words: tuple[str, ...]
    code: int
    out: str
    err: str

    @property
    def value(self) -> Any:
        return json.loads(self.out)


class Mailbox:
    """What a real SMTP server received."""

    def __init__(self) -> None:
        self.recipients: list[str] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.recipients += envelope.rcpt_tos
        return "250 OK"


class Wire:
    """Stands between Halon and the agent. The answer to a call that is held is lost: the agent has carried it out."""

    def __init__(self) -> None:
        self.agent = ""
        self._held: tuple[str, str, str] | None = None
        self._reached, self._let_go = threading.Event(), threading.Event()
        wire = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _pass_on(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                kept = ("authorization", "idempotency-key", "content-type", "accept")
                headers = {name: text for name, text in self.headers.items() if name.lower() in kept}
                answer = httpx.request(
                    self.command, wire.agent + self.path, content=body, headers=headers, trust_env=False, timeout=30
                )
                if wire._is_held(self.command, self.path):
                    self.close_connection = True
                    return
                self.send_response(answer.status_code)
                for name in ("Content-Type", "Idempotent-Replay"):
                    if name in answer.headers:
                        self.send_header(name, answer.headers[name])
                self.send_header("Content-Length", str(len(answer.content)))
                self.end_headers()
                self.wfile.write(answer.content)

            do_GET = do_PUT = do_POST = _pass_on

            def handle(self) -> None:
                with suppress(ConnectionError, httpx.TransportError):  # one of the two was killed meanwhile
                    super().handle()

            def log_message(self, *ignored: Any) -> None:
                """Silent: what the agent saw is in its own ledger."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def hold(self, method: str, path: str, after: str = "") -> None:
        """Keep the answers of such calls back, once the agent has carried them out; with ``after``, only after that one."""
        self._reached.clear()
        self._let_go.clear()
        self._held = (method, path, after)

    @property
    def holds(self) -> bool:
        """Whether an answer is held back now."""
        return self._reached.is_set()

    def lose(self) -> None:
        """Lose the answers that are held, and pass everything on from now on."""
        self._held = None
        self._let_go.set()

    def close(self) -> None:
        self.lose()
        self._server.shutdown()
        self._server.server_close()

    def _is_held(self, method: str, path: str) -> bool:
        if self._held is None:
            return False
        if self._held == (self._held[0], path, method):
            self._held = (self._held[0], path, "")
        if self._held != (method, path, ""):
            return False
        self._reached.set()
        self._let_go.wait(120)
        return True


@dataclass
class House:
    """A home with its ports; ``halon up`` can be started, killed and started again on it."""

    home: Path
    agent: RunningAgent
    wire: Wire
    mailbox: Mailbox
    smtp_port: int
    logs: list[Path] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.port = free_port()
        steering = ("HALON_", "TEMPORAL_", "SANDBOX_")
        kit = self.home.parent / "kit"
        shutil.copytree(starter_path(), kit)
        actions = kit / "actions.yaml"  # what is given back in part is watched for a second, not for minutes
        actions.write_text(re.sub(r"watch_seconds: *\d+", "watch_seconds: 1", actions.read_text()))
        self.environment = {name: text for name, text in os.environ.items() if not name.startswith(steering)} | {
            "HALON_HOME": str(self.home), "HALON_GATEWAY_PORT": str(self.port), "HALON_TEMPORAL_PORT": str(free_port()),
            "HALON_UI_PORT": str(free_port()), "HALON_SUPPORT_BOT_URL": self.wire.url, "SANDBOX_AGENT_TOKEN": TOKEN,
            "HALON_SMTP": f"127.0.0.1:{self.smtp_port}", "HALON_KIT": str(kit),
        }  # fmt: skip
        self.url = f"http://127.0.0.1:{self.port}"
        self.api = httpx.Client(base_url=self.agent.url, headers=self.agent.headers, trust_env=False, timeout=10)
        said = self.home.parent / "halon-up.log"
        self.halon = Program([HALON, "up"], said, self.environment)
        self.logs += [said, self.home / "halon.log", self.home / "temporal.log", self.agent.log]

    def up(self) -> None:
        """Start ``halon up`` and wait until it says that it is ready."""
        before = self.said().count("\nready:")
        self.halon.start()
        self.until("halon up to be ready", lambda: not self.halon.running or self.said().count("\nready:") > before)
        assert self.halon.running, f"halon up ended\n{tails(self.logs)}"

    def said(self) -> str:
        """All that ``halon up`` printed, over all its starts."""
        return "\n" + self.halon.log.read_text("utf-8") if self.halon.log.exists() else ""

    @property
    def server_pid(self) -> int:
        """The process id of the Temporal server."""
        return int((self.home / "temporal.pid").read_text())

    def kill_server(self) -> int:
        """``kill -9`` of the Temporal server; its process id."""
        pid = self.server_pid
        os.kill(pid, signal.SIGKILL)
        return pid

    def type(self, *words: str, seconds: float = PATIENCE) -> Typed:
        """Run ``halon`` with these words, as a person would."""
        try:
            done = subprocess.run(
                [HALON, *words], env=self.environment, capture_output=True, text=True, timeout=seconds
            )
        except subprocess.TimeoutExpired:
            return Typed(words, 124, "", f"did not end within {seconds:g} s")
        return Typed(words, done.returncode, done.stdout, done.stderr)

    def say(self, *words: str) -> Typed:
        """Type a command that has to be taken."""
        done = self.type(*words)
        assert done.code == 0, f"halon {' '.join(words)}: exit {done.code}\n{done.out}\n{done.err}\n{tails(self.logs)}"
        return done

    def until(self, what: str, look: Callable[[], Found], seconds: float = PATIENCE, every: float = 0.3) -> Found:
        """The first true value of ``look()``; fails with the ends of all logs."""
        end = time.monotonic() + seconds
        last: Found | None = None
        while time.monotonic() < end:
            last = look()
            if last:
                return last
            time.sleep(every)
        raise AssertionError(f"not seen within {seconds:g} s: {what} (last: {last!r})\n{tails(self.logs)}")

    def incidents(self) -> list[dict[str, Any]]:
        """All incidents that there ever were, as ``halon incidents --all`` lists them."""
        return list(self.say("incidents", "--all", "--json").value)

    def shown(self, name: str) -> dict[str, Any]:
        """``halon show``; empty while nothing answers."""
        done = self.type("show", name, "--json")
        return dict(done.value) if done.code == 0 else {}

    def status(self, name: str) -> dict[str, Any]:
        """``halon status``; empty while nothing answers."""
        done = self.type("status", name, "--json")
        return dict(done.value) if done.code == 0 else {}

    def until_status(
        self, name: str, what: str, holds: Callable[[dict[str, Any]], Any], seconds: float = PATIENCE
    ) -> dict[str, Any]:
        """The first live status for which ``holds``."""

        def look() -> dict[str, Any]:
            status = self.status(name)
            return status if status.get("live") and holds(status) else {}

        try:
            return self.until(what, look, seconds)
        except AssertionError as error:
            told = self.type("timeline", name).out
            raise AssertionError(f"{error}\n--- timeline of {name}\n{told[-2 * TAIL :]}") from None

    def contained(self, name: str, seconds: float = PATIENCE) -> dict[str, Any]:
        """The status once the tool is off, read back, and the harm was seen to have stopped."""
        return self.until_status(
            name, "the harm stopped, by a verified action",
            lambda now: now["actions"].get("disable-send-email") == "verified"
            and "the harm has not been seen to stop" not in now["left_before_close"], seconds,
        )  # fmt: skip

    def approve(self, name: str, subject: str, by: str) -> None:
        """Approve the open gate of ``subject``."""

        def gate() -> str:
            gates = self.shown(name).get("gates") or []
            return next((one["id"] for one in gates if one["subject"] == subject and one["status"] == "open"), "")

        asked = self.until(f"the gate of {subject}", gate)
        self.say("approve", name, asked, "--by", by, "--reason", "looked at it", "--yes")

    def misbehave(self, session: str) -> dict[str, Any]:
        """The agent reads the poisoned page and mails records out, if its controls let it."""
        asked = {"session": session, "customer": "C-1001", "message": POISONED_QUESTION}
        answer = self.api.post("/v1/chat", json=asked)
        answer.raise_for_status()
        return dict(answer.json())

    def calls(self, path: str) -> list[dict[str, Any]]:
        """The agent's own ledger of control calls to ``path`` that change something: one row a key."""
        return list(self.api.get("/control/calls", params={"path": path}).json()["calls"])

    def tool_is_on(self) -> bool:
        """Whether the agent may send mail, read from the agent."""
        return bool(self.api.get("/control/tools/send_email").json()["enabled"])

    def close(self) -> None:
        """End everything that runs from this home, the server that a killed ``halon up`` left behind as well."""
        self.wire.lose()
        if self.halon.running:
            with suppress(subprocess.TimeoutExpired):
                self.halon.kill(signal.SIGINT)
        self.halon.close()
        with suppress(OSError, ValueError):
            pid = self.server_pid
            if str(self.home).encode() in Path(f"/proc/{pid}/cmdline").read_bytes():
                os.kill(pid, signal.SIGKILL)
        self.api.close()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A house of the test's own: sandbox agent, wire, mail server; ``up()`` starts Halon."""
    mailbox, smtp_port = Mailbox(), free_port()
    mail = Controller(mailbox, hostname="127.0.0.1", port=smtp_port)
    mail.start()
    wire = Wire()
    try:
        with running_agent(token=TOKEN, state=tmp_path / "agent.json", log=tmp_path / "agent.log") as agent:
            wire.agent = agent.url
            built = House(tmp_path / "home", agent, wire, mailbox, smtp_port)
            try:
                yield built
            finally:
                built.close()
    finally:
        wire.close()
        mail.stop()


@pytest.fixture
def free() -> Callable[[], int]:
    """Ports for programs of the test's own."""
    return free_port


@pytest.fixture
def daemon(tmp_path: Path, house: House) -> Iterator[Callable[..., Program]]:
    """Start a program by the first of its names that is installed; it is ended with the test."""
    started: list[Program] = []

    def start(names: tuple[str, ...], *arguments: str) -> Program:
        found = next((path for name in names if (path := shutil.which(name))), None)
        assert found, f"{names[0]} is not installed; run: tests/e2e/install"
        program = Program([found, *arguments], tmp_path / f"{names[0]}.log")
        house.logs.append(program.log)
        program.start()
        started.append(program)
        return program

    yield start
    for program in started:
        program.close()
