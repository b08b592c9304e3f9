"""The kit: ``init``, ``kit check``, ``kit schema``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from halon.cli import screen
from halon.cli.options import Json
from halon.cli.problems import CommandFailed

_PANEL = "Prepare"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("init", rich_help_panel=_PANEL)(init)
    kit = typer.Typer(no_args_is_help=True)
    kit.command("check")(check)
    kit.command("schema")(schema)
    app.add_typer(kit, name="kit", help="Check a kit; print its JSON Schema.", rich_help_panel=_PANEL)


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="a folder that does not exist yet, or is empty")],
    as_json: Json = False,
) -> None:
    """Copy the starter kit to DIR, to be made your own."""
    import shutil

    from halon.kit import starter_path

    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise CommandFailed(f"{folder} is there already and not empty", "name another folder: halon init DIR")
    try:
        shutil.copytree(
            starter_path(), folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__", "*.py")
        )
    except OSError as error:
        raise CommandFailed(
            f"{folder} can't be written ({error.strerror or error})", "name a folder of yours"
        ) from error
    made = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    if as_json:
        screen.value({"folder": str(folder), "files": made})
        return
    screen.line(f"The starter kit is in {folder}: {len(made)} files.")
    screen.line(f"Next: edit {folder / 'agents.yaml'}, then halon kit check {folder}, then HALON_KIT={folder} halon up")


def check(
    folder: Annotated[Path | None, typer.Argument(metavar="DIR", help="the kit; without it, the one in use")] = None,
    as_json: Json = False,
) -> None:
    """Is the kit sound? Every problem with file and line, and what would fail tonight. Exit 1 if it is not sound."""
    from halon.cli import reaching
    from halon.kit import KitError, load

    path = folder if folder is not None else reaching.settings().kit
    try:
        kit = load(path, os.environ)
    except KitError as error:
        if not as_json:
            screen.lines([str(problem) for problem in error.problems])
            count = len(error.problems)
            step = f"correct {'it' if count == 1 else 'them'}, then halon kit check {path}"
            raise CommandFailed(f"{path} has {count} {'problem' if count == 1 else 'problems'}", step) from None
        screen.value({"ok": False, "kit": str(path), "problems": [
            {"file": one.file, "line": one.line, "what": one.what, "known": list(one.known), "next_step": one.next_step}
            for one in error.problems
        ]})  # fmt: skip
        raise typer.Exit(1) from None
    told = {"agents": sorted(kit.policy.agents), "people": sorted(kit.people), "sources": sorted(kit.sources),
            "regimes": [regime.id for regime in kit.policy.regimes]}  # fmt: skip
    if as_json:
        screen.value(
            {"ok": True, "kit": str(path), "digest": kit.digest, "problems": [], "warnings": list(kit.warnings), **told}
        )
        return
    screen.line(f"{path} is sound: digest {kit.digest}")
    for name, found in told.items():
        screen.line(f"  {len(found)} {name}: {', '.join(found[:8])}{', …' if len(found) > 8 else ''}")
    if kit.warnings:
        screen.line("Would fail tonight:")
        screen.lines([f"  {warning}" for warning in kit.warnings])


def schema(as_json: Json = False) -> None:
    """Print the JSON Schema of a kit's files, for your editor. It is JSON with and without --json."""
    from halon.kit import schema as kit_schema

    screen.value(kit_schema())
