"""What of a state changes when alerts merely join in numbers, and what does not: in a storm, most of it stands still."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from halon.incident.state import State

NUMBERS = (
    "seen", "seen_rest", "firing", "firing_more", "firing_rest", "last_fired_at", "counts", "tally",
    "passing_sent", "forwarding_sent",
)  # fmt: skip
"""The fields that count alerts, or how many of those that wait are on their way. Nothing that people are shown in lists or details says them, and no clock but one runs
by them: the line that tells how many joined."""
_REST = tuple(field.name for field in fields(State) if field.name not in NUMBERS)


def apart_from_numbers(state: State) -> tuple[Any, ...]:
    """All that is shown of ``state`` or runs a clock, to be compared with the same of another state.

    Of the numbers, which rules there are (a mute covers rules) and when the line about the rest is due.
    """
    rest = [getattr(state, name) for name in _REST]
    return (*rest, tuple([one.rule for one in state.counts]), state.tally.first_at if state.tally else "")
