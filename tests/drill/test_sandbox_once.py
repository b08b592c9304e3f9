"""One effect: a control call with an idempotency key takes effect once, however often it arrives."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from halon.drill.calls import MOST_ROWS, Calls, received_call


@pytest.fixture
def key() -> str:
    return f"INC-{uuid.uuid4()}"


def rows(client: httpx.Client, **query: str) -> list[dict[str, Any]]:
    answer = client.get("/control/calls", params=query).json()
    assert answer["total"] == len(answer["calls"])
    found: list[dict[str, Any]] = answer["calls"]
    return found


def test_the_same_key_replays_the_answer_without_a_second_effect(sandbox: httpx.Client, key: str) -> None:
    """A late retry of an earlier call does not undo what came after it."""
    headers = {"Idempotency-Key": key}
    first = sandbox.put("/control/kill-switch", json={"on": True}, headers=headers)
    assert "Idempotent-Replay" not in first.headers
    sandbox.put("/control/kill-switch", json={"on": False})
    late = sandbox.put("/control/kill-switch", json={"on": True}, headers=headers)
    assert late.headers["Idempotent-Replay"] == "true"
    assert (late.status_code, late.json()) == (first.status_code, first.json())
    assert sandbox.get("/control/kill-switch").json() == {"on": False}
    (row,) = rows(sandbox, key=key)
    assert (row["effects"], row["deliveries"], row["status"]) == (1, 2, 200)
    assert row["first_at"] < row["last_at"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/control/kill-switch", {"on": False}),
        ("PUT", "/control/read-only", {"on": True}),
        ("POST", "/control/kill-switch/other", {"on": True}),
        ("PUT", "/control/kill-switch", {"on": "malformed"}),
        ("POST", "/control/replay", {"case": {"message": "x"}}),
    ],
)
def test_a_key_can_not_be_used_for_another_call(
    sandbox: httpx.Client, key: str, method: str, path: str, body: dict[str, object]
) -> None:
    """Another path or body under a used key is refused and changes neither state nor stored answer."""
    headers = {"Idempotency-Key": key}
    sandbox.put("/control/kill-switch", json={"on": True}, headers=headers)
    answer = sandbox.request(method, path, json=body, headers=headers)
    assert answer.status_code == 422
    assert answer.json()["type"].endswith("key-reused")
    assert sandbox.get("/control/kill-switch").json() == {"on": True}
    assert sandbox.get("/control/read-only").json() == {"on": False}
    (row,) = rows(sandbox, key=key)
    assert (row["effects"], row["deliveries"], row["conflicts"]) == (1, 1, 1)
    again = sandbox.put("/control/kill-switch", json={"on": True}, headers=headers)
    assert again.headers["Idempotent-Replay"] == "true"


def test_fifty_deliveries_at_once_issue_one_token(fresh_sandbox: httpx.Client, key: str) -> None:
    """What is not idempotent by nature, such as issuing a token, happens once under one key."""

    def deliver(_: int) -> str:
        answer = fresh_sandbox.post(
            "/control/tokens", json={"replaces": "crm-readonly"}, headers={"Idempotency-Key": key}
        )
        return str(answer.json()["token"])

    with ThreadPoolExecutor(10) as pool:
        issued = set(pool.map(deliver, range(50)))
    assert len(issued) == 1
    (row,) = rows(fresh_sandbox, key=key)
    assert (row["effects"], row["deliveries"]) == (1, 50)
    assert len(fresh_sandbox.get("/control/state").json()["tokens"]) == 3


def test_calls_without_key_get_a_row_each(fresh_sandbox: httpx.Client) -> None:
    """Without a key each delivery counts as a call of its own, and takes effect again."""
    for _ in range(2):
        fresh_sandbox.post("/control/tokens", json={"replaces": "crm-readonly"})
    found = rows(fresh_sandbox, path="/control/tokens")
    assert [(row["key"], row["effects"], row["deliveries"]) for row in found] == [(None, 1, 1), (None, 1, 1)]
    assert len(fresh_sandbox.get("/control/state").json()["tokens"]) == 4


def test_a_refused_call_is_listed_without_effect_and_may_come_again(fresh_sandbox: httpx.Client) -> None:
    """A call that was refused is listed; only an answer that was carried out is replayed."""
    headers = {"Idempotency-Key": "k-later"}
    path = "/control/tokens/crm-readonly-2/revoke"
    assert fresh_sandbox.post(path, headers=headers).status_code == 404
    (row,) = rows(fresh_sandbox, key="k-later")
    assert (row["effects"], row["deliveries"], row["status"]) == (0, 1, 404)
    fresh_sandbox.post("/control/tokens", json={"replaces": "crm-readonly"})
    assert fresh_sandbox.post(path, headers=headers).status_code == 200
    (row,) = rows(fresh_sandbox, key="k-later")
    assert (row["effects"], row["deliveries"], row["status"]) == (1, 2, 200)


def test_malformed_and_misdirected_calls_are_listed(fresh_sandbox: httpx.Client) -> None:
    """Every call that held the token is in the ledger, also one that no route understood."""
    fresh_sandbox.put("/control/kill-switch", content=b"{", headers={"Content-Type": "application/json"})
    fresh_sandbox.post("/control/no-such-thing", json={})
    fresh_sandbox.post("/control/evals", json={})
    assert [(row["path"], row["effects"], row["status"]) for row in rows(fresh_sandbox)] == [
        ("/control/kill-switch", 0, 422),
        ("/control/no-such-thing", 0, 404),
        ("/control/evals", 0, 200),
    ]


def test_revoking_twice_counts_one_effect(fresh_sandbox: httpx.Client) -> None:
    """A second revocation under another key is carried out, changes nothing, and says so."""
    for key in ("first", "second"):
        fresh_sandbox.post("/control/tokens/crm-readonly/revoke", headers={"Idempotency-Key": key})
    assert [row["effects"] for row in rows(fresh_sandbox, path="/control/tokens/crm-readonly/revoke")] == [1, 0]


@pytest.mark.parametrize("bad", ["", "x" * 256, "ä"])
def test_a_bad_key_is_refused(sandbox: httpx.Client, bad: str) -> None:
    """A key is 1 to 255 printable ASCII characters; anything else is refused before it has an effect."""
    answer = sandbox.put("/control/kill-switch", json={"on": True}, headers={b"Idempotency-Key": bad.encode("latin-1")})
    assert answer.status_code == 422
    assert sandbox.get("/control/kill-switch").json() == {"on": False}


def test_the_ledger_is_bounded() -> None:
    """Beyond its bound the ledger forgets the oldest row and keeps the newest."""
    ledger = Calls()
    for number in range(MOST_ROWS + 1):
        ledger.note(received_call(f"k{number}", "PUT", "/control/x", b"", b""), 200, effects=1, response="{}")
    assert len(ledger.rows) == MOST_ROWS
    assert (ledger.rows[0].key, ledger.rows[-1].key) == ("k1", f"k{MOST_ROWS}")
