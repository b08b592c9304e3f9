"""Triage as people live it: steps that tick themselves, handovers, pages, and a kit that changes while it burns."""

from __future__ import annotations

import asyncio
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from halon.incident import checklist, times
from halon.incident.chain import check

CHECKLIST = """\
title: Every incident
category: any
checklist:
  triage:
    real: {words: "Is it real?", owner: technical_lead, answers: [confirmed], done_when: {fact: confirmed, exists: true}, due_minutes: 1}
    logs-preserved: {words: "Are the logs kept?", owner: technical_lead, done_when: {fact: evidence_sealed, is: true}, due_minutes: 1}
    data: {words: "Is personal data involved?", owner: privacy_officer, answers: [data_categories], done_when: {fact: data_categories, exists: true}, due_minutes: 1}
    phone: {words: "Has the owner of the agent been called?", owner: technical_lead, due_minutes: 1}
  contain:
    fallback: {words: "Is the fallback served?", owner: technical_lead}
  notify:
    early: {words: "Do legal and privacy know?", owner: privacy_officer}
  remediate:
    eval: {words: "Is the case in the suite?", owner: technical_lead}
rca: ["Which layer failed first?"]
playbook:
  rca: ["No blame. Look at all layers."]
"""


def own_checklist(house: Any) -> Path:
    """Put a short checklist in place of the starter kit's."""
    books: Path = house.settings.kit / "runbooks"
    for book in books.iterdir():
        book.unlink()
    (books / "any.yaml").write_text(CHECKLIST)
    return books / "any.yaml"


async def steps(house: Any) -> dict[str, str]:
    """How far each step is, in words."""
    return {one["id"]: one["told"] for one in (await house.query("status"))["tasks"]}


async def texts(house: Any) -> list[str]:
    """The whole log: what the record holds, and what is still to be written."""
    incidents = await house.record.incidents()
    entries = list(await house.record.entries(incidents[0])) if incidents else []
    last = entries[-1].seq if entries else 0
    return [one.text for one in entries] + [one["text"] for one in await house.query("timeline") if one["seq"] > last]


def pages(house: Any) -> list[dict[str, Any]]:
    """Every page that went out, as the file channel has it."""
    file = house.settings.home / "pages.log"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


async def becomes(what: str, true: Any, seconds: float = 240) -> None:
    """Wait until it holds."""
    end = asyncio.get_running_loop().time() + seconds
    while not await true():
        assert asyncio.get_running_loop().time() < end, f"not seen: {what}"
        await asyncio.sleep(0.2)


@pytest.mark.parametrize("way", ["ordinary", pytest.param("renewing", marks=pytest.mark.long)])
async def test_steps_are_ticked_by_what_is_known_and_by_people(
    way: str, server: Any, renewing_server: Any, make_house: Any
) -> None:
    """From the first judgement to the close: facts, sealed evidence and people tick; a skipped one is named."""
    house = await make_house((renewing_server if way == "renewing" else server).client, f"steps-{way}")
    own_checklist(house)
    async with house.worker():
        await house.prepare()
        await house.contained()
        await becomes("the logs", lambda: _is(house, "triage/logs-preserved", "done"))
        shown = await steps(house)
        assert {name: told for name, told in shown.items() if told == "done"}.keys() >= {
            "triage/real",
            "triage/logs-preserved",
        }
        assert (shown["triage/phone"], shown["notify/early"]) == ("open", "open")
        assert "UnknownStep" in await house.say("task", by="tom", do="done", step="triage/phonn")
        assert "NeedsReason" in await house.say("task", by="tom", do="skip", step="triage/phone")
        assert "NotAuthorised" in await house.say("task", by="pat", do="skip", step="triage/phone", reason="no")
        assert "done, says tom" in await house.say("task", by="tom", do="done", step="triage/phone")
        await house.say("task", by="tom", do="skip", step="contain/fallback", reason="it has none")
        await house.say("task", by="ann", do="add", step="Tell the works council", owner="pat", phase="notify")
        left = (await house.query("status"))["left_before_close"]
        assert "step notify/added-1 is open (pat)" in left
        assert "step notify/early is open (privacy_officer (pat))" in left
        assert (await house.query("rca"))["questions"] == ["Which layer failed first?"]
        await becomes("the steps in the UI", lambda: _in_the_ui(house, "#### Steps still open: "))
        if way == "renewing":
            runs = [one async for one in house.client.list_workflows(f"WorkflowId = '{house.incident.id}'")]
            assert len(runs) > 3, "the server did suggest it"
        result = await house.close_story()
        assert result["outcome"] == "resolved"
        entries = await house.record.entries((await house.record.incidents())[0])
    check(entries, (await house.record.incidents())[0])
    told = [one.text for one in entries]
    for step in ("triage/real", "triage/logs-preserved"):
        assert sum(text.startswith(f"Step {step} is done") for text in told) == 1, step
    assert any(
        text.startswith("Closed by ann") and "contain/fallback (skipped by tom: it has none)" in text for text in told
    )


