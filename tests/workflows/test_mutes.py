"""Mutes on a real server: an expected alert is held, judged and quiet; it wakes, or closes, when the mute ends."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from halon_workflows.surface import PHASE

pytestmark = pytest.mark.long

MUTES = """
mutes:
  evals-retrained:
    agents: [support-bot]
    {covers}
    from: {start}
    until: {end}
    reason: its evals drop while it is trained anew
    by: tom
"""
RULE = "AgentEvalScoreDrop"


def muted(house: Any, seconds: float, covers: str = f"rules: [{RULE}]") -> None:
    """A mute in this house's kit, from a minute ago until so many seconds from now."""
    start, end = (
        (datetime.now(UTC) + timedelta(seconds=one)).isoformat(timespec="seconds").replace("+00:00", "Z")
        for one in (-60, seconds)
    )
    (house.settings.kit / "mutes.yaml").write_text(MUTES.format(start=start, end=end, covers=covers))


def pages(house: Any) -> list[str]:
    """What was paged in this house."""
    log = Path(house.environ["HALON_HOME"]) / "pages.log"
    return log.read_text().splitlines() if log.exists() else []


async def texts(house: Any) -> list[str]:
    return [line["text"] for line in await house.query("timeline")]


async def quiet(house: Any) -> dict[str, Any]:
    """It is open, judged, its clocks run and its evidence is sealed; nobody was paged, and nothing was switched off."""
    status: dict[str, Any] = await house.until("the evidence", lambda s: bool(s.get("muted")) and s["muted"]["now"])
    for _ in range(900):
        if any(text.startswith("Sealed ") for text in await texts(house)):
            break
        await asyncio.sleep(0.1)
    assert any(text.startswith("Sealed ") for text in await texts(house))
    status = await house.query("status")
    assert (status["muted"]["name"], status["muted"]["now"]) == ("evals-retrained", True)
    assert "muted by evals-retrained until" in status["headline"]
    assert set(status["actions"].values()) <= {"planned"}
    assert status["actions"] != {}
    assert any(one["clock_runs"] for one in await house.query("obligations"))
    assert pages(house) == []
    assert await house.calls("/control/tools/send_email") == []
    assert (await house.incident.describe()).typed_search_attributes.get(PHASE) == "muted"
    return status


async def awake(house: Any, why: str) -> None:
    status = await house.until("it to wake", lambda s: bool((s.get("muted") or {}).get("woke_at")))
    assert (status["muted"]["now"], why in status["muted"]["text"]) == (False, True), status["muted"]
    for _ in range(2400):  # others are paged beside, such as those who decide on duties
        if any("it was muted by evals-retrained until" in line for line in pages(house)):
            break
        await asyncio.sleep(0.1)
    assert any("it was muted by evals-retrained until" in line for line in pages(house)), pages(house)
    await house.until("its orders", lambda s: s["actions"]["disable-send-email"] == "verified")


async def test_a_muted_alert_wakes_when_the_mute_ends_and_it_still_fires(house: Any) -> None:
    """Held from the first moment, and paged with one line about the mute afterwards."""
    await house.open(rule=RULE)
    muted(house, 12)
    async with house.worker():
        await quiet(house)
        await awake(house, "the mute ended and 1 alert still fires")


@pytest.mark.parametrize("how", ["word", "alert", "report", "severity"])
async def test_what_wakes_it_before_the_mute_ends(server: Any, make_house: Any, how: str) -> None:
    """A person's word, an alert that no mute covers, a person's report, or that it is as bad as the kit says."""
    house = await make_house(server.client, f"woken-by-{how}")
    if how == "severity":
        await house.misbehave()
    await house.open(rule=RULE)
    muted(house, 3600)
    async with house.worker():
        if how != "severity":
            await quiet(house)
        match how:
            case "word":
                await house.say("note", by="tom", text="this is not the training")
                await awake(house, "tom said something")
            case "alert":
                await house.admit(house.alert(rule="AgentWrongDecision", fingerprint="fp-2"))
                await awake(house, "an alert joined that no mute covers")
            case "report":
                await house.admit(house.alert(source="report", rule=RULE, fingerprint="fp-2", reporter="pat"))
                await awake(house, "a person reported it")
            case "severity":
                await awake(house, "it is SEV1")


