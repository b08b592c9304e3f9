"""The store beneath evidence, record and journal."""

from __future__ import annotations

import asyncio
import os
import stat
from pathlib import Path

import pytest
from obstore.store import MemoryStore

from halon.evidence.errors import NoSuchStore, ObjectExists, ObjectMissing, UnsafePath
from halon.evidence.store import EvidenceStore


@pytest.fixture(params=["local", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> EvidenceStore:
    """The local folder, and an object store that obstore speaks to itself, as it would to S3."""
    return EvidenceStore.open(tmp_path / "store") if request.param == "local" else EvidenceStore(MemoryStore())


async def test_an_object_is_written_once(store: EvidenceStore) -> None:
    """The second writer of a path is refused, and the first content stays."""
    await store.put("a/b", b"first")
    with pytest.raises(ObjectExists):
        await store.put("a/b", b"second")
    assert await store.get("a/b") == b"first"


async def test_of_many_writers_at_once_exactly_one_wins(store: EvidenceStore) -> None:
    """Create-only holds under concurrency, and the loser never sees half an object."""
    contents = [bytes([number]) * 20_000 for number in range(16)]
    results = await asyncio.gather(*(store.put("a/b", one) for one in contents), return_exceptions=True)
    winners = [one for one, result in zip(contents, results, strict=True) if result is None]
    assert [await store.get("a/b")] == winners
    assert sum(isinstance(result, ObjectExists) for result in results) == 15


async def test_what_is_missing_is_a_type_of_its_own(store: EvidenceStore) -> None:
    """Reading what is not there raises, asking for it answers no."""
    with pytest.raises(ObjectMissing):
        await store.get("a/none")
    assert not await store.exists("a/none")
    await store.put("a/some", b"")
    assert await store.exists("a/some")


async def test_listing_shows_paths_below_a_folder_and_nothing_else(store: EvidenceStore) -> None:
    """Sorted, at any depth; a folder whose name only begins alike is not part of it."""
    for path in ("a/2", "a/1", "a/deep/3", "ab/4"):
        await store.put(path, b"x")
    assert await store.list("a") == ["a/1", "a/2", "a/deep/3"]
    assert await store.folders("a") == ["deep"]
    assert await store.list("none") == []
    assert await store.folders("none") == []


async def test_a_checkpoint_may_be_replaced(store: EvidenceStore) -> None:
    """Replacing is whole, and also writes what is not there yet."""
    await store.replace("c/one.json", b"1")
    await store.replace("c/one.json", b"2")
    assert await store.get("c/one.json") == b"2"


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/etc/passwd",
        "a//b",
        "../x",
        "a/../../x",
        "a/.",
        "a\\b",
        "a/b\n",
        "a/ü",
        "a b",
        ".staging/x",
        "a#1",
        "x" * 1000,
    ],
)
async def test_a_path_that_could_leave_the_store_is_refused(store: EvidenceStore, path: str) -> None:
    """Every way in checks the path, whatever made it."""
    for call in (store.put(path, b""), store.replace(path, b""), store.get(path), store.exists(path), store.list(path)):
        with pytest.raises(UnsafePath):
            await call


async def test_folders_and_files_are_private(tmp_path: Path) -> None:
    """What lies in the local store is readable by its owner only, whatever the umask."""
    previous = os.umask(0)
    try:
        store = EvidenceStore.open(tmp_path / "new" / "store")
        await store.put("a/b/c", b"x")
    finally:
        os.umask(previous)
    root = tmp_path / "new" / "store"
    modes = {path.relative_to(tmp_path).as_posix(): stat.S_IMODE(path.stat().st_mode) for path in root.rglob("*")}
    assert stat.S_IMODE(root.stat().st_mode) == 0o700
    assert modes == {
        "new/store/.staging": 0o700,
        "new/store/a": 0o700,
        "new/store/a/b": 0o700,
        "new/store/a/b/c": 0o600,
    }


async def test_content_is_on_the_disk_before_it_is_acknowledged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """File synced, then linked into place, then the folder synced: a power cut takes back nothing acknowledged."""
    store = EvidenceStore.open(tmp_path)
    await store.put("a/first", b"x")
    calls: list[str] = []
    fsync, link = os.fsync, os.link

    def spy_fsync(handle: int) -> None:
        calls.append("sync folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "sync file")
        fsync(handle)

    def spy_link(source: Path, target: Path) -> None:
        calls.append("link")
        link(source, target)

    monkeypatch.setattr(os, "fsync", spy_fsync)
    monkeypatch.setattr(os, "link", spy_link)
    await store.put("a/second", b"y")
    assert calls == ["sync file", "link", "sync folder"]
    assert await store.get("a/second") == b"y"


async def test_what_a_crash_left_half_written_is_never_listed_and_swept_later(tmp_path: Path) -> None:
    """Half files stay outside the store; opening removes those that are old, not those being written now."""
    store = EvidenceStore.open(tmp_path)
    old, young = tmp_path / ".staging" / "1-old", tmp_path / ".staging" / "2-young"
    old.write_bytes(b"half")
    young.write_bytes(b"half")
    os.utime(old, (1, 1))
    await store.put("a/b", b"x")
    assert await store.list("a") == ["a/b"]
    EvidenceStore.open(tmp_path)
    assert (old.exists(), young.exists()) == (False, True)


def test_a_store_is_named_by_a_path_or_a_file_url(tmp_path: Path) -> None:
    """Other schemes are refused without repeating what may be a credential."""
    EvidenceStore.open(f"file://{tmp_path}/by-url")
    assert (tmp_path / "by-url").is_dir()
    with pytest.raises(NoSuchStore) as caught:
        EvidenceStore.open("gs://key:hidden@bucket")
    assert "hidden" not in str(caught.value)
