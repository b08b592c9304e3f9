"""The morning roll-up: every incident in one message to leadership, once a day, by a real schedule."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from temporalio.testing import ActivityEnvironment

from halon import morning
from halon.incident import times
from halon.incident.chain import Chain
from halon.ports.rollup import Morning
from halon.record.journal import Journal
from halon.record.store import RecordStore
from halon_activities.failures import NotAnIncident, as_failure
from halon_activities.hands import Hands
from halon_activities.rolled_up import Gathered, Line, gathered, told
from halon_activities.rollup import MorningRollUp
from halon_workflows.rollup import RollUp

NOW = "2026-11-22T07:00:00Z"


def mails(house: Any) -> list[dict[str, Any]]:
    """The roll-ups that leadership was sent."""
    log = house.settings.home / "leadership.log"
    lines = [json.loads(line) for line in log.read_text("utf-8").splitlines()] if log.exists() else []
    return [line for line in lines if line["key"].startswith("rollup/")]


async def run_now(house: Any) -> Any:
    """Start the roll-up as the schedule does, and wait for its end."""
    queue = house.settings.task_queue
    handle = await house.client.start_workflow(
        RollUp.run, {}, id=f"rollup-{queue}-{datetime.now(UTC).timestamp()}", task_queue=queue
    )
    return await asyncio.wait_for(handle.result(), 240)


async def test_leadership_gets_one_page_of_all_incidents_once_a_day(house: Any) -> None:
    """The open incident with its level, headline and approvals; asked for twice, sent once; by a schedule of its own."""
    async with house.worker():
        empty = await run_now(house)
        assert (empty.nothing, mails(house)) == (True, [])
        await house.prepare()
        await house.contained()
        for _ in range(900):
            found = await gathered(house.record, times.text(datetime.now(UTC)))
            if found.open and found.open[0].level and found.open[0].asked:
                break
            await asyncio.sleep(0.1)
        first, again = await run_now(house), await run_now(house)
        assert (first.to, first.already, again.already) == (("leadership",), False, True)
        (mail,) = mails(house)
        reference = (await house.query("status"))["reference"]
        assert f"{reference} SEV" in mail["body"]
        assert "Approvals needed" in mail["body"]
        assert "1 open" in mail["subject"]
        queue = house.settings.task_queue
        assert await morning.ensure(house.client, queue, ZoneInfo("Europe/Berlin")) is True
        assert await morning.ensure(house.client, queue, ZoneInfo("Asia/Tokyo")) is False
        schedule = house.client.get_schedule_handle(morning.schedule_id(queue))
        described = await schedule.describe()
        assert described.schedule.spec.time_zone_name == "Asia/Tokyo"
        await schedule.delete()


async def test_nobody_else_makes_it_send(house: Any) -> None:
    """The activity acts for its own workflow alone."""
    from halon.kit import load

    kit = load(house.settings.kit, house.environ)
    hands = Hands(kit=kit, evidence=house.evidence, record=RecordStore(house.evidence), journal=Journal(house.evidence),
                  temporal=house.client, http=house.http, environ=house.environ, home=house.settings.home)  # fmt: skip
    with pytest.raises(Exception, match="RollUp") as caught:
        await ActivityEnvironment().run(MorningRollUp(hands).send, Morning(times.text(datetime.now(UTC))))
    assert getattr(caught.value, "type", "") == as_failure(NotAnIncident("x")).type


async def test_the_page_of_a_quiet_morning_says_that_nothing_is_open(house: Any) -> None:
    """Read by hand there is always an answer; what can't be read is named, and keeps nothing else back."""
    found = await gathered(house.record, times.text(datetime.now(UTC)))
    assert "No incident is open." in told(found)
    broken = "incident-broken.x:run-1"
    written = Chain(incident_id=broken).append(found.at, "note", "triage", "halon", "first", {})
    receipt = await house.record.append(broken, written.batch())
    await house.record.put_checkpoint(broken, receipt.seq, receipt.head, b"not a state")
    page = told(await gathered(house.record, times.text(datetime.now(UTC))))
    assert "No incident is open." in page
    assert "Could not be read: INC-" in page


def test_what_stands_in_an_incident_is_text_in_the_page() -> None:
    """A name or a headline from outside is no link, no tag and no control character there."""
    hostile = "# x <script>y</script> https://evil.example \x1b[2J\u202e"
    line = Line("INC-1", "SEV1", hostile, hostile, NOW, hostile, "", "", hostile, NOW, 1, (hostile,), NOW, False)
    page = told(Gathered(NOW, (line,), (line,), (hostile,)))
    assert not any(bad in page for bad in ("<script>", "https://", "\x1b", "\u202e"))
    assert "INC-1 SEV1" in page
