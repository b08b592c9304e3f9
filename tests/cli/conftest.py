"""``halon up`` as the real process on free ports, with the sandbox agent beside it, and ``halon`` as people type it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from halon.drill.launch import running_agent

HALON = str(Path(sys.executable).parent / "halon")
TOKEN = "control-token-of-the-cli-tests"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def bare_environment() -> dict[str, str]:
    """This process's environment without anything that would steer Halon or Temporal."""
    return {
        name: value for name, value in os.environ.items() if not name.startswith(("HALON_", "TEMPORAL_", "SANDBOX_"))
    }


@dataclass
class House:
    """A home with its ports; ``halon up`` can be started, stopped and started again on it."""

    home: Path
    keyboard: Any
    more: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[str] | None = None
    said: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        ports = {name: str(free_port()) for name in ("HALON_GATEWAY_PORT", "HALON_TEMPORAL_PORT", "HALON_UI_PORT")}
        self.environment = {**bare_environment(), **ports, "HALON_HOME": str(self.home), **self.more}

    def type(self, *words: str, seconds: float = 60, **more: str) -> Any:
        """Run ``halon`` with these words."""
        return self.keyboard.type(words, {**self.environment, **more}, seconds)

    def start(self) -> None:
        """Start ``halon up`` and wait until it says that it is ready."""
        self.process = subprocess.Popen(
            [HALON, "up"], env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        assert self.process.stdout is not None
        self.said = []
        for line in self.process.stdout:
            self.said.append(line.rstrip("\n"))
            if line.startswith("ready:"):
                return
        raise AssertionError(f"halon up ended with {self.process.wait()}: {self.said}")

    def stop(self, number: int = signal.SIGINT) -> int:
        """Send a signal and return the exit code; what was said meanwhile is in ``said``."""
        assert self.process is not None
        self.process.send_signal(number)
        out, _ = self.process.communicate(timeout=60)
        self.said += out.splitlines()
        return self.process.returncode

    def until(self, condition: Any, seconds: float = 30) -> Any:
        """The first true value of ``condition()``."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = condition()
            if found:
                return found
            time.sleep(0.2)
        raise AssertionError(f"not within {seconds} s")


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory, keyboard: Any) -> Iterator[House]:
    """One ``halon up`` with the sandbox agent, for all tests of the command line."""
    with running_agent(token=TOKEN) as agent:
        built = House(
            tmp_path_factory.mktemp("halon") / "home",
            keyboard,
            {"SANDBOX_AGENT_TOKEN": TOKEN, "HALON_SUPPORT_BOT_URL": agent.url, "HALON_BILLING_BOT_URL": agent.url},
        )
        built.start()
        yield built
        if built.process is not None and built.process.poll() is None:
            assert built.stop() == 0


@pytest.fixture(scope="session")
def incident(house: House) -> str:
    """The reference of an open incident of the sandbox agent, reported by hand, assessed, acted on and looked at.

    Its token may be in other hands, so that a gate is open.
    """
    told = house.type(
        "report", "It mailed a stranger.", "--agent", "support-bot", "--what", "data_leak", "--by", "ann", "--json"
    )
    assert told.code == 0, told
    reference = str(told.value["incidents"][0]["incident"])
    # A report alone sets off nothing: somebody looked, and says that it is real.
    house.until(lambda: house.type("fact", reference, "confirmed", "true", "--by", "ann").code == 0)
    assert house.type("fact", reference, "credential_exposed", "true", "--by", "ann").code == 0

    def acted() -> bool:
        gone = house.type("show", reference, "--json").value
        done = any(one["status"] in ("verified", "unverified") for one in gone.get("actions") or [])
        asked = any(one["status"] == "open" for one in gone.get("gates") or [])
        return done and asked and "still checking" not in house.type("status", reference, "--json").value["headline"]

    house.until(acted)
    return reference
