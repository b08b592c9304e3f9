"""The rota of ``halon kit check``: when too few of those who may answer a gate can be reached, to the minute."""

from __future__ import annotations

import random
import shutil
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from halon.incident import times
from halon.judgement.roster import DAYS, changes, fits_hours, is_away, on_call
from halon.kit import examine, starter_path
from halon.kit.bundle import bundle
from halon.kit.loading import load
from halon.kit.places import Problems
from halon.kit.reading import read
from halon.kit.tonight.windows import Reach, Takes

MONDAY = datetime(2026, 11, 23, 10, 7, tzinfo=UTC)
SUE = "sue: {name: Sue Sutter, roles: [security_lead], channels: [pages-file, pager]"
LEE = "lee: {name: Lee Larsen, roles: [leadership, security_lead], channels: [pages-file, mail], mail: lee@acme.example"
ZONES = ("Europe/Berlin", "Asia/Kolkata", "Australia/Lord_Howe", "America/St_Johns", "Asia/Kathmandu", "UTC")
WEEKDAYS = "days: [mon, tue, wed, thu, fri]"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The starter kit, whose security leads are on call only where a test says so."""
    target = tmp_path / "kit"
    shutil.copytree(starter_path(), target)
    edit(target, "oncall.yaml", "escalation: [ann, tom, sue, lee]", "escalation: [ann, tom]")
    return target


def edit(folder: Path, name: str, old: str, new: str) -> None:
    file = folder / name
    text = file.read_text()
    assert old in text, f"{old!r} is not in {name}"
    file.write_text(text.replace(old, new, 1))


def sue_alone(folder: Path, more: str = "") -> None:
    """One security lead, as so many have it; with ``more`` keys."""
    edit(folder, "oncall.yaml", "roles: [leadership, security_lead]", "roles: [leadership]")
    edit(folder, "oncall.yaml", SUE, f"{SUE}, {more}" if more else SUE)


def told(folder: Path, about: str, now: datetime = MONDAY) -> list[tuple[str, str]]:
    """Rank and words of what is said about these gates."""
    return [(one.rank, one.what) for one in examine(folder, {}, now)[1] if about in one.what]


def test_half_hours_are_met_to_the_minute_and_equal_nights_are_said_once(folder: Path) -> None:
    """Half past is half past, in the zone of the only person who may answer."""
    sue_alone(folder, f'hours: {{{WEEKDAYS}, between: ["09:30", "17:45"], zone: Asia/Kolkata}}')
    edit(folder, "actions.yaml", "exclude_proposer: true", "exclude_proposer: false")
    assert told(folder, "revoke-token") == [
        (
            "fails",
            "the gate to revoke-token: nobody of security_lead (sue) can be reached: "
            "Fri 17:45 to Mon 09:30 (4 times from 27 Nov on); "
            "Mon, Tue, Wed and Thu 17:45 to 09:30 the next day (16 times from 23 Nov on) (Asia/Kolkata); "
            "it lapses after 4 hours",
        )
    ]


def test_a_gap_of_minutes_between_two_people_is_found(folder: Path) -> None:
    """What whole hours would hide: from 17:15 to 17:30 nobody has the role. A gate waits so long; it does not lapse."""
    edit(folder, "oncall.yaml", SUE, f'{SUE}, hours: {{between: ["05:00", "17:15"], zone: Europe/Berlin}}')
    edit(folder, "oncall.yaml", LEE, f'{LEE}, hours: {{between: ["17:30", "05:00"], zone: Europe/Berlin}}')
    edit(folder, "actions.yaml", "exclude_proposer: true", "exclude_proposer: false")
    ((rank, what),) = told(folder, "revoke-token")
    assert rank == "weak"
    assert "every day 17:15 to 17:30 (28 times from 23 Nov on) (Europe/Berlin); it waits, and would lapse after" in what


def test_an_override_and_an_absence_open_and_close_gaps_to_the_minute(folder: Path) -> None:
    """Away from 09:20 UTC, and put on call again for an hour within: two windows with their dates."""
    sue_alone(folder, "away: [{from: 2026-11-24T09:20Z, to: 2026-11-24T20:10Z, instead: tom}]")
    edit(folder, "actions.yaml", "exclude_proposer: true", "exclude_proposer: false")
    edit(folder, "oncall.yaml", "roles: [commander]", "roles: [commander, security_lead]")
    edit(folder, "oncall.yaml", "ann: {", 'ann: {hours: {between: ["12:00", "12:01"], zone: UTC}, ')
    edit(folder, "oncall.yaml", "rules:\n  - commander: ann", "rules:\n  - commander: tom")
    edit(folder, "oncall.yaml", "escalation: [ann, tom]", "escalation: [tom]")
    overrides = "overrides:\n  - {from: 2026-11-24T14:00Z, to: 2026-11-24T15:30Z, commander: ann}\n"
    edit(folder, "oncall.yaml", "# The first rule", f"{overrides}# The first rule")
    ((rank, what),) = told(folder, "revoke-token")
    assert rank == "fails"
    assert "Tue 24 Nov 16:30 to 21:10; Tue 24 Nov 10:20 to 13:00; Tue 24 Nov 13:01 to 15:00 (Europe/Berlin)" in what


def test_a_gate_hangs_on_one_person_where_that_one_may_have_proposed_it(folder: Path) -> None:
    """What can't be undone can then never run, so it fails; giving back can wait, so it is weak."""
    sue_alone(folder)
    assert told(folder, "revoke-token") == [
        ("fails", "the gate to revoke-token can't be passed if sue brought it up: besides whoever did, it needs 1 of "
                  "security_lead")
    ]  # fmt: skip
    edit(
        folder, "authority.yaml", "restore:\n    roles: [technical_lead, commander]", "restore:\n    roles: [commander]"
    )
    assert [rank for rank, _ in told(folder, "to give back what was taken")] == ["weak"]
    edit(folder, "actions.yaml", "exclude_proposer: true", "exclude_proposer: false")
    assert told(folder, "revoke-token") == []


