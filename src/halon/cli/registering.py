"""The register of breaches across incidents: ``register``, to read, as CSV, as HTML."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from halon.cli import restricted, screen
from halon.cli.options import By, Code, Json, Sign
from halon.cli.problems import CommandFailed

if TYPE_CHECKING:
    from halon.cli.finding import Found
    from halon.incident.state import State
    from halon.record.store import RecordStore
    from halon.settings import Settings


@dataclass(frozen=True, slots=True)
class Read:
    """The rows of all incidents, the newest incident first; what can't be read, with why; how many drills are left out; and
    which are left out because they are restricted, with why."""

    rows: tuple[dict[str, str], ...]
    unread: tuple[str, ...]
    drills: int
    restricted: tuple[str, ...] = ()


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("register", rich_help_panel="Keep")(breaches)


def breaches(
    to_csv: Annotated[Path | None, typer.Option("--csv", metavar="FILE", help="write it as CSV")] = None,
    to_html: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="write it as HTML")] = None,
    drills: Annotated[bool, typer.Option("--drills", help="drills too")] = False,
    force: Annotated[bool, typer.Option("--force", help="replace FILE if it is there already")] = False,
    by: By = None,
    code: Code = None,
    sign: Sign = None,
    as_json: Json = False,
) -> None:
    """Every breach on record, open and closed, also those that nobody had to be told of, with who decided so and why."""
    from halon.breaches import as_csv, as_html
    from halon.cli import reaching
    from halon.cli.writing import put
    from halon.incident import times

    now = times.text(datetime.now(UTC))
    restricted.as_whom(by, code, sign, as_json=as_json, whole="")
    found = asyncio.run(_read(reaching.settings(), now, by or "", drills=drills))
    written = []
    for path, text in ((to_csv, as_csv), (to_html, lambda rows: as_html(rows, now))):
        if path is not None:
            put(path, text(found.rows).encode("utf-8", "replace"), force)
            written.append(str(path))
    if as_json:
        screen.value({"rows": list(found.rows), "unread": list(found.unread), "drills_left_out": found.drills,
                      "restricted_left_out": list(found.restricted),
                      "written": written, "note": "Not legal advice; a named person decides."})  # fmt: skip
    else:
        _told(found, written)
    if found.unread:
        raise CommandFailed(
            f"the register is not whole: {len(found.unread)} incident(s) can't be read",
            "look at the store (halon doctor), then make it again",
        )


def _told(found: Read, written: list[str]) -> None:
    screen.lines([f"Written to {path}: {len(found.rows)} rows" for path in written])
    if not written:
        rows = [
            (one["incident"], one["entity"], one["obligation"] or "none", one["decision"], one["decided_by"],
             one["reason"] or one["because"], one["filings"] or ("MISSED" if one["missed"] else ""))
            for one in found.rows
        ]  # fmt: skip
        if rows:
            screen.table(("INCIDENT", "ENTITY", "DUTY", "DECISION", "BY", "REASON", "FILED"), rows)
        else:
            screen.line("No breach is on record.")
    if found.drills:
        screen.line(f"{found.drills} drill(s) left out; --drills shows them.")
    if found.restricted:
        screen.line(f"Left out, for only named people see them: {'; '.join(found.restricted)}.")
        screen.line("If you are one of them: halon register --by NAME. Each look stands on record.")
    screen.lines([f"can't be read: {one}" for one in found.unread])
    screen.line("Not legal advice; a named person decides.")


async def _read(settings: Settings, now: str, by: str, *, drills: bool) -> Read:
    from pydantic import ValidationError

    from halon.breaches import rows
    from halon.cli import asking, finding
    from halon.incident import ids
    from halon.incident.errors import HalonError
    from halon.incident.restriction import restricted as closed_off

    records = finding.record_store(settings)
    found: list[tuple[str, list[dict[str, str]]]] = []
    unread: list[str] = []
    kept: list[str] = []
    left_out = 0
    for incident_id in await records.incidents():
        reference = ids.reference(incident_id)
        gone = finding.Found(reference, incident_id.rpartition(":")[0], False, None, incident_id)
        try:
            state = await asking.mirrored(settings, gone)
            closed_at = await _closed(records, incident_id, state) if state is not None else ""
        except (HalonError, OSError, ValidationError) as error:
            unread.append(f"{reference}: {type(error).__name__}")
            continue
        if state is None:
            unread.append(f"{reference}: no state of it is mirrored")
            continue
        if state.drill and not drills:
            left_out += 1
            continue
        if closed_off(state):
            state, why = await _seen(settings, gone, state, closed_at, by)
            if state is None:
                kept.append(f"{reference} ({why})" if by else reference)
                continue
        found.append((state.opened_at, rows(state, now, closed_at)))
    ordered = sorted(found, key=lambda one: one[0], reverse=True)
    return Read(tuple(row for _, some in ordered for row in some), tuple(unread), left_out, tuple(sorted(kept)))


async def _seen(settings: Settings, found: Found, state: State, closed_at: str, by: str) -> tuple[State | None, str]:
    """A restricted incident as ``by`` sees it, with the look on record; nothing, and why, where that is not possible."""
    from pydantic import TypeAdapter

    from halon.cli import asking, reaching
    from halon.client import TemporalUnreachable
    from halon.evidence.access import Reading, append
    from halon.evidence.store import EvidenceStore
    from halon.incident import times
    from halon.incident.restriction import sees
    from halon.incident.state import State
    from halon.kit import load
    from halon_activities.people import person as called

    person = called(load(settings.kit), by) if by else None
    if person is None or not sees(state, person.name):
        return None, f"{by} is not named"
    if state.closed_at or closed_at:
        at = times.text(datetime.now(UTC))
        reading = Reading(at, person.name, tuple(person.roles), "state", "", "", "for the register of breaches")
        await append(EvidenceStore.open(settings.evidence), found.incident_id, reading)
        return state, ""
    try:
        told = await asking.whole(await reaching.client(settings), found.workflow_id)
    except TemporalUnreachable as error:
        return None, str(error)
    except CommandFailed as error:
        return None, error.what
    return TypeAdapter(State).validate_python(told), ""


async def _closed(records: RecordStore, incident_id: str, state: State) -> str:
    """When an incident closed whose state was mirrored before its last step; empty if it did not, or the state says so."""
    if state.closed_at or not state.close_requested_by:
        return ""
    return next((one.at for one in reversed(await records.entries(incident_id)) if one.kind == "closed"), "")
