"""``halon regimes``: what is in force where, and the confirmation of a rule that needed a lawyer's reading."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from halon.cli import entry
from halon.judgement.iso_places import is_place
from halon.kit import load, starter_path

READ = "UK GDPR Art. 33, as read on 22 November 2026"
Capture = pytest.CaptureFixture[str]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A kit with the packs uk, eu and contracts, in use."""
    folder = tmp_path / "kit"
    shutil.copytree(starter_path(), folder)
    page = folder / "organisation.yaml"
    page.write_text(page.read_text().replace("packs: []", "packs: [uk, eu, contracts]"))
    monkeypatch.setenv("HALON_KIT", str(folder))
    return folder


def said(capsys: Capture, *words: str) -> Any:
    assert entry.run([*words, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def confirm(*words: str) -> int:
    return entry.run(["regimes", "confirm", *words])


def status(folder: Path, regime: str) -> str:
    one = next(one for one in load(folder, {}).policy.regimes if one.id == regime)
    return "confirmed" if one.confirmed else one.status


def test_it_lists_what_binds_and_is_in_force_with_its_source(folder: Path, capsys: Capture) -> None:
    """What binds nobody by role, and proposals, come with --all; the sentence about advice stands under it."""
    told = said(capsys, "regimes")
    rows = {row["id"]: row for row in told["regimes"]}
    assert rows["eu-gdpr-33"]["state"] == "in force"
    assert rows["eu-gdpr-33"]["source"] == "Regulation (EU) 2016/679, Art. 33"
    assert rows["eu-gdpr-33"]["verified"] == "2026-11-22"
    assert rows["uk-gdpr-33"]["state"] == "needs confirming"
    assert not {"eu-dora-19", "eu-gdpr-33-omnibus", "uk-csr"} & set(rows)
    assert told["note"] == "Not legal advice; a named person decides."
    everything = {row["id"]: row for row in said(capsys, "regimes", "--all")["regimes"]}
    assert everything["eu-gdpr-33-omnibus"]["says"] == "not in force: its status is proposed"
    assert everything["eu-aiact-73"]["state"] in ("dormant", "in force")
    assert set(rows) < set(everything)


def test_in_words_it_says_the_same(folder: Path, capsys: Capture) -> None:
    """A table, how many more there are, and that it is no advice."""
    assert entry.run(["regimes", "--agent", "support-bot"]) == 0
    page = capsys.readouterr().out
    assert "needs confirming: its clock runs in case it applies" in page
    assert page.rstrip().endswith("Not legal advice; a named person decides.")


@pytest.mark.parametrize("words", [("--agent", "nobody"), ("--entity", "nowhere")])
def test_an_unknown_name_is_answered_with_the_known_ones(folder: Path, capsys: Capture, words: tuple[str, str]) -> None:
    """No empty list that looks like an answer."""
    assert entry.run(["regimes", *words]) == 1
    assert "known: " in capsys.readouterr().err


def test_show_says_the_periods_in_words(folder: Path, capsys: Capture) -> None:
    """Stages, who decides, contents, what it gives way to."""
    told = said(capsys, "regimes", "show", "eu-dora-19")
    assert told["stages"][0]["due"] == (
        "4 hours after classified_major_at, not later than 24 hours after aware_at unless the first began only after that"
    )
    assert told["stages"][2]["due"] == "1 month after the latest filing of intermediate"
    assert said(capsys, "regimes", "show", "eu-nis2-23")["displaced_by"] == ["eu-dora-19"]


@pytest.mark.parametrize(
    ("regime", "stage", "whom"),
    [
        ("us-tx", "attorney_general", "the Attorney General of Texas"),
        ("us-ca", "attorney_general", "the Attorney General of California"),
        ("us-ny", "individuals", "the residents of New York"),
        ("sg-pdpa", "individuals", ""),
        ("in-dpdp", "individuals", ""),
        ("us-fcc-cpni", "customers", "the customers concerned"),
    ],
)
def test_show_says_whom_each_stage_tells(folder: Path, capsys: Capture, regime: str, stage: str, whom: str) -> None:
    """Authority, portal and contents of every stage, its own where it has them; and the table names each of them."""
    page = folder / "organisation.yaml"
    page.write_text(page.read_text().replace("packs: [uk, eu, contracts]", "packs: [us-states, asia-pacific, telecom]"))
    told = said(capsys, "regimes", "show", regime)
    law = next(one for one in load(folder, {}).policy.regimes if one.id == regime)
    heard = {one["id"]: one for one in told["stages"]}
    assert whom in heard[stage]["authority"]
    assert len({one["authority"] for one in heard.values()}) > 1
    for rule in law.stages:
        one = heard[rule.id]
        own = rule.told
        assert (one["authority"], one["audience"]) == (
            (own.authority, own.audience) if own else (law.authority, law.audience)
        )
        assert one["portal"] == (own.portal if own else law.portal)
        assert one["contents"]
        if own and own.contents != law.contents:
            assert one["contents"] == list(own.contents)
    assert entry.run(["regimes", "show", regime]) == 0
    shown = capsys.readouterr().out
    plain = " ".join(shown.split())
    for rule in law.stages:
        if rule.told:
            assert f"{rule.id} tells {rule.told.authority}" in plain
            assert rule.told.portal in plain
            assert "; ".join(rule.told.contents) in plain
    row = next(one for one in said(capsys, "regimes", "--all")["regimes"] if one["id"] == regime)
    assert row["authorities"] == list(dict.fromkeys(one["authority"] for one in heard.values()))


def test_where_names_places_as_facts_do(folder: Path, capsys: Capture) -> None:
    """Whoever copies a place from the table into a fact is understood."""
    where = {row["where"] for row in said(capsys, "regimes", "--all")["regimes"]}
    assert "GB" in where
    assert "UK" not in where
    assert all(one in ("", "EU") or is_place(one) for one in where)


def test_a_confirmation_is_on_record_and_in_the_digest(folder: Path, capsys: Capture) -> None:
    """By whom, when, from what; the kit is another one, and the rule counts."""
    before = load(folder, {}).digest
    assert status(folder, "uk-gdpr-33") == "review_required"
    assert confirm("uk-gdpr-33", "--by", "pat", "--source", READ) == 0
    kit = load(folder, {})
    assert kit.digest != before
    assert status(folder, "uk-gdpr-33") == "confirmed"
    record = yaml.load((folder / "confirmed.yaml").read_text(), Loader=yaml.CSafeLoader)["regimes"]["uk-gdpr-33"]
    assert (record["by"], record["source"], len(record["rule"])) == ("pat", READ, 64)
    assert "packs" in json.loads(kit.canonical)["files"]["organisation.yaml"]
    assert "uk-gdpr-33" in json.loads(kit.canonical)["files"]["confirmed.yaml"]["regimes"]
    # A second one keeps the first.
    assert confirm("uk-gdpr-34", "--by", "pat", "--source", READ) == 0
    assert status(folder, "uk-gdpr-33") == "confirmed"


def test_who_changes_the_rule_needs_a_new_confirmation(folder: Path, capsys: Capture) -> None:
    """The confirmation holds for the wording that was read; kit check says that it no longer counts."""
    assert confirm("uk-gdpr-33", "--by", "pat", "--source", READ) == 0
    file = folder / "packs/uk/regimes/uk-gdpr-33.yaml"
    file.write_text(file.read_text().replace("hours: 72", "hours: 96"))
    assert status(folder, "uk-gdpr-33") == "review_required"
    capsys.readouterr()
    found = said(capsys, "kit", "check", str(folder))["tonight"]
    assert any("uk-gdpr-33 was changed after it was confirmed" in one["what"] for one in found)


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (("uk-gdpr-3", "--by", "pat"), "the kit has no regime 'uk-gdpr-3'"),
        (("eu-gdpr-33", "--by", "pat"), "needs no confirming: its status is in_force"),
        (
            ("uk-gdpr-33", "--by", "lee"),
            "may not confirm uk-gdpr-33: it takes the role privacy_officer or legal_counsel",
        ),
        (("uk-gdpr-33", "--by", "nobody"), "may not confirm uk-gdpr-33"),
    ],
)
def test_a_confirmation_that_cannot_stand_is_refused(
    folder: Path, capsys: Capture, words: tuple[str, ...], answer: str
) -> None:
    """With the reason and whom to ask; the file stays as it was."""
    before = (folder / "confirmed.yaml").read_text()
    assert confirm(*words, "--source", READ) == 1
    assert answer in capsys.readouterr().err
    assert (folder / "confirmed.yaml").read_text() == before


