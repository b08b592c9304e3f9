"""Who may say which fact now: loosening takes a permission and a reason; determinations take the role."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from halon.evidence.errors import StoreUnreachable
from halon.incident.facts import Fact
from halon.kit import Kit, load, starter_path, stored_at
from halon.ports.triage import Authority, Claimed
from halon_activities.hands import Hands
from halon_activities.triage import Triage

INCIDENT = "incident-support-bot.unauthorised-tool:run-1"
AT = "2026-11-22T08:00:00Z"
KNOWN = (
    Fact("detected_at", AT, "alert", AT),
    Fact("affected_individuals", {"low": 600}, "trace", AT),
    Fact("ongoing", True, "trace", AT),
)


async def asked(hands: Hands, as_incident: Any, by: str, name: str, value: Any, **more: Any) -> Authority:
    said = {"name": name, "value": value, **more}
    claimed = Claimed(INCIDENT, "fact", by, said, "support-bot", KNOWN)
    found: Authority = await as_incident(Triage(hands).authority, claimed)
    return found


@pytest.mark.parametrize(
    ("by", "name", "value", "reason", "may", "kind", "says"),
    [
        ("tom", "ongoing", True, "", True, "", ""),
        ("tom", "affected_individuals", {"low": 700}, "", True, "", ""),
        ("pat", "affected_individuals", 6, "", False, "NeedsReason", "loosens what counts now (at least 600); say why: --reason WHY"),
        ("pat", "affected_individuals", 6, "   ", False, "NeedsReason", "--reason WHY"),
        ("pat", "affected_individuals", 6, "counted in the mail", True, "", ""),
        ("tom", "ongoing", False, "it is quiet", False, "", "fact-down takes the role commander or privacy_officer"),
        ("sue", "ongoing", False, "the token is revoked", True, "", ""),
        ("ann", "ongoing", None, "", False, "NeedsReason", "ongoing = not known yet loosens what counts now (true)"),
        ("pat", "aware_at", "2026-11-22T07:00:00Z", "", True, "", ""),
        ("pat", "aware_at", "2026-11-22T09:00:00Z", "", False, "NeedsReason", "aware_at"),
        ("pat", "aware_at", "2026-11-22T09:00:00Z", "certain only then", True, "", ""),
        ("tom", "risk_to_individuals", "high_risk", "", False, "", "risk_to_individuals is said by privacy_officer or"),
        ("pat", "risk_to_individuals", "high_risk", "", True, "", ""),
        ("pat", "roles", ["processor"], "", False, "NeedsReason", "loosens what counts now (controller, processor)"),
        ("pat", "roles", ["processor"], "the contract says so", True, "", ""),
        ("pat", "personal_data_involvd", True, "", False, "UnknownFact", "did you mean 'personal_data_involved'"),
        ("pat", "ongoing", "maybe", "", False, "WrongValue", "must be true, false or unknown"),
        ("pat", "entities_involved", ["acme-eu", "acme-uk"], "", False, "UnknownEntity", "there is no legal entity 'acme-uk'"),
    ],
)  # fmt: skip
async def test_who_may_say_what(
    hands: Hands, as_incident: Any, by: str, name: str, value: Any, reason: str, may: bool, kind: str, says: str
) -> None:
    """Promise 7 for facts: graver by anybody who may say facts; milder by name, with the role and a reason."""
    answer = await asked(hands, as_incident, by, name, value, **({"reason": reason} if reason else {}))
    assert (answer.may, answer.refusal) == (may, kind), answer.why
    assert says in answer.why


async def test_it_is_measured_by_what_counts_for_that_entity(hands: Hands, as_incident: Any) -> None:
    """For an entity without a word of its own, what counts for all does; a stranger is answered with the known ones."""
    own = await asked(hands, as_incident, "pat", "affected_individuals", 6, entity="acme-eu")
    assert (own.may, own.refusal) == (False, "NeedsReason")
    stranger = await asked(hands, as_incident, "pat", "affected_individuals", 900, entity="acme-e")
    assert (stranger.may, stranger.refusal) == (False, "UnknownEntity")
    assert "did you mean 'acme-eu'?" in stranger.why


def kit_with(hands: Hands, folder: Path, *edits: tuple[str, str, str]) -> Kit:
    """The starter kit with something changed."""
    shutil.copytree(starter_path(), folder)
    for name, old, new in edits:
        text = (folder / name).read_text()
        assert old in text
        (folder / name).write_text(text.replace(old, new, 1))
    return load(folder, hands.environ)


def asks_for(people: int) -> tuple[str, str, str]:
    """A duty of a contract that asks for so many people."""
    asks = f"{{all: [{{fact: personal_data_involved, is: true}}, {{fact: affected_individuals, at_least: {people}}}]}}"
    return "regimes/contract-dpa.yaml", "when: {fact: personal_data_involved, is: true}", f"when: {asks}"


async def upper_end(hands: Hands, as_incident: Any, digest: str) -> Authority:
    """Cus says 200 people, of whom nothing was known, in an incident on the kit of this digest."""
    said = {"name": "affected_individuals", "value": {"low": 0, "high": 200}}
    claimed = Claimed(INCIDENT, "fact", "cus", said, "support-bot", (), digest)
    found: Authority = await as_incident(Triage(hands).authority, claimed)
    return found


async def test_loosening_is_measured_by_the_kit_that_judges(hands: Hands, as_incident: Any, tmp_path: Path) -> None:
    """The incident's duty asks for 900 people, so "200 at most" ends it, whatever the kit in use asks for."""
    judging = kit_with(hands, tmp_path / "judging", asks_for(900))
    used = kit_with(hands, tmp_path / "used", asks_for(100))
    await hands.evidence.put(stored_at(judging.digest), judging.canonical)
    worker = replace(hands, kit=used)
    by_its_own = await upper_end(worker, as_incident, judging.digest)
    by_the_one_in_use = await upper_end(worker, as_incident, used.digest)
    assert (by_its_own.may, by_the_one_in_use.may) == (False, True), (by_its_own.why, by_the_one_in_use.why)
    assert "fact-down takes the role" in by_its_own.why


