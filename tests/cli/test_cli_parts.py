"""``halon worker`` and ``halon gateway``: the parts against a Temporal that is there already."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from halon.embedded import EmbeddedServer

HALON = str(Path(sys.executable).parent / "halon")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[EmbeddedServer]:
    """Somebody's Temporal."""
    running = EmbeddedServer(tmp_path_factory.mktemp("temporal"), 0, 0, lambda line: None)
    await running.start()
    yield running
    await running.stop()


@pytest.mark.parametrize("part", ["worker", "gateway"])
async def test_a_part_says_one_ready_line_and_stops_clean(part: str, server: EmbeddedServer, tmp_path: Path) -> None:
    """It finds Temporal by Temporal's own variables, says that it is ready, and ends with 0 at SIGTERM."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("HALON_", "TEMPORAL_"))} | {
        "HALON_HOME": str(tmp_path), "TEMPORAL_ADDRESS": server.address, "HALON_GATEWAY_PORT": port,
        "HALON_TOKEN_ALERTMANAGER": "a-token-of-the-tests", "HALON_TOKEN_REPORT": "another-token-of-the-tests",
    }  # fmt: skip
    process = subprocess.Popen(
        [HALON, part], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    first = process.stdout.readline()
    assert first.startswith(f"{part} ready: "), process.communicate()
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "stopped" in out
    if part == "worker":
        assert list((tmp_path / "evidence" / "kits").glob("*.json"))


async def test_a_worker_with_an_unsound_kit_ends_with_one_line(server: EmbeddedServer, tmp_path: Path) -> None:
    """Exit 1, the place of the problem, nothing more."""
    (tmp_path / "kit").mkdir()
    environment = {
        **os.environ,
        "HALON_HOME": str(tmp_path),
        "HALON_KIT": str(tmp_path / "kit"),
        "TEMPORAL_ADDRESS": server.address,
    }
    done = subprocess.run([HALON, "worker"], env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "actions.yaml: this file is missing" in done.stderr
    assert "halon kit check" in done.stderr
    assert done.stderr.count("\n") == 1
