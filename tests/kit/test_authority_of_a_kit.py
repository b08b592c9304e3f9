"""Who may say what under a kit: gates and deciders that could speak, commanders who may command, facts, verifiers."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from halon.incident.canonical import canonical
from halon.judgement.vocabulary import VOCABULARY
from halon.kit import Kit, KitError, examine, load, restore, starter_path
from halon.kit.authority import GROUPS

MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
EVERYBODY = "[commander, technical_lead, security_lead, privacy_officer, customer_lead, leadership]"
DECIDE = "  declare: [privacy_officer, customer_lead]\n  decline: [privacy_officer, customer_lead]\n"


def edit(folder: Path, name: str, old: str, new: str) -> None:
    file = folder / name
    text = file.read_text()
    assert old in text, f"{old!r} is not in {name}"
    file.write_text(text.replace(old, new, 1))


def wrong(folder: Path) -> list[str]:
    """What is wrong with the kit, a line each."""
    with pytest.raises(KitError) as caught:
        load(folder, {})
    return [str(one) for one in caught.value.problems]


def told(folder: Path, about: str) -> list[tuple[str, str]]:
    """Rank and words of what would go wrong tonight."""
    return [(one.rank, str(one)) for one in examine(folder, {}, MONDAY)[1] if about in one.what]


def test_a_gate_whose_role_may_not_approve_is_refused(folder: Path) -> None:
    """The gate's role and the permission bind both: whoever has only one of them can't answer."""
    edit(folder, "authority.yaml", f"approve: {EVERYBODY}", "approve: [commander, technical_lead, leadership]")
    found = wrong(folder)
    assert len(found) == 2
    assert found[0].startswith("regimes/contract-dpa.yaml:")
    assert "the gate needs 1 of customer_lead, and only 0 of them may say approve (cus may not)" in found[0]
    assert found[0].endswith("add customer_lead to approve: in authority.yaml, or name other roles here")


def test_the_rota_counts_only_those_who_may_approve(folder: Path) -> None:
    """Of two security leads one may approve: by night nobody could, while the other sleeps beside a telephone."""
    edit(folder, "authority.yaml", f"approve: {EVERYBODY}", f"approve: {EVERYBODY.replace('security_lead, ', '')}")
    (first,) = told(folder, "to revoke-token")
    assert first[0] == "fails"
    assert "besides whoever did, it needs 1 of security_lead" in first[1]


def test_a_decider_who_may_not_decide_is_refused(folder: Path) -> None:
    """A clock that only its decider can stop, and the decider may not speak."""
    edit(folder, "authority.yaml", DECIDE, "  declare: [commander]\n  decline: [commander]\n")
    found = wrong(folder)
    assert [one.partition(": ")[2] for one in found if "eu-gdpr-33" in one] == [
        "nobody could decide: privacy_officer (pat) may not say declare and decline; "
        "add privacy_officer to declare and decline in authority.yaml, or name another decider"
    ]
    assert all(one.partition(": ")[0].count(":") == 1 for one in found), "each with its line"


def test_a_decider_who_may_not_file_is_told(folder: Path) -> None:
    """Somebody else may say it, so it is weak."""
    edit(folder, "authority.yaml", "filed: [privacy_officer, customer_lead]", "filed: [commander, customer_lead]")
    assert told(folder, "was filed") == [
        ("weak", "privacy_officer may decide that a notice is owed and may not say that it was filed; "
                 "add the role to filed: in authority.yaml")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("  - commander: ann", "  - commander: cus", "cus is put on call as commander (rule 1) without the role commander"),
        ("rules:\n", "overrides:\n  - {from: 2026-11-24T00:00Z, to: 2026-11-25T00:00Z, commander: tom}\nrules:\n",
         "tom is put on call as commander (override 1) without"),
        ("roles: [commander],", "roles: [commander], away: [{from: 2026-11-24T00:00Z, to: 2026-11-25T00:00Z, instead: sue}],",
         "sue is put on call as commander (instead of ann) without"),
    ],
)  # fmt: skip
def test_a_commander_who_may_not_command_fails(folder: Path, old: str, new: str, says: str) -> None:
    """Nobody else closes the incident at night."""
    edit(folder, "oncall.yaml", old, new)
    ((rank, what),) = told(folder, "put on call as commander")
    assert rank == "fails"
    assert what.startswith(says)
    assert "may not close, call a false alarm, lower the severity and hand out the lead; give" in what


def test_a_duty_that_ends_before_it_begins_is_refused(folder: Path) -> None:
    """A slip of one digit would switch it off without a word."""
    edit(
        folder,
        "regimes/eu-gdpr-33.yaml",
        "effective_from: 2018-05-25",
        "effective_from: 2018-05-25\neffective_to: 2017-12-31",
    )
    (found,) = wrong(folder)
    assert "it ends on 2017-12-31, before it begins on 2018-05-25, so it would never bind anybody; correct one" in found
    edit(folder, "regimes/eu-gdpr-33.yaml", "2017-12-31", "2018-05-25")
    assert "eu-gdpr-33" in {one.id for one in load(folder, {}).policy.regimes}


def test_a_kit_that_was_stored_before_these_rules_stays_usable(folder: Path) -> None:
    """An incident stands on it; the one in use is what has to be mended."""
    content = json.loads(load(folder, {}).canonical)
    commands, duty = content["files"]["authority.yaml"]["commands"], content["files"]["regimes/eu-gdpr-33.yaml"]
    commands |= {"declare": ["commander"], "decline": ["commander"], "approve": ["leadership"]}
    duty["effective_to"] = "2017-05-25"
    kit = restore(canonical(content), {})
    assert (kit.authority["declare"], kit.authority["approve"]) == (("commander",), ("leadership",))


def test_the_kit_says_who_says_a_fact(folder: Path) -> None:
    """By name or by group, the name first; what it does not say stays as the vocabulary has it."""
    kit = load(folder, {})
    assert kit.facts == {}
    assert (kit.says("ongoing"), kit.says("aware_at")) == ((), ("privacy_officer", "security_lead", "commander"))
    more = "facts:\n  determinations: [customer_lead]\n  aware_at: [privacy_officer]\n  triage: [technical_lead]\n\ngates:\n"
    edit(folder, "authority.yaml", "gates:\n", more)
    kit = load(folder, {})
    assert kit.says("aware_at") == ("privacy_officer",)
    assert kit.says("risk_to_individuals") == ("customer_lead",)
    assert kit.says("ongoing") == ("technical_lead",)
    assert kit.says("critical_service_affected") == ()
    assert restore(kit.canonical, {}).facts == kit.facts


def test_the_groups_hold_every_fact_that_can_be_said() -> None:
    """What happened and what the law asks are all there is."""
    assert {*GROUPS["triage"], *GROUPS["law"]} == {term.name for term in VOCABULARY.values() if not term.derived}
    assert not set(GROUPS) & set(VOCABULARY)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("ongoin: [commander]", "there is no fact or group of facts 'ongoin'"),
        ("alert_rules: [commander]", "there is no fact or group of facts 'alert_rules'"),
        ("ongoing: []", "nobody may say ongoing"),
        ("ongoing: [boss]", "the role 'boss' is held by nobody"),
    ],
)
def test_who_says_a_fact_is_cross_checked(folder: Path, given: str, says: str) -> None:
    """Facts that exist, and roles that somebody holds."""
    edit(folder, "authority.yaml", "gates:\n", f"facts:\n  {given}\ngates:\n")
    (found,) = wrong(folder)
    assert says in found
    assert found.startswith("authority.yaml:")


def test_who_says_a_fact_must_be_allowed_to_say_facts(folder: Path) -> None:
    """Leadership may not say ``fact``, so this fact could be said by nobody."""
    edit(folder, "oncall.yaml", "roles: [leadership, security_lead]", "roles: [leadership]")
    edit(folder, "authority.yaml", "gates:\n", "facts:\n  spend_eur: [leadership]\ngates:\n")
    (found,) = wrong(folder)
    assert "nobody who is leadership may say the command fact, so nobody could say spend_eur; add one of these" in found


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("gates: {irreversible: top}", "there is no verifier 'top'; known: claimed, totp, ssh, principal; did you mean 'totp'?"),
        ("commands: {close: sshh}", "there is no verifier 'sshh'; known: claimed, totp, ssh, principal; did you mean 'ssh'?"),
        ("commands: {closee: claimed}", "there is no command 'closee'"),
        ("gates: {reversible: claimed}", "there is no kind of gate 'reversible'; known: irreversible, notice, restore, ask"),
    ],
)  # fmt: skip
def test_a_verifier_that_is_not_there_is_refused(folder: Path, given: str, says: str) -> None:
    """Who asks for a proof must not be served without one."""
    edit(folder, "authority.yaml", "gates:\n", f"verifier:\n  {given}\ngates:\n")
    (found,) = wrong(folder)
    assert says in found


def test_claimed_names_before_what_cannot_be_undone_are_told(folder: Path) -> None:
    """Written out or not, it proves nothing: weak where something may act, advice where all is only observed."""
    edit(
        folder,
        "authority.yaml",
        "gates:\n",
        "verifier:\n  gates: {irreversible: claimed}\n  commands: {close: claimed}\ngates:\n",
    )
    ((rank, what),) = told(folder, "unverified names")
    assert (rank, "halon enrol NAME --totp" in what) == ("weak", True)
    edit(folder, "agents/support-bot.yaml", "mode: act", "mode: observe")
    assert [rank for rank, _ in told(folder, "unverified names")] == ["advice"]


def test_a_kit_without_facts_of_its_own_asks_for_roles_that_somebody_holds() -> None:
    """A role of the vocabulary that nobody holds binds nobody."""
    kit = load(starter_path(), {})
    nobody: Kit = replace(
        kit, people={name: one for name, one in kit.people.items() if one.roles == ("customer_lead",)}
    )
    assert nobody.says("aware_at") == ()
