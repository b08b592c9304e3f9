"""The journal that keeps one outside effect one."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest
from obstore.store import MemoryStore

from halon.evidence.store import EvidenceStore
from halon.record.errors import JournalConflict, JournalCorrupt
from halon.record.journal import Intent, Journal, Standing

KEY = "incident-support-bot.tool-misuse:2b6c1a52/stop-agent/1"
WHAT = {"order": "stop-agent", "digest": "ab" * 32}
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture(params=["local", "memory"])
def journal(request: pytest.FixtureRequest, tmp_path: Path) -> Journal:
    objects = EvidenceStore.open(tmp_path) if request.param == "local" else EvidenceStore(MemoryStore())
    return Journal(objects, now=lambda: NOON)


async def test_an_effect_goes_from_unknown_to_intended_to_settled(journal: Journal) -> None:
    """Looking never changes it; the receipt stays."""
    assert Standing("unknown") == await journal.look(KEY)
    assert Intent(True, "2026-11-22T12:00:00.000Z", None) == await journal.intend(KEY, WHAT)
    assert Standing("intended") == await journal.look(KEY)
    assert await journal.settle(KEY, {"status": 202}) == {"status": 202}
    assert Standing("settled", {"status": 202}) == await journal.look(KEY)


async def test_whoever_comes_second_is_told_so_and_gets_the_receipt(journal: Journal) -> None:
    """A retry before the answer learns that it may have arrived; one after it gets the first answer."""
    await journal.intend(KEY, WHAT)
    assert ((again := await journal.intend(KEY, WHAT)).first, again.receipt) == (False, None)
    await journal.settle(KEY, {"id": 1, "seen": ["a"]})
    assert (await journal.intend(KEY, WHAT)).receipt == {"id": 1, "seen": ["a"]}
    assert await journal.settle(KEY, {"id": 2}) == {"id": 1, "seen": ["a"]}


async def test_of_many_runs_at_once_exactly_one_is_the_first(journal: Journal) -> None:
    """A Reset, a retry and the original at the same moment: one of them acts."""
    intents = await asyncio.gather(*(journal.intend(KEY, WHAT) for _ in range(16)))
    assert sum(intent.first for intent in intents) == 1
    receipts = await asyncio.gather(*(journal.settle(KEY, {"by": number}) for number in range(16)))
    assert len({receipt["by"] for receipt in receipts}) == 1
    assert receipts[0] == (await journal.look(KEY)).receipt


async def test_one_key_never_stands_for_two_effects(journal: Journal) -> None:
    """Another effect under a used key is refused with both digests; another key is free."""
    await journal.intend(KEY, WHAT)
    with pytest.raises(JournalConflict) as caught:
        await journal.intend(KEY, {**WHAT, "digest": "cd" * 32})
    assert caught.value.stored != caught.value.offered
    assert (await journal.intend(KEY + "2", {**WHAT, "digest": "cd" * 32})).first


async def test_a_receipt_without_an_intent_still_counts(tmp_path: Path) -> None:
    """If the intent was removed, the effect is not sent again."""
    journal = Journal(EvidenceStore.open(tmp_path))
    await journal.intend(KEY, WHAT)
    await journal.settle(KEY, {"status": 202})
    next((tmp_path / "effects").glob("*.intent.json")).unlink()
    assert ((intent := await journal.intend(KEY, WHAT)).first, intent.receipt) == (False, {"status": 202})


@pytest.mark.parametrize("written", [b"", b"{", b"[]", b'{"key":"other","at":"","digest":"","receipt":{}}'])
async def test_a_journal_that_cannot_be_read_never_says_first(tmp_path: Path, written: bytes) -> None:
    """Damage is an error with the next step, not a licence to send again."""
    journal = Journal(EvidenceStore.open(tmp_path))
    await journal.intend(KEY, WHAT)
    await journal.settle(KEY, {"status": 202})
    for path in (tmp_path / "effects").iterdir():
        path.write_bytes(written)
    for call in (journal.intend(KEY, WHAT), journal.settle(KEY, {}), journal.look(KEY)):
        with pytest.raises(JournalCorrupt, match="look at the receiver"):
            await call
