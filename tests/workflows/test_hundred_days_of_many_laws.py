"""A hundred days under laws of two continents and two legal entities: business days, a month's end, an embargo, a rule that
nobody confirmed, two stages beside each other, a clock that nobody can place: each at its minute, with time skipping."""

from __future__ import annotations

import calendar
import importlib.util
import re
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from temporalio.testing import WorkflowEnvironment

from halon.incident import times
from halon.incident.state import State

pytestmark = pytest.mark.long
_found = importlib.util.spec_from_file_location("hundred_days", Path(__file__).with_name("test_hundred_days.py"))
assert _found is not None
assert _found.loader is not None
days: Any = importlib.util.module_from_spec(_found)
_found.loader.exec_module(days)
env = days.env

NEW_YORK, CHICAGO = ZoneInfo("America/New_York"), ZoneInfo("America/Chicago")
SEC, CPNI, TEXAS = "us-sec-8k@acme-us/filing", "us-fcc-cpni@acme-us", "us-tx@acme-us"
EARLY, NOTIFICATION, FINAL = (f"eu-nis2-23/{one}" for one in ("early_warning", "notification", "final"))
ENTITY = """\
name: Acme Inc.
roles: [controller, sec_registrant, telecom_carrier_us]
establishments: [US-TX]
zone: America/Chicago
authorities:
  data_protection: {name: the authority of Acme Inc., recipient: us-notices@authority.example}
"""


def prepared(folder: Path) -> Path:
    """The kit of an operator in Germany with a carrier in Texas that is listed in New York."""
    kit: Path = days.prepared(folder)
    (kit / "regimes" / "eu-dora-19.yaml").unlink()
    own = kit / "entities" / "acme-eu.yaml"
    own.write_text(own.read_text().replace("financial_entity_dora", "nis2_essential"))
    (kit / "entities" / "acme-us.yaml").write_text(ENTITY)
    told = kit / "communications.yaml"  # leadership hears once a day: it is the clocks that are looked at here
    told.write_text(
        told.read_text().replace("leadership: {SEV1: 60, SEV2: 60}", "leadership: {SEV1: 1440, SEV2: 1440}")
    )
    for pack, name in (
        ("eu", "eu-nis2-23"),
        ("us-states", "us-tx"),
        ("us-finance", "us-sec-8k"),
        ("telecom", "us-fcc-cpni"),
    ):
        law = (kit / "packs" / pack / "regimes" / f"{name}.yaml").read_text()
        law = re.sub(r"^  deadline_minutes: \d+", "  deadline_minutes: 10080", law, flags=re.MULTILINE)
        law = re.sub(r"^  escalate_after_minutes: \d+", "  escalate_after_minutes: 1440", law, flags=re.MULTILINE)
        (kit / "regimes" / f"{name}.yaml").write_text(law)
    return kit


def free(day: date) -> bool:
    """Whether a day of January or February is none of business in the United States; made anew here."""
    if day.weekday() > 4 or (day.month, day.day) == (1, 1):
        return True
    return day.month in (1, 2) and day.weekday() == 0 and 15 <= day.day <= 21  # Martin Luther King, Washington


def business_days(start: datetime, count: int) -> datetime:
    """The end of the last of ``count`` business days after ``start``, in New York."""
    day = start.astimezone(NEW_YORK).date()
    while count:
        day += timedelta(days=1)
        count -= not free(day)
    return end_of(day, NEW_YORK)


def end_of(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(23, 59, 59), zone).astimezone(UTC)