def test_a_confirmation_of_a_rule_that_does_not_exist_is_a_mistake_of_the_kit(folder: Path, capsys: Capture) -> None:
    """A typo in confirmed.yaml is answered like any other."""
    (folder / "confirmed.yaml").write_text(
        f"regimes: {{uk-gdpr-93: {{by: pat, at: 2026-11-22, source: x, rule: {'0' * 64}}}}}\n"
    )
    assert entry.run(["kit", "check", str(folder)]) == 1
    assert "there is no regime 'uk-gdpr-93'" in capsys.readouterr().out


def test_a_contract_binds_who_names_it_with_its_own_hours(folder: Path, capsys: Capture) -> None:
    """Hours, recipient and clause are those of the entity's contract; without one nobody is bound."""
    assert "contract-cyber-insurer" not in {one.id for one in load(folder, {}).policy.regimes}
    file = folder / "entities" / "acme-eu.yaml"
    file.write_text(
        file.read_text() + "  contract-cyber-insurer: {name: Example Insurance, recipient: claims@insurer.example, "
        "hours: 48, zone: Europe/London, clause: policy 7 section 4}\n"
    )
    facts = folder.parent / "facts.json"
    facts.write_text(json.dumps({"as_of": "2026-11-22T12:00:00Z", "agent": "support-bot", "facts": {
        "personal_data_involved": True, "aware_at": "2026-11-22T10:00:00Z"}}))  # fmt: skip
    duties = {one["id"]: one for one in said(capsys, "assess", str(facts))["obligations"]}
    duty = duties["contract-cyber-insurer"]
    assert (duty["authority"], duty["stages"][0]["due"]) == ("Example Insurance", "2026-11-24T10:00:00.000Z")
    assert duty["stages"][0]["due_local"].endswith("[Europe/London]")
