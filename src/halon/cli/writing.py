"""Write a report about one incident: ``show ID --report NAME``, to the terminal or into a file."""

from __future__ import annotations

import hashlib
import os
import secrets
import sys
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from halon.cli import screen
from halon.cli.problems import CommandFailed, NoWorker, Usage

if TYPE_CHECKING:
    from temporalio.client import Client

    from halon.cli.finding import Found
    from halon.incident.chain import Entry
    from halon.reports import Format, Report
    from halon.settings import Settings

_SUFFIXES: dict[str, Format] = {".md": "md", ".markdown": "md", ".html": "html", ".htm": "html", ".pdf": "pdf"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which report, in which form, where to. ``to`` None: to the terminal."""

    report: Report
    form: Format
    to: Path | None
    force: bool


def wanted(report: str | None, form: str | None, to: Path | None, force: bool) -> Wanted | None:
    """What was typed, checked; None if no report is asked for. Raises Usage."""
    from halon.reports import FORMATS, REPORTS

    if report is None:
        if form or to or force:
            raise Usage("--format, --to and --force go with --report", f"halon show ID --report {REPORTS[0]}")
        return None
    if report not in REPORTS:
        raise Usage(f"there is no report {report[:40]!r}; there are {', '.join(REPORTS)}", f"--report {REPORTS[0]}")
    by_name = _SUFFIXES.get(to.suffix.lower()) if to else None
    chosen = form or by_name or "md"
    if chosen not in FORMATS:
        raise Usage(f"there is no format {chosen[:40]!r}; there are {', '.join(FORMATS)}", "--format html")
    if by_name and by_name != chosen:
        raise Usage(f"{to} is named as {by_name}, and --format says {chosen}", f"--to FILE.{chosen}")
    if chosen == "pdf" and to is None:
        raise Usage("a PDF needs a file", f"--to {report}.pdf")
    if force and to is None:
        raise Usage("--force goes with --to", "--to FILE --force")
    _require_room(to, force)
    return Wanted(report, chosen, to, force)


async def write(
    client: Client | None, found: Found, settings: Settings, why: str, what: Wanted, *, as_json: bool
) -> None:
    """Make the report and put it where it is wanted. Raises CommandFailed, NoPdf, TemplateFailed."""
    from halon.reports import make

    about = await _about(client, found, settings, why)
    content = make(what.report, about, what.form)
    sha256 = hashlib.sha256(content).hexdigest()
    if what.to is None:
        if as_json:
            screen.value({"path": None, "sha256": sha256, "text": content.decode()})
        else:
            # No value in it can steer a terminal: the templates print none with control characters.
            sys.stdout.write(content.decode())
            sys.stdout.flush()
        return
    put(what.to, content, what.force)
    if as_json:
        screen.value({"path": str(what.to), "sha256": sha256})
        return
    screen.line(f"Written to {what.to}, SHA-256 {sha256}")
    if about.get("stale"):
        screen.line(f"It shows the last known state: {about['stale']['why']}", style="yellow")


async def _about(client: Client | None, found: Found, settings: Settings, why: str) -> dict[str, Any]:
    """What the report says: the incident's own word, else its mirrored state; with the whole record where it is here."""
    from halon.cli import asking, finding
    from halon.incident import times
    from halon.record.errors import RecordError
    from halon.reports import with_record

    now = times.text(datetime.now(UTC))
    entries: list[Entry] = []
    unread = ""
    try:
        incident_id = found.incident_id or await finding.recorded(settings, found.workflow_id)
        entries = await finding.record_store(settings).entries(incident_id) if incident_id else []
    except (RecordError, OSError) as error:
        unread = f"the record can't be read here ({type(error).__name__})"
    told: dict[str, Any] | None = None
    if client is not None and found.row is not None:
        try:
            told = {**await asking.ask(client, found.workflow_id, "report"), "now": now}
        except NoWorker as error:
            why = error.what
    if told is None:
        told = await _mirrored(found, settings, why, now, entries)
    if "reference" not in told:
        raise CommandFailed("the incident has only just been opened and says nothing yet", "try again in a moment")
    if unread:
        screen.aside(f"note: {unread}; the log in the report is its tail")
    return with_record(told, entries)


async def _mirrored(found: Found, settings: Settings, why: str, now: str, entries: list[Entry]) -> dict[str, Any]:
    """The report of the last mirrored state; of an incident that is over, its last one is all there is to say."""
    from pydantic import ValidationError

    from halon.cli import asking, restricted
    from halon.incident.about import about
    from halon.incident.errors import HalonError

    try:
        state = await asking.mirrored(settings, found)
    except (HalonError, OSError, ValidationError) as error:
        raise CommandFailed(
            f"the last state of {found.reference or found.workflow_id} can't be read ({type(error).__name__})",
            asking.START_ONE,
        ) from error
    restricted.require_open(state)
    if state is None:
        raise CommandFailed(
            f"{why or 'Temporal no longer has this incident'}, and no state of it is mirrored in {settings.evidence}",
            asking.START_ONE,
        )
    closed = next((one.at for one in reversed(entries) if one.kind == "closed"), "")
    if closed and not state.closed_at:
        state = replace(state, closed_at=closed)  # mirrored just before the last step of closing
    if state.closed_at:
        return about(state, now)
    as_of = state.tail[-1].at if state.tail else state.opened_at
    return {**about(state, now), "stale": {"as_of": as_of, "why": why or "Temporal no longer has this incident"}}


def _require_room(to: Path | None, force: bool) -> None:
    if to is None:
        return
    if to.is_dir():
        raise Usage(f"{to} is a folder", f"--to {to / 'report.html'}")
    if not to.parent.is_dir():
        raise CommandFailed(f"there is no folder {to.parent}", f"mkdir -p {to.parent}")
    if (to.exists() or to.is_symlink()) and not force:
        raise CommandFailed(f"{to} is there already", "name another file, or add --force")


def put(to: Path, content: bytes, force: bool) -> None:
    """Write the file whole or not at all, readable by its owner only: a report names people and weaknesses."""
    _require_room(to, force)
    partial = to.with_name(f".{to.name}.partial-{secrets.token_hex(4)}")
    reserved = False
    try:
        if not force:
            os.close(os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            reserved = True
        handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        partial.replace(to)
    except OSError as error:
        if reserved:
            to.unlink(missing_ok=True)
        if isinstance(error, FileExistsError):
            raise CommandFailed(f"{to} is there already", "name another file, or add --force") from error
        raise CommandFailed(f"{to} can't be written ({error.strerror})", "name another file") from error
    finally:
        partial.unlink(missing_ok=True)
