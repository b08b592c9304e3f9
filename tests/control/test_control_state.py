"""What a switch survives: kill -9, another process, a fork, a damaged file."""

from __future__ import annotations

import logging
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from halon.control import (
    AgentReadOnly,
    AgentStopped,
    ApprovalNeeded,
    Control,
    RateExceeded,
    SpendExceeded,
    TokenOutdated,
    ToolDisabled,
)
from halon.control.store import HURRY, add_row

TO = {"session": "s-1", "message": "ann@ours.example"}


def test_switches_and_ledger_survive_kill_nine(serve: Callable[[], Any]) -> None:
    """The process dies right after the answer; the next one refuses, and knows the key."""
    served = serve()
    key = {"Idempotency-Key": "inc-1/a/apply/1"}
    with served.client() as client:
        client.put("/halon/control/tools/send_email", json={"enabled": False}, headers=key).raise_for_status()
        client.put("/halon/control/rate-limit", json={"per_minute": 90}).raise_for_status()
        client.post("/halon/control/token-epoch/advance").raise_for_status()
    served.kill()
    again = serve()
    with again.client() as client:
        state = client.get("/halon/control/state").json()
        repeated = client.put("/halon/control/tools/send_email", json={"enabled": False}, headers=key)
        assert client.post("/chat", json=TO).json()["fallback"] is True
    assert state["tools"]["send_email"]["enabled"] is False
    assert (state["rate_limit"], state["token_epoch"]["epoch"]) == ({"per_minute": 90}, 2)
    assert repeated.headers["Idempotent-Replay"] == "true"
    assert again.mails() == 0


def test_what_is_switched_in_one_process_holds_in_the_other_at_once(serve: Callable[[], Any]) -> None:
    """Two workers of one host: the very next call through the other one is stopped; limits are counted together."""
    one, two = serve(), serve()
    with one.client() as first, two.client() as second:
        assert second.post("/chat", json=TO).json()["reply"] == "Mailed ann@ours.example."
        first.put("/halon/control/kill-switch", json={"on": True}).raise_for_status()
        assert second.post("/chat", json=TO).json().get("fallback") is True
        second.put("/halon/control/kill-switch", json={"on": False}).raise_for_status()
        first.put("/halon/control/tools/send_email/rate-limit", json={"per_minute": 2}).raise_for_status()
        said = [
            client.post("/chat", json=TO).json().get("fallback", False) for client in (first, second, first, second)
        ]
        assert sum(not fallback for fallback in said) == 2
        logged = [client.get("/halon/v1/actions").json()["actions"] for client in (first, second)]
    assert one.mails() == 3
    assert {row["status"] for row in logged[0]} == {"done", "refused"}


def test_a_forked_worker_obeys_its_parent(agent: Any, tmp_path: Path) -> None:
    """A server that forks its workers after start: the child has connections of its own."""
    agent.lookup(1)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.read(reading, 1)
            agent.send_email("ann@ours.example")
            os._exit(1)
        except AgentStopped:
            os._exit(7)
        finally:
            os._exit(2)
    other = Control("my-agent", state=tmp_path / "control.db")
    with other._store.changing() as db:
        db.execute("UPDATE kept SET value = '{\"kill-switch\": {\"on\": true}}' WHERE name = 'switches'")
    os.write(writing, b"x")
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    with pytest.raises(AgentStopped):
        agent.send_email("ann@ours.example")


def damaged(path: Path, how: str) -> None:
    match how:
        case "garbage":
            path.write_bytes(b"not a database at all" * 100)
        case "switches":
            control = Control("my-agent", state=path)
            with control._store.changing() as db:
                db.execute('UPDATE kept SET value = \'{"kill-switch": {"on": "maybe"}}\' WHERE name = \'switches\'')
            control.close()
        case "folder":
            path.mkdir()
        case "format":
            control = Control("my-agent", state=path)
            with control._store.changing() as db:
                db.execute("UPDATE kept SET value = '2' WHERE name = 'format'")
            control.close()


