"""Sources: what is there, a shipped file to begin with, and what a payload would become."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from halon.cli import screen
from halon.cli.options import Json
from halon.cli.problems import CommandFailed
from halon.cli.trying import Tried, headers, tried, trust_in_words

if TYPE_CHECKING:
    from halon.kit import Kit, Source

_PANEL = "Prepare"
_MOST = 20
"""Alerts that are shown one by one."""
Folder = Annotated[Path | None, typer.Option("--kit", metavar="DIR", help="the kit; without it, the one in use")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    source = typer.Typer(no_args_is_help=True)
    source.command("list")(listing)
    source.command("show")(show)
    source.command("test")(try_out)
    about = "Who may send alerts; files for senders that Halon does not know; what a payload becomes."
    app.add_typer(source, name="source", help=about, rich_help_panel=_PANEL)


def listing(folder: Folder = None, as_json: Json = False) -> None:
    """Every source of the kit, the shipped files for others, and the kinds that need no file."""
    from halon.intake.sources.readers import READERS
    from halon.kit.shipped import shipped

    kit, known = _kit(folder), shipped()
    others = {name: one for name, one in known.items() if name not in kit.sources}
    if as_json:
        screen.value({
            "sources": [
                {"name": one.name, "kind": one.kind, "trust": {"actions": one.trust.actions, "up_to": one.trust.up_to},
                 "auth": one.auth.scheme, "token_env": one.token_env, "token_set": bool(os.environ.get(one.token_env))}
                for one in kit.sources.values()
            ],
            "shipped": [{"name": name, "about": one.about, "template": bool(one.template)} for name, one in known.items()],
            "kinds": [{"kind": kind, "reads": reader.sample} for kind, reader in READERS.items()],
        })  # fmt: skip
        return
    screen.line("Sources of the kit:")
    screen.table(("NAME", "KIND", "SHOWS", "ITS ALERTS"),
                 [(one.name, one.kind, one.auth.scheme, trust_in_words(one)) for one in kit.sources.values()])  # fmt: skip
    if others:
        screen.line("Shipped files for senders that are not in it (halon source show NAME):")
        screen.table(("NAME", "FOR"), [(name, one.about) for name, one in others.items()])
    screen.line("Kinds that Halon reads without a file (kind: in sources.yaml):")
    screen.table(("KIND", "READS"), [(kind, reader.sample) for kind, reader in READERS.items() if kind != "mapped"])


def show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="a shipped file; halon source list names them")],
    sample: Annotated[bool, typer.Option("--sample", help="the payload it was written for")] = False,
    template: Annotated[bool, typer.Option("--template", help="the body to paste at the sender")] = False,
    as_json: Json = False,
) -> None:
    """Print a shipped file, to go into the kit: halon source show langfuse > my-kit/sources/langfuse.yaml."""
    from halon.kit.shipped import shipped

    known = shipped()
    if name not in known:
        raise CommandFailed(f"no file {name[:60]!r} is shipped; there are {', '.join(known)}", "halon source list")
    found = known[name]
    if template and not found.template:
        raise CommandFailed(f"{name} sends a body of its own, so there is none to paste", f"halon source show {name}")
    if as_json:
        screen.value(
            {"name": name, "file": found.file, "text": found.text, "sample": found.sample, "template": found.template}
        )
        return
    # As it is, byte for byte: it goes into a file.
    sys.stdout.write(found.template if template else found.sample if sample else found.text)
    sys.stdout.flush()


def try_out(
    name: Annotated[str, typer.Argument(metavar="NAME", help="a source of the kit, a shipped file, or a kind")],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="a payload, as JSON; - for stdin")],
    folder: Folder = None,
    header: Annotated[
        list[str] | None, typer.Option("--header", metavar="'NAME: VALUE'", help="a header of the delivery; repeatable")
    ] = None,
    as_json: Json = False,
) -> None:
    """What a payload of this source becomes: each alert, its incident, what is masked. Nothing is sent or opened."""
    from halon.cli import reaching

    given = headers(header or [])
    limits = reaching.settings().limits
    content = _content(file, limits.body)
    kit, source, where = _found(name, folder)
    made = tried(kit, source, where, content, given, limits)
    if as_json:
        screen.value(made.as_json())
        return
    _page(made)


def _kit(folder: Path | None, also: dict[str, str] | None = None) -> Kit:
    from halon.cli import reaching
    from halon.kit import load

    return load(folder if folder is not None else reaching.settings().kit, os.environ, also)


def _found(name: str, folder: Path | None) -> tuple[Kit, Source, str]:
    """The kit, the source, and where it comes from: the kit first, then the shipped files, then the kinds."""
    from halon.intake.sources.readers import READERS
    from halon.kit import Source
    from halon.kit.shipped import shipped

    kit = _kit(folder)
    if name in kit.sources:
        source = kit.sources[name]
        return kit, source, source.mapping.file if source.mapping else "sources.yaml of the kit"
    known = shipped()
    if name in known:
        kit = _kit(folder, {known[name].file: known[name].text})
        return kit, kit.sources[name], f"{known[name].file} as it is shipped (not in the kit yet)"
    if name in READERS and name != "mapped":
        plain = Source(name, name, "")
        return kit, replace(plain, groups=dict(kit.groups)), f"the kind {name} (no source of the kit has this name)"
    names = ", ".join(dict.fromkeys((*kit.sources, *known, *(kind for kind in READERS if kind != "mapped"))))
    raise CommandFailed(f"there is no source {name[:60]!r}; known: {names}", "halon source list")


def _content(file: Path, most: int) -> bytes:
    """What ``file`` holds, up to one byte more than the front door takes."""
    try:
        with sys.stdin.buffer if str(file) == "-" else file.open("rb") as opened:
            return opened.read(most + 1)
    except OSError as error:
        raise CommandFailed(
            f"{file} can't be read ({error.strerror or error})", "name a file that holds a payload"
        ) from None


def _page(made: Tried) -> None:
    count = len(made.alerts)
    screen.line(
        f"{made.source}, read by {made.where}: {count or 'no'} {'alert' if count == 1 else 'alerts'}.", style="bold"
    )
    screen.lines([f"Ignored: {why}" for why in made.ignored])
    if made.ack is not None:
        screen.line(f"It answers one of Halon's own pages: {made.ack['called']} acknowledges {made.ack['key']}.")
    for number, alert in enumerate(made.alerts[:_MOST], 1):
        _alert(number, alert)
    if count > _MOST:
        screen.line(f"… and {count - _MOST} more; --json shows all.")
    if made.alerts:
        screen.line(f"What follows: {made.source} {made.trust}.")
    _rest(made)
    screen.line("Nothing was sent, and no incident was opened.")


def _alert(number: int, alert: dict[str, Any]) -> None:
    screen.line(f"{number}. {alert['status']}: {alert['rule']}", style="bold")
    began = f"{alert['started_at']}" + (" (when it came)" if alert["started_from"] == "arrival" else "")
    rows = [
        ("agent", alert["agent"] + (f", known to the kit, mode {alert['agent_mode']}" if alert["agent_known"] else ", NOT in the kit")),
        ("group", f"{alert['group']}, from {alert['group_from']}"),
        ("severity", f"{alert['severity_hint'] or 'no word for it'}: rank {alert['rank']} of 5 while it waits (1 goes first)"),
        ("began", began + (f", ended {alert['ended_at']}" if alert["ended_at"] else "")),
        ("fingerprint", alert["fingerprint"]),
        ("summary", alert["summary"] or "(none)"),
        *((f"label {name}", value) for name, value in alert["labels"].items()),
        *((word, alert[word]) for word in ("trace_id", "reporter") if alert[word]),
        ("masked", _counts(alert["masked"]) or "nothing"),
        *((("muted", f"by {mute['name']} until {mute['until']}: {mute['reason']}"),) if (mute := alert["muted"]) else ()),
        ("incident", f"{alert['workflow_id']} (opened, or joined if it is open)"),
    ]  # fmt: skip
    width = max(len(name) for name, _ in rows)
    screen.lines([f"   {name.ljust(width)}  {value}" for name, value in rows])
    screen.lines([f"   Note: {note}." for note in alert["notes"]])


def _rest(made: Tried) -> None:
    if made.redacted:
        screen.line(f"In the whole payload redaction finds {_counts(made.redacted)}. Unmasked, it is only kept sealed.")
    if made.unread:
        more = f" and {made.unread_more} more" if made.unread_more else ""
        screen.line(f"Read into no field, and kept in the sealed payload alone: {', '.join(made.unread)}{more}.")


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{number} {kind}" for kind, number in sorted(counts.items()))
