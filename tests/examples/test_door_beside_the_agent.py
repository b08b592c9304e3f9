"""An agent without a web server: its door runs beside it, as a process of its own on the same state file."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import httpx
import pytest

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "control-token-of-the-examples"


class Beside:
    """The script agent and its door, each a process."""

    def __init__(self, folder: Path) -> None:
        for name in ("script_agent.py", "door.py"):
            shutil.copy(ROOT / "docs" / "examples" / name, folder)
        halon = Path(sys.executable).with_name("halon")
        subprocess.run([halon, "control", folder / "halon_control.py"], check=True, capture_output=True, timeout=60)
        bare = {name: text for name, text in os.environ.items() if not name.startswith("HALON_")}
        environment = {**bare, "HALON_CONTROL_TOKEN": TOKEN}
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.agent = subprocess.Popen(
            [sys.executable, "script_agent.py"], cwd=folder, env=environment, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        self.door = subprocess.Popen([sys.executable, "door.py", str(port)], cwd=folder, env=environment)
        self.api = httpx.Client(
            base_url=f"http://127.0.0.1:{port}/halon", headers={"Authorization": f"Bearer {TOKEN}"}, trust_env=False
        )

    def tell(self, line: str) -> str:
        """Give the agent a line, and read what it says."""
        for stream in (self.agent.stdin, self.agent.stdout):
            assert stream is not None
        asked: IO[str] | Any = self.agent.stdin
        said: IO[str] | Any = self.agent.stdout
        asked.write(f"{line}\n")
        asked.flush()
        return str(said.readline().strip())

    def until_open(self) -> None:
        """Wait for the door."""
        end = time.monotonic() + 30
        while time.monotonic() < end:
            with suppress(httpx.TransportError):
                if self.api.get("/healthz").status_code == 200:
                    return
            time.sleep(0.1)
        raise AssertionError("the door does not open")

    def log(self, count: int) -> list[dict[str, Any]]:
        """The action log once it has so many rows."""
        end = time.monotonic() + 10
        rows: list[dict[str, Any]] = []
        while time.monotonic() < end and len(rows) < count:
            rows = self.api.get("/v1/actions").json()["actions"]
            time.sleep(0.1)
        return rows


@pytest.fixture
def beside(tmp_path: Path) -> Iterator[Beside]:
    """Both processes; ended with the test."""
    both = Beside(tmp_path)
    yield both
    both.api.close()
    for process in (both.agent, both.door):
        process.kill()
        process.communicate(timeout=10)


def test_a_change_at_the_door_holds_in_the_agents_process(beside: Beside) -> None:
    """A tool that is switched off at the door is refused in the agent, and the door shows what the agent did."""
    assert beside.tell("paper-mill 80") == "paid 80 EUR to paper-mill"
    beside.until_open()
    assert beside.tell("unknown-ltd 9000") == "paid 9000 EUR to unknown-ltd"
    changed = beside.api.put("/control/tools/pay", json={"enabled": False}, headers={"Idempotency-Key": "test/off"})
    assert changed.status_code == 200
    assert "pay" in beside.tell("unknown-ltd 9000")
    rows = beside.log(3)
    assert [(row["status"], row["authorised"]) for row in rows] == [("done", True), ("done", False), ("refused", False)]
    assert beside.api.put("/control/kill-switch", json={"on": True}).status_code == 200
    assert beside.tell("paper-mill 80") == "Accounting pays by hand today."
