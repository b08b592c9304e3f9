"""The global stop in the store: each turn is kept, the last one counts, for every process, across restarts."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from halon.evidence.store import EvidenceStore
from halon.record.halt import Halt


@pytest.fixture
def store(tmp_path: Path) -> EvidenceStore:
    return EvidenceStore.open(tmp_path / "store")


async def test_nothing_is_halted_until_somebody_halts(store: EvidenceStore) -> None:
    """An empty store runs; every reader of it sees a halt at once, and the resume after it."""
    one, other = Halt(store), Halt(store)
    assert (await one.standing()).in_words() == "Halon's own actions run"
    turn, changed = await one.turn(halted=True, by="ann", reason="a bad deploy")
    assert changed
    assert await other.standing() == turn
    assert turn.in_words() == f"Halon's own actions are halted by ann since {turn.at} (a bad deploy)"
    assert await Halt(store).standing() == turn, "a new process"
    await other.turn(halted=False, by="sue", reason="rolled back")
    assert not (await one.standing()).halted
    assert [(each.halted, each.by) for each in await one.turns()] == [(True, "ann"), (False, "sue")]


async def test_what_stands_already_is_not_said_twice(store: EvidenceStore) -> None:
    """Who halted first stays the one who did."""
    first, _ = await Halt(store).turn(halted=True, by="ann", reason="x")
    assert await Halt(store).turn(halted=True, by="sue", reason="y") == (first, False)
    assert (await Halt(store).turn(halted=True, by="tom", reason="z"))[0].by == "ann"


async def test_of_many_at_once_each_is_kept_or_finds_it_so(store: EvidenceStore) -> None:
    """No turn overwrites another one, and all agree on what counts."""
    turned = await asyncio.gather(*(Halt(store).turn(halted=True, by=f"p{number}", reason="x") for number in range(8)))
    assert sum(changed for _, changed in turned) == 1
    assert len({turn.by for turn, _ in turned}) == 1
    assert len(await Halt(store).turns()) == 1


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"number": 1, "halted": "no", "by": "a", "at": "t", "reason": "r"}']
)
async def test_what_cannot_be_understood_halts(store: EvidenceStore, content: bytes) -> None:
    """Not acting is the safer side; a resume after it counts."""
    await store.put("halt/00000001.json", content)
    standing = await Halt(store).standing()
    assert standing.halted
    assert "can't be read; resume to go on" in standing.reason
    await Halt(store).turn(halted=False, by="ann", reason="looked")
    assert not (await Halt(store).standing()).halted


async def test_a_process_remembers_what_it_knew(store: EvidenceStore, tmp_path: Path) -> None:
    """A folder that is emptied behind its back does not set a halted worker free."""
    halt = Halt(store)
    await halt.turn(halted=True, by="ann", reason="x")
    assert (await halt.standing()).halted
    (tmp_path / "store" / "halt" / "00000001.json").unlink()
    assert (await halt.standing()).halted
