"""The record that an auditor can check alone: ``export ID`` and ``verify PATH``."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from halon.cli import screen
from halon.cli.options import By, Code, Id, Json, Sign
from halon.cli.problems import CommandFailed, NoWorker, SaidNo, Usage
from halon.incident.counting import counted
from halon.incident.restricting import in_words
from halon.incident.restriction import restricted as is_restricted
from halon.incident.restriction import sees

if TYPE_CHECKING:
    from halon.cli.finding import Found
    from halon.incident.state import State
    from halon.settings import Settings

_PANEL = "Keep"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("export", rich_help_panel=_PANEL)(export)
    app.command("verify", rich_help_panel=_PANEL)(verify)


def export(
    incident: Id,
    to: Annotated[
        Path | None, typer.Option("--to", metavar="DIR", help="a new or empty folder; without it, ./REFERENCE-record")
    ] = None,
    by: By = None,
    code: Code = None,
    sign: Sign = None,
    as_json: Json = False,
) -> None:
    """Write the record bundle: the log, the sealed evidence, the reports, and the program that checks them.

    Of a restricted incident only for those named: while it is open this is a look, on record.
    """
    from halon.cli import reaching, restricted

    restricted.as_whom(by, code, sign, as_json=as_json, whole="")
    settings = reaching.settings()
    written, head = asyncio.run(_export(settings, incident, to))
    if as_json:
        screen.value({"ok": True, "path": str(written), "head": head})
        return
    screen.line(f"Written to {written}. Its head is {head}")
    screen.line(f"Next: halon verify {written}   (or, without Halon: python {written / 'verify.py'} {written})")


def verify(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="the folder that export wrote")],
    head: Annotated[
        str | None, typer.Option("--head", metavar="HASH", help="a head that a notice printed: the record must hold it")
    ] = None,
    as_json: Json = False,
) -> None:
    """Check a record bundle: the chain, every file, every piece of evidence. Needs nothing of ours running."""
    from halon.record.verify import NoBundle
    from halon.record.verify import verify as check

    try:
        verdict = check(path, head)
    except (NoBundle, ValueError) as error:
        raise Usage(str(error), "halon verify PATH --head HASH") from error
    problems = [{"where": one.where, "what": one.what} for one in verdict.problems]
    if as_json:
        screen.value({"ok": verdict.ok, "entries": verdict.entries, "head": verdict.head,
                      "problems": problems, "notes": list(verdict.notes)})  # fmt: skip
        if not verdict.ok:
            raise typer.Exit(1)
        return
    screen.lines([f"note: {note}" for note in verdict.notes])
    screen.lines([f"{one['where']}: {one['what']}" for one in problems])
    if not verdict.ok:
        raise CommandFailed(
            f"{path} does not hold: {counted(len(problems), 'problem')}", "ask whoever gave it to you for the original"
        )
    screen.line(f"{path} holds: {verdict.entries} entries, head {verdict.head}")


async def _export(settings: Settings, wanted: str, to: Path | None) -> tuple[Path, str]:
    from halon.cli import asking, finding, reaching
    from halon.client import TemporalUnreachable
    from halon.evidence.store import EvidenceStore
    from halon.incident import ids, times
    from halon.incident.status import status
    from halon.record.export import Stores
    from halon.record.export import export as write
    from halon.record.store import RecordStore

    store = EvidenceStore.open(settings.evidence)
    records = RecordStore(store)
    incident_id = await finding.recorded(settings, finding.reference_of(wanted)) if wanted != "." else ""
    if not incident_id:
        try:
            found = await finding.find(await reaching.client(settings), wanted, settings)
        except TemporalUnreachable as error:
            raise CommandFailed(f"no record of {wanted[:80]!r} in {settings.evidence}, and {error}") from error
        incident_id = found.incident_id or await finding.recorded(settings, found.workflow_id)
    if not incident_id:
        raise CommandFailed(
            f"{wanted} has no record in {settings.evidence} yet", "set HALON_EVIDENCE to the store that the worker uses"
        )
    reference = ids.reference(incident_id)
    gone = finding.Found(reference, incident_id.rpartition(":")[0], False, None, incident_id)
    state = await asking.mirrored(settings, gone)
    if state is not None and is_restricted(state):
        state = await _shown_to_whoever_asks(settings, gone, state)
    shown = json.dumps(status(state), indent=2, ensure_ascii=False).encode() if state else b""
    written = await write(
        incident_id,
        Stores(records, store),
        to if to is not None else Path(f"{reference}-record"),
        {"status.json": shown} if shown else {},
        exported_at=times.text(datetime.now(UTC)),
    )
    _, head = await records.head(incident_id)
    return written, head


async def _shown_to_whoever_asks(settings: Settings, found: Found, state: State) -> State:
    """``state`` if those who type this may have it: the incident itself says so, on record. Raises Restricted, SaidNo.

    Once it is over it takes no word: see ``_of_what_is_over``.
    """
    from halon.cli import asking, reaching, restricted
    from halon.client import TemporalUnreachable

    if await _of_what_is_over(settings, found, state):
        return state
    try:
        client = await reaching.client(settings)
        await asking.ask(client, found.workflow_id, "status")
    except (TemporalUnreachable, NoWorker):
        restricted.require_open(state)
    return state


async def _of_what_is_over(settings: Settings, found: Found, state: State) -> bool:
    """Whether it is over, and the typed name one of those named who also reads what is privileged: kept beside the evidence."""
    from halon.cli import finding, restricted
    from halon.evidence.access import Reading, append
    from halon.evidence.labels import Access
    from halon.evidence.store import EvidenceStore
    from halon.incident import times
    from halon.kit import load
    from halon_activities.people import person as called

    entries = await finding.record_store(settings).entries(found.incident_id)
    if not state.closed_at and not any(one.kind == "closed" for one in entries):
        return False
    privileged: Access = "privileged"
    kit = load(settings.kit)
    who = called(kit, restricted.who_looks())
    if who is None or not sees(state, who.name):
        raise restricted.Restricted(in_words(state), f"halon export {state.reference} --by NAME")
    may, why = kit.evidence.may_read(privileged, who.roles)
    if not may:
        raise SaidNo("NotAuthorised", why)
    reading = Reading(
        times.text(datetime.now(UTC)), who.name, tuple(who.roles), "record", "record", entries[-1].hash, "halon export"
    )
    await append(EvidenceStore.open(settings.evidence), found.incident_id, reading)
    return True
