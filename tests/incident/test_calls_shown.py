"""Exact calls as people read them: everything that is sent, secrets masked, bounded, and no part of what is approved."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from halon.incident.calls import LONGEST_IN_QUESTION, exact, question, shown
from halon.incident.orders import Call, RestoreStage

HOSTS = ("agent.example",)


def test_method_address_headers_body_and_expectation_are_shown() -> None:
    """The secret by its variable, the key by its header; what is revoked is named."""
    call = Call("POST", "https://agent.example/revoke", HOSTS, {"X-Team": "blue"}, {"token": "support-bot-token"},
                expect_json={"/active": False}, key_header="Idempotency-Key", auth="bearer", secret="THE_TOKEN")  # fmt: skip
    assert shown(call) == (
        'POST https://agent.example/revoke  auth: bearer from $THE_TOKEN  X-Team: blue  Idempotency-Key: <key>  '
        'body: {"token": "support-bot-token"}  expects {"/active": false}'
    )  # fmt: skip


@pytest.mark.parametrize(
    "call",
    [
        Call("GET", "https://agent.example/x", HOSTS, {"Authorization": "Bearer hunter2"}),
        Call("GET", "https://agent.example/x", HOSTS, {"X-Api-Key": "hunter2", "Cookie": "hunter2"}),
        Call("GET", "https://agent.example/x?token=hunter2&page=1", HOSTS),
        Call("GET", "https://agent.example/x?page=1&api_key=hunter2", HOSTS),
        Call("GET", "https://ann:hunter2@agent.example/x", HOSTS),
        Call("POST", "https://agent.example/x", HOSTS, body={"user": "a", "deep": [{"client_secret": "hunter2"}]}),
        Call("POST", "https://agent.example/x", HOSTS, body={"password": "hunter2"}, encoding="form"),
        Call("GET", "https://agent.example/x", HOSTS, expect_json={"/access_token": "hunter2"}),
    ],
)
def test_a_secret_that_somebody_wrote_into_the_kit_is_masked(call: Call) -> None:
    """Wherever it stands; the rest of the call stays readable."""
    told = shown(call)
    assert "hunter2" not in told
    assert "[masked]" in told
    assert "agent.example/x" in told


def test_all_calls_of_an_order(room: Any) -> None:
    """Apply, verify, undo; where it is given back in stages, each stage in place of the undo."""
    order = room.order(undo_verify=room.order().verify)
    assert list(exact(order)) == ["apply", "verify", "undo", "verify undo"]
    staged = replace(
        order,
        restore_stages=(RestoreStage(10, order.apply, order.verify, 60), RestoreStage(100, order.apply, order.verify)),
    )
    assert list(exact(staged)) == ["apply", "verify", "undo stage 1 (10 percent)", "verify undo stage 1",
                                   "undo stage 2 (100 percent)", "verify undo stage 2"]  # fmt: skip


def test_a_question_is_bounded_and_shows_apply_verify_and_undo(room: Any) -> None:
    """However large a body is; only what can be undone names its undo."""
    long = replace(
        room.order().apply, body={"x": "y" * 10_000}, headers={f"X-{number}": "z" * 900 for number in range(30)}
    )
    lines = question(replace(room.order(), apply=long))
    assert [line.partition(":")[0] for line in lines[:4]] == ["Why", "What will run", "Read back by", "To undo it"]
    assert max(map(len, lines)) < LONGEST_IN_QUESTION + 50
    assert not any(line.startswith("To undo it") for line in question(room.order(reversible=False, undo=None)))


def test_what_is_approved_is_bound_by_the_order_and_not_by_its_words(room: Any) -> None:
    """The digest of a gate that is open keeps its value, whatever the question says: known since this was written."""
    assert room.order().digest_for("incident-a:b", "apply") == DIGEST


DIGEST = "4e913f9b878c27d92b749f1c2ddefa1733bc13460e872c2cd7dea2b7d8772e49"
