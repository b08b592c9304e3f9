"""``evidence``: list what is sealed for an incident, check it, and read a piece of it, which goes on record first."""

from __future__ import annotations

import asyncio
import os
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from halon.cli import screen
from halon.cli.options import By, Id, Json
from halon.cli.problems import CommandFailed, SaidNo, Usage
from halon.incident.counting import counted

if TYPE_CHECKING:
    from halon.cli.finding import Found
    from halon.evidence.labels import Handling
    from halon.record.holdings import Holding, Stores
    from halon.settings import Settings

_PANEL = "Keep"
_HELP = "halon evidence ID ARTEFACT --out FILE --by NAME --reason WHY"
_LONGEST_REASON = 4000


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("evidence", rich_help_panel=_PANEL)(evidence)


def evidence(
    incident: Id,
    artefact: Annotated[
        str | None, typer.Argument(metavar="ARTEFACT", help="the id of the one to read, as the list shows it")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="where to put it: a file that is not there yet")
    ] = None,
    reason: Annotated[
        str | None, typer.Option("--reason", metavar="WHY", help="why you read it, for the record")
    ] = None,
    check: Annotated[bool, typer.Option("--verify", help="read every artefact and hold it against its hash")] = False,
    by: By = None,
    as_json: Json = False,
) -> None:
    """Read a piece of sealed evidence, by role and on record. Without an artefact: list what there is, or check it all."""
    if artefact is None:
        if out is not None or reason is not None:
            raise Usage("evidence: name the artefact that you want to read", _HELP)
        _list(incident, check=check, as_json=as_json)
        return
    if check:
        raise Usage("evidence: --verify looks at all of them; leave the artefact out", "halon evidence ID --verify")
    if out is None or not (reason or "").strip() or not (by or "").strip():
        raise Usage("evidence: say where to put it, who you are and why you read it", _HELP)
    if len(str(reason)) > _LONGEST_REASON:
        raise Usage(f"evidence: the reason has more than {_LONGEST_REASON} characters", _HELP)
    wanted = _Wanted(incident, artefact.strip(), out, str(by).strip(), str(reason).strip())
    told = asyncio.run(_read(wanted))
    if as_json:
        screen.value({"ok": True, **told})
    else:
        screen.line(f"{told['incident']}: {told['answer']}")
        screen.line(f"Written to {out}: {told['size']} bytes, SHA-256 {told['sha256']}, as it was sealed.")


@dataclass(frozen=True, slots=True)
class _Wanted:
    incident: str
    artefact: str
    out: Path
    by: str
    reason: str


def _list(incident: str, *, check: bool, as_json: bool) -> None:
    found, held, readings = asyncio.run(_held(incident, check))
    wrong = [one for one in held if one.problem]
    if as_json:
        screen.value({"ok": not wrong, "incident": found.reference, "evidence": [asdict(one) for one in held],
                      "checked": check, "read_after_closing": readings})  # fmt: skip
        if wrong and check:
            raise typer.Exit(1)
        return
    if not held:
        screen.line(f"Nothing is sealed for {found.reference}.")
        return
    screen.table(
        ("ARTEFACT", "WHAT", "BYTES", "SHA-256", "READ BY", "FORM", "KEPT UNTIL", "SEALED", "BY"),
        [
            (
                one.id,
                one.kind if one.kind != "other" else one.name,
                str(one.size) if one.collected_at else "not known",
                one.sha256[:16],
                one.access,
                one.redaction,
                "legal hold" if one.hold else one.retain_until[:10] or "not known",
                one.collected_at or "not known",
                one.collector or "not known",
            )
            for one in held
        ],
    )
    screen.lines([f"{one.id}: {one.problem}" for one in wrong])
    if readings:
        screen.line(f"Read {counted(readings, 'time')} since the incident was closed.")
    if wrong and check:
        raise CommandFailed(
            f"{counted(len(wrong), 'artefact')} of {len(held)} not as sealed",
            "keep the store as it is, find out who wrote",
        )
    if check:
        screen.line(f"All {counted(len(held), 'artefact')} as sealed.")
    else:
        screen.line(f"Next: {_HELP.replace('ID', found.reference, 1)}   (or check them all: --verify)")


async def _held(incident: str, check: bool) -> tuple[Found, tuple[Holding, ...], int]:
    from halon.cli import reaching
    from halon.evidence.access import readings
    from halon.record.holdings import holdings

    settings = reaching.settings()
    found, incident_id = await _found(settings, incident)
    stores = _stores(settings)
    held = await holdings(incident_id, stores, _handling(settings), check=check)
    return found, held, len(await readings(stores.evidence, incident_id))


async def _read(wanted: _Wanted) -> dict[str, Any]:
    """Put the reading on record, then hand out the artefact, if it is what was sealed. Raises SaidNo, CommandFailed."""
    from halon.cli import reaching
    from halon.evidence.errors import Tampered
    from halon.record.holdings import content, find

    _require_new(wanted.out)
    settings = reaching.settings()
    found, incident_id = await _found(settings, wanted.incident)
    stores = _stores(settings)
    held = await find(incident_id, stores, wanted.artefact, _handling(settings))
    if held is None:
        raise SaidNo("UnknownEvidence", f"no artefact {wanted.artefact[:60]!r} is sealed for {found.reference}",
                     f"halon evidence {found.reference}")  # fmt: skip
    answer = await _on_record(settings, found, incident_id, stores, held, wanted)
    try:
        read = await content(stores.evidence, held)
    except Tampered as error:
        raise SaidNo("EvidenceChanged", str(error), f"halon evidence {found.reference} --verify") from error
    _write(wanted.out, read)
    return {"incident": found.reference, "artefact": held.id, "path": held.path, "sha256": held.sha256,
            "size": len(read), "out": str(wanted.out), "answer": answer}  # fmt: skip