async def test_people_and_roles_are_those_of_the_kit_in_use(hands: Hands, as_incident: Any, tmp_path: Path) -> None:
    """Whoever was given the role since then has it, also in an incident on an earlier kit."""
    await hands.evidence.put(stored_at(hands.kit.digest), hands.kit.canonical)
    used = kit_with(hands, tmp_path / "used", ("authority.yaml", "fact-down: [", "fact-down: [customer_lead, "))
    claimed = Claimed(
        INCIDENT, "fact", "cus", {"name": "ongoing", "value": False, "reason": "it stands still"}, "support-bot", KNOWN,
        hands.kit.digest,
    )  # fmt: skip
    answer = await as_incident(Triage(replace(hands, kit=used)).authority, claimed)
    assert answer.may, answer.why


async def test_without_the_store_it_is_said_again_later(hands: Hands, as_incident: Any, tmp_path: Path) -> None:
    """A fact is never measured by rules that may be others."""

    class Gone:
        async def get(self, name: str) -> bytes:
            raise StoreUnreachable("the bucket does not answer")

    worker = replace(hands, kit=kit_with(hands, tmp_path / "used", asks_for(100)), evidence=Gone())
    answer = await upper_end(worker, as_incident, hands.kit.digest)
    assert (answer.may, answer.refusal) == (False, "EvidenceStore")
    assert "Say it again when the store answers." in answer.why


async def test_the_kit_says_who_says_which_fact(hands: Hands, as_incident: Any, tmp_path: Path) -> None:
    """Narrower for what happened, wider for what the law asks; loosening still takes its own permission."""
    more = "facts:\n  determinations: [customer_lead]\n  ongoing: [technical_lead, customer_lead]\n\ngates:\n"
    worker = replace(hands, kit=kit_with(hands, tmp_path / "used", ("authority.yaml", "gates:\n", more)))
    for by, name, value, may in (
        ("sue", "ongoing", True, False),
        ("tom", "ongoing", True, True),
        ("cus", "risk_to_individuals", "high_risk", True),
        ("pat", "risk_to_individuals", "high_risk", False),
        ("cus", "ongoing", False, False),
    ):
        answer = await asked(worker, as_incident, by, name, value, reason="so it is")
        assert answer.may == may, (by, name, answer.why)
    refused = await asked(worker, as_incident, "sue", "ongoing", True)
    assert (
        "ongoing is said by technical_lead or customer_lead (yours: security_lead); ask one of cus, tom" in refused.why
    )
