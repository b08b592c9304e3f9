"""Where an incident stands, in words for a tired person: what happened, what is asked of whom, what to type next."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from halon.cli import screen
from halon.cli.asking import START_ONE, Shown
from halon.cli.moments import hour, local
from halon.incident import times

MOST_WORDS = 119
"""Words of ``halon status``; ``halon show`` says the rest."""
_STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:[\d.]+Z")


@dataclass(frozen=True, slots=True)
class _Part:
    """Some lines that belong together. Parts of a higher ``rank`` are left out first; style is a rich style."""

    rank: int
    lines: tuple[str, ...]
    style: str = ""

    @property
    def words(self) -> int:
        return sum(len(one.split()) for one in self.lines)


def status(name: str, shown: Shown) -> None:
    """The status of one incident in under 120 words. ``name`` is what the next command calls it."""
    stale(shown)
    parts = brief(name, shown.status)
    for part in parts:
        for one in part.lines:
            screen.line(one, style=part.style)


def brief(name: str, told: dict[str, Any]) -> list[_Part]:
    """The lines of ``status``, those that matter most; what does not fit is left to ``halon show``."""
    parts = [part for part in _parts(name, told) if part.lines]
    more = _Part(0, (f"More: halon show {name}",))
    room = MOST_WORDS - more.words
    kept: list[_Part] = []
    for part in sorted(parts, key=lambda part: part.rank):
        if part.words <= room:
            kept.append(part)
            room -= part.words
    if len(kept) == len(parts):
        return parts
    shown = [part for part in parts if part in kept]
    return [*shown[:-1], more, shown[-1]] if shown and shown[-1].lines[0].startswith("Next:") else [*shown, more]


def _parts(name: str, told: dict[str, Any]) -> list[_Part]:
    drill = "DRILL " if told.get("drill") else ""
    parts = [_Part(0, (_few(f"{drill}{told.get('headline', '')}", 40),), "bold")]
    severity = told.get("severity") or {}
    if severity.get("level"):
        parts.append(_Part(4, (f"Severity: {severity['level']}, {_worst(severity)}",)))
    parts.append(_Part(9, _phases(told.get("phases") or {})))
    parts += [_Part(2, (_few(f"Held: {one['title']}: {one['why']} → halon resume", 30),), "bold red")
              for one in (told.get("held") or [])[:1]]  # fmt: skip
    parts += [_Part(3, (_few(f"Failed: {one['title']}: {one['why']} → {one['next']}", 24),), "bold red")
              for one in (told.get("failed") or [])[:1]]  # fmt: skip
    parts += [_Part(3, (_few(f"{one['text']} {one['do']}", 30),), "bold red")
              for one in (told.get("uncovered") or [])[:1] if not one["perhaps"]]  # fmt: skip
    if "acknowledged" in told or told.get("commander"):
        seen = told.get("acknowledged")
        parts.append(_Part(6, (f"Commander: {told.get('commander') or 'nobody yet'}"
                               + (f", handing over to {told['handover']['to']}" if told.get("handover") else "")
                               + (f"; acknowledged by {seen['by']}" if seen else "; nobody has acknowledged"),)))  # fmt: skip
    parts += _questions(name, told)
    parts += _checklist(told)
    if told.get("missed"):
        parts.append(_Part(1, (f"MISSED: {_some(told['missed'], 3)}. File now, and say why it is late.",), "bold red"))
    deadline = told.get("next_deadline")
    if deadline:
        parts.append(_Part(2, (f"Next deadline: {_few(deadline['what'], 8)}, {local(deadline['at'])}",)))
    parts += [_Part(5, (_few(one, 24),)) for one in _muted(told)]
    parts += [_Part(7, (_few(one, 24),)) for one in _linked(told)[:2]]
    if told.get("unknown"):
        parts.append(_Part(8, (f"Not known yet: {_some(told['unknown'], 4)}",)))
    if told.get("outside"):
        parts.append(_Part(3, (f"May be said outside: {_few(_timed(told['outside']), 26)}",)))
    if told.get("closed_at"):
        parts.append(_Part(2, (f"Closed: {local(told['closed_at'])}",)))
    lines = told.get("playbook") or []
    if lines and not told.get("asked"):
        parts.append(_Part(8, (_few(f"What to think of: {lines[0]}", 24),)))
    step = next_step(name, told)
    if step:
        parts.append(_Part(1, (f"Next: {step}",), "bold"))
    return parts


def _checklist(told: dict[str, Any]) -> list[_Part]:
    """How far the checklist is, the first step that is late, and what nobody did; all of it is in ``show``."""
    tasks = told.get("tasks") or []
    if not tasks:
        return []
    parts = [_Part(7, (f"Steps: {sum(one['status'] == 'done' for one in tasks)} of {len(tasks)} done",))]
    parts += [_Part(5, (_few(f"  LATE {one['id']}: {one['words']} ({one['owner']}, until {local(one['due'])})", 24),), "red")
              for one in tasks if one["late"]][:1]  # fmt: skip
    skipped = [one["id"] for one in tasks if one["flagged"] and not one["late"]]
    if skipped:
        parts.append(_Part(8, (f"  Not done, and its phase is over: {_some(skipped, 4)}",)))
    return parts


def _questions(name: str, told: dict[str, Any]) -> list[_Part]:
    asked = told.get("asked") or []
    if not asked:
        return [_Part(5, ("Asked: nothing of anybody",))]
    parts = [_Part(2, ("Asked:",))]
    for number, one in enumerate(asked):
        who = " or ".join(one["of"]) or "anybody"
        until = f", until {hour(one['until'])}" if one.get("until") else ""
        lines = [f"  {who}: {_few(one['what'], 12)}{until}"]
        if one.get("gate"):
            lines.append(f"    halon approve {name} {one['gate']} --by YOUR-NAME   (or: halon reject)")
        elif one.get("corrective"):
            lines.append(f"    halon corrective done {name} {one['corrective']} --by YOUR-NAME")
        parts.append(_Part((2 if one.get("gate") else 5) + (number > 0), tuple(lines)))
    return parts


def whole(name: str, shown: Shown) -> None:
    """All that the status holds, for ``show``."""
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
    for one in told.get("held") or []:
        screen.line(f"Held: {one['title']}: {one['why']} → halon resume", style="bold red")
    for failed in told.get("failed") or []:
        screen.line(f"Failed: {failed['title']}: {failed['why']} → {failed['next']}", style="bold red")
    for one in told.get("uncovered") or []:
        screen.line(f"{one['text']} ({one['because']}) → {one['do']}", style="" if one["perhaps"] else "bold red")
    _people(told)
    _asked(name, told)
    _steps(name, told)
    if told.get("missed"):
        screen.line(
            f"MISSED: {', '.join(told['missed'])}. File now, and give the reason for the delay.", style="bold red"
        )
    screen.lines([*_muted(told), *_linked(told)])
    deadline = told.get("next_deadline")
    if deadline:
        screen.line(f"Next deadline: {deadline['what']}, {local(deadline['at'])}")
    for conflict in told.get("conflicts") or []:
        screen.line(f"Sources disagree about {conflict}")
    if told.get("unknown"):
        screen.line(f"Not known yet: {_some(told['unknown'])}")
        if not told.get("closed_at"):
            screen.line(f"  halon fact {name} {told['unknown'][0]} VALUE --by YOUR-NAME   (for each that you know)")
    if told.get("outside"):
        screen.line(f"May be said outside: {_timed(told['outside'])}")
    if told.get("closed_at"):
        screen.line(f"Closed: {local(told['closed_at'])}")
    lines = told.get("playbook") or []
    if lines and not told.get("asked"):
        screen.line(f"What to think of: {lines[0]}")
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
    quiet = told.get("muted")
    if quiet and quiet["now"] and quiet["name"]:
        return ""  # whatever is said to it wakes it
    merged = any(one["kind"] == "merged into" for one in told.get("linked") or [])
    if merged and any(one.startswith("action ") and one.endswith(" in force") for one in told.get("holds") or []):
        return f"halon restore {name} --reason WHY --by YOUR-NAME"
    if not told.get("acknowledged") and "acknowledged" in told and not merged:
        return f"halon ack {name} --by YOUR-NAME"
    for one in told.get("asked") or []:
        if one.get("gate"):
            return f"halon approve {name} {one['gate']} --by YOUR-NAME"
    late = [one for one in told.get("tasks") or [] if one["late"]]
    if late:
        return f"halon task {name} done {late[0]['id']} --by YOUR-NAME"
    left = told.get("left_before_close")
    if left == []:
        return f"halon close {name} --reason WHY --by YOUR-NAME"
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
                + (f", handing over to {told['handover']['to']}" if told.get("handover") else "")
                + (f"; acknowledged by {seen['by']} {local(seen['at'])}" if seen else "; nobody has acknowledged"))  # fmt: skip


def _steps(name: str, told: dict[str, Any]) -> None:
    """How far the checklist is: what is late and what nobody did; all of it is in ``show``."""
    tasks = told.get("tasks") or []
    if not tasks:
        return
    finished = sum(one["status"] == "done" for one in tasks)
    screen.line(f"Steps: {finished} of {len(tasks)} done   (halon show {name})")
    for one in [one for one in tasks if one["late"]][:3]:
        screen.line(f"  LATE {one['id']}: {one['words']} ({one['owner']}, until {local(one['due'])})", style="red")
    skipped = [one["id"] for one in tasks if one["flagged"] and not one["late"]]
    if skipped:
        screen.line(f"  Not done, and its phase is over: {_some(skipped, 4)}")


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


def _few(text: str, most: int) -> str:
    words = text.split()
    return text if len(words) <= most else " ".join(words[:most]) + " …"


def _timed(text: str) -> str:
    """``text`` with its times as people read them: 2026-11-22 14:29 UTC."""
    return _STAMP.sub(lambda found: f"{times.parse(found[0]):%Y-%m-%d %H:%M} UTC", text)


def _worst(severity: dict[str, Any]) -> str:
    """The reason that weighs most, without what decided it."""
    reasons = [str(one) for one in severity.get("because") or []]
    if not reasons:
        return "no reason on record"
    worst = next((one for one in reasons if one.startswith(f"{severity['level']}:")), reasons[0])
    more = (
        f" (+{len(reasons) - 1} more reasons)" if len(reasons) > 2 else " (+1 more reason)" if len(reasons) == 2 else ""
    )
    return _few(worst.removeprefix(f"{severity['level']}:").partition(" (")[0].strip(), 12) + more


def _phases(phases: dict[str, str]) -> tuple[str, ...]:
    over = [name for name, state in phases.items() if state == "done"]
    under = [name for name, state in phases.items() if state not in ("done", "not started")]
    told = [f"{word}: {', '.join(names)}" for word, names in (("Done", over), ("under way", under)) if names]
    return ("; ".join(told),) if told else ()


def _muted(told: dict[str, Any]) -> list[str]:
    """What keeps it quiet, or kept it quiet, in a line."""
    muted = told.get("muted")
    if not muted or told.get("closed_at"):
        return []
    ends = f"   (halon mute {told.get('reference')} --off)" if muted["now"] and not muted["name"] else ""
    return [f"Pages: {_timed(muted['text'])}{ends}"]


def _linked(told: dict[str, Any]) -> list[str]:
    """Other incidents that this one has to do with, a line each; what may be the same deeds stands last."""
    found = [
        f"{one['kind'].capitalize()}: {_timed(one['text'])}"
        for one in told.get("linked") or []
        if one["kind"] != "related"
    ]
    return [*found, *(f"Compare: {_timed(one['text'])}" for one in told.get("others") or [] if one["related"])]
