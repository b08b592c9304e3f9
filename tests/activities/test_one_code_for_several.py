"""One code answers the gates that are named together, each of them once, with the same command; and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from halon.identity import totp
from halon.identity.devices import Devices
from halon.identity.seeds import seed
from halon_activities.hands import Hands
from halon_activities.history import Spoken
from halon_activities.people import person
from halon_activities.verifying import About, Verifying

KEY = "the identity key of the tests of one code"
TOGETHER = ["erase-1a2b3c4d", "revoke-1a2b3c4d"]


@pytest.fixture
async def verifying(make_hands: Callable[..., Hands], sandbox_agent: Any, tmp_path: Path) -> tuple[Verifying, Any]:
    """The verifiers of a worker at which sue has a device, and sue."""
    hands = make_hands(sandbox_agent.url)
    hands = replace(hands, environ={**hands.environ, "HALON_IDENTITY_KEY": KEY})
    devices = Devices(hands.evidence)
    await devices.confirm(await devices.begin("sue", "ann", "", "2026-01-01T00:00:00Z"), "2026-01-01T00:00:00Z")
    return Verifying(hands), person(hands.kit, "sue")


def said(
    number: int, gate: str, *, name: str = "approve", together: Any = TOGETHER, at: datetime | None = None
) -> Spoken:
    when = at or datetime.now(UTC)
    code = totp.code(seed(KEY.encode(), "sue", 1), totp.step_of(when.timestamp()))
    payload = {"by": "sue", "gate": gate, "code": code, **({"reason": "no"} if name == "reject" else {})}
    return Spoken(name=name, payload=payload | ({"together": together} if together else {}), at=when, number=number,
                  run_id="run-1", update_id=f"u-{number}")  # fmt: skip


async def test_one_code_answers_each_named_gate_once(verifying: tuple[Verifying, Any]) -> None:
    """Both are proved, when said and again before the effect; a third gate, another set, a no, or the same gate again is not."""
    checks, sue = verifying
    at = datetime.now(UTC)
    first, second = said(1, TOGETHER[0], at=at), said(2, TOGETHER[1], at=at)
    about = About("incident-a.b:run-1", "d" * 64)
    for one in (first, second):
        found = await checks.prove(one, sue, about, fresh=True)
        assert found.how == "totp", found
    for one in (first, second):
        assert (await checks.prove(one, sue, about, fresh=False)).how == "totp"
    refused = (
        said(3, "block-1a2b3c4d", at=at),
        said(4, "block-1a2b3c4d", together=[*TOGETHER, "block-1a2b3c4d"], at=at),
        said(5, TOGETHER[0], at=at),
        said(6, TOGETHER[0], name="reject", at=at),
        said(7, TOGETHER[0], together=None, at=at),
    )
    for one in refused:
        assert (await checks.prove(one, sue, about, fresh=True)).refusal == "ProofUsed", one.update_id
        assert (await checks.prove(one, sue, about, fresh=False)).how == "", one.update_id


async def test_a_code_that_served_alone_serves_no_set(verifying: tuple[Verifying, Any]) -> None:
    """Whoever reads it in the history can't name more gates beside it afterwards."""
    checks, sue = verifying
    at = datetime.now(UTC)
    about = About("incident-a.b:run-1", "d" * 64)
    assert (await checks.prove(said(1, TOGETHER[0], together=None, at=at), sue, about, fresh=True)).how == "totp"
    assert (await checks.prove(said(2, TOGETHER[1], at=at), sue, about, fresh=True)).refusal == "ProofUsed"
