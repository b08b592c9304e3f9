"""``kill -9`` of a front door in the middle of a storm: what it acknowledged, Temporal holds."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from benchmarks.sending import Came, Plan, send
from temporalio.client import Client

from halon.incident.ids import correlation_key, workflow_id
from halon.intake.relays import DELAY

ALERTS, CAUSES, CONNECTIONS = 400, 4, 20
TOKEN = "token-of-the-alertmanager-of-this-test"

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.long]


class Door:
    """``halon gateway`` as a process, which can be killed and started again on its port."""

    def __init__(self, home: Path, address: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        kept = {name: text for name, text in os.environ.items() if not name.startswith(("HALON_", "TEMPORAL_"))}
        self.environ = kept | {
            "HALON_HOME": str(home), "HALON_GATEWAY_PORT": str(self.port), "HALON_TASK_QUEUE": "intake-tests",
            "TEMPORAL_ADDRESS": address, "HALON_TOKEN_ALERTMANAGER": TOKEN, "HALON_TOKEN_REPORT": TOKEN,
            "HALON_SUPPORT_BOT_URL": "http://127.0.0.1:1", "SANDBOX_AGENT_TOKEN": TOKEN,
        }  # fmt: skip
        self.log = home / "gateway.log"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                [str(Path(sys.executable).with_name("halon")), "gateway"], env=self.environ,
                stdin=subprocess.DEVNULL, stdout=output, stderr=output,
            )  # fmt: skip

    def kill(self, number: int = signal.SIGKILL) -> None:
        assert self.process is not None
        self.process.send_signal(number)
        self.process.wait(30)


async def test_a_killed_gateway_has_acknowledged_nothing_that_is_lost(
    temporal: Client, tmp_path: Path, agent: str
) -> None:
    """It dies when a third is acknowledged and is started again; the sender tries again what failed; nothing is missing."""
    door = Door(tmp_path, temporal.service_client.config.target_host)
    door.start()
    plan = Plan(f"http://127.0.0.1:{door.port}/v1/alerts/alertmanager", TOKEN, ALERTS, CAUSES, CONNECTIONS, agent=agent)
    came = Came()
    storm = asyncio.create_task(send(plan, came))
    try:
        async with asyncio.timeout(90):
            while len(came.acknowledged) < ALERTS / 3:
                await asyncio.sleep(0.005)
            door.kill()
            door.start()
            await storm
    except TimeoutError:
        pytest.fail(f"{len(came.acknowledged)} of {ALERTS} after 90 s\n{door.log.read_text()[-2000:]}")
    finally:
        storm.cancel()
        door.kill(signal.SIGTERM)
    held: set[str] = set()
    end = time.monotonic() + 3 * DELAY
    while set(came.acknowledged) - held and time.monotonic() < end:  # what a relay holds, it hands on after its delay
        for cause in range(CAUSES):
            state: dict[str, Any] = await temporal.get_workflow_handle(
                workflow_id(correlation_key(agent, f"storm-{cause}"))
            ).query("state")
            held |= {alert["identity"].split("|")[0] for alert in state["held"]}
        await asyncio.sleep(0.5)
    print(f"{len(came.acknowledged)} acknowledged, {len(set(came.acknowledged) - held)} not in an incident")
    assert (len(came.acknowledged), came.refused) == (ALERTS, [])
    assert came.tried_again > 0
    assert set(came.acknowledged) - held == set()
