"""What starts an incident: a batch of alerts; or, set by the server's own chain of runs, the state that goes on."""

from __future__ import annotations

from dataclasses import dataclass

from halon.incident.alerts import Alert
from halon.incident.links import SplitFrom
from halon.incident.state import State

LOOKS_ONCE = 2
"""The form since which a fresh incident begins with one look: an earlier release's took three turns."""
LOOKS_AT_ONCE = 3
"""The form since which that look is part of the very first workflow task, and the orders are sent before all else."""

UNMARKED = 4
"""The form since which a run has no markers of the patches that are older than it."""


@dataclass(frozen=True, slots=True)
class Opening:
    """The one argument of the ``Incident`` workflow.

    ``state`` is accepted only in a run that the server says was continued; ``reopens`` names a terminated run of the
    same workflow, whose state is then read from the record, never from this argument.
    ``form`` says how ``alerts`` join: 0 as an earlier release's front door sent them, 1 as ``storm.absorb`` says; 2 as
    well, and the incident finds, corroborates and judges in one look (``LOOKS_ONCE``); 3 as well, and looks at once
    (``LOOKS_AT_ONCE``); 4 as well, and has no markers (``UNMARKED``).
    ``split``: what it begins with besides, where it was split off.
    """

    alerts: tuple[Alert, ...] = ()
    state: State | None = None
    reopens: str = ""
    predecessor: str = ""
    drill: bool = False
    form: int = 0
    split: SplitFrom | None = None


@dataclass(frozen=True, slots=True)
class Closing:
    """What an incident leaves behind as its result."""

    reference: str
    outcome: str
    closed_at: str
    entries: int
    head: str
