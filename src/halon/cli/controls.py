"""``halon control FILE``: put the drop-in controls next to an agent that has none."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated

import typer

from halon.cli import screen
from halon.cli.options import Json
from halon.cli.problems import CommandFailed


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("control", rich_help_panel="Prepare")(control)


def control(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="where it goes, such as halon_control.py next to your agent")
    ],
    as_json: Json = False,
) -> None:
    """Write the controls for an agent without any: one Python file that needs nothing but Python 3.10 or newer."""
    from halon.control import onefile

    text, before = onefile.one_file(), _kept(file)
    did = "written" if before is None else "unchanged" if before == text else "replaced"
    edited = before is not None and did == "replaced" and onefile.is_edited(before)
    beside = file.with_name(f"{file.name}.{hashlib.sha256((before or '').encode()).hexdigest()[:8]}.edited")
    try:
        if edited:
            beside.write_text(before or "", "utf-8")
        file.write_text(text, "utf-8")
    except OSError as error:
        step = "name a file in a folder of yours: halon control halon_control.py"
        raise CommandFailed(f"{file} can't be written ({error.strerror or error})", step) from error
    if as_json:
        kept = str(beside) if edited else None
        screen.value({"ok": True, "file": str(file), "did": did, "edited": kept, "token_env": "HALON_CONTROL_TOKEN"})
        return
    screen.line(f"{file}: {did}.")
    if edited:
        screen.line(f"The earlier copy was changed by hand; it lies in {beside} now.")
    name = file.stem if file.stem.isidentifier() else "halon_control"
    screen.line(f"Next: from {name} import Control   (the first lines of the file show how)")
    screen.line("Then set HALON_CONTROL_TOKEN to a long random text, for your agent and for Halon's worker.")


def _kept(file: Path) -> str | None:
    """An earlier copy of ours that lies there, or None if nothing does. Raises CommandFailed for anything else."""
    from halon.control import onefile

    if not file.exists() and not file.is_symlink():
        return None
    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        text = ""
    if not text.startswith(onefile.MARK):
        raise CommandFailed(
            f"{file} is there already and is no copy of halon.control",
            "name another file: halon control halon_control.py",
        )
    return text
