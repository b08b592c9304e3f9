"""The record in its store: appended once, never forked."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from obstore.store import MemoryStore

from halon.evidence.slug import slug
from halon.evidence.store import EvidenceStore
from halon.incident.chain import BrokenChain, Chain, Entry
from halon.record.errors import RecordCorrupt, RecordForked
from halon.record.store import RecordStore

INCIDENT = "incident-support-bot.tool-misuse:2b6c1a52"
AT = "2026-11-22T08:16:15.508Z"


@pytest.fixture(params=["local", "memory"])
def record(request: pytest.FixtureRequest, tmp_path: Path) -> RecordStore:
    objects = EvidenceStore.open(tmp_path) if request.param == "local" else EvidenceStore(MemoryStore())
    return RecordStore(objects)


def story(length: int, incident: str = INCIDENT, word: str = "line", start: Chain | None = None) -> list[Entry]:
    chain = start or Chain(incident)
    for _ in range(length):
        chain = chain.append(AT, "note", "triage", "anna", f"{word} {chain.seq + 1}", {})
    return list(chain.batch())


async def test_a_record_grows_batch_by_batch(record: RecordStore) -> None:
    """Each receipt names what is durable now, and the whole reads back in order."""
    entries = story(12)
    assert await record.head(INCIDENT) == (0, "")
    for start, stop in ((0, 3), (3, 4), (4, 12)):
        receipt = await record.append(INCIDENT, entries[start:stop])
        assert (stop, entries[stop - 1].hash) == (receipt.seq, receipt.head)
        assert receipt.object.endswith(f"seq-{start + 1:08}.jsonl")
    assert entries == await record.entries(INCIDENT)
    assert (12, entries[-1].hash) == await record.head(INCIDENT)


async def test_the_same_batch_again_changes_nothing(record: RecordStore) -> None:
    """A retried activity gets the same receipt, also after the record has grown on."""
    entries = story(6)
    first = await record.append(INCIDENT, entries[:3])
    await record.append(INCIDENT, entries[3:])
    assert first == await record.append(INCIDENT, entries[:3])
    assert entries == await record.entries(INCIDENT)


async def test_a_batch_that_begins_before_the_head_adds_only_its_tail(record: RecordStore) -> None:
    """After a crash the workflow offers what it can't know to be stored: stored 1..12, offered 9..15."""
    entries = story(15)
    await record.append(INCIDENT, entries[:5])
    await record.append(INCIDENT, entries[5:12])
    receipt = await record.append(INCIDENT, entries[8:])
    assert (receipt.seq, receipt.object.endswith("seq-00000013.jsonl")) == (15, True)
    assert receipt == await record.append(INCIDENT, entries)
    assert entries == await record.entries(INCIDENT)


async def test_an_empty_batch_answers_where_the_record_stands(record: RecordStore) -> None:
    """Nothing to append is no error."""
    assert ((await record.append(INCIDENT, [])).seq, (await record.append(INCIDENT, [])).head, "") == (0, "", "")
    receipt = await record.append(INCIDENT, story(2))
    assert receipt == await record.append(INCIDENT, [])


async def test_another_story_of_the_same_entries_is_a_fork(record: RecordStore) -> None:
    """After a Reset the workflow decides again: the record stays as it is and says where the stories part."""
    entries = story(6)
    await record.append(INCIDENT, entries)
    prefix = Chain(INCIDENT, 3, entries[2].hash)
    other = [*entries[:3], *story(5, word="again", start=prefix)]
    for offered in (other, other[3:], other[4:]):
        with pytest.raises(RecordForked) as caught:
            await record.append(INCIDENT, offered)
        assert max(4, offered[0].seq) == caught.value.seq
        assert (INCIDENT, entries[-1].hash, other[-1].hash) == (
            caught.value.incident_id,
            caught.value.stored_head,
            caught.value.offered_head,
        )
    assert entries == await record.entries(INCIDENT)


async def test_a_gap_is_a_fork(record: RecordStore) -> None:
    """A batch after a missing one is refused and names the first missing entry; so is one without the beginning."""
    entries = story(9)
    with pytest.raises(RecordForked) as caught:
        await record.append(INCIDENT, entries[3:])
    assert caught.value.seq == 1
    await record.append(INCIDENT, entries[:3])
    with pytest.raises(RecordForked) as caught:
        await record.append(INCIDENT, entries[5:])
    assert caught.value.seq == 4
    assert entries[:3] == await record.entries(INCIDENT)


