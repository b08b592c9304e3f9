"""``halon assess FILE`` names everything that is wrong with a file at once, each with its line and the fix."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from halon.cli import entry
from halon.cli.assessing import FactsUnusable, assess_file, examine_file
from halon.cli.facts_file import MOST
from halon.kit import Kit, load, starter_path

WRONG = """\
as_of: soon
agent: suport-bot
entity: acme
fact: {}
facts:
  confirmd: true
  ongoing: maybe
  aware_at: yesterday
  affected_individuals: {low: 9, high: 6}
entities:
  acme-eu: {roles: [procesor], fact: {}}
  acme-us: {facts: {confirmed: 7}}
filed:
  - {obligation: eu-gdpr-34, stage: x, at: then}
  - {obligation: eu-gdpr-33, stage: notificaton, at: 2026-11-20, entity: [1]}
  - {stage: notification}
"""
SAID = (
    (1, "as_of must be a time", "write it such as"),
    (2, "there is no agent 'suport-bot'", "did you mean 'support-bot'?"),
    (3, "there is no entity 'acme'", "did you mean 'acme-eu'?"),
    (4, "there is no key 'fact'", "did you mean 'facts'?"),
    (6, "there is no fact 'confirmd'", "did you mean confirmed"),
    (7, "ongoing (the agent still does harm)", "must be true, false or unknown"),
    (8, "aware_at (when the organisation was reasonably certain)", "must be a time such as"),
    (9, "affected_individuals", "a range such as"),
    (11, "there is no key 'fact'", "did you mean 'facts'?"),
    (11, "there is no role in law 'procesor'", "did you mean 'processor'?"),
    (12, "confirmed (", "must be true, false or unknown"),
    (12, "there is no entity 'acme-us'", "did you mean 'acme-eu'?"),
    (14, "at must be a time", "write it such as"),
    (14, "there is no obligation 'eu-gdpr-34'", "did you mean 'eu-gdpr-33'?"),
    (15, "there is no entity '[1]'", "known: acme-eu"),
    (15, "there is no stage of eu-gdpr-33 'notificaton'", "did you mean 'notification'?"),
    (16, "at is missing", "each filing needs obligation, stage, at"),
    (16, "obligation is missing", "each filing needs obligation, stage, at"),
)


@pytest.fixture(scope="module")
def kit() -> Kit:
    return load(starter_path(), {})


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HALON_KIT", str(starter_path()))
    file = tmp_path / "facts.yaml"
    file.write_text(WRONG)
    return file


def test_all_that_is_wrong_is_told_at_once_with_line_and_fix(page: Path, kit: Kit) -> None:
    """Nobody mends one mistake to be told of the next."""
    with pytest.raises(FactsUnusable) as caught:
        assess_file(page, kit)
    told = str(caught.value).splitlines()
    assert [one.partition(": ")[0] for one in told] == [f"{page}:{line}" for line, *_ in SAID]
    for one, (_, what, fix) in zip(told, SAID, strict=True):
        assert what in one
        assert fix in one


def test_the_command_prints_a_line_for_each_and_exits_1(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """On stderr, with the count and the next step at the end; nothing that looks like an assessment."""
    assert entry.run(["assess", str(page)]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    lines = said.err.splitlines()
    assert len(lines) == len(SAID) + 1
    assert lines[-1] == f"error: {page} has 18 things wrong → correct them, then halon assess {page}"


def test_for_machines_each_is_an_object(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """File, line, what, known and next step, as in ``kit check --json``."""
    assert entry.run(["assess", str(page), "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["ok"], told["error"]["type"], len(told["problems"])) == (False, "FactsUnusable", len(SAID))
    assert told["problems"][1] == {
        "file": str(page), "line": 2, "what": "there is no agent 'suport-bot'", "known": ["billing-bot", "support-bot"],
        "next_step": "did you mean 'support-bot'?",
    }  # fmt: skip


def test_a_file_that_is_all_wrong_is_told_in_bounds(page: Path, kit: Kit) -> None:
    """Fifty lines, then how many more."""
    page.write_text("as_of: 2026-11-20\nfacts:\n" + "".join(f"  nonsense_{one}: 1\n" for one in range(400)))
    with pytest.raises(FactsUnusable) as caught:
        assess_file(page, kit)
    told = str(caught.value).splitlines()
    assert len(told) == MOST + 1
    assert told[-1] == "and 350 more; correct these first"


def test_a_range_of_one_number_is_that_number(page: Path, kit: Kit) -> None:
    """Nobody reads "between 6 and 6"."""
    page.write_text(
        "as_of: 2026-11-20\nagent: support-bot\nfacts:\n  affected_individuals: {low: 600, high: 600}\n"
        "  personal_data_involved: true\n  confirmed: true\n  affected_residencies: {DE: {low: 6, high: 6}, FR: {low: 1, high: 2}}\n"
    )
    judged = examine_file(page, kit).assessment
    assert judged.values[""]["affected_individuals"] == 600
    assert judged.values[""]["affected_residencies"] == {"DE": 6, "FR": {"low": 1, "high": 2}}
    assert judged.blast_radius["people"] == "600 people"
    assert "between 600 and 600" not in json.dumps(assess_file(page, kit))


def test_a_time_after_as_of_is_refused_like_in_an_incident(page: Path, kit: Kit) -> None:
    """What has not happened yet starts no clock; when a hold ends may well lie ahead."""
    page.write_text(
        "as_of: 2026-11-22T09:00:00Z\nagent: support-bot\nfacts:\n  aware_at: 2026-11-25T09:00:00Z\n"
        "  personal_data_involved: true\n  law_enforcement_hold: {agency: BKA, to: 2026-12-24, written: yes}\n"
        "entities:\n  acme-eu: {facts: {payment_made_at: 2026-11-24}}\n"
    )
    with pytest.raises(FactsUnusable) as caught:
        assess_file(page, kit)
    assert str(caught.value).splitlines() == [
        f'{page}:4: aware_at = "2026-11-25T09:00:00Z" has not come yet at as_of 2026-11-22T09:00:00.000Z; '
        "say when it was, or judge at a later as_of",
        f"{page}:8: payment_made_at = 2026-11-24 has not come yet at as_of 2026-11-22T09:00:00.000Z; "
        "say when it was, or judge at a later as_of",
    ]
    page.write_text(page.read_text().replace("11-25T09:00", "11-22T09:04").replace("11-24}", "11-22}"))
    assert assess_file(page, kit)["obligations"], "clocks of two machines may differ by minutes"


DORA = """\
as_of: 2026-11-25T09:00:00Z
agent: support-bot
entity: acme-eu
facts:
  roles: [financial_entity_dora]
  aware_at: 2026-11-20T10:00:00Z
  major_ict_incident: true
  classified_major_at: 2026-11-20T11:00:00Z
