"""What a person files at a portal is a step of theirs: done once it is filed, left out once nobody owes it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from halon.incident import portal
from halon.incident.assessment import Obligation, Stage
from halon.incident.checklist import find
from halon.incident.notices import Notice

DUTY = Obligation("eu-gdpr-33", "GDPR", "acme-eu", "the authority", "regulator", "applies", "privacy_officer")


@pytest.mark.parametrize(("filed_at", "task", "notice", "why"), [
    ("2026-11-22T11:00:00.000Z", "done", "sent", "it was filed"), ("", "skipped", "dropped", "it is no longer owed"),
])  # fmt: skip
def test_the_step_ends_as_what_became_of_the_notice(room: Any, filed_at: str, task: str, notice: str, why: str) -> None:
    """Never called done where nothing was filed."""
    state = replace(room.assessed(room.judged("SEV2")), obligations=(DUTY,))
    one = Notice("eu-gdpr-33-notification", "regulator", "eu-gdpr-33", "notification", portal="https://portal.example")
    asked = portal.handed_over(state, one, DUTY, Stage("notification", due=room.at(9000)), room.at(10))
    assert find(asked, portal.step_of(one)).status == "open"  # type: ignore[union-attr]
    ended = portal.settled(asked, one, filed_at, room.at(20))
    step = find(ended, portal.step_of(one))
    assert step is not None
    assert (step.status, step.reason) == (task, why)
    assert [(each.id, each.status) for each in ended.notices] == [(one.id, notice)]
