"""Where an incident stands, in words for a tired person: what happened, what is asked of whom, what to type next."""

from __future__ import annotations

from typing import Any

from halon.cli import screen
from halon.cli.asking import START_ONE, Shown
from halon.cli.moments import hour, local


def status(name: str, shown: Shown) -> None:
    """The status of one incident. ``name`` is what the next command calls it."""
    told = shown.status
    stale(shown)
    screen.line(f"{'DRILL ' if told.get('drill') else ''}{told.get('headline', '')}", style="bold")
    severity = told.get("severity") or {}
    if severity.get("level"):
        because = "; ".join(severity.get("because") or []) or "no reason on record"
        screen.line(f"Severity: {severity['level']} because {because}")
        for change in [one for one in severity.get("changes") or [] if one["by"] != "halon"]:
            screen.line(f"  set to {change['level']} by {change['by']} {local(change['at'])}: {change['reason']}")
    if told.get("phases"):
        screen.line("Phases: " + ", ".join(f"{phase} {state}" for phase, state in told["phases"].items()))
    _people(told)
    _asked(name, told)
    if told.get("missed"):
        screen.line(
            f"MISSED: {', '.join(told['missed'])}. File now, and give the reason for the delay.", style="bold red"
        )
    deadline = told.get("next_deadline")
    if deadline:
        screen.line(f"Next deadline: {deadline['what']}, {local(deadline['at'])}")
    if told.get("unknown"):
        screen.line(f"Not known yet: {_some(told['unknown'])}")
        if not told.get("closed_at"):
            screen.line(f"  halon fact {name} {told['unknown'][0]} VALUE --by YOUR-NAME   (for each that you know)")
    if told.get("outside"):
        screen.line(f"May be said outside: {told['outside']}")
    if told.get("closed_at"):
        screen.line(f"Closed: {local(told['closed_at'])}")
    step = next_step(name, told)
    if step:
        screen.line(f"Next: {step}", style="bold")


def stale(shown: Shown) -> None:
    """Say that what follows is a mirrored state, and how old."""
    if not shown.live:
        age = f" as of {local(shown.as_of)}" if shown.as_of else ", of unknown age"
        if shown.why:
            screen.line(f"Last known state{age}: {shown.why}. To go on, {START_ONE}", style="yellow")
        else:
            screen.line(f"From the record{age}:")


def next_step(name: str, told: dict[str, Any]) -> str:
    """The next command to type, or ""."""
    if told.get("closed_at"):
        return f"halon export {name}"
    if not told.get("acknowledged") and "acknowledged" in told:
        return f"halon ack {name} --by YOUR-NAME"
    for one in told.get("asked") or []:
        if one.get("gate"):
            return f"halon approve {name} {one['gate']} --by YOUR-NAME"
    left = told.get("left_before_close")
    if left == []:
        return f"halon close {name} --by YOUR-NAME"
    return f"halon show {name}" if left is not None else ""


def log_line(entry: dict[str, Any]) -> str:
    """One line of the log."""
    return f"{hour(entry['at'])}  {entry['phase']:<9} {entry['actor']}: {entry['text']}"


def _people(told: dict[str, Any]) -> None:
    commander = told.get("commander")
    seen = told.get("acknowledged")
    if "acknowledged" not in told and not commander:
        return
    screen.line(f"Commander: {commander or 'nobody yet'}"
                + (f"; acknowledged by {seen['by']} {local(seen['at'])}" if seen else "; nobody has acknowledged"))  # fmt: skip


def _asked(name: str, told: dict[str, Any]) -> None:
    asked = told.get("asked") or []
    if not asked:
        screen.line("Asked: nothing of anybody")
        return
    screen.line("Asked:")
    for one in asked:
        who = " or ".join(one["of"]) or "anybody"
        until = f", until {local(one['until'])}" if one.get("until") else ""
        screen.line(f"  {who}: {one['what']}{until}")
        if one.get("gate"):
            screen.line(f"    halon approve {name} {one['gate']} --by YOUR-NAME   (or: halon reject)")
        elif one.get("corrective"):
            screen.line(f"    halon corrective done {name} {one['corrective']} --by YOUR-NAME")


def _some(names: list[str], most: int = 8) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