async def test_numbers_that_jump_are_a_fork_even_on_the_right_head(record: RecordStore) -> None:
    """An entry whose hash fits and whose number does not would make every later reading fail: it never gets in."""
    entries = story(3)
    await record.append(INCIDENT, entries)
    for seq in (1, 6):
        jumped = story(1, start=Chain(INCIDENT, seq, entries[-1].hash))
        with pytest.raises(RecordForked):
            await record.append(INCIDENT, jumped)
    assert entries == await record.entries(INCIDENT)


async def test_a_batch_that_does_not_chain_in_itself_is_refused(record: RecordStore) -> None:
    """Also entries of another incident: nothing of them reaches the store."""
    entries = story(3)
    for offered in ([entries[0], entries[2]], story(2, incident="incident-other:1")):
        with pytest.raises(BrokenChain):
            await record.append(INCIDENT, offered)
    assert await record.incidents() == []


async def test_writers_of_the_same_batch_at_once_store_it_once(record: RecordStore) -> None:
    """Two workers run the same activity: both are acknowledged, one object lies there."""
    entries = story(40)
    receipts = await asyncio.gather(*(record.append(INCIDENT, entries) for _ in range(12)))
    assert len(set(receipts)) == 1
    assert entries == await record.entries(INCIDENT)


async def test_writers_of_overlapping_batches_at_once_end_in_one_record(record: RecordStore) -> None:
    """Batches of one story that begin and end anywhere before the head never harm each other."""
    entries = story(24)
    await record.append(INCIDENT, entries[:4])
    await asyncio.gather(*(record.append(INCIDENT, entries[:stop]) for stop in range(5, 25)))
    assert entries == await record.entries(INCIDENT)


async def test_of_two_stories_at_once_one_wins_and_the_other_is_told(record: RecordStore) -> None:
    """A record never forks, however close the race and however long the batches."""
    for turn in range(10):
        incident = f"{INCIDENT}{turn}"
        one, other = story(3, incident, "one"), story(5, incident, "other")
        results = await asyncio.gather(
            record.append(incident, one), record.append(incident, other), return_exceptions=True
        )
        lost = [result for result in results if isinstance(result, RecordForked)]
        assert len(lost) == 1
        assert await record.entries(incident) == (other if lost[0] is results[0] else one)


async def test_the_record_knows_its_incidents(record: RecordStore) -> None:
    """Ids are listed as they were given, also one that is too long for a folder's name."""
    ids = [INCIDENT, "incident-Other Bot:1", "incident-" + "ü" * 200]
    for incident in ids:
        await record.append(incident, story(1, incident))
    assert sorted(ids) == await record.incidents()


async def test_left_overs_beside_the_record_are_no_part_of_it(tmp_path: Path) -> None:
    """Half files of a crash and whatever else lies there are ignored when the record is read and continued."""
    record = RecordStore(EvidenceStore.open(tmp_path))
    entries = story(4)
    await record.append(INCIDENT, entries[:2])
    folder = tmp_path / "records" / slug(INCIDENT)
    for name in ("seq-00000003.jsonl.tmp", "seq-00000003.jsonl#1", "seq-3.jsonl", ".seq-00000003.jsonl", "notes"):
        (folder / name).write_bytes(b'{"seq":3,"te')
    await RecordStore(EvidenceStore.open(tmp_path)).append(INCIDENT, entries)
    assert entries == await record.entries(INCIDENT)


@pytest.mark.parametrize("damage", ["byte", "cut", "empty", "spelling", "renamed", "first gone", "middle gone"])
async def test_a_damaged_record_is_never_read_as_a_whole_one(tmp_path: Path, damage: str) -> None:
    """One changed byte, a cut line, another spelling, a missing object: the object is named."""
    record = RecordStore(EvidenceStore.open(tmp_path))
    entries = story(6)
    for start in (0, 2, 4):
        await record.append(INCIDENT, entries[start : start + 2])
    first, middle, _ = sorted((tmp_path / "records" / slug(INCIDENT)).iterdir())
    written = middle.read_bytes()
    match damage:
        case "byte":
            middle.write_bytes(written.replace(b"line 3", b"line 8"))
        case "cut":
            middle.write_bytes(written[:-5])
        case "empty":
            middle.write_bytes(b"")
        case "spelling":
            middle.write_bytes(written.replace(b'"text":', b'"text":"hidden","text":'))
        case "renamed":
            middle.rename(middle.with_name("seq-00000004.jsonl"))
        case "first gone":
            first.unlink()
        case "middle gone":
            middle.unlink()
    with pytest.raises(RecordCorrupt) as caught:
        await record.entries(INCIDENT)
    assert caught.value.path.startswith(f"records/{slug(INCIDENT)}/seq-0000000")
    with pytest.raises(RecordCorrupt):
        await record.append(INCIDENT, entries)
