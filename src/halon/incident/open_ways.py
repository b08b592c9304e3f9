"""The ways in which the harm goes on that no action of the kit closes, in words."""

from __future__ import annotations

from typing import Any

from halon.incident.state import State


def open_ways(state: State) -> list[dict[str, Any]]:
    """Each with what says so and what to do about it, the certain ones first; none once it is closed or a false alarm."""
    if state.assessment is None or state.closed_at or state.false_alarm_by:
        return []
    return [
        {"way": one.way, "text": one.told, "because": one.because, "do": one.do, "perhaps": one.perhaps}
        for one in state.assessment.uncovered
    ]
