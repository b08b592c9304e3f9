"""One effect for one key, whatever is killed or reset: an agent that carries ``halon.control``, a worker that dies.

The agent is a process of its own. What it did is read past Halon: its controls by plain HTTP, and the ledger in its own
SQLite file by the standard library.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

TESTS = Path(__file__).resolve().parents[1]
DYING = TESTS / "workflows" / "dying_worker.py"
PROGRAM = TESTS / "control" / "agent_program.py"
TOKEN = "control-token-of-the-killing-tests"
STEPS = (
    "begin.glance", "triage.assess", "contain.apply", "contain.verify", "contain.harm", "evidence.collect",
    "triage.authority", "contain.undo", "contain.verify_undo",
)  # fmt: skip
"""Judged, applied, read back, looked at, asked to undo, undone, undo read back: the worker dies after the work of each,
before it can say so."""
ORDER = "mailer-no-mail"
AGENT = """\
title: A mailer under halon.control
entity: acme-eu
mode: act
owner: tom
technical_lead: tom
connector: halon-control
control_url: {url}/halon
secret: HALON_CONTROL_TOKEN
tools:
  send_email: {{risk: external, reversible: false}}
"""
ACTION = f"""
  {ORDER}:
    action: disable_tool
    title: Switch off the tool send_email
    agents: [mailer]
    operation: disable_tool
    with: {{tool: send_email}}
    target: tool send_email
    reversible: true
    effect: keyed
    when: always
"""


@dataclass
class Mailer:
    """The agent, from outside."""

    url: str
    state: Path
    outbox: Path

    def mail(self, to: str) -> str:
        """Ask it to mail somebody."""
        told = httpx.post(f"{self.url}/chat", json={"message": to}, trust_env=False, timeout=10)
        return str(told.json()) if told.status_code == 200 else f"{told.status_code}"

    def tool_is_on(self) -> bool:
        """What its controls say."""
        head = {"Authorization": f"Bearer {TOKEN}"}
        return bool(
            httpx.get(f"{self.url}/halon/control/tools/send_email", headers=head, trust_env=False).json()["enabled"]
        )

    def ledger(self) -> list[tuple[str, int, int, bool]]:
        """Of each key: what it is for (verb and attempt), effects, conflicts, and what it set; the oldest first."""
        with sqlite3.connect(f"file:{self.state}?mode=ro", uri=True) as db:
            rows = db.execute("SELECT key, value FROM rows WHERE kind = 'call' ORDER BY seq").fetchall()
        found = []
        for key, value in rows:
            row = json.loads(value)
            assert key, "every call of Halon's has a key"
            verb = "/".join(key.rsplit("/", 2)[1:])
            found.append((verb, row["effects"], row["conflicts"], json.loads(row["response"])["enabled"]))
        assert len({key for key, _ in rows}) == len(rows), "one line for one key"
        return found


@asynccontextmanager
async def mailer(house: Any, port: int, folder: Path) -> AsyncIterator[Mailer]:
    """The agent in a process of its own, and its place in this house's kit."""
    made = Mailer(f"http://127.0.0.1:{port}", folder / "mailer.db", folder / "outbox")
    kit = Path(house.environ["HALON_KIT"])
    (kit / "agents" / "mailer.yaml").write_text(AGENT.format(url=made.url), "utf-8")
    actions = kit / "actions.yaml"
    actions.write_text(actions.read_text("utf-8") + ACTION, "utf-8")
    house.environ["HALON_CONTROL_TOKEN"] = TOKEN
    with (folder / "mailer.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, str(PROGRAM), str(port), str(made.state), str(made.outbox)], stdout=log, stderr=log,
            env={**os.environ, "HALON_CONTROL_TOKEN": TOKEN},
        )  # fmt: skip
    try:
        for _ in range(150):
            with suppress(httpx.TransportError):
                if httpx.get(f"{made.url}/halon/healthz", trust_env=False).status_code == 200:
                    break
            assert process.poll() is None, (folder / "mailer.log").read_text()
            await asyncio.sleep(0.1)
        yield made
    finally:
        process.kill()
        process.wait(10)


