"""A second, independent implementation of the hardest deadline rules, compared with Halon's over random dates.

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
from halon.judgement.deadlines import StandIn
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


def stages(
    regime: Regime, filed: dict[str, str] | None = None, instead: dict[str, StandIn] | None = None, **facts: Any
) -> dict[str, Stage]:
    now = iso(START + timedelta(days=365 * 9))
    held = {"roles": list(regime.roles), **facts}
    keyed = {f"{regime.id}/{stage}": at for stage, at in (filed or {}).items()}
    return {one.id: one for one in oblige(regime, held, keyed, instead or {}, now).stages}


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
    facts: dict[str, Any] = {"major_ict_incident": True, "aware_at": iso(first), "classified_major_at": iso(first)}
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
    facts: dict[str, Any] = {"personal_data_involved": True, "acquired_vs_accessed": "acquired", "data_encrypted": False,
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


BRUSSELS = "Europe/Brussels"
CRA_IN_FORCE = timedelta(days=620)


def there(at: datetime) -> date:
    return at.astimezone(ZoneInfo(BRUSSELS)).date()


@settings(max_examples=150, deadline=None)
@given(aware=moments, said=gaps)
def test_dora_first_report_while_nobody_says_when_it_was_classified(
    laws: Laws, aware: datetime, said: timedelta
) -> None:
    """Unclassified the day from awareness may pass, since a later classification counts for itself. Once a person has said that it
    is major, it was classified by then: four hours from that word, cut off by the day unless the word came after it."""
    law, begun = laws["eu-dora-19"], iso(aware - timedelta(minutes=7))
    none = stages(law, None, {"classified_major_at": StandIn(begun, "meanwhile")}, aware_at=iso(aware))["initial"]
    assert same(none, aware + timedelta(hours=24))
    assert (none.awaits, none.provisional) == ("classified_major_at", True)
    word = aware + said
    proved = StandIn(begun, "meanwhile", iso(word), "it was said")
    found = stages(law, None, {"classified_major_at": proved}, aware_at=iso(aware), major_ict_incident=True)["initial"]
    mine = word + timedelta(hours=4)
    if word <= aware + timedelta(hours=24):
        mine = min(mine, aware + timedelta(hours=24))
    assert same(found, mine)
    assert (found.awaits, found.provisional, found.stand_in) == ("", True, False)


@settings(max_examples=150, deadline=None)
@given(aware=moments, gap=gaps, handled=st.integers(0, 60 * 24 * 90), known=st.booleans())
def test_nis2_chain(laws: Laws, aware: datetime, gap: timedelta, handled: int, known: bool) -> None:
    """A day, three days, then a month from the filing of the notification; where it went on beyond that, a month from its end,
    or from the word that it is over as long as nobody says since when."""
    filed = aware + gap
    ended = filed + timedelta(minutes=handled)
    told = {"incident_handled_at": iso(ended)} if known else {}
    instead = {} if known else {"incident_handled_at": StandIn(iso(ended), "by then", iso(ended), "by then")}
    found = stages(laws["eu-nis2-23"], {"notification": iso(filed)}, instead, significant_incident=True,
                   aware_at=iso(aware), incident_ongoing=False, **told)  # fmt: skip
    month = end_of(a_month_on(there(filed)), BRUSSELS)
    mine = month if ended <= month else end_of(a_month_on(there(ended)), BRUSSELS)
    assert same(found["early_warning"], aware + timedelta(hours=24))
    assert same(found["notification"], aware + timedelta(hours=72))
    assert same(found["final"], mine)
    assert found["final"].provisional == (not known and ended > month)
    assert "progress" not in found
    on = stages(laws["eu-nis2-23"], {"notification": iso(filed)}, significant_incident=True, aware_at=iso(aware),
                incident_ongoing=True)  # fmt: skip
    assert same(on["progress"], month)
    assert on["final"].due == ""


@settings(max_examples=150, deadline=None)
@given(start=moments, gap=gaps, measure=gaps)
def test_cra_chains(laws: Laws, start: datetime, gap: timedelta, measure: timedelta) -> None:
    """A day and three days from awareness; a month from the filing of the notification of an incident, and fourteen days from the
    day on which a measure against a vulnerability became available, whatever was filed."""
    aware = start + CRA_IN_FORCE
    filed, fixed = aware + gap, aware + measure
    incident = stages(laws["eu-cra-14-inc"], {"notification": iso(filed)}, severe_incident_product_security=True,
                      aware_at=iso(aware))  # fmt: skip
    hole = stages(laws["eu-cra-14-vuln"], {"notification": iso(filed)}, actively_exploited_vulnerability=True,
                  aware_at=iso(aware), measure_available_at=iso(fixed))  # fmt: skip
    for found in (incident, hole):
        assert same(found["early_warning"], aware + timedelta(hours=24))
        assert same(found["notification"], aware + timedelta(hours=72))
    assert same(incident["final"], end_of(a_month_on(there(filed)), BRUSSELS))
    assert same(hole["final"], end_of(there(fixed) + timedelta(14), BRUSSELS))
    assert not hole["final"].provisional


@settings(max_examples=150, deadline=None)
@given(aware=moments, bank=st.booleans())
def test_roll_over_in_the_union(laws: Laws, aware: datetime, bank: bool) -> None:
    """A last day on a weekend or holiday may be argued to be the next working day: its end, for DORA its noon, and for banks not
    for the first report. The due time stays."""
    filed = {"notification": iso(aware)}
    final = stages(laws["eu-nis2-23"], filed, significant_incident=True, aware_at=iso(aware))["final"]
    first = stages(laws["eu-dora-19"], major_ict_incident=True, aware_at=iso(aware), classified_major_at=iso(aware),
                   dora_entity_type="bank" if bank else "insurer")["initial"]  # fmt: skip
    for stage, at in ((final, time(23, 59, 59)), (first, time(12))):
        last = rolled = there(datetime.fromisoformat(stage.due))
        while rolled.weekday() in (5, 6) or (rolled.month, rolled.day) in ((1, 1), (12, 25)):
            rolled += timedelta(1)
        argued = datetime.combine(rolled, at, ZoneInfo(BRUSSELS)).isoformat()
        off = rolled == last or (bank and stage is first)
        assert stage.latest_arguable.partition("[")[0] == ("" if off else argued)
