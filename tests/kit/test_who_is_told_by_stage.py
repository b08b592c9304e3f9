"""One duty may tell an authority by one stage and people by another, each by its own text; contracts set their own terms."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from halon.incident.addressed import addressed
from halon.incident.assessment import Assessment, Obligation
from halon.incident.facts import Fact
from halon.judgement.assess import assess
from halon.judgement.regime import Regime
from halon.kit.errors import KitError
from halon.kit.kit import Kit
from halon.kit.loading import load
from halon.kit.starter import starter_path

NOW = "2026-11-23T12:00:00.000Z"
ALL = tuple(sorted(folder.name for folder in (starter_path() / "packs").iterdir()))
LEAK = {
    "personal_data_involved": True,
    "gdpr_applies": True,
    "risk_to_individuals": "risk",
    "acquired_vs_accessed": ["acquired"],
    "data_encrypted": False,
    "aware_at": "2026-11-20T10:00:00Z",
    "discovered_at": "2026-11-20T10:00:00Z",
    "determined_breach_at": "2026-11-20T10:00:00Z",
    "affected_by_jurisdiction": {"US-TX": 900, "US-CA": 900, "US-CO": 900},
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The starter kit with every pack on."""
    made = tmp_path / "kit"
    shutil.copytree(starter_path(), made)
    edit(made, "organisation.yaml", "packs: []", f"packs: [{', '.join(ALL)}]")
    return made


@pytest.fixture
def judged(folder: Path) -> Callable[..., Assessment]:
    """What follows from facts for an entity of these roles too, with the kit as it stands in ``folder``."""

    def made(*roles: str, zone: str = "", filed: dict[str, str] | None = None, now: str = NOW, **facts: Any) -> Any:
        if zone:
            edit(folder, "entities/acme-eu.yaml", "zone: Europe/Berlin", f"zone: {zone}")
        policy = load(folder, {}).policy
        own = policy.entities["acme-eu"]
        policy = replace(policy, entities={own.id: replace(own, roles=(*own.roles, *roles))})
        said = tuple(Fact(name, value, "person", now, "pat") for name, value in facts.items())
        return assess(said, policy, now, agent="support-bot", filed=filed)

    return made


def edit(folder: Path, name: str, old: str, new: str) -> None:
    text = (folder / name).read_text()
    assert old in text, f"{old!r} is not in {name}"
    (folder / name).write_text(text.replace(old, new, 1))


def duty(found: Assessment, name: str) -> Obligation:
    return next(one for one in found.obligations if one.id == name)


def due(found: Assessment, name: str, stage: str) -> str:
    return next(one.due for one in duty(found, name).stages if one.id == stage)


def regimes(kit: Kit) -> dict[str, Regime]:
    return {one.id: one for one in kit.policy.regimes}


def test_the_attorney_general_of_texas_gets_an_authoritys_notice_and_residents_theirs(
    judged: Callable[..., Assessment],
) -> None:
    """Each of the two hears by its own text, channel and contents, at its own address."""
    texas = duty(judged(**LEAK), "us-tx")
    residents, general = (addressed(texas, stage) for stage in texas.stages)
    assert (residents.audience, residents.template, residents.channel) == ("customers", "customers", "customer-mail")
    assert (general.audience, general.template, general.channel) == ("regulator", "regulator", "regulator-mail")
    assert residents.authority == "the residents of Texas who are affected"
    assert general.authority == "the Attorney General of Texas"
    assert "how many residents were told" in general.contents
    assert general.portal
    assert not residents.portal


def test_people_concerned_in_singapore_get_no_regulators_text(judged: Callable[..., Assessment]) -> None:
    """The Commission and the people are told by one duty and by two texts."""
    found = duty(judged(**{**LEAK, "affected_by_jurisdiction": {"SG": 700}, "affected_individuals": 700,
                           "significant_harm_likely": True}), "sg-pdpa")  # fmt: skip
    told = {stage.id: addressed(found, stage) for stage in found.stages}
    assert (told["commission"].template, told["individuals"].template) == ("regulator", "customers")
    assert told["individuals"].audience == "customers"


def test_no_addressee_of_a_pack_is_an_authority_and_people_at_once(folder: Path) -> None:
    """Whoever is told by an authority's text is an authority, whoever by the customers' text is none, in every pack."""
    for rule in load(folder, {}).policy.regimes:
        for told in rule.tells:
            assert (told.audience, told.template) in {("regulator", "regulator"), ("customers", "customers")}, rule.id
            people = any(word in told.authority for word in ("people concerned", "residents", "person concerned"))
            assert people <= (told.audience == "customers"), (rule.id, told.authority)
            authority = any(word in told.authority for word in ("Attorney General", "Commission", "Board", "the FTC"))
            assert authority <= (told.audience == "regulator"), (rule.id, told.authority)


def test_a_stage_that_tells_another_audience_must_say_whom_by_which_text_and_channel(folder: Path) -> None:
    """Else an authority would get the customers' text at the customers' address."""
    name = "packs/us-states/regimes/us-ny.yaml"
    edit(folder, name, "    template: regulator\n    channel: regulator-mail\n", "")
    with pytest.raises(
        KitError, match=r"attorney_general tells regulator and the duty customers, so template and channel"
    ):
        load(folder, {})


