"""The weekly report about observed agents: by a real schedule, from real incidents, once a week, to whose agent it is."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from temporalio.client import WorkflowFailureError
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import ActivityEnvironment

from halon import weekly
from halon.incident import times
from halon.kit import load, starter_path
from halon.ports.observe import Ask
from halon.record.journal import Journal
from halon.rendering import render
from halon.worker import working
from halon_activities.failures import NotAnIncident
from halon_activities.hands import Hands
from halon_activities.observe import Observe, zone_of
from halon_activities.observed import looked_at, names, told
from halon_workflows.observe import ObserveReport

HOSTILE = "# Approved <script>x</script> http://evil.example \x1b[2J\u202e"


def page(house: Any, name: str) -> Path:
    return Path(house.environ["HALON_KIT"]) / "agents" / f"{name}.yaml"


def in_mode(house: Any, mode: str, agent: str = "support-bot") -> None:
    file = page(house, agent)
    file.write_text(re.sub(r"^mode: \w+", f"mode: {mode}", file.read_text("utf-8"), flags=re.MULTILINE), "utf-8")


def reports(house: Any) -> list[dict[str, Any]]:
    """What people were sent about observed agents."""
    log = house.settings.home / "pages.log"
    lines = [json.loads(line) for line in log.read_text("utf-8").splitlines()] if log.exists() else []
    return [line for line in lines if line["key"].startswith("observed-")]


async def run_now(house: Any) -> Any:
    """Start the report as the schedule does, and wait for its end."""
    handle = await house.client.start_workflow(
        ObserveReport.run, {}, id=f"report-{house.settings.task_queue}-{datetime.now(UTC).timestamp()}",
        task_queue=house.settings.task_queue,
    )  # fmt: skip
    return await asyncio.wait_for(handle.result(), 240)


async def told_of(house: Any) -> Any:
    kit = load(house.settings.kit, house.environ)
    return await looked_at(house.record, kit, "support-bot", times.text(datetime.now(UTC)), 7)


async def test_an_observed_incident_is_reported_by_schedule_once_a_week(house: Any) -> None:
    """What would have run and when, how long the harm went on by a person's word, sent to the owner; twice is once."""
    in_mode(house, "observe")
    in_mode(house, "act", "billing-bot")
    queue, zone = house.settings.task_queue, ZoneInfo("Europe/Berlin")
    async with house.worker():
        await house.misbehave()
        await house.open()
        await house.until("the note", lambda s: s["actions"].get("disable-send-email") == "would run")
        await house.say("fact", by="ann", name="ongoing", value=False, reason="seen in the log")
        await house.say("fact", by="ann", name="confirmed", value=True)
        for _ in range(900):
            made = await told_of(house)
            if made.incidents and made.incidents[0].lasted is not None and made.incidents[0].truth == "true":
                break
            await asyncio.sleep(0.1)
        one = made.incidents[0]
        deed = next(each for each in one.deeds if each.action == "disable-send-email")
        assert deed.after is not None
        assert 0 <= deed.after < 60
        assert (deed.asks, deed.disruption, deed.reversible) == ((), 1, True)
        assert next(each for each in one.deeds if each.action == "revoke-token").asks, (
            "the irreversible would have asked"
        )
        assert one.sooner is not None
        assert one.lasted == pytest.approx(one.sooner + deed.after, abs=5)
        assert (made.argument.stand, made.argument.missing) == ("not enough seen yet", 2)

        assert await weekly.ensure(house.client, queue, zone) is True
        assert await weekly.ensure(house.client, queue, zone) is False, "made once, brought up to date after that"
        schedule = house.client.get_schedule_handle(weekly.schedule_id(queue))
        due = (await schedule.describe()).info.next_action_times
        assert {(at.astimezone(zone).isoweekday(), at.astimezone(zone).hour) for at in due} == {(1, 8)}
        for round_ in (1, 2):
            await schedule.trigger()
            for _ in range(2400):
                ran = (await schedule.describe()).info.recent_actions
                if len(ran) >= round_:
                    break
                await asyncio.sleep(0.1)
            ended = house.client.get_workflow_handle(ran[-1].action.workflow_id)
            result = await asyncio.wait_for(ended.result(), 240)
            assert [(each["agent"], each["to"], each["already"]) for each in result] == [
                ("support-bot", ["tom"], round_ == 2)
            ]
        sent = reports(house)
        assert len(sent) == 1, "one a week"
        assert sent[0]["subject"] == ("support-bot (observe): not enough seen yet, 2 more incidents are missing")
        body = sent[0]["body"]
        assert one.reference in body
        assert "would have run" in body
        assert "it would have asked nobody" in body
        assert "until ann said that it is over" in body
        await schedule.delete()
    assert await house.calls("/control/tools/send_email") == [], "an observed agent is touched by nobody"


