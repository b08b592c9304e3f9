"""What a person adds to a command to prove who they are, and what exactly a signature stands for."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from halon.incident.canonical import canonical
from halon.incident.commands import PROOFS, Command
from halon.incident.gates import Gate
from halon.incident.standing import action
from halon.incident.state import State

ANSWERS = ("approve", "reject", "withdraw", "break-glass")
"""The commands that answer a gate: a signature of one stands for exactly what the gate shows."""
MOST_AGAIN = 5
"""How often one person may sign the same answer to the same gate, having taken it back between."""
_OWN = tuple(field.name for field in PROOFS)


def offered(parameters: Mapping[str, Any]) -> tuple[str, ...]:
    """Which proofs came with a command."""
    return tuple(name for name in _OWN if parameters.get(name))


def without(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """``parameters`` without codes and signatures: only this goes on, into state, record and status."""
    return {name: value for name, value in parameters.items() if name not in _OWN}


def bare(command: Command) -> Command:
    """``command`` without codes and signatures."""
    return replace(command, parameters=without(command.parameters))


def fingerprint(command: Command) -> str:
    """SHA-256 (hex) of everything that was said: which of several Signals of a name it was."""
    return hashlib.sha256(canonical([command.name, command.by, command.parameters])).hexdigest()


def statement(incident_id: str, command: str, parameters: Mapping[str, Any], digest: str = "", again: int = 1) -> str:
    """The line that a signature signs: command, incident, and what it is about.

    For an answer the gate's id and ``digest``, that of exactly what will run; for another command the SHA-256 of its
    parameters. ``again`` from 2 on: the same person says the same anew, so that no old signature serves for it.
    """
    if command in ANSWERS:
        about = f"{parameters.get('gate', '')} {digest}"
    else:
        about = hashlib.sha256(canonical(without(parameters))).hexdigest()
    return f"halon {command} {incident_id} {about}" + (f" {again}" if again > 1 else "")


def kind_of(state: State, gate: Gate) -> str:
    """The kind of a gate as the kit names it: irreversible, ask, notice or restore."""
    if gate.kind != "contain":
        return gate.kind
    held = action(state, gate.subject)
    return "ask" if held is not None and held.order.reversible else "irreversible"
