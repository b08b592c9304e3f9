"""What a switch survives: kill -9, another process, a fork, a damaged file."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from halon.control import AgentReadOnly, AgentStopped, Control, TokenOutdated, ToolDisabled

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
