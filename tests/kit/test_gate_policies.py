"""Gates of a kit: roles that must be there, vetoes, break-glass, and other gates by severity, category and action."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from halon.incident.assessment import Assessment
from halon.incident.facts import Fact
from halon.incident.orders import Order
from halon.judgement.assess import assess
from halon.kit import Kit, KitError, examine, load, restore, starter_path

MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
AT = "2026-11-22T08:00:00Z"
TOKEN = "roles: [security_lead]\n      quorum: 1\n"
WORST = """
  policies:
    - kind: irreversible
      severity: [SEV1]
      gate: {roles: [security_lead, commander], every: [security_lead, privacy_officer], break_glass: {people: 2, roles: [commander, technical_lead]}, remind_minutes: 10}
    - kind: notice
      category: [privacy]
      gate: {roles: [privacy_officer], every: [privacy_officer, security_lead], quorum: 1}
    - kind: restore
      action: [disable-send-email]
      gate: {roles: [technical_lead, commander], quorum: 2}
"""


def edit(folder: Path, name: str, old: str, new: str) -> None:
    file = folder / name
    text = file.read_text()
    assert old in text, f"{old!r} is not in {name}"
    file.write_text(text.replace(old, new, 1))


def add(folder: Path, policies: str) -> None:
    """What stands under gates, last in the file."""
    with (folder / "authority.yaml").open("a") as file:
        file.write(policies)


def wrong(folder: Path) -> list[str]:
    with pytest.raises(KitError) as caught:
        load(folder, {})
    return [str(one) for one in caught.value.problems]


def told(folder: Path, about: str) -> list[str]:
    return [str(one) for one in examine(folder, {}, MONDAY)[1] if about in one.what]


def judged(kit: Kit, *facts: tuple[str, object], **given: str) -> Assessment:
    said = [
        Fact(name, value, "trace", AT)
        for name, value in (("confirmed", True), ("unauthorised_tool_actions", ["send_email"]), *facts)
    ]
    return assess(said, kit.policy, AT, agent="support-bot", **given)  # type: ignore[arg-type]


def order(assessment: Assessment, name: str) -> Order:
    return next(one for one in assessment.orders if one.id == name)


def test_a_gate_becomes_what_its_entry_says(folder: Path) -> None:
    """Roles that must be there, a veto, break-glass and reminders; minutes in the kit, seconds where it is used."""
    edit(folder, "actions.yaml", TOKEN, f"{TOKEN}      every: [privacy_officer]\n      veto: [commander]\n"
         "      break_glass: {people: 2, roles: [technical_lead, commander]}\n      remind_minutes: 5\n")  # fmt: skip
    gate = order(judged(load(folder, {})), "revoke-token").gate
    assert gate is not None
    assert (gate.every, gate.veto, gate.remind_every) == (("privacy_officer",), ("commander",), 300)
    assert (gate.break_glass, gate.break_glass_roles) == (2, ("technical_lead", "commander"))
    plain = order(judged(load(starter_path(), {})), "revoke-token").gate
    assert plain is not None
    assert (plain.every, plain.veto, plain.break_glass, plain.remind_every) == ((), (), 0, 0)


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("every: [commander, privacy_officer, customer_lead, auditor]", "the role 'auditor' is held by nobody"),
        ("every: [security_lead, leadership]", ""),
        ("every: [privacy_officer, privacy_officer]", "privacy_officer stands twice in every"),
        ("veto: [auditor]", "the role 'auditor' is held by nobody"),
        ("break_glass: {people: 4, roles: [commander]}", "nobody could break the glass: it takes 4 people"),
        ("break_glass: {people: 1, roles: [auditor]}", "the role 'auditor' is held by nobody"),
        ("break_glass: {people: 0}", "0 is too small; write 1 or more"),
        ("break_glass: {people: 1}", ""),
        ("remind_minutes: 0", "0 is too small; write 1 or more"),
    ],
)
def test_a_gate_that_nobody_could_pass_is_refused(folder: Path, entry: str, words: str) -> None:
    """Each thing that a gate asks for is held against the people there are."""
    edit(folder, "actions.yaml", TOKEN, f"{TOKEN}      {entry}\n")
    if not words:
        assert load(folder, {}).digest
        return
    found = wrong(folder)
    assert len(found) == 1
    assert words in found[0], found
    assert found[0].startswith("actions.yaml:")


def test_each_role_takes_a_person_of_its_own(folder: Path) -> None:
    """Of two roles that one person alone holds, one stays empty, however many hold the rest."""
    edit(folder, "oncall.yaml", "roles: [privacy_officer]", "roles: [privacy_officer, auditor]")
    edit(folder, "actions.yaml", TOKEN, f"{TOKEN}      every: [security_lead, auditor, privacy_officer]\n")
    found = wrong(folder)
    assert "there is none left for auditor or privacy_officer" in found[0]
    edit(folder, "oncall.yaml", "roles: [customer_lead]", "roles: [customer_lead, auditor]")
    assert load(folder, {}).digest


def test_somebody_is_left_to_review_a_broken_glass(folder: Path) -> None:
    """If all who may review could have broken it, nobody could close the incident."""
    edit(
        folder,
        "authority.yaml",
        "review: [commander, technical_lead, security_lead, privacy_officer, leadership]",
        "review: [commander]",
    )
    edit(
        folder, "actions.yaml", TOKEN, f"{TOKEN}      break_glass: {{people: 2, roles: [commander, technical_lead]}}\n"
    )
    assert "nobody could review a broken glass: ann may, and could all have had a part in it" in wrong(folder)[0]
    edit(folder, "authority.yaml", "review: [commander]", "review: [commander, privacy_officer]")
    assert load(folder, {}).digest


def test_who_may_say_yes_to_it_is_not_left_to_review_it(folder: Path) -> None:
    """An ordinary yes is a part in it too: the one reviewer must not be among those whose yes goes with the broken glass."""
    everybody = "review: [commander, technical_lead, security_lead, privacy_officer, leadership]"
    edit(folder, "authority.yaml", everybody, "review: [security_lead]")
    edit(
        folder, "actions.yaml", TOKEN, f"{TOKEN}      break_glass: {{people: 2, roles: [commander, technical_lead]}}\n"
    )
    assert "nobody could review a broken glass: lee, sue may, and could all have had a part" in wrong(folder)[0]
    edit(folder, "authority.yaml", "review: [security_lead]", "review: [security_lead, privacy_officer]")
    assert load(folder, {}).digest


def test_a_veto_is_said_by_somebody_who_may_reject(folder: Path) -> None:
    """A role that may say no to this gate and not say reject at all protects nothing."""
    everybody = "[commander, technical_lead, security_lead, privacy_officer, customer_lead, leadership]"
    edit(
        folder,
        "authority.yaml",
        f"reject: {everybody}",
        "reject: [commander, technical_lead, security_lead, leadership]",
    )
    edit(folder, "actions.yaml", TOKEN, f"{TOKEN}      veto: [privacy_officer]\n")
    assert "nobody who is privacy_officer may say reject" in wrong(folder)[0]


def test_the_first_rule_that_fits_takes_the_place_of_a_gate(folder: Path) -> None:
    """By severity for what can't be undone, by category for notices, by action for giving back; others keep their own."""
    before = load(folder, {})
    add(folder, WORST)
    kit = load(folder, {})
    mild, worst = judged(kit, level="SEV3"), judged(kit, level="SEV1")
    own, other = order(mild, "revoke-token"), order(worst, "revoke-token")
    assert own.gate == order(judged(before, level="SEV3"), "revoke-token").gate
    assert other.gate is not None
    assert other.gate.every == ("security_lead", "privacy_officer")
    assert "who must agree is by gates.policies: SEV1" in other.told
    assert own.digest_for("i", "apply") != other.digest_for("i", "apply")
    back = order(mild, "disable-send-email").restore_gate
    assert (back is not None and back.quorum, order(mild, "disable-send-email").gate) == (2, None)
    data = judged(kit, ("personal_data_involved", True))
    assert "privacy" in data.categories
    notices = {one.gate.every for one in data.obligations if one.gate is not None}
    assert notices == {("privacy_officer", "security_lead")}
    assert {one.gate.every for one in judged(kit).obligations if one.gate is not None} == {()}


