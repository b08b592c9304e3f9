"""Whose a task of the workflow is, where that is somebody besides those who lead the incident."""

from __future__ import annotations

from halon.incident.assessment import DECIDED
from halon.incident.state import State
from halon.incident.timeline import people_with

_OF_DUTIES = ("notify", "update")


def deciders(state: State, task: str) -> tuple[str, ...]:
    """Who decides the duty that ``task`` works on, such as ``notify.eu-gdpr-33``; nobody for any other task.

    A notice that can't be drafted or sent is theirs to know: they are who file it by hand.
    """
    kind, _, rest = task.partition(".")
    if kind not in _OF_DUTIES or state.assessment is None or state.assessment.form < DECIDED:
        return ()
    name = rest.partition("/")[0]
    roles = [one.decider for one in state.obligations if one.name == name]
    return tuple(dict.fromkeys(one.name for one in people_with(state, *roles))) if roles else ()