@dataclass
class Workers:
    """Workers one after the other, each in a process of its own; a dead one is followed by the next."""

    environ: dict[str, str]
    log: Path
    deaths: list[int] = field(default_factory=list)
    process: asyncio.subprocess.Process | None = None

    async def keep(self) -> None:
        """Until cancelled."""
        try:
            while True:
                with self.log.open("ab") as log:
                    self.process = await asyncio.create_subprocess_exec(
                        sys.executable, str(DYING), env=self.environ, stdout=log, stderr=log
                    )
                self.deaths.append(await self.process.wait())
        finally:
            if self.process is not None and self.process.returncode is None:
                self.process.kill()
                await self.process.wait()

    async def kill(self) -> None:
        """``kill -9`` the one that runs, and wait for the next."""
        died, running = len(self.deaths), self.process
        assert running is not None
        running.send_signal(signal.SIGKILL)
        while len(self.deaths) == died or self.process is running:
            await asyncio.sleep(0.05)


async def in_force(house: Any) -> None:
    await house.until("the tool off", lambda s: s["actions"].get(ORDER) == "verified"
                      and "the harm has not been seen to stop" not in s["left_before_close"], 150)  # fmt: skip


async def undo_is_asked(house: Any) -> None:
    told = await house.say("undo", by="ann", action=ORDER, reason="the cause is fixed")
    assert "NotAuthorised" not in told, told
    for _ in range(2400):
        if any(one["subject"] == f"restore-{ORDER}" for one in await house.open_gates()):
            return
        await asyncio.sleep(0.1)
    raise AssertionError("no gate asks for the undo")


def was_done_once(agent: Mailer) -> None:
    """Switched off once, given back once, each for one key of its own."""
    assert agent.ledger() == [("apply/1", 1, 0, False), ("undo/1", 1, 0, True)]
    assert agent.tool_is_on()


@pytest.mark.long
async def test_killed_after_every_step_one_effect_for_one_key(
    server: Any, make_house: Callable[..., Any], tmp_path: Path, unused_tcp_port: int
) -> None:
    """``kill -9`` after each step from the judgement to the undo that was read back, and twice more while people are asked."""
    house = await make_house(server.client, "killed-between-steps")
    async with mailer(house, unused_tcp_port, tmp_path) as agent:
        deaths = tmp_path / "deaths"
        deaths.mkdir()
        environ = {**os.environ, **house.environ, "DYING_LEDGER": str(deaths), "DYING_KINDS": ",".join(STEPS),
                   "TEMPORAL_ADDRESS": house.client.service_client.config.target_host}  # fmt: skip
        workers = Workers(environ, tmp_path / "worker.log")
        keeping = asyncio.create_task(workers.keep())
        try:
            agent.mail("eve@elsewhere.example")
            await house.open(agent="mailer")
            await in_force(house)
            assert not agent.tool_is_on()
            assert agent.ledger() == [("apply/1", 1, 0, False)]
            await workers.kill()
            await undo_is_asked(house)
            await workers.kill()
            assert not agent.tool_is_on(), "asked is not done"
            await house.approve(f"restore-{ORDER}", by="tom")
            await house.until("it given back", lambda s: s["actions"][ORDER] == "undone")
            was_done_once(agent)
            assert (
                "sent" in agent.mail("ada@ours.example").lower() or "mailed" in agent.mail("ada@ours.example").lower()
            )
        finally:
            keeping.cancel()
            with suppress(asyncio.CancelledError):
                await keeping
    assert sorted(one.name for one in deaths.iterdir()) == sorted(STEPS), "it died after each of them"
    assert workers.deaths.count(-signal.SIGKILL) >= len(STEPS) + 2, workers.deaths
    entries = await house.record.entries((await house.record.incidents())[0])
    done = [
        one.text
        for one in entries
        if one.text.startswith(("Applied: Switch off", "Verified by reading back: Switch off"))
    ]
    assert len(done) == 2, "and the record tells each once"


