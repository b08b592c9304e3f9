"""Merge on a real server: one cause, two incidents; alerts and facts move once, what is held stays until it is done."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from halon.incident import times

pytestmark = pytest.mark.long

WORKER = Path(__file__).with_name("dying_worker.py")
TOOL = "/control/tools/send_email"


@contextmanager
def about(house: Any, handle: Any) -> Iterator[None]:
    """Say and ask this incident for a while, and not the one that was opened last."""
    before, house.handle = house.handle, handle
    try:
        yield
    finally:
        house.handle = before


def slow(house: Any) -> str:
    """Another rule group of the same agent; named after the test, since the server is that of all tests."""
    return f"{house.settings.task_queue}-slow"


async def assessed(house: Any) -> None:
    await house.until("the first judgement", lambda s: bool(s.get("severity", {}).get("level")))


async def listed(house: Any, reference: str) -> None:
    """Until Temporal's list has the incident: a moment after its reference can be read."""
    async with asyncio.timeout(30):
        while not (await house.client.count_workflows(f"HalonRef = '{reference}'")).count:
            await asyncio.sleep(0.1)


async def two(house: Any) -> tuple[Any, Any, str, str]:
    """Two open incidents of the same harm: the one that goes on, and the one that is to become part of it."""
    other = await house.open()
    await assessed(house)
    to = (await house.query("status"))["reference"]
    own = await house.open(group=slow(house), rule="AgentSlow", fingerprint="fp-2")
    await assessed(house)
    return other, own, to, (await house.query("status"))["reference"]


def kinds(status: dict[str, Any]) -> list[str]:
    return [one["kind"] for one in status["linked"]]


async def texts(house: Any) -> list[str]:
    return [line["text"] for line in await house.query("timeline")]


async def merged(house: Any, own: Any, other: Any, to: str) -> None:
    with about(house, own):
        answer = await house.say("merge", by="ann", into=to.lower(), reason="one deployment broke both")
        assert f"merges this incident into {to}" in answer, answer
    with about(house, other):
        await house.until("the other's alerts", lambda s: "AgentSlow" in s["alerts"])


async def test_a_merge_moves_alerts_and_facts_and_keeps_what_is_held(house: Any) -> None:
    """Detected as early as the earlier one; its action stays its own until it is given back, then it closes as merged."""
    await house.misbehave()
    async with house.worker():
        other, own, to, name = await two(house)
        with about(house, other):
            await house.contained()
        await house.contained()
        early = times.text(datetime.now(UTC) - timedelta(days=2))
        with about(house, own):
            await house.say("fact", by="ann", name="detected_at", value=early, reason="a customer wrote then")
            await house.say("fact", by="ann", name="affected_individuals", value={"low": 40})
        await merged(house, own, other, to)
        status = await house.until("what it holds", lambda s: bool(s["holds"]) and s["headline"].count("merged into"))
        assert "action disable-send-email is in force" in status["holds"]
        level = status["severity"]["level"]
        assert status["headline"].startswith(
            f"{level}: support-bot {slow(house)[:60]}: merged into {to}; still holds: action "
        )
        assert (await house.say("close", by="ann", reason="done")).startswith("Merged: ")
        # What the other one asks as well is asked there alone.
        await house.until("its duties to go on there", lambda s: not any("obligation" in one for one in s["holds"]))
        assert [one["decided"] for one in await house.query("obligations") if one["decided"]][:1] == ["moved"]
        assert [one for one in await house.open_gates() if one["kind"] == "contain"] == []
        with about(house, other):
            told = await house.until("the facts", lambda s: "affected_individuals" in s["known"])
            assert told["known"]["affected_individuals"].replace(" ", "") in ("{'low':40}", "40ormore", "{'low':40.0}")
            assert told["known"]["detected_at"] == early
            assert [one["kind"] for one in told["linked"]] == ["merged from"]
            assert any(text.startswith(f"{name} was merged into this incident by ann") for text in await texts(house))
        # Later alerts of its key reach it, and are passed on; the second time they are known.
        late = house.alert(group=slow(house), rule="AgentVerySlow", fingerprint="fp-3")
        await house.admit(late)
        await house.admit(late)
        with about(house, other):
            told = await house.until("the later alert", lambda s: "AgentVerySlow" in s["alerts"])
            assert told["alerts"]["AgentVerySlow"]["firing"] == 1
            assert told["alerts"]["AgentSlow"]["firing"] == 1
        assert "AgentVerySlow" not in (await house.query("status"))["alerts"]
        await house.say("undo", by="ann", action="disable-send-email", reason="the other one holds it as well")
        await house.approve("restore-disable-send-email", by="tom")
        ended = await asyncio.wait_for(own.result(), 240)
        assert ended["outcome"] == "merged"
        # What comes after that opens one more, which goes where the one before went.
        opened = await house.admit(house.alert(group=slow(house), rule="AgentSlowAgain", fingerprint="fp-4"))
        assert opened[0].workflow_id.endswith("~2")
        with about(house, house.client.get_workflow_handle(opened[0].workflow_id)):
            status = await house.until("it to be merged too", lambda s: "merged into" in s["headline"])
            assert status["linked"][0]["text"].startswith(f"merged into {to} by halon: the incident before it")
            assert status["asked"] == [] or all("gate" not in one for one in status["asked"])
        with about(house, other):
            await house.until("its alert", lambda s: "AgentSlowAgain" in s["alerts"])


