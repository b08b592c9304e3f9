"""The programs of the demo on free ports and in a folder of its own: started, killed on purpose, ended whatever happens."""

from __future__ import annotations

import os
import random
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller

BIN = Path(sys.executable).parent
READY_SECONDS = 60.0
STOP_SECONDS = 8.0
_HURRIED_SECONDS = 3.0
_OURS = ("HALON_", "TEMPORAL_", "SANDBOX_")


class DidNotStart(Exception):
    """A program of the demo ended by itself, or was not ready in time. The text is what it said last."""


def free_ports(count: int) -> list[int]:
    """Ports that nothing listens on now, all different.

    They lie below those that a system hands out by itself (from 32768 or 49152 on): nobody else may be given one of
    them while the programs that use them are being restarted.
    """
    found: list[int] = []
    for port in random.sample(range(20_000, 32_000), 500):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            found.append(port)
        if len(found) == count:
            return found
    raise DidNotStart("there are no free ports between 20000 and 32000 on this machine: close something and try again")


class Catcher:
    """A mail server that keeps what it gets."""

    def __init__(self) -> None:
        self._mails: list[tuple[list[str], EmailMessage]] = []
        self._lock = threading.Lock()

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        """aiosmtpd calls this for each mail."""
        message = message_from_bytes(envelope.content, policy=policy.default)
        with self._lock:
            self._mails.append((list(envelope.rcpt_tos), message))
        return "250 OK"

    def to(self, address: str) -> list[EmailMessage]:
        """The mails that arrived for this address."""
        with self._lock:
            return [message for recipients, message in self._mails if address in recipients]

    def all(self) -> list[str]:
        """Everybody who got a mail."""
        with self._lock:
            return [address for recipients, _ in self._mails for address in recipients]


