"""The record's hash chain, as a value that workflow code carries: no clock, no randomness, no I/O.

Each entry holds the hash of the one before it; the first one holds a hash of the incident's id. So the last hash, the
head, stands for the whole record, and a head printed in a notice shows later that the tail was cut.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from halon.incident.canonical import canonical_of_plain, digest, plain
from halon.incident.errors import HalonError
from halon.incident.replacing import replace

FORMAT = "halon-record-1"
LONGEST_TEXT = 16_000
"""Characters of an entry's text that the record keeps."""
LARGEST_DATA = 65_536
"""Bytes of canonical JSON of an entry's data that the record keeps; more belongs into the evidence store."""
_FIELDS = ("seq", "at", "kind", "phase", "actor", "text", "data", "prev", "hash")


class BrokenChain(HalonError):
    """The record does not chain: ``seq`` is the entry where it breaks, ``why`` says how."""

    def __init__(self, seq: int, why: str) -> None:
        super().__init__(f"entry {seq}: {why}")
        self.seq = seq
        self.why = why


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the record. ``at`` is ISO 8601 UTC, ``prev`` and ``hash`` are SHA-256 (hex), ``seq`` starts at 1."""

    seq: int
    at: str
    kind: str
    phase: str
    actor: str
    text: str
    data: dict[str, Any]
    prev: str
    hash: str

    def as_json(self) -> dict[str, Any]:
        """The entry as a JSON object; its canonical form is one line of the record."""
        return {name: getattr(self, name) for name in _FIELDS}


@dataclass(frozen=True, slots=True)
class Chain:
    """The end of an incident's record: ``seq`` and ``head`` of the last entry, and those not yet stored."""

    incident_id: str
    seq: int = 0
    head: str = ""
    pending: tuple[Entry, ...] = ()

    def append(self, at: str, kind: str, phase: str, actor: str, text: str, data: Mapping[str, Any]) -> Chain:
        """The chain with one entry more. ``at`` is ISO 8601 UTC.

        Never raises on what the text or data hold, because that comes from outside and must not wedge an incident:
        ``data`` is copied as ``plain`` does; text over 16,000 characters is cut, and data over 64 KiB is replaced by
        its size and digest, both visibly.
        """
        body: dict[str, Any] = {
            "seq": self.seq + 1,
            "at": plain(at),
            "kind": plain(kind),
            "phase": plain(phase),
            "actor": _bounded_text(actor),
            "text": _bounded_text(text),
            "data": _bounded_data(data),
            "prev": self.head or GENESIS(self.incident_id),
        }
        entry = Entry(**body, hash=hashlib.sha256(canonical_of_plain(body)).hexdigest())
        return replace(self, seq=entry.seq, head=entry.hash, pending=(*self.pending, entry))

    def batch(self) -> tuple[Entry, ...]:
        """The entries that are not stored yet, oldest first."""
        return self.pending

    def flushed(self, through_seq: int, head: str = "") -> Chain:
        """The chain after the store has acknowledged everything up to and including ``through_seq``.

        ``head`` is that entry's hash as the store says. Where it is another one than here (a run is replayed by a
        release that words its log differently), what follows is chained onto what is stored: the record must not fork.
        """
        left = tuple(entry for entry in self.pending if entry.seq > through_seq)
        stored_before = self.pending[0].seq - 1 if self.pending else self.seq
        here = next((entry.hash for entry in self.pending if entry.seq == through_seq), "")
        if not head or head == here or through_seq <= stored_before:
            return replace(self, pending=left)
        onto = Chain(self.incident_id, through_seq, head)
        for entry in left:
            onto = onto.append(entry.at, entry.kind, entry.phase, entry.actor, entry.text, entry.data)
        return onto


def GENESIS(incident_id: str) -> str:
    """The ``prev`` of an incident's first entry: it binds the whole chain to this incident."""
    return hashlib.sha256(f"{FORMAT}\n{plain(incident_id)}".encode()).hexdigest()


def hash_of(entry: Entry) -> str:
    """The hash that the entry's content gives. Raises NotCanonical if the content has no canonical form."""
    body = entry.as_json()
    del body["hash"]
    return digest(body)


def check(entries: Iterable[Entry], incident_id: str, prev: str | None = None) -> None:
    """Check that ``entries`` follow each other and were not altered.

    Without ``prev`` they must begin at the incident's first entry; with it, after the entry that has that hash.
    Raises BrokenChain for the first entry that does not fit.
    """
    expected_prev, expected_seq = prev, None if prev is not None else 1
    if expected_prev is None:
        expected_prev = GENESIS(incident_id)
    for entry in entries:
        if expected_seq is not None and entry.seq != expected_seq:
            raise BrokenChain(expected_seq, f"the next entry should have this number, but has {entry.seq}")
        if entry.prev != expected_prev:
            raise BrokenChain(
                entry.seq, f"its prev is {entry.prev[:8]}, but the entry before it is {expected_prev[:8]}"
            )
        try:
            found = hash_of(entry)
        except HalonError as error:
            raise BrokenChain(entry.seq, f"its content has no canonical form: {error}") from error
        if found != entry.hash:
            raise BrokenChain(entry.seq, f"its hash is {entry.hash[:8]}, but its content gives {found[:8]}")
        expected_prev, expected_seq = entry.hash, entry.seq + 1


def entry_from_json(value: object) -> Entry:
    """The entry that a JSON object holds. Raises ValueError that names the field if its shape is not an entry's."""
    if not isinstance(value, dict) or set(value) != set(_FIELDS):
        raise ValueError(f"not an entry: it must be an object with exactly the fields {', '.join(_FIELDS)}")
    for name in _FIELDS:
        kind: type = {"seq": int, "data": dict}.get(name, str)
        if type(value[name]) is not kind:
            raise ValueError(f"not an entry: {name} must be {kind.__name__}, but is {type(value[name]).__name__}")
    return Entry(**value)


def _bounded_text(text: str) -> str:
    clean = str(plain(text))
    if len(clean) <= LONGEST_TEXT:
        return clean
    return f"{clean[:LONGEST_TEXT]}… [{len(clean) - LONGEST_TEXT} characters cut]"


def _bounded_data(data: Mapping[str, Any]) -> dict[str, Any]:
    if not data:
        return {}
    clean = plain(dict(data))
    written = canonical_of_plain(clean)
    if len(written) <= LARGEST_DATA:
        return dict(clean)
    return {"cut": True, "bytes": len(written), "sha256": hashlib.sha256(written).hexdigest()}
