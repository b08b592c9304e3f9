"""The door of the controls: who may enter, each change once per key, and never a 500 for what comes in."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

PATHS = (
    "control/kill-switch", "control/read-only", "control/tools/send_email", "control/tools/send_email/approval",
    "control/tools/send_email/rate-limit", "control/rate-limit", "control/spend-cap", "control/token-epoch/advance",
    "control/approvals/abc", "control/replay", "control/evals", "control/tools/%ff", "control/tools/a%2Fb/x",
)  # fmt: skip


async def test_the_same_call_with_the_same_key_takes_effect_once(http: httpx.AsyncClient) -> None:
    """The second delivery gets the first answer, even after somebody else switched back."""
    headers = {"Idempotency-Key": "inc-1/a/apply/1"}
    first = await http.put("/control/kill-switch", json={"on": True}, headers=headers)
    await http.put("/control/kill-switch", json={"on": False})
    again = await http.put("/control/kill-switch", json={"on": True}, headers=headers)
    now = await http.get("/control/kill-switch")
    assert (first.json(), again.json(), now.json()) == ({"on": True}, {"on": True}, {"on": False})
    assert ("Idempotent-Replay" in first.headers, again.headers.get("Idempotent-Replay")) == (False, "true")
    rows = (await http.get("/control/calls", params={"key": "inc-1/a/apply/1"})).json()["calls"]
    assert [(row["effects"], row["deliveries"], row["conflicts"], row["path"]) for row in rows] == [
        (1, 2, 0, "/control/kill-switch")
    ]


@pytest.mark.parametrize(
    ("path", "body"), [("kill-switch", {"on": False}), ("read-only", {"on": True}), ("kill-switch", {"on": 1})]
)
async def test_a_key_belongs_to_one_call(http: httpx.AsyncClient, path: str, body: Any) -> None:
    """Another body or path under the same key is a conflict, which is counted and changes nothing."""
    headers = {"Idempotency-Key": "inc-1/a/apply/1"}
    await http.put("/control/kill-switch", json={"on": True}, headers=headers)
    other = await http.put(f"/control/{path}", json=body, headers=headers)
    state = (await http.get("/control/state")).json()
    assert (other.status_code, other.json()["type"]) == (409, "urn:halon:control:key-reused")
    assert (state["kill_switch"], state["read_only"]) == ({"on": True}, {"on": False})
    rows = (await http.get("/control/calls", params={"path": "/control/kill-switch"})).json()["calls"]
    assert [(row["effects"], row["conflicts"]) for row in rows] == [(1, 1)]


async def test_twenty_deliveries_at_once_are_one_step(agent: Any, http: httpx.AsyncClient) -> None:
    """The irreversible step happens once, whoever comes first."""
    headers = {"Idempotency-Key": "inc-1/epoch/apply/1"}
    calls = [http.post("/control/token-epoch/advance", headers=headers) for _ in range(20)]
    answers = await asyncio.gather(*calls)
    assert {answer.json()["epoch"] for answer in answers} == {2}
    assert sum("Idempotent-Replay" in answer.headers for answer in answers) == 19
    assert agent.control.epoch == 2


async def test_a_refused_call_is_listed_without_effect(http: httpx.AsyncClient) -> None:
    """What came in and was refused can be looked up; the right call needs a new key."""
    headers = {"Idempotency-Key": "k-1"}
    wrong = await http.put("/control/kill-switch", json={"on": "yes"}, headers=headers)
    rows = (await http.get("/control/calls", params={"key": "k-1"})).json()["calls"]
    assert (wrong.status_code, wrong.json()["detail"]) == (422, "on must be true or false")
    assert [(row["effects"], row["status"]) for row in rows] == [(0, 422)]


@pytest.mark.parametrize(
    "given", [None, "", "Bearer", "Bearer wrong", "Basic control-tests-token", "Bearer control-tests-token x"]
)
async def test_without_the_token_nothing_is_said_nor_done(http: httpx.AsyncClient, given: str | None) -> None:
    """401 with what to send; the health check needs no token."""
    headers = {"Authorization": given} if given is not None else {}
    http.headers.pop("Authorization")
    for method, path in [("GET", "v1/actions"), ("GET", "v1/traces"), ("GET", "control/state"), ("GET", "v1/agent")]:
        assert (await http.request(method, f"/{path}", headers=headers)).status_code == 401
    put = await http.put("/control/kill-switch", json={"on": True}, headers=headers)
    assert (put.status_code, put.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert "HALON_CONTROL_TOKEN" in put.json()["detail"]
    assert (await http.get("/healthz", headers=headers)).json()["ok"] is True
    http.headers["Authorization"] = "Bearer control-tests-token"
    assert (await http.get("/control/kill-switch")).json() == {"on": False}


async def test_while_no_token_is_set_the_door_stays_shut(
    http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503 with how to set it, for everything but the health check; an empty token opens nothing."""
    for unset in (True, False):
        monkeypatch.delenv("HALON_CONTROL_TOKEN", raising=False)
        if not unset:
            monkeypatch.setenv("HALON_CONTROL_TOKEN", "")
        answer = await http.put("/control/kill-switch", json={"on": True}, headers={"Authorization": "Bearer "})
        assert (answer.status_code, "set HALON_CONTROL_TOKEN" in answer.json()["detail"]) == (503, True)
        assert (await http.get("/healthz")).status_code == 200