@pytest.mark.long
@pytest.mark.parametrize(
    ("during", "after", "more"),
    [
        ("begin.glance", "contain.apply", {}),
        ("detect.corroborate", "begin.look,detect.corroborate,triage.assess,contain.apply", {"DYING_GLANCE": "0"}),
    ],
    ids=["within the workflow task", "in turns of its own"],
)
async def test_killed_while_it_looks_first_one_effect_for_one_key(
    server: Any, make_house: Callable[..., Any], tmp_path: Path, unused_tcp_port: int, during: str, after: str,
    more: dict[str, str],
) -> None:  # fmt: skip
    """``kill -9`` in the middle of the first look, and after what follows: it looks again, and one order leaves the house."""
    house = await make_house(
        server.client, f"killed-{during.replace('.', '-')}"
    )  # an incident of its own for each case
    async with mailer(house, unused_tcp_port, tmp_path) as agent:
        deaths = tmp_path / "deaths"
        deaths.mkdir()
        environ = {**os.environ, **house.environ, **more, "DYING_LEDGER": str(deaths), "DYING_KINDS": after,
                   "DYING_DURING": during, "TEMPORAL_ADDRESS": house.client.service_client.config.target_host}  # fmt: skip
        workers = Workers(environ, tmp_path / "worker.log")
        keeping = asyncio.create_task(workers.keep())
        try:
            agent.mail("eve@elsewhere.example")
            await house.open(agent="mailer")
            await in_force(house)
            assert not agent.tool_is_on()
            assert agent.ledger() == [("apply/1", 1, 0, False)]
            told = [entry.text for entry in await house.record.entries((await house.record.incidents())[0])]
            for word in ("Looked at", "Assessed", "Applied: Switch off", "Verified by reading back: Switch off"):
                assert sum(line.startswith(word) for line in told) == 1, told
        finally:
            keeping.cancel()
            with suppress(asyncio.CancelledError):
                await keeping
    died = {one.name for one in deaths.iterdir()}
    assert died == {f"during {during}", *after.split(",")}, "it died in the middle of the look, and after each step"
    assert workers.deaths.count(-signal.SIGKILL) >= len(died), workers.deaths


async def ends(house: Any) -> list[int]:
    """The events to which the latest run can be reset."""
    run = (await house.incident.describe()).run_id
    handle = house.client.get_workflow_handle(house.incident.id, run_id=run)
    return [event.event_id async for event in handle.fetch_history_events()
            if event.HasField("workflow_task_completed_event_attributes")]  # fmt: skip


async def reset(house: Any, event: int) -> None:
    """Type ``temporal workflow reset``, as an operator does, and wait until the incident goes on from it."""
    program = Path(sys.executable).with_name("temporal")
    before = await resets(house)
    typed = await asyncio.create_subprocess_exec(
        str(program), "workflow", "reset", "--address", house.client.service_client.config.target_host,
        "--workflow-id", house.incident.id, "--event-id", str(event), "--reason", "somebody typed it",
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await typed.communicate()
    assert typed.returncode == 0, said.decode()
    for _ in range(2400):
        if await resets(house) > before:
            return
        await asyncio.sleep(0.1)
    lines = [line["text"] for line in await house.query("timeline")]
    raise AssertionError(f"the reset to event {event} was not noticed: {lines[-8:]}")


async def resets(house: Any) -> int:
    """How many resets the record tells of."""
    entries = await house.record.entries((await house.record.incidents())[0])
    return sum("Somebody reset" in entry.text for entry in entries)


@pytest.mark.long
async def test_reset_to_anywhere_after_apply_one_effect_for_one_key(
    server: Any, make_house: Callable[..., Any], tmp_path: Path, unused_tcp_port: int
) -> None:
    """To the start, the middle and the end once it is applied; again while people are asked, and once it is given back."""
    house = await make_house(server.client, "reset-after-apply")
    async with mailer(house, unused_tcp_port, tmp_path) as agent, house.worker():
        agent.mail("eve@elsewhere.example")
        await house.open(agent="mailer")
        await in_force(house)
        for share in (0.0, 0.5, 1.0):
            points = await ends(house)
            await reset(house, points[round(share * (len(points) - 1))])
            await in_force(house)
            assert agent.ledger() == [("apply/1", 1, 0, False)], f"reset to {share:.0%} of the run"
        await undo_is_asked(house)
        await reset(house, (await ends(house))[0])
        assert not agent.tool_is_on(), "a reset approves nothing"
        await house.approve(f"restore-{ORDER}", by="tom")
        await house.until("it given back", lambda s: s["actions"][ORDER] == "undone")
        was_done_once(agent)
        points = await ends(house)
        for event in (points[-1], points[0]):
            await reset(house, event)
            await house.until("it still given back", lambda s: s["actions"][ORDER] == "undone")
            was_done_once(agent)
