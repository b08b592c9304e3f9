"""Triage's hands judge by the kit of the incident, whatever kit the worker has."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from halon.evidence.errors import StoreUnreachable
from halon.incident.assessment import FORM
from halon.incident.canonical import canonical, digest
from halon.incident.facts import Fact
from halon.kit import Kit, load, starter_path, stored_at
from halon.ports.triage import Case, Claimed
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
    assert (judged.kit_digest, judged.newer_kit, judged.form) == (moved.kit.digest, "", FORM)
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


async def test_a_kit_of_an_earlier_release_is_no_fault(hands: Hands, moved: Hands, as_incident: Any) -> None:
    """Kept under an earlier format and untouched since, or never kept by it: the kit in use judges, and it is said calmly."""
    content = {"format": 1, "files": {"agents.yaml": {}}}
    await hands.evidence.put(stored_at(digest(content)), canonical(content))
    earlier = await as_incident(Triage(moved).assess, case(kit_digest=digest(content)))
    assert (earlier.kit_digest, earlier.kit_outlived) == (moved.kit.digest, True)
    assert (
        earlier.kit_missing
        == f"Kit {digest(content)[:12]} is kept under an earlier format (1), which this release can't read."
    )
    never = await as_incident(Triage(moved).assess, case(kit_digest="a" * 64, kit_kept=False))
    assert (never.kit_digest, never.kit_outlived) == (moved.kit.digest, True)
    assert never.kit_missing == "Kit aaaaaaaaaaaa was not stored by the release that judged by it."


@pytest.mark.parametrize("stored", [b'{"format": 1, "files": {}}', b'{"format": 9, "files": {}}', b"{}", b"\xff"])
async def test_an_earlier_format_excuses_nothing_that_was_changed(
    hands: Hands, moved: Hands, as_incident: Any, stored: bytes
) -> None:
    """Whoever rewrites a stored kit can't have that pass as age; nor is a later format, or a kit kept today, excused."""
    await hands.evidence.put(stored_at(hands.kit.digest), stored)
    for kept in (True, False):
        judged = await as_incident(Triage(moved).assess, case(kit_digest=hands.kit.digest, kit_kept=kept))
        assert (judged.kit_outlived, judged.kit_missing[:4]) == (False, "kit "), judged.kit_missing
    gone = await as_incident(Triage(moved).assess, case(kit_digest="b" * 64))
    assert (gone.kit_outlived, gone.kit_missing) == (False, "kit bbbbbbbbbbbb: it is not stored.")


def asks(by: str, kit: str, command: str = "kit") -> Claimed:
    """Somebody who wants the incident to be moved from ``kit``."""
    return Claimed(INCIDENT, command, by, {"reason": "the rubric was wrong"}, "support-bot", (), kit)


async def test_whoever_asks_to_be_moved_learns_of_the_kit_in_use(
    hands: Hands, moved: Hands, as_incident: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the difference, though nothing was judged since the worker started; not for who may not, nor for another word."""
    await hands.evidence.put(stored_at(hands.kit.digest), hands.kit.canonical)
    told = await as_incident(Triage(moved).authority, asks("ann", hands.kit.digest))
    assert (told.may, told.newer_kit) == (True, moved.kit.digest)
    assert "regimes/eu-gdpr-33.yaml stages.0.due.hours: 72 -> 96" in told.newer_kit_difference
    for one in (asks("ann", moved.kit.digest), asks("tom", hands.kit.digest), asks("ann", hands.kit.digest, "note")):
        assert (await as_incident(Triage(moved).authority, one)).newer_kit == ""
    lost = await as_incident(Triage(moved).authority, asks("ann", "c" * 64))
    assert lost.newer_kit == moved.kit.digest
    assert lost.newer_kit_difference == ("can't be shown: kit cccccccccccc: it is not stored.",)

    async def down(_path: str) -> bytes:
        raise StoreUnreachable("s3://kits")

    monkeypatch.setattr(type(moved.evidence), "get", lambda self, path: down(path))
    unseen = await as_incident(Triage(moved).authority, asks("ann", "d" * 64))
    assert (unseen.may, unseen.refusal) == (False, "EvidenceStore")


async def test_the_runbooks_come_with_the_judgement(hands: Hands, as_incident: Any) -> None:
    """Steps that are met by facts and by sealed evidence, questions about the cause, the commander's lines."""
    judged = await as_incident(Triage(hands).assess, case())
    sealed = await as_incident(Triage(hands).assess, case(evidence_sealed=True))
    met = [{step.id for step in one.steps if step.met} for one in (judged, sealed)]
    assert {"triage/real", "triage/sensitive-data"} <= met[0]
    assert met[1] - met[0] == {"triage/logs-preserved"}
    assert len(judged.rca_questions) >= 4
    assert judged.playbook["triage"][0].startswith("Acknowledge first")
