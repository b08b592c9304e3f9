"""What the incident shows under each name: to everybody by query, and to those named by ``look`` while it is restricted."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from temporalio.exceptions import ApplicationError

from halon.incident import restricting, views
from halon.incident.about import about
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
    "notices": lambda state, now: views.notices(state),
    "report": about,
    "state": lambda state, now: asdict(state),
}
EVERYTHING, STATE = "everything", "state"
LOG = "log"
LARGEST = 1_500_000
"""Bytes of JSON that an Update answers: past two million Temporal fails the workflow's task, over and over."""


def view(state: State, what: str, now: str) -> Any:
    """What ``what`` (of ``LOOKS``) shows at ``now`` (ISO 8601 UTC), whoever asks."""
    if what == EVERYTHING:
        return {name: one(state, now) for name, one in _VIEWS.items() if name != STATE}
    if what == LOG:
        return {name: _VIEWS[name](state, now) for name in ("status", "timeline")}
    return _VIEWS[what](state, now)


def seen(state: State, what: str, now: str) -> Any:
    """The same as the answer of ``look``. Raises ApplicationError (``TooMuchToShow``) where that is more than an answer holds."""
    shown = view(state, what, now)
    size = len(json.dumps(shown, ensure_ascii=False, default=str).encode("utf-8", "replace"))
    if size <= LARGEST:
        return shown
    raise ApplicationError(
        f"{what} of {state.reference} is {size} bytes, and an answer holds {LARGEST}. Ask for one part: "
        f"halon look {state.reference} --what status --by NAME; or read what is sealed with `halon evidence`.",
        type="TooMuchToShow", non_retryable=True,
    )  # fmt: skip


def answer(state: State, what: str, now: str) -> Any:
    """What a query of this name answers: while the incident is restricted, that it is, and how to look."""
    return restricting.shown(state) if restricted(state) else view(state, what, now)
