"""The severity that a person gave the incident: containment goes by it, and is judged again when it changes."""

from __future__ import annotations

from typing import Literal

from halon.incident.assessment import Level
from halon.incident.state import State

HALON = "halon"


def said(state: State) -> Level | Literal[""]:
    """The level that a person gave the incident; empty where the rubric's counts: nobody did, or it rose since by itself."""
    last = state.level_changes[-1] if state.level_changes else None
    return last.level if last is not None and last.by != HALON else ""


def to_judge(state: State) -> bool:
    """Whether the level that a person gave has changed since the last judgement. What an earlier release judged waits."""
    judged = state.assessment
    return judged is not None and judged.level_said is not None and judged.level_said != said(state)
