"""Collecting: all at once, bounded, and after a crash nothing is fetched again that was sealed."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from temporalio import workflow
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from halon.drill.launch import RunningAgent
from halon.evidence.errors import NotLocked
from halon.evidence.labels import KINDS as LABELS
from halon.evidence.seal import SIDECAR, read_sidecar, verify_sealed
from halon.evidence.slug import slug
from halon.evidence.store import EvidenceStore
from halon.incident.chain import Chain
from halon.ports.evidence import Collect, Collected
from halon_activities import evidence as under_test
from halon_activities.collecting import KINDS, next_since
from halon_activities.evidence import Evidence

INCIDENT = "incident-support-bot.unauthorised-tool:run-1"
SINCE = "2026-11-22T07:00:00.000Z"
REQUEST = Collect(INCIDENT, "support-bot", SINCE)
WORKER = Path(__file__).with_name("collecting_worker.py")
PATHS = {"traces": "/v1/traces", "actions": "/v1/actions", "controls": "/control/state", "describe": "/v1/agent",
         "config": "/v1/config", "prompts": "/v1/prompts", "permissions": "/v1/permissions", "memory": "/v1/memory",
         "logs": "/control/calls"}  # fmt: skip
Answer = Callable[[dict[str, str]], bytes | None]
"""From the query to the body; None for no answer at all."""


class OddAgent:
    """Answers by path; a path that nobody told it about answers with its own name."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.queries: list[tuple[str, dict[str, str]]] = []
        self.answers: dict[str, Answer] = {}
        self.reached = threading.Event()
        self.released = threading.Event()
        self.url = ""

    def hold(self, path: str) -> None:
        """Answer this path only once ``released`` is set; ``reached`` tells that somebody waits."""

        def wait(query: dict[str, str]) -> bytes:
            self.reached.set()
            self.released.wait(120)
            return b'{"late": true}'

        self.answers[path] = wait

    def says(self, path: str, value: Any) -> None:
        """Answer this path with JSON."""
        self.answers[path] = lambda query: json.dumps(value).encode()


