"""Duties that may apply and that nobody has decided: each role that decides is asked for all of its own in one step."""

from __future__ import annotations

from collections.abc import Sequence

from halon.incident.assessment import Obligation
from halon.incident.standing import GONE, decided
from halon.incident.state import State
from halon.incident.tasks import DECIDE, Step

OPEN = ("undetermined", "review_required")
_NAMED = 6


def undecided(state: State) -> tuple[Obligation, ...]:
    """The duties that wait for somebody's decision: they may apply, nothing settled them, nobody declared or declined them."""
    over = ("declared", *GONE)
    return tuple(duty for duty in state.obligations if _waits(duty) and decided(state, duty.name) not in over)


def steps(duties: Sequence[Obligation]) -> tuple[Step, ...]:
    """One step for each role that decides: which of ``duties`` are open, the questions, and by when the first is to be settled."""
    waiting = [duty for duty in duties if _waits(duty)]
    roles = dict.fromkeys(one.decider for one in waiting)
    return tuple(_step(role, [duty for duty in waiting if duty.decider == role]) for role in roles)


def _waits(duty: Obligation) -> bool:
    return duty.status in OPEN and any(not one.filed_at for one in duty.stages)


def _step(role: str, duties: list[Obligation]) -> Step:
    ends = [
        stage.decide_first or stage.decide_by or stage.due
        for duty in duties
        for stage in duty.stages
        if stage.due and not stage.filed_at
    ]
    names = ", ".join(duty.name for duty in duties[:_NAMED]) + (", …" if len(duties) > _NAMED else "")
    what = "this duty applies" if len(duties) == 1 else f"these {len(duties)} duties apply"
    return Step(
        id=f"{DECIDE}{role}",
        phase=DECIDE.partition("/")[0],
        words=f"Decide whether {what}, before the first clock runs out: {names}",
        owner=role,
        runbook="duties",
        answers=tuple(dict.fromkeys(need for duty in duties for need in duty.needs)),
        automated=True,
        due_at=min(ends, default=""),
        duties=tuple(duty.name for duty in duties),
    )
