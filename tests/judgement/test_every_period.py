"""Every period of every regime, each against a row that was written from the specification of the law.

The figures of a row are worked out here by plain steps over dates, and judged is what ships: all packs, through ``assess``.
"""

from __future__ import annotations

import calendar
import shutil
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml

from halon.incident.assessment import Obligation, Stage
from halon.incident.facts import Fact
from halon.judgement.assess import assess
from halon.judgement.policy import Policy
from halon.judgement.vocabulary import VOCABULARY
from halon.kit import load, starter_path

ROWS: list[dict[str, Any]] = yaml.load(
    (Path(__file__).parent / "law" / "periods.yaml").read_text("utf-8"), Loader=yaml.CSafeLoader
)
WHO = "every-law"
START = datetime(2028, 3, 8, 15, 10, tzinfo=UTC)
"""When each clock begins: all that is law stands by then, and no public holiday lies in the business days that follow."""
FILED = datetime(2028, 3, 9, 13, 20, tzinfo=UTC)
ASKED = datetime(2028, 3, 8, 16, 0, tzinfo=UTC)
CONTRACT_HOURS = 11
LAST = time(23, 59, 59)


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Policy:
    """The starter kit with every pack on and one entity that has every contract."""
    folder = tmp_path_factory.mktemp("periods") / "kit"
    shutil.copytree(starter_path(), folder)
    page = folder / "organisation.yaml"
    packs = sorted(one.name for one in (folder / "packs").iterdir())
    page.write_text(page.read_text().replace("packs: []", f"packs: [{', '.join(packs)}]"))
    contract = {"name": "the other one", "recipient": "them@example.com", "hours": CONTRACT_HOURS}
    names = (yaml.load(one.read_text("utf-8"), Loader=yaml.CSafeLoader) for one in folder.glob("**/regimes/*.yaml"))
    file = {
        "name": "Every Law Ltd", "roles": ["controller"], "establishments": ["DE"], "zone": "Europe/Brussels",
        "authorities": {"data_protection": {"name": "an authority", "recipient": "notices@authority.example"}},
        "contracts": {law["id"]: contract for law in names if law.get("contract")},
    }  # fmt: skip
    (folder / "entities" / f"{WHO}.yaml").write_text(yaml.safe_dump(file))
    return load(folder, {}).policy


def iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def judged(
    policy: Policy, row: Mapping[str, Any], facts: Mapping[str, Any], filed: Mapping[str, datetime] | None = None,
    now: datetime = ASKED,
) -> Obligation:  # fmt: skip
    """The duty of ``row`` on its facts with ``facts`` put over them."""
    told = {**row["given"], **facts}
    told = {name: iso(START) if value == "FROM" else value for name, value in told.items()}
    said = [
        Fact(name, None if value == "unknown" else value, "person", iso(now), "kim") for name, value in told.items()
    ]
    filings = {f"{row['regime']}/{stage}": iso(at) for stage, at in (filed or {}).items()}
    found = assess(said, policy, iso(now), agent="support-bot", entity=WHO, filed=filings)
    return next(one for one in found.obligations if one.id == row["regime"] and one.entity == WHO)


def after(start: datetime, within: str, zone: str) -> datetime:
    """When ``within`` from ``start`` ends, with the day counted where the authority is."""
    words = within.split()
    amount, unit = int(words[0]), words[1] if words[1] == "business" else words[1].removesuffix("s")
    if unit == "hour":
        return start + timedelta(hours=amount)
    day = start.astimezone(ZoneInfo(zone)).date()
    if within.endswith("after the year"):
        day = date(day.year, 12, 31)
    if unit == "month":
        year, month = day.year + day.month // 12, day.month % 12 + 1
        day = date(year, month, min(day.day, calendar.monthrange(year, month)[1]))
    elif unit == "business":
        while amount:
            day += timedelta(days=1)
            amount -= day.weekday() < 5
    else:
        assert unit == "day", within
        day += timedelta(days=amount)
    return datetime.combine(day, LAST, ZoneInfo(zone)).astimezone(UTC)


def told(stage: Stage) -> datetime:
    assert stage.due, stage
    return datetime.fromisoformat(stage.due)


def stage_of(duty: Obligation, name: str) -> Stage:
    return next(one for one in duty.stages if one.id == name)


def periods() -> list[Any]:
    found = []
    for row in ROWS:
        for stage, rule in row["stages"].items():
            base = rule.get("facts", {})
            found.append(pytest.param(row, stage, rule, base, id=f"{row['regime']}/{stage}"))
            for number, other in enumerate(rule.get("other", ())):
                changed = {**rule, "within": other["within"]}
                found.append(
                    pytest.param(
                        row, stage, changed, {**base, **other["facts"]}, id=f"{row['regime']}/{stage}-{number}"
                    )
                )
    return found


