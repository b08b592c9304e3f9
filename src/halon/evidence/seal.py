"""Seal an artefact: its content under its hash, written once, and beside it who collected it and when."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, replace
from typing import Any

from halon.evidence.errors import ObjectExists, ObjectMissing, Tampered, TooLarge
from halon.evidence.labels import Label
from halon.evidence.slug import slug
from halon.evidence.store import EvidenceStore
from halon.incident import times
from halon.incident.canonical import canonical, plain
from halon.incident.errors import Malformed

FOLDER = "evidence"
INTAKE = "evidence/intake"
LARGEST = 32 * 1024 * 1024
"""Bytes that one artefact may have unless the caller allows more."""
SIDECAR = "+seal.json"
"""What a sidecar's path has behind the artefact's; a sanitised name never holds a plus sign."""
_UNNAMED = re.compile(r"[^A-Za-z0-9._-]+")
_LONGEST_NAME = 80
_FIELDS = ("id", "path", "sha256", "size", "media_type", "collector", "collected_at")
_LABELS = ("kind", "redaction", "access", "retention", "retain_until", "hold")
"""What later sidecars say besides. Left out where nothing is said, so that a seal of before reads as it was written."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """A sealed artefact: SHA-256 in hex, size in bytes, time in ISO 8601 UTC. ``already``: it was sealed before.

    The label (see ``halon.evidence.labels``) is empty where none was given. ``retain_until`` is ISO 8601 UTC.
    """

    id: str
    path: str
    sha256: str
    size: int
    media_type: str
    collector: str
    collected_at: str
    already: bool = False
    kind: str = ""
    redaction: str = ""
    access: str = ""
    retention: str = ""
    retain_until: str = ""
    hold: bool = False

    def as_json(self) -> dict[str, Any]:
        """What the sidecar says of it, and what a record entry holds to refer to it."""
        labels = {name: getattr(self, name) for name in _LABELS if getattr(self, name)}
        return {name: getattr(self, name) for name in _FIELDS} | labels


async def seal(
    store: EvidenceStore,
    incident_id: str,
    name: str,
    content: bytes,
    media_type: str,
    collector: str,
    collected_at: str,
    largest: int = LARGEST,
    label: Label | None = None,
) -> Sealed:
    """Seal ``content`` under the incident; ``collected_at`` is ISO 8601 UTC, ``largest`` a size in bytes.

    The same content and name again is not written again, and the answer is the first seal: first collector, first
    time. Raises TooLarge; Malformed if ``collected_at`` is no time; Tampered if something else lies in its place.
    """
    folder = f"{FOLDER}/{slug(incident_id)}"
    return await _seal(store, folder, name, content, media_type, collector, collected_at, largest, label)


def day_of(moment: str) -> str:
    """The day of an ISO 8601 time, in UTC, as ``2026-11-22``. Raises Malformed."""
    return _time(moment)[:10]


async def verify_sealed(store: EvidenceStore, sealed: Sealed) -> None:
    """Read the artefact and its sidecar again. Raises Tampered if either is missing or not what ``sealed`` says."""
    try:
        content = await store.get(sealed.path)
    except ObjectMissing as error:
        raise Tampered(sealed.path, "it is missing") from error
    _require_same(sealed.path, sealed.sha256, content)
    beside = await read_sidecar(store, sealed.path)
    if beside is None:
        raise Tampered(sealed.path + SIDECAR, "it is missing")
    if beside.as_json() != sealed.as_json():
        raise Tampered(sealed.path + SIDECAR, "it describes another seal")


async def read_sidecar(store: EvidenceStore, path: str) -> Sealed | None:
    """What the sidecar of the artefact at ``path`` says, or None if there is none. Raises Tampered if it is garbled."""
    try:
        written = await store.get(path + SIDECAR)
    except ObjectMissing:
        return None
    try:
        return sealed_from_json(json.loads(written))
    except ValueError as error:
        raise Tampered(path + SIDECAR, f"it can't be read ({error})") from error


def sealed_from_json(value: object) -> Sealed:
    """The seal that a JSON object describes. Raises ValueError if its shape is not a seal's."""
    if not isinstance(value, dict) or not set(_FIELDS) <= set(value) <= {*_FIELDS, *_LABELS}:
        raise ValueError(f"a seal has the fields {', '.join(_FIELDS)}, and perhaps {', '.join(_LABELS)}")
    for name in value:
        kind = {"size": int, "hold": bool}.get(name, str)
        if type(value[name]) is not kind:
            raise ValueError(f"{name} must be {kind.__name__}")
    return Sealed(**value)


def id_of(path: str) -> str:
    """The id of the artefact at ``path``, which people type."""
    return f"ev-{hashlib.sha256(path.encode()).hexdigest()[:16]}"


def safe_name(name: str) -> str:
    """``name`` as the last part of a path: letters, digits and ``. _ -``, at most 80 characters, no leading dot."""
    cleaned = _UNNAMED.sub("_", name).lstrip(".")[-_LONGEST_NAME:].lstrip(".")
    return cleaned or "unnamed"


async def _seal(
    store: EvidenceStore,
    folder: str,
    name: str,
    content: bytes,
    media_type: str,
    collector: str,
    collected_at: str,
    largest: int,
    label: Label | None = None,
) -> Sealed:
    if len(content) > largest:
        raise TooLarge(name, len(content), largest)
    sha256 = hashlib.sha256(content).hexdigest()
    path = f"{folder}/{sha256[:16]}-{safe_name(name)}"
    sealed = Sealed(
        id=id_of(path),
        path=path,
        sha256=sha256,
        size=len(content),
        media_type=plain(media_type)[:200],
        collector=plain(collector)[:200],
        collected_at=_time(collected_at),
        **(label.fields(_time(collected_at)) if label is not None else {}),
    )
    try:
        await store.put(path, content)
    except ObjectExists:
        _require_same(path, sha256, await store.get(path))
    # Content first: a crash between the two leaves an artefact without sidecar, which sealing again completes.
    try:
        await store.put(path + SIDECAR, canonical(sealed.as_json()))
    except ObjectExists:
        first = await read_sidecar(store, path)
        if first is None or (first.id, first.path, first.sha256, first.size) != (sealed.id, path, sha256, sealed.size):
            raise Tampered(path + SIDECAR, "it describes another seal") from None
        return replace(first, already=True)
    return sealed


def _require_same(path: str, sha256: str, content: bytes) -> None:
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise Tampered(path, f"its SHA-256 is {found[:16]}…, not {sha256[:16]}…")


def _time(text: str) -> str:
    try:
        return times.text(times.parse(text))
    except ValueError as error:
        raise Malformed(f"{text[:40]!r} is not a time; write ISO 8601 in UTC, like 2026-11-22T08:16:15Z") from error