def test_an_embargo_on_customers_holds_no_public_authority_back(judged: Callable[..., Assessment]) -> None:
    """After a carrier told the agencies, its customers wait; the Attorneys General do not."""
    found = judged("telecom_carrier_us", **{**LEAK, "data_categories": ["cpni"]})
    back = {(one.obligation, one.stage) for one in found.embargoes}
    assert {("us-fcc-cpni", "customers"), ("us-ca", "individuals"), ("us-tx", "individuals")} <= back
    assert not {one for one in back if one[1] == "attorney_general"}
    held = {(one.id, stage.id) for one in found.obligations for stage in one.stages if stage.not_before}
    assert ("us-tx", "individuals") in held
    assert ("us-tx", "attorney_general") not in held
    assert ("us-ca", "attorney_general") not in held


def test_colorados_threshold_for_the_attorney_general_waits_for_a_reading(judged: Callable[..., Assessment]) -> None:
    """Nobody verified it: it has a shadow clock of its own, and the residents' duty stands by itself."""
    found = judged(**LEAK)
    assert [stage.id for stage in duty(found, "us-co").stages] == ["individuals"]
    assert duty(found, "us-co").status == "applies"
    assert duty(found, "us-co-ag").status == "review_required"
    assert due(found, "us-co-ag", "attorney_general") == "2026-12-21T06:59:59.000Z"


def test_a_joint_controller_owes_the_notification_too(folder: Path) -> None:
    """Who decides together with somebody else is a controller all the same."""
    policy = load(folder, {}).policy
    own = policy.entities["acme-eu"]
    policy = replace(policy, entities={own.id: replace(own, roles=("joint_controller",))})
    said = tuple(Fact(name, value, "person", NOW, "pat") for name, value in LEAK.items())
    assert duty(assess(said, policy, NOW, agent="support-bot"), "eu-gdpr-33").status == "applies"


@pytest.mark.parametrize(
    ("limb", "widespread", "expected"),
    [("serious_property_harm", True, "2027-12-05"), ("serious_property_harm", None, "2027-12-18"),
     ("fundamental_rights_infringement", None, "2027-12-05"), ("fundamental_rights_infringement", False, "2027-12-18"),
     ("critical_infra_serious_irreversible", False, "2027-12-05"), ("death", False, "2027-12-13"),
     ("death", True, "2027-12-05")],
)  # fmt: skip
def test_a_widespread_infringement_means_two_days_whatever_the_harm(
    judged: Callable[..., Assessment], limb: str, widespread: bool | None, expected: str
) -> None:
    """Two days for it or for critical infrastructure, ten for a death, fifteen otherwise."""
    found = judged("ai_provider", ai_system_high_risk=True, high_risk_basis="annex_iii", serious_incident_limbs=[limb],
                   causal_link="established", aware_at="2027-12-03T10:00:00Z", widespread_infringement=widespread,
                   now="2027-12-03T12:00:00.000Z")  # fmt: skip
    assert due(found, "eu-aiact-73", "report") == f"{expected}T22:59:59.000Z"


@pytest.mark.parametrize(
    ("down", "expected", "status"),
    [(30, None, "undetermined"), (30, 300, "applies"), (30, 45, "does_not_apply"), (240, None, "applies")],
)
def test_a_short_outage_that_may_last_is_not_ruled_out(
    judged: Callable[..., Assessment], down: int, expected: int | None, status: str
) -> None:
    """At minute 30 of a running outage nobody knows that it will not last four hours."""
    found = judged("us_bank_service_provider", notification_incident=True, service_downtime_minutes=down,
                   service_downtime_expected_minutes=expected)  # fmt: skip
    bank = duty(found, "us-bsp")
    assert bank.status == status
    assert ("service_downtime_expected_minutes" in bank.needs) is (status == "undetermined")


def test_a_day_ends_where_the_authority_of_the_member_state_sits(judged: Callable[..., Assessment]) -> None:
    """In Helsinki the last day ends an hour before it does in Brussels."""
    filed = {"eu-nis2-23/notification": "2026-11-24T10:00:00.000Z"}
    told = {"significant_incident": True, "aware_at": "2026-11-22T10:00:00Z"}
    helsinki = judged("nis2_essential", zone="Europe/Helsinki", filed=filed, **told)
    assert due(helsinki, "eu-nis2-23", "final") == "2026-12-24T21:59:59.000Z"


def test_an_entity_outside_the_union_counts_by_brussels(judged: Callable[..., Assessment]) -> None:
    """Midnight in New York would be six hours late for any authority in the EU."""
    filed = {"eu-nis2-23/notification": "2026-11-24T10:00:00.000Z"}
    told = {"significant_incident": True, "aware_at": "2026-11-22T10:00:00Z"}
    york = judged("nis2_essential", zone="America/New_York", filed=filed, **told)
    assert due(york, "eu-nis2-23", "final") == "2026-12-24T22:59:59.000Z"


