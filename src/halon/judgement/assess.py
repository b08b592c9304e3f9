"""The one door of judgement: facts and kit in, an assessment with reasons out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from halon.incident.assessment import Assessment, Obligation
from halon.incident.facts import Fact, held
from halon.judgement.blast_radius import blast_radius
from halon.judgement.containment import plan
from halon.judgement.deadlines import StandIn
from halon.judgement.obligations import oblige
from halon.judgement.policy import AgentPolicy, Policy
from halon.judgement.predicates import is_unknown, judge, once
from halon.judgement.roster import on_call
from halon.judgement.severity import rate
from halon.judgement.terms import misfit
from halon.judgement.vocabulary import VOCABULARY

DEFAULT_CATEGORY = "operational"
KNOWING = (
    "aware_at",
    "discovered_at",
    "determined_incident_at",
    "determined_breach_at",
    "assessed_notifiable_at",
    "classified_major_at",
    "reasonable_belief_at",
)
"""Anchors that are somebody's knowledge: none can be earlier than the detection, which stands in for them. Anchors
that are events in the world (a payment, a fix that became available) have no stand-in: their clocks don't run yet."""


def assess(
    facts: Sequence[Fact],
    kit: Policy,
    now: str,
    *,
    agent: str,
    group: str = "",
    rules: Sequence[str] = (),
    filed: Mapping[str, str] | None = None,
    entity: str = "",
) -> Assessment:
    """What follows from ``facts`` under ``kit`` at ``now`` (ISO 8601 UTC).

    ``group`` and ``rules`` are those of the alerts; ``filed`` maps ``obligation/stage`` to the time of filing;
    ``entity`` stands in for the agent's own legal entity. Claims decide nothing. An agent that the kit does not know
    is observed, and every legal entity is looked at. Never raises on what a fact holds.
    """
    known = kit.agents.get(agent)
    who = known or AgentPolicy(agent, agent, "")
    alerts = {"alert_group": group, "alert_rules": list(rules)}
    values = {**held(facts), **alerts}
    rated = rate(kit.rubric, values)
    planned = plan(who.prepared, values, who.mode, kit.ask, _without_each(facts, alerts))
    categories, undecided = _categories(kit, values)
    bound = _entities(kit, entity or who.entity)
    obligations = _oblige(kit, bound, values, filed or {}, _stand_ins(facts, values, now), now)
    needs = (need for obligation in obligations for need in obligation.needs)
    return Assessment(
        severity=rated.severity,
        category=categories[0],
        categories=categories,
        mode=who.mode,
        entity=bound[0] if len(bound) == 1 else "",
        orders=planned.orders,
        obligations=obligations,
        roster=on_call(kit.roster_rules, kit.people, agent, now),
        blast_radius=blast_radius(values),
        unknown=once((*rated.needs, *planned.needs, *needs, *undecided)),
        quiet_seconds=kit.quiet_seconds,
        corrective_days=kit.corrective_days,
        update_every=kit.update_every,
        kit_digest=kit.digest,
        reasons=(*_about_agent(known, agent, kit), *_odd_facts(values)),
        leadership_channels=kit.leadership_channels,
    )


def _without_each(facts: Sequence[Fact], alerts: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """For each person who said something: what would be held true without that person's word."""
    people = once(fact.by for fact in facts if fact.source == "person" and fact.by)
    return {
        name: {**held(one for one in facts if one.source != "person" or one.by != name), **alerts} for name in people
    }


def _about_agent(known: AgentPolicy | None, agent: str, kit: Policy) -> tuple[str, ...]:
    if known is None:
        names = ", ".join(sorted(kit.agents)) or "none"
        return (
            f"{agent[:80]!r} is not in the kit's inventory (known: {names}): it is only observed, and every legal "
            "entity is looked at; add it to agents.yaml",
        )
    if known.mode == "observe":
        return (f"{agent} is in mode observe: actions are planned and recorded, none runs",)
    if known.mode == "suggest":
        return (f"{agent} is in mode suggest: every action asks first",)
    return ()


def _odd_facts(values: Mapping[str, Any]) -> tuple[str, ...]:
    """Facts whose value does not fit the vocabulary: rules treat them as unknown, people should know why."""
    found = ((name, misfit(VOCABULARY[name], value)) for name, value in values.items() if name in VOCABULARY)
    return tuple(f"the fact {name} {wrong}; rules that need it count it as unknown" for name, wrong in found if wrong)


def _entities(kit: Policy, wanted: str) -> tuple[str, ...]:
    return (wanted,) if wanted in kit.entities else tuple(kit.entities)


def _categories(kit: Policy, values: Mapping[str, Any]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The categories that hold, the main one first, and the facts that could add one."""
    judged = [(rule.category, judge(rule.when, values)) for rule in kit.categories]
    held_true = once(category for category, judgement in judged if judgement.value)
    return held_true or (DEFAULT_CATEGORY,), once(need for _, judgement in judged for need in judgement.needs)


def _oblige(
    kit: Policy,
    entities: tuple[str, ...],
    values: Mapping[str, Any],
    filed: Mapping[str, str],
    stand_ins: Mapping[str, StandIn],
    now: str,
) -> tuple[Obligation, ...]:
    found: list[Obligation] = []
    for regime in kit.regimes:
        if regime.entity in entities:
            roles = values.get("roles")
            own = {**values, "roles": list(kit.entities[regime.entity].roles) if is_unknown(roles) else roles}
            found.append(oblige(regime, own, filed, stand_ins, now))
    return tuple(found)


def _stand_ins(facts: Sequence[Fact], values: Mapping[str, Any], now: str) -> dict[str, StandIn]:
    """For each anchor that is somebody's knowledge, the earliest moment at which anybody could have had it."""
    detected = values.get("detected_at")
    if not is_unknown(detected) and misfit(VOCABULARY["detected_at"], detected) is None:
        stand_in = StandIn(str(detected), "the clock runs from detected_at meanwhile")
    else:
        first = min((fact.at for fact in facts if fact.at), default=now)
        stand_in = StandIn(first or now, "the clock runs from the first thing that was told meanwhile")
    return dict.fromkeys(KNOWING, stand_in)
