"""The same story in four ways: record and effects must be equal (DESIGN section 3)."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from halon.incident import promised, times, watching

VARYING = (
    (re.compile(r"INC-[0-9A-Z]{4}"), "INC"),
    (re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)(\[[A-Za-z/]+\])?"), "TIME"),
    (re.compile(r"\b[0-9a-f]{12}…"), "HASH"),
    (re.compile(r"-[0-9a-f]{8}\b"), "-DIGEST"),
    (re.compile(r"\d+ bytes"), "N bytes"),
    (re.compile(r"http://127\.0\.0\.1:\d+"), "AGENT"),
    (re.compile(r"<[^>@\s]+@[^>\s]+>"), "<ID>"),
    (re.compile(r"\b[0-9a-f]{32}\b"), "TRACE"),
    (re.compile(r"\{[^{}]*'high'[^{}]*\}"), "RANGE"),
    (
        re.compile(r"(Changed since gate \S+): .*", re.DOTALL),
        r"\1",
    ),  # what of it was in the draft before depends on the moment
)
# Every kind whose work leaves a mark outside; `make crash` sets DYING_KINDS to nothing, which means all kinds.
KILLED = os.environ.get(
    "DYING_KINDS", "record.append,contain.apply,contain.verify,contain.undo,notify.send,record.finish"
)
DYING = Path(__file__).with_name("dying_worker.py")
# How often leadership hears is time's doing and not the way's: of what changed meanwhile, two minutes after the last status.
STATUS = re.compile(r"Leadership was told \(update due (\S+)\)\.")
# What may differ: whether the first judgement already knew what people said, and that a retry says so.
SAID_BEFORE = re.compile(r"; risk_to_individuals is risk")
UNSTEADY = re.compile(r"^clock: (Clock running|.* -> )")
SAID_BY_RETRIES = re.compile(r" \(it had taken effect before; not sent twice\)")


def plainly(text: str) -> str:
    for pattern, word in VARYING:
        text = pattern.sub(word, text)
    return text


async def told(house: Any) -> Counter[str]:
    """The record as a bag of lines, without what must vary."""
    incidents = await house.record.incidents()
    assert len(incidents) == 1, incidents
    entries = await house.record.entries(incidents[0])
    queue = house.settings.task_queue
    assert statuses_in_their_time([found[1] for one in entries if (found := STATUS.fullmatch(one.text))])
    lines = (
        f"{entry.kind}: {SAID_BEFORE.sub('', SAID_BY_RETRIES.sub('', plainly(entry.text))).replace(queue, 'GROUP')}"
        for entry in entries
        if not STATUS.fullmatch(entry.text)
    )
    return Counter(line for line in lines if not UNSTEADY.match(line))


def statuses_in_their_time(due: list[str]) -> bool:
    """Whether leadership was told, and after that no sooner than changes gather for: so never twice of the same."""
    return bool(due) and all(times.seconds_between(one, then) >= promised.CALM for one, then in pairwise(due))


async def effects(house: Any) -> list[tuple[str, str, int]]:
    """What the agent and the mail server really saw: each effect once."""
    calls = [call for call in await house.calls() if "/replay" not in call["path"] and "/evals" not in call["path"]]
    outside = sorted(rcpt for rcpts, _ in house.mailbox.mails for rcpt in rcpts if "acme.example" not in rcpt)
    # The first PUT of the guardrail is the fix by a person, without a key.
    return sorted((call["method"], call["path"], call["effects"]) for call in calls) + [
        ("MAIL", to, 1) for to in outside
    ]


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """An order that takes half a minute is another story, told in ``test_waits_in_contain``: here a machine may be slow."""
    monkeypatch.setattr(watching, "PATIENCE", watching.LONGEST_PATIENCE)


@pytest.fixture(scope="session")
def kept() -> dict[str, Any]:
    """What the first way left behind."""
    return {}


@pytest.fixture
async def known(kept: dict[str, Any], server: Any, make_house: Any) -> dict[str, Any]:
    """What to compare with: what the first way left behind, or, where it did not run before, the ordinary story."""
    if not kept:
        house = await make_house(server.client, "ordinary")
        await house.prepare()
        async with house.worker():
            assert (await house.whole_story())["outcome"] == "resolved"
        kept.update(lines=await told(house), effects=await effects(house))
    return kept


async def compare(house: Any, known: dict[str, Any]) -> None:
    lines, done = await told(house), await effects(house)
    assert done == known["effects"]
    more, less = lines - known["lines"], known["lines"] - lines
    assert not more + less, f"more: {dict(more)}\nless: {dict(less)}"


async def test_way_1_in_the_strict_sandbox(house: Any, kept: dict[str, Any]) -> None:
    """Nothing of ours passes the sandbox: what workflow code must not import or call is found."""
    await house.prepare()
    async with house.worker(strict_sandbox=True):
        assert (await house.whole_story())["outcome"] == "resolved"
        await house.keep_histories("story")
    kept.update(lines=await told(house), effects=await effects(house))


@pytest.mark.long
async def test_way_2_without_the_cache(house: Any, known: dict[str, Any]) -> None:
    """Every task replays from the start: non-determinism that the cache hides fails here."""
    await house.prepare()
    async with house.worker(max_cached_workflows=0):
        assert (await house.whole_story())["outcome"] == "resolved"
    await compare(house, known)


async def test_way_3_continued_as_new_every_20_events(
    renewing_server: Any, make_house: Any, known: dict[str, Any]
) -> None:
    """The story is begun again at the top some twenty times and leaves the same record."""
    house = await make_house(renewing_server.client, "renewing")
    await house.prepare()
    async with house.worker():
        assert (await house.whole_story())["outcome"] == "resolved"
        runs = [one async for one in house.client.list_workflows(f"WorkflowId = '{house.incident.id}'")]
        assert len(runs) > 8, "the server did suggest it"
        await house.keep_histories("renewed")
    await compare(house, known)


@pytest.mark.long
async def test_way_4_killed_at_every_activity(house: Any, known: dict[str, Any], tmp_path: Path) -> None:
    """The worker kills itself with SIGKILL after every activity has done its work and before it says so."""
    await house.prepare()
    ledger = tmp_path / "deaths"
    ledger.mkdir()
    environ = {**os.environ, **house.environ, "DYING_LEDGER": str(ledger), "DYING_KINDS": KILLED,
               "TEMPORAL_ADDRESS": house.client.service_client.config.target_host}  # fmt: skip
    stop = asyncio.Event()
    deaths: list[int] = []

    async def keep_alive() -> None:
        while not stop.is_set():
            with (tmp_path / "worker.log").open("ab") as log:
                process = await asyncio.create_subprocess_exec(
                    sys.executable, str(DYING), env=environ, stdout=log, stderr=log
                )
            ended = asyncio.create_task(process.wait())
            stopped = asyncio.create_task(stop.wait())
            await asyncio.wait([ended, stopped], return_when=asyncio.FIRST_COMPLETED)
            if ended.done():
                deaths.append(ended.result())
            else:
                process.send_signal(signal.SIGKILL)
                await ended
            stopped.cancel()

    living = asyncio.create_task(keep_alive())
    try:
        assert (await house.whole_story())["outcome"] == "resolved"
    finally:
        stop.set()
        await living
    assert deaths.count(-signal.SIGKILL) >= 6, (deaths, (tmp_path / "worker.log").read_text()[-2000:])
    await compare(house, known)
