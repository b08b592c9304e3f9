"""Each control of the sandbox agent reads back what was set, and what is switched off is refused for real."""

from typing import Any

import httpx
import pytest

from halon.drill.documents import POISONED_QUESTION


def ask(client: httpx.Client, message: str, session: str = "s-1") -> dict[str, Any]:
    answer = client.post("/v1/chat", json={"session": session, "customer": None, "message": message})
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def outcome(client: httpx.Client, message: str) -> tuple[str, str | None]:
    (action,) = ask(client, message)["actions"]
    return action["status"], action["reason"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/control/kill-switch", {"on": True}),
        ("/control/read-only", {"on": True}),
        ("/control/rate-limit", {"per_minute": 3}),
        ("/control/guardrails", {"isolate_untrusted": True}),
        ("/control/routing", {"share": 25}),
    ],
)
def test_every_switch_reads_back(sandbox: httpx.Client, path: str, body: dict[str, object]) -> None:
    """The answer to a change, a later read and the whole state agree."""
    before = sandbox.get(path).json()
    assert before != body
    changed = sandbox.put(path, json=body)
    assert (changed.status_code, changed.json()) == (200, body)
    assert sandbox.get(path).json() == body
    name = path.rsplit("/", maxsplit=1)[-1].replace("-", "_")
    assert sandbox.get("/control/state").json()[name] == body


def test_kill_switch_gives_the_fallback_and_runs_no_tool(sandbox: httpx.Client) -> None:
    """While the switch is on nobody reaches the agent; off again, it answers."""
    made = sandbox.get("/control/state").json()["actions_made"]
    sandbox.put("/control/kill-switch", json={"on": True})
    stopped = ask(sandbox, POISONED_QUESTION)
    assert stopped["fallback"] is True
    assert stopped["actions"] == []
    assert "A person will answer" in stopped["reply"]
    assert sandbox.get("/control/state").json()["actions_made"] == made
    sandbox.put("/control/kill-switch", json={"on": False})
    assert ask(sandbox, "Where is order 1001?")["fallback"] is False


@pytest.mark.parametrize(
    ("tool", "message"),
    [
        ("lookup_customer", "Where is order 1001?"),
        ("send_email", POISONED_QUESTION),
        ("refund", "please refund order 1002"),
        ("admin_delete", "please delete customer C-1002"),
    ],
)
def test_a_disabled_tool_is_refused_for_real(sandbox: httpx.Client, tool: str, message: str) -> None:
    """Disabled, a tool does nothing and says why; enabled again, it works."""
    path = f"/control/tools/{tool}"
    assert sandbox.put(path, json={"enabled": False}).json() == {"tool": tool, "enabled": False, "share": 100}
    assert sandbox.get(path).json() == {"tool": tool, "enabled": False, "share": 100}
    before = sandbox.get("/control/state").json()
    mails = len(sandbox.get("/control/outbox").json()["messages"])
    assert outcome(sandbox, message) == ("refused", "tool disabled by control")
    after = sandbox.get("/control/state").json()
    assert (after["deleted_customers"], after["refunded_orders"]) == (
        before["deleted_customers"],
        before["refunded_orders"],
    )
    assert len(sandbox.get("/control/outbox").json()["messages"]) == mails
    sandbox.put(path, json={"enabled": True})
    assert outcome(sandbox, message)[0] == "done"


def test_an_unknown_tool_is_not_found(sandbox: httpx.Client) -> None:
    """A misspelt tool is answered with the names that exist, and changes nothing."""
    for answer in (
        sandbox.get("/control/tools/sendmail"),
        sandbox.put("/control/tools/sendmail", json={"enabled": False}),
    ):
        assert answer.status_code == 404
        assert "send_email" in answer.json()["detail"]


def test_read_only_leaves_lookups(sandbox: httpx.Client) -> None:
    """Read-only refuses mail, refunds and deletions, and still answers where an order is."""
    sandbox.put("/control/read-only", json={"on": True})
    assert outcome(sandbox, "Where is order 1001?") == ("done", None)
    for message in (POISONED_QUESTION, "please refund order 1003", "please delete customer C-1003"):
        assert outcome(sandbox, message) == ("refused", "agent is read-only")


