"""The order of the tests: the files that take longest begin first, so that no worker has a long one left at the end.
And where sandbox agents and the commands that are typed come from: forked, each from a process that has imported it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO

import httpx
import pytest
from hypothesis import settings
from xdist.scheduler import LoadFileScheduling

from halon.drill import launch

# How long one example takes says something about the machine; a test that is too slow is ended by its suite.
settings.register_profile("halon", deadline=None)
settings.load_profile("halon")

# Each client reads the file of all authorities anew, 20 ms: here a few thousand of them share what the first has read.
httpx._transports.default.create_ssl_context = cache(httpx.create_ssl_context)

LONGEST_FIRST = (
    "test_four_ways", "test_promises", "test_triage_in_the_workflow", "test_promises_of_containment",
    "test_modes_change", "test_temporal_buttons", "test_updates_held_and_filed", "test_cli_contain",
)  # fmt: skip
OF_ONE_HOUSE = ("test_cli_contain.py", "test_cli_reports.py", "test_cli_story.py")
"""They share one `halon up`, which costs as much as twenty commands: one worker starts it, and has all of them."""
OF_ITSELF = "tests/drill/test_sandbox_restart.py"
"""What is about how an agent starts and ends: there it is started as people start it."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put them first; the order within a file, and of all other files, stays."""
    place = {name: number for number, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: place.get(item.path.stem, len(place)))


class ByFile(LoadFileScheduling):
    """Each file on one worker, and the files of one house on the same."""

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        return "one house" if file.endswith(OF_ONE_HOUSE) else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile | None:
    """What `--dist loadfile` means here."""
    return ByFile(config, log) if config.getvalue("dist") == "loadfile" else None


class Nursery:
    """Where agents are forked from: a process that has imported one, which saves most of a second for each."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._turn = threading.Lock()

    def ask(self, **what: Any) -> Any:
        """What the process answers. It is started when it is first asked."""
        with self._turn:
            if self._process is None:
                command = [sys.executable, str(Path(__file__).with_name("forking_agent.py"))]
                self._process = subprocess.Popen(
                    command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
                )
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            self._process.stdin.write(json.dumps(what) + "\n")
            self._process.stdin.flush()
            return json.loads(self._process.stdout.readline())

    def close(self) -> None:
        """End the process, and with it every agent that still runs."""
        if self._process is not None:
            self._process.communicate(timeout=10)


class Forked:
    """One of its children, as ``subprocess.Popen`` shows a process."""

    def __init__(self, nursery: Nursery, pid: int) -> None:
        self._nursery, self.pid = nursery, pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        if self.returncode is None:
            self.returncode = self._nursery.ask(poll=self.pid)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        end = time.monotonic() + (3600 if timeout is None else timeout)
        while (code := self.poll()) is None:
            if time.monotonic() > end:
                raise subprocess.TimeoutExpired("the sandbox agent", timeout or 0)
            time.sleep(0.002)
        return code

    def send_signal(self, number: int) -> None:
        if self.poll() is None:  # until it is asked for, its number is nobody else's
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


@dataclass
class Typed:
    """What one command did."""

    code: int
    out: str
    err: str

    @property
    def value(self) -> Any:
        return json.loads(self.out)


class Keyboard:
    """Where ``halon`` is typed: forked from a process that has imported it, which saves half a second a command."""

    def __init__(self, folder: Path) -> None:
        self.out, self.err = folder / "out", folder / "err"
        self._process: subprocess.Popen[str] | None = None
        self._turn = threading.Lock()

    def type(self, words: tuple[str, ...], environment: dict[str, str], seconds: float) -> Typed:
        """Run ``halon`` with these words and nothing else in its environment, for this long at most."""
        files = {"out": str(self.out), "err": str(self.err)}
        asked = {"words": words, "environment": environment, "seconds": seconds, **files}
        with self._turn:
            if self._process is None:
                command = [sys.executable, str(Path(__file__).with_name("forking_halon.py"))]
                self._process = subprocess.Popen(command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            self._process.stdin.write(json.dumps(asked) + "\n")
            self._process.stdin.flush()
            code = int(self._process.stdout.readline())
            return Typed(code, self.out.read_text("utf-8"), self.err.read_text("utf-8"))

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.communicate(timeout=10)


@pytest.fixture(scope="session")
def keyboard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keyboard]:
    """One for all tests of a worker."""
    made = Keyboard(tmp_path_factory.mktemp("keyboard"))
    yield made
    made.close()


@pytest.fixture(scope="session", autouse=True)
def agents_are_forked() -> Iterator[None]:
    """Sandbox agents are processes as ever, but forked and not imported anew, unless their start is what is tested."""
    nursery, anew = Nursery(), launch._spawned

    def spawned(command: list[str], environment: dict[str, str], log: BinaryIO) -> Any:
        if os.environ["PYTEST_CURRENT_TEST"].startswith(OF_ITSELF):
            return anew(command, environment, log)
        return Forked(nursery, nursery.ask(arguments=command[3:], environment=environment, log=log.name))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(launch, "_spawned", spawned)
        yield
    nursery.close()
