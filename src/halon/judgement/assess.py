"""The one door of judgement: facts and kit in, an assessment with reasons out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from halon.incident import times
from halon.incident.addressed import audience
from halon.incident.assessment import FORM, Assessment, Conflict, Embargo, Level, Obligation, Roster
from halon.incident.facts import Fact
from halon.incident.tasks import Step
from halon.judgement import runbooks, updates
from halon.judgement.between_duties import Judged, displaced, embargoed
from halon.judgement.blast_radius import blast_radius
from halon.judgement.containment import Allowed, Plan, plan
from halon.judgement.entities import Touched, holding_of, stand_ins, touched
from halon.judgement.gate_rules import Gates
from halon.judgement.holding import Holding, in_force, of_all
from halon.judgement.mutes import muted
from halon.judgement.obligations import oblige
from halon.judgement.policy import AgentPolicy, Policy
from halon.judgement.predicates import Memo, judge, once
from halon.judgement.questions import Question, questions
from halon.judgement.roster import is_away, on_call, overridden
from halon.judgement.severity import Raising, rate, tags_of
from halon.judgement.terms import misfit
from halon.judgement.trust import say
from halon.judgement.vocabulary import VOCABULARY, near
from halon.judgement.working_hours import with_reach

DEFAULT_CATEGORY = "operational"
_MOST_WAYS = 20
PRESSING = 24 * 3600
"""A regulator's clock with fewer seconds left makes the incident urgent, whatever its severity."""


@dataclass(frozen=True, slots=True)
class Examined:
    """An assessment with the questions that are still open."""

    assessment: Assessment
    questions: tuple[Question, ...]


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
    entities: Sequence[str] = (),
    sealed: bool = False,
    sources: Sequence[str] = (),
    level: Level | Literal[""] = "",
    holds: Sequence[str] = (),
    failed: Sequence[str] = (),
    standing: Level | Literal[""] = "",
) -> Assessment:
    """What follows from ``facts`` under ``kit`` at ``now`` (ISO 8601 UTC).

    ``group`` and ``rules`` are those of the alerts; ``filed`` maps ``id@entity/stage`` to the time of filing, or
    ``id/stage`` for the agent's own entity; ``entity`` stands in for the agent's own legal entity, ``entities`` are
    looked at besides; ``sealed`` says whether evidence is sealed; ``sources`` are those whose alerts fire (none: nobody
    said who spoke). ``level`` is the severity that a person gave the incident: by it, rather than by the rubric's, it is
    judged what may run unasked (empty: nobody did). ``holds`` are the orders that are in force, ``failed`` those that are
    not although they were tried. ``standing`` is the severity that the incident has: unless a person lowered it, the kit's
    rules for gates go by it where the rubric says less by now. Claims decide nothing, and where sources disagree the cautious value counts. An agent that the
    kit does not know is observed, and every legal entity is looked at. Never raises on what a fact holds.
    """
    judged, _ = _assess(facts, kit, now, agent, group, rules, filed or {}, entity, entities, sealed, sources, level,
                        holds, failed, standing)  # fmt: skip
    return judged


def examine(
    facts: Sequence[Fact],
    kit: Policy,
    now: str,
    *,
    agent: str,
    filed: Mapping[str, str] | None = None,
    entity: str = "",
    entities: Sequence[str] = (),
) -> Examined:
    """Like ``assess``, with each open fact as a question and what its answer would change."""
    judged, (raising, values, planned) = _assess(facts, kit, now, agent, "", (), filed or {}, entity, entities)
    prepared = kit.agents[agent].prepared if agent in kit.agents else ()
    settles = ((one.order.title, judge(one.when, values).needs) for one in prepared)
    closing = ((f"close {way}", way.needs) for way in planned.ways[:_MOST_WAYS] if way.needs)
    actions = (*settles, *closing)
    categories = ((rule.category, judge(rule.when, values).needs) for rule in kit.categories)
    return Examined(judged, questions(raising, judged.obligations, actions, categories))


