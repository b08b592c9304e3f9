"""Obligations: whether a regime puts a duty on a legal entity, and by when. Unknown keeps the clock running."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal
from zoneinfo import ZoneInfo

from halon.incident.assessment import Obligation, ObligationStatus, Stage
from halon.incident.orders import GatePolicy
from halon.judgement import deadlines
from halon.judgement.deadlines import Deadline, Expression, StandIn
from halon.judgement.predicates import Judgement, Memo, Tree, judge, once

LawStatus = Literal["in_force", "adopted_not_yet_applicable", "proposed", "repealed", "superseded", "review_required"]
_CLOCK_RUNS: tuple[ObligationStatus, ...] = ("applies", "undetermined", "dormant", "review_required")


@dataclass(frozen=True, slots=True)
class StageRule:
    """One stage of a regime. ``due`` is None where the law names no figure (``without undue delay``)."""

    id: str
    due: Expression | None
    approval_minutes: int = 60
    words: str = ""


@dataclass(frozen=True, slots=True)
class Regime:
    """One regime bound to one legal entity. Dates are ISO 8601; a regime is judged by the law of its anchor's date.

    ``dormant_until`` marks a duty that is law already but has no addressee before that date.
    """

    id: str
    title: str
    entity: str
    roles: tuple[str, ...]
    authority: str
    audience: Literal["regulator", "customers"]
    zone: str
    when: Tree
    decider: str
    gate: GatePolicy
    stages: tuple[StageRule, ...]
    status: LawStatus = "in_force"
    effective_from: str = ""
    effective_to: str = ""
    dormant_until: str = ""
    template: str = ""
    channel: str = ""
    recipient: str = ""
    contents: tuple[str, ...] = ()
    source: str = ""


def oblige(
    regime: Regime,
    facts: Mapping[str, Any],
    filed: Mapping[str, str],
    stand_ins: Mapping[str, StandIn],
    now: str,
    key: str = "",
    memo: Memo | None = None,
) -> Obligation:
    """What ``regime`` asks of its entity on that entity's ``facts``.

    ``filed`` maps ``id@entity/stage`` to the time of filing, or ``id/stage`` for the agent's own entity, which is the
    one that has no ``key``: what the obligation is called where that is not the regime's id. ``memo`` is for ``judge``,
    one for each entity's facts.
    """
    mine = _filings(regime, filed, own=not key)
    judged = _judge(regime, facts, memo)
    clocks = _clocks(regime, facts, mine, stand_ins)
    status, because = _status(regime, judged, _anchor_date(regime, facts, stand_ins, now))
    runs = status in _CLOCK_RUNS
    stages = tuple(
        _stage(rule, clocks[rule.id], mine.get(rule.id, ""), status)
        for rule in regime.stages
        if runs or rule.id in mine
    )
    if runs:
        because = (*because, *(reason for clock in clocks.values() for reason in clock.reasons))
    anchors = (need for clock in clocks.values() for need in clock.needs if not need.startswith("filed:"))
    return Obligation(
        id=regime.id,
        title=regime.title,
        entity=regime.entity,
        authority=regime.authority,
        audience=regime.audience,
        status=status,
        decider=regime.decider,
        because=once(because),
        needs=once((*judged.needs, *anchors)) if runs else (),
        stages=stages,
        template=regime.template,
        channel=regime.channel,
        recipient=regime.recipient,
        gate=regime.gate,
        contents=regime.contents,
        key=key,
    )


def _filings(regime: Regime, filed: Mapping[str, str], *, own: bool) -> dict[str, str]:
    """When each stage was filed by this entity. Its name alone says nothing: the agent's own entity may have changed."""
    names = (f"{regime.id}@{regime.entity}", *((regime.id,) if own else ()))
    found = ((rule.id, filed.get(f"{name}/{rule.id}", "")) for name in reversed(names) for rule in regime.stages)
    return {stage: when for stage, when in found if when}


