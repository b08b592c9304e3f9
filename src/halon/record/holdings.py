"""Everything that is sealed for an incident, and whether it is still there and what it was."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

from halon.evidence import access
from halon.evidence.errors import ObjectMissing, Tampered, UnsafePath
from halon.evidence.labels import Handling, kind_of, stricter
from halon.evidence.parts import is_part, read_part
from halon.evidence.seal import FOLDER, SIDECAR, Sealed, id_of, read_sidecar
from halon.evidence.slug import slug
from halon.evidence.store import EvidenceStore
from halon.record.export import Stores
from halon.record.verify import references

__all__ = ["Holding", "Stores", "content", "find", "holdings"]


@dataclass(frozen=True, slots=True)
class Holding:
    """One artefact: what its seal says, what the record says, and in ``problem`` what is wrong with it.

    ``sha256`` is the record's where the record names it, else the seal's. ``size`` is in bytes, times are ISO 8601 UTC;
    both are empty (0) where no seal says them.
    """

    id: str
    path: str
    sha256: str
    size: int
    kind: str
    name: str
    collector: str
    collected_at: str
    redaction: str
    access: str
    retention: str
    retain_until: str
    hold: bool
    recorded: bool
    media_type: str = ""
    problem: str = ""


async def holdings(incident_id: str, stores: Stores, handling: Handling, *, check: bool = False) -> tuple[Holding, ...]:
    """What was sealed for an incident, in the order of collecting: what its record names, and what lies in its folder.

    With ``check`` each artefact is read and held against its hash. Raises RecordCorrupt, OSError of the store.
    """
    recorded: dict[str, str] = {}
    for entry in await stores.record.entries(incident_id):
        for path, sha256 in references(entry.data):
            recorded.setdefault(path, sha256)
    folder = f"{FOLDER}/{slug(incident_id)}"
    lying = {path.removesuffix(SIDECAR) for path in await stores.evidence.list(folder)}
    paths = sorted({*recorded, *(path for path in lying if not access.is_log(path))})
    found = [await _holding(stores.evidence, path, recorded.get(path, ""), handling, check) for path in paths]
    return tuple(sorted(found, key=lambda one: (one.collected_at, one.path)))


async def find(incident_id: str, stores: Stores, wanted: str, handling: Handling) -> Holding | None:
    """The artefact with this id or path, read and held against its hash; None if the incident has none.

    Raises RecordCorrupt, OSError of the store.
    """
    for one in await holdings(incident_id, stores, handling):
        if wanted in (one.id, one.path):
            return await _holding(stores.evidence, one.path, one.sha256 if one.recorded else "", handling, True)
    return None


async def content(store: EvidenceStore, held: Holding) -> bytes:
    """The bytes of an artefact, if they are what was sealed. Raises Tampered, OSError of the store."""
    try:
        found = (await read_part(store, held.path))[0] if is_part(held.path) else await store.get(held.path)
    except (ObjectMissing, UnsafePath):
        raise Tampered(held.path, "it is missing") from None
    if not held.sha256 or hashlib.sha256(found).hexdigest() != held.sha256:
        raise Tampered(held.path, "its content was altered")
    return found


async def _holding(store: EvidenceStore, path: str, recorded: str, handling: Handling, check: bool) -> Holding:
    beside, problem = await _said_of(store, path)
    sha256 = recorded or (beside.sha256 if beside else "")
    if beside is None:
        problem = problem or "its seal is missing"
    elif recorded and beside.sha256 != recorded:
        problem = "its seal gives another hash than the record"
    held = _labelled(path, beside, sha256, handling, bool(recorded))
    if check:
        problem = await _wrong(store, held) or problem
    return replace(held, problem=problem)


async def _said_of(store: EvidenceStore, path: str) -> tuple[Sealed | None, str]:
    """What was said of the artefact when it was sealed, and what is wrong with that."""
    try:
        if is_part(path):  # its line among the others says what a sidecar would
            return (await read_part(store, path))[1], ""
        return await read_sidecar(store, path), ""
    except ObjectMissing:
        return None, "it is missing"
    except Tampered as error:
        return None, f"its seal {error.why}"
    except UnsafePath:
        return None, "it lies nowhere in this store"


async def _wrong(store: EvidenceStore, held: Holding) -> str:
    try:
        await content(store, held)
    except Tampered as error:
        return error.why if held.sha256 else ""
    return ""


def _labelled(path: str, beside: Sealed | None, sha256: str, handling: Handling, recorded: bool) -> Holding:
    usual = handling.label((beside.kind if beside else "") or kind_of(path))
    at = beside.collected_at if beside else ""
    reckoned = usual.fields(at)["retain_until"] if at else ""
    return Holding(
        id=id_of(path),
        path=path,
        sha256=sha256,
        size=beside.size if beside else 0,
        kind=usual.kind,
        name=path.rpartition("/")[2].partition("-")[2],
        collector=beside.collector if beside else "",
        collected_at=at,
        redaction=(beside.redaction if beside else "") or usual.redaction,
        # A kit that became stricter since counts; one that became laxer does not open what was sealed before.
        access=stricter(beside.access if beside else "", usual.access),
        retention=(beside.retention if beside else "") or usual.retention,
        retain_until=(beside.retain_until if beside else "") or reckoned,
        hold=bool(beside and beside.hold) or usual.hold,
        recorded=recorded,
        media_type=beside.media_type if beside else "",
    )
