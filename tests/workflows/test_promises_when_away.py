"""Promise 5 where it is hardest: the run must be renewed while what it waits for is tried again and again."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from temporalio.testing import WorkflowEnvironment

from halon.incident import times
from halon.incident.chain import check
from halon.ports import evidence
from halon_workflows import durable, options


async def runs_of(house: Any) -> int:
    return len([one async for one in house.client.list_workflows(f"WorkflowId = '{house.incident.id}'")])


async def more_runs(house: Any, than: int, seconds: float = 240) -> int:
    end = asyncio.get_running_loop().time() + seconds
    while (have := await runs_of(house)) <= than:
        assert asyncio.get_running_loop().time() < end, f"no run after the first {have}"
        await asyncio.sleep(0.3)
    return have


async def paged(house: Any, words: str, seconds: float = 240) -> None:
    end = asyncio.get_running_loop().time() + seconds
    pages = house.settings.home / "pages.log"
    while not (pages.exists() and words in pages.read_text()):
        assert asyncio.get_running_loop().time() < end, f"nobody was told {words!r}"
        await asyncio.sleep(0.3)


@pytest.mark.long
async def test_promise_5_a_renewal_does_not_wait_for_what_is_tried_again_and_again(
    renewing_server: WorkflowEnvironment, make_house: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store is away: the run is renewed all the same, a clock warns, commands are answered; later all is on record."""
    monkeypatch.setattr(durable, "LET_END", 4)
    monkeypatch.setitem(options._TABLE, evidence.collect, replace(options.of(evidence.collect), all_tries=14))
    house = await make_house(renewing_server.client, "renewed-while-away")
    store = house.settings.home / "evidence"
    hidden = store.with_name("evidence-away")
    async with house.worker():
        await house.misbehave()
        store.rename(hidden)
        store.write_text("a file where the folder was")
        await house.open()
        first = await more_runs(house, 1)
        await paged(house, "An incident is open")
        # The first warning comes at half of the 72 hours: a few seconds from now.
        aware = datetime.now(UTC) - timedelta(hours=36) + timedelta(seconds=5)
        await house.say("fact", by="pat", name="gdpr_applies", value=True)
        await house.say("fact", by="pat", name="aware_at", value=times.text(aware))
        await paged(house, "clock: eu-gdpr-33/notification due")
        assert await house.say("note", by="ann", text="still here") == "still here"
        assert "Acknowledged" in await house.say("ack", by="ann")
        await more_runs(house, first)
        await paged(house, "no evidence sealed")  # its own time ran out over several runs; containment goes on without
        assert store.is_file(), "nothing could be written all the while"
        store.unlink()
        hidden.rename(store)
        await house.contained()
        status = await house.query("status")
        entries: Any = []
        for _ in range(2400):
            incidents = await house.record.incidents()
            entries = await house.record.entries(incidents[0]) if incidents else []
            if len(entries) >= status["record"]["entries"]:
                break
            await asyncio.sleep(0.2)
    check(entries, incidents[0])
    assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))
    assert status["record"]["head"] in [entry.hash for entry in entries]
    told = [entry.text for entry in entries]
    assert told[0].startswith(f"{status['reference']} opened")
    assert "still here" in told
    assert any(text.startswith("Warning: eu-gdpr-33/notification is due") for text in told)


def test_an_activity_that_renewals_cut_short_has_the_rest_of_its_own_time() -> None:
    """However often the run is renewed, it fails when it should; what is long over counts no more."""
    at = "2026-11-22T10:00:00.000Z"
    assert options.time_left(90, "", at) == 90
    assert options.time_left(90, at, times.after(at, 20)) == 70
    assert options.time_left(90, at, times.after(at, 95)) == 1
    assert options.time_left(90, at, times.after(at, 86_400)) == 90
