"""The six phases, each with a state of its own: they overlap."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

PhaseName = Literal["detect", "triage", "contain", "rca", "notify", "remediate"]
PHASES: tuple[PhaseName, ...] = ("detect", "triage", "contain", "rca", "notify", "remediate")
PhaseStatus = Literal["not started", "running", "waiting", "done"]


@dataclass(frozen=True, slots=True)
class Phase:
    """How far a phase has come. ``waiting_on`` says in words whom or what it waits for."""

    status: PhaseStatus = "not started"
    waiting_on: str = ""
    started_at: str = ""
    done_at: str = ""

    def __str__(self) -> str:
        return f"waiting on {self.waiting_on}" if self.status == "waiting" else self.status
