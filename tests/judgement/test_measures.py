"""What hangs on a count while it is unknown: an upper end that could end it takes a name; any other is free to say."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from halon.incident.facts import Fact
from halon.judgement.assess import assess
from halon.judgement.containment import Prepared
from halon.judgement.deadlines import After, Earliest, Expression, Latest
from halon.judgement.directions import loosens, open_ended
from halon.judgement.measures import ANY_TOP, ONLY_NONE, UNMEASURED, Limit, Measures, measures
from halon.judgement.policy import Policy
from halon.judgement.predicates import All, Any_, Leaf, Not, Tree
from halon.judgement.severity import Floor
from halon.judgement.vocabulary import VOCABULARY
from halon.kit import load, starter_path

LOADED = load(starter_path(), {}).policy
GDPR = next(one for one in LOADED.regimes if (one.id, one.entity) == ("eu-gdpr-33", "acme-eu"))
STARTER = replace(LOADED, regimes=(GDPR,))
AT, NOW = "2026-11-20T10:00:00.000Z", "2026-11-20T18:00:00.000Z"
PEOPLE = "affected_individuals"
MANY = Leaf(PEOPLE, "at_least", 500)


def asking(when: Tree) -> Policy:
    """The starter kit with a regime of this condition."""
    return replace(STARTER, regimes=(*STARTER.regimes, replace(GDPR, id="us-state", when=when)))


@pytest.mark.parametrize(
    ("when", "limit"),
    [
        (MANY, Limit(500)),
        (Leaf(PEOPLE, "above", 500), Limit(500, inclusive=True)),
        (Leaf(PEOPLE, "is", 500), Limit(500)),
        (Leaf(PEOPLE, "is_not", 0), ONLY_NONE),
        (Not(Leaf(PEOPLE, "at_most", 499)), Limit(499, inclusive=True)),
        (Not(Leaf(PEOPLE, "below", 500)), Limit(500)),
        (Not(Not(MANY)), Limit(500)),
        (Any_((MANY, All((Leaf(PEOPLE, "above", 900), Leaf("confirmed", "is"))))), Limit(900, inclusive=True)),
        # Only a higher count could end these, and higher is always free to say.
        (Leaf(PEOPLE, "at_most", 10), ONLY_NONE),
        (Not(MANY), ONLY_NONE),
        (Leaf("confirmed", "is"), ONLY_NONE),
    ],
)
def test_the_limit_is_the_highest_count_that_could_end_what_runs(when: Tree, limit: Limit) -> None:
    """Read off the conditions of the kit, with what stands under a `not` turned round."""
    assert measures(asking(when)).limit(PEOPLE) == limit


def test_what_holds_while_unknown_has_a_limit_and_what_does_not_has_none() -> None:
    """Clocks, floors and planned actions run on unknown; a level of an axis does not, so a count can only add to it."""
    assert any(
        step.when == Leaf("affected_sessions", "at_least", 10) for axis in STARTER.rubric.axes for step in axis.steps
    )
    assert measures(STARTER).limits == {}
    order = replace(STARTER.agents["support-bot"].prepared[0].order, id="wide")
    agent = replace(STARTER.agents["support-bot"], prepared=(Prepared(order, Leaf("affected_agents", "at_least", 2)),))
    floors = (Floor("SEV2", Leaf("spend_eur", "at_least", 9), "w", while_unknown=True), Floor("SEV1", MANY, "w"))
    made = replace(STARTER, agents={"support-bot": agent}, rubric=replace(STARTER.rubric, floors=floors))
    assert measures(made).limits == {"spend_eur": Limit(9), "affected_agents": Limit(2)}


def test_dates_are_read_in_the_zones_of_the_regimes() -> None:
    """In each once; without a regime anywhere on earth."""
    assert measures(STARTER).zones == (ZoneInfo("Europe/Berlin"),)
    assert measures(replace(STARTER, regimes=())).zones == UNMEASURED.zones
    assert UNMEASURED.limit(PEOPLE) == ANY_TOP


@pytest.mark.parametrize(
    ("held", "new", "expected"),
    [
        (None, 1200, False),
        (None, 500, False),
        (None, 499, True),
        (None, 3, True),
        (None, {"low": 0, "high": 3}, True),
        (None, {"low": 3, "high": 600}, False),
        (None, {"low": 3}, False),
        (None, 0, True),
        ({"low": 3}, 1200, False),
        ({"low": 3}, 12, True),
        ({"low": 3}, {"low": 12}, False),
        ({"low": 3, "high": 900}, {"low": 3, "high": 700}, False),
        ({"low": 3, "high": 900}, {"low": 3, "high": 20}, True),
        ({"low": 3, "high": 900}, {"low": 2, "high": 900}, True),
        ({"high": 3}, None, False),
        ({"low": 1, "high": 3}, None, True),
    ],
)
def test_what_loosens_a_count(held: Any, new: Any, expected: bool) -> None:
    """An upper end that could end the clock of "at least 500", and a lower end below the one before; nothing else."""
    assert loosens(VOCABULARY[PEOPLE], held, new, by=measures(asking(MANY))) is expected


@pytest.mark.parametrize(("value", "expected"), [(1, False), (0.01, False), ({"low": 0, "high": 3}, False), (0, True)])
def test_a_count_on_which_nothing_hangs_is_free_to_say(value: Any, expected: bool) -> None:
    """Only that there is none at all takes a name."""
    assert loosens(VOCABULARY["spend_eur"], None, value, by=measures(STARTER)) is expected
    assert loosens(VOCABULARY["spend_eur"], None, value, by=Measures({"spend_eur": Limit(500)})) is True


@pytest.mark.parametrize(("value", "low"), [(3, 3), ({"low": 3, "high": 9}, 3), ({"low": 3}, 3), ({"high": 9}, 0)])
def test_an_open_ended_count_is_the_least_that_there_is(value: Any, low: int) -> None:
    """Nothing is said of how many there are at most."""
    assert open_ended(value) == {"low": low}


SECTOR, END = "nis2_sector", "window_to"
RISKY = Leaf(SECTOR, "any_of", ["health", "energy"])


def due(expression: Expression) -> Policy:
    """The starter kit with a regime that is due like this."""
    stages = (replace(GDPR.stages[0], due=expression), *GDPR.stages[1:])
    return replace(STARTER, regimes=(replace(GDPR, stages=stages),))


def prepared(when: Tree) -> Policy:
    """The starter kit with an action that is planned like this."""
    agent = STARTER.agents["support-bot"]
    one = Prepared(agent.prepared[0].order, when)
    return replace(STARTER, regimes=(), agents={"support-bot": replace(agent, prepared=(one,))})


def floor(when: Tree, *, while_unknown: bool) -> Policy:
    """The starter kit with a floor under the severity."""
    floors = (Floor("SEV2", when, "w", while_unknown=while_unknown),)
    return replace(STARTER, rubric=replace(STARTER.rubric, floors=floors))


@pytest.mark.parametrize(
    ("kit", "held", "new", "expected"),
    [
        (asking(RISKY), None, "farming", True),
        (asking(RISKY), None, "health", False),
        (asking(RISKY), "health", "farming", True),
        (asking(RISKY), "health", "energy", True),
        (asking(RISKY), "health", "health", False),
        (asking(RISKY), "health", None, True),
        (asking(RISKY), None, None, False),
        (asking(RISKY), None, 7, False),
        (asking(Not(RISKY)), None, "health", True),
        (asking(Not(RISKY)), None, "farming", False),
        (asking(Any_((All((Leaf("confirmed", "is"), RISKY)), MANY))), None, "farming", True),
        (floor(RISKY, while_unknown=True), None, "farming", True),
        (floor(RISKY, while_unknown=False), None, "farming", False),
        (prepared(RISKY), None, "farming", True),
        (STARTER, None, "farming", False),
        (STARTER, "health", "farming", False),
    ],
)
def test_a_fact_without_a_graver_way_is_free_to_say_unless_something_hangs_on_it(
    kit: Policy, held: Any, new: Any, expected: bool
) -> None:
    """Where a clock, a floor or an action asks for the sector, saying another one can end that."""
    assert loosens(VOCABULARY[SECTOR], held, new, by=measures(kit)) is expected


EARLY, LATE = "2026-11-20T09:00:00Z", "2026-11-22T09:00:00Z"
BOTH = (After("aware_at", 24), After(END, 24))


@pytest.mark.parametrize(
    ("expression", "held", "new", "expected"),
    [
        (After(END, 24), EARLY, LATE, True),
        (After(END, 24), LATE, EARLY, False),
        (After(END, 24), EARLY, None, True),
        (After(END, 24), None, LATE, False),  # without it no clock runs at all
        (Earliest(BOTH), None, LATE, False),
        (Latest(BOTH), None, LATE, True),  # the clock that runs from awareness would wait for it
        (Earliest((Latest(BOTH), BOTH[0])), None, LATE, True),
        (BOTH[0], EARLY, LATE, False),
    ],
)
def test_a_time_without_a_graver_way_is_free_to_say_unless_a_clock_runs_from_it(
    expression: Expression, held: Any, new: Any, expected: bool
) -> None:
    """Later postpones the clock, and taken back there is none."""
    assert loosens(VOCABULARY[END], held, new, by=measures(due(expression))) is expected


def test_of_the_starter_kit_nothing_hangs_on_a_fact_without_a_graver_way() -> None:
    """First answers about sector, versions, tools and the end stay free to say."""
    by = measures(LOADED)
    plain = [term.name for term in VOCABULARY.values() if not term.cautious and not term.derived]
    assert END in plain
    assert [name for name in plain if name in by.asked or name in by.anchors] == []


def status(*facts: Fact) -> str:
    judged = assess(facts, asking(MANY), NOW, agent="support-bot")
    return next(one.status for one in judged.obligations if one.id == "us-state")


@pytest.mark.parametrize("value", [3, {"low": 3, "high": 3}, {"low": 0, "high": 400}, 0])
@pytest.mark.parametrize("source", ["trace", "action-log", "alert"])
def test_no_machine_ends_a_clock_by_how_few_it_saw(source: str, value: Any) -> None:
    """It can't know that there is no more; that it saw enough decides. A person, or a file that one wrote, may say it."""
    assert status(Fact(PEOPLE, value, source, AT)) == "undetermined"
    assert status(Fact(PEOPLE, 700, source, AT)) == "applies"
    assert status(Fact(PEOPLE, value, "person", AT, "pat")) == "does_not_apply"
    assert status(Fact(PEOPLE, value, "file", AT)) == "does_not_apply"


def test_a_machine_that_saw_more_than_a_person_said_starts_the_clock_again() -> None:
    """Her upper end is proved wrong, and nobody knows the right one."""
    said = Fact(PEOPLE, {"low": 1, "high": 3}, "person", AT, "pat")
    assert status(said, Fact(PEOPLE, 2, "trace", NOW)) == "does_not_apply"
    assert status(said, Fact(PEOPLE, 4, "trace", NOW)) == "undetermined"


def test_a_count_of_one_entity_says_nothing_of_how_many_there_are_in_all() -> None:
    """Of several, the highest is the least that is known, and none of one is not known of the whole."""
    facts = (
        Fact("entities_involved", ["acme-us"], "person", AT, "pat"),
        Fact(PEOPLE, 0, "person", AT, "pat", entity="acme-eu"),
    )
    us = replace(STARTER.entities["acme-eu"], id="acme-us")
    judged = assess(facts, replace(STARTER, entities={**STARTER.entities, "acme-us": us}), NOW, agent="support-bot")
    assert judged.blast_radius["people"] == "not known yet"
