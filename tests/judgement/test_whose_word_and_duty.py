"""Several legal entities in one judgement: whose word proposes an order, whose roles count, whose duty keeps its name."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from halon.incident.alerts import Alert
from halon.incident.facts import Fact
from halon.incident.judged import filings, take_in
from halon.incident.learning import learn
from halon.incident.opening import Opening
from halon.incident.opening_state import first_state
from halon.incident.standing import decided, obligation, settled
from halon.incident.state import State
from halon.judgement.assess import assess
from halon.judgement.containment import Prepared
from halon.judgement.deadlines import After
from halon.judgement.obligations import StageRule
from halon.judgement.policy import Entity, Policy
from halon.judgement.predicates import Leaf
from halon.kit import load, starter_path

STARTER = load(starter_path(), {}).policy
GDPR = next(one for one in STARTER.regimes if (one.id, one.entity) == ("eu-gdpr-33", "acme-eu"))
EU = replace(STARTER.entities["acme-eu"], roles=("controller",))
US = Entity("acme-us", "Acme Inc.", ("controller",), ("US-TX",), "America/Chicago")
BOT = STARTER.agents["support-bot"]
POLICY = replace(STARTER, entities={"acme-eu": EU, "acme-us": US}, regimes=(GDPR, replace(GDPR, entity="acme-us")))
AT, NOW, FILED = "2026-11-20T10:00:00.000Z", "2026-11-20T18:00:00.000Z", "2026-11-20T17:00:00.000Z"
NAME, OF_EU, OF_US = "eu-gdpr-33", "eu-gdpr-33@acme-eu", "eu-gdpr-33@acme-us"


def told(by: str = "pat", entity: str = "", **values: Any) -> tuple[Fact, ...]:
    return tuple(Fact(name, value, "person", AT, by, entity=entity) for name, value in values.items())


LEAK = told(personal_data_involved=True, gdpr_applies=True, risk_to_individuals="risk", aware_at=AT)
BOTH = (*LEAK, *told(entities_involved=["acme-eu", "acme-us"]))


def proposers(*facts: Fact) -> tuple[str, ...]:
    """Who alone proposes the irreversible order that a leaked credential calls for."""
    order = next(one.order for one in BOT.prepared if not one.order.reversible)
    agent = replace(BOT, prepared=(Prepared(order, Leaf("credential_exposed", "is", True)),))
    judged = assess(facts, replace(POLICY, agents={"support-bot": agent}), NOW, agent="support-bot")
    return judged.orders[0].proposed_by


@pytest.mark.parametrize(
    ("facts", "alone"),
    [
        (told("sue", credential_exposed=True), ("sue",)),
        (told("sue", "acme-us", credential_exposed=True), ("sue",)),
        # Each of two is right without the other, also where they said it of one entity or of two.
        ((*told("sue", "acme-us", credential_exposed=True), Fact("credential_exposed", True, "trace", NOW, entity="acme-us")), ()),
        ((*told("sue", "acme-us", credential_exposed=True), *told("tom", "acme-us", credential_exposed=True)), ()),
        ((*told("sue", "acme-us", credential_exposed=True), *told("tom", "acme-eu", credential_exposed=True)), ()),
        ((*told("sue", "acme-us", credential_exposed=True), *told("tom", credential_exposed=True)), ()),
        # Hers for one entity made it so; what somebody said for all had not.
        ((*told("tom", credential_exposed=False), *told("sue", "acme-us", credential_exposed=True)), ("sue",)),
    ],
)  # fmt: skip
def test_whoever_alone_says_it_of_an_entity_proposes_the_order(facts: tuple[Fact, ...], alone: tuple[str, ...]) -> None:
    """Without a person's word the rest still counts as it does with it: what is said of entities too."""
    assert proposers(*facts) == alone


def statuses(*facts: Fact, agent: str = "support-bot") -> dict[str, str]:
    judged = assess((*BOTH, *facts), POLICY, NOW, agent=agent)
    return {one.entity: one.status for one in judged.obligations}


def test_roles_that_are_said_for_all_are_those_of_the_agents_own_entity() -> None:
    """Another entity keeps those that it has in the kit until somebody says its own."""
    processor = told(roles=["processor"])
    assert statuses() == {"acme-eu": "applies", "acme-us": "applies"}
    assert statuses(*processor) == {"acme-eu": "does_not_apply", "acme-us": "applies"}
    assert statuses(*told(entity="acme-us", roles=["processor"])) == {"acme-eu": "applies", "acme-us": "does_not_apply"}
    assert statuses(*processor, *told(entity="acme-us", roles=["processor"])) == {
        "acme-eu": "does_not_apply", "acme-us": "does_not_apply"}  # fmt: skip


def test_roles_that_are_said_while_nobody_knows_whose_agent_it_is_are_those_of_each() -> None:
    """There is no own entity to which they could belong."""
    assert statuses(agent="ghost-bot") == {"acme-eu": "applies", "acme-us": "applies"}
    found = statuses(*told(roles=["processor"]), agent="ghost-bot")
    assert found == {"acme-eu": "does_not_apply", "acme-us": "does_not_apply"}


def of(entity: str) -> Policy:
    """The kit in which the agent is that of ``entity``; empty: the agent is not in it."""
    return replace(POLICY, agents={"support-bot": replace(BOT, entity=entity)} if entity else {})


def judge(state: State, policy: Policy, now: str = NOW) -> State:
    """One more judgement of the incident, as the workflow makes it."""
    found = assess(state.facts, policy, now, agent=state.agent, filed=filings(state))
    return take_in(state, found, state.facts_version, now)