async def test_a_false_alarm_speaks_against_with_which(house: Any) -> None:
    """Closed as a false alarm, what would have run would have been wrong, and the report says so."""
    in_mode(house, "observe")
    async with house.worker():
        await house.misbehave()
        await house.open()
        await house.until("the note", lambda s: s["actions"].get("disable-send-email") == "would run")
        await house.say("false-alarm", by="ann", reason="it was a test")
        for _ in range(900):
            made = await told_of(house)
            if made.incidents and made.incidents[0].truth == "false alarm":
                break
            await asyncio.sleep(0.1)
    text = told(made)
    assert "it would have been wrong: this was a false alarm" in text
    assert "ann called it a false alarm" in text
    assert made.incidents[0].sooner is None, "nothing is gained by what is wrong"


async def test_a_question_of_mode_suggest_is_told_with_its_answer(house: Any) -> None:
    """In suggest: what was asked, what people said, how long they took."""
    in_mode(house, "suggest")
    async with house.worker():
        await house.misbehave()
        await house.open()
        await house.approve("disable-send-email", by="ann")
        await house.contained()
        for _ in range(900):
            made = await told_of(house)
            deeds = {each.action: each for one in made.incidents for each in one.deeds}
            if deeds and deeds["disable-send-email"].answer == "yes":
                break
            await asyncio.sleep(0.1)
    asked = deeds["disable-send-email"]
    assert asked.answered_after is not None
    assert asked.asks == (), "only the mode asked for it"
    assert "people said yes, after" in told(made)


async def test_nobody_is_told_where_nothing_is_observed_or_nothing_was_seen(house: Any) -> None:
    """Agents in mode act are not reported on; an observed one without any incident makes no mail."""
    for agent in ("support-bot", "billing-bot"):
        in_mode(house, "act", agent)
    async with house.worker():
        assert await run_now(house) == []
    in_mode(house, "observe", "billing-bot")
    async with house.worker():
        assert [(one.agent, one.nothing) for one in await run_now(house)] == [("billing-bot", True)]
    assert reports(house) == []


async def test_an_agent_without_a_file_is_reported_to_whoever_is_on_call(house: Any) -> None:
    """It is observed because nobody listed it: the report says so, and what to do."""
    for agent in ("support-bot", "billing-bot"):
        in_mode(house, "act", agent)
    async with house.worker():
        await house.open(agent="stranger-bot", summary="it did something odd")
        kit = load(house.settings.kit, house.environ)
        for _ in range(900):
            if await names(house.record, kit, times.text(datetime.now(UTC)), 7) == ["stranger-bot"]:
                break
            await asyncio.sleep(0.1)
        done = await run_now(house)
    assert [(one.agent, bool(one.to)) for one in done] == [("stranger-bot", True)]
    assert "The kit has no file for this agent" in reports(house)[0]["body"]


async def test_a_report_that_reaches_nobody_fails_by_name(house: Any) -> None:
    """No silent loss: the run is red in Temporal, and says whose report did not go out."""
    in_mode(house, "observe")
    oncall = Path(house.environ["HALON_KIT"]) / "oncall.yaml"
    oncall.write_text(re.sub(r"(tom: .*channels: )\[[^\]]*\]", r"\1[pager]", oncall.read_text("utf-8")), "utf-8")
    async with house.worker():
        await house.misbehave()
        await house.open()
        await house.until("the note", lambda s: s["actions"].get("disable-send-email") == "would run")
        with pytest.raises(WorkflowFailureError) as failed:
            await run_now(house)
    assert "support-bot" in str(failed.value.cause)
    assert "has no channel for something to read" in str(failed.value.cause)