@pytest.mark.parametrize(("row", "stage", "rule", "change"), periods())
def test_each_stage_falls_due_when_the_law_says(
    policy: Policy, row: dict[str, Any], stage: str, rule: dict[str, Any], change: dict[str, Any]
) -> None:
    """Its clock runs from its own moment and no other, for exactly as long as the law says, to the end of the day there."""
    if row["status"] == "not_in_force":
        duty = judged(policy, row, {**change, **{one: iso(START) for one in moments(rule)}})
        assert (duty.status, duty.stages) == ("not_in_force", ())
        check_rule(policy, row["regime"], stage, rule)
        return
    if "no figure" in rule:
        duty = judged(policy, row, {**others(), **change})
        assert duty.status == row["status"], duty.because
        assert stage_of(duty, stage).due == ""
        assert any(rule["no figure"] in reason for reason in duty.because), duty.because
        if "embargo" in rule:
            kept = rule["embargo"]
            earlier = kept["from"].removeprefix("filing of ")
            # No other moment begins it, also none that lay before the filing.
            before = dict.fromkeys(others(), iso(FILED - timedelta(days=7)))
            for clocks in (others(), before):
                held = stage_of(judged(policy, row, clocks, {earlier: FILED}), stage)
                assert held.not_before[:19] == iso(after(FILED, kept["within"], kept["zone"]))[:19]
                assert stage_of(judged(policy, row, clocks), stage).not_before == "?"
        return
    zone = rule.get("zone", "Europe/Brussels")
    if rule["from"].startswith("filing of "):
        earlier = rule["from"].removeprefix("filing of ")
        chain = {earlier: FILED, **first_of_all(row, earlier)}
        found = stage_of(judged(policy, row, {**others(), **change}, chain), stage)
        assert told(found) == after(FILED, rule["within"], zone)
        assert found.anchor.endswith(rule["from"])
        assert (found.provisional, found.stand_in) == (False, False)
        waiting = stage_of(judged(policy, row, {**others(), **change}), stage)
        assert (waiting.provisional, waiting.stand_in) == (True, bool(waiting.due))
        return
    wanted = after(START, rule["within"], zone)
    for anchor in moments(rule):
        found_duty = judged(policy, row, {**others(*moments(rule)), **change, anchor: iso(START)})
        found = stage_of(found_duty, stage)
        assert found_duty.status == row["status"], found_duty.because
        assert (told(found), found.anchor) == (wanted, anchor), found_duty.because
        assert not found.stand_in
    if "cap" in rule:
        check_cap(policy, row, stage, rule)


def moments(rule: Mapping[str, Any]) -> tuple[str, ...]:
    """What starts the clock: one moment, or either of two."""
    return tuple(rule[key] for key in ("from", "or") if key in rule and not rule[key].startswith("filing of "))


def others(*but: str) -> dict[str, str]:
    """Every other moment at which a clock could begin, a month later than it should and each at its own minute."""
    clocks = [name for name, term in sorted(VOCABULARY.items()) if term.kind == "time" and name.endswith("_at")]
    left = [name for name in clocks if name not in {*but, "extortion_payment_made_at", "detected_at"}]
    return {name: iso(START + timedelta(days=31, minutes=number)) for number, name in enumerate(left)}


def first_of_all(row: Mapping[str, Any], stage: str) -> dict[str, datetime]:
    """The filings before ``stage``: each an hour before the next."""
    before = list(row["stages"])[: list(row["stages"]).index(stage)]
    return {name: FILED - timedelta(hours=len(before) - number) for number, name in enumerate(before)}


def check_cap(policy: Policy, row: Mapping[str, Any], stage: str, rule: Mapping[str, Any]) -> None:
    """The earlier of the two counts, and where the clock began only after the cap had passed, the later."""
    kept = rule["cap"]
    for behind, capped in ((19, False), (21, True), (25, False)):
        begun = START + timedelta(hours=behind)
        facts = {**others(), kept["from"]: iso(START), rule["from"]: iso(begun)}
        wanted = after(START, kept["within"], "UTC") if capped else after(begun, rule["within"], "UTC")
        assert told(stage_of(judged(policy, row, facts), stage)) == wanted


def check_rule(policy: Policy, regime: str, stage: str, rule: Mapping[str, Any]) -> None:
    """What is no law yet, or no longer, has no clock; its file still says the figure of the row."""
    from halon.judgement.expressions_told import in_words

    law = next(one for one in policy.regimes if one.id == regime)
    found = next(one for one in law.stages if one.id == stage)
    if "no figure" in rule:
        assert found.due is None
        assert rule["no figure"] in found.words
    else:
        assert found.due is not None
        assert in_words(found.due) == f"{rule['within']} after {rule['from']}"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["regime"])
def test_a_duty_begins_where_the_law_draws_the_line(policy: Policy, row: dict[str, Any]) -> None:
    """On the facts of the row it is a duty, and by each change that takes one of them away it is none."""
    clocks = {**others(), **{one: iso(START) for rule in row["stages"].values() for one in moments(rule)}}
    assert judged(policy, row, clocks).status == row["status"]
    for change in row.get("also", ()):
        assert judged(policy, row, {**clocks, **change}).status == row["status"], change
    for change in row.get("unless", ()):
        assert judged(policy, row, {**clocks, **change}).status == "does_not_apply", change
    for name, rule in row["stages"].items():
        for change in rule.get("not owed", ()):
            changed = judged(policy, row, {**clocks, **change})
            assert changed.status == row["status"], change
            assert name not in {one.id for one in changed.stages}, change


