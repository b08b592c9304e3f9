"""Is the evidence really there, under this incident, and still what was sealed?"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import replace

from halon.evidence import seal as sealing
from halon.evidence.errors import EvidenceError, NotLocked, Tampered
from halon.evidence.labels import Label
from halon.evidence.slug import slug
from halon.evidence.store import EvidenceStore
from halon.incident.state import Sealed
from halon_activities.failures import EvidenceMissing, in_words

_LOG = logging.getLogger(__name__)


async def require_sealed(store: EvidenceStore, incident_id: str, names: Sequence[str]) -> None:
    """Raises EvidenceMissing unless ``names`` (paths or ids) names at least one artefact of this incident, and every
    one of them is there with the hash that it was sealed with."""
    if not names:
        raise EvidenceMissing("no evidence is sealed yet; seal it first, or let a named person override that")
    folder = f"{sealing.FOLDER}/{slug(incident_id)}/"
    by_id: dict[str, str] | None = None
    for name in names:
        path = name
        if not name.startswith(folder):
            if by_id is None:
                by_id = await _paths(store, folder)
            path = by_id.get(name, "")
        if not path:
            raise EvidenceMissing(f"{name[:160]!r} is no sealed evidence of this incident; collect it anew")
        try:
            beside = await sealing.read_sidecar(store, path)
            if beside is None or beside.path != path or not path[len(folder) :].startswith(beside.sha256[:16]):
                raise Tampered(path, "its seal is missing or describes something else")
            await sealing.verify_sealed(store, beside)
        except EvidenceError as error:
            raise EvidenceMissing(f"the evidence does not hold: {in_words(error)}") from error


async def read(store: EvidenceStore, sealed: Sealed) -> bytes:
    """The content of a sealed artefact, checked against its hash. Raises Tampered, ObjectMissing."""
    content = await store.get(sealed.path)
    if hashlib.sha256(content).hexdigest() != sealed.sha256:
        raise Tampered(sealed.path, "its hash is not the one on record")
    return content


async def seal(
    store: EvidenceStore,
    incident_id: str,
    name: str,
    content: bytes,
    media_type: str,
    at: str,
    what: str,
    label: Label | None = None,
) -> Sealed:
    """Seal ``content`` as collected by Halon at ``at`` (ISO 8601 UTC), locked where the store locks.

    Raises what ``halon.evidence.seal`` raises. What is sealed and can't be locked counts as sealed; ``unlocked`` says why.
    """
    done = await sealing.seal(store, incident_id, name, content, media_type, "halon", at, label=label)
    unlocked = await lock(store, done)
    if unlocked:
        _LOG.warning("%s is sealed and not locked: %s", done.path, unlocked)
    return replace(reference(done, what), unlocked=unlocked)


async def lock(store: EvidenceStore, done: sealing.Sealed) -> str:
    """Lock an artefact and its seal until its end, where the store locks. In words why that failed, or an empty text."""
    why: dict[str, None] = {}
    if store.locks and done.retain_until:
        for path in (done.path, done.path + sealing.SIDECAR):
            try:
                await store.lock(path, done.retain_until, hold=done.hold)
            except (NotLocked, OSError) as error:
                why[in_words(error)] = None
    return "; ".join(why)


def reference(done: sealing.Sealed, what: str) -> Sealed:
    """What the state holds of a seal."""
    return Sealed(
        id=done.id, path=done.path, sha256=done.sha256, size=done.size, collector=done.collector,
        collected_at=done.collected_at, what=what, kind=done.kind, redaction=done.redaction, access=done.access,
        retention=done.retention, retain_until=done.retain_until, hold=done.hold,
    )  # fmt: skip


async def sealed_before(store: EvidenceStore, incident_id: str) -> dict[str, sealing.Sealed]:
    """What is sealed for an incident by the name that it was sealed under; the first seal of a name counts.

    Artefacts whose seal is missing count as not sealed. Raises Tampered if a seal can't be read, OSError of the store.
    """
    found: dict[str, sealing.Sealed] = {}
    folder = f"{sealing.FOLDER}/{slug(incident_id)}"
    for path in await store.list(folder):
        if not path.endswith(sealing.SIDECAR):
            continue
        beside = await sealing.read_sidecar(store, path.removesuffix(sealing.SIDECAR))
        if beside is None:
            continue
        name = beside.path.rpartition("/")[2].partition("-")[2]
        if name not in found or beside.collected_at < found[name].collected_at:
            found[name] = beside
    return found


async def _paths(store: EvidenceStore, folder: str) -> dict[str, str]:
    """The artefacts below ``folder`` by their id."""
    found: dict[str, str] = {}
    for path in await store.list(folder.rstrip("/")):
        if path.endswith(sealing.SIDECAR):
            continue
        beside = await sealing.read_sidecar(store, path)
        if beside is not None:
            found[beside.id] = path
    return found
