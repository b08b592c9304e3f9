"""The packs that come with the starter kit: off until they are switched on, and honest about what they know."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from halon.incident.assessment import Obligation
from halon.incident.facts import Fact
from halon.judgement.assess import assess
from halon.kit import examine, load, starter_path

NOW = "2026-11-22T12:00:00Z"
SET = {
    "SANDBOX_AGENT_TOKEN": "x",
    "HALON_PAGE_WEBHOOK": "https://pages.example/hook",
    "HALON_SMTP": "127.0.0.1:2525",
    "HALON_TOKEN_ALERTMANAGER": "x",
    "HALON_TOKEN_REPORT": "x",
}
PACKS = {
    folder.name: {file.stem for file in (folder / "regimes").glob("*.yaml")}
    for folder in sorted((starter_path() / "packs").iterdir())
}
Judging = Callable[..., dict[str, Obligation]]


@pytest.fixture
def kit_with(tmp_path: Path) -> Callable[..., Path]:
    """The starter kit with these packs switched on."""

    def made(*packs: str) -> Path:
        folder = tmp_path / "-".join(("kit", *packs))
        shutil.copytree(starter_path(), folder)
        page = folder / "organisation.yaml"
        page.write_text(page.read_text().replace("packs: []", f"packs: [{', '.join(packs)}]"))
        return folder

    return made


@pytest.fixture
def judged(kit_with: Callable[..., Path]) -> Judging:
    """The duties that follow from facts under one pack, by id, for an entity of these roles."""

    def made(pack: str, roles: tuple[str, ...] = (), filed: dict[str, str] | None = None, **facts: Any) -> Any:
        policy = load(kit_with(pack), {}).policy
        own = policy.entities["acme-eu"]
        policy = replace(policy, entities={own.id: replace(own, roles=(*own.roles, *roles))})
        said = tuple(Fact(name, value, "person", NOW, "pat") for name, value in facts.items())
        found = assess(said, policy, NOW, agent="support-bot", filed=filed).obligations
        return {one.id: one for one in found if one.id in PACKS[pack]}

    return made


def dues(duty: Obligation) -> dict[str, str]:
    return {stage.id: stage.due_local for stage in duty.stages}


def test_what_is_off_is_no_part_of_the_kit(tmp_path: Path) -> None:
    """Neither judged, nor stored, nor in the digest; and what is broken in it breaks nothing."""
    folder = tmp_path / "kit"
    shutil.copytree(starter_path(), folder)
    kit = load(folder, {})
    assert not any(name.startswith("packs/") for name in json.loads(kit.canonical)["files"])
    (folder / "packs" / "cn" / "regimes" / "cn-cac.yaml").write_text("id: [")
    shutil.rmtree(folder / "packs" / "telecom")
    assert load(folder, {}).digest == kit.digest == load(starter_path(), {}).digest


@pytest.mark.parametrize("pack", PACKS)
def test_each_pack_can_be_switched_on(pack: str, kit_with: Callable[..., Path]) -> None:
    """It adds exactly its duties, each with its source, how well it was verified and when."""
    kit = load(kit_with(pack), SET)
    own = {regime.id: regime for regime in kit.policy.regimes}
    # The duties of a contract bind whoever names the contract, and nobody else.
    assert set(own) - {"contract-dpa", "eu-gdpr-33"} == (PACKS[pack] if pack != "contracts" else set())
    for file in sorted((starter_path() / "packs" / pack / "regimes").glob("*.yaml")):
        text = file.read_text("utf-8")
        assert text.startswith("# Not legal advice. A named person decides: the decider below.")
        assert "last_verified: 2026-11-22\n" in text
        assert "\nsource: " in text
        assert "\ndecider: privacy_officer\n" in text


def test_every_pack_at_once_adds_nothing_that_fails(kit_with: Callable[..., Path]) -> None:
    """What binds an acting entity needs a recipient before it can be sent; what still needs a reading is named."""
    folder = kit_with(*PACKS)
    for name, old in (
        ("entities/acme-eu.yaml", "customer.example"),
        ("entities/acme-eu.yaml", "authority.example"),
    ):
        (folder / name).write_text((folder / name).read_text().replace(old, "acme.de"))
    kit, findings = examine(folder, SET, datetime(2026, 11, 23, tzinfo=UTC))
    expected = {"contract-dpa", "eu-gdpr-33"}.union(*(ids for pack, ids in PACKS.items() if pack != "contracts"))
    assert {regime.id for regime in kit.policy.regimes} == expected
    # What binds an acting entity and has no recipient yet would fail; nothing else does.
    assert [one.what for one in findings if one.rank == "fails" and "would go nowhere" not in one.what] == []
    lost = [one for one in findings if "would go nowhere: 'not written yet'" in one.what]
    assert lost[0].rank == "fails"
    assert "us-ca" in "".join(one.what for one in lost)
    (unread,) = (one for one in findings if one.what.startswith("nobody has confirmed "))
    assert unread.rank == "advice"
    assert "uk-gdpr-33" in unread.what


def test_a_duty_of_a_pack_that_binds_an_acting_entity_fails_without_an_address(kit_with: Callable[..., Path]) -> None:
    """Whoever becomes a frontier developer is told that the report would go nowhere."""
    folder = kit_with("frontier-labs")
    page = folder / "entities" / "acme-eu.yaml"
    page.write_text(page.read_text().replace("roles: [controller, processor]", "roles: [frontier_developer]"))
    fails = [one.what for one in examine(folder, SET, datetime(2026, 11, 23, tzinfo=UTC))[1] if one.rank == "fails"]
    assert any("us-ca-sb53" in one and "would go nowhere" in one for one in fails)


def test_california_thirty_days_and_fifteen_after_the_residents_were_told(judged: Judging) -> None:
    """Discovered on 22 November: 22 December; residents told on 10 December: Attorney General by 25 December."""
    facts = {"personal_data_involved": True, "acquired_vs_accessed": "acquired", "data_encrypted": False,
             "discovered_at": "2026-11-22", "affected_by_jurisdiction": {"US-CA": 501}}  # fmt: skip
    duty = judged("us-states", **facts)["us-ca"]
    assert duty.status == "applies"
    assert dues(duty) == {"individuals": "2026-12-22T23:59:59-08:00[America/Los_Angeles]",
                          "attorney_general": "2027-01-06T23:59:59-08:00[America/Los_Angeles]"}  # fmt: skip
    assert [stage.provisional for stage in duty.stages] == [False, True]


def test_california_counts_fifteen_days_from_telling_the_residents(judged: Judging) -> None:
    """The second stage runs from the day on which they were really told."""
    told = judged("us-states", personal_data_involved=True, acquired_vs_accessed="acquired", discovered_at="2026-11-22",
                  individuals_notified_at="2026-12-10")  # fmt: skip
    assert dues(told["us-ca"])["attorney_general"] == "2026-12-25T23:59:59-08:00[America/Los_Angeles]"


def test_encrypted_data_whose_key_is_safe_is_no_breach_in_california(judged: Judging) -> None:
    """The one exception that the rule states."""
    facts = {"personal_data_involved": True, "acquired_vs_accessed": "acquired", "data_encrypted": True,
             "affected_by_jurisdiction": {"US-CA": 3}}  # fmt: skip
    assert judged("us-states", **facts, key_compromised=False)["us-ca"].status == "does_not_apply"


def test_the_other_states_run_from_discovery_or_determination(judged: Judging) -> None:
    """New York 30 days from discovery; Texas 60 and 30, Colorado 30 from the determination; Colorado's AI duty is gone."""
    found = judged(
        "us-states", personal_data_involved=True, discovered_at="2026-11-20", determined_breach_at="2026-11-22",
        acquired_vs_accessed="acquired", data_encrypted=False,
        affected_by_jurisdiction={"US-NY": 1, "US-TX": 250, "US-CO": {"low": 1}},
    )  # fmt: skip
    assert dues(found["us-ny"]) == {
        "individuals": "2026-12-20T23:59:59-05:00[America/New_York]",
        "attorney_general": "",
    }
    assert dues(found["us-tx"]) == {"individuals": "2027-01-21T23:59:59-06:00[America/Chicago]",
                                    "attorney_general": "2026-12-22T23:59:59-06:00[America/Chicago]"}  # fmt: skip
    assert dues(found["us-co"])["individuals"] == "2026-12-22T23:59:59-07:00[America/Denver]"
    assert {found[name].status for name in ("us-ny", "us-tx", "us-co")} == {"applies"}
    assert found["us-ca"].status == "does_not_apply"
    assert found["us-co-ai"].status == "not_in_force"


