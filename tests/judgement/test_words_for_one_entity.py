"""A word for one legal entity blinds neither severity nor clocks nor permissions to what is found out for all afterwards."""

from __future__ import annotations

from typing import Any

import pytest

from halon.incident.assessment import Assessment
from halon.incident.facts import Fact
from halon.judgement.assess import assess
from halon.judgement.directions import loosens
from halon.judgement.holding import in_force
from halon.judgement.measures import measures
from halon.judgement.vocabulary import VOCABULARY
from halon.kit import load, starter_path

KIT = load(starter_path(), {}).policy
NOW = "2026-11-22T09:00:00.000Z"
OWN = "acme-eu"


def said(name: str, value: Any, second: int, entity: str = "", source: str = "person") -> Fact:
    """An assertion, by a person if nothing else is said."""
    return Fact(name, value, source, f"2026-11-22T08:00:{second:02}.000Z", "cus", entity=entity)


def judged(*facts: Fact) -> Assessment:
    """What follows under the starter kit, which has one legal entity."""
    return assess(facts, KIT, NOW, agent="support-bot")


@pytest.mark.parametrize("entity", ["", OWN])
def test_severity_rises_by_what_a_machine_sees_after_a_word_for_the_entity(entity: str) -> None:
    """The same as after a word for all, and the conflict is shown."""
    found = judged(said("spend_eur", 100, 1, entity), said("spend_eur", 60_000, 5, source="log"))
    assert found.severity.level == "SEV1"
    assert [(one.name, one.entity, one.counts) for one in found.conflicts] == [("spend_eur", entity, {"low": 60_000})]


@pytest.mark.parametrize("entity", ["", OWN])
def test_what_is_to_be_stopped_is_planned_by_what_a_machine_sees_afterwards(entity: str) -> None:
    """None was used, said somebody; then the action log shows one."""
    quiet = said("unauthorised_tool_actions", [], 1, entity)
    loud = said("unauthorised_tool_actions", ["admin_delete"], 5, source="log")
    plans = [{one.id: one.told for one in judged(said("confirmed", True, 0), *facts).orders} for facts in
             ((quiet, loud), (loud,))]  # fmt: skip
    assert plans[0] == plans[1]


def test_a_clock_starts_earlier_by_what_is_said_for_all_afterwards() -> None:
    """Two days earlier for all is two days earlier for each."""
    facts = (said("personal_data_involved", True, 1), said("aware_at", "2026-11-22T08:00:00Z", 2, OWN))
    (before,) = {stage.due for duty in judged(*facts).obligations if duty.id == "eu-gdpr-33" for stage in duty.stages}
    earlier = judged(*facts, said("aware_at", "2026-11-20T08:00:00Z", 3))
    (after,) = {stage.due for duty in earlier.obligations if duty.id == "eu-gdpr-33" for stage in duty.stages}
    assert (before, after) == ("2026-11-25T08:00:00.000Z", "2026-11-23T08:00:00.000Z")
    assert [one.name for one in earlier.conflicts] == ["aware_at"]


@pytest.mark.parametrize("first", [(), (said("spend_eur", 50, 1, OWN),)])
def test_a_word_for_the_entity_loosens_what_was_seen_for_all(first: tuple[Fact, ...]) -> None:
    """So it takes the permission and a reason, whether or not the entity had a word of its own before."""
    held = in_force((*first, said("spend_eur", 60_000, 5, source="log")), OWN).values["spend_eur"]
    assert held == {"low": 60_000}
    assert loosens(VOCABULARY["spend_eur"], held, 100, by=measures(KIT))


def test_roles_said_without_an_entity_are_not_those_of_another() -> None:
    """They are those of the agent's own entity, also where they are said after the roles of the other."""
    us = "acme-us"
    kit = load(starter_path(), {}).policy
    kit.entities[us] = type(kit.entities[OWN])(us, us, ("controller",))
    facts = (said("roles", ["processor"], 1, us), said("roles", ["controller", "ai_provider"], 2))
    found = assess(facts, kit, NOW, agent="support-bot")
    assert found.values[us]["roles"] == ["processor"]
