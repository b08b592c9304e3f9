"""A sandbox agent with a state file survives a crash; the helper that starts it keeps its word."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from halon.drill.documents import POISONED_QUESTION
from halon.drill.launch import AgentDidNotStart, RunningAgent, running_agent


def client_of(agent: RunningAgent) -> httpx.Client:
    return httpx.Client(base_url=agent.url, headers=agent.headers, trust_env=False)


def test_a_crash_loses_nothing(tmp_path: Path) -> None:
    """After SIGKILL and restart: controls, revoked token, replacement, action log and the ledger of calls."""
    with running_agent(token="t", state=tmp_path / "agent.json") as agent:
        with client_of(agent) as client:
            client.post("/v1/chat", json={"session": "s", "message": POISONED_QUESTION})
            client.post("/v1/chat", json={"session": "s", "message": "please refund order 1001"})
            client.put("/control/tools/send_email", json={"enabled": False}, headers={"Idempotency-Key": "k-tool"})
            client.post("/control/tokens/support-bot-token/revoke", headers={"Idempotency-Key": "k-revoke"})
            client.post("/control/tokens", json={"replaces": "support-bot-token"}, headers={"Idempotency-Key": "k-new"})
            client.put("/control/guardrails", json={"isolate_untrusted": True})
            client.put("/control/routing", json={"share": 80})
            before = {path: client.get(path).json() for path in ("/control/state", "/control/calls", "/v1/actions")}
        url, pid = agent.url, agent.pid
        agent.restart()
        assert agent.url == url
        assert agent.pid != pid
        with client_of(agent) as client:
            after = {path: client.get(path).json() for path in before}
            assert after["/control/state"].pop("pid") != before["/control/state"].pop("pid")
            assert after == before
            assert len(after["/v1/actions"]["actions"]) == 2
            again = client.post(
                "/control/tokens", json={"replaces": "support-bot-token"}, headers={"Idempotency-Key": "k-new"}
            )
            assert again.headers["Idempotent-Replay"] == "true"
            assert len(client.get("/control/state").json()["tokens"]) == 3
            client.put("/control/routing", json={"share": 100})
            third = client.post("/v1/chat", json={"session": "s", "message": "Where is order 1001?"}).json()
            assert third["actions"][0]["id"] == "act-000003", "numbers go on after a restart"
            assert "was refunded" in third["reply"]


def test_without_a_state_file_a_restart_begins_anew() -> None:
    """Nothing is kept anywhere else."""
    with running_agent(token="t") as agent:
        httpx.put(agent.url + "/control/kill-switch", json={"on": True}, headers=agent.headers, trust_env=False)
        agent.restart()
        state = httpx.get(agent.url + "/control/kill-switch", headers=agent.headers, trust_env=False)
        assert state.json() == {"on": False}


def test_a_state_file_belongs_to_one_agent_and_to_its_owner(tmp_path: Path) -> None:
    """Another agent's state is refused, and nobody else on the machine can read it."""
    file = tmp_path / "agent.json"
    with running_agent(token="t", state=file) as agent:
        httpx.put(agent.url + "/control/kill-switch", json={"on": True}, headers=agent.headers, trust_env=False)
    assert file.stat().st_mode & 0o077 == 0
    assert os.listdir(tmp_path) == ["agent.json"]
    with pytest.raises(AgentDidNotStart, match="belongs to agent 'support-bot'"):
        running_agent(token="t", state=file, name="other-bot").start()


def test_the_helper_ends_the_process_and_writes_its_log(tmp_path: Path) -> None:
    """After the ``with`` statement nothing runs, and the named log holds what the process said."""
    log = tmp_path / "agent.log"
    with running_agent(token="t", log=log) as agent:
        pid = agent.pid
        assert pid is not None
        assert httpx.get(agent.url + "/healthz", trust_env=False).json()["ok"] is True
    with pytest.raises(ProcessLookupError):
        os.kill(pid, signal.SIG_DFL)
    assert "no language model inside" in log.read_text()


def test_the_helper_works_in_async_code() -> None:
    """``async with`` starts and ends the process as well."""

    async def scenario() -> str:
        async with running_agent(token="t") as agent, httpx.AsyncClient(trust_env=False) as client:
            return str((await client.get(agent.url + "/healthz")).json()["name"])

    assert asyncio.run(scenario()) == "support-bot"


def test_importing_the_sandbox_imports_nothing_else_of_ours() -> None:
    """The agent knows nothing of the engine that acts upon it."""
    code = "import sys, halon.drill.__main__, halon.drill.launch; print(*(m for m in sys.modules if m[:6] == 'halon.'))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "halon.drill.sandbox" in loaded
    assert [name for name in loaded if not name.startswith("halon.drill")] == []


def test_an_agent_goes_by_the_name_that_it_is_given() -> None:
    """The agent's name is its own in users, health and metrics."""
    with running_agent(token="t", name="claims-bot") as agent:
        client = httpx.Client(base_url=agent.url, headers=agent.headers, trust_env=False)
        assert client.get("/control/tokens/support-bot-token").json()["used_by"] == ["claims-bot", "billing-bot"]
        assert client.get("/healthz").json()["name"] == "claims-bot"
        assert 'agent_up{agent="claims-bot"} 1.0' in client.get("/metrics").text