@pytest.mark.parametrize("how", ["garbage", "switches", "folder", "format"])
async def test_a_state_that_cannot_be_read_refuses_what_writes(
    how: str, tmp_path: Path, make_agent: Any, reach: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """Fail safe: reading tools run, writing tools and old sessions don't, it is said loudly, and the controls answer 503."""
    damaged(tmp_path / "bad.db", how)
    with caplog.at_level(logging.CRITICAL, "halon.control"):
        agent = make_agent(Control("my-agent", state=tmp_path / "bad.db"))
        assert agent.lookup(1) == "order 1"
        with pytest.raises(AgentReadOnly, match="can't be read"):
            agent.send_email("ann@ours.example")
        with pytest.raises(AgentReadOnly, match="can't be read"):
            await agent.send_later("ann@ours.example")
        with pytest.raises(TokenOutdated):
            agent.control.require_epoch(1)
    assert agent.sent == []
    assert [record.levelname for record in caplog.records if "REFUSED" in record.message] == ["CRITICAL"]
    async with reach(agent.control) as client:
        answer = await client.put("/control/kill-switch", json={"on": True})
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:halon:control:state-unreadable")


async def test_a_state_that_vanishes_while_the_agent_runs_keeps_what_was_known(
    agent: Any, http: httpx.AsyncClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Deleting the file does not switch a tool on again; putting it back mends everything without a restart."""
    await http.put("/control/tools/send_email", json={"enabled": False})
    with pytest.raises(ToolDisabled):
        agent.send_email("ann@ours.example")
    agent.control.close()
    shutil.move(tmp_path / "control.db", tmp_path / "away.db")
    for _ in range(3):
        with pytest.raises((AgentReadOnly, ToolDisabled)):
            agent.send_email("ann@ours.example")
    assert not (tmp_path / "control.db").exists()
    shutil.move(tmp_path / "away.db", tmp_path / "control.db")
    deadline = time.monotonic() + 5
    while not agent.control._store.switches().readable and time.monotonic() < deadline:
        time.sleep(0.1)
    with pytest.raises(ToolDisabled):
        agent.send_email("ann@ours.example")
    await http.put("/control/tools/send_email", json={"enabled": True})
    assert agent.send_email("ann@ours.example") == "sent to ann@ours.example"


def test_another_file_in_its_place_is_noticed(agent: Any, tmp_path: Path) -> None:
    """A fresh file that replaces a running agent's state is not taken for an agent that nobody stopped."""
    agent.send_email("ann@ours.example")
    Control("my-agent", state=tmp_path / "other.db").close()
    shutil.move(tmp_path / "other.db", tmp_path / "control.db")
    time.sleep(1.1)
    with pytest.raises(AgentReadOnly):
        agent.send_email("ann@ours.example")


def test_the_log_is_written_when_the_process_ends(tmp_path: Path) -> None:
    """A short-lived script leaves its log behind; the state file is for its owner alone."""
    program = (
        "import sys; from halon.control import Control\n"
        "control = Control('my-agent', state=sys.argv[1])\n"
        "control.tool('send_email')(lambda to: to)('ann@ours.example')\n"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path / "c.db")], check=True, timeout=60)
    rows = Control("my-agent", state=tmp_path / "c.db")._store.rows("action")
    assert len(rows) == 1
    assert "ann@ours.example" in rows[0][3]
    assert (tmp_path / "c.db").stat().st_mode & 0o077 == 0