@pytest.mark.parametrize(
    "row", [one for one in ROWS if {"since", "sleeps_until"} & set(one)], ids=lambda row: row["regime"]
)
def test_a_law_counts_from_its_first_day_on(policy: Policy, row: dict[str, Any]) -> None:
    """On the day before it is not law yet, or has no addressee; on the day itself it is."""
    first: date = row.get("since") or row["sleeps_until"]
    before = "not_in_force" if "since" in row else "dormant"
    for day, status in ((first - timedelta(days=1), before), (first, row["status"])):
        noon = datetime.combine(day, time(12), UTC)
        clocks = {name: iso(noon) for name in (*others(), *(m for r in row["stages"].values() for m in moments(r)))}
        assert judged(policy, row, clocks, now=noon + timedelta(days=3)).status == status, day


def test_no_stage_of_any_regime_is_without_its_row() -> None:
    """Whoever ships a regime or a stage writes its row from the law as well."""
    files = [*starter_path().glob("regimes/*.yaml"), *starter_path().glob("packs/*/regimes/*.yaml")]
    laws = [yaml.load(one.read_text("utf-8"), Loader=yaml.CSafeLoader) for one in files]
    shipped = {f"{law['id']}/{stage['id']}" for law in laws for stage in law["stages"]}
    rows = [f"{row['regime']}/{stage}" for row in ROWS for stage in row["stages"]]
    assert len(rows) == len(set(rows))
    assert shipped == set(rows)
    assert all(rule["says"] for row in ROWS for rule in row["stages"].values())


def test_what_goes_on_beyond_the_month_is_reported_on_within_a_month_of_its_end(policy: Policy) -> None:
    """NIS2, section 4: still going on when the final report is due, so that is due a month after it was handled."""
    row = next(one for one in ROWS if one["regime"] == "eu-nis2-23")
    handled = FILED + timedelta(days=50)
    facts = {"aware_at": iso(START), "incident_ongoing": False, "incident_handled_at": iso(handled)}
    filed = {"early_warning": FILED, "notification": FILED}
    final = stage_of(judged(policy, row, facts, filed, now=handled), "final")
    assert told(final) == after(handled, "1 month", "Europe/Brussels")


def test_a_customer_embargo_holds_no_insurer_and_no_provider_back(policy: Policy) -> None:
    """Only customers may not be told yet: the other parties of the entity's contracts are told at their time."""
    row = next(one for one in ROWS if one["regime"] == "us-fcc-cpni")
    facts = {**row["given"], "determined_breach_at": iso(START), "malicious_unauthorised_access": True,
             "aware_at": iso(START), "data_categories": ["cpni", "financial_account"],
             "roles": ["telecom_carrier_us", "merchant_pci"]}  # fmt: skip
    said = [Fact(name, value, "person", iso(ASKED), "kim") for name, value in facts.items()]
    found = {one.id: one for one in assess(said, policy, iso(ASKED), agent="support-bot", entity=WHO).obligations}
    told = ("contract-cyber-insurer", "contract-model-provider-abuse-report", "contract-card-brand")
    for name in told:
        duty = found[name]
        assert (duty.status, duty.audience, duty.template) == ("applies", "counterparty", "counterparty"), name
        assert [stage.not_before for stage in duty.stages] == [""], name
    customers = found["contract-customer-security-notice"]
    assert [bool(stage.not_before) for stage in customers.stages] == [True]


@pytest.mark.parametrize(("sister", "kept_back"), [("", True), ("acme-eu", False)])
def test_a_customer_embargo_binds_the_entity_whose_law_it_is(policy: Policy, sister: str, kept_back: bool) -> None:
    """A carrier's embargo keeps all its notices to customers back, and none of another legal entity."""
    row = next(one for one in ROWS if one["regime"] == "us-fcc-cpni")
    state = next(one for one in ROWS if one["regime"] == "us-ny")
    mine = {**row["given"], "determined_breach_at": iso(START)}
    theirs = {**state["given"], "discovered_at": iso(START)}
    theirs["data_categories"] = mine["data_categories"]
    theirs["roles"] = [*mine["roles"], *theirs["roles"]] if not sister else theirs["roles"]
    said = [Fact(name, value, "person", iso(ASKED), "kim", entity=WHO) for name, value in mine.items()]
    said += [Fact(name, value, "person", iso(ASKED), "kim", entity=sister or WHO) for name, value in theirs.items()]
    found = assess(said, policy, iso(ASKED), agent="support-bot", entity=WHO, entities=[sister] if sister else [])
    duty = next(one for one in found.obligations if one.id == "us-ny" and one.entity == (sister or WHO))
    agencies = next(one for one in found.obligations if one.id == "us-fcc-cpni" and one.entity == WHO)
    assert stage_of(agencies, "customers").not_before
    assert bool(stage_of(duty, "individuals").not_before) is kept_back