def test_a_frontier_developer_reports_in_fifteen_days_or_in_one(judged: Judging) -> None:
    """California's law applies; New York's begins on 1 January 2027, by the date of the anchor."""
    facts = {"critical_safety_incident": True, "frontier_model_involved": True, "discovered_at": "2026-11-22T09:00:00Z"}
    found = judged("frontier-labs", ("frontier_developer",), **facts, imminent_risk_death_or_serious_injury=False)
    assert found["us-ca-sb53"].status == "applies"
    assert dues(found["us-ca-sb53"]) == {"report": "2026-12-07T23:59:59-08:00[America/Los_Angeles]"}
    assert found["us-ca-sb53-imminent"].status == "does_not_apply"
    assert found["us-ny-raise"].status == "not_in_force"


def test_imminent_danger_shortens_it_to_a_day_and_new_york_counts_from_belief_or_determination(judged: Judging) -> None:
    """In 2027: 24 hours to whoever can act, and still 72 hours to the office, from whichever came first."""
    found = judged("frontier-labs", ("large_frontier_developer",), critical_safety_incident=True, frontier_model_involved=True,
                   imminent_risk_death_or_serious_injury=True, discovered_at="2027-02-01T09:00:00Z",
                   determined_incident_at="2027-02-01T12:00:00Z", reasonable_belief_at="2027-02-01T10:00:00Z")  # fmt: skip
    assert {one.status for name, one in found.items() if name.startswith("us-") and name != "us-il-sb315"} == {
        "applies"
    }
    assert found["us-il-sb315"].status == "review_required"
    assert dues(found["us-ca-sb53-imminent"])["report"].startswith("2027-02-02T01:00:00-08:00")
    assert dues(found["us-ny-raise-imminent"])["report"].startswith("2027-02-02T05:00:00-05:00")
    assert dues(found["us-ny-raise"])["report"].startswith("2027-02-04T05:00:00-05:00")


