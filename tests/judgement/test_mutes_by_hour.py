"""Whether all alerts of an incident lie in mutes of the kit, hour by hour, and until when."""

from __future__ import annotations

import pytest

from halon.judgement.mutes import Mute, muted

ONCE = Mute("once", "r", "tom", ("bot",), ("Drop",), (), "2026-11-22T10:00+01:00", "2026-11-22T12:00Z", wakes_at="SEV2")
WEEKLY = Mute(
    "weekly", "r", "tom", ("bot",), (), ("evals",), days=("sat",), between=("22:00", "02:00"), zone="Europe/Berlin"
)


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("2026-11-22T08:59:59Z", ""), ("2026-11-22T09:00:00Z", "2026-11-22T12:00:00.000Z"), ("2026-11-22T11:59:59Z", "2026-11-22T12:00:00.000Z"),
        ("2026-11-22T12:00:00Z", ""),
    ],
)  # fmt: skip
def test_once_from_and_until(now: str, until: str) -> None:
    """Times with their own offset; its end is not in it."""
    found = muted((ONCE,), "bot", "any", ("Drop",), now)
    assert (found.until if found else "") == until


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("2026-11-21T20:59:00Z", ""),  # Saturday 21:59 in Berlin
        ("2026-11-21T21:00:00Z", "2026-11-22T01:00:00.000Z"),
        ("2026-11-22T00:59:00Z", "2026-11-22T01:00:00.000Z"),  # Sunday 01:59, of Saturday's window
        ("2026-11-22T01:00:00Z", ""),
        ("2026-11-22T21:30:00Z", ""),  # Sunday evening
        ("2026-10-24T20:30:00Z", "2026-10-25T00:00:00.000Z"),  # summer time until 03:00 of that night
    ],
)
def test_every_week_over_midnight_in_its_own_zone(now: str, until: str) -> None:
    """It belongs to the day on which it begins, summer time or not."""
    found = muted((WEEKLY,), "bot", "evals", ("X",), now)
    assert (found.until if found else "") == until


def test_every_rule_must_lie_in_a_mute() -> None:
    """One that lies in none, another agent, another group, or no alert at all: not muted."""
    at = "2026-11-22T11:00:00Z"
    assert muted((ONCE,), "bot", "g", ("Drop", "Other"), at) is None
    assert muted((ONCE,), "other", "g", ("Drop",), at) is None
    assert muted((ONCE,), "bot", "g", (), at) is None
    assert muted((WEEKLY,), "bot", "g", ("X",), "2026-11-21T21:00:00Z") is None


def test_of_several_the_first_end_and_the_strictest_level_count() -> None:
    """Of two that cover one rule the longer one; of two rules the one that ends first, to be judged anew then."""
    longer = Mute("longer", "r", "tom", ("bot",), ("Drop", "Other"), (), "2026-11-22T09:00Z", "2026-11-22T13:00Z")
    at = "2026-11-22T11:00:00Z"
    one = muted((ONCE, longer), "bot", "g", ("Drop",), at)
    assert one is not None
    assert (one.name, one.until, one.wakes_at) == ("longer", "2026-11-22T13:00:00.000Z", "SEV1")
    short = Mute(
        "short", "s", "ann", ("bot",), ("Third",), (), "2026-11-22T09:00Z", "2026-11-22T11:30Z", wakes_at="SEV3"
    )
    both = muted((ONCE, longer, short), "bot", "g", ("Drop", "Third"), at)
    assert both is not None
    assert (both.name, both.until, both.wakes_at, both.by) == ("short", "2026-11-22T11:30:00.000Z", "SEV3", "ann")
