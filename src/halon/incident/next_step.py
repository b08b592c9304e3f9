"""What comes next when nobody is asked anything: the commander's playbook for the phase, and the steps still open."""

from __future__ import annotations

from typing import Any

from halon.incident import checklist
from halon.incident.phases import PHASES
from halon.incident.state import State


def playbook(state: State) -> tuple[str, ...]:
    """The playbook's lines for the first phase under way of which the runbooks say something; none where it is over."""
    told = state.assessment.playbook if state.assessment else {}
    if state.closed_at or state.close_requested_by or state.false_alarm_by:
        return ()
    for name in PHASES:
        phase = state.phases.get(name)
        if phase is not None and phase.status in ("running", "waiting") and told.get(name):
            return told[name]
    return ()


def tasks_told(state: State) -> list[dict[str, Any]]:
    """Every step of the checklist as plain values: whose it is, how far it is, until when, whether it is flagged."""
    return [
        {"id": one.step.id, "phase": one.step.phase, "words": one.step.words, "owner": checklist.owner(state, one),
         "of": list(checklist.whose(state, one)) or [one.step.owner],
         "status": one.status, "told": checklist.in_words(one), "by": one.by, "at": one.at, "reason": one.reason,
         "due": one.due, "answers": list(one.step.answers), "by_itself": one.step.automated,
         "late": checklist.told_late(state, one), "flagged": checklist.flagged(state, one)}
        for one in state.tasks
    ]  # fmt: skip


def open_tasks(state: State) -> list[dict[str, Any]]:
    """The steps still open, those with the nearest deadline first."""
    return sorted(
        (one for one in tasks_told(state) if one["status"] == "open"), key=lambda one: (not one["due"], one["due"])
    )
