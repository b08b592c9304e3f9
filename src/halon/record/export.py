"""Write an incident's record as a folder that an auditor checks without us: record, evidence, reports, verifier.

The bundle says what was sealed, whatever is there now: evidence that was altered since or is gone is written as it is
found and listed as it was sealed, so that the verifier reports it. An export never repairs and never hides.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

from halon.evidence.errors import ObjectMissing, Tampered, UnsafePath
from halon.evidence.parts import is_part, read_part
from halon.evidence.seal import FOLDER as EVIDENCE
from halon.evidence.seal import SIDECAR, Sealed, read_sidecar
from halon.evidence.slug import slug
from halon.evidence.store import EvidenceStore
from halon.incident.canonical import canonical
from halon.record.errors import ExportRefused
from halon.record.store import RecordStore
from halon.record.verify import FORMAT, MANIFEST, RECORD, references

_VERIFIER = "verify.py"
_EXTRA = re.compile(r"(?!\.)[A-Za-z0-9._-]{1,120}(/(?!\.)[A-Za-z0-9._-]{1,120}){0,3}")


@dataclass(frozen=True, slots=True)
class Stores:
    """Where the record and the evidence lie."""

    record: RecordStore
    evidence: EvidenceStore


@dataclass(slots=True)
class _Bundle:
    """The folder while it is being written, and what its manifest lists."""

    root: Path
    files: list[dict[str, Any]] = field(default_factory=list)
    evidence: list[dict[str, Any]] = field(default_factory=list)

    def write(self, name: str, content: bytes) -> None:
        target = self.root / name
        for folder in reversed(Path(name).parents):
            (self.root / folder).mkdir(mode=0o700, exist_ok=True)
        target.touch(mode=0o600, exist_ok=False)
        target.write_bytes(content)

    def add(self, name: str, content: bytes) -> None:
        self.write(name, content)
        self.files.append({"path": name, "sha256": hashlib.sha256(content).hexdigest(), "size": len(content)})


async def export(
    incident_id: str, stores: Stores, destination: Path, extra: Mapping[str, bytes], *, exported_at: str
) -> Path:
    """Write the bundle of an incident to ``destination`` and return it; ``extra`` are reports by file name.

    The folder appears whole or not at all, readable by its owner only. ``exported_at`` is ISO 8601 UTC.
    Raises ExportRefused if there is no record, ``destination`` holds something already, or a name of ``extra`` is not
    plain; RecordCorrupt if the record itself can't be read; OSError of the disk.
    """
    _require_room(destination)
    _require_names(extra)
    entries = await stores.record.entries(incident_id)
    if not entries:
        raise ExportRefused(f"there is no record of {incident_id}; check the id and the store")
    destination.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    partial = destination.with_name(f".{destination.name}.partial-{secrets.token_hex(4)}")
    partial.mkdir(mode=0o700)
    bundle = _Bundle(partial)
    try:
        bundle.add(RECORD, b"".join(canonical(entry.as_json()) + b"\n" for entry in entries))
        for path, sealed in (await _sealed(incident_id, stores, [entry.data for entry in entries])).items():
            await _copy(bundle, stores.evidence, path, sealed)
        for name, content in sorted(extra.items()):
            bundle.add(name, content)
        bundle.add(_VERIFIER, resources.files("halon.record").joinpath(_VERIFIER).read_bytes())
        manifest = {
            "format": FORMAT,
            "incident_id": incident_id,
            "entries": len(entries),
            "head": entries[-1].hash,
            "exported_at": exported_at,
            "evidence": bundle.evidence,
            "files": bundle.files,
        }
        bundle.write(MANIFEST, canonical(manifest) + b"\n")
        await asyncio.to_thread(_put_in_place, partial, destination)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return destination


async def _sealed(incident_id: str, stores: Stores, data: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """What was sealed for this incident, by path: what the record names, and what lies in the incident's folder."""
    sealed: dict[str, dict[str, Any]] = {}
    for name, sha256 in (pair for value in data for pair in references(value)):
        sealed.setdefault(name, {"path": name, "sha256": sha256})
    for path in await stores.evidence.list(f"{EVIDENCE}/{slug(incident_id)}"):
        sealed.setdefault(path.removesuffix(SIDECAR), {"path": path.removesuffix(SIDECAR)})
    for path, item in sealed.items():
        try:
            beside = await _said_of(stores.evidence, path)
        except (Tampered, UnsafePath):
            continue  # the copy goes into the bundle as it is, and the record's own hash counts
        if beside is not None:
            # The record's hash counts before the sidecar's: the record is chained, the sidecar is not.
            sealed[path] = {**beside.as_json(), **item}
    return dict(sorted(sealed.items()))


async def _said_of(store: EvidenceStore, path: str) -> Sealed | None:
    """What was said of the artefact when it was sealed. Raises Tampered, UnsafePath."""
    if not is_part(path):
        return await read_sidecar(store, path)
    try:
        return (await read_part(store, path))[1]
    except ObjectMissing:
        return None


async def _copy(bundle: _Bundle, store: EvidenceStore, path: str, sealed: dict[str, Any]) -> None:
    """Copy an artefact and its sidecar as they are, and list the artefact as it was sealed."""
    try:
        content = (await read_part(store, path))[0] if is_part(path) else await store.get(path)
    except (ObjectMissing, UnsafePath, Tampered):
        bundle.evidence.append(sealed)
        return
    bundle.write(path, content)
    # An artefact without any seal (a crash before its sidecar) is listed as it is found.
    found = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
    bundle.evidence.append(sealed if "sha256" in sealed else {**sealed, **found})
    if is_part(path):
        return  # what was said of it stands in the manifest
    try:
        bundle.add(path + SIDECAR, await store.get(path + SIDECAR))
    except ObjectMissing:
        return


def _put_in_place(partial: Path, destination: Path) -> None:
    """Onto an empty folder a rename is atomic; onto one that was filled meanwhile it fails."""
    try:
        partial.rename(destination)
    except OSError as error:
        _require_room(destination)
        raise ExportRefused(f"{destination} can't be put in place ({error.strerror}); name another folder") from error


def _require_room(destination: Path) -> None:
    if destination.is_symlink() or (destination.exists() and not destination.is_dir()):
        raise ExportRefused(f"{destination} is not a folder; name one that does not exist yet")
    if destination.is_dir() and any(destination.iterdir()):
        raise ExportRefused(f"{destination} is not empty; name a folder that is, or one that does not exist yet")


def _require_names(extra: Mapping[str, bytes]) -> None:
    for name in extra:
        reserved = name in (RECORD, MANIFEST, _VERIFIER) or name.split("/")[0] == EVIDENCE
        if reserved or not _EXTRA.fullmatch(name):
            raise ExportRefused(f"{name[:100]!r} can't be a file of the bundle; use letters, digits and . _ - and /")