async def _in_the_ui(house: Any, words: str) -> bool:
    return words in (await house.query("__temporal_workflow_metadata")).current_details


async def _is(house: Any, step: str, told: str) -> bool:
    return (await steps(house)).get(step) == told


async def test_a_late_step_is_told_to_its_owner_and_then_to_the_commander(
    house: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each once, with what to type; steps that are done are not."""
    monkeypatch.setattr(checklist, "GRACE", 2)
    own_checklist(house)
    monkeypatch.setattr(checklist, "after", _sooner(checklist.after))
    async with house.worker():
        await house.misbehave()
        await house.open()
        await house.until("the first assessment", lambda s: s.get("tasks"))
        await house.say("ack", by="ann")
        await becomes("the owner and the commander", lambda: _late(house, 2))
        await asyncio.sleep(3)
        late = [one for one in pages(house) if "step is late" in one["subject"] or "steps are late" in one["subject"]]
        assert [len(one["body"]) + len(one["subject"]) <= 320 for one in late] == [True] * len(late)
        to_tom = [one for one in late if "--by tom" in one["body"]]
        to_ann = [one for one in late if "--by ann" in one["body"]]
        assert len(to_tom) == 1, late
        assert len(to_ann) == 1, late
        assert "Has the owner of the agent been called?" in to_tom[0]["body"]
        assert (
            f"halon task {(await house.query('status'))['reference']} done triage/phone --by tom" in to_tom[0]["body"]
        )
        assert (await house.query("status"))["tasks"][0]["late"] is False, "it is real, and ticked"


def _sooner(real: Any) -> Any:
    """A minute of a step passes in three seconds."""
    return lambda start, seconds: real(start, seconds / 20 if seconds >= 60 else seconds)


async def _late(house: Any, count: int) -> bool:
    return sum("late" in one["subject"] and "step" in one["subject"] for one in pages(house)) >= count


async def test_a_handover_waits_for_the_acknowledgement(house: Any) -> None:
    """The new commander is paged and is it from `ack` on; the search attribute follows."""
    async with house.worker():
        await house.misbehave()
        await house.open()
        status = await house.until("the first assessment", lambda s: s.get("commander") == "ann")
        await house.say("ack", by="ann")
        assert "NotAuthorised" in await house.say("handover", by="tom", to="sue")
        assert "stays commander until sue says" in await house.say(
            "handover", by="ann", to="sue", reason="my shift ends"
        )
        status = await house.query("status")
        assert (status["commander"], status["handover"]["to"]) == ("ann", "sue")
        await becomes("the page", lambda: _paged(house, "take over as commander"))
        asked = [one for one in pages(house) if "take over as commander" in one["subject"]]
        assert len(asked) == 1
        assert f"halon ack {status['reference']} --by sue" in asked[0]["body"]
        assert "took over as commander from ann" in await house.say("ack", by="sue")
        status = await house.query("status")
        assert (status["commander"], status["handover"]) == ("sue", None)


@pytest.mark.long
async def test_a_handover_that_nobody_takes_leaves_the_old_commander(house: Any) -> None:
    """After the roster's time the old one is told, and goes on as commander."""
    rota = house.settings.kit / "oncall.yaml"
    rota.write_text(rota.read_text().replace("ack_minutes: 5", "ack_minutes: 1"))
    async with house.worker():
        await house.misbehave()
        await house.open()
        await house.until("the first assessment", lambda s: s.get("commander") == "ann")
        await house.say("ack", by="ann")
        await house.say("handover", by="ann", to="sue")
        await becomes("the old commander being told", lambda: _paged(house, "sue has not taken over"))
        assert (await house.query("status"))["commander"] == "ann"
        assert "took over" in await house.say("ack", by="sue"), "late is better than never"


async def _paged(house: Any, words: str) -> bool:
    return any(words in one["subject"] for one in pages(house))


async def test_a_noisy_incident_pages_no_more_and_every_page_is_short(house: Any) -> None:
    """A hundred alerts more: nobody hears of them; every page fits into two text messages and belongs to one thread."""
    async with house.worker():
        await house.misbehave()
        await house.open()
        await house.contained()
        await house.say("ack", by="ann")
        await asyncio.sleep(1)
        before, started = [one["subject"] for one in pages(house)], times.text(datetime.now(UTC) - timedelta(hours=1))
        for number in range(10):
            many = (
                house.alert(rule=f"Rule{number}", fingerprint=f"fp-{number}-{each}", started_at=started)
                for each in range(10)
            )
            await house.admit(*many)
        counted = await house.until("all alerts", lambda s: sum(one["firing"] for one in s["alerts"].values()) == 101)
        await asyncio.sleep(2)
        assert [one["subject"] for one in pages(house)] == before
        assert len(before) <= 8, before
        assert all(len(one["subject"]) + len(one["body"]) <= 320 for one in pages(house))
        assert all(one["body"].endswith(counted["reference"]) for one in pages(house))
        mails = [text for _, text in house.mailbox.mails if f"[{counted['reference']}]" in text]
        threads = {found for text in mails for found in re.findall(r"^References: (.+)$", text, re.M)}
        assert len(threads) == 1, threads


@pytest.mark.parametrize("way", ["ordinary", pytest.param("renewing", marks=pytest.mark.long)])
async def test_promise_7_a_kit_that_changes_counts_by_a_persons_word_and_loosens_nothing(
    way: str, server: Any, renewing_server: Any, make_house: Any
) -> None:
    """The incident stays with its kit, says what is different, moves by `kit`, and keeps severity and deadline."""
    house = await make_house((renewing_server if way == "renewing" else server).client, f"kit-{way}")
    async with house.worker():
        await house.prepare()
        await house.contained()
        before = await house.until("the clock", lambda s: s["next_deadline"] and s["severity"]["level"])
        due = next(one for one in await house.query("obligations") if one["id"] == "eu-gdpr-33")["stages"][0]["due"]
    regime = house.settings.kit / "regimes" / "eu-gdpr-33.yaml"
    regime.write_text(regime.read_text().replace("hours: 72}", "hours: 96}"))
    severity = house.settings.kit / "severity.yaml"
    rubric = yaml.load(severity.read_text(), Loader=yaml.CSafeLoader)
    mildest = {name: rows[-1:] for name, rows in rubric["axes"].items()}
    severity.write_text(yaml.safe_dump({**rubric, "axes": mildest, "floors": [], "modifiers": []}))
    async with house.worker():
        await house.say("fact", by="tom", name="spend_eur", value=3)
        await house.until("the newer kit", lambda s: s["kit"]["newer"])
        status = await house.query("status")
        old, new = status["kit"]["in_force"], status["kit"]["newer"]
        assert "regimes/eu-gdpr-33.yaml stages.0.due.hours: 72 -> 96" in status["kit"]["difference"]
        assert await _told_once(house, f"A newer kit is in use: {new[:12]}")
        assert "NotAuthorised" in await house.say("kit", by="tom", reason="newer is better")
        assert f"moves the incident to kit {new[:12]}" in await house.say(
            "kit", by="ann", reason="the rubric was wrong"
        )
        status = await house.until("the move", lambda s: s["kit"]["in_force"] == new and not s["kit"]["newer"])
        assert old != new
        await house.say("fact", by="tom", name="spend_eur", value=4)
        await house.until("one more judgement", lambda s: s["known"].get("spend_eur") == "4")
        await asyncio.sleep(1)
        after = await house.query("status")
        assert after["severity"]["level"] == before["severity"]["level"]
        duty = next(one for one in await house.query("obligations") if one["id"] == "eu-gdpr-33")
        assert duty["stages"][0]["due"] == due
        assert "NothingNew" in await house.say("kit", by="ann", reason="again")


async def test_a_kit_that_came_with_a_restart_is_found_by_the_word_that_asks_for_it(house: Any) -> None:
    """Nothing is judged between the restart and `kit`: the incident is moved, and the answer tells the difference."""
    async with house.worker():
        await house.prepare()
        await house.contained()
        await house.say("ack", by="ann")
        old = (await house.query("status"))["kit"]["in_force"]
        assert "NothingNew" in await house.say("kit", by="ann", reason="is there one?")
    regime = house.settings.kit / "regimes" / "eu-gdpr-33.yaml"
    regime.write_text(regime.read_text().replace("hours: 72}", "hours: 48}"))
    async with house.worker():
        assert (await house.query("status"))["kit"]["newer"] is None, "nothing was judged since"
        told = await house.say("kit", by="ann", reason="the authority asks for it sooner")
        assert "moves the incident to kit" in told
        assert "regimes/eu-gdpr-33.yaml stages.0.due.hours: 72 -> 48" in told
        status = await house.until("the move", lambda s: s["kit"]["in_force"] != old)
        assert status["kit"]["newer"] is None
        assert "NothingNew" in await house.say("kit", by="ann", reason="again")
        assert not [one for one in pages(house) if "newer kit" in one["subject"]], "whoever asked is told in the answer"


async def _told_once(house: Any, words: str) -> bool:
    found = [text for text in await texts(house) if text.startswith(words)]
    return len(found) == 1


async def test_a_kit_that_is_no_longer_stored_is_said_loudly(house: Any) -> None:
    """The incident is judged by the kit in use, on record, and its commander is told."""
    async with house.worker():
        await house.misbehave()
        await house.open()
        await house.contained()
        kit = (await house.query("status"))["kit"]["in_force"]
    (Path(house.settings.evidence) / "kits" / f"{kit}.json").unlink()
    regime = house.settings.kit / "regimes" / "eu-gdpr-33.yaml"
    regime.write_text(regime.read_text().replace("hours: 72}", "hours: 48}"))
    async with house.worker():
        await house.say("fact", by="tom", name="spend_eur", value=3)
        status = await house.until("the kit in use", lambda s: s["kit"]["in_force"] != kit)
        assert status["kit"]["newer"] is None
        assert await _told_once(house, f"THIS INCIDENT'S KIT CAN'T BE USED: kit {kit[:12]}: it is not stored.")
        await becomes("the page", lambda: _paged(house, "its kit can't be used"))


async def test_whoever_is_away_is_stood_in_for_from_the_first_page_on(house: Any) -> None:
    """Commander and technical lead by the rota's overrides and absences; the pages go to those who are there."""
    rota = house.settings.kit / "oncall.yaml"
    text = rota.read_text().replace(
        "ann: {name: Ann Archer,",
        "ann: {name: Ann Archer, away: [{from: 2026-01-01T00:00Z, to: 2126-01-01T00:00Z, instead: sue}],",
    )
    rota.write_text(
        f"{text}\noverrides:\n  - {{from: 2026-01-01T00:00Z, to: 2126-01-01T00:00Z, technical_lead: lee}}\n"
    )
    async with house.worker():
        await house.misbehave()
        await house.open()
        status = await house.until("the first assessment", lambda s: s.get("commander"))
        assert (status["commander"], status["technical_lead"]) == ("sue", "lee")
        await becomes("the first page", lambda: _paged(house, "support-bot"))
        assert [
            one["body"].rpartition("--by ")[2].split()[0] for one in pages(house) if "halon ack" in one["body"]
        ] == ["sue"]