def test_a_rule_goes_by_the_severity_that_the_incident_has(folder: Path) -> None:
    """Where the rubric says less by now the graver gate stays, unless a person has lowered the severity."""
    add(folder, WORST)
    kit = load(folder, {})
    lower = judged(kit)
    assert lower.severity.level > "SEV1"
    for given, graver in (({}, False), ({"standing": "SEV1"}, True), ({"standing": "SEV1", "level": "SEV3"}, False)):
        gate = order(judged(kit, **given), "revoke-token").gate
        assert gate is not None
        assert (gate.every != ()) is graver, given


def test_a_rule_puts_no_gate_and_takes_none_away(folder: Path) -> None:
    """What runs by itself still does, and what can't be undone is never without a gate; no gate takes fewer than one."""
    add(folder, "\n  policies: [{kind: contain, gate: {roles: [commander]}}]\n")
    plan = judged(load(folder, {}))
    assert order(plan, "disable-send-email").gate is None
    assert all(one.gate is not None and one.gate.roles == ("commander",) for one in plan.orders if not one.reversible)
    edit(folder, "authority.yaml", "gate: {roles: [commander]}", "gate: {roles: [commander], quorum: 0}")
    assert "0 is too small; write 1 or more" in wrong(folder)[0]


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("{kind: irreversible, category: [privcy], gate: {roles: [commander]}}", "did you mean 'privacy'"),
        ("{kind: irreversible, action: [revoke-tokn], gate: {roles: [commander]}}", "did you mean 'revoke-token'"),
        ("{kind: irreversable, gate: {roles: [commander]}}", "did you mean 'irreversible'"),
        ("{kind: notice, severity: [SEV0], gate: {roles: [commander]}}", "SEV1"),
        (
            "{kind: notice, gate: {roles: [commander], quorum: 2}}",
            "the gate needs 2 people and only 1 can answer (ann)",
        ),
        ("{kind: notice, gate: {roles: [commander], every: [auditor]}}", "the role 'auditor' is held by nobody"),
    ],
)
def test_a_rule_that_names_nothing_or_nobody_is_refused(folder: Path, rule: str, words: str) -> None:
    """With the file, the line and what was meant."""
    add(folder, f"\n  policies:\n    - {rule}\n")
    found = wrong(folder)
    assert any(words in one and one.startswith("authority.yaml:") for one in found), found


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        (["{kind: notice, action: [revoke-token], gate: {roles: [privacy_officer]}}"], "a notice has no action"),
        (
            ["{kind: ask, action: [revoke-token], gate: {roles: [commander]}}"],
            "of revoke-token none has a gate of this kind",
        ),
        (
            [
                "{kind: contain, gate: {roles: [commander]}}",
                "{kind: irreversible, severity: [SEV1], gate: {roles: [commander]}}",
            ],
            "gates.policies 2 of authority.yaml (irreversible: SEV1) never fits: number 1 always comes first",
        ),
    ],
)
def test_a_rule_that_never_fits_is_told(folder: Path, rules: list[str], words: str) -> None:
    """Whoever wrote it believes that it counts."""
    add(folder, "\n  policies:\n" + "".join(f"    - {one}\n" for one in rules))
    found = told(folder, "never fits")
    assert len(found) == 1
    assert words in found[0]