def incident(policy: Policy) -> State:
    alert = Alert(source="alertmanager", agent="support-bot", group="leak", rule="Leak", status="firing", fingerprint="f",
                  started_at=AT, received_at=AT, summary="it leaks")  # fmt: skip
    state = first_state(Opening((alert,)), "incident-support-bot.leak", "run-1", AT)
    return judge(learn(state, list(BOTH), AT), policy)


def with_filing(state: State, name: str) -> State:
    duty = obligation(state, name)
    assert duty is not None
    filed = replace(duty, stages=tuple(replace(stage, filed_at=FILED) for stage in duty.stages))
    return replace(state, obligations=tuple(filed if one.name == name else one for one in state.obligations))


def names(state: State) -> dict[str, str]:
    """The names of the duties and whose they are; each name once."""
    assert len({one.name for one in state.obligations}) == len(state.obligations)
    return {one.name: one.entity for one in state.obligations}


@pytest.mark.parametrize(
    ("before", "after", "kept"),
    [
        ("", "acme-eu", {OF_EU: "acme-eu", OF_US: "acme-us"}),
        ("acme-eu", "", {NAME: "acme-eu", OF_US: "acme-us"}),
        # The plain name is that of the first owner's duty, and the new one's keeps its own.
        ("acme-us", "acme-eu", {NAME: "acme-us", OF_EU: "acme-eu"}),
    ],
)
def test_a_duty_keeps_its_name_when_the_agents_entity_becomes_known_or_changes(
    before: str, after: str, kept: dict[str, str]
) -> None:
    """No duty twice, no name twice, each filing where it was, and the same when it is judged once more."""
    state = incident(of(before))
    assert names(state) == kept
    for name in kept:
        filed = judge(with_filing(state, name), of(after))
        again = judge(filed, of(after), "2026-11-20T19:00:00.000Z")
        assert names(filed) == names(again) == kept
        found = {one.name: one.stages[0].filed_at for one in again.obligations}
        assert found == {one: FILED if one == name else "" for one in kept}
        assert [one.name for one in again.obligations if settled(again, one)] == [name]


def test_a_duty_that_comes_later_takes_no_name_that_another_has() -> None:
    """Judged under the plain id, which is another entity's by then: it says whose it is, and its filings are its own."""
    alone = replace(of("acme-us"), entities={"acme-us": US}, regimes=(replace(GDPR, entity="acme-us"),))
    state = with_filing(incident(alone), NAME)
    assert names(state) == {NAME: "acme-us"}
    state = judge(state, of("acme-eu"))
    assert names(state) == {NAME: "acme-us", OF_EU: "acme-eu"}
    assert filings(state) == {f"{OF_US}/notification": FILED}
    state = judge(state, of("acme-eu"))
    assert names(state) == {NAME: "acme-us", OF_EU: "acme-eu"}
    assert [one.stages[0].filed_at for one in state.obligations if one.name == OF_EU] == [""]


def test_a_decision_stays_with_the_duty_that_it_was_about() -> None:
    """Declined while it was the agent's own; it is still that of the same entity when the agent is another's."""
    state = incident(of("acme-us"))
    state = replace(state, decisions=({"obligation": NAME, "word": "declined", "by": "pat", "at": NOW, "reason": "r"},))
    state = judge(state, of("acme-eu"))
    declined = [one.entity for one in state.obligations if decided(state, one.name) == "declined"]
    assert declined == ["acme-us"]


def test_a_later_stage_runs_from_the_filing_of_an_earlier_one_under_its_old_name() -> None:
    """Judgement finds what was filed by whose it is, not by what it is called now."""
    stages = (*GDPR.stages, StageRule("final", After("filed:notification", 24), 60))
    policies = [
        replace(of(own), regimes=tuple(replace(one, stages=stages) for one in POLICY.regimes))
        for own in ("", "acme-eu")
    ]
    state = with_stage_filed(incident(policies[0]), OF_EU)
    state = judge(state, policies[1])
    found = obligation(state, OF_EU)
    assert found is not None
    assert [(one.filed_at, one.due, one.provisional) for one in found.stages][1] == (
        "",
        "2026-11-21T17:00:00.000Z",
        False,
    )


def with_stage_filed(state: State, name: str) -> State:
    duty = obligation(state, name)
    assert duty is not None
    first, *rest = duty.stages
    changed = replace(duty, stages=(replace(first, filed_at=FILED), *rest))
    # A filing is a person's word: what hangs on it may move later by it.
    version = state.facts_version + 1
    kept = tuple(changed if one.name == name else one for one in state.obligations)
    return replace(state, obligations=kept, facts_version=version, person_version=version)


def test_a_filing_by_the_plain_name_is_the_agents_own() -> None:
    """As a file for `halon assess` says it; that of an entity by name counts first."""
    for filed, expected in (
        ({f"{NAME}/notification": FILED}, {"acme-eu": FILED, "acme-us": ""}),
        ({f"{OF_EU}/notification": FILED}, {"acme-eu": FILED, "acme-us": ""}),
        ({f"{OF_US}/notification": FILED}, {"acme-eu": "", "acme-us": FILED}),
        ({f"{OF_EU}/notification": FILED, f"{NAME}/notification": NOW}, {"acme-eu": FILED, "acme-us": ""}),
    ):
        judged = assess(BOTH, POLICY, NOW, agent="support-bot", filed=filed)
        assert {one.entity: one.stages[0].filed_at for one in judged.obligations} == expected