async def test_merges_that_cannot_be_are_refused(house: Any) -> None:
    """Into itself, into nothing, into one that is merged into it, into a closed one, twice: each with its type."""
    async with house.worker():
        other, own, to, name = await two(house)
        with about(house, own):
            assert (await house.say("merge", by="ann", into=name, reason="r")).startswith("SameIncident: ")
            assert (await house.say("merge", by="ann", into="INC-ZZZZ", reason="r")).startswith("UnknownIncident: ")
            assert (await house.say("merge", by="ann", into="x' OR 1=1", reason="r")).startswith("UnknownIncident: ")
            assert (await house.say("merge", by="pat", into=to, reason="r")).startswith("NotAuthorised: ")
        await merged(house, own, other, to)
        with about(house, other):
            assert (await house.say("merge", by="ann", into=name, reason="r")).startswith("MergeCycle: ")
        if (await own.describe()).close_time is None:
            assert (await house.say("merge", by="ann", into=to, reason="r")).startswith("AlreadyMerged: ")
        third = await house.open(group=f"{slow(house)}-too", fingerprint="fp-9")
        assert third is not None
        await assessed(house)
        answer = await house.say("merge", by="ann", into=name, reason="r")
        assert answer.startswith(("OtherMerged: ", "OtherClosed: ")), answer


async def test_merged_into_each_other_at_once_one_of_them_goes_on(house: Any) -> None:
    """Said to both before a worker runs: no circle stays, and nothing is lost."""
    other = await house.open()
    own = await house.open(group=slow(house), rule="AgentSlow", fingerprint="fp-2")
    async with house.worker():
        await assessed(house)
        names = {}
        for handle in (other, own):
            with about(house, handle):
                await assessed(house)
                names[handle.id] = (await house.query("status"))["reference"]
    await other.signal("merge", {"by": "ann", "into": names[own.id], "reason": "r"})
    await own.signal("merge", {"by": "ann", "into": names[other.id], "reason": "r"})
    async with house.worker():
        standing: dict[str, dict[str, Any]] = {}
        for _ in range(2400):
            for handle in (other, own):
                with about(house, handle):
                    standing[handle.id] = await house.query("status")
            goes_on = [name for name, status in standing.items() if "merged into" not in kinds(status)]
            if len(goes_on) == 1 and len(standing[goes_on[0]]["alerts"]) == 2:
                break
            await asyncio.sleep(0.1)
        (last,) = goes_on
        part = own.id if last == other.id else other.id
        assert {name: one["firing"] for name, one in standing[last]["alerts"].items()} == {
            "AgentUnauthorisedToolAction": 1, "AgentSlow": 1}  # fmt: skip
        assert [one["reference"] for one in standing[last]["linked"] if one["kind"] == "merged from"] == [names[part]]


