"""Start the sandbox agent as a real process, for tests and drills.

    with running_agent(token="...") as agent:
        httpx.get(agent.url + "/healthz")

``async with`` works as well and does not block the event loop.
"""

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import httpx

_TRIES = 3
_LOG_TAIL_CHARACTERS = 2000
_PASSED_ON = ("PATH", "PYTHONPATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV", "SYSTEMROOT")


class AgentDidNotStart(Exception):
    """The process ended or did not answer in time; the message holds the end of its log."""


class RunningAgent:
    """A sandbox agent in a process of its own.

    Attributes:
        url: base URL without a slash at the end.
        token: the control token.
        log: file with everything that the process printed.
    """

    def __init__(
        self,
        token: str,
        *,
        smtp: str | None,
        name: str,
        state: Path | None,
        log: Path | None,
        start_seconds: float,
        module: str = "halon.drill",
    ) -> None:
        self.token = token
        self.name = name
        self.port = 0
        self._smtp = smtp
        self._state = state
        self._module = module
        self._start_seconds = start_seconds
        self._process: subprocess.Popen[bytes] | None = None
        self._own_log = log is None
        self.log = log if log is not None else _temporary_log()

    @property
    def url(self) -> str:
        """Where the agent listens, such as ``http://127.0.0.1:40123``."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def headers(self) -> dict[str, str]:
        """The header that the controls ask for."""
        return {"Authorization": f"Bearer {self.token}"}

    @property
    def pid(self) -> int | None:
        """The process id, or None while the agent is not running."""
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Start the process and wait until it answers. After the first start the port stays the same.

        Raises:
            AgentDidNotStart: see there.
        """
        if self._process is not None:
            return
        for attempt in range(1, _TRIES + 1):
            # Between finding a free port and using it somebody else may take it: then another one is tried.
            port = self.port or _free_port()
            try:
                self._start_on(port)
            except AgentDidNotStart:
                self.kill()
                if attempt == _TRIES:
                    raise
            else:
                self.port = port
                return

    def stop(self) -> None:
        """End the process with SIGTERM, or with SIGKILL when it takes longer than five seconds."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def kill(self) -> None:
        """End the process with SIGKILL, as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def restart(self) -> None:
        """Crash the process and start it again on the same port, with the same state file."""
        self.kill()
        self.start()

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Kill; the log stays only if the caller named its file."""
        self.kill()
        if self._own_log:
            self.log.unlink(missing_ok=True)

    async def __aenter__(self) -> Self:
        """Start, without blocking the event loop."""
        await asyncio.to_thread(self.start)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Kill, without blocking the event loop."""
        await asyncio.to_thread(self.__exit__, kind, error, trace)

    def _start_on(self, port: int) -> None:
        command = [sys.executable, "-m", self._module, "--host", "127.0.0.1", "--port", str(port), "--name", self.name]
        if self._state is not None:
            command += ["--state", str(self._state)]
        if self._smtp is not None:
            command += ["--smtp", self._smtp]
        # Only what Python needs is passed on: secrets of the calling process are none of the agent's business.
        environment = {key: os.environ[key] for key in _PASSED_ON if key in os.environ}
        environment["SANDBOX_AGENT_TOKEN"] = self.token
        with self.log.open("ab") as log:
            self._process = _spawned(command, environment, log)
        self._wait_until_ready(port, self._process)

    def _wait_until_ready(self, port: int, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + self._start_seconds
        base = f"http://127.0.0.1:{port}"
        with httpx.Client(base_url=base, headers=self.headers, trust_env=False, timeout=2) as client:
            while time.monotonic() < deadline:
                if process.poll() is not None:
                    raise AgentDidNotStart(f"the sandbox agent ended with {process.returncode}: {self._log_tail()}")
                with contextlib.suppress(httpx.TransportError):
                    # Another agent may have taken the port meanwhile: only the process id tells that it is this one.
                    if client.get("/healthz").is_success and _pid_behind(client) == process.pid:
                        return
                time.sleep(0.05)
        raise AgentDidNotStart(f"no answer from {base} in {self._start_seconds} s: {self._log_tail()}")

    def _log_tail(self) -> str:
        return self.log.read_text(errors="replace")[-_LOG_TAIL_CHARACTERS:]


def running_agent(
    *,
    token: str,
    smtp: str | None = None,
    name: str = "support-bot",
    state: Path | None = None,
    log: Path | None = None,
    start_seconds: float = 30.0,
) -> RunningAgent:
    """A sandbox agent to use in a ``with`` or ``async with`` statement; it is started on entry and killed at the end.

    Args:
        token: the control token.
        smtp: ``HOST:PORT`` of an SMTP server; without it mail stays in memory (``GET /control/outbox``).
        name: the agent's name.
        state: file that keeps the state over a restart.
        log: file for the process's output; without it a temporary one that is removed at the end.
        start_seconds: how long to wait for the first answer.
    """
    return RunningAgent(token, smtp=smtp, name=name, state=state, log=log, start_seconds=start_seconds)


def _spawned(command: list[str], environment: dict[str, str], log: BinaryIO) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 - our own interpreter and module, no shell
        command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
    )


def _pid_behind(client: httpx.Client) -> int | None:
    answer = client.get("/control/state")
    if not answer.is_success:
        return None
    pid = answer.json().get("pid")
    return pid if isinstance(pid, int) else None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _temporary_log() -> Path:
    descriptor, path = tempfile.mkstemp(prefix="sandbox-agent-", suffix=".log")
    os.close(descriptor)
    return Path(path)
