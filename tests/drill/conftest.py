"""Fixtures for the sandbox agent: the real process, and a client that holds its control token."""

from collections.abc import Iterator

import httpx
import pytest

from halon.drill.launch import RunningAgent, running_agent

TOKEN = "control-token-of-the-tests"

FIRST_VALUES: dict[str, dict[str, object]] = {
    "/control/kill-switch": {"on": False},
    "/control/read-only": {"on": False},
    "/control/rate-limit": {"per_minute": None},
    "/control/guardrails": {"isolate_untrusted": False},
    "/control/routing": {"share": 100},
    "/control/tools/lookup_customer": {"enabled": True},
    "/control/tools/send_email": {"enabled": True},
    "/control/tools/refund": {"enabled": True},
    "/control/tools/admin_delete": {"enabled": True},
}


def client_of(agent: RunningAgent) -> httpx.Client:
    return httpx.Client(base_url=agent.url, headers=agent.headers, trust_env=False, timeout=10)


@pytest.fixture(scope="module")
def sandbox_agent() -> Iterator[RunningAgent]:
    """One process for all tests of a file."""
    with running_agent(token=TOKEN) as agent:
        yield agent


@pytest.fixture(scope="module")
def sandbox_client(sandbox_agent: RunningAgent) -> Iterator[httpx.Client]:
    """A client with the control token."""
    with client_of(sandbox_agent) as client:
        yield client


@pytest.fixture
def sandbox(sandbox_client: httpx.Client) -> httpx.Client:
    """The client; every switch is back at its first value before the test begins."""
    for path, body in FIRST_VALUES.items():
        sandbox_client.put(path, json=body).raise_for_status()
    return sandbox_client


@pytest.fixture
def fresh_sandbox() -> Iterator[httpx.Client]:
    """A client of a process of its own, for tests that do what can't be undone."""
    with running_agent(token=TOKEN) as agent, client_of(agent) as client:
        yield client
