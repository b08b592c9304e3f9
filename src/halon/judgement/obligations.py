"""Obligations: whether a regime puts a duty on a legal entity, and by when. Unknown keeps the clock running."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from halon.incident.assessment import Criterion, Obligation, ObligationStatus, Stage
from halon.judgement import deadlines
from halon.judgement.deadlines import Deadline, StandIn
from halon.judgement.expressions import settle
from halon.judgement.law_day import LawDay, law_day, law_on
from halon.judgement.predicates import Judgement, Memo, judge, once
from halon.judgement.regime import LawStatus, Regime, Rollover, StageRule
from halon.judgement.vocabulary_clocks import DECISIONS, KNOWING

__all__ = ["LATEST", "LawStatus", "Regime", "StageRule", "law_on", "oblige"]
_NONE, _ALWAYS = Deadline(), Judgement(True)
LATEST = "~latest"
"""After the name of a stage among the filings: when it was last filed again, as an update."""
_CLOCK_RUNS: tuple[ObligationStatus, ...] = ("applies", "undetermined", "dormant", "review_required")


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
    mine = filings(regime, filed, own=not key)
    judged = _judge(regime, facts, memo)
    owed = {rule.id: _ALWAYS if rule.when is None else judge(rule.when, facts, memo) for rule in regime.stages}
    clocks = _clocks(regime, facts, mine, stand_ins, owed, memo)
    day = law_day(regime, facts, stand_ins, now)
    status, because = _status(regime, judged, day, facts, memo)
    runs = status in _CLOCK_RUNS
    stages = tuple(
        _stage(rule, clock, mine.get(rule.id, ""), status, _arguable(regime, rule, clock, facts, memo))
        for rule in regime.stages
        if ((clock := clocks.get(rule.id, _NONE)) is not _NONE and runs) or rule.id in mine
    )
    if runs:
        kept_out = (f"{name} is not owed: {'; '.join(one.because)}" for name, one in owed.items() if one.value is False)
        because = (*because, *(reason for clock in clocks.values() for reason in clock.reasons), *kept_out)
    anchors = [need for clock in clocks.values() for need in clock.needs if ":" not in need]
    if _hangs(regime, day, facts, memo):
        anchors += day.needs
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
        phased=regime.phased if runs else "",
        portal=regime.portal,
        source=regime.source,
        worksheet=_worksheet(regime, facts, memo) if runs else (),
        wanted=regime.wanted,
        language=regime.language,
        foreign=judged.value is False and judged.decided_by == ("roles",),
    )


def _worksheet(regime: Regime, facts: Mapping[str, Any], memo: Memo | None) -> tuple[Criterion, ...]:
    if regime.worksheet is None:
        return ()
    judged = ((rule, judge(rule.when, facts, memo)) for rule in regime.worksheet.criteria)
    names = {True: "met", False: "not met", None: "unknown"}
    return tuple(Criterion(rule.words, names[found.value], found.because) for rule, found in judged)


def _signing(regime: Regime, facts: Mapping[str, Any], memo: Memo | None) -> tuple[str, ...]:
    """How far the worksheet has come, in words; nothing where there is none or it was signed."""
    sheet = regime.worksheet
    rows = _worksheet(regime, facts, memo)
    if sheet is None:
        return ()
    counts = ", ".join(f"{sum(row.state == state for row in rows)} {state}" for state in ("met", "not met", "unknown"))
    signed = f"a named person signs it by saying {' and '.join(sheet.signed_by)}"
    return (f"classification worksheet: {counts}; {sheet.words + '; ' if sheet.words else ''}{signed}",)


def filings(regime: Regime, filed: Mapping[str, str], *, own: bool) -> dict[str, str]:
    """When each stage was filed by this entity. Its name alone says nothing: the agent's own entity may have changed."""
    if not filed:
        return {}
    names = (f"{regime.id}@{regime.entity}", *((regime.id,) if own else ()))
    stages = (stage for rule in regime.stages for stage in (rule.id, f"{rule.id}{LATEST}"))
    found = ((stage, filed.get(f"{name}/{stage}", "")) for stage in stages for name in reversed(names))
    return {stage: when for stage, when in found if when}


def _judge(regime: Regime, facts: Mapping[str, Any], memo: Memo | None) -> Judgement:
    """The trigger, with the entity's role asked first: the same facts mean other duties in another role."""
    held = facts.get("roles")
    if regime.roles and isinstance(held, list | tuple) and not set(regime.roles) & {str(role) for role in held}:
        wanted, known = " or ".join(regime.roles), ", ".join(str(role) for role in held) or "none"
        return Judgement(False, (f"{regime.entity} is not {wanted} here; its roles: {known}",), (), ("roles",))
    return judge(regime.when, facts, memo)


def _status(
    regime: Regime, judged: Judgement, day: LawDay, facts: Mapping[str, Any], memo: Memo | None
) -> tuple[ObligationStatus, tuple[str, ...]]:
    if why_not := day.outside(regime):
        return "not_in_force", (why_not,)
    if judged.value is False:
        return "does_not_apply", judged.because
    signing = _signing(regime, facts, memo)
    open_day = (day.words,) if _hangs(regime, day, facts, memo) else ()
    if regime.status == "review_required" and regime.confirmed is None:
        return "review_required", (
            "the rule itself needs a lawyer's reading first", *open_day, *judged.because, *signing,
        )  # fmt: skip
    until, why = _dormant(regime, facts, memo)
    if until and day.last < until:
        return "dormant", (f"nobody is its addressee before {until}", *why, *judged.because)
    if until and day.first < until:
        open_day = (*open_day, f"nobody is its addressee before {until}", *why)
    settled = judged.value and not open_day
    return ("applies" if settled else "undetermined"), (*open_day, *judged.because, *signing)