def _assess(
    facts: Sequence[Fact],
    kit: Policy,
    now: str,
    agent: str,
    group: str,
    rules: Sequence[str],
    filed: Mapping[str, str],
    entity: str,
    entities: Sequence[str],
    sealed: bool = False,
    sources: Sequence[str] = (),
    said: Level | Literal[""] = "",
    holds: Sequence[str] = (),
    failed: Sequence[str] = (),
    standing: Level | Literal[""] = "",
) -> tuple[Assessment, tuple[tuple[Raising, ...], dict[str, Any], Plan]]:
    """The assessment, and what a question's answer is measured by: what would raise it, the values judged on, the plan."""
    known = kit.agents.get(agent)
    who = known or AgentPolicy(agent, agent, "")
    alerts = {"alert_group": group, "alert_rules": list(rules)}
    general = in_force(facts)
    bound = touched(kit.entities, entity or who.entity, facts, general.values, entities)
    each = {name: holding_of(kit.entities[name], facts, bound.own) for name in bound.ids}
    own_facts = {one.entity for one in facts if one.entity and not one.claim}
    parts = [each[name] for name in bound.ids if name in own_facts]
    values = {**of_all(general, parts, alone=len(bound.ids) == 1), **alerts}
    rated = rate(kit.rubric, values)
    categories, undecided = _categories(kit, values)
    books = runbooks.chosen(kit.runbooks, categories)
    level = said or rated.severity.level
    heard = say(sources, kit.trust, level, confirmed=values.get("confirmed") is True)
    held = "" if heard.may else heard.why
    planned = plan(
        who.prepared, values, who.mode, kit.ask, _without_each(facts, alerts, bound), runbooks.preferred(books), held,
        who.surface, Allowed(kit.rubric.allowed[level], level), holds, failed,
    )  # fmt: skip
    judged_duties, embargoes, again = _oblige(kit, bound, each, alerts, facts, filed, now)
    gates = Gates(kit.gate_rules, said or min(level, standing or level), categories)
    obligations = tuple(gates.duty(one) for one in judged_duties)
    needs = (need for obligation in obligations for need in obligation.needs)
    kept = kit.restricted if kit.restricted is not None and judge(kit.restricted.when, values).value else None
    judged = Assessment(
        severity=rated.severity,
        category=categories[0],
        categories=categories,
        mode=who.mode,
        entity=bound.own,
        orders=tuple(gates.order(one) for one in planned.orders),
        obligations=obligations,
        embargoes=embargoes,
        roster=_led(on_call(kit.roster_rules, kit.people, agent, now, kit.overrides, kit.absences), who, kit, now),
        blast_radius=blast_radius(values),
        unknown=once((*rated.needs, *planned.needs, *needs, *undecided)),
        quiet_seconds=kit.quiet_seconds,
        corrective_days=kit.corrective_days,
        update_every=runbooks.cadence(books) or kit.update_every,
        kit_digest=kit.digest,
        reasons=(
            *_about_agent(known, agent, kit),
            *_about_entities(bound, kit),
            *_odd_facts(values),
            *_pressing(obligations, now),
        ),
        leadership_channels=kit.leadership_channels,
        conflicts=_conflicts(general, each),
        tags=tags_of(kit.rubric, values),
        values={"": general.values, **{name: each[name].values for name in bound.ids if name in own_facts}},
        steps=(*runbooks.steps(books, {**values, "evidence_sealed": sealed}), *again),
        rca_questions=runbooks.questions(books),
        playbook=runbooks.playbook(books),
        form=FORM,
        muted=muted(kit.mutes, agent, group, rules, now),
        longest_mute=kit.longest_mute,
        sources=tuple(sources),
        trust=heard.why if heard.may else "",
        waits=held if who.mode == "act" else "",
        uncovered=planned.uncovered,
        level_said=said,
        cadence=_cadence(kit, runbooks.cadence(books)),
        comms_owner=kit.comms_owner,
        restricted=kept.people if kept is not None else (),
        restricted_because=kept.words if kept is not None else "",
    )
    return with_reach(judged, kit, agent), (rated.raising, values, planned)


def _cadence(kit: Policy, by_runbook: int) -> dict[str, dict[str, int]]:
    """Seconds until the next message, by audience and level; a runbook's own rhythm is leadership's."""
    found = {audience: dict(by_level) for audience, by_level in kit.cadence.items()}
    if by_runbook and "leadership" in found:
        found["leadership"] = dict.fromkeys(found["leadership"], by_runbook)
    return found


def _led(roster: Roster, who: AgentPolicy, kit: Policy, now: str) -> Roster:
    """The roster with the agent's own technical lead, unless that one is away or somebody else was put in by name."""
    lead = who.technical_lead
    if not lead or is_away(lead, now, kit.absences) or overridden(who.name, now, kit.overrides):
        return roster
    return replace(roster, technical_lead=lead)