filed:
"""


@pytest.mark.parametrize(
    ("made", "line", "what"),
    [
        ({"intermediate": "12:00"}, 10, "intermediate counts from the filing of initial, which is not among those filed"),
        ({"final": "12:00"}, 10, "final counts from the filing of intermediate, which is not among those filed"),
        ({"initial": "14:00", "intermediate": "12:00"}, 11,
         "intermediate counts from the filing of initial, made at 2026-11-20T14:00:00.000Z: it can't have been filed at"),
        ({"initial": "12:00", "intermediate": "14:00"}, 0, ""),
    ],
)  # fmt: skip
def test_filings_out_of_order_are_refused_like_in_an_incident(
    tmp_path: Path, made: dict[str, str], line: int, what: str
) -> None:
    """No due time is reckoned from a filing that can't have been."""
    folder, file = tmp_path / "kit", tmp_path / "facts.yaml"
    shutil.copytree(starter_path(), folder)
    page = folder / "organisation.yaml"
    page.write_text(page.read_text().replace("packs: []", "packs: [eu]"))
    rows = (f"  - {{obligation: eu-dora-19, stage: {one}, at: '2026-11-20T{at}:00Z'}}\n" for one, at in made.items())
    file.write_text(DORA + "".join(rows))
    if not what:
        duties = assess_file(file, load(folder, {}))["obligations"]
        stages = next(one["stages"] for one in duties if one["id"] == "eu-dora-19")
        assert [bool(one["filed_at"]) for one in stages] == [True, True, False]
        return
    with pytest.raises(FactsUnusable) as caught:
        assess_file(file, load(folder, {}))
    (told,) = str(caught.value).splitlines()
    assert told.startswith(f"{file}:{line}: ")
    assert f"eu-dora-19/{what}" in told