async def _on_record(
    settings: Settings, found: Found, incident_id: str, stores: Stores, held: Holding, wanted: _Wanted
) -> str:
    """Say it to the incident; to one that takes no word any more, write it beside the evidence."""
    from halon.cli import reaching, saying

    if found.row is not None and found.open:
        client = await reaching.client(settings)
        payload = {"artefact": held.id, "by": wanted.by, "reason": wanted.reason}
        try:
            return await saying.send(client, found.workflow_id, "evidence", payload)
        except SaidNo as error:
            if error.kind != "Closed":
                raise
    known = replace(found, incident_id=incident_id)
    return await _beside(settings, known, stores, held, wanted)


async def _beside(settings: Settings, found: Found, stores: Stores, held: Holding, wanted: _Wanted) -> str:
    """The reading of a closed incident: the kit of this machine says who may, and the log beside the evidence keeps it.

    Of a restricted one everything is privileged, also what was sealed before it was restricted, and for the people named.
    """
    from halon.cli import asking, finding
    from halon.cli.restricted import require_open
    from halon.evidence.access import Reading, append
    from halon.incident import times
    from halon.incident.restriction import restricted, sees
    from halon.kit import load
    from halon_activities.people import person as called

    kit = load(settings.kit)
    person = called(kit, wanted.by)
    if person is None:
        raise SaidNo("UnknownPerson", f"nobody called {wanted.by[:80]!r} is in the kit", "say a name of oncall.yaml")
    access = held.access
    state = await asking.mirrored(settings, found)
    if state is not None and restricted(state):
        access = "privileged"
        entries = await finding.record_store(settings).entries(found.incident_id)
        if not sees(state, person.name) or not any(one.kind == "closed" for one in entries):
            require_open(state)
    may, why = kit.evidence.may_read(access, person.roles)
    if not may:
        raise SaidNo("NotAuthorised", why)
    if held.problem:
        raise SaidNo(
            "EvidenceChanged", f"{held.id} is not what was sealed: {held.problem}", "halon evidence ID --verify"
        )
    reading = Reading(
        times.text(datetime.now(UTC)), person.name, tuple(person.roles), held.id, held.path, held.sha256, wanted.reason
    )
    path = await append(stores.evidence, found.incident_id, reading)
    return f"{person.name} (name unverified) reads evidence {held.id} ({held.kind}); kept as {path.rpartition('/')[2]}"


async def _found(settings: Settings, wanted: str) -> tuple[Found, str]:
    """The incident that is meant, and its id. One that only its record knows is found without Temporal."""
    from halon.cli import finding, reaching
    from halon.client import TemporalUnreachable
    from halon.incident import ids

    try:
        found = await finding.find(await reaching.client(settings), wanted, settings)
    except TemporalUnreachable as error:
        incident_id = await finding.recorded(settings, finding.reference_of(wanted))
        if not incident_id:
            raise CommandFailed(f"no record of {wanted[:80]!r} in {settings.evidence}, and {error}") from error
        screen.aside(f"as the record has it: no connection to Temporal at {error.target}")
        workflow_id = incident_id.rpartition(":")[0]
        return finding.Found(ids.reference(incident_id), workflow_id, False, None, incident_id), incident_id
    incident_id = found.incident_id or await finding.recorded(settings, found.workflow_id)
    if not incident_id:
        raise CommandFailed(
            f"{wanted} has no record in {settings.evidence} yet", "set HALON_EVIDENCE to the store that the worker uses"
        )
    return found, incident_id


def _stores(settings: Settings) -> Stores:
    from halon.evidence.store import EvidenceStore
    from halon.record.holdings import Stores
    from halon.record.store import RecordStore

    store = EvidenceStore.open(settings.evidence)
    return Stores(RecordStore(store), store)


def _handling(settings: Settings) -> Handling:
    """The kit's word on evidence; without a sound kit, what holds by itself: the list must not depend on it."""
    from halon.evidence.labels import Handling
    from halon.kit import KitError, load

    try:
        return load(settings.kit).evidence
    except KitError as error:
        screen.aside(f"the kit can't be read ({len(error.problems)} problems), so classes are those of the seals")
        return Handling()


def _require_new(out: Path) -> None:
    if out.exists() or out.is_symlink():
        raise Usage(f"evidence: {out} is there already, and evidence replaces nothing", "name a file that is not there")
    if not out.parent.is_dir():
        raise Usage(f"evidence: there is no folder {out.parent}", "name a file in a folder that is there")


def _write(out: Path, content: bytes) -> None:
    """Write a file of its own, readable by its owner alone. Raises CommandFailed."""
    try:
        handle = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
    except OSError as error:
        raise CommandFailed(
            f"{out} can't be written ({error.strerror}); that you read it is on record", "say another --out"
        ) from error
