"""The kit: ``init``, ``kit check``, ``kit schema``, ``kit catalogue``."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from halon.cli import screen
from halon.cli.cataloguing import catalogue
from halon.cli.initing import init
from halon.cli.options import Json
from halon.cli.preapproving import preapprove
from halon.cli.problems import CommandFailed
from halon.cli.saying import ELSEWHERE, made_from
from halon.incident.commands import COMMANDS

if TYPE_CHECKING:
    from halon.kit import Kit
    from halon.kit.tonight import Finding

_PANEL = "Prepare"
_ONE = {"agents": "agent", "people": "person", "sources": "source", "regimes": "regime"}


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("init", rich_help_panel=_PANEL)(init)
    kit = typer.Typer(no_args_is_help=True)
    kit.command("check")(check)
    kit.command("schema")(schema)
    kit.command("catalogue")(catalogue)
    kit.command("preapprove")(preapprove)
    kit.command("move", help=COMMANDS["kit"].help)(made_from(COMMANDS["kit"], ELSEWHERE["kit"]))
    about = "Check a kit; print its JSON Schema; list kinds of action; preapprove a notice; move an incident to the kit in use."
    app.add_typer(kit, name="kit", help=about, rich_help_panel=_PANEL)


def check(
    folder: Annotated[Path | None, typer.Argument(metavar="DIR", help="the kit; without it, the one in use")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="exit 1 also if something would fail tonight")] = False,
    probe: Annotated[
        bool, typer.Option("--probe", help="call each agent: does it answer, is its fallback served?")
    ] = False,
    as_json: Json = False,
) -> None:
    """Is the kit sound, and what would fail tonight? Every problem with file and line and its fix, the worst first.

    Exit 1 if it is not sound.
    """
    from halon.cli import reaching
    from halon.kit import KitError, examine

    path = folder if folder is not None else reaching.settings().kit
    try:
        kit, findings = examine(path, os.environ)
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
    from halon.cli.identity import unproved
    from halon.kit.tonight import ranked

    findings = ranked((*findings, *unproved(kit, reaching.settings())))
    if probe:
        from halon.cli.probing import probed

        findings = ranked((*findings, *asyncio.run(probed(kit))))
    failing = any(one.rank == "fails" for one in findings)
    if as_json:
        screen.value(_told(path, kit, findings))
        if strict and failing:
            raise typer.Exit(1)
        return
    screen.lines(list(_page(path, kit, findings)))
    if strict and failing:
        count = sum(one.rank == "fails" for one in findings)
        things = f"{count} {'thing' if count == 1 else 'things'}"
        raise CommandFailed(f"{things} would fail tonight", f"mend them, then halon kit check {path} --strict")


def _told(path: Path, kit: Kit, findings: tuple[Finding, ...]) -> dict[str, object]:
    from halon.kit.tonight import items

    return {
        "ok": True, "kit": str(path), "digest": kit.digest, "problems": [],
        "tonight": [{"rank": one.rank, "item": one.item, "what": one.what, "fix": one.fix} for one in findings],
        "items": {item: rank or "ok" for item, rank in items(findings).items()},
        "warnings": [str(one) for one in findings if one.rank != "advice"],
        **_holds(kit),
    }  # fmt: skip


def _holds(kit: Kit) -> dict[str, list[str]]:
    return {"agents": sorted(kit.policy.agents), "people": sorted(kit.people), "sources": sorted(kit.sources),
            "regimes": [regime.id for regime in kit.policy.regimes]}  # fmt: skip


def _page(path: Path, kit: Kit, findings: tuple[Finding, ...]) -> Iterator[str]:
    from halon.kit.tonight import RANKS, items

    yield f"{path} is sound: digest {kit.digest}"
    for name, found in _holds(kit).items():
        word = _ONE[name] if len(found) == 1 else name
        yield f"  {len(found)} {word}: {', '.join(found[:8])}{', …' if len(found) > 8 else ''}"
    if off := _packs_off(path, kit):
        yield f"  packs that are off: {', '.join(off)} (packs: in organisation.yaml switches them on)"
    yield "What an incident needs:"
    marks = {None: "ok", "advice": "ok, with advice", "weak": "weak", "fails": "would fail"}
    for item, rank in items(findings).items():
        yield f"  {item:<37} {marks[rank]}"
    heads = {"fails": "Would fail tonight:", "weak": "Works, and worse than it should:", "advice": "Advice:"}
    for rank in RANKS:
        told = [one for one in findings if one.rank == rank]
        if told:
            yield heads[rank]
        for one in told:
            yield f"  {one.what}"
            yield f"      {one.fix}"
    yield _verdict(findings)


def _packs_off(path: Path, kit: Kit) -> list[str]:
    """The packs that are there and not switched on."""
    on = json.loads(kit.canonical)["files"]["organisation.yaml"].get("packs", [])
    folder = path / "packs"
    return (
        sorted(one.name for one in folder.iterdir() if one.is_dir() and one.name not in on) if folder.is_dir() else []
    )


def _verdict(findings: tuple[Finding, ...]) -> str:
    """The end of the page: how much there is, and what is worth doing first."""
    failing = sum(one.rank == "fails" for one in findings)
    if failing:
        things = "1 thing would fail when it is" if failing == 1 else f"{failing} things would fail when they are"
        return f"Nothing is written wrongly, but {things} needed. Begin at the top."
    return "Nothing would fail tonight." + (" What is above can be mended by day." if findings else "")


def schema(as_json: Json = False) -> None:
    """Print the JSON Schema of a kit's files, for your editor. It is JSON with and without --json."""
    from halon.kit import schema as kit_schema

    screen.value(kit_schema())
