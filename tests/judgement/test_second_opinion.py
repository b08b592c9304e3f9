"""A second, independent implementation of the six hardest deadline rules, compared with Halon's over random dates.

It shares no code with Halon: dates are stepped through one by one, holidays are spelt out by their rule in words, and the
zone's offset is looked up only for the end of a day. What it is compared with is what ``oblige`` says by the shipped packs.
"""

from __future__ import annotations

import calendar
import shutil
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from halon.incident.assessment import Stage
from halon.judgement.obligations import oblige
from halon.judgement.regime import Regime
from halon.kit import load, starter_path

MINUTES = 60 * 24 * 365 * 8
START = datetime(2025, 2, 1, tzinfo=UTC)  # each of these laws but one is in force by then
moments = st.integers(0, MINUTES).map(lambda minutes: START + timedelta(minutes=minutes))
gaps = st.integers(0, 60 * 24 * 40).map(lambda minutes: timedelta(minutes=minutes))
Laws = dict[str, Regime]


@pytest.fixture(scope="module")
def laws(tmp_path_factory: pytest.TempPathFactory) -> Laws:
    """The regimes of the packs, by id."""
    folder = tmp_path_factory.mktemp("second") / "kit"
    shutil.copytree(starter_path(), folder)
    page = folder / "organisation.yaml"
    page.write_text(page.read_text().replace("packs: []", "packs: [eu, us-finance, us-health, us-states, americas]"))
    return {one.id: one for one in load(Path(folder), {}).policy.regimes}


