"""The other queries, each one JSON value made from the state."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from halon.incident.commands import COMMANDS
from halon.incident.deeds import in_words
from halon.incident.duty_kept import kept
from halon.incident.gate_pages import left_out
from halon.incident.gates_told import audited, policy_in_words
from halon.incident.known import counted
from halon.incident.proving import ANSWERS, kind_of, statement
from halon.incident.remedies import case_in_words, standing
from halon.incident.settling import proved
from halon.incident.standing import clock_runs, decided, open_stages
from halon.incident.state import State

SINCE = ("aware_at", "detected_at")
"""The facts that say since when something is owed for which the law names no figure, the better one first."""


def timeline(state: State) -> list[dict[str, Any]]:
    """The last lines of the log; the record holds all of it."""
    return [asdict(line) for line in state.tail]


def gates(state: State) -> list[dict[str, Any]]:
    """Every gate with its question, answers, and the JSON that answers it.

    With what ``halon.incident.gates_told`` adds, ``asked`` (the policy in words) and ``left_out`` (whose yes counts no more).
    ``asked_as`` is its kind as ``verifier:`` of the kit names it, ``to_sign`` the line that an SSH signature of each
    answer signs.
    """
    shown = []
    for gate in state.gates:
        one = asdict(gate)
        one |= {name: value for name, value in audited(state, gate).items() if name not in one}
        one["asked"] = policy_in_words(gate.policy)
        one["left_out"] = sorted(left_out(gate) - {"halon"})
        one["missing"] = gate.missing
        one["lacking"] = gate.lacking
        one["lacking"] = gate.lacking
        one["asked_as"] = kind_of(state, gate)
        one["to_sign"] = {name: statement(state.incident_id, name, {"gate": gate.id}, gate.digest) for name in ANSWERS}
        one["paste"] = {"by": "YOUR NAME", "gate": gate.id, "reason": "…"} if gate.status == "open" else None
        shown.append(one)
    return shown


def obligations(state: State) -> list[dict[str, Any]]:
    """Every obligation with its status, what people decided, and its stages.

    ``open`` names the stages that can be filed now. ``since`` (ISO 8601 UTC) is since when what has no due time is owed at
    once: awareness, else detection, else the opening.
    """
    shown = []
    for duty in state.obligations:
        one = {**asdict(duty), "key": duty.name}
        one["decided"] = decided(state, duty.name) or None
        one["clock_runs"] = clock_runs(state, duty)
        one["open"] = [stage.id for stage in open_stages(state, duty)]
        values = counted(state, duty.entity)
        one["since"] = next((str(values[name]) for name in SINCE if values.get(name)), state.opened_at)
        shown.append(one | kept(state, duty.name))
    return shown


def actions(state: State) -> list[dict[str, Any]]:
    """Every action with its order, how far it has come (``told`` in words), and its idempotency attempt."""
    return [asdict(action) | {"told": in_words(action)} for action in state.actions]


def rca(state: State) -> dict[str, Any]:
    """Findings, whys, the minimal case, corrective actions, the proof."""
    return {
        "findings": [asdict(one) for one in state.findings],
        "whys": list(state.whys),
        "case": asdict(state.case) if state.case else None,
        "correctives": [asdict(one) | {"told": standing(one)} for one in state.correctives],
        "reruns": [asdict(one) | {"told": case_in_words(one)} for one in state.reruns],
        "waivers": [asdict(one) for one in state.waivers],
        "proved": proved(state),
        "questions": list(state.assessment.rca_questions) if state.assessment else [],
    }


def notices(state: State) -> list[dict[str, Any]]:
    """Every notice word for word, with its checks, how complete it is, and where its sealed text lies."""
    return [asdict(one) for one in state.notices]


def commands() -> list[dict[str, Any]]:
    """What can be said, with an example each."""
    return [{"name": spec.name, "help": spec.help, "example": spec.example()} for spec in COMMANDS.values()]
