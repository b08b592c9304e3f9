"""A notice that can't be drafted is told to who decides the duty, beside those who lead the incident."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from halon.incident import whose
from halon.incident.assessment import DECIDED, Obligation, Person, Roster

DUTY = Obligation(
    "eu-gdpr-33", "GDPR", "acme-eu", "the authority", "regulator", "applies", "privacy_officer", key="eu-gdpr-33@b"
)
ROSTER = Roster(people=(Person("pat", "Pat", ("privacy_officer",)), Person("cus", "Cus", ("customer_lead",))))


@pytest.mark.parametrize(("task", "told"), [
    ("notify.eu-gdpr-33@b", ("pat",)), ("notify.eu-gdpr-33@b/notification", ("pat",)), ("update.eu-gdpr-33@b", ("pat",)),
    ("notify.eu-gdpr-33", ()), ("contain.eu-gdpr-33@b", ()), ("story", ()),
])  # fmt: skip
def test_who_decides_a_duty_hears_that_its_notice_fails(room: Any, task: str, told: tuple[str, ...]) -> None:
    """By the duty's name; nobody is added where another task fails, nor for what an earlier release judged."""
    judged = room.judged("SEV2", roster=ROSTER, form=DECIDED)
    state = replace(room.assessed(judged), obligations=(DUTY,))
    assert whose.deciders(state, task) == told
    before = replace(state, assessment=replace(judged, form=DECIDED - 1))
    assert whose.deciders(before, task) == ()