def test_two_are_not_enough_while_one_of_them_sleeps(folder: Path) -> None:
    """By day either can answer the other; at night whoever is awake may be the one who brought it up."""
    edit(folder, "oncall.yaml", LEE, f'{LEE}, hours: {{between: ["08:00", "20:00"], zone: Europe/Berlin}}')
    ((rank, what),) = told(folder, "revoke-token")
    assert rank == "weak"
    assert "nobody of security_lead (lee and sue) can be reached besides whoever brought it up: every day 20:00" in what


def test_in_mode_suggest_the_one_who_proposes_does_not_count(folder: Path) -> None:
    """The commander proposes, the technical lead sleeps: the question before an action waits."""
    edit(folder, "agents/billing-bot.yaml", "mode: observe", "mode: suggest")
    assert told(folder, "in mode suggest") == []
    edit(folder, "oncall.yaml", "tom: {", 'tom: {hours: {between: ["08:00", "20:00"], zone: Europe/Berlin}, ')
    edit(
        folder,
        "oncall.yaml",
        "technical_lead: tom\n    escalation: [ann, tom]",
        "technical_lead: ann\n    escalation: [ann]",
    )
    ((rank, what),) = told(folder, "in mode suggest")
    assert (rank, "besides whoever brought it up: every day 20:00 to 08:00" in what) == ("weak", True)


def test_a_gate_of_an_agent_that_is_only_observed_fails_nobody_yet(folder: Path) -> None:
    """It never opens; it is weak, because the mode will change."""
    sue_alone(folder)
    edit(folder, "agents/support-bot.yaml", "mode: act", "mode: observe")
    assert [rank for rank, _ in told(folder, "revoke-token")] == ["weak"]


def test_who_has_no_hours_is_named_once_as_an_assumption(folder: Path) -> None:
    """Nobody is awake day and night because a file is silent."""
    assert told(folder, "at any hour") == [
        ("advice", "counted as answering at any hour, because no hours are written for them: ann, cus, lee, pat, sue and tom")
    ]  # fmt: skip
    edit(folder, "oncall.yaml", SUE, f'{SUE}, hours: {{between: ["00:00", "12:00"], zone: UTC}}')
    assert "sue" not in told(folder, "at any hour")[0][1]


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=60)
@given(
    st.sampled_from(ZONES),
    st.lists(st.sampled_from(DAYS), max_size=4, unique=True),
    st.tuples(st.integers(0, 95), st.integers(0, 95)),
    st.datetimes(datetime(2026, 3, 1), datetime(2027, 4, 30)),
    st.lists(st.integers(0, 14 * 24 * 60 - 1), min_size=20, max_size=20),
)
def test_between_two_changes_nothing_changes(
    zone: str, days: list[str], quarters: tuple[int, int], start: datetime, minutes: list[int]
) -> None:
    """Also where clocks are put forward or back, by an hour or by half of one."""
    begin = start.replace(microsecond=0, tzinfo=UTC)
    first, last = (f"{quarter // 4:02}:{quarter % 4 * 15:02}" for quarter in quarters)
    pattern = (tuple(days), (first, last), zone)
    moments = [begin, *changes([pattern], begin, begin + timedelta(days=14))]
    for minute in minutes:
        at = begin + timedelta(minutes=minute)
        since = max(one for one in moments if one <= at)
        assert fits_hours(*pattern, times.text(at)) == fits_hours(*pattern, times.text(since))


