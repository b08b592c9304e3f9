"""When a notice's gate takes the place of another, whoever was asked is paged again only for a reason."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from halon.incident.assessment import Stage
from halon.incident.gates import Answer, Gate, Proof
from halon.incident.orders import GatePolicy
from halon_workflows.durable import Durable
from halon_workflows.gating import paged_step
from halon_workflows.redrafting import pages

HALF, LAST, DUE = "2026-11-23T10:00:00.000Z", "2026-11-24T08:00:00.000Z", "2026-11-24T10:00:00.000Z"
STAGE = Stage("notification", due=DUE, warn_at=("2026-11-23T10:00:00Z", LAST), decide_by=LAST)


def gate(**fields: Any) -> Gate:
    """The gate that is replaced."""
    told = {"id": "n-1", "kind": "notice", "subject": "n", "digest": "d", "title": "t", "question": (),
            "policy": GatePolicy(("privacy",), quorum=2), "opened_at": "", "deadline_at": DUE, "escalate_at": DUE}  # fmt: skip
    return Gate(**{**told, **fields})


def at(now: str, paged: str = "2026-11-22T10:00:00.000Z") -> Durable:
    """An incident at ``now`` in which somebody was last paged about the notice at ``paged``."""
    ledger = {paged_step("n"): paged} if paged else {}
    return cast(Durable, SimpleNamespace(now=now, state=SimpleNamespace(ledger=ledger)))


@pytest.mark.parametrize(
    ("now", "paged", "again"),
    [
        ("2026-11-22T12:00:00.000Z", "2026-11-22T10:00:00.000Z", False),
        (HALF, "2026-11-22T10:00:00.000Z", True),
        ("2026-11-23T11:00:00.000Z", HALF, False),
        (LAST, "2026-11-23T11:00:00.000Z", True),
        ("2026-11-25T11:00:00.000Z", LAST, False),
        (LAST, "", False),
    ],
)
def test_an_unanswered_question_pages_again_once_after_each_warning(now: str, paged: str, again: bool) -> None:
    """Before the first warning never; who was paged by an earlier release is taken to have been paged."""
    assert pages(at(now, paged), gate(), STAGE) is again


def test_who_has_answered_is_paged_for_they_believe_it_done() -> None:
    """Granted in full, or by one of the two who must."""
    answer = Answer("pat", True, "", HALF, ("privacy",), Proof("r", "update"))
    early = "2026-11-22T12:00:00.000Z"
    assert pages(at(early), gate(answers=(answer,)), STAGE)
    assert pages(at(early), gate(status="granted"), STAGE)
    assert not pages(at(early), gate(), Stage("notification"))