class Programs:
    """Everything that runs for the demo. Used as a context manager: nothing of it is left afterwards."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="halon-demo-")).resolve()
        self.home = self.folder / "home"
        self.kit = self.folder / "kit"
        self.mail = Catcher()
        self.agent_token = secrets.token_urlsafe(24)
        door, temporal, ui, agent, mail = free_ports(5)
        self.agent_url = f"http://127.0.0.1:{agent}"
        self.door_url = f"http://127.0.0.1:{door}"
        self.temporal_address = f"127.0.0.1:{temporal}"
        self.ui_url = f"http://127.0.0.1:{ui}"
        self.agent_port, self.mail_port = agent, mail
        bare = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
        self.environment = {
            **bare,
            "PATH": f"{BIN}{os.pathsep}{bare.get('PATH', '')}",
            "HALON_HOME": str(self.home),
            "HALON_KIT": str(self.kit),
            "HALON_GATEWAY_PORT": str(door),
            "HALON_TEMPORAL_PORT": str(temporal),
            "HALON_UI_PORT": str(ui),
            "HALON_SUPPORT_BOT_URL": self.agent_url,
            "HALON_SMTP": f"127.0.0.1:{mail}",
            "SANDBOX_AGENT_TOKEN": self.agent_token,
            "TEMPORAL_ADDRESS": self.temporal_address,
        }
        self._halon_speaks_from = 0
        self._controller: Controller | None = None
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Programs:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)  # what runs is being ended already
        self.end_all(STOP_SECONDS if kind is None else _HURRIED_SECONDS)

    def catch_mail(self) -> None:
        """Start the mail server, in this process. Raises DidNotStart."""
        controller = Controller(self.mail, hostname="127.0.0.1", port=self.mail_port)
        try:
            controller.start()
        except (OSError, TimeoutError, RuntimeError) as error:
            raise DidNotStart(f"the mail server on port {self.mail_port}: {error}") from error
        self._controller = controller

    def start_agent(self) -> None:
        """Start the sandbox agent; it is asked by HTTP whether it is there."""
        self._start("agent", [sys.executable, "-m", "halon.drill", "--host", "127.0.0.1", "--port", str(self.agent_port),
                              "--smtp", f"127.0.0.1:{self.mail_port}", "--state", str(self.folder / "agent.json")])  # fmt: skip

    def begin_halon(self) -> None:
        """``halon up``, without waiting for it."""
        said = self.log("halon-up")
        self._halon_speaks_from = said.stat().st_size if said.exists() else 0
        self._start("halon-up", [str(BIN / "halon"), "up"])

    def halon_ready(self) -> list[str]:
        """What ``halon up`` said, up to the line that begins with ``ready:``. Raises DidNotStart."""
        end = time.monotonic() + READY_SECONDS
        while time.monotonic() < end:
            lines = self.log("halon-up").read_bytes()[self._halon_speaks_from :].decode("utf-8", "replace").splitlines()
            if any(line.startswith("ready:") for line in lines):
                return lines
            self.require_running()
            time.sleep(0.05)
        raise DidNotStart(f"halon up was not ready after {READY_SECONDS:g} s")

    def require_running(self) -> None:
        """Raises DidNotStart if a program has ended by itself: with what it said last, such as which port is in use."""
        for name, process in self._running.items():
            if process.poll() is not None:
                said = self.log(name).read_text("utf-8", "replace").splitlines()
                raise DidNotStart(f"{name} ended by itself with {process.returncode}: {' | '.join(said[-3:])}")

    def kill_halon(self) -> int:
        """``kill -9`` on the process that holds worker and front door. Returns how it ended (negative: the signal)."""
        process = self._running.pop("halon-up")
        os.kill(process.pid, signal.SIGKILL)
        return process.wait(10)

    def halon_pid(self) -> int:
        """The process id of ``halon up``."""
        return self._running["halon-up"].pid

    def kept(self, name: str) -> list[str]:
        """The lines of a file in Halon's home; none if there is no such file."""
        try:
            return (self.home / name).read_text("utf-8").splitlines()
        except FileNotFoundError:
            return []

    def log(self, name: str) -> Path:
        """Where a program's output goes."""
        return self.folder / f"{name}.log"

    def end_all(self, patience: float = STOP_SECONDS) -> None:
        """End every program, gently first. What an interrupted one left behind is ended as well."""
        running = list(self._running.values())  # kept until they have ended: a second Ctrl-C may come in the middle
        for process in running:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGINT)
        end = time.monotonic() + patience
        for process in running:
            try:
                process.wait(max(0.1, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait(10)
        self._running.clear()
        self._end_left_behind_server()
        if self._controller is not None:
            self._controller.stop()
            self._controller = None

    def left_running(self) -> list[str]:
        """Processes (id and command line) that name the demo's folder; none once it has ended."""
        return [f"{pid} {line}" for pid, line in _command_lines() if str(self.folder) in line]

    def _start(self, name: str, command: list[str]) -> subprocess.Popen[bytes]:
        with self.log(name).open("ab") as output:
            process = subprocess.Popen(command, env=self.environment, cwd=self.folder, stdin=subprocess.DEVNULL,
                                       stdout=output, stderr=subprocess.STDOUT, start_new_session=True)  # fmt: skip
        self._running[name] = process
        return process

    def _end_left_behind_server(self) -> None:
        """A killed ``halon up`` leaves its Temporal server to the next one; at the end there is no next one."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            end = time.monotonic() + 4
            for pid in self._server_pids():
                with suppress(ProcessLookupError):
                    os.kill(pid, number)
            while self._server_pids() and time.monotonic() < end:
                time.sleep(0.05)

    def _server_pids(self) -> list[int]:
        return [int(line.split()[0]) for line in self.left_running() if str(self.home / "temporal.db") in line]


def _command_lines() -> list[tuple[int, str]]:
    """Every process that can be seen, with its command line."""
    if Path("/proc/self/cmdline").exists():
        found = []
        for folder in Path("/proc").iterdir():
            if folder.name.isdigit():
                with suppress(OSError):  # it has just ended
                    line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
                    found.append((int(folder.name), line.strip()))
        return found
    listed = subprocess.run(["ps", "-A", "-o", "pid=,args="], capture_output=True, text=True, check=False).stdout
    split = [line.split(maxsplit=1) for line in listed.splitlines() if line.strip()]
    return [(int(pid), rest[0] if rest else "") for pid, *rest in split]