def test_the_windows_agree_with_a_look_at_any_minute(folder: Path) -> None:
    """Two thousand minutes over four weeks with a clock change, absences, stand-ins, overrides and rules by hour."""
    edit(
        folder, "oncall.yaml", SUE, f'{SUE}, hours: {{{WEEKDAYS}, between: ["09:30", "02:15"], zone: America/St_Johns}}'
    )
    edit(folder, "oncall.yaml", LEE, f'{LEE}, hours: {{between: ["01:30", "03:10"], zone: Europe/Berlin}}, '
                                     "away: [{from: 2026-10-20T01:01Z, to: 2026-10-22T17:44Z, instead: sue}]")  # fmt: skip
    rule = '  - {commander: lee, technical_lead: sue, escalation: [sue], days: [sun, wed], between: ["22:30", "04:05"], ' \
           "zone: Australia/Lord_Howe, agents: [support-bot]}\n"  # fmt: skip
    edit(folder, "oncall.yaml", "rules:\n", f"rules:\n{rule}")
    spell = "overrides:\n  - {from: 2026-10-19T03:03Z, to: 2026-10-23T04:04Z, commander: lee}\n"
    edit(folder, "oncall.yaml", "# The first rule", f"{spell}# The first rule")
    start = datetime(2026, 10, 12, 4, 17, tzinfo=UTC)
    end = start + timedelta(weeks=4)
    policy = load(folder, {}).policy
    whole = bundle(Problems({(name := file.relative_to(folder).as_posix()): read(name, file.read_text())[0]
                             for file in folder.rglob("*.yaml")}))  # fmt: skip
    reach = Reach(whole, policy, start, end)
    entitled = frozenset(("sue", "lee"))
    rng = random.Random(4)
    seen = set()
    for agent in ("support-bot", "billing-bot"):
        for quorum, proposers in (
            (1, frozenset[str]()),
            (2, frozenset[str]()),
            (1, entitled),
            (1, frozenset(("sue",))),
        ):
            gaps = reach.gaps(entitled, Takes(quorum), agent, proposers)
            assert list(gaps) == sorted(gaps)
            for _ in range(250):
                at = start + timedelta(minutes=rng.randrange(int((end - start).total_seconds()) // 60))
                now = times.text(at)
                roster = on_call(policy.roster_rules, (), agent, now, policy.overrides, policy.absences)
                present = {roster.commander, roster.technical_lead, *roster.escalation} & entitled
                for name in entitled:
                    asked = whole.oncall.people[name].hours
                    assert asked is not None
                    if fits_hours(asked.days, (asked.between[0], asked.between[1]), asked.zone, now):
                        present.add(name)
                present = {name for name in present if not is_away(name, now, policy.absences)}
                short = len(present) - bool(present & proposers) < quorum
                assert short == any(one.start <= at < one.end for one in gaps), (agent, quorum, proposers, now)
                seen.add(short)
    assert seen == {True, False}


def test_a_large_kit_is_checked_in_time_and_its_findings_are_few(folder: Path) -> None:
    """200 agents with an on-call rule each, 500 people with hours: well under the ten seconds that a pipeline waits."""
    names = [f"bot-{number}" for number in range(198)]
    text = (folder / "agents" / "support-bot.yaml").read_text()
    for name in names:
        (folder / "agents" / f"{name}.yaml").write_text(text)
    every = ", ".join(("support-bot", *names))
    actions = (folder / "actions.yaml").read_text()
    (folder / "actions.yaml").write_text(actions.replace("agents: [support-bot", f"agents: [{every}"))
    roles = ("commander", "technical_lead", "security_lead", "privacy_officer", "customer_lead")
    people = "".join(
        f"  p{one}: {{name: P {one}, roles: [{roles[one % 5]}], channels: [pages-file], hours: {{between: "
        f'["{6 + one % 5:02}:{one % 4 * 15:02}", "{13 + one % 5:02}:{one % 4 * 15:02}"], zone: {ZONES[one % 2]}}}}}\n'
        for one in range(494)
    )
    rules = "".join(
        f"  - {{commander: p{one * 2}, technical_lead: p{one * 2 + 1}, escalation: [p{one * 2}], agents: [{name}], "
        f'between: ["{one % 24:02}:30", "{(one + 9) % 24:02}:15"], zone: {ZONES[one % 6]}}}\n'
        for one, name in enumerate(names)
    )
    for short in ("ann", "tom", "sue", "pat", "lee", "cus"):
        edit(folder, "oncall.yaml", f"{short}: {{", f'{short}: {{hours: {{between: ["08:00", "17:30"], zone: UTC}}, ')
    edit(folder, "oncall.yaml", "\n# The first rule", f"{people}\n# The first rule")
    edit(folder, "oncall.yaml", "rules:\n", f"rules:\n{rules}")
    began = time.process_time()
    findings = examine(folder, {}, MONDAY)[1]
    assert time.process_time() - began < 10
    gates = [one.what for one in findings if one.what.startswith("the gate")]
    assert 1 <= len(gates) <= 12
    assert any("more groups of agents" in one for one in gates)
    assert max(map(len, gates)) < 1000
