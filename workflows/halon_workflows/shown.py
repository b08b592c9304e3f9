"""What the incident shows under each name: to everybody by query, and to those named by ``look`` while it is restricted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from halon.incident import restricting, views
from halon.incident.about import about
from halon.incident.commands import LOOKS
from halon.incident.restriction import restricted
from halon.incident.state import State
from halon.incident.status import status

_VIEWS: dict[str, Callable[[State, str], Any]] = {
    "status": lambda state, now: status(state) | {"restriction": restricting.told(state)},
    "timeline": lambda state, now: views.timeline(state),
    "gates": lambda state, now: views.gates(state),
    "obligations": lambda state, now: views.obligations(state),
    "actions": lambda state, now: views.actions(state),
    "rca": lambda state, now: views.rca(state),
    "report": about,
}
EVERYTHING = "everything"


def view(state: State, what: str, now: str) -> Any:
    """What ``what`` (of ``LOOKS``) shows at ``now`` (ISO 8601 UTC), whoever asks."""
    if what == EVERYTHING:
        return {name: _VIEWS[name](state, now) for name in LOOKS if name != EVERYTHING}
    return _VIEWS[what](state, now)


def answer(state: State, what: str, now: str) -> Any:
    """What a query of this name answers: while the incident is restricted, that it is, and how to look."""
    return restricting.shown(state) if restricted(state) else view(state, what, now)