@contextmanager
def odd_agent() -> Iterator[OddAgent]:
    """The agent, on a port of its own."""
    agent = OddAgent()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
            agent.asked[parts.path] += 1
            agent.queries.append((parts.path, query))
            content = agent.answers.get(parts.path, lambda _: json.dumps({"path": parts.path}).encode())(query)
            if content is None:
                agent.released.wait(120)
                return
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            try:
                self.wfile.write(content)
            except OSError:
                self.close_connection = True  # whoever asked had enough

        def log_message(self, format: str, *args: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    agent.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield agent
    finally:
        agent.released.set()
        server.shutdown()
        server.server_close()


@pytest.fixture
def agent() -> Iterator[OddAgent]:
    """An agent that answers as it is told."""
    with odd_agent() as found:
        yield found


def row(second: int, number: int = 0) -> dict[str, Any]:
    """One row of an action log."""
    at = f"2026-11-22T07:{second // 60:02}:{second % 60:02}.000Z"
    return {"id": f"a-{number}", "at": at, "session": "s", "tool": "lookup", "arguments": {}, "status": "done",
            "reason": None, "trace_id": "t", "credential": "c", "authorised": True}  # fmt: skip


def kinds_of(got: Collected) -> list[str]:
    return [one.kind for one in got.sealed]


async def test_all_that_the_connector_offers_is_sealed_and_labelled(
    make_hands: Any, as_incident: Any, attacked: RunningAgent
) -> None:
    """Configuration, prompts, permissions, memory and logs too; each says who may read it and how long it is kept."""
    hands = make_hands(attacked.url)
    got = await as_incident(Evidence(hands).collect, Collect(INCIDENT, "support-bot", "2020-01-01T00:00:00Z"))
    assert got.missing == ()
    assert kinds_of(got) == [kind.name for kind in KINDS] == list(PATHS)
    for one in got.sealed:
        beside = await read_sidecar(hands.evidence, one.path)
        assert beside is not None
        assert (beside.kind, beside.access, beside.retention) == (one.kind, one.access, one.retention)
        assert one.access == LABELS[one.kind].access
        assert (one.redaction, one.retain_until[:4]) == ("raw", str(int(one.collected_at[:4]) + 1))
        await verify_sealed(hands.evidence, beside)
    inside = {one.kind: json.loads(await hands.evidence.get(one.path)) for one in got.sealed}
    assert len(inside["config"]["config_hash"]) == 64
    assert "support agent of a small shop" in inside["prompts"]["prompts"][0]["text"]
    assert {tool["name"] for tool in inside["permissions"]["tools"]} >= {"send_email"}
    assert {one["source"] for one in inside["memory"]["retrieved_from"]} == {"help-centre", "web"}


async def test_only_logs_wait_for_a_call(make_hands: Any, as_incident: Any, agent: OddAgent, monkeypatch: Any) -> None:
    """Traces, actions and logs, which no call changes, are left until it is over; what is in force is not."""
    monkeypatch.setattr("halon_activities.first.A_MOMENT", 60.0)
    hands = make_hands(agent.url)
    now = set(PATHS.values()) - {PATHS[kind] for kind in ("traces", "actions", "logs")}
    async with hands.first.going():
        running = asyncio.ensure_future(as_incident(Evidence(hands).collect, REQUEST))
        async with asyncio.timeout(20):
            while len(agent.asked) < len(now):
                await asyncio.sleep(0.1)
        assert set(agent.asked) == now
    assert (await running).missing == ()


async def test_everything_is_asked_for_at_once(make_hands: Any, as_incident: Any, agent: OddAgent) -> None:
    """One slow answer does not put off the others."""
    together = threading.Barrier(len(PATHS), timeout=20)

    def answer(query: dict[str, str]) -> bytes:
        together.wait()  # nobody is answered before all have asked
        return b"{}"

    agent.answers = dict.fromkeys(PATHS.values(), answer)
    got = await as_incident(Evidence(make_hands(agent.url)).collect, REQUEST)
    assert (kinds_of(got), got.missing) == (list(PATHS), ())


async def test_a_long_log_is_asked_for_page_by_page(make_hands: Any, as_incident: Any, agent: OddAgent) -> None:
    """Each page begins where the one before ended, up to the moment of collecting, and is sealed by itself."""
    rows = [row(number // 2, number) for number in range(2500)]
    agent.answers["/v1/actions"] = lambda query: json.dumps(
        {"actions": [one for one in rows if one["at"] >= query["since"]][: int(query["limit"])]}
    ).encode()
    hands = make_hands(agent.url)
    got = await as_incident(Evidence(hands).collect, REQUEST)
    pages = [one for one in got.sealed if one.kind == "actions"]
    assert [one.what for one in pages] == [
        "action log, before containment", "action log, before containment, page 2", "action log, before containment, page 3",
    ]  # fmt: skip
    seen = {one["id"] for page in pages for one in json.loads(await hands.evidence.get(page.path))["actions"]}
    assert seen == {one["id"] for one in rows}
    asked = [query for path, query in agent.queries if path == "/v1/actions"]
    assert {query["until"] for query in asked} == {asked[0]["until"]}
    assert [query["since"] for query in asked] == sorted({query["since"] for query in asked})


async def test_a_log_that_never_ends_is_cut_and_that_is_said(
    make_hands: Any, as_incident: Any, agent: OddAgent
) -> None:
    """A thousand rows of one moment lead nowhere; pages without end are stopped."""
    agent.says("/v1/actions", {"actions": [row(5, number) for number in range(1000)]})
    got = await as_incident(Evidence(make_hands(agent.url)).collect, REQUEST)
    assert [why for why in got.missing if why.startswith("action log: more than 1000 at 2026-11-22T07:00:05")] != []
    assert len([one for one in got.sealed if one.kind == "actions"]) == 2
    assert (
        next_since("logs", {"logs": [{"at": "x"}, 1, {"at": "2026-11-22T07:00:00Z"}]}, 1) == "2026-11-22T07:00:00.000Z"
    )
    assert next_since("logs", ["not a log"], 1) == ""


async def test_an_agent_that_hangs_or_floods_costs_only_what_it_keeps_back(
    make_hands: Any, as_incident: Any, agent: OddAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rest is sealed within the time, and what could not be had is named with the reason."""
    monkeypatch.setattr(under_test, "WITHIN", 8.0)
    agent.answers["/v1/prompts"] = lambda query: None
    agent.answers["/v1/memory"] = lambda query: b"x" * (100 * 1024 * 1024)
    got = await as_incident(Evidence(make_hands(agent.url)).collect, REQUEST)
    assert {*kinds_of(got)} == {*PATHS} - {"prompts", "memory"}
    prompts, memory = got.missing
    assert prompts == "prompts in force: not all of it came within 8 seconds"
    assert memory.startswith("memory and retrieval references: ")
    assert "more than 8388608 bytes" in memory


async def test_an_agent_that_lies_is_sealed_as_it_lied(make_hands: Any, as_incident: Any, agent: OddAgent) -> None:
    """What came is the evidence, also where it is no JSON or not what was asked for; it breaks nothing."""
    lie = b"<html>all is well</html>"
    agent.answers["/v1/traces"] = lambda query: lie
    agent.says("/v1/actions", {"actions": [{"at": "yesterday"}, 7, {"at": "9" * 500}]})
    agent.says("/control/calls", {"logs": "none"})
    hands = make_hands(agent.url)
    got = await as_incident(Evidence(hands).collect, REQUEST)
    assert (kinds_of(got), got.missing) == (list(PATHS), ())
    assert await hands.evidence.get(got.sealed[0].path) == lie
    beside = await read_sidecar(hands.evidence, got.sealed[0].path)
    assert beside is not None
    assert beside.media_type == "application/octet-stream"


async def test_what_was_sealed_is_not_fetched_again(make_hands: Any, as_incident: Any, agent: OddAgent) -> None:
    """A second try takes up what the first one sealed, also where the agent says something else by now."""
    rows = [row(number // 2, number) for number in range(1500)]
    agent.answers["/v1/actions"] = lambda query: json.dumps(
        {"actions": [one for one in rows if one["at"] >= query["since"]][: int(query["limit"])]}
    ).encode()
    hands = make_hands(agent.url)
    first = await as_incident(Evidence(hands).collect, REQUEST)
    asked = Counter(agent.asked)
    agent.says("/v1/agent", {"version": "another"})
    again = await as_incident(Evidence(hands).collect, REQUEST)
    assert again == first
    assert agent.asked == asked
    other = Collect(INCIDENT, "support-bot", SINCE, label="after the fix")
    later = await as_incident(Evidence(hands).collect, other)
    assert {one.id for one in later.sealed} & {one.id for one in first.sealed} == set()
    assert agent.asked["/v1/agent"] == 2


async def test_what_the_connector_does_not_offer_is_named(make_hands: Any, as_incident: Any, agent: OddAgent) -> None:
    """Kinds that the kit gives no way to ask for are said in one line, not passed over."""
    hands = make_hands(agent.url)
    known = hands.kit.observe["support-bot"]
    offered = {name: call for name, call in known.items() if name not in ("config", "memory", "logs")}
    object.__setattr__(hands.kit, "observe", {**hands.kit.observe, "support-bot": offered})
    got = await as_incident(Evidence(hands).collect, REQUEST)
    assert got.missing == ("config, memory, logs: the agent's connector has no such call under observe",)
    assert agent.asked["/v1/config"] == 0


async def test_a_store_that_goes_away_is_tried_again_and_loses_nothing(
    make_hands: Any, as_incident: Any, agent: OddAgent, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk in trouble fails the try; the next one fetches only what was not sealed."""
    hands = make_hands(agent.url)
    put, failing = EvidenceStore.put, {"on": True}

    async def sometimes(self: EvidenceStore, path: str, content: bytes) -> None:
        if failing["on"] and "-memory" in path:
            raise OSError("no space left")
        await put(self, path, content)

    monkeypatch.setattr(EvidenceStore, "put", sometimes)
    with pytest.raises(Exception, match="no space left") as caught:
        await as_incident(Evidence(hands).collect, REQUEST)
    assert getattr(caught.value, "type", "") == "Disk"
    failing["on"] = False
    got = await as_incident(Evidence(hands).collect, REQUEST)
    assert kinds_of(got) == list(PATHS)
    assert agent.asked == Counter(dict.fromkeys(PATHS.values(), 1) | {"/v1/memory": 2})


@workflow.defn(name="Incident")
class Collecting:
    """An incident that does nothing but collect, with the timeouts of the real one made shorter."""

    @workflow.run
    async def run(self, request: Collect) -> Collected:
        return await workflow.execute_activity(
            "evidence.collect", request, start_to_close_timeout=timedelta(seconds=30), result_type=Collected,
            heartbeat_timeout=timedelta(seconds=4),
        )  # fmt: skip


def started(client: Client, queue: str, folder: Path, url: str) -> subprocess.Popen[bytes]:
    """A worker in a process of its own."""
    given = {
        **os.environ,
        "HALON_SUPPORT_BOT_URL": url,
        "SANDBOX_AGENT_TOKEN": "token-of-a-test",
        "HALON_SMTP": "127.0.0.1:1",
    }
    words = [sys.executable, str(WORKER), client.service_client.config.target_host, queue, str(folder)]
    return subprocess.Popen(words, env=given, stdout=subprocess.DEVNULL)


async def until(what: Callable[[], bool], seconds: float = 40) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "not seen in time"
        await asyncio.sleep(0.05)


async def test_promise_2_a_worker_killed_while_it_collects_fetches_nothing_twice(
    temporal: Client, agent: OddAgent, tmp_path: Path
) -> None:
    """kill -9 in the middle: the next worker asks only for what was not sealed, and then all of it is there."""
    agent.hold("/v1/memory")
    workflow_id, store = "incident-support-bot.killed-while-collecting", EvidenceStore.open(tmp_path / "store")
    folder = f"evidence/{slug(f'{workflow_id}:run-1')}"

    def seals() -> int:
        return len(list((tmp_path / "store" / folder).glob("*+seal.json")))

    async with Worker(
        temporal, task_queue="killed", workflows=[Collecting], workflow_runner=UnsandboxedWorkflowRunner()
    ):
        first = started(temporal, "killed", tmp_path / "store", agent.url)
        second = None
        try:
            handle = await temporal.start_workflow(
                Collecting.run, replace(REQUEST, incident_id=f"{workflow_id}:run-1"), id=workflow_id,
                task_queue="killed", execution_timeout=timedelta(seconds=120),
            )  # fmt: skip
            await until(lambda: agent.reached.is_set() and seals() == len(PATHS) - 1)
            first.kill()
            first.wait(20)
            agent.released.set()
            second = started(temporal, "killed", tmp_path / "store", agent.url)
            got = await asyncio.wait_for(handle.result(), 60)
        finally:
            for one in (first, second):
                if one is not None:
                    one.kill()
                    one.wait(20)
    assert (kinds_of(got), got.missing) == (list(PATHS), ())
    assert agent.asked == Counter(dict.fromkeys(PATHS.values(), 1) | {"/v1/memory": 2})
    for sealed in got.sealed:
        beside = await read_sidecar(store, sealed.path)
        assert beside is not None
        await verify_sealed(store, beside)
    assert seals() == len(PATHS), "nothing lies there twice"


async def test_what_is_sealed_is_locked_where_the_store_locks(
    make_hands: Any, as_incident: Any, agent: OddAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Artefacts, their seals, and the raw payloads that the record names; a lock that fails costs no evidence."""
    hands = make_hands(agent.url)
    raw = f"evidence/intake/2026-11-22/{'0' * 16}-alertmanager"
    chain = Chain(INCIDENT).append(
        SINCE, "alert", "detect", "am", "x", {"evidence": [{"path": raw, "sha256": "0" * 64}]}
    )
    await hands.record.append(INCIDENT, chain.batch())
    locked: dict[str, str] = {}

    async def lock(self: EvidenceStore, path: str, until: str, *, hold: bool = False) -> None:
        if "memory" in path or path == raw:
            raise NotLocked(path, 403)
        locked[path] = until

    monkeypatch.setattr(EvidenceStore, "locks", True)
    monkeypatch.setattr(EvidenceStore, "lock", lock)
    got = await as_incident(Evidence(hands).collect, REQUEST)
    assert kinds_of(got) == list(PATHS)
    assert raw + SIDECAR in locked
    for one in got.sealed:
        if one.kind == "memory":
            assert "answered 403" in one.unlocked
        else:
            assert one.unlocked == ""
            assert locked[one.path] == locked[one.path + SIDECAR] == one.retain_until
    assert [why.startswith("the lock of 0000") and "answered 403" in why for why in got.missing] == [True]
