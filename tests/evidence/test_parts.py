"""Raw payloads that arrived together: one object, each payload under a reference and a hash of its own."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from halon.evidence.errors import ObjectExists, ObjectMissing, Tampered, UnsafePath
from halon.evidence.parts import Payload, is_part, read_part, seal_payloads
from halon.evidence.store import EvidenceStore
from halon.incident.errors import Malformed

AT = "2026-11-22T08:16:15.000Z"
CONTENTS = (b'{"status":"firing"}', b"\xff\xfe not text", '{"ü":"\u2028 \\n \U0001f4a9"}\r\n'.encode(), b"")


@pytest.fixture
def store(tmp_path: Path) -> EvidenceStore:
    return EvidenceStore.open(tmp_path)


def payloads(*contents: bytes) -> list[Payload]:
    return [Payload(f"source-{number}", AT, content) for number, content in enumerate(contents)]


async def test_each_payload_comes_back_byte_for_byte(store: EvidenceStore) -> None:
    """Text, bytes that are no text, line ends and nothing at all: each under its own SHA-256, with who and when."""
    kept = await seal_payloads(store, payloads(*CONTENTS))
    for content, sealed, number in zip(CONTENTS, kept, range(4), strict=True):
        assert is_part(sealed.path)
        assert sealed.sha256 == hashlib.sha256(content).hexdigest()
        assert (sealed.size, sealed.collector, sealed.collected_at) == (len(content), f"intake/source-{number}", AT)
        assert await read_part(store, sealed.path) == (content, sealed)
    assert len({sealed.id for sealed in kept}) == 4


async def test_a_storm_is_one_object(store: EvidenceStore) -> None:
    """However many payloads: one object under the day, JSON lines that anyone can read, and the same again is the same."""
    kept = await seal_payloads(store, payloads(*(b"%d" % number for number in range(300))))
    (path,) = await store.list("evidence")
    assert path.startswith("evidence/intake/2026-11-22/")
    assert {sealed.path.rpartition("/")[0] for sealed in kept} == {path}
    lines = [json.loads(line) for line in (await store.get(path)).splitlines()]
    assert lines[0] == {"format": "halon-payloads-1", "payloads": 300}
    assert lines[7] == {"payload": 7, "received_at": AT, "sha256": hashlib.sha256(b"6").hexdigest(), "size": 1,
                        "source": "source-6", "text": "6"}  # fmt: skip
    again = await seal_payloads(store, payloads(*(b"%d" % number for number in range(300))))
    assert (again, await store.list("evidence")) == (kept, [path])


async def test_what_was_altered_is_not_read(store: EvidenceStore, tmp_path: Path) -> None:
    """A payload that is not what its line says, a line that is no JSON and a payload that is not there are each told."""
    first, second = await seal_payloads(store, payloads(b"one", b"two"))
    path = first.path.rpartition("/")[0]
    lines = (tmp_path / path).read_bytes().splitlines()
    lines[1] = lines[1].replace(b'"text":"one"', b'"text":"One"')
    await store.replace(path, b"\n".join((lines[0], lines[1], b"{", b"")))
    for sealed in (first, second):
        with pytest.raises(Tampered):
            await read_part(store, sealed.path)
    for missing in (f"{path}/3", f"{path}/999999", "evidence/intake/2026-11-22/x/1", path):
        with pytest.raises(ObjectMissing):
            await read_part(store, missing)


@pytest.mark.parametrize("at", ["yesterday", "", "../../2026"])
async def test_a_time_that_is_none_names_no_folder(store: EvidenceStore, at: str) -> None:
    """A time becomes part of a path: it must be one."""
    with pytest.raises(Malformed):
        await seal_payloads(store, [Payload("am", at, b"{}")])
    assert await store.list("evidence") == []


@pytest.mark.parametrize("path", ["evidence/x/1", "evidence/intake/2026-11-22/abc.payloads.jsonl/1", "../1", ""])
def test_other_paths_are_no_parts(path: str) -> None:
    """Only what the door seals is taken for a part of an object."""
    assert not is_part(path)


async def test_what_is_shown_is_whole_at_once_and_durable_after_persist(store: EvidenceStore, tmp_path: Path) -> None:
    """It can be read as soon as it is shown, nothing half written is seen, and it is not shown twice."""
    await store.show("evidence/a", b"whole")
    assert await store.get("evidence/a") == b"whole"
    with pytest.raises(ObjectExists):
        await store.show("evidence/a", b"other")
    await store.persist("evidence/a")
    assert await store.get("evidence/a") == b"whole"
    assert [path.name for path in (tmp_path / ".staging").iterdir()] == []
    with pytest.raises(UnsafePath):
        await store.show("../outside", b"")