def iso(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


def stages(regime: Regime, filed: dict[str, str] | None = None, **facts: Any) -> dict[str, Stage]:
    now = iso(START + timedelta(days=365 * 9))
    held = {"roles": list(regime.roles), **facts}
    keyed = {f"{regime.id}/{stage}": at for stage, at in (filed or {}).items()}
    return {one.id: one for one in oblige(regime, held, keyed, {}, now).stages}


def same(stage: Stage, wanted: datetime) -> bool:
    return datetime.fromisoformat(stage.due) == wanted


def end_of(day: date, zone: str) -> datetime:
    """The last second of ``day`` there."""
    return datetime.combine(day, time(23, 59, 59)).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def us_days_off(year: int) -> set[date]:
    """The federal holidays of a year, found by walking through it."""
    off: set[date] = set()
    seen: dict[tuple[int, int], int] = {}
    day = date(year, 1, 1)
    while day.year == year:
        key = (day.month, day.weekday())
        seen[key] = seen.get(key, 0) + 1
        nth = seen[key]
        if (day.month, day.weekday(), nth) in {(1, 0, 3), (2, 0, 3), (9, 0, 1), (10, 0, 2), (11, 3, 4)}:
            off.add(day)
        if day.month == 5 and day.weekday() == 0 and (day + timedelta(7)).month == 6:
            off.add(day)
        day += timedelta(1)
    for whose in (year, year + 1):
        for month, number in ((1, 1), (6, 19), (7, 4), (11, 11), (12, 25)):
            kept = date(whose, month, number)
            kept += timedelta({5: -1, 6: 1}.get(kept.weekday(), 0))
            if kept.year == year:
                off.add(kept)
    return off


def easter(year: int) -> date:
    """The Sunday after the first ecclesiastical full moon of spring, by the method of Butcher."""
    a, (b, c) = year % 19, divmod(year, 100)
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    weekday = (32 + 2 * e + 2 * i - h - k) % 7
    m = (a + 11 * h + 22 * weekday) // 451
    month, day = divmod(h + weekday - 7 * m + 114, 31)
    return date(year, month, day + 1)


def brazil_days_off(year: int) -> set[date]:
    fixed = "01-01 04-21 05-01 09-07 10-12 11-02 11-15 11-20 12-25"
    return {date.fromisoformat(f"{year}-{one}") for one in fixed.split()} | {easter(year) - timedelta(2)}


def walk(day: date, count: int, off: Any) -> date:
    while count:
        day += timedelta(1)
        if day.weekday() in (0, 1, 2, 3, 4) and day not in off(day.year):
            count -= 1
    return day


def a_month_on(day: date) -> date:
    year, month = (day.year + 1, 1) if day.month == 12 else (day.year, day.month + 1)
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


@settings(max_examples=150, deadline=None)
@given(aware=moments, gap=gaps)
def test_dora_first_report(laws: Laws, aware: datetime, gap: timedelta) -> None:
    """Four hours from the classification, a day from awareness; classified after that day, four hours stand alone."""
    classified = aware + gap
    mine = classified + timedelta(hours=4)
    if gap <= timedelta(hours=24):
        mine = min(mine, aware + timedelta(hours=24))
    found = stages(
        laws["eu-dora-19"], major_ict_incident=True, aware_at=iso(aware), classified_major_at=iso(classified)
    )
    assert same(found["initial"], mine)
    assert not found["initial"].provisional


@settings(max_examples=100, deadline=None)
@given(first=moments, gap=gaps, update=gaps)
def test_dora_chain(laws: Laws, first: datetime, gap: timedelta, update: timedelta) -> None:
    """Three days from the first filing; a month, to the end of that day, from the last update of the second."""
    second, third = first + gap, first + gap + update
    filed = {"initial": iso(first), "intermediate": iso(second), "intermediate~latest": iso(third)}
    facts = {"major_ict_incident": True, "aware_at": iso(first), "classified_major_at": iso(first)}
    found = stages(laws["eu-dora-19"], filed, **facts)
    assert same(found["intermediate"], first + timedelta(hours=72))
    assert same(
        found["final"], end_of(a_month_on(third.astimezone(ZoneInfo("Europe/Brussels")).date()), "Europe/Brussels")
    )


@settings(max_examples=150, deadline=None)
@given(at=moments)
def test_sec_four_business_days(laws: Laws, at: datetime) -> None:
    """Four business days after the day of the determination in New York, federal holidays as they are kept left out."""
    zone = "America/New_York"
    mine = end_of(walk(at.astimezone(ZoneInfo(zone)).date(), 4, us_days_off), zone)
    found = stages(laws["us-sec-8k"], cybersecurity_incident=True, material_to_investors="yes",
                   materiality_determined_at=iso(at))  # fmt: skip
    assert same(found["filing"], mine)


@settings(max_examples=150, deadline=None)
@given(at=moments, people=st.integers(0, 1000))
def test_hipaa_to_the_secretary(laws: Laws, at: datetime, people: int) -> None:
    """From five hundred people on sixty days; below, sixty days after the end of the year of discovery there."""
    zone = "America/New_York"
    day = at.astimezone(ZoneInfo(zone)).date()
    begin = day if people >= 500 else date(day.year, 12, 31)
    found = stages(laws["us-hipaa-408"], unsecured_phi=True, affected_individuals=people, discovered_at=iso(at))
    assert same(found["hhs"], end_of(begin + timedelta(60), zone))


@settings(max_examples=150, deadline=None)
@given(at=moments, small=st.booleans())
def test_brazil_three_or_six_business_days(laws: Laws, at: datetime, small: bool) -> None:
    """Business days in Brazil after the day of knowledge there, twice as many for a small agent."""
    zone = "America/Sao_Paulo"
    mine = end_of(walk(at.astimezone(ZoneInfo(zone)).date(), 6 if small else 3, brazil_days_off), zone)
    found = stages(laws["br-lgpd"], personal_data_involved=True, affected_by_jurisdiction={"BR": 5},
                   data_categories=["health"], risk_to_individuals="risk", is_large_or_small_br=small, aware_at=iso(at))  # fmt: skip
    assert same(found["notification"], mine)


@settings(max_examples=150, deadline=None)
@given(at=moments, told=gaps, counted=st.integers(0, 1200))
def test_california_and_its_attorney_general(laws: Laws, at: datetime, told: timedelta, counted: int) -> None:
    """Thirty days from discovery; above five hundred residents fifteen days from the day on which they were told."""
    zone = "America/Los_Angeles"
    facts = {"personal_data_involved": True, "acquired_vs_accessed": "acquired", "data_encrypted": False,
             "affected_by_jurisdiction": {"US-CA": counted}, "discovered_at": iso(at)}  # fmt: skip
    found = stages(laws["us-ca"], **facts, individuals_notified_at=iso(at + told))
    here = ZoneInfo(zone)
    # The law holds from 1 January 2026 on, and where no resident is concerned nothing is owed.
    if counted == 0 or at.astimezone(here).date() < date(2026, 1, 1):
        assert found == {}
        return
    assert same(found["individuals"], end_of(at.astimezone(here).date() + timedelta(30), zone))
    assert ("attorney_general" in found) == (counted > 500)
    if counted > 500:
        assert same(found["attorney_general"], end_of((at + told).astimezone(here).date() + timedelta(15), zone))
