"""The last mirrored state of an incident: what is shown, and continued from, when no worker or server has it."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass

from halon.evidence.errors import ObjectMissing
from halon.evidence.slug import slug
from halon.evidence.store import EvidenceStore
from halon.incident.canonical import canonical
from halon.record.errors import CheckpointCorrupt

FOLDER = "checkpoints"
_FORMAT = "halon-checkpoint-1"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """``body`` is the state after entry ``seq`` of the record, whose hash (hex) is ``head``."""

    incident_id: str
    seq: int
    head: str
    body: bytes


async def put(store: EvidenceStore, offered: Checkpoint) -> Checkpoint:
    """Store a checkpoint and answer what is stored now: one of a later entry stays, so a late retry harms nothing."""
    try:
        stored = await get(store, offered.incident_id)
    except CheckpointCorrupt:
        stored = None  # unreadable: this one replaces it
    if stored is not None and stored.seq > offered.seq:
        return stored
    written = {
        "format": _FORMAT,
        "incident_id": offered.incident_id,
        "seq": offered.seq,
        "head": offered.head,
        "sha256": hashlib.sha256(offered.body).hexdigest(),
        "body": base64.b64encode(offered.body).decode("ascii"),
    }
    await store.replace(_path(offered.incident_id), canonical(written))
    return offered


async def get(store: EvidenceStore, incident_id: str) -> Checkpoint | None:
    """The stored checkpoint, or None if there is none. Raises CheckpointCorrupt if it can't be what was put."""
    try:
        written = await store.get(_path(incident_id))
    except ObjectMissing:
        return None
    try:
        value = json.loads(written)
        if value["format"] != _FORMAT or value["incident_id"] != incident_id:
            raise CheckpointCorrupt(incident_id, "it is of another incident or format")
        seq, head, body = value["seq"], value["head"], base64.b64decode(value["body"], validate=True)
        sha256 = value["sha256"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise CheckpointCorrupt(incident_id, f"it has not the shape of one ({type(error).__name__})") from error
    if type(seq) is not int or type(head) is not str or hashlib.sha256(body).hexdigest() != sha256:
        raise CheckpointCorrupt(incident_id, "its body does not have the hash that it carries")
    return Checkpoint(incident_id, seq, head, body)


def _path(incident_id: str) -> str:
    return f"{FOLDER}/{slug(incident_id)}.json"