def month_after(day: date) -> date:
    """The same day of the next month, or its last one."""
    year, month = (day.year + day.month // 12, day.month % 12 + 1)
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def came(state: State, key: str) -> datetime:
    """When the ledger's ``key`` fired."""
    return times.parse(state.ledger[key])


def over_at(state: State, word: str, name: str, due: datetime) -> None:
    """The clock ended in this way (``missed`` or ``ran-out``), at its minute, and in no other."""
    other = {"missed": "ran-out", "ran-out": "missed"}[word]
    stamp = next(one.removeprefix(f"{word}:{name}@") for one in state.ledger if one.startswith(f"{word}:{name}@"))
    assert days.close(times.parse(stamp), due), (name, stamp, due)
    assert days.close(came(state, f"{word}:{name}@{stamp}"), due)
    assert not any(one.startswith(f"{other}:{name}@") for one in state.ledger)
    assert (name in state.missed) is (word == "missed")


def warned_at_their_minute(state: State, name: str, started: datetime, due: datetime) -> None:
    """At half, three quarters and nine tenths of the span, and whatever else was set, each came when it should."""
    found = days.warned(state, name)
    for moment, at in found.items():
        assert days.close(moment, at), (name, moment, at)
    for share in (0.5, 0.75, 0.9):
        wanted = started + (due - started) * share
        assert any(days.close(wanted, one) for one in found), (name, share, sorted(found))


async def test_promise_5_a_hundred_days_of_many_laws_each_at_its_minute(
    env: WorkflowEnvironment, tmp_path: Path
) -> None:
    """NIS2 with a month's end, SEC in business days, Texas in two stages, the FCC's embargo, and what nobody can place."""
    today = await env.get_current_time()
    first = datetime(today.year + 1, 1, 5, 10, tzinfo=UTC)
    await env.sleep(first - today)
    async with days.world(env, tmp_path, prepared) as (handle, began):
        say, until, skip = days.say, days.until, days.skip
        await until(handle, lambda state: bool(state.level))
        assert "Acknowledged" in await say(handle, "ack", "ann")
        await skip(env, timedelta(hours=1))
        determined = times.text(began + timedelta(minutes=30))
        told = [
            ("entities_involved", ["acme-us"], ""), ("personal_data_involved", True, ""), ("risk_to_individuals", "unlikely", ""),
            ("cybersecurity_incident", True, ""), ("incident_ongoing", False, ""), ("severe_operational_disruption_possible", True, ""),
            ("aware_at", determined, "acme-eu"), ("data_categories", ["cpni"], "acme-us"),
            ("affected_by_jurisdiction", {"US-TX": 900}, "acme-us"), ("acquired_vs_accessed", "acquired", "acme-us"),
            ("data_encrypted", False, ""), ("determined_breach_at", determined, "acme-us"),
        ]  # fmt: skip
        for name, value, entity in told:
            whose = {"entity": entity} if entity else {}
            answer = await say(handle, "fact", "pat", name=name, value=value, reason="found out", **whose)
            assert "Unknown" not in answer, answer
        assert "declined" in await say(handle, "decline", "cus", obligation="contract-dpa", reason="no customer's data")
        state = await until(handle, lambda state: any(one.name == CPNI for one in state.obligations)
                            and days.due(state, EARLY) == times.parse(determined) + timedelta(hours=24))  # fmt: skip
        aware = times.parse(determined)
        assert days.due(state, NOTIFICATION) == aware + timedelta(hours=72)
        texas = {one: end_of(aware.astimezone(CHICAGO).date() + timedelta(days=span), CHICAGO)
                 for one, span in (("attorney_general", 30), ("individuals", 60))}  # fmt: skip
        assert {one: days.close(days.due(state, f"{TEXAS}/{one}"), end) for one, end in texas.items()} == dict.fromkeys(
            texas, True
        )
        agencies = business_days(aware, 7)
        assert days.close(days.due(state, f"{CPNI}/agencies"), agencies)
        # Until the agencies are told it ends with no date; its end is reckoned as if they were told at the limit.
        assert days.stage(state, f"{CPNI}/customers").not_before == "?"
        assert state.assessment is not None
        kept = next(one for one in state.assessment.embargoes if one.obligation == CPNI and one.stage == "customers")
        assert (kept.provisional, days.close(times.parse(kept.until), business_days(agencies, 7))) == (True, True)

        # The early warning goes out in time; the notification is missed at its minute, and again said each day.
        await skip(env, timedelta(hours=5))
        assert "was filed" in await say(handle, "filed", "pat", obligation="eu-nis2-23", stage="early_warning", reference="N-1",
                                        reason="on the portal")  # fmt: skip
        await skip(env, aware + timedelta(hours=72, minutes=2) - await env.get_current_time())
        state = await until(handle, lambda state: NOTIFICATION in state.missed)
        over_at(state, "missed", NOTIFICATION, aware + timedelta(hours=72))
        warned_at_their_minute(state, NOTIFICATION, aware, aware + timedelta(hours=72))

        # Four business days from the determination, over a weekend and a holiday; filed in the last hour.
        await skip(env, datetime(first.year, 1, 14, 17, tzinfo=UTC) - await env.get_current_time())
        for name, value in (
            ("material_to_investors", "yes"),
            ("materiality_determined_at", times.text(await env.get_current_time())),
        ):
            await say(handle, "fact", "pat", name=name, value=value, reason="the board says so", entity="acme-us")
        started = await env.get_current_time()
        sec = business_days(started, 4)
        state = await until(
            handle, lambda state: bool(days.stage(state, SEC).due) and not days.stage(state, SEC).provisional
        )
        assert days.close(days.due(state, SEC), sec)

        # The rule that nobody confirmed runs out meanwhile, loudly, and is no miss; then it is filed, and its embargo runs.
        await skip(env, agencies + timedelta(minutes=2) - await env.get_current_time())
        state = await until(
            handle, lambda state: any(one.startswith(f"ran-out:{CPNI}/agencies@") for one in state.ledger)
        )
        over_at(state, "ran-out", f"{CPNI}/agencies", agencies)
        made = await env.get_current_time()
        assert "was filed" in await say(handle, "filed", "pat", obligation=CPNI, stage="agencies", reference="F-1",
                                        reason="through the facility, counsel was waited for")  # fmt: skip
        embargo = business_days(made, 7)
        state = await until(handle, lambda state: days.stage(state, f"{CPNI}/customers").not_before not in ("", "?"))
        assert days.close(times.parse(days.stage(state, f"{CPNI}/customers").not_before), embargo)
        assert days.close(times.parse(days.stage(state, f"{TEXAS}/individuals").not_before), embargo)
        assert days.stage(state, f"{TEXAS}/attorney_general").not_before == ""

        await skip(env, sec - timedelta(minutes=30) - await env.get_current_time())
        state = await days.state_of(handle)
        opened = times.parse(days.stage(state, SEC).started)
        warned_at_their_minute(state, SEC, opened, sec)
        assert "was filed" in await say(
            handle, "filed", "pat", obligation=SEC.partition("/")[0], reference="S-1", reason="EDGAR"
        )
        await skip(env, embargo + timedelta(minutes=2) - await env.get_current_time())
        state = await days.state_of(handle)
        key = next(one for one in state.ledger if one.startswith(f"embargo-ends:{CPNI}/customers@"))
        assert days.close(came(state, key), embargo)

        # A filing on the last day of a long month: the final report is due on the last day of the short one after it.
        late = datetime(first.year, 1, 31, 12, tzinfo=UTC)
        await skip(env, late - await env.get_current_time())
        assert "Late because" in await say(handle, "filed", "pat", obligation="eu-nis2-23", stage="notification", reference="N-2",
                                           reason="the decider was ill")  # fmt: skip
        state = await until(handle, lambda state: not days.stage(state, FINAL).provisional)
        berlin = ZoneInfo("Europe/Berlin")
        month = end_of(month_after(late.astimezone(berlin).date()), berlin)
        assert days.close(days.due(state, FINAL), month)

        # Texas: the Attorney General is missed at the minute and filed late; the people hear in time. Each has its own gate.
        await skip(env, texas["attorney_general"] + timedelta(minutes=2) - await env.get_current_time())
        state = await until(handle, lambda state: f"{TEXAS}/attorney_general" in state.missed)
        over_at(state, "missed", f"{TEXAS}/attorney_general", texas["attorney_general"])
        asked = {one.subject for one in state.gates if one.subject.startswith(TEXAS)}
        assert asked == {f"{TEXAS}-attorney_general", f"{TEXAS}-individuals"}
        escalated = 0
        for one in (each for each in state.gates if each.subject in asked):
            for attempt in range(1, one.attempt + 1):  # asked again each week, escalated a day after each time
                if (key := f"gate-escalate:{one.id}:{attempt}") in state.ledger:
                    opened = times.parse(one.opened_at) - timedelta(days=7) * (one.attempt - attempt)
                    assert days.close(came(state, key), opened + timedelta(days=1)), key
                    escalated += 1
        assert escalated
        assert (await say(handle, "filed", "pat", obligation=TEXAS, reference="T-1", reason="x")).startswith(
            "WhichStage"
        )
        for one in ("attorney_general", "individuals"):
            assert "was filed" in await say(handle, "filed", "pat", obligation=TEXAS, stage=one, reference=f"T-{one}",
                                            reason="the form was down")  # fmt: skip

        # The other entity's Texas clock: nobody says when it was determined, or whether it owes it. It ran out, no more.
        state = await days.state_of(handle)
        over_at(state, "ran-out", "us-tx/attorney_general", days.due(state, "us-tx/attorney_general"))
        await skip(env, month + timedelta(minutes=2) - await env.get_current_time())
        state = await until(handle, lambda state: FINAL in state.missed)
        over_at(state, "missed", FINAL, month)
        warned_at_their_minute(state, FINAL, times.parse(days.stage(state, FINAL).started), month)

        await skip(env, began + 100 * days.DAY - await env.get_current_time())
        state = await days.state_of(handle)
        assert sorted(state.missed) == sorted([NOTIFICATION, f"{TEXAS}/attorney_general", FINAL])
        again = [times.parse(at) for key, at in state.ledger.items() if key.startswith("missed-again:")]
        last = max(again)
        assert began + 99 * days.DAY - timedelta(minutes=5) <= last <= began + 100 * days.DAY