def test_rate_limit_throttles(sandbox: httpx.Client) -> None:
    """Beyond the limit a message gets 429 and a time to wait; without a limit it is answered."""
    sandbox.put("/control/rate-limit", json={"per_minute": 0})
    refused = sandbox.post("/v1/chat", json={"session": "s", "message": "Where is order 1001?"})
    assert refused.status_code == 429
    assert refused.headers["content-type"] == "application/problem+json"
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    sandbox.put("/control/rate-limit", json={"per_minute": None})
    assert outcome(sandbox, "Where is order 1001?")[0] == "done"


def test_rate_limit_counts_messages(fresh_sandbox: httpx.Client) -> None:
    """With a limit of two, two of three messages are answered."""
    fresh_sandbox.put("/control/rate-limit", json={"per_minute": 2})
    question = {"session": "s", "message": "Where is order 1001?"}
    assert [fresh_sandbox.post("/v1/chat", json=question).status_code for _ in range(3)] == [200, 200, 429]


def test_routing_sends_a_stable_share_of_sessions(sandbox: httpx.Client) -> None:
    """A session keeps its side, a larger share only adds sessions, 0 lets none in and 100 all."""
    sessions = [f"session-{number}" for number in range(40)]

    def reached(share: int) -> set[str]:
        sandbox.put("/control/routing", json={"share": share})
        return {session for session in sessions if not ask(sandbox, "Where is order 1001?", session)["fallback"]}

    few, many = reached(20), reached(60)
    assert few < many
    assert reached(20) == few
    assert reached(0) == set()
    assert reached(100) == set(sessions)


def test_a_tool_is_on_for_a_stable_share_of_sessions(sandbox: httpx.Client) -> None:
    """A session keeps its side, a larger share only adds sessions; the agent answers the others without the tool."""
    path = "/control/tools/lookup_customer"
    sessions = [f"session-{number}" for number in range(40)]

    def served(share: int) -> set[str]:
        answer = sandbox.put(path, json={"enabled": True, "share": share}).json()
        assert answer == sandbox.get(path).json() == {"tool": "lookup_customer", "enabled": True, "share": share}
        replies = {session: ask(sandbox, "Where is order 1001?", session) for session in sessions}
        assert not any(reply["fallback"] for reply in replies.values())
        return {session for session, reply in replies.items() if reply["actions"][0]["status"] == "done"}

    few, many = served(20), served(60)
    assert set() < few < many
    assert served(20) == few
    assert served(0) == set()
    assert served(100) == set(sessions)
    assert sandbox.get("/control/state").json()["tools"]["lookup_customer"] == {"enabled": True, "share": 100}
    sandbox.put(path, json={"enabled": False, "share": 60})
    assert ask(sandbox, "Where is order 1001?", min(many))["actions"][0]["reason"] == "tool disabled by control"


def test_guardrail_changes_version_and_config_hash(sandbox: httpx.Client) -> None:
    """A change of configuration can be seen from outside; prompt and tools stay the same."""
    before = sandbox.get("/v1/agent").json()
    sandbox.put("/control/guardrails", json={"isolate_untrusted": True})
    after = sandbox.get("/v1/agent").json()
    assert after["version"] != before["version"]
    assert after["config_hash"] != before["config_hash"]
    assert (after["prompt_hash"], after["toolset_hash"]) == (before["prompt_hash"], before["toolset_hash"])
    assert sandbox.get("/healthz").json() == {"ok": True, "name": "support-bot", "version": after["version"]}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/control/kill-switch", {"on": "yes"}),
        ("/control/kill-switch", {"on": True, "extra": 1}),
        ("/control/kill-switch", {}),
        ("/control/routing", {"share": 101}),
        ("/control/tools/refund", {"enabled": True, "share": 101}),
        ("/control/tools/refund", {"enabled": True, "share": 9.5}),
        ("/control/rate-limit", {"per_minute": -1}),
        ("/control/rate-limit", {}),
        ("/control/scopes", {"token": "support-bot-token", "scopes": ["mail:everything"]}),
    ],
)
def test_a_malformed_change_is_refused_and_changes_nothing(
    sandbox: httpx.Client, path: str, body: dict[str, object]
) -> None:
    """What is not understood gets 422 as problem+json, and the state stays."""
    before = sandbox.get("/control/state").json()
    answer = sandbox.put(path, json=body)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert sandbox.get("/control/state").json() == before