def _hangs(regime: Regime, day: LawDay, facts: Mapping[str, Any], memo: Memo | None) -> bool:
    """Whether it is open which law counts, because nobody has said when the moment was whose day decides that."""
    until, _ = _dormant(regime, facts, memo)
    return day.open(regime) or day.first < until <= day.last


def _dormant(regime: Regime, facts: Mapping[str, Any], memo: Memo | None) -> tuple[str, tuple[str, ...]]:
    """Until when the duty sleeps (empty: it does not), and by which of its conditions: the earliest that may hold."""
    if not regime.dormant:
        return regime.dormant_until, ()
    may = [(until, found) for when, until in regime.dormant if (found := judge(when, facts, memo)).value is not False]
    if not may:
        return regime.dormant_until, ()
    until, found = min(may, key=lambda one: one[0])
    return until, found.because


def _clocks(
    regime: Regime,
    facts: Mapping[str, Any],
    filed: Mapping[str, str],
    stand_ins: Mapping[str, StandIn],
    owed: Mapping[str, Judgement],
    memo: Memo | None,
) -> dict[str, Deadline]:
    """The clock of each stage that may be owed. One that hangs on a filing to come is reckoned as if that is at its limit.

    ``filed`` maps a stage's id to the time of its filing.
    """
    anchors = dict(facts)
    instead = dict(stand_ins)
    clocks: dict[str, Deadline] = {}
    for rule in regime.stages:
        if owed[rule.id].value is False:
            continue
        clock = _clock(regime, rule, anchors, facts, instead, memo)
        if owed[rule.id].value is None:
            told = f"whether {rule.id} is owed is not settled yet: {'; '.join(owed[rule.id].because)}"
            clock = _open(clock, owed[rule.id].needs, (told,))
        clocks[rule.id] = clock
        if when := filed.get(rule.id):
            anchors[f"filed:{rule.id}"] = when
            anchors[f"latest:{rule.id}"] = filed.get(f"{rule.id}{LATEST}", when)
        elif clock.due:
            reason = f"reckoned as if {rule.id} is filed at its limit"
            instead[f"filed:{rule.id}"] = instead[f"latest:{rule.id}"] = StandIn(clock.due, reason)
    return clocks


def _clock(
    regime: Regime,
    rule: StageRule,
    anchors: Mapping[str, Any],
    facts: Mapping[str, Any],
    instead: Mapping[str, StandIn],
    memo: Memo | None,
) -> Deadline:
    no_figure = rule.words or "without undue delay: the law names no figure"
    if rule.due is None:
        return Deadline(reasons=(no_figure,))
    chosen = settle(rule.due, facts, memo)
    if chosen.due is None:
        return Deadline(reasons=(*chosen.reasons, no_figure), needs=chosen.needs)
    clock = deadlines.reckon(chosen.due, anchors, rule.zone or regime.zone, instead)
    return _open(clock, chosen.needs, chosen.reasons) if chosen.needs else clock


def _open(clock: Deadline, needs: tuple[str, ...], reasons: tuple[str, ...]) -> Deadline:
    """``clock`` with facts that could still move it or take it away."""
    return replace(
        clock, provisional=True, needs=once((*clock.needs, *needs)), reasons=once((*clock.reasons, *reasons))
    )


def _arguable(regime: Regime, rule: StageRule, clock: Deadline, facts: Mapping[str, Any], memo: Memo | None) -> str:
    rolls: Rollover | None = rule.rollover
    if rolls is None or (rolls.unless is not None and judge(rolls.unless, facts, memo).value is not False):
        return ""
    return deadlines.latest_arguable(clock.due, rule.zone or regime.zone, rolls.calendar, noon=rolls.noon)


def _stage(rule: StageRule, clock: Deadline, filed_at: str, status: ObligationStatus, arguable: str) -> Stage:
    # A filed stage needs no warning, and a dormant duty never warns: nobody can miss it yet.
    quiet = bool(filed_at) or status == "dormant"
    kind, _, anchor = clock.anchor.partition(":")
    return Stage(
        id=rule.id,
        anchor=f"{'filing' if kind == 'filed' else 'latest filing'} of {anchor}" if anchor else clock.anchor,
        due=clock.due,
        due_local=clock.due_local,
        decide_by=deadlines.decide_by(clock, rule.approval_minutes),
        warn_at=() if quiet else deadlines.warnings(clock, rule.approval_minutes),
        provisional=clock.provisional,
        filed_at=filed_at,
        started=clock.started,
        latest_arguable=arguable,
        stand_in=clock.stand_in,
        decide_first=deadlines.decide_first(clock, rule.approval_minutes),
        told=rule.told,
        language=rule.language,
        awaits=clock.awaits or _awaited(clock),
    )


def _awaited(clock: Deadline) -> str:
    """The decision that the clock would count from and that nobody has said; none where another moment may start it too."""
    moments = [need for need in clock.needs if need in KNOWING]
    return clock.anchor if clock.stand_in and moments and all(need in DECISIONS for need in moments) else ""
