"""``affected``: seal the list of affected people, review it, hand it off to a mail tool; each step goes on record first."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from halon.cli import proving, restricted, screen
from halon.cli.options import By, Id, Json
from halon.cli.problems import CommandFailed, SaidNo, Usage

if TYPE_CHECKING:
    from temporalio.client import Client

    from halon.cli.finding import Found
    from halon.judgement.communication.people import People
    from halon.settings import Settings

_HELP = "halon affected ID --csv FILE --by NAME --reason WHY"
_Csv = Annotated[
    Path | None, typer.Option("--csv", metavar="FILE", help="the list: columns person, and place and name if known")
]
_From = Annotated[
    str | None,
    typer.Option("--from", metavar="ARTEFACT", help="the sealed action log or traces to take the people from"),
]
_Export = Annotated[
    Path | None, typer.Option("--export", metavar="FILE", help="write the list for your mail tool: a new file")
]
_Place = Annotated[
    list[str] | None,
    typer.Option(
        "--place", metavar="PLACE", help="with --export: only who lives there, such as DE, US-CA or US-*; repeatable"
    ),
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("affected", rich_help_panel="Say")(affected)


@dataclass(frozen=True, slots=True)
class _Asked:
    by: str
    reason: str
    code: str
    sign: Path | None


def affected(
    incident: Id,
    csv: _Csv = None,
    artefact: _From = None,
    reviewed: Annotated[bool, typer.Option("--reviewed", help="you have looked through the list that counts")] = False,
    export: _Export = None,
    place: _Place = None,
    reason: Annotated[str | None, typer.Option("--reason", help="why, in words; it goes on record")] = None,
    by: By = None,
    code: Annotated[str | None, typer.Option("--code", help="the six digits of your authenticator")] = None,
    sign: Annotated[
        Path | None, typer.Option("--sign", metavar="KEYFILE", help="your SSH key, to sign what you say")
    ] = None,
    as_json: Json = False,
) -> None:
    """Name the affected people (a CSV file, or from sealed evidence), review the list, or hand it off to your mail tool."""
    if sum(1 for one in (csv, artefact, reviewed or None, export) if one) != 1:
        raise Usage("affected: say one of --csv FILE, --from ARTEFACT, --reviewed, --export FILE", _HELP)
    places = tuple(one.strip().upper() for one in place or ())
    if places and export is None:
        raise Usage("affected: --place goes with --export", _HELP)
    _check_places(places)
    if not (by or "").strip() or not (reason or "").strip():
        raise Usage("affected: say who you are and why", _HELP)
    restricted.as_whom(by, code, sign, as_json=as_json, whole="")
    asked = _Asked(str(by).strip(), str(reason).strip(), code or "", sign)
    if export is not None and (export.exists() or not export.parent.is_dir()):
        raise Usage(f"affected: {export} is there already, or its folder is not", "name a file that is not there yet")
    if csv is not None:
        told = asyncio.run(_from_file(incident, csv, asked))
    elif artefact is not None:
        told = asyncio.run(_from_evidence(incident, artefact, asked))
    elif export is not None:
        told = asyncio.run(_exported(incident, export, places, asked))
    else:
        told = asyncio.run(_reviewed(incident, asked))
    if as_json:
        screen.value({"ok": True, **told})
    else:
        screen.line(f"{told['incident']}: {told['answer']}")
        screen.lines(told.get("notes", []))


def _check_places(places: tuple[str, ...]) -> None:
    if not places:
        return
    from halon.judgement.iso_places import no_place

    for one in places:
        if wrong := no_place(one.removesuffix("-*")):
            raise Usage(f"affected: {wrong}", _HELP)


async def _from_file(incident: str, file: Path, asked: _Asked) -> dict[str, Any]:
    from halon.incident.errors import Malformed
    from halon.judgement.communication.people import LARGEST, read
    from halon.judgement.iso_places import no_place

    try:
        with file.open("rb") as opened:
            content = opened.read(LARGEST + 1)
        people = read(content)
    except OSError as error:
        raise CommandFailed(f"{file} can't be read ({error.strerror})", _HELP) from error
    except Malformed as error:
        raise CommandFailed(f"{file}: {error}", "correct the file") from error
    for one in people.all:
        if one.place and (wrong := no_place(one.place)):
            raise CommandFailed(f"{file}: {wrong}", "correct the file: who lives nowhere is told by no law of a place")
    return await _named(*await _open(incident), people, asked)


async def _from_evidence(incident: str, artefact: str, asked: _Asked) -> dict[str, Any]:
    """The people whom a sealed action log or trace export names; reading it goes on record first."""
    from halon.judgement.communication.people import Affected, once
    from halon_activities.corroboration import people_in

    client, found, settings = await _open(incident)
    content = await _read(client, found, settings, artefact, asked)
    names = people_in(content)
    if not names:
        raise CommandFailed(f"{artefact} names nobody: no call that was not allowed says whom it concerned",
                            "name them in a file: --csv FILE")  # fmt: skip
    return await _named(client, found, settings, once(Affected(name) for name in names), asked)


async def _named(client: Client, found: Found, settings: Settings, people: People, asked: _Asked) -> dict[str, Any]:
    from halon.evidence.seal import seal
    from halon.evidence.store import EvidenceStore
    from halon.incident import times
    from halon.judgement.communication.people import written
    from halon.kit import load

    label = load(settings.kit).evidence.label("other")
    store = EvidenceStore.open(settings.evidence)
    incident_id = await _id(client, found)
    sealed = await seal(store, incident_id, "affected-people.csv", written(people), "text/csv", asked.by,
                        times.text(datetime.now(UTC)), label=label)  # fmt: skip
    payload: dict[str, Any] = {"by": asked.by, "reason": asked.reason, "evidence": sealed.sha256, "count": people.count}
    if people.places:
        payload["places"] = people.places
    answer = await _say(client, found, payload, asked)
    notes = [f"Sealed as {sealed.id}, SHA-256 {sealed.sha256}."]
    notes += [f"Doubles left out: {people.doubles}."] if people.doubles else []
    notes += (
        [f"By place: {', '.join(f'{place} {count}' for place, count in people.places.items())}."]
        if people.places
        else []
    )
    notes.append(f"Next: look through it, then halon affected {found.reference} --reviewed --by NAME --reason WHY")
    return {"incident": found.reference, "answer": answer, "sha256": sealed.sha256, "artefact": sealed.id,
            "count": people.count, "doubles": people.doubles, "places": people.places, "notes": notes}  # fmt: skip


async def _reviewed(incident: str, asked: _Asked) -> dict[str, Any]:
    client, found, _ = await _open(incident)
    payload = {"by": asked.by, "reason": asked.reason, "reviewed": True}
    return {"incident": found.reference, "answer": await _say(client, found, payload, asked)}


async def _exported(incident: str, out: Path, places: tuple[str, ...], asked: _Asked) -> dict[str, Any]:
    from halon.cli.asking import ask
    from halon.judgement.communication.people import handed_off, living_in, read

    client, found, settings = await _open(incident)
    listed = (await ask(client, found.workflow_id, "report")).get("affected")
    if not listed:
        raise SaidNo("NothingToReview", f"{found.reference} names no list of affected people yet", _HELP)
    content = await _read(client, found, settings, listed["sha256"], asked)
    people = living_in(read(content), places)
    if not people.count:
        raise SaidNo("NothingNew", f"nobody on the list lives in {', '.join(places)}; nothing was written", _HELP)
    _write(out, handed_off(people))
    review = "" if listed["reviewed_by"] else " Nobody has reviewed it yet."
    where = f" of {', '.join(places)}, or of nobody knows where," if places else ""
    return {"incident": found.reference, "answer": f"{people.count} people{where} written to {out}.{review}", "count": people.count,
            "out": str(out), "sha256": listed["sha256"]}  # fmt: skip


async def _open(incident: str) -> tuple[Client, Found, Settings]:
    """The incident that is meant, which must be open: what is said to it goes on its record."""
    from halon.cli import finding, reaching

    settings = reaching.settings()
    client = await reaching.client(settings)
    found = await finding.find(client, incident, settings)
    if found.row is None or not found.open:
        raise SaidNo("Closed", f"{found.reference} is closed; nothing can be said to it any more")
    return client, found, settings


async def _id(client: Client, found: Found) -> str:
    from halon.cli.asking import ask

    return str((await ask(client, found.workflow_id, "report"))["incident_id"])


async def _say(client: Client, found: Found, payload: dict[str, Any], asked: _Asked) -> str:
    return await proving.said(
        client, found.workflow_id, "affected", payload, proving.Proofs(asked.code, asked.sign, False), person=False
    )


async def _read(client: Client, found: Found, settings: Settings, wanted: str, asked: _Asked) -> bytes:
    """A sealed artefact by its id, path or SHA-256; that it is read goes on record first. Raises SaidNo, CommandFailed."""
    from halon.cli import saying
    from halon.evidence.errors import Tampered
    from halon.evidence.store import EvidenceStore
    from halon.kit import load
    from halon.record.holdings import Stores, content, holdings
    from halon.record.store import RecordStore

    store = EvidenceStore.open(settings.evidence)
    held = await holdings(await _id(client, found), Stores(RecordStore(store), store), load(settings.kit).evidence)
    one = next((each for each in held if wanted in (each.id, each.path, each.sha256)), None)
    if one is None:
        raise SaidNo("UnknownEvidence", f"no artefact {wanted[:60]!r} is sealed for {found.reference}",
                     f"halon evidence {found.reference}")  # fmt: skip
    await saying.send(
        client, found.workflow_id, "evidence", {"by": asked.by, "artefact": one.id, "reason": asked.reason}
    )
    try:
        return await content(store, one)
    except Tampered as error:
        raise SaidNo("EvidenceChanged", str(error), f"halon evidence {found.reference} --verify") from error


def _write(out: Path, content: bytes) -> None:
    """A new file, for its owner alone. Raises CommandFailed."""
    try:
        with open(out, "xb", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
            file.write(content)
    except OSError as error:
        raise CommandFailed(
            f"{out} can't be written ({error.strerror}); that you read it is on record", "name another file"
        ) from error