async def test_an_unknown_tool_is_answered_with_the_known_ones(http: httpx.AsyncClient) -> None:
    """404, and the names to choose from."""
    answer = await http.put("/control/tools/send_mail", json={"enabled": False})
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    assert "known: lookup, send_email, send_later" in answer.json()["detail"]


async def test_a_tool_with_a_strange_name_can_be_switched(agent: Any, http: httpx.AsyncClient) -> None:
    """Slashes and spaces in a name are percent-encoded in the path."""
    tool = agent.control.tool("crm/delete all")(lambda: "gone")
    assert (await http.put("/control/tools/crm%2Fdelete%20all", json={"enabled": False})).json() == {
        "tool": "crm/delete all", "enabled": False, "share": 100,
    }  # fmt: skip
    with pytest.raises(Exception, match="switched off"):
        tool()


async def test_a_large_body_is_413(http: httpx.AsyncClient) -> None:
    """More than 64 KiB is not read."""
    answer = await http.put("/control/kill-switch", content=b" " * 70_000)
    assert (answer.status_code, answer.json()["title"]) == (413, "Too large")


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(
    ["on", "enabled", "share", "required", "per_minute", "eur_per_hour", "epoch", "approve", "by", "case"]
)
BODIES = (
    st.binary(max_size=60)
    | VALUES.map(lambda value: json.dumps(value).encode())
    | st.dictionaries(NAMES, VALUES, max_size=3).map(lambda value: json.dumps(value).encode())
    | st.sampled_from(
        [b"[" * 5000, b'{"on": 1e999}', b'{"per_minute": ' + b"9" * 5000 + b"}", b'{"by": "\\ud800", "approve": true}']
    )
)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    path=st.sampled_from(PATHS), method=st.sampled_from(["PUT", "POST", "DELETE", "PATCH", "GET"]), body=BODIES,
    key=st.none() | st.text(st.characters(max_codepoint=255, exclude_characters="\r\n\0"), max_size=300),
)  # fmt: skip
async def test_whatever_comes_in_is_never_a_500(
    http: httpx.AsyncClient, path: str, method: str, body: bytes, key: str | None
) -> None:
    """Each answer is JSON, a change that was made or a problem that says what is wrong; afterwards the state still reads."""
    headers = {} if key is None else {b"Idempotency-Key": key.encode("latin-1")}
    answer = await http.request(method, f"/{path}", content=body, headers=headers)
    assert answer.status_code in (200, 404, 409, 422, 501), answer.text
    assert answer.status_code == 200 or answer.json()["detail"]
    assert (await http.get("/control/state")).status_code == 200


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    path=st.sampled_from(["v1/actions", "v1/traces", "control/calls", "control/approvals"]),
    query=st.dictionaries(
        st.sampled_from(["since", "limit", "trace_id", "key", "path"]), st.text(max_size=30), max_size=4
    ),
)
async def test_whatever_is_asked_is_never_a_500(http: httpx.AsyncClient, path: str, query: dict[str, str]) -> None:
    """A question that can't be understood is answered with 422."""
    safe = {name: value.encode("utf-8", "replace").decode() for name, value in query.items()}
    answer = await http.get(f"/{path}", params=safe)
    assert answer.status_code in (200, 422), answer.text
