"""On call by agent, day and hour."""

from __future__ import annotations

import pytest

from halon.judgement.roster import RosterRule, on_call

NIGHT = RosterRule("nia", "ned", ("nia",), days=("fri",), between=("18:00", "08:00"), zone="Europe/Berlin")
PAYMENTS = RosterRule("pia", "pel", ("pia",), agents=("billing-bot",))
ALWAYS = RosterRule("ann", "tom", ("ann", "tom"))


@pytest.mark.parametrize(
    ("now", "agent", "commander"),
    [
        ("2026-11-20T17:30:00Z", "support-bot", "nia"),  # Friday 18:30 in Berlin
        ("2026-11-21T06:59:00Z", "support-bot", "nia"),  # Saturday 07:59: Friday's night
        ("2026-11-21T07:00:00Z", "support-bot", "ann"),  # Saturday 08:00
        ("2026-11-20T06:30:00Z", "support-bot", "ann"),  # Friday 07:30: Thursday's night is not covered
        ("2026-11-21T17:30:00Z", "support-bot", "ann"),  # Saturday evening
        ("2026-11-21T17:30:00Z", "billing-bot", "pia"),
        ("2026-11-20T17:30:00Z", "billing-bot", "nia"),  # the first rule that fits counts
    ],
)
def test_the_first_rule_that_fits_counts(now: str, agent: str, commander: str) -> None:
    """A night that begins on Friday lasts into Saturday morning, in local time."""
    assert on_call((NIGHT, PAYMENTS, ALWAYS), (), agent, now).commander == commander


def test_nobody_fits() -> None:
    """Without a rule that fits the roster is empty rather than wrong."""
    assert on_call((PAYMENTS,), (), "support-bot", "2026-11-20T17:30:00Z").commander == ""