def test_rules_that_overlap_in_part_both_count(folder: Path) -> None:
    """Nothing is told of the rules of the example."""
    add(folder, WORST)
    assert told(folder, "never fits") == []


def test_the_rota_is_played_with_the_roles_that_must_be_there(folder: Path) -> None:
    """Two security leads in reach pass no gate that also wants the privacy officer, who sleeps by night."""
    edit(
        folder,
        "oncall.yaml",
        "roles: [privacy_officer], ",
        'roles: [privacy_officer], hours: {between: ["08:00", "18:00"], zone: Europe/Berlin}, ',
    )
    assert told(folder, "the gate to revoke-token: ") == []
    add(folder, WORST)
    short = [one for one in told(folder, "by gates.policies 1") if "can be reached" in one]
    assert short
    assert all("fewer than 2 of security_lead or commander or privacy_officer" in one for one in short)


def test_the_example_of_the_starter_kit_holds(folder: Path) -> None:
    """What stands there as a comment is a kit that loads."""
    text = (folder / "authority.yaml").read_text()
    example = text[text.index("#   policies:") :].splitlines()
    shown = "\n".join(line.strip().removeprefix("# ") for line in example)
    (folder / "authority.yaml").write_text(
        f"{text[: text.index('  # policies:')]}\n"
        + "\n".join(f"  {one}" for one in (line[2:] for line in shown.splitlines()))
    )
    kit = load(folder, {})
    assert [(rule.kind, rule.severities, rule.gate.break_glass) for rule in kit.policy.gate_rules] == [
        ("irreversible", ("SEV1",), 2)
    ]


def test_a_kit_of_before_names_neither_command(folder: Path) -> None:
    """Then they are open to whoever may override; a stored kit comes back with its rules."""
    file = folder / "authority.yaml"
    file.write_text(
        "".join(
            line
            for line in file.read_text().splitlines(keepends=True)
            if not line.startswith(("  break-glass:", "  review:"))
        )
    )
    kit = load(folder, {})
    assert [kit.may(word, ("security_lead",))[0] for word in ("break-glass", "review", "override")] == [True] * 3
    assert [kit.may(word, ("customer_lead",))[0] for word in ("break-glass", "review")] == [False] * 2
    add(folder, WORST)
    whole = load(folder, {})
    assert restore(whole.canonical, {}).policy.gate_rules == whole.policy.gate_rules
    assert yaml.load(file.read_text(), Loader=yaml.CSafeLoader)["gates"]["policies"][0]["kind"] == "irreversible"
