"""The record of all incidents: what one batch said is one object, written once, and each chains onto the one before.

An object is named after its first entry alone. Two writers that both continue from the same head therefore want the
same name, and the store lets only one have it: the record can't fork, even if they hold different entries.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from halon.evidence.errors import ObjectExists, ObjectMissing
from halon.evidence.slug import slug, unslug
from halon.evidence.store import EvidenceStore
from halon.incident.canonical import canonical
from halon.incident.chain import GENESIS, BrokenChain, Entry, check, entry_from_json
from halon.record import checkpoint
from halon.record.checkpoint import Checkpoint
from halon.record.errors import RecordCorrupt, RecordForked

FOLDER = "records"
_OBJECT = re.compile(r"seq-([0-9]{8,12})\.jsonl")
_NAMEPLATE = "incident-id"


@dataclass(frozen=True, slots=True)
class Receipt:
    """The record holds everything up to ``seq``, whose hash is ``head``; ``object`` is the path that holds ``seq``."""

    seq: int
    head: str
    object: str


class RecordStore:
    """The records in a store. Every worker may have one on the same store."""

    def __init__(self, store: EvidenceStore) -> None:
        self._store = store

    async def append(self, incident_id: str, batch: Sequence[Entry]) -> Receipt:
        """Append the entries that the record does not hold yet; on return they are durable.

        Entries that it holds already must be the same ones; so the same batch again, or one that begins before the
        head after a crash, changes nothing twice. An empty batch answers where the record stands.
        Raises RecordForked if the batch does not continue the record, BrokenChain if it does not chain in itself,
        RecordCorrupt if the stored head can't be read.
        """
        if not batch:
            return await self._standing(incident_id)
        first, last = batch[0], batch[-1]
        check(batch, incident_id, prev=GENESIS(incident_id) if first.seq == 1 else first.prev)
        while True:
            objects = await self._objects(incident_id)
            stored = await self._stored_from(incident_id, objects, first.seq)
            known = {entry.seq: entry for entry, _ in stored}
            head_seq, head = (stored[-1][0].seq, stored[-1][0].hash) if stored else (0, "")
            for entry in batch:
                if entry.seq in known and known[entry.seq].hash != entry.hash:
                    raise RecordForked(incident_id, entry.seq, head, last.hash)
            tail = [entry for entry in batch if entry.seq > head_seq]
            if not tail:
                path = next(path for entry, path in stored if entry.seq == last.seq)
                # A writer that crashed may have left it unsynced, and it is acknowledged again here.
                await self._store.persist(path)
                return Receipt(last.seq, last.hash, path)
            if tail[0].seq != head_seq + 1 or tail[0].prev != (head or GENESIS(incident_id)):
                raise RecordForked(incident_id, min(tail[0].seq, head_seq + 1), head, last.hash)
            path = _path(incident_id, tail[0].seq)
            if head_seq == 0:
                await self._name(incident_id)
            try:
                await self._store.put(path, b"".join(canonical(entry.as_json()) + b"\n" for entry in tail))
            except ObjectExists:
                continue  # another writer was first: compare with what it wrote. Each turn the tail gets shorter
            return Receipt(last.seq, last.hash, path)

    async def entries(self, incident_id: str) -> list[Entry]:
        """The whole record, checked from its first entry; empty if there is none. Raises RecordCorrupt."""
        objects = await self._objects(incident_id)
        stored = await self._stored_from(incident_id, objects, 1)
        return [entry for entry, _ in stored]

    async def head(self, incident_id: str) -> tuple[int, str]:
        """Number and hash of the last entry; ``(0, "")`` if there is no record. Raises RecordCorrupt."""
        standing = await self._standing(incident_id)
        return standing.seq, standing.head

    async def incidents(self) -> list[str]:
        """The ids of all incidents that have a record, sorted. Raises RecordCorrupt if an id was lost."""
        return sorted([await self._incident_id(name) for name in await self._store.folders(FOLDER)])

    async def put_checkpoint(self, incident_id: str, seq: int, head: str, body: bytes) -> Checkpoint:
        """Mirror the state after entry ``seq``. Answers what is mirrored now: a newer one is not replaced."""
        return await checkpoint.put(self._store, Checkpoint(incident_id, seq, head, body))

    async def get_checkpoint(self, incident_id: str) -> Checkpoint | None:
        """The last mirrored state, or None. Raises CheckpointCorrupt."""
        return await checkpoint.get(self._store, incident_id)

    async def _standing(self, incident_id: str) -> Receipt:
        objects = await self._objects(incident_id)
        if not objects:
            return Receipt(0, "", "")
        entry, path = (await self._stored_from(incident_id, objects, max(objects)))[-1]
        return Receipt(entry.seq, entry.hash, path)

    async def _objects(self, incident_id: str) -> dict[int, str]:
        """The paths of the incident's objects by their first entry, in order. Other names are no part of the record."""
        paths = await self._store.list(f"{FOLDER}/{slug(incident_id)}")
        named = [(_OBJECT.fullmatch(path.rpartition("/")[2]), path) for path in paths]
        return dict(sorted((int(match[1]), path) for match, path in named if match))

    async def _stored_from(self, incident_id: str, objects: dict[int, str], seq: int) -> list[tuple[Entry, str]]:
        """The stored entries from the object that holds ``seq`` (or else from the last one) on, each with its path."""
        if not objects:
            return []
        start = max((first for first in objects if first <= seq), default=1)
        stored: list[tuple[Entry, str]] = []
        prev = GENESIS(incident_id) if start == 1 else None
        expected = start
        for first, path in objects.items():
            if first < start:
                continue
            if first != expected:
                raise RecordCorrupt(incident_id, path, f"it begins at entry {first}, and entry {expected} is missing")
            entries = await self._read(incident_id, path)
            try:
                check(entries, incident_id, prev=prev if prev is not None else entries[0].prev)
            except BrokenChain as error:
                raise RecordCorrupt(incident_id, path, str(error)) from error
            if entries[0].seq != first:
                raise RecordCorrupt(
                    incident_id, path, f"its first entry is {entries[0].seq}, and its name says {first}"
                )
            stored += [(entry, path) for entry in entries]
            prev, expected = entries[-1].hash, entries[-1].seq + 1
        return stored

    async def _read(self, incident_id: str, path: str) -> list[Entry]:
        written = await self._store.get(path)
        try:
            entries = [entry_from_json(json.loads(line)) for line in written.decode("utf-8").split("\n")[:-1]]
        except (ValueError, RecursionError) as error:
            raise RecordCorrupt(incident_id, path, f"not lines of entries ({error})") from error
        if b"".join(canonical(entry.as_json()) + b"\n" for entry in entries) != written or not entries:
            raise RecordCorrupt(incident_id, path, "its bytes are not the entries that they spell")
        return entries

    async def _name(self, incident_id: str) -> None:
        """Keep the id itself where the folder's name could hold only its hash."""
        name = slug(incident_id)
        if unslug(name) is not None:
            return
        path = f"{FOLDER}/{name}/{_NAMEPLATE}"
        try:
            await self._store.put(path, incident_id.encode("utf-8"))
        except ObjectExists:
            await self._store.persist(path)

    async def _incident_id(self, name: str) -> str:
        known = unslug(name)
        if known is not None:
            return known
        path = f"{FOLDER}/{name}/{_NAMEPLATE}"
        try:
            found = (await self._store.get(path)).decode("utf-8")
        except (ObjectMissing, UnicodeDecodeError) as error:
            raise RecordCorrupt(name, path, "the incident's id can't be read") from error
        if slug(found) != name:
            raise RecordCorrupt(name, path, "it holds the id of another incident")
        return found


def _path(incident_id: str, seq: int) -> str:
    return f"{FOLDER}/{slug(incident_id)}/seq-{seq:08}.jsonl"
