"""Who read evidence after its incident was closed: numbered objects beside the evidence, each written once and chained.

While an incident is open a reading stands in its record. A closed record takes no entry any more, so the log goes on
here. It shows a reading that was cut from the middle or altered; one cut from the end shows in no hash.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass
from typing import Any

from halon.evidence.errors import ObjectExists, Tampered
from halon.evidence.slug import slug
from halon.evidence.store import EvidenceStore
from halon.incident.canonical import canonical

FORMAT = "halon-access-1"
_FOLDER = "access"
_NAME = re.compile(r"evidence/[^/]+/access/([0-9]{8})\.json")


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading: who (``verified`` False: only the typed name says so), in which roles, what, why, when (UTC)."""

    at: str
    by: str
    roles: tuple[str, ...]
    artefact: str
    path: str
    sha256: str
    reason: str
    verified: bool = False


def is_log(path: str) -> bool:
    """Whether the object at ``path`` is an entry of this log."""
    return _NAME.fullmatch(path) is not None


async def append(store: EvidenceStore, incident_id: str, reading: Reading) -> str:
    """Put a reading behind the last one, durable on return; its path. Raises Tampered if the log can't be read, OSError."""
    while True:
        earlier = await _entries(store, incident_id)
        number = len(earlier) + 1
        prev = hashlib.sha256(canonical(earlier[-1])).hexdigest() if earlier else ""
        entry = {"format": FORMAT, "number": number, "prev": prev, **asdict(reading), "roles": list(reading.roles)}
        path = _path(incident_id, number)
        try:
            await store.put(path, canonical(entry))
        except ObjectExists:
            continue  # somebody else read at the same moment: behind theirs
        return path


async def readings(store: EvidenceStore, incident_id: str) -> tuple[Reading, ...]:
    """Every reading since the incident was closed, the oldest first. Raises Tampered, OSError."""
    found = []
    for number, entry in enumerate(await _entries(store, incident_id), start=1):
        told = {name: entry.get(name) for name in Reading.__slots__}
        try:
            found.append(Reading(**{**told, "roles": tuple(map(str, entry["roles"]))}))  # type: ignore[arg-type]
        except (KeyError, TypeError) as error:
            raise Tampered(_path(incident_id, number), "it is no entry of an access log") from error
    return tuple(found)


async def _entries(store: EvidenceStore, incident_id: str) -> list[dict[str, Any]]:
    """All entries, held against their chain."""
    entries: list[dict[str, Any]] = []
    prev = ""
    paths = [path for path in await store.list(f"evidence/{slug(incident_id)}/{_FOLDER}") if is_log(path)]
    for number, path in enumerate(paths, start=1):
        if path != _path(incident_id, number):
            raise Tampered(path, f"entry {number} of the access log is missing")
        written = await store.get(path)
        try:
            entry = json.loads(written)
        except (ValueError, RecursionError) as error:
            raise Tampered(path, "it is no JSON") from error
        if not isinstance(entry, dict) or entry.get("number") != number or entry.get("prev") != prev:
            raise Tampered(path, "it does not continue the access log")
        prev = hashlib.sha256(written).hexdigest()
        entries.append(entry)
    return entries


def _path(incident_id: str, number: int) -> str:
    return f"evidence/{slug(incident_id)}/{_FOLDER}/{number:08}.json"
