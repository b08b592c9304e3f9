"""A gate that people granted before calls learnt more stays granted: the digest of an order as it was is as it was."""

from __future__ import annotations

from dataclasses import replace

import pytest

from halon.incident.orders import Call, Order, RestoreStage

CALL = Call(
    "PUT", "https://agent.example/control/kill-switch", ("agent.example",), body={"on": True},
    expect_json={"/on": True}, key_header="Idempotency-Key", auth="bearer", secret="AGENT_TOKEN",
)  # fmt: skip
ORDER = Order(
    id="kill-switch", action="kill_switch", title="Stop it", agent="support-bot", target="all", reversible=True,
    effect="keyed", apply=CALL, verify=CALL, undo=CALL, undo_verify=CALL,
    restore_stages=(RestoreStage(10, CALL, CALL, 60), RestoreStage(100, CALL, CALL)),
)  # fmt: skip
BEFORE = "f430ef7cd4f43837d5764dbcebb91db2a04181bee88ba9aae34f3218bd04bc44"
"""What the release computed that knew none of the fields that came later."""


def test_an_order_without_the_new_fields_keeps_its_digest() -> None:
    """Computed by the code before the fields were added."""
    assert ORDER.digest_for("incident-support-bot.x:run-1", "undo") == BEFORE


@pytest.mark.parametrize(
    "changed",
    [
        {"auth_with": {"scope": "all"}},
        {"secrets": {"ca": "CA"}},
        {"encoding": "form"},
        {"answer": "xml"},
        {"near": True},
    ],
)
@pytest.mark.parametrize("place", ["apply", "verify", "undo", "undo_verify"])
def test_each_new_field_is_part_of_what_people_approve(changed: dict[str, object], place: str) -> None:
    """A call that differs in any of them is another order."""
    other = replace(ORDER, **{place: replace(CALL, **changed)})  # type: ignore[arg-type]
    assert other.digest_for("incident-support-bot.x:run-1", "undo") != BEFORE
