"""Judge without an incident: ``assess FILE``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from halon.cli import screen
from halon.cli.options import Json

_SHOWN = ("applies", "undetermined", "review_required")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("assess", rich_help_panel="Prepare")(assess)


def assess(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="facts in YAML or JSON: as_of, agent, entity, facts, filed")
    ],
    everything: Annotated[bool, typer.Option("--all", help="also obligations that do not apply")] = False,
    as_json: Json = False,
) -> None:
    """What would follow from these facts: severity, actions, and whom the law says must be told by when."""
    from halon.cli import reaching
    from halon.cli.assessing import assess_file
    from halon.kit import load

    judged = assess_file(file, load(reaching.settings().kit, os.environ))
    if as_json:
        screen.value(judged)
        return
    severity = judged["severity"]
    screen.line(f"{severity['level']}, {judged['category']}", style="bold")
    screen.lines([f"  because {reason}" for reason in severity["reasons"]])
    for order in judged["orders"]:
        _order(order)
    shown = [duty for duty in judged["obligations"] if everything or duty["status"] in _SHOWN]
    for duty in shown:
        _duty(duty)
    if not shown:
        screen.line("No duty to notify applies or may apply.")
    for embargo in judged["embargoes"]:
        screen.line(f"Not yet to be said: {embargo}")
    hidden = len(judged["obligations"]) - len(shown)
    if hidden:
        screen.line(f"{hidden} more do not apply; --all shows them.")
    screen.line(f"Judged by kit {judged['kit_digest'][:12]}. This is help, not legal advice.")


def _order(order: dict[str, Any]) -> None:
    gate = order["gate"]
    asked = f"needs {gate['quorum']} of {' or '.join(gate['roles'])}" if gate else "runs at once"
    screen.line(f"Action {order['action']}: {asked}; {'can be undone' if order['reversible'] else 'CANNOT be undone'}")
    screen.lines([f"    {reason}" for reason in order["reasons"]])


def _duty(duty: dict[str, Any]) -> None:
    word = {"applies": "applies", "undetermined": "may apply"}.get(duty["status"], duty["status"].replace("_", " "))
    screen.line(f"{duty['id']} ({duty['entity']} to {duty['authority']}): {word}", style="bold")
    screen.lines([f"    because {reason}" for reason in duty["because"]])
    if duty["needs"]:
        screen.line(f"    answers needed: {', '.join(duty['needs'])}")
    if duty["displaced_by"]:
        screen.line(f"    displaced by {duty['displaced_by']}")
    for stage in duty["stages"]:
        if stage["filed_at"]:
            screen.line(f"    {stage['id']}: filed {stage['filed_at']}")
        elif stage["due_local"] or stage["due"]:
            note = " (may still move)" if stage["provisional"] else ""
            screen.line(
                f"    {stage['id']}: due {stage['due_local'] or stage['due']}, decide by {stage['decide_by'] or 'then'}{note}"
            )
        else:
            screen.line(f"    {stage['id']}: no date yet, it waits for {stage['anchor']}")