def test_a_model_provider_gets_the_shortest_period_to_read(judged: Judging) -> None:
    """Which harm gets which period is not verified: two days, and a person reads it first."""
    facts = {"serious_incident_limbs": ["death"], "causal_link": "established", "aware_at": "2026-11-22T09:00:00Z"}
    duty = judged("frontier-labs", ("gpai_sr_provider",), **facts)["eu-aiact-55"]
    assert (duty.status, dues(duty)["report"][:10]) == ("review_required", "2026-11-24")


def test_nobody_else_is_bound_by_the_law_of_frontier_labs(judged: Judging) -> None:
    """Almost no user of the product is one."""
    found = judged("frontier-labs", critical_safety_incident=True, frontier_model_involved=True,
                   imminent_risk_death_or_serious_injury=True, serious_incident_limbs=["death"])  # fmt: skip
    assert {one.status for one in found.values()} <= {"does_not_apply", "not_in_force"}


PHASED = {
    "eu-gdpr-33": "Phased: yes", "uk-gdpr-33": "as eu-gdpr-33", "eu-nis2-23": "24 h / 72 h / 1 month",
    "eu-dora-19": "initial, intermediate, final", "eu-aiact-73": "incomplete initial report allowed",
    "eu-cra-14-vuln": "24 h / 72 h / 14 d", "eu-cra-14-inc": "24 h / 72 h / 1 month", "us-sec-8k": "amend when available",
    "us-nydfs-a": "continuing update duty", "us-ca-sb53": "amended report allowed", "in-dpdp": "two-stage",
    "br-lgpd": "20 business days to supplement", "jp-appi": "preliminary, final", "cn-cac": "summary report",
    "cn-cac-ciio": "summary report",
}  # fmt: skip
"""The duties that the specification calls phased, and its words."""


@pytest.mark.parametrize("name", PHASED)
def test_what_may_be_told_in_phases_says_so(name: str) -> None:
    """Whoever must not wait until everything is known reads it where the duty is shown."""
    file = next(starter_path().glob(f"**/regimes/{name}.yaml"))
    assert yaml.safe_load(file.read_text("utf-8")).get("phased")


def test_a_carrier_tells_the_agencies_first_and_its_customers_not_before(judged: Judging) -> None:
    """Seven business days, Thanksgiving left out; the customers stage has no due date, is kept back and says why."""
    facts = {"personal_data_involved": True, "data_categories": ["cpni"], "determined_breach_at": "2026-11-22"}
    duty = judged("telecom", ("telecom_carrier_us",), **facts)["us-fcc-cpni"]
    assert duty.status == "review_required"
    assert dues(duty) == {"agencies": "2026-12-02T23:59:59-05:00[America/New_York]", "customers": ""}
    kept_back = duty.stages[1]
    assert kept_back.embargo.startswith("neither customers nor the public may be told until 7 full business days")
    assert kept_back.not_before == "?", "it ends by no date before the agencies are told"


@pytest.mark.parametrize(
    ("role", "duty", "due"),
    [("network_operator_cn", "cn-cac", "2026-11-22T21:00:00+08:00"), ("cii_operator_cn", "cn-cac-ciio", "2026-11-22T18:00:00+08:00")],
)  # fmt: skip
def test_china_counts_hours_by_role(judged: Judging, role: str, duty: str, due: str) -> None:
    """Four hours for a network operator, one for critical infrastructure; the summary within thirty days."""
    found = judged("cn", (role,), cybersecurity_incident=True, aware_at="2026-11-22T09:00:00Z",
                   cn_incident_level="major")  # fmt: skip
    assert found[duty].status == "applies"
    assert dues(found[duty])["report"].startswith(due)
    assert dues(found[duty])["summary"].startswith("2026-12-22T23:59:59")
    assert {one.status for name, one in found.items() if name != duty} == {"does_not_apply"}