@pytest.mark.parametrize("into", ["the earlier", "the later"])
async def test_a_worker_killed_in_the_middle_of_a_merge(
    server: Any, make_house: Any, tmp_path: Path, into: str
) -> None:
    """kill -9 right after the other one took over, and after it read what it takes: each alert counts once."""
    house = await make_house(server.client, f"killed-{into.replace(' ', '-')}")
    if into == "the earlier":
        other, own = await house.open(), await house.open(group=slow(house), rule="AgentSlow", fingerprint="fp-2")
    else:
        own = await house.open(group=slow(house), rule="AgentSlow", fingerprint="fp-2")
        other = await house.open()
    (tmp_path / "deaths").mkdir()
    kinds = "correlate.take,correlate.hand_over"
    environ = {**os.environ, **house.environ, "DYING_LEDGER": str(tmp_path / "deaths"), "DYING_KINDS": kinds,
               "TEMPORAL_ADDRESS": house.client.service_client.config.target_host}  # fmt: skip

    async def started() -> asyncio.subprocess.Process:
        with (tmp_path / "worker.log").open("ab") as log:
            return await asyncio.create_subprocess_exec(
                sys.executable, str(WORKER), env=environ, stdout=log, stderr=log
            )

    deaths = 0
    worker = await started()
    try:
        with about(house, other):
            await assessed(house)
            to = (await house.query("status"))["reference"]
        await listed(house, to)
        await own.signal("merge", {"by": "ann", "into": to, "reason": "r"})
        for _ in range(2400):
            if worker.returncode is not None:
                assert worker.returncode == -signal.SIGKILL
                deaths, worker = deaths + 1, await started()
            if deaths == 2:
                break
            await asyncio.sleep(0.1)
        assert sorted(one.name for one in (tmp_path / "deaths").iterdir()) == sorted(kinds.split(","))
        with about(house, other):
            status = await house.until("the other's alerts", lambda s: "AgentSlow" in s["alerts"])
            assert {name: one["firing"] for name, one in status["alerts"].items()} == {
                "AgentUnauthorisedToolAction": 1, "AgentSlow": 1}  # fmt: skip
            assert len([text for text in await texts(house) if "was merged into this incident" in text]) == 1
        await house.admit(house.alert(group=slow(house), rule="AgentSlower", fingerprint="fp-3"))
        with about(house, other):
            await house.until("a later alert", lambda s: s["alerts"].get("AgentSlower", {}).get("firing") == 1)
    finally:
        if worker.returncode is None:
            worker.kill()
            await worker.wait()


async def test_a_forged_merge_takes_nothing(house: Any) -> None:
    """A Signal typed by hand: the incident that it names is not merged, and says so itself."""
    async with house.worker():
        other, own, _, _ = await two(house)
        assert own is not None
        with about(house, other):
            for forged in (
                {"from": own.id},
                {"from": "incident-nobody.at-all"},
                {"from": own.id, "batch": 1, "alerts": []},
                [],
                {},
            ):
                await other.signal("merged", forged)
            await other.signal("merged", args=[{}, {}])
            await other.signal("merged", {"from": "billing"})
            for _ in range(2400):
                refused = [text for text in await texts(house) if text.startswith("Refused merged")]
                if len(refused) == 7:
                    break
                await asyncio.sleep(0.1)
            assert len(refused) == 7, refused
            assert (await house.query("status"))["linked"] == [] or all(
                one["kind"] == "related" for one in (await house.query("status"))["linked"])  # fmt: skip


async def test_an_incident_of_another_agent_is_named_and_may_be_merged(house: Any) -> None:
    """Of the same rule group: both name each other; what stops the other agent stays with its own incident."""
    async with house.worker():
        other = await house.open()
        await assessed(house)
        to = (await house.query("status"))["reference"]
        await house.open(agent="billing-bot", fingerprint="fp-2")
        status = await house.until("the first one to be named", lambda s: bool(s.get("others")))
        assert [(one["reference"], one["related"]) for one in status["others"]] == [(to, True)]
        assert "agent support-bot" in status["linked"][0]["text"]
        answer = await house.say("merge", by="ann", into=to, reason="one leaked token")
        assert "That one is about support-bot: what stops billing-bot stays here." in answer
        status = await house.until("what it holds", lambda s: bool(s["holds"]) and "merged into" in kinds(s))
        assert "the harm of billing-bot has not been seen to stop" in status["holds"]
        with about(house, other):
            told = await house.until("its alerts", lambda s: "merged from" in kinds(s))
            assert " of billing-bot was merged into this one by ann" in told["linked"][0]["text"]
            assert told["alerts"]["AgentUnauthorisedToolAction"]["firing"] == 2
