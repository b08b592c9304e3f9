"""Triage's hands judge by the kit of the incident, whatever kit the worker has."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from halon.incident.facts import Fact
from halon.kit import Kit, load, starter_path, stored_at
from halon.ports.triage import Case
from halon_activities.hands import Hands
from halon_activities.triage import Triage

INCIDENT = "incident-support-bot.unauthorised-tool:run-1"
AT = "2026-11-22T08:00:00Z"


def case(**fields: Any) -> Case:
    """A confirmed leak of personal data."""
    facts = tuple(Fact(name, value, "person", AT, "pat") for name, value in (
        ("confirmed", True), ("personal_data_involved", True), ("gdpr_applies", True), ("aware_at", AT)))  # fmt: skip
    return Case(INCIDENT, "INC-7F3A", "support-bot", "leak", ("AgentPiiInOutput",), facts, AT, **fields)


def other_kit(hands: Hands, folder: Path) -> Kit:
    """A kit with another deadline, another rota and another channel for leadership."""
    shutil.copytree(starter_path(), folder)
    for file, old, new in (
        ("regimes/eu-gdpr-33.yaml", "hours: 72}", "hours: 96}"),
        ("oncall.yaml", "commander: ann", "commander: lee"),
    ):
        text = (folder / file).read_text()
        assert old in text
        (folder / file).write_text(text.replace(old, new))
    return load(folder, hands.environ)


def due(judged: Any) -> str:
    """When the notice to the authority is due."""
    return next(one.stages[0].due for one in judged.obligations if one.id == "eu-gdpr-33")


@pytest.fixture
def moved(hands: Hands, tmp_path: Path) -> Hands:
    """A worker with a newer kit than the starter kit's."""
    return replace(hands, kit=other_kit(hands, tmp_path / "newer"))


async def test_the_first_judgement_is_by_the_kit_in_use(moved: Hands, as_incident: Any) -> None:
    """Nothing counts yet that another kit decided."""
    judged = await as_incident(Triage(moved).assess, case())
    assert (judged.kit_digest, judged.newer_kit, judged.form) == (moved.kit.digest, "", 1)
    assert due(judged) == "2026-11-26T08:00:00.000Z"


async def test_a_later_one_is_by_the_stored_kit_and_names_the_newer(
    hands: Hands, moved: Hands, as_incident: Any
) -> None:
    """Rules and deadlines of the incident's kit; people are those of now."""
    await hands.evidence.put(stored_at(hands.kit.digest), hands.kit.canonical)
    triage = Triage(moved)
    for _ in range(2):  # the second time from memory
        judged = await as_incident(triage.assess, case(kit_digest=hands.kit.digest))
        assert (judged.kit_digest, judged.newer_kit, judged.kit_missing) == (hands.kit.digest, moved.kit.digest, "")
        assert due(judged) == "2026-11-25T08:00:00.000Z"
        assert judged.newer_kit_difference == (
            "oncall.yaml rules.0.commander: ann -> lee", "regimes/eu-gdpr-33.yaml stages.0.due.hours: 72 -> 96")  # fmt: skip
        assert judged.roster.commander == "lee"


@pytest.mark.parametrize(
    ("stored", "told"), [(None, "it is not stored."), (b"{}", "can't be read any more"), ("other", "is another one.")]
)
async def test_without_the_stored_kit_the_one_in_use_judges_and_says_so(
    hands: Hands, moved: Hands, as_incident: Any, stored: Any, told: str
) -> None:
    """Gone, damaged, or exchanged for another: never silently."""
    if stored is not None:
        await hands.evidence.put(stored_at(hands.kit.digest), moved.kit.canonical if stored == "other" else stored)
    judged = await as_incident(Triage(moved).assess, case(kit_digest=hands.kit.digest))
    assert (judged.kit_digest, judged.newer_kit) == (moved.kit.digest, "")
    assert told in judged.kit_missing
    assert judged.kit_missing in judged.reasons


async def test_the_runbooks_come_with_the_judgement(hands: Hands, as_incident: Any) -> None:
    """Steps that are met by facts and by sealed evidence, questions about the cause, the commander's lines."""
    judged = await as_incident(Triage(hands).assess, case())
    sealed = await as_incident(Triage(hands).assess, case(evidence_sealed=True))
    met = [{step.id for step in one.steps if step.met} for one in (judged, sealed)]
    assert {"triage/real", "triage/sensitive-data"} <= met[0]
    assert met[1] - met[0] == {"triage/logs-preserved"}
    assert len(judged.rca_questions) >= 4
    assert judged.playbook["triage"][0].startswith("Acknowledge first")