async def test_only_the_weekly_workflow_may_send_and_only_of_this_week(house: Any) -> None:
    """An activity that somebody starts by hand, or for another week, sends nothing."""
    kit = load(house.settings.kit, house.environ)
    hands = Hands(kit=kit, evidence=house.evidence, record=house.record, journal=Journal(house.evidence),
                  temporal=house.client, http=house.http, environ=house.environ, home=house.settings.home)  # fmt: skip
    environment = ActivityEnvironment()
    now = times.text(datetime.now(UTC))
    with pytest.raises(ApplicationError, match="acts only for a workflow of type ObserveReport") as refused:
        await environment.run(Observe(hands).report, Ask("support-bot", now))
    assert refused.value.type == NotAnIncident.__name__
    environment.info = dataclasses.replace(environment.info, workflow_type="ObserveReport")
    for wrong in (times.text(datetime.now(UTC) - timedelta(days=30)), times.after(now, 86_400), "soon"):
        with pytest.raises(Exception, match=r"not of this week|no time"):
            await environment.run(Observe(hands).report, Ask("support-bot", wrong))
    assert reports(house) == []


async def test_a_paused_schedule_stays_paused(house: Any) -> None:
    """Somebody paused it: the next worker brings it up to date and does not switch it on again."""
    queue = house.settings.task_queue
    await weekly.ensure(house.client, queue, ZoneInfo("UTC"))
    schedule = house.client.get_schedule_handle(weekly.schedule_id(queue))
    await schedule.pause(note="not now")
    assert await weekly.ensure(house.client, queue, ZoneInfo("Asia/Tokyo")) is False
    found = (await schedule.describe()).schedule
    assert (found.state.paused, found.state.note) == (True, "not now")
    assert found.spec.time_zone_name == "Asia/Tokyo"
    await schedule.delete()


def test_text_from_outside_stays_text_in_the_report() -> None:
    """An agent's name may be anything: nothing of it is markup, a link, or a line of its own."""
    text = render("weekly/observed.txt.j2", {
        "agent": HOSTILE, "mode": "observe", "title": HOSTILE, "listed": False, "since": "2026-11-15T10:00:00.000Z",
        "until": "2026-11-22T10:00:00.000Z", "counted": 0, "argued_days": 90, "more": 0, "unread": [HOSTILE],
        "argument": {"heading": HOSTILE, "reasons": [HOSTILE]},
        "incidents": [{"reference": HOSTILE, "severity": HOSTILE, "alerted_at": HOSTILE, "truth": HOSTILE,
                       "truth_because": HOSTILE, "left_out": HOSTILE, "lasted_words": HOSTILE, "sooner_words": HOSTILE,
                       "deeds": [{"title": HOSTILE, "told": [HOSTILE]}]}],
    })  # fmt: skip
    assert "<script>" not in text
    assert "://evil" not in text
    assert not {"\x1b", "\u202e"} & set(text)
    assert len(text.splitlines()[0]) > len("Subject: ")


def test_the_zone_is_that_of_the_general_rule() -> None:
    """Monday morning is the organisation's own."""
    assert zone_of(load(starter_path(), {})).key == "Europe/Berlin"


async def test_a_worker_that_starts_makes_the_schedule(house: Any) -> None:
    """Nobody has to think of it: `halon worker` and `halon up` see to it, and say so."""
    said: list[str] = []
    kit = load(house.settings.kit, house.environ)
    name = weekly.schedule_id(house.settings.task_queue)
    async with working(house.client, house.settings, kit, house.evidence, house.environ, said.append):
        for _ in range(900):
            if len(said) == 2:  # this one's, and the morning roll-up's
                break
            await asyncio.sleep(0.1)
        found = (await house.client.get_schedule_handle(name).describe()).schedule
    assert [line for line in said if "roll-up" not in line] == [
        f"observed agents are reported on every Monday at 08:00, Europe/Berlin (schedule {name})"
    ]
    assert found.action.task_queue == house.settings.task_queue
    await house.client.get_schedule_handle(name).delete()


async def test_an_outage_of_temporal_puts_the_schedule_off_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is tried again until it is there; the worker goes on meanwhile."""
    tried: list[int] = []

    async def ensure(*_: Any) -> bool:
        tried.append(1)
        if len(tried) < 3:
            raise RPCError("away", RPCStatusCode.UNAVAILABLE, b"")
        return True

    monkeypatch.setattr(weekly, "ensure", ensure)
    monkeypatch.setattr(weekly, "_AGAIN", 0.01)
    said: list[str] = []
    await asyncio.wait_for(weekly.keep_weekly(None, "halon", ZoneInfo("UTC"), say=said.append), 5)  # type: ignore[arg-type]
    assert (len(tried), len(said)) == (3, 1)
    assert weekly.SCHEDULE_ID in said[0]