def _judge(regime: Regime, facts: Mapping[str, Any], memo: Memo | None) -> Judgement:
    """The trigger, with the entity's role asked first: the same facts mean other duties in another role."""
    held = facts.get("roles")
    if regime.roles and isinstance(held, list | tuple) and not set(regime.roles) & {str(role) for role in held}:
        wanted, known = " or ".join(regime.roles), ", ".join(str(role) for role in held) or "none"
        return Judgement(False, (f"{regime.entity} is not {wanted} here; its roles: {known}",), (), ("roles",))
    return judge(regime.when, facts, memo)


def _status(regime: Regime, judged: Judgement, on: str) -> tuple[ObligationStatus, tuple[str, ...]]:
    if regime.status in ("proposed", "repealed", "superseded"):
        return "not_in_force", (f"its status is {regime.status}",)
    if regime.effective_from and on < regime.effective_from:
        return "not_in_force", (f"it applies from {regime.effective_from}, and the clock would have started on {on}",)
    if regime.effective_to and on >= regime.effective_to:
        return "not_in_force", (f"it ended on {regime.effective_to}, and the clock would have started on {on}",)
    if regime.status == "adopted_not_yet_applicable" and not regime.effective_from:
        return "not_in_force", ("it is adopted and not applicable yet",)
    if judged.value is False:
        return "does_not_apply", judged.because
    if regime.status == "review_required":
        return "review_required", ("the rule itself needs a lawyer's reading first", *judged.because)
    if regime.dormant_until and on < regime.dormant_until:
        return "dormant", (f"nobody is its addressee before {regime.dormant_until}", *judged.because)
    return ("applies" if judged.value else "undetermined"), judged.because


def _anchor_date(regime: Regime, facts: Mapping[str, Any], stand_ins: Mapping[str, StandIn], now: str) -> str:
    """The local date on which the first clock starts; today where no anchor is known."""
    place = ZoneInfo(regime.zone)
    anchors = [name for rule in regime.stages if rule.due for name in deadlines.anchors_of(rule.due)]
    for name in anchors:
        stand_in = stand_ins.get(name)
        start = deadlines.moment(facts.get(name), place) or (deadlines.moment(stand_in.at, place) if stand_in else None)
        if start is not None:
            return deadlines.local_day(start, place).isoformat()
    today = deadlines.moment(now, place)
    return deadlines.local_day(today, place).isoformat() if today else date.max.isoformat()


def _clocks(
    regime: Regime, facts: Mapping[str, Any], filed: Mapping[str, str], stand_ins: Mapping[str, StandIn]
) -> dict[str, Deadline]:
    """Each stage's clock. A stage that hangs on a filing to come is reckoned as if that were filed at its limit.

    ``filed`` maps a stage's id to the time of its filing.
    """
    anchors = dict(facts)
    instead = dict(stand_ins)
    clocks: dict[str, Deadline] = {}
    for rule in regime.stages:
        if rule.due is None:
            clocks[rule.id] = Deadline(reasons=(rule.words or "without undue delay: the law names no figure",))
        else:
            clocks[rule.id] = deadlines.reckon(rule.due, anchors, regime.zone, instead)
        if when := filed.get(rule.id):
            anchors[f"filed:{rule.id}"] = when
        elif clocks[rule.id].due:
            reason = f"reckoned as if {rule.id} is filed at its limit"
            instead[f"filed:{rule.id}"] = StandIn(clocks[rule.id].due, reason)
    return clocks


def _stage(rule: StageRule, clock: Deadline, filed_at: str, status: ObligationStatus) -> Stage:
    # A filed stage needs no warning, and a dormant duty never warns: nobody can miss it yet.
    quiet = bool(filed_at) or status == "dormant"
    anchor = clock.anchor.removeprefix("filed:")
    return Stage(
        id=rule.id,
        anchor=f"filing of {anchor}" if anchor != clock.anchor else anchor,
        due=clock.due,
        due_local=clock.due_local,
        decide_by=deadlines.decide_by(clock, rule.approval_minutes),
        warn_at=() if quiet else deadlines.warnings(clock, rule.approval_minutes),
        provisional=clock.provisional,
        filed_at=filed_at,
    )