async def test_a_muted_alert_that_resolved_closes_when_the_mute_ends(house: Any) -> None:
    """Nothing fires, the agent's own log shows no harm: closed as muted, on record, and nobody was woken."""
    began = house.alert().started_at
    await house.open(rule=RULE, started_at=began)
    muted(house, 10)
    async with house.worker():
        await quiet(house)
        await house.admit(house.alert(rule=RULE, started_at=began, status="resolved"))
        await house.until("it to close", lambda s: bool(s["closed_at"]))
        ended = await asyncio.wait_for(house.incident.result(), 240)
        assert ended["outcome"] == "muted"
        status = await house.query("status")
        assert (status["outcome"], pages(house)) == ("muted", [])
        told = [text for text in await texts(house) if "had joined, all have resolved, the agent shows no harm" in text]
        assert told == [told[0]]
        assert "1 alert had joined" in told[0]


async def test_a_mute_survives_a_worker_that_stops(house: Any) -> None:
    """The wait is a deadline in the state: it ends on time whichever worker is there."""
    await house.open(rule=RULE)
    muted(house, 14)
    async with house.worker():
        await quiet(house)
    await asyncio.sleep(1)
    async with house.worker():
        await awake(house, "the mute ended and 1 alert still fires")


async def test_a_person_mutes_pages_and_not_gates(house: Any) -> None:
    """Rounds of paging stop, the gate asks all the same; `off` ends it, and so does a severity that rises."""
    async with house.worker():
        await house.open(rule=RULE)
        await house.until("the first page", lambda s: bool(pages(house)))
        until = (datetime.now(UTC) + timedelta(hours=2)).isoformat()
        assert (await house.say("mute", by="ann", until=until)).startswith("NeedsReason: ")
        late = (datetime.now(UTC) + timedelta(hours=30)).isoformat()
        assert (await house.say("mute", by="ann", until=late, reason="r")).startswith("TooLong: ")
        assert "mutes the pages" in await house.say("mute", by="ann", until=until, reason="we are on it")
        status = await house.query("status")
        assert (status["muted"]["by"], status["muted"]["now"]) == ("ann", True)
        await house.say("severity", by="ann", level="SEV2", reason="worse")
        status = await house.until("the mute to end", lambda s: s["muted"] is None)
        assert any(text.startswith("The mute of ann is over: it got worse") for text in await texts(house))
        await house.say("mute", by="ann", until=until, reason="we are on it")
        assert "ends the mute" in await house.say("mute", by="ann", off=True)
        assert (await house.query("status"))["muted"] is None


async def test_a_muted_alert_that_resolved_wakes_if_the_agent_cannot_be_looked_at(house: Any) -> None:
    """What can't be seen is not "no": somebody has to look whether something is owed."""
    began = house.alert().started_at
    await house.open(rule=RULE, started_at=began)
    muted(house, 10)
    kit = house.settings.kit / "connectors" / "sandbox-agent.yaml"
    kit.write_text(
        kit.read_text()
        .replace("path: /v1/actions", "path: /v1/no-log")
        .replace("path: /v1/traces", "path: /v1/no-traces")
    )
    async with house.worker():
        await house.until("it to be quiet", lambda s: bool((s.get("muted") or {}).get("now")))
        await house.admit(house.alert(rule=RULE, started_at=began, status="resolved"))
        status = await house.until("it to wake", lambda s: bool(s["muted"]["woke_at"]))
        assert "the agent could not be looked at, and something may be owed" in status["muted"]["text"]