@pytest.fixture
def busy(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """Another program, such as a backup, that can hold the write lock of the state file."""
    other = sqlite3.connect(tmp_path / "control.db", isolation_level=None, check_same_thread=False)
    yield other
    other.close()


async def test_the_agent_never_waits_long_for_whoever_writes(
    agent: Any, http: httpx.AsyncClient, busy: sqlite3.Connection
) -> None:
    """Calls that must be counted or approved are refused in time, others run; the event loop goes on."""
    await http.put("/control/tools/send_email/rate-limit", json={"per_minute": 100})
    await http.put("/control/tools/send_later/approval", json={"required": True})
    await http.put("/control/rate-limit", json={"per_minute": 100})
    busy.execute("BEGIN IMMEDIATE")
    began = time.monotonic()
    with pytest.raises(RateExceeded):
        agent.send_email("ann@ours.example")
    with pytest.raises(ApprovalNeeded):
        await agent.send_later("ann@ours.example")
    with agent.control.turn(session="s") as turn:
        assert isinstance(turn.refusal, RateExceeded)
    agent.control.spend(0.01)
    assert agent.lookup(1) == "order 1"
    took = time.monotonic() - began
    busy.execute("ROLLBACK")
    assert agent.send_email("ann@ours.example") == "sent to ann@ours.example"
    assert took < 2.0


def test_the_agent_never_waits_long_for_its_own_threads(agent: Any) -> None:
    """A thread of this very process that writes is waited for no longer than another process."""
    holding, let_go = threading.Event(), threading.Event()

    def hold() -> None:
        with agent.control._store.changing():
            holding.set()
            let_go.wait(20)

    thread = threading.Thread(target=hold)
    thread.start()
    assert holding.wait(20)
    began = time.monotonic()
    with pytest.raises(TimeoutError, match="another thread"), agent.control._store.changing(patience=HURRY):
        raise AssertionError("two threads wrote at once")
    took = time.monotonic() - began
    let_go.set()
    thread.join()
    assert took < 2.0


def test_a_state_that_must_be_opened_again_makes_nobody_wait(agent: Any, busy: sqlite3.Connection) -> None:
    """To open it takes no write lock once it is set up."""
    agent.control.close()
    busy.execute("BEGIN IMMEDIATE")
    began = time.monotonic()
    assert agent.send_email("ann@ours.example") == "sent to ann@ours.example"
    took = time.monotonic() - began
    busy.execute("ROLLBACK")
    assert took < 2.0


async def test_a_cost_that_could_not_be_written_is_not_lost(
    agent: Any, http: httpx.AsyncClient, busy: sqlite3.Connection
) -> None:
    """While the lock is held a cap refuses; afterwards every cost counts, once."""
    await http.put("/control/spend-cap", json={"eur_per_hour": 5})
    busy.execute("BEGIN IMMEDIATE")
    for _ in range(2):
        with pytest.raises(SpendExceeded):
            agent.control.spend(0.25)
    busy.execute("ROLLBACK")
    before = (await http.get("/control/spend-cap")).json()["spent_last_hour"]
    agent.control.spend(0.25)
    after = (await http.get("/control/spend-cap")).json()["spent_last_hour"]
    assert (before, after) == (0.5, 0.75)
    assert len(agent.control._store.owed) == 0


async def test_a_cost_whose_transaction_fails_is_counted_once(
    agent: Any, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is full in the middle of it: nothing of it stays but what is owed."""

    def fail(*_row: Any) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patched:
        patched.setattr("halon.control.limits.add_row", fail)
        agent.control.spend(0.25)
        assert (await http.get("/control/spend-cap")).json()["spent_last_hour"] == 0.25
    agent.control.spend(0.5)
    assert (await http.get("/control/spend-cap")).json()["spent_last_hour"] == 0.75


async def test_spending_is_summed_as_it_comes(agent: Any, http: httpx.AsyncClient, monkeypatch: Any) -> None:
    """A row for each minute, however many calls; the sum is right, and what is older than an hour goes."""
    for _ in range(500):
        agent.control.spend(0.001, tokens=10)
    rows = agent.control._store.rows("spend")
    assert (await http.get("/control/spend-cap")).json()["spent_last_hour"] == 0.5
    assert len(rows) <= 2
    later = time.time() + 3_700
    monkeypatch.setattr("halon.control.limits.time.time", lambda: later)
    agent.control.spend(0.002)
    assert [float(row[3]) for row in agent.control._store.rows("spend")] == [0.002]


async def test_a_change_is_on_the_disk_before_it_is_answered(
    agent: Any, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite syncs in the transaction of a switch and of an approval; the log takes the fast way."""
    seen: dict[str, set[Any]] = {}

    def watch(db: sqlite3.Connection, kind: str, *row: Any) -> None:
        journal = db.execute("PRAGMA journal_mode").fetchone()[0]
        seen.setdefault(kind, set()).add((journal, db.execute("PRAGMA synchronous").fetchone()[0]))
        add_row(db, kind, *row)

    for module in ("ledger", "approvals", "log", "limits", "caps"):
        monkeypatch.setattr(f"halon.control.{module}.add_row", watch)
    agent.lookup(1)
    agent.control.flush()
    await http.put("/control/tools/send_email/approval", json={"required": True})
    with pytest.raises(ApprovalNeeded):
        agent.send_email("ann@ours.example")
    agent.control.spend(0.1)
    await http.put("/control/kill-switch", json={"on": True})
    full, normal = {("wal", 2)}, {("wal", 1)}
    assert seen == {"call": full, "approval": full, "action": normal, "trace": normal, "spend": normal}


async def test_a_new_state_is_said_loudly_and_dated(
    tmp_path: Path, reach: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """An agent whose state was lost is on again: it says so once, and Halon can see since when the state exists."""
    before = datetime.now(UTC) - timedelta(seconds=1)
    with caplog.at_level(logging.WARNING, "halon.control"):
        first = Control("my-agent", state=tmp_path / "control.db")
        first.close()
        again = Control("my-agent", state=tmp_path / "control.db")
    async with reach(first) as one, reach(again) as other:
        since = [(await client.get("/control/state")).json()["state_since"] for client in (one, other)]
    for control in (first, again):
        control.close()
    said = [(record.levelname, record.getMessage()) for record in caplog.records]
    assert [level for level, _ in said] == ["WARNING"]
    assert f"{tmp_path / 'control.db'} of the agent my-agent is NEW" in said[0][1]
    assert since[0] == since[1]
    assert before < datetime.fromisoformat(since[0]) < datetime.now(UTC)


def test_a_state_of_an_earlier_release_is_not_new(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It has no date yet, and gets that of its oldest entry."""
    old = Control("my-agent", state=tmp_path / "control.db")
    with old._store.changing() as db:
        db.execute("DELETE FROM kept WHERE name = 'since'")
        db.execute("INSERT INTO rows (kind, key, at, value) VALUES ('tool', 'send', 1700000000.0, '')")
    old.close()
    caplog.clear()
    found = Control("my-agent", state=tmp_path / "control.db")
    assert found._store.since == "2023-11-14T22:13:20.000Z"
    assert found._tools.described()["tools"] == ["send"]
    assert caplog.records == []
    found.close()
