"""Judge without an incident: ``assess FILE``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from halon.cli import screen
from halon.cli.options import Json
from halon.cli.problems import CommandFailed

if TYPE_CHECKING:
    from halon.cli.facts_file import FactsUnusable
    from halon.incident.assessment import Assessment, Mode, Obligation, Severity
    from halon.incident.orders import Order
    from halon.judgement.questions import Question

_MAY = ("applies", "undetermined", "review_required")
_WORDS = {"applies": "applies", "undetermined": "may apply"}
_QUESTIONS = 10


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("assess", rich_help_panel="Prepare")(assess)


def assess(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="facts in YAML or JSON: as_of, agent, entity, facts, entities, filed")
    ],
    everything: Annotated[
        bool, typer.Option("--all", help="also duties that do not apply, and every open question")
    ] = False,
    calls: Annotated[
        bool, typer.Option("--calls", help="also the exact calls of each action, with secrets masked")
    ] = False,
    as_json: Json = False,
) -> None:
    """What would follow from these facts: severity, actions, whom the law says must be told by when, what is still open."""
    from halon.cli import assessing, reaching
    from halon.incident.calls import exact
    from halon.incident.known import in_words
    from halon.kit import load

    kit = load(reaching.settings().kit, os.environ)
    try:
        examined = assessing.examine_file(file, kit)
    except assessing.FactsUnusable as error:
        _unusable(file, error, as_json=as_json)
        raise
    judged = examined.assessment
    if as_json:
        told = assessing.as_json(judged)
        if calls:
            told["orders"] = [
                {**one, "id": order.id, "calls": exact(order)}
                for one, order in zip(told["orders"], judged.orders, strict=True)
            ]
        screen.value(told)
        return
    _severity(judged)
    for conflict in judged.conflicts:
        screen.line(f"Sources disagree about {in_words(conflict)}")
    screen.lines([f"Note: {reason}" for reason in judged.reasons])
    for order in judged.orders:
        _order(order, judged.mode)
        if calls:
            screen.lines([f"    {name}: {call}" for name, call in exact(order).items()])
    for one in judged.uncovered:
        screen.line(one.told, style="" if one.perhaps else "bold")
        screen.lines([f"    {one.because}", f"    {one.do}"])
    shown = [duty for duty in judged.obligations if everything or duty.status in _MAY]
    for duty in shown:
        _duty(duty)
    if not shown:
        screen.line("No duty to notify applies or may apply.")
    for embargo in judged.embargoes:
        until = embargo.until_local or "its end can't be computed yet"
        screen.line(f"Not yet to be said: {embargo.obligation}/{embargo.stage}: {embargo.why} ({until})")
    hidden = len(judged.obligations) - len(shown)
    if hidden:
        screen.line(f"{hidden} more do not apply; --all shows them.")
    _questions(examined.questions, everything=everything)
    screen.line(f"Judged by kit {judged.kit_digest[:12]}. Not legal advice; a named person decides.")


def _unusable(file: Path, error: FactsUnusable, *, as_json: bool) -> None:
    """Everything that is wrong with a file of facts, a line for each; one thing alone is told like any error."""
    if len(error.wrong) < 2:
        return
    count, step = f"{file} has {len(error.wrong)} things wrong", f"correct them, then halon assess {file}"
    if as_json:
        screen.value({"ok": False, "error": {"type": "FactsUnusable", "message": count, "next_step": step},
                      "problems": [{"file": one.file, "line": one.line, "what": one.what, "known": list(one.known),
                                    "next_step": one.next_step} for one in error.wrong]})  # fmt: skip
        raise typer.Exit(1)
    for told in str(error).splitlines():
        screen.aside(told)
    raise CommandFailed(count, step) from None


def _severity(judged: Assessment) -> None:
    """The level, why, axis by axis, and what would raise it."""
    severity: Severity = judged.severity
    also = f" (also {', '.join(judged.categories[1:])})" if judged.categories[1:] else ""
    screen.line(f"{severity.level}, {judged.category}{also}", style="bold")
    screen.lines([f"  because {reason}" for reason in severity.reasons])
    rows = [
        (row.axis, row.level or "none", row.words + ("" if row.known or not row.level else " (may be higher)"))
        for row in severity.axes
    ]
    if rows:
        screen.table(("AXIS", "LEVEL", "WHY"), rows)
    if severity.would_raise:
        screen.line("What would raise it:")
        screen.lines([f"  {one}" for one in severity.would_raise])


def _order(order: Order, mode: Mode) -> None:
    undo = "can be undone" if order.reversible else "CANNOT be undone"
    screen.line(f"Rung {order.rung}, action {order.action}: {_when(order, mode)}; {undo}")
    screen.lines([f"    {reason}" for reason in order.told])


def _when(order: Order, mode: Mode) -> str:
    """When it runs, and whom it asks first. Nothing runs in mode observe; a later rung begins only if the harm goes on."""
    from halon.incident import quorum

    observed = mode == "observe"
    gate = order.in_act.gate if observed and order.in_act is not None else order.gate
    asked = f"needs {quorum.needed(gate)}" if gate else "runs at once"
    if order.rung > 1:
        asked = f"if the harm goes on, {asked if gate else 'runs by itself'}"
    return f"nothing runs (observe); in mode act: {asked}" if observed else asked


def _duty(duty: Obligation) -> None:
    word = _WORDS.get(duty.status, duty.status.replace("_", " "))
    screen.line(f"{duty.name} ({duty.entity} to {duty.authority}): {word}", style="bold")
    screen.lines([f"    because {reason}" for reason in duty.because])
    if duty.needs:
        screen.line(f"    answers needed: {', '.join(duty.needs)}")
    if duty.displaced_by:
        screen.line(f"    displaced by {duty.displaced_by}")
    for row in duty.worksheet:
        screen.line(f"    [{row.state}] {row.words}")
    for stage in duty.stages:
        if stage.filed_at:
            screen.line(f"    {stage.id}: filed {stage.filed_at}")
        elif stage.due_local or stage.due:
            note = " (may still move)" if stage.provisional else ""
            screen.line(
                f"    {stage.id}: due {stage.due_local or stage.due}, decide by {stage.decide_by or 'then'}{note}"
            )
            if stage.latest_arguable:
                screen.line(f"        latest arguable: {stage.latest_arguable}; plan by the date above")
        else:
            screen.line(f"    {stage.id}: no date yet, it waits for {stage.anchor or 'nothing: as soon as possible'}")


def _questions(found: tuple[Question, ...], *, everything: bool) -> None:
    """What is still to be found out, most telling first, each with what its answer would change."""
    shown = found if everything else found[:_QUESTIONS]
    if shown:
        screen.line("Still to be answered:", style="bold")
    for one in shown:
        screen.line(f"  {one.question}   ({one.fact})")
        if one.help:
            screen.line(f"      {one.help}")
        screen.line(f"      answers: {'; '.join(one.answers)}")
        screen.lines([f"      would change: {change}" for change in one.changes])
    if len(found) > len(shown):
        screen.line(f"  {len(found) - len(shown)} more questions; --all shows them.")
