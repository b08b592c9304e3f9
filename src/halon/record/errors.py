"""What can go wrong with the record, the journal and the bundle, as types.

RecordError
├── RecordForked        a batch tells another story than the record holds
├── RecordCorrupt       what the record's store holds can't be the record
├── CheckpointCorrupt   the mirrored state can't be read
├── JournalConflict     one effect's key was used for something else
├── JournalCorrupt      an entry of the effect journal can't be read
└── ExportRefused       the bundle can't be written there, or under that name
"""

from __future__ import annotations

from halon.incident.errors import HalonError


class RecordError(HalonError):
    """Base of the errors of the record."""


class RecordForked(RecordError):
    """A batch tells another story than the record holds, from entry ``seq`` on.

    Happens after a Reset, when the workflow decides again what is on record already. The record stays as it is;
    continue from its head.
    """

    def __init__(self, incident_id: str, seq: int, stored_head: str, offered_head: str) -> None:
        super().__init__(
            f"the record of {incident_id} and the offered entries part at entry {seq}: the record ends in "
            f"{stored_head[:8] or 'nothing'}, the offer in {offered_head[:8]}; continue from the record's head"
        )
        self.incident_id = incident_id
        self.seq = seq
        self.stored_head = stored_head
        self.offered_head = offered_head


class RecordCorrupt(RecordError):
    """What lies in the record's store under ``path`` can't be the record: it was altered, cut or put there."""

    def __init__(self, incident_id: str, path: str, why: str) -> None:
        super().__init__(
            f"the record of {incident_id} is damaged at {path}: {why}; restore it from an export or a backup"
        )
        self.incident_id = incident_id
        self.path = path
        self.why = why


class CheckpointCorrupt(RecordError):
    """The mirrored state can't be read. The record itself is not touched by that."""

    def __init__(self, incident_id: str, why: str) -> None:
        super().__init__(f"the checkpoint of {incident_id} can't be read: {why}; the next one that is put replaces it")
        self.incident_id = incident_id
        self.why = why


class JournalConflict(RecordError):
    """The key of one effect was used for something else. Nothing was sent under it now."""

    def __init__(self, key: str, stored: str, offered: str) -> None:
        super().__init__(
            f"the effect {key!r} is on record with the digest {stored[:8]} and was asked for with {offered[:8]}; "
            "give the other effect a key of its own, or ask a person which one is meant"
        )
        self.key = key
        self.stored = stored
        self.offered = offered


class JournalCorrupt(RecordError):
    """An entry of the effect journal can't be read, so nobody knows whether the effect was sent."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(f"{path} can't be read: {why}; look at the receiver whether the effect arrived")
        self.path = path
        self.why = why


class ExportRefused(RecordError):
    """The bundle can't be written there, or a file can't go into it under that name."""
