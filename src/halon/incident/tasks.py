"""The steps of a checklist, as an incident holds them: what to do, whose it is, and whether it is done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

DECIDE = "triage/decide-"
"""How the id of a step begins that asks a role to decide which duties apply; the role follows."""
TaskStatus = Literal["open", "done", "skipped"]


@dataclass(frozen=True, slots=True)
class Step:
    """One step that the runbooks ask for. ``id`` is ``PHASE/NAME``; ``owner`` is a role.

    ``answers`` names the facts that it is there to find. ``automated`` steps are ticked by Halon: ``met`` says whether
    the condition holds now. ``due_seconds`` counts from the opening of the incident; 0 means no deadline of its own.
    ``due_at`` is one that is a moment (ISO 8601 UTC), empty for none. ``duties`` names those that it asks to decide.
    """

    id: str
    phase: str
    words: str
    owner: str
    runbook: str = ""
    answers: tuple[str, ...] = ()
    automated: bool = False
    met: bool = False
    due_seconds: int = 0
    due_at: str = ""
    duties: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Task:
    """A step in an incident. ``by`` is who did, skipped or reopened it (``halon``: it was ticked by itself).

    ``due`` is ISO 8601 UTC, empty for none. ``person`` is whose it is by name, where somebody was named.
    """

    step: Step
    status: TaskStatus = "open"
    by: str = ""
    at: str = ""
    reason: str = ""
    due: str = ""
    person: str = ""


@dataclass(frozen=True, slots=True)
class Handover:
    """The commander ``by`` hands over to ``to``, who is commander from their ``ack`` on; until ``due`` it is waited for."""

    to: str
    by: str
    at: str
    due: str
    reason: str = ""
