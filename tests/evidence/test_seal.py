"""Sealed artefacts."""

from __future__ import annotations

import asyncio
import hashlib
import json
from pathlib import Path

import pytest

from halon.evidence.errors import Tampered, TooLarge
from halon.evidence.seal import SIDECAR, Sealed, safe_name, seal, verify_sealed
from halon.evidence.store import EvidenceStore
from halon.incident.errors import Malformed

INCIDENT = "incident-support-bot.tool-misuse:2b6c1a52"
AT = "2026-11-22T08:16:15.508Z"


@pytest.fixture
def store(tmp_path: Path) -> EvidenceStore:
    return EvidenceStore.open(tmp_path)


async def sealed_trace(store: EvidenceStore, content: bytes = b"[1,2]") -> Sealed:
    return await seal(store, INCIDENT, "traces.json", content, "application/json", "phoenix", AT)


async def test_a_seal_lies_under_its_incident_and_its_hash(store: EvidenceStore) -> None:
    """The path holds the incident and the hash; beside it lies who collected it and when."""
    sealed = await sealed_trace(store)
    sha256 = hashlib.sha256(b"[1,2]").hexdigest()
    assert f"evidence/incident-support-bot.tool-misuse_3a2b6c1a52/{sha256[:16]}-traces.json" == sealed.path
    assert (sha256, 5, False) == (sealed.sha256, sealed.size, sealed.already)
    assert sealed.as_json() == json.loads(await store.get(sealed.path + SIDECAR))
    await verify_sealed(store, sealed)


async def test_sealing_the_same_again_answers_the_first_seal(store: EvidenceStore) -> None:
    """A retry seals nothing new, and the first collector and time stay."""
    first = await sealed_trace(store)
    again = await seal(store, INCIDENT, "traces.json", b"[1,2]", "text/plain", "somebody", "2026-11-23T00:00:00Z")
    assert (first.as_json(), True) == (again.as_json(), again.already)
    assert len(await store.list("evidence")) == 2


async def test_many_collectors_at_once_make_one_seal(store: EvidenceStore) -> None:
    """Concurrent activities that seal the same thing agree on one."""
    sealed = await asyncio.gather(*(sealed_trace(store) for _ in range(8)))
    assert len({one.id for one in sealed}) == 1
    assert len(await store.list("evidence")) == 2


async def test_a_crash_between_content_and_sidecar_is_completed_by_the_retry(
    store: EvidenceStore, tmp_path: Path
) -> None:
    """Content goes first; sealing again writes the missing half."""
    sealed = await sealed_trace(store)
    (tmp_path / (sealed.path + SIDECAR)).unlink()
    again = await sealed_trace(store)
    assert not again.already
    await verify_sealed(store, again)


@pytest.mark.parametrize("what", ["content", "gone", "sidecar", "no sidecar", "garbled sidecar"])
async def test_evidence_that_was_altered_is_found(store: EvidenceStore, tmp_path: Path, what: str) -> None:
    """One changed byte, a missing file, a rewritten sidecar: each is tampering, and sealing again does not hide it."""
    sealed = await sealed_trace(store)
    path, beside = tmp_path / sealed.path, tmp_path / (sealed.path + SIDECAR)
    match what:
        case "content":
            path.write_bytes(b"[1,3]")
        case "gone":
            path.unlink()
        case "sidecar":
            beside.write_bytes(beside.read_bytes().replace(b"phoenix", b"mallory"))
        case "no sidecar":
            beside.unlink()
        case "garbled sidecar":
            beside.write_bytes(b'{"id":')
    with pytest.raises(Tampered):
        await verify_sealed(store, sealed)
    if what in ("content", "garbled sidecar"):
        with pytest.raises(Tampered):
            await sealed_trace(store)


async def test_content_over_the_bound_is_refused(store: EvidenceStore) -> None:
    """The bound is named in the error, and nothing is written."""
    with pytest.raises(TooLarge) as caught:
        await seal(store, INCIDENT, "big", b"x" * 11, "text/plain", "me", AT, largest=10)
    assert (caught.value.size, caught.value.limit) == (11, 10)
    assert await store.list("evidence") == []


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "/abs", "..", "", "a\x00b", "x" * 500, "ünï/cødé ✓", "a+seal.json", ".hidden"]
)
async def test_a_name_from_outside_stays_inside_the_incidents_folder(store: EvidenceStore, name: str) -> None:
    """A name is data: it never becomes a path, and never poses as a sidecar."""
    sealed = await seal(store, INCIDENT, name, b"x", "text/plain", "me", AT)
    folder, _, last = sealed.path.rpartition("/")
    assert folder == "evidence/incident-support-bot.tool-misuse_3a2b6c1a52"
    assert last.endswith(safe_name(name))
    assert "+" not in last
    assert len(last) < 100
    await verify_sealed(store, sealed)


async def test_an_artefact_named_like_anothers_sidecar_does_not_take_its_place(store: EvidenceStore) -> None:
    """The same content under two names is two seals."""
    one = await seal(store, INCIDENT, "a", b"x", "text/plain", "me", AT)
    other = await seal(store, INCIDENT, "a+seal.json", b"x", "text/plain", "me", AT)
    assert one.path != other.path
    assert not {one.path, other.path} & {one.path + SIDECAR, other.path + SIDECAR}
    await verify_sealed(store, one)
    await verify_sealed(store, other)


@pytest.mark.parametrize("at", ["yesterday", "", "../../2026"])
async def test_a_time_that_is_none_is_refused(store: EvidenceStore, at: str) -> None:
    """A time becomes part of a path and of what a court may read: it must be one."""
    with pytest.raises(Malformed):
        await seal(store, INCIDENT, "a", b"{}", "text/plain", "me", at)
    assert await store.list("evidence") == []
