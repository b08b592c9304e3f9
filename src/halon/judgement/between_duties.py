"""What duties do to one another: a special law takes the place of a general one, and an embargo keeps notices back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

from halon.incident import times
from halon.incident.addressed import audience
from halon.incident.assessment import Embargo, Obligation, Stage
from halon.judgement import deadlines
from halon.judgement.deadlines import StandIn
from halon.judgement.expressions import settle
from halon.judgement.predicates import Memo, is_unknown, judge, shown
from halon.judgement.regime import EmbargoRule, Hold, Regime

_BINDS = ("applies", "undetermined", "review_required")
OPEN_END = "?"
"""Stands for the end of an embargo that can't be computed yet: it lies ahead of any time."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One duty as it was judged on its own, with its regime and the facts of its entity."""

    regime: Regime
    duty: Obligation
    facts: Mapping[str, Any]
    memo: Memo | None = None


def displaced(judged: Sequence[Judged]) -> tuple[Judged, ...]:
    """``judged`` with each duty whose place a special law of the same entity takes marked, and its clock taken off.

    A special law binds by role: whoever holds the role owes by it and not by the general law, also while it is not
    settled whether this incident is grave enough. One without roles takes the place only where it applies. A filing made
    under the general law stays visible.
    """
    named = {(one.regime.entity, one.regime.id): one for one in judged}
    return tuple(_displaced(one, named) for one in judged)


def _displaced(one: Judged, named: Mapping[tuple[str, str], Judged]) -> Judged:
    if one.duty.status not in _BINDS:
        return one
    for name in one.regime.displaced_by:
        special = named.get((one.regime.entity, name))
        if special is not None and _binds(special):
            why = f"displaced by {special.duty.name}, the special law that binds {one.regime.entity}"
            filed = tuple(stage for stage in one.duty.stages if stage.filed_at)
            gone = replace(one.duty, status="does_not_apply", displaced_by=special.duty.name, stages=filed, needs=(),
                           because=(why, *one.duty.because), phased="")  # fmt: skip
            return replace(one, duty=gone)
    return one


def _binds(special: Judged) -> bool:
    if not special.regime.roles:
        return special.duty.status == "applies"
    held = special.facts.get("roles")
    in_role = isinstance(held, list | tuple) and bool(set(special.regime.roles) & {str(role) for role in held})
    return in_role and special.duty.status in (*_BINDS, "does_not_apply")


def embargoed(judged: Sequence[Judged], now: str) -> tuple[tuple[Obligation, ...], tuple[Embargo, ...]]:
    """The duties with each stage that may not go out yet marked, and every embargo that stands at ``now``."""
    standing = [found for one in judged if one.duty.status in _BINDS for found in _of(one, judged, now)]
    kept: dict[tuple[str, str], Embargo] = {}
    for one in standing:
        key = (one.obligation, one.stage)
        kept[key] = max(kept.get(key, one), one, key=_end)
    return tuple(_marked(one.duty, kept) for one in judged), tuple(standing)


def _marked(duty: Obligation, kept: Mapping[tuple[str, str], Embargo]) -> Obligation:
    if not any((duty.name, stage.id) in kept for stage in duty.stages):
        return duty
    return replace(duty, stages=tuple(_stage(duty, stage, kept.get((duty.name, stage.id))) for stage in duty.stages))


def _stage(duty: Obligation, stage: Stage, embargo: Embargo | None) -> Stage:
    if embargo is None or not _to_say(duty, stage):
        return stage
    return replace(stage, not_before=_end(embargo), embargo=embargo.why)


def _end(embargo: Embargo) -> str:
    """Until when it holds for sure. What runs from a filing that is still to come ends at no date before that."""
    return OPEN_END if embargo.provisional or not embargo.until else embargo.until


def _of(one: Judged, judged: Sequence[Judged], now: str) -> Iterable[Embargo]:
    for rule in one.regime.embargoes:
        yield from _by_rule(one, rule, judged, now)
    for hold in one.regime.holds:
        yield from _by_hold(one, hold, now)


def _by_rule(one: Judged, rule: EmbargoRule, judged: Sequence[Judged], now: str) -> Iterable[Embargo]:
    if rule.unless is not None and judge(rule.unless, one.facts, one.memo).value is True:
        return
    filings = {f"filed:{stage.id}": stage.filed_at for stage in one.duty.stages if stage.filed_at}
    limits = {
        f"filed:{stage.id}": StandIn(stage.due, f"reckoned as if {stage.id} is filed at its limit")
        for stage in one.duty.stages
        if stage.due and not stage.filed_at
    }
    chosen = settle(rule.until, one.facts, one.memo)
    if chosen.due is None:
        return
    end = deadlines.reckon(chosen.due, {**one.facts, **filings}, one.regime.zone, limits)
    past = bool(end.due) and _over(end.due, now)
    if past and not end.provisional:
        return
    until, local = ("", "") if past else (end.due, end.due_local)
    others = [
        (other.duty, stage.id)
        for other in judged
        if rule.all_customers and other.regime.entity == one.regime.entity
        and other.duty.status in _BINDS and other is not one
        for stage in other.duty.stages
        if audience(other.duty, stage) == "customers"
    ]  # fmt: skip
    for duty, stage in ((one.duty, rule.stage), *others):
        yield Embargo(duty.name, duty.entity, stage, until, local, rule.words, "rule", end.provisional)


def _by_hold(one: Judged, hold: Hold, now: str) -> Iterable[Embargo]:
    said = one.facts.get(hold)
    if hold == "ag_national_security_delay":
        if said is not True:
            return
        why, until, local = "the US Attorney General asked in writing for a delay; the writing says until when", "", ""
    else:
        if is_unknown(said) or not isinstance(said, Mapping) or not said:
            return
        place = ZoneInfo(one.regime.zone)
        start, end = deadlines.moment(said.get("from"), place), deadlines.moment(said.get("to"), place)
        if start is not None and not _over(times.text(start), now):
            return
        until = times.text(end) if end is not None else ""
        if until and _over(until, now):
            return
        local = f"{end.astimezone(place).isoformat(timespec='seconds')}[{one.regime.zone}]" if end is not None else ""
        agency = shown(said.get("agency") or "a law-enforcement agency")
        why = f"{agency} asked to wait; the hold moves no deadline by itself: counsel decides"
    for stage in one.duty.stages:
        if _to_say(one.duty, stage):
            yield Embargo(one.duty.name, one.duty.entity, stage.id, until, local, why, hold)


def _to_say(duty: Obligation, stage: Stage) -> bool:
    """Whether something may still be said: what is not filed, and to customers also an update of what was."""
    return not stage.filed_at or audience(duty, stage) == "customers"


def _over(end: str, now: str) -> bool:
    return times.seconds_between(end, now) >= 0