NIS2 = {"significant_incident": True, "aware_at": "2026-11-22T10:00:00Z"}
NOTIFIED = {"eu-nis2-23/notification": "2026-11-24T10:00:00.000Z"}


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({}, {"final": "2026-12-24T22:59:59.000Z"}),
        ({"incident_ongoing": True}, {"progress": "2026-12-24T22:59:59.000Z", "final": ""}),
        ({"incident_ongoing": True, "incident_handled_at": "2027-01-10T10:00:00Z"},
         {"progress": "2026-12-24T22:59:59.000Z", "final": "2027-02-10T22:59:59.000Z"}),
        ({"incident_ongoing": False, "incident_handled_at": "2026-12-10T10:00:00Z"}, {"final": "2026-12-24T22:59:59.000Z"}),
        ({"incident_ongoing": False, "incident_handled_at": "2026-11-23T10:00:00Z"}, {"final": "2026-12-24T22:59:59.000Z"}),
    ],
)  # fmt: skip
def test_while_the_incident_goes_on_a_progress_report_is_due_and_the_final_one_follows_its_handling(
    judged: Callable[..., Assessment], said: dict[str, Any], expected: dict[str, str]
) -> None:
    """A month after the notification; where it still went on then, a month after it was handled, never sooner or later."""
    stages = {
        stage.id: stage.due
        for stage in duty(judged("nis2_essential", filed=NOTIFIED, **NIS2, **said), "eu-nis2-23").stages
    }
    assert {name: at for name, at in stages.items() if name in ("progress", "final")} == expected


def test_doras_report_is_updated_when_activities_recover(judged: Callable[..., Assessment]) -> None:
    """The step stands from the recovery on, and is met by the update; what was filed later needs none."""
    told = {
        "major_ict_incident": True,
        "aware_at": "2026-11-20T10:00:00Z",
        "classified_major_at": "2026-11-20T10:00:00Z",
    }
    filed = {"eu-dora-19/initial": "2026-11-20T12:00:00.000Z", "eu-dora-19/intermediate": "2026-11-22T12:00:00.000Z"}
    over = {"incident_handled_at": "2026-11-23T08:00:00Z"}
    step = "notify/update-eu-dora-19-intermediate"

    def steps(filed: dict[str, str], **facts: Any) -> dict[str, Any]:
        return {one.id: one for one in judged("financial_entity_dora", filed=filed, **told, **facts).steps}

    assert step not in steps(filed)
    asked = steps(filed, **over)[step]
    assert (asked.met, asked.owner, asked.due_at) == (False, "privacy_officer", "2026-11-23T12:00:00.000Z")
    assert steps({**filed, "eu-dora-19/intermediate~latest": "2026-11-23T09:00:00.000Z"}, **over)[step].met
    assert step not in steps({**filed, "eu-dora-19/intermediate": "2026-11-23T09:00:00.000Z"}, **over)


def test_a_contract_sets_its_own_period_anchor_trigger_channel_and_text(folder: Path) -> None:
    """Three business days from discovery, only for special data, to the address that the contract names."""
    edit(folder, "entities/acme-eu.yaml", "    hours: 24                 # or calendar_days, or business_days with of: and their calendar\n"
         "    after: aware_at           # what the period runs from\n",
         "    business_days: 3\n    of: US\n    after: discovered_at\n    channel: regulator-mail\n    template: regulator\n"
         "    when: {fact: data_categories, contains: health}\n")  # fmt: skip
    policy = load(folder, {}).policy
    said = {**LEAK, "aware_at": "2026-11-20T10:00:00Z", "discovered_at": "2026-11-24T10:00:00Z"}

    def found(**facts: Any) -> Obligation:
        told = tuple(Fact(name, value, "person", NOW, "pat") for name, value in {**said, **facts}.items())
        return duty(assess(told, policy, NOW, agent="support-bot"), "contract-dpa")

    bound = found(data_categories=["health"])
    assert (bound.status, bound.channel, bound.template) == ("applies", "regulator-mail", "regulator")
    assert bound.recipient == "security@customer.example"
    assert bound.stages[0].due == "2026-11-30T23:59:59.000Z"  # Thanksgiving and the weekend are left out
    assert found(data_categories=["basic_contact"]).status == "does_not_apply"


def test_a_contract_with_two_periods_is_refused(folder: Path) -> None:
    """Which of them counts is the contract's to say."""
    edit(folder, "entities/acme-eu.yaml", "    hours: 24 ", "    calendar_days: 2\n    hours: 24 ")
    with pytest.raises(KitError, match=r"entities/acme-eu\.yaml:\d+: a deadline needs exactly one span"):
        load(folder, {})


def test_the_starters_processing_agreement_binds_whoever_names_it(folder: Path) -> None:
    """The duty is one for all; with whom and within how long stands with the entity, and without it nobody is bound."""
    assert regimes(load(folder, {}))["contract-dpa"].authority == "Example Customer Ltd"
    text = (folder / "entities/acme-eu.yaml").read_text()
    (folder / "entities/acme-eu.yaml").write_text(text.partition("contracts:")[0])
    assert "contract-dpa" not in regimes(load(folder, {}))
