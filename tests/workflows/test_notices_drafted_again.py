"""A notice that waits for its yes while people go on finding things out: asked again only where its text is another."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

SUBJECT = "eu-gdpr-33-notification"


def pages(house: Any, words: str = "approval needed: send Personal data breach") -> list[dict[str, Any]]:
    """The pages that went out about the notice to the authority, as the file channel has them."""
    file = house.settings.home / "pages.log"
    all_of_them = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
    return [one for one in all_of_them if words in one["subject"]]


async def drafts(house: Any) -> int:
    """How often this notice was drafted, to be sent or to be compared."""
    count = 0
    runs = [one async for one in house.client.list_workflows(f"WorkflowId = '{house.incident.id}'")]
    for run in runs:
        history = await house.client.get_workflow_handle(run.id, run_id=run.run_id).fetch_history()
        count += sum(
            SUBJECT.encode() in (event.user_metadata.summary.data or b"")
            and event.user_metadata.summary.data.startswith(b'"draft')
            for event in history.events
        )
    return count


async def gate(house: Any, other_than: str = "") -> dict[str, Any]:
    """The open gate of the notice, once there is one with another id than this."""
    for _ in range(2400):
        for one in await house.open_gates():
            if one["subject"] == SUBJECT and one["id"] != other_than:
                return dict(one)
        await asyncio.sleep(0.1)
    raise AssertionError([(one["id"], one["status"]) for one in await house.query("gates")])


async def drafted(house: Any, more_than: int) -> int:
    """Wait until it was drafted again."""
    for _ in range(2400):
        if (count := await drafts(house)) > more_than:
            return count
        await asyncio.sleep(0.1)
    raise AssertionError(f"drafted {await drafts(house)} times")


async def asked(house: Any) -> tuple[dict[str, Any], int]:
    """An incident whose notice to the authority waits for its yes: the gate, and the pages about it.

    The cause is found by then, and the notice shows it: the first word of a person has it drafted again with that.
    """
    await house.prepare()
    await house.contained()
    await house.say("ack", by="ann")
    await gate(house)
    await house.until("the cause to be found", lambda s: s["phases"]["rca"] == "done")
    count = await drafts(house)
    await house.say("fact", by="tom", name="spend_eur", value=99)
    await drafted(house, count)
    count = 0
    while count != (count := await drafts(house)):  # the draft that is sent follows the one that was compared
        await asyncio.sleep(4)
    one = await gate(house)
    for _ in range(900):
        if pages(house):
            break
        await asyncio.sleep(0.1)
    return one, len(pages(house))


@pytest.mark.parametrize("way", ["ordinary", pytest.param("renewing", marks=pytest.mark.long)])
async def test_a_word_that_the_notice_does_not_show_changes_nothing_about_its_gate(
    way: str, server: Any, renewing_server: Any, make_house: Any
) -> None:
    """Five people say five things: the same gate, the same page, and one draft each that was compared and let go."""
    house = await make_house((renewing_server if way == "renewing" else server).client, f"unshown-{way}")
    async with house.worker():
        before, paged = await asked(house)
        assert paged == 1, pages(house, "")
        count = await drafts(house)
        known = [one["id"] for one in await house.query("gates") if one["subject"] == SUBJECT]
        for number in range(5):
            told = await house.say("fact", by="tom", name="spend_eur", value=100 + number)
            assert told.startswith("Fact: spend_eur"), told
            count = await drafted(house, count)
        await asyncio.sleep(1)
        after = await gate(house)
        assert after["question"] == before["question"]
        assert (after["id"], after["opened_at"]) == (before["id"], before["opened_at"])
        assert [one["id"] for one in await house.query("gates") if one["subject"] == SUBJECT] == known
        assert len(pages(house)) == paged
        assert (await house.say("approve", by="pat", gate=before["id"])).startswith("pat (name unverified) approved")
        await house.filed("eu-gdpr-33")


async def test_a_word_that_the_notice_shows_is_a_gate_of_its_own_and_pages_nobody(house: Any) -> None:
    """The old gate is void, the new one says what is different and keeps its times, and the old id is refused with the
    new one's name."""
    async with house.worker():
        before, paged = await asked(house)
        await house.say("fact", by="pat", name="affected_individuals", value=6123)
        after = await gate(house, before["id"])
        shown = {one["id"]: one["status"] for one in await house.query("gates") if one["subject"] == SUBJECT}
        assert (shown[before["id"]], shown[after["id"]]) == ("void", "open")
        assert after["question"][0].startswith(f"Changed since gate {before['id']}: was ")
        assert 'now "Approximate number of people concerned: 6,123"' in after["question"][0]
        assert "record head" not in after["question"][0]
        assert "Date of this notice" not in after["question"][0]
        assert after["deadline_at"] == before["deadline_at"]
        refused = await house.say("approve", by="pat", gate=before["id"])
        assert refused.startswith("GateClosed: ")
        assert after["id"] in refused
        await asyncio.sleep(2)
        assert len(pages(house)) == paged, "whoever was paged is asked still"
        log = [one["text"] for one in await house.query("timeline")]
        assert any(f"in place of {before['id']}: Changed since gate" in text for text in log), log
        await house.say("approve", by="pat", gate=after["id"])
        await house.filed("eu-gdpr-33")
        sent = [text for to, text in house.mailbox.mails if "Duty: Personal data breach" in text]
        assert sum("people concerned: 6,123" in text for text in sent) == 1


