"""A refused answer stays with its gate: who tried what, and why it did not count."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from halon.incident.commands import Command
from halon.incident.saying import Refused
from halon.incident.standing import gate, with_gate
from halon.incident.state import State
from halon.incident.tried import LONGEST_WORDS, MOST_KEPT, Tried


def about(command: Command, how: str) -> dict[str, Any]:
    """What the record says of a refused answer beside the refusal: its gate, its Update, how its speaker was proved."""
    asked = command["gate"]
    if not asked:
        return {}
    told = {"gate": asked, "command": command.name, "update": command.update_id, "how": how}
    return {name: value for name, value in told.items() if value}


def kept(state: State, command: Command, refusal: Refused, how: str, now: str) -> State:
    """``state`` with the refused answer at its gate, of the newest ``MOST_KEPT``; unchanged where it names no gate."""
    asked = gate(state, command["gate"]) if command["gate"] else None
    if asked is None:
        return state
    one = Tried(command.by, command.name, refusal.kind, refusal.text[:LONGEST_WORDS], now, command.update_id, how)
    return with_gate(state, replace(asked, tried=(*asked.tried, one)[-MOST_KEPT:]))
