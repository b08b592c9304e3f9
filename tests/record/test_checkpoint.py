"""The mirrored state."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from halon.evidence.slug import slug
from halon.evidence.store import EvidenceStore
from halon.record.errors import CheckpointCorrupt
from halon.record.store import RecordStore

INCIDENT = "incident-support-bot.tool-misuse:2b6c1a52"
HEAD = "ab" * 32


@pytest.fixture
def record(tmp_path: Path) -> RecordStore:
    return RecordStore(EvidenceStore.open(tmp_path))


async def test_the_last_checkpoint_is_read_back(record: RecordStore) -> None:
    """What was put is what comes back, bytes of any kind; there may be none."""
    assert await record.get_checkpoint(INCIDENT) is None
    await record.put_checkpoint(INCIDENT, 3, HEAD, b"old")
    put = await record.put_checkpoint(INCIDENT, 4, HEAD, b"\x00\xff new")
    assert (put.seq, put.head, put.body) == (4, HEAD, b"\x00\xff new")
    assert put == await record.get_checkpoint(INCIDENT)


async def test_a_late_retry_does_not_turn_the_state_back(record: RecordStore) -> None:
    """A checkpoint of an earlier entry leaves the newer one and is answered with it."""
    newer = await record.put_checkpoint(INCIDENT, 9, HEAD, b"newer")
    assert newer == await record.put_checkpoint(INCIDENT, 8, HEAD, b"late")
    assert newer == await record.get_checkpoint(INCIDENT)


@pytest.mark.parametrize("damage", ["body", "torn", "other incident", "no number", "list"])
async def test_a_damaged_checkpoint_is_an_error_and_the_next_one_heals_it(
    record: RecordStore, tmp_path: Path, damage: str
) -> None:
    """A state that may be wrong is never handed out, and it does not block the one that is put next."""
    await record.put_checkpoint(INCIDENT, 3, HEAD, b"state")
    path = tmp_path / "checkpoints" / f"{slug(INCIDENT)}.json"
    written = json.loads(path.read_bytes())
    changed = {
        "body": {**written, "body": "c3RhdGU9"},
        "other incident": {**written, "incident_id": "incident-other:1"},
        "no number": {**written, "seq": "3"},
        "list": [],
    }
    path.write_bytes(path.read_bytes()[:40] if damage == "torn" else json.dumps(changed[damage]).encode())
    with pytest.raises(CheckpointCorrupt):
        await record.get_checkpoint(INCIDENT)
    await record.put_checkpoint(INCIDENT, 2, HEAD, b"healed")
    healed = await record.get_checkpoint(INCIDENT)
    assert healed is not None
    assert healed.body == b"healed"
