"""What one duty does to another, and what a hold does to all of them until it ends."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from halon.incident.assessment import Assessment, Obligation
from halon.incident.facts import Fact
from halon.judgement.assess import assess
from halon.judgement.policy import Policy
from halon.kit import load, starter_path

WHO, AT = "acme-eu", "2026-11-20T10:00:00Z"


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Policy:
    """The starter kit with the packs of the Union and of health."""
    folder = tmp_path_factory.mktemp("between") / "kit"
    shutil.copytree(starter_path(), folder)
    page = folder / "organisation.yaml"
    page.write_text(page.read_text().replace("packs: []", "packs: [eu, us-health]"))
    return load(Path(folder), {}).policy


def judged(policy: Policy, now: str, **facts: Any) -> Assessment:
    said = [Fact(name, value, "person", AT, "pat") for name, value in facts.items()]
    return assess(said, policy, now, agent="support-bot", entity=WHO)


def duty(found: Assessment, name: str) -> Obligation:
    return next(one for one in found.obligations if (one.id, one.entity) == (name, WHO))


HIPAA = {"roles": ["hipaa_covered_entity"], "unsecured_phi": True, "low_probability_of_compromise": False,
         "discovered_at": AT}  # fmt: skip


@pytest.mark.parametrize(
    ("now", "kept_back"),
    [("2026-11-21T11:59:00Z", True), ("2026-11-21T12:00:00Z", False), ("2026-11-22T00:00:00Z", False)],
)
def test_a_hold_that_has_ended_keeps_nothing_back(policy: Policy, now: str, kept_back: bool) -> None:
    """Up to the moment that the agency named; from then on the notice may go out, and no embargo is shown."""
    hold = {"agency": "FBI", "from": "2026-11-20T12:00:00Z", "to": "2026-11-21T12:00:00Z", "written": True}
    found = judged(policy, now, law_enforcement_hold=hold, **HIPAA)
    stage = duty(found, "us-hipaa-404").stages[0]
    assert stage.not_before[:16] == ("2026-11-21T12:00" if kept_back else "")
    assert bool(stage.embargo) is kept_back
    assert [one.kind for one in found.embargoes if one.obligation == "us-hipaa-404"] == (
        ["law_enforcement_hold"] if kept_back else []
    )
    assert stage.due == duty(judged(policy, now, **HIPAA), "us-hipaa-404").stages[0].due, "no hold moves a deadline"


def test_a_hold_that_has_not_begun_keeps_nothing_back(policy: Policy) -> None:
    """It counts from the moment that it names."""
    hold = {"agency": "FBI", "from": "2026-11-21T12:00:00Z", "to": "2026-11-22T12:00:00Z", "written": True}
    assert duty(judged(policy, AT, law_enforcement_hold=hold, **HIPAA), "us-hipaa-404").stages[0].not_before == ""


@pytest.mark.parametrize("major", [True, None, False])
def test_who_owes_by_the_special_law_owes_nothing_by_the_general_one(policy: Policy, major: bool | None) -> None:
    """A financial entity reports by DORA; that this incident is not major brings NIS2 not back."""
    facts: dict[str, Any] = {"significant_incident": True, "aware_at": AT, "major_ict_incident": major}
    found = judged(policy, AT, roles=["financial_entity_dora", "nis2_essential"], **facts)
    general = duty(found, "eu-nis2-23")
    assert (general.status, general.displaced_by, general.stages) == ("does_not_apply", "eu-dora-19", ())
    assert duty(found, "eu-dora-19").status == {True: "applies", None: "undetermined", False: "does_not_apply"}[major]
    alone = duty(judged(policy, AT, roles=["nis2_essential"], **facts), "eu-nis2-23")
    assert (alone.status, alone.displaced_by) == ("applies", "")
