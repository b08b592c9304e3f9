"""Halon as it is deployed: Temporal server on a file, front door and worker, each a process that can be killed.

The sandbox agent runs beside them. What each process has used of the processors is read from the kernel.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from temporalio.client import Client

from benchmarks.sending import Came, Plan
from halon.client import connect
from halon.drill.launch import RunningAgent, running_agent
from halon.embedded import NAMESPACE, arguments, binary, ensure_attributes
from halon.settings import Settings

SOURCE = "alertmanager"
READY_SECONDS = 60.0
_TICKS = os.sysconf("SC_CLK_TCK")
_TOKENS = ("SANDBOX_AGENT_TOKEN", "HALON_TOKEN_ALERTMANAGER", "HALON_TOKEN_REPORT", "HALON_TOKEN_READ")


def free_port() -> int:
    """A port below those that the system gives to outgoing connections, so that it stays free over a restart."""
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@dataclass
class Program:
    """One program in a session of its own; what it prints goes to ``log``."""

    command: list[str]
    log: Path
    environ: Mapping[str, str]
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                self.command, env=dict(self.environ), stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                start_new_session=True,
            )  # fmt: skip

    def kill(self, number: int = signal.SIGKILL, seconds: float = 30.0) -> None:
        """Send a signal to the process and everything it started, and wait for its end."""
        if self.process is None or self.process.poll() is not None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)
        self.process.wait(seconds)

    def cpu(self) -> float:
        """Seconds of processor time that it has used."""
        assert self.process is not None
        return cpu_of(self.process.pid)

    def rss(self) -> int:
        """Bytes of memory that it holds."""
        assert self.process is not None
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def tail(self, characters: int = 3000) -> str:
        """The end of what it printed."""
        return self.log.read_text("utf-8", "replace")[-characters:] if self.log.exists() else ""


def cpu_of(pid: int) -> float:
    """Seconds of processor time of a process."""
    parts = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(parts[11]) + int(parts[12])) / _TICKS


@dataclass
class Apart:
    """The processes and how to reach them."""

    home: Path
    server: Program
    gateway: Program
    worker: Program
    client: Client
    url: str
    token: str
    agent: RunningAgent
    environ: dict[str, str] = field(default_factory=dict)

    @property
    def programs(self) -> dict[str, Program]:
        """By name."""
        return {"server": self.server, "gateway": self.gateway, "worker": self.worker}

    def cpu(self) -> dict[str, float]:
        """Seconds of processor time of each process."""
        return {name: one.cpu() for name, one in self.programs.items()}

    def plan(self, alerts: int, groups: int, connections: int, prefix: str = "storm") -> Plan:
        """A plan for the sender."""
        address = f"{self.url}/v1/alerts/{SOURCE}"
        return Plan(address, self.token, alerts, groups, connections, prefix=prefix)

    async def send(self, plan: Plan) -> Came:
        """Send in a process of its own."""
        sender = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "benchmarks.sending", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
            cwd=Path(__file__).parent.parent,
        )  # fmt: skip
        output, _ = await sender.communicate(json.dumps(asdict(plan)).encode())
        return Came(**json.loads(output))

    async def ready(self, what: str, program: Program, after: int) -> None:
        """Wait until ``program`` says that it is ready, once more than ``after`` times."""
        end = time.monotonic() + READY_SECONDS
        while program.log.read_text("utf-8", "replace").count(" ready: ") <= after:
            if time.monotonic() > end or (program.process and program.process.poll() is not None):
                raise RuntimeError(f"{what} does not get ready\n{program.tail()}")
            await asyncio.sleep(0.05)

    async def serving(self) -> None:
        """Wait until the server answers."""
        end = time.monotonic() + READY_SECONDS
        while True:
            try:
                if await self.client.service_client.check_health():
                    return
            except Exception:  # whatever a server that is not there makes of it
                if time.monotonic() > end:
                    raise
            await asyncio.sleep(0.05)


@asynccontextmanager
async def apart(home: Path, kit: Path | None = None, **more: str) -> AsyncIterator[Apart]:
    """Start server, gateway, worker and the sandbox agent; stop them all. ``more`` is added to the environment."""
    home.mkdir(parents=True)
    tokens = {name: secrets.token_hex(16) for name in _TOKENS}
    ports = {name: free_port() for name in ("temporal", "ui", "gateway")}
    kept = {name: text for name, text in os.environ.items() if not name.startswith(("HALON_", "TEMPORAL_", "SANDBOX_"))}
    agent = running_agent(token=tokens["SANDBOX_AGENT_TOKEN"], state=home / "agent.json")
    async with agent:
        environ = kept | tokens | {
            "HALON_HOME": str(home), "HALON_GATEWAY_PORT": str(ports["gateway"]), "HALON_SUPPORT_BOT_URL": agent.url,
            "HALON_TEMPORAL_PORT": str(ports["temporal"]), **({"HALON_KIT": str(kit)} if kit else {}), **more,
        }  # fmt: skip
        halon = [str(Path(sys.executable).with_name("halon"))]
        server = Program([str(binary()), *arguments(home / "temporal.db", ports["temporal"], ports["ui"])],
                         home / "server.log", kept)  # fmt: skip
        gateway = Program([*halon, "gateway"], home / "gateway.log", environ)
        worker = Program([*halon, "worker"], home / "worker.log", environ)
        settings = Settings.from_environ(environ)
        try:
            server.start()
            client = await connect(settings, environ={}, lazy=True, namespace=NAMESPACE)
            built = Apart(home, server, gateway, worker, client, settings.gateway_url,
                          tokens["HALON_TOKEN_ALERTMANAGER"], agent, environ)  # fmt: skip
            await built.serving()
            await ensure_attributes(client)
            gateway.start()
            worker.start()
            await built.ready("the gateway", gateway, 0)
            await built.ready("the worker", worker, 0)
            yield built
        finally:
            for program in (worker, gateway):
                with suppress(subprocess.TimeoutExpired):
                    program.kill(signal.SIGTERM, 15)
            for program in (worker, gateway, server):
                program.kill()