async def test_an_approval_does_not_outrun_what_was_said_before_it(house: Any) -> None:
    """Said and approved in one breath: the answer waits for the comparison, and is refused with the new gate's name."""
    async with house.worker():
        before, paged = await asked(house)
    # Without a worker both wait for the same moment, in this order.
    await house.incident.signal("fact", {"by": "pat", "name": "affected_individuals", "value": 6123})
    await house.incident.signal("approve", {"by": "pat", "gate": before["id"]})
    async with house.worker():
        after = await gate(house, before["id"])
        old = next(one for one in await house.query("gates") if one["id"] == before["id"])
        assert (old["status"], old["answers"]) == ("void", [])
        for _ in range(900):
            refused = [
                one["text"] for one in await house.query("timeline") if one["text"].startswith("Refused approve")
            ]
            if refused:
                break
            await asyncio.sleep(0.1)
        assert len(refused) == 1
        assert f"Gate {before['id']} is void" in refused[0]
        assert after["id"] in refused[0]
        assert len(pages(house)) == paged
        assert not any("Duty: Personal data breach" in text for _, text in house.mailbox.mails)
        await house.say("approve", by="pat", gate=after["id"])
        await house.filed("eu-gdpr-33")


async def test_a_burst_of_words_is_one_new_gate(house: Any) -> None:
    """While people speak nobody is asked about what is old already."""
    async with house.worker():
        before, _ = await asked(house)
        known = [one["id"] for one in await house.query("gates") if one["subject"] == SUBJECT]
        words = {"affected_individuals": 6123, "records_count": 7000, "data_categories": ["contact"]}
        await asyncio.gather(*(house.say("fact", by="pat", name=name, value=value) for name, value in words.items()))
        await gate(house, before["id"])
        count = 0
        while count != (count := await drafts(house)):
            await asyncio.sleep(1)
        after = await gate(house, before["id"])
        new = [one["id"] for one in await house.query("gates") if one["subject"] == SUBJECT and one["id"] not in known]
        assert new == [after["id"]]
        assert "6,123" in after["question"][0]
        assert "7,000" in after["question"][0]


async def test_what_is_judged_without_a_persons_fact_is_compared_once_and_pages_nobody(house: Any) -> None:
    """A duty that was filed by hand is judged too: one draft to compare, and the gate that was asked about stays."""
    async with house.worker():
        before, paged = await asked(house)
        count = await drafts(house)
        filed = await house.say(
            "filed", by="cus", obligation="contract-dpa", reference="by letter", reason="told by letter"
        )
        assert "contract-dpa" in filed, filed
        assert await drafted(house, count) == count + 1
        await asyncio.sleep(2)
        assert await drafts(house) == count + 1, "once a judgement"
        after = await gate(house)
        assert (after["id"], after["opened_at"], after["question"]) == (
            before["id"],
            before["opened_at"],
            before["question"],
        )
        assert len(pages(house)) == paged