def _without_each(facts: Sequence[Fact], alerts: Mapping[str, Any], bound: Touched) -> dict[str, dict[str, Any]]:
    """For each person who said something: what would be held true without that person's word."""
    people = once(fact.by for fact in facts if fact.told and fact.by)
    found: dict[str, dict[str, Any]] = {}
    for name in people:
        others = [one for one in facts if not one.told or one.by != name]
        own_facts = {one.entity for one in others if one.entity and not one.claim}
        parts = [in_force(others, entity) for entity in bound.ids if entity in own_facts]
        found[name] = {**of_all(in_force(others), parts, alone=len(bound.ids) == 1), **alerts}
    return found


def _about_agent(known: AgentPolicy | None, agent: str, kit: Policy) -> tuple[str, ...]:
    if known is None:
        close = near(agent, kit.agents) or tuple(sorted(kit.agents)[:5])
        names = ", ".join(close) or "none"
        return (
            f"{agent[:80]!r} is not in the kit's inventory (known: {names}): it is only observed, and every legal "
            "entity is looked at; give it a file in agents/",
        )
    if known.mode == "observe":
        return (f"{agent} is in mode observe: actions are planned and recorded, none runs",)
    if known.mode == "suggest":
        return (f"{agent} is in mode suggest: every action asks first",)
    return ()


def _about_entities(bound: Touched, kit: Policy) -> tuple[str, ...]:
    return tuple(
        f"the kit has no legal entity {name!r} (known: {', '.join(kit.entities)}): no duty of it is looked at"
        for name in bound.strangers
    )


def _odd_facts(values: Mapping[str, Any]) -> tuple[str, ...]:
    """Facts whose value does not fit the vocabulary: rules treat them as unknown, people should know why."""
    found = ((name, misfit(VOCABULARY[name], value)) for name, value in values.items() if name in VOCABULARY)
    return tuple(f"the fact {name} {wrong}; rules that need it count it as unknown" for name, wrong in found if wrong)


def _pressing(obligations: Sequence[Obligation], now: str) -> tuple[str, ...]:
    """A regulator's clock that runs out within a day: that decides what to do first, and not how bad it is."""
    return tuple(
        f"{duty.id} of {duty.entity}: {stage.id} is due in under 24 hours; decide it first, the severity stays as it is"
        for duty in obligations
        if duty.status in ("applies", "undetermined")
        for stage in duty.stages
        if audience(duty, stage) == "regulator"
        and stage.due
        and not stage.filed_at
        and times.seconds_between(now, stage.due) < PRESSING
    )


def _categories(kit: Policy, values: Mapping[str, Any]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The categories that hold, the main one first, and the facts that could add one."""
    judged = [(rule.category, judge(rule.when, values)) for rule in kit.categories]
    held_true = once(category for category, judgement in judged if judgement.value)
    return held_true or (DEFAULT_CATEGORY,), once(need for _, judgement in judged for need in judgement.needs)


def _oblige(
    kit: Policy,
    bound: Touched,
    each: Mapping[str, Holding],
    alerts: Mapping[str, Any],
    facts: Sequence[Fact],
    filed: Mapping[str, str],
    now: str,
) -> tuple[tuple[Obligation, ...], tuple[Embargo, ...], tuple[Step, ...]]:
    """Every regime of every entity looked at, each on that entity's own facts, roles and anchors, what keeps notices back,
    and what is to be filed once more."""
    found: list[Judged] = []
    told = {name: {**each[name].values, **alerts} for name in bound.ids}
    instead = {name: stand_ins(facts, told[name], now, name) for name in bound.ids}
    memos: dict[str, Memo] = {name: {} for name in bound.ids}
    for regime in kit.regimes:
        if (name := regime.entity) in told:
            key = bound.key(regime.id, name)
            duty = oblige(regime, told[name], filed, instead[name], now, key, memos[name])
            found.append(Judged(regime, duty, told[name], memos[name]))
    judged = displaced(found)
    return *embargoed(judged, now), updates.steps(judged, filed)


def _conflicts(general: Holding, each: Mapping[str, Holding]) -> tuple[Conflict, ...]:
    found = [*general.conflicts]
    for holding in each.values():
        found += [one for one in holding.conflicts if one not in found]
    return tuple(found)
