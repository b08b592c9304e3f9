"""How fast facts are judged: with the starter kit, and with a made-up one of 200 regimes and 500 agents."""

from __future__ import annotations

import random
import time
from dataclasses import replace

from benchmarks.figures import Figure, milliseconds
from halon.incident.facts import Fact
from halon.incident.orders import GatePolicy
from halon.judgement.assess import assess
from halon.judgement.containment import Allowed, Prepared, plan
from halon.judgement.deadlines import After, Earliest
from halon.judgement.obligations import Regime, StageRule
from halon.judgement.policy import Entity, Policy
from halon.judgement.predicates import All, Any_, Leaf, Not
from halon.judgement.ways_told import CUT_SHORT
from halon.kit import load, starter_path

AT = "2026-11-22T10:00:00.000Z"
LEAK = {
    "confirmed": True, "unauthorised_tool_actions": ["send_email"], "personal_data_involved": True,
    "external_recipient": True, "affected_individuals": {"low": 6}, "detected_at": AT, "gdpr_applies": True,
    "risk_to_individuals": "risk", "aware_at": AT, "data_categories": ["basic_contact"], "ongoing": True,
}  # fmt: skip
CALLS, LARGE_CALLS = 300, 30
REGIMES, AGENTS, ENTITIES = 200, 500, 4
ACTIONS, WAYS, SEEDS = 200, (12, 20, 60), 20
LIMITS = {"starter kit": 10, "large kit": 50, f"a plan over {ACTIONS} actions": 50}
"""Milliseconds that a warm call may take."""


def assessing() -> list[Figure]:
    """``assess`` warm: nothing known, a leak in full, and the same with a large kit and several legal entities."""
    policy = load(starter_path(), {}).policy
    known = tuple(Fact(name, value, "person", AT, "ann") for name, value in LEAK.items())
    several = tuple(Fact("aware_at", AT, "person", AT, "ann", entity=f"entity-{number}") for number in range(ENTITIES))
    figures = []
    for what, facts, kit, calls in (
        ("starter kit, nothing known", known[5:6], policy, CALLS),
        (f"starter kit, {len(known)} facts", known, policy, CALLS),
        (f"{REGIMES} regimes, {AGENTS} agents, {len(known)} facts", known, large(policy), LARGE_CALLS),
        (
            f"the same, {ENTITIES} legal entities touched: {REGIMES * ENTITIES} duties",
            (*known, *several),
            large(policy),
            LARGE_CALLS,
        ),
    ):
        figures.append(milliseconds(what, timed(facts, kit, calls)))
    return figures


def planning() -> list[Figure]:
    """``plan`` warm: one agent with hundreds of actions that overlap at random, and every way of it open."""
    model = load(starter_path(), {}).policy.agents["support-bot"].prepared[0]
    ask = GatePolicy(roles=("commander",))
    figures = []
    for ways in WAYS:
        facts = {"confirmed": True, "unauthorised_tool_actions": [f"tool{number}" for number in range(ways)]}
        kits = [_overlapping(model, ways, random.Random(seed)) for seed in range(SEEDS)]
        spent, exact = [], 0
        for prepared in kits:
            plan(prepared, facts, "act", ask, allowed=Allowed(3, "SEV2"))
            began = time.perf_counter()
            found = plan(prepared, facts, "act", ask, allowed=Allowed(3, "SEV2"))
            spent.append(time.perf_counter() - began)
            exact += not any(CUT_SHORT in one.why for one in found.orders)
        what = f"a plan over {ACTIONS} actions, {ways} ways in which the harm goes on"
        figures.append(milliseconds(f"{what}, {exact} of {SEEDS} searched to the end", spent))
    return figures


def _overlapping(model: Prepared, ways: int, random_: random.Random) -> list[Prepared]:
    """Actions that close one to four of the ways each; every fifth can't be undone, every fifth has a gate."""
    return [_action(model, number, ways, random_) for number in range(ACTIONS)]


def _action(model: Prepared, number: int, ways: int, random_: random.Random) -> Prepared:
    closes = {random_.randrange(ways) for _ in range(random_.randint(1, 4))}
    order = replace(
        model.order, id=f"action-{number}", covers=tuple(f"tool:tool{one}" for one in sorted(closes)),
        disruption=random_.randint(0, 3), reversible=random_.random() < 0.8,
        gate=GatePolicy(roles=("commander",)) if random_.random() < 0.2 else None,
    )  # fmt: skip
    return Prepared(order, Leaf("confirmed", "is", True))


def timed(facts: tuple[Fact, ...], kit: Policy, calls: int) -> list[float]:
    """The seconds of each of ``calls`` calls, after one that warms up."""
    assess(facts, kit, AT, agent="support-bot", group="leak")
    spent = []
    for _ in range(calls):
        began = time.perf_counter()
        assess(facts, kit, AT, agent="support-bot", group="leak")
        spent.append(time.perf_counter() - began)
    return spent


def large(policy: Policy) -> Policy:
    """``policy`` grown to hundreds of regimes and agents, spread over several legal entities."""
    model = policy.regimes[0]
    entities = {f"entity-{number}": Entity(f"entity-{number}", f"Entity {number}", ("controller", "processor"))
                for number in range(ENTITIES)}  # fmt: skip
    regimes = [_regime(model, number, name) for number in range(REGIMES) for name in entities]
    known = policy.agents["support-bot"]
    agents = {f"agent-{number}": replace(known, name=f"agent-{number}") for number in range(AGENTS - 1)}
    return replace(policy, regimes=tuple(regimes), entities={**policy.entities, **entities},
                   agents={**agents, "support-bot": replace(known, entity="entity-0")})  # fmt: skip


def _regime(model: Regime, number: int, entity: str) -> Regime:
    """A regime with a trigger and stages as large as those of the law."""
    when = All((
        Leaf("personal_data_involved", "is", True),
        Any_((Leaf("affected_individuals", "at_least", 500), Leaf("data_categories", "any_of", ["health", "credentials"]),
              Leaf("risk_to_individuals", "is_not", "unlikely"))),
        Not(Leaf("data_encrypted", "is", True)),
    ))  # fmt: skip
    stages = (
        StageRule("early_warning", After("aware_at", 24)),
        StageRule("notification", Earliest((After("aware_at", 72), After("classified_major_at", 4)))),
        StageRule("final", After("filed:notification", 30, "calendar_days")),
    )
    zone = ("Europe/Berlin", "America/New_York", "Asia/Singapore")[number % 3]
    return replace(
        model, id=f"regime-{number}", entity=entity, roles=("controller",), zone=zone, when=when, stages=stages
    )
