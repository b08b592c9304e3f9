"""Whose turn it is among the stages of an obligation: when one is drafted, when its people are asked, when it is over."""

from __future__ import annotations

from halon.incident.assessment import Obligation, Stage
from halon.incident.standing import (
    chained,
    decided,
    decided_here,
    obligation,
    open_stage,
    owed,
    same_reader,
    settled,
    stage_settled,
)
from halon_workflows import looking
from halon_workflows.durable import Durable


def duty_of(inc: Durable, name: str) -> Obligation:
    """The obligation of this name, which is in the state."""
    found = obligation(inc.state, name)
    if found is None:
        raise AssertionError(f"obligation {name} is not in the state")
    return found


def stage_of(duty: Obligation, stage_id: str) -> Stage | None:
    """The stage of this id, if the duty asks for it now."""
    return next((one for one in duty.stages if one.id == stage_id), None)


def over(inc: Durable, name: str, stage_id: str) -> bool:
    """Whether nothing is left to do for this stage now. What an earlier release judged is over with its whole obligation."""
    duty = duty_of(inc, name)
    if not decided_here(inc.state):
        return settled(inc.state, duty)
    stage = stage_of(duty, stage_id)
    return stage is None or stage_settled(inc.state, duty, stage_id) or chained(stage)


def its_turn(inc: Durable, name: str, stage_id: str) -> bool:
    """Whether a notice of this stage is to be made: it is owed, and what comes before it for the same reader is filed.

    It waits no longer than for its own first warning: a first report that nobody files must not hold up the second.
    """
    duty = duty_of(inc, name)
    if not owed(inc.state, duty):
        return False
    first, stage = open_stage(inc.state, duty), stage_of(duty, stage_id)
    if first is None or stage is None or first.id == stage_id or not same_reader(duty, first, stage):
        return True
    return _warned(inc, f"{name}/{stage_id}@") or f"{name}/{stage_id}" in inc.state.missed


def time_to_draft(inc: Durable, name: str, stage_id: str) -> bool:
    """A notice says what was done, so people are asked once the harm stopped (or is only observed); but not past the first
    warning or a person's word."""
    of = f"{name}/{stage_id}" if decided_here(inc.state) else f"{name}/"
    late = any(missed.startswith(of) for missed in inc.state.missed)
    stopped = bool(inc.state.harm_stopped_at) or looking.observed(inc)
    return stopped or _warned(inc, of) or late or decided(inc.state, name) == "declared"


def _warned(inc: Durable, of: str) -> bool:
    return any(key.startswith(f"warn:{of}") for key in inc.state.ledger)
