"""Each operation of the sandbox agent, by Halon's own trial of connectors, with effects that are seen from outside."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from halon.connectors.http import new_client, send
from halon.connectors.pointers import unmet
from halon.connectors.proving import prove
from halon.drill.documents import COLLECTOR_ADDRESS, LEAKING_QUESTION, POISONED_QUESTION
from halon.drill.launch import RunningAgent, running_agent
from halon.incident.orders import Order
from halon.kit import load, starter_path

TOKEN = "control-token-of-the-tests"
ENVIRON = {"SANDBOX_AGENT_TOKEN": TOKEN}
ORDER, RECEIPT = "Where is order 1001?", "Please mail me a copy of order 1001"
ALL = ["customers:read", "mail:send", "payments:refund", "admin:delete"]
Look = Callable[[httpx.Client, str], str]


def _talk(client: httpx.Client, message: str) -> httpx.Response:
    body = {"session": uuid.uuid4().hex, "customer": "C-1001", "message": message}
    return client.post("/v1/chat", json=body)


def answered(client: httpx.Client, message: str) -> str:
    """Whether somebody in a new session is answered by the agent."""
    said = _talk(client, message)
    return "stopped" if said.status_code == 503 else "throttled" if said.status_code == 429 else (
        "fallback" if said.json()["fallback"] else "answered"
    )  # fmt: skip


def leaked(client: httpx.Client, message: str) -> str:
    """Whether mail arrived at the collector."""
    before = len(_outbox(client))
    _talk(client, message)
    return "leaked" if any(one["to"] == COLLECTOR_ADDRESS for one in _outbox(client)[before:]) else "nothing left"


def mailed(client: httpx.Client, message: str) -> str:
    """Whether any mail left."""
    before = len(_outbox(client))
    _talk(client, message)
    return "mailed" if len(_outbox(client)) > before else "not mailed"


def linked(client: httpx.Client, message: str) -> str:
    """Whether the answer would make its reader fetch something."""
    return "image" if "![](https://" in _talk(client, message).json()["reply"] else "words"


def versioned(client: httpx.Client, message: str) -> str:
    """Which version answers, and whether it follows the page."""
    return f"{client.get('/v1/agent').json()['version']} {leaked(client, message)}"


def _outbox(client: httpx.Client) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get("/control/outbox").json()["messages"]
    return found


# operation: its values, how it is looked at, what is asked, what is seen while it is in force, and otherwise
FELT: Mapping[str, tuple[dict[str, Any], Look, str, str, str]] = {
    "disable_tool": ({"tool": "send_email"}, mailed, RECEIPT, "not mailed", "mailed"),
    "kill_switch": ({}, answered, ORDER, "fallback", "answered"),
    "read_only": ({}, mailed, RECEIPT, "not mailed", "mailed"),
    "drain": ({}, answered, ORDER, "fallback", "answered"),
    "hard_stop": ({}, answered, ORDER, "stopped", "answered"),
    "isolate_tenant": ({"tenant": "C-1001"}, answered, ORDER, "fallback", "answered"),
    "quarantine_source": ({"source": "web"}, leaked, POISONED_QUESTION, "nothing left", "leaked"),
    "block_egress": ({"domain": "exfil.example"}, leaked, POISONED_QUESTION, "nothing left", "leaked"),
    "block_links": ({}, linked, LEAKING_QUESTION, "words", "image"),
    "guardrail": ({"rule": "keys", "blocks": "api key*sbx_fake"}, leaked, POISONED_QUESTION, "nothing left", "leaked"),
    "pin_version": ({"what": "agent", "value": "1.1.0"}, versioned, POISONED_QUESTION, "1.1.0 nothing left", "1.0.0 leaked"),
    "rate_limit": ({"per_minute": 0}, answered, ORDER, "throttled", "answered"),
    "isolate_untrusted": ({}, leaked, POISONED_QUESTION, "nothing left", "leaked"),
    "narrow_scopes": ({"token": "support-bot-token", "scopes": ["customers:read"], "scopes_before": ALL},
                      mailed, RECEIPT, "not mailed", "mailed"),
}  # fmt: skip
FOR_GOOD: Mapping[str, dict[str, Any]] = {
    "end_session": {"session": "s-1"}, "end_sessions": {}, "revoke_token": {"token": "support-bot-token"},
}  # fmt: skip


@pytest.fixture(scope="module")
def held_agent() -> Iterator[RunningAgent]:
    with running_agent(token=TOKEN) as agent:
        yield agent


@pytest.fixture(scope="module")
def orders(held_agent: RunningAgent, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Order]:
    return orders_at(held_agent.url, tmp_path_factory.mktemp("held") / "kit")


def orders_at(url: str, folder: Path) -> dict[str, Order]:
    """Orders by operation, from the starter kit with one more agent and an action for each operation."""
    shutil.copytree(starter_path(), folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    agent = {
        "title": "Held", "entity": "acme-eu", "mode": "act", "connector": "sandbox-agent", "control_url": url,
        "secret": "SANDBOX_AGENT_TOKEN", "tools": {"send_email": {"risk": "external"}},
    }  # fmt: skip
    (folder / "agents" / "held.yaml").write_text(yaml.safe_dump(agent))
    actions = yaml.load((folder / "actions.yaml").read_text(), Loader=yaml.CSafeLoader)
    for operation, values in {**{name: one[0] for name, one in FELT.items()}, **FOR_GOOD}.items():
        back = operation in FELT
        actions["actions"][f"held-{operation.replace('_', '-')}"] = {
            "action": "kill_switch", "title": operation, "agents": ["held"], "operation": operation, "with": values,
            "target": "held", "reversible": back, "effect": "keyed", "rung": 1, "disruption": 1,
            "when": {"fact": "confirmed", "is": True}, "stops": ["it"],
            **({} if back else {"way_back": "There is none.", "gentler": "Switch the tool off.", "gate": {"roles": ["commander"]}}),
        }  # fmt: skip
    (folder / "actions.yaml").write_text(yaml.safe_dump(actions))
    return {one.order.title: one.order for one in load(folder, ENVIRON).policy.agents["held"].prepared}


@pytest.fixture
def outside(held_agent: RunningAgent) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=held_agent.url, headers=held_agent.headers, trust_env=False, timeout=10) as client:
        yield client


def test_no_sandbox_operation_is_left_out() -> None:
    """What the connector has stands in one of the two tables."""
    file = yaml.load((Path(starter_path()) / "connectors" / "sandbox-agent.yaml").read_text(), Loader=yaml.CSafeLoader)
    assert {name for name, one in file["operations"].items() if "undo" in one} == set(FELT)
    assert {name for name, one in file["operations"].items() if "undo" not in one} == set(FOR_GOOD)


@pytest.mark.parametrize("operation", list(FELT))
async def test_a_hold_is_proved_and_felt(orders: dict[str, Order], outside: httpx.Client, operation: str) -> None:
    """The five steps pass; what the agent does changes while it is in force, and is as before afterwards."""
    _, look, message, under, otherwise = FELT[operation]
    seen = []
    async with new_client() as client:
        async for step in prove(orders[operation], key=f"t-{operation}", client=client, environ=ENVIRON):
            assert step.ok, step
            seen.append(look(outside, message))
    assert seen == [otherwise, under, under, otherwise, otherwise]


def test_a_drain_lets_running_sessions_finish(outside: httpx.Client) -> None:
    """Who was talking goes on; who comes is sent to people; the session that ended on its own can be told."""
    mine = {"session": "talking", "message": ORDER}
    assert outside.post("/v1/chat", json=mine).json()["fallback"] is False
    outside.put("/control/drain", json={"on": True}).raise_for_status()
    assert outside.post("/v1/chat", json=mine).json()["fallback"] is False
    assert answered(outside, ORDER) == "fallback"
    assert outside.get("/control/sessions").json()["running"] >= 1
    outside.put("/control/drain", json={"on": False}).raise_for_status()


def test_links_leave_with_whom_they_tell_of(outside: httpx.Client) -> None:
    """The page makes the agent put the customer into the address of an image; blocked, no address is left to fetch."""
    assert "seen.png?customer=C-1001" in _talk(outside, LEAKING_QUESTION).json()["reply"]
    outside.put("/control/links", json={"blocked": True}).raise_for_status()
    said = _talk(outside, LEAKING_QUESTION).json()["reply"]
    outside.put("/control/links", json={"blocked": False}).raise_for_status()
    assert "The number in your mail leads to the parcel" in said
    assert ("://" in said, "](" in said) == (False, False)


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("PUT", "/control/sources/wiki", {"quarantined": True}, 404),
        ("PUT", "/control/pins/prompt", {"value": "p-1"}, 404),
        ("PUT", "/control/pins/agent", {"value": "9.9.9"}, 422),
        ("PUT", "/control/egress/Evil.Example", {"blocked": True}, 422),
        ("PUT", "/control/guardrails/all", {"blocks": "**"}, 422),
        ("PUT", "/control/links", {"blocked": "yes"}, 422),
        ("GET", "/control/sources/wiki", None, 404),
    ],
)
def test_what_the_sandbox_does_not_have_is_refused(
    outside: httpx.Client, method: str, path: str, body: Any, status: int
) -> None:
    """A misspelt source, version or domain is an error and no silent success."""
    before = outside.get("/control/state").json()
    assert outside.request(method, path, json=body).status_code == status
    assert outside.get("/control/state").json() == before


async def test_ended_sessions_stay_ended_over_a_restart(tmp_path: Path) -> None:
    """One ended by name, all ended at once, those of a hard stop: none comes back; holds outlive a crash."""
    with (
        running_agent(token=TOKEN, state=tmp_path / "state.json") as agent,
        httpx.Client(base_url=agent.url, headers=agent.headers, trust_env=False, timeout=10) as client,
    ):

        def fallback(session: str) -> bool:
            return bool(client.post("/v1/chat", json={"session": session, "message": ORDER}).json()["fallback"])

        assert [fallback("a"), fallback("b")] == [False, False]
        assert client.post("/control/sessions/a/end").json()["ended"] is True
        assert [fallback("a"), fallback("b")] == [True, False]
        assert client.post("/control/sessions/end").json()["ended_lately"] is True
        assert [fallback("b"), fallback("c")] == [True, False]
        for on in (True, False):
            client.put("/control/hard-stop", json={"on": on}).raise_for_status()
        client.put("/control/sources/web", json={"quarantined": True}).raise_for_status()
        agent.restart()
        assert [fallback("a"), fallback("b"), fallback("c"), fallback("d")] == [True, True, True, False]
        assert client.get("/control/sources/web").json() == {"source": "web", "quarantined": True}
        assert leaked(client, POISONED_QUESTION) == "nothing left"


@pytest.mark.parametrize("operation", list(FOR_GOOD))
async def test_a_sandbox_step_for_good_is_read_back(tmp_path: Path, operation: str) -> None:
    """It has no undo, is done once for a key, and its reading disagrees before and agrees after."""
    async with running_agent(token=TOKEN) as agent, new_client() as client:
        order = orders_at(agent.url, tmp_path / "kit")[operation]
        assert (order.undo, order.undo_verify) == (None, None)
        looked = await send(order.verify, key=None, client=client, environ=ENVIRON)
        assert unmet(order.verify.expect_json, looked.json) != ()
        answers = [await send(order.apply, key=f"k-{operation}", client=client, environ=ENVIRON) for _ in range(2)]
        assert [unmet(order.apply.expect_json, one.json) for one in answers] == [(), ()]
        assert [one.replayed for one in answers] == [False, True]
        looked = await send(order.verify, key=None, client=client, environ=ENVIRON)
        assert unmet(order.verify.expect_json, looked.json) == ()
