"""Containment: which orders the facts call for, on which rung. Reversible ones first, the least disruptive rung first."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from halon.incident.assessment import Mode, OpenWay
from halon.incident.orders import GatePolicy, InAct, Order
from halon.judgement.planner import MOST_DISRUPTIVE, Ready, place, too_disruptive
from halon.judgement.predicates import Judgement, Tree, is_unknown, judge, once
from halon.judgement.surface import Surface
from halon.judgement.ways import Way, named_by, ways
from halon.judgement.ways_told import Told, told

NOBODY: Mapping[str, Mapping[str, Any]] = MappingProxyType({})
NOTHING = Surface()


@dataclass(frozen=True, slots=True)
class Prepared:
    """An order that the kit holds ready, and when the facts call for it.

    ``needs`` are facts of which one should hold before it is carried out, each with the same in words.
    """

    order: Order
    when: Tree
    needs: tuple[tuple[tuple[str, ...], str], ...] = ()


@dataclass(frozen=True, slots=True)
class Allowed:
    """How much may stand still without asking: disruption from 0 to 4, and the level that says so, in words."""

    disruption: int = MOST_DISRUPTIVE
    level: str = ""


ALL = Allowed()


@dataclass(frozen=True, slots=True)
class Plan:
    """The orders in the order in which they run, and the facts that would settle what is still undecided.

    ``ways`` are those in which the harm goes on; ``uncovered`` those that no order closes, with what to do about them.
    """

    orders: tuple[Order, ...]
    needs: tuple[str, ...] = ()
    ways: tuple[Way, ...] = ()
    uncovered: tuple[OpenWay, ...] = ()


def plan(
    prepared: Sequence[Prepared],
    facts: Mapping[str, Any],
    mode: Mode,
    ask: GatePolicy,
    without: Mapping[str, Mapping[str, Any]] = NOBODY,
    preferred: Sequence[str] = (),
    held: str = "",
    surface: Surface = NOTHING,
    allowed: Allowed = ALL,
    in_force: Collection[str] = (),
    failed: Collection[str] = (),
) -> Plan:
    """The orders for ``facts``, by rung, reversible before irreversible, gentle before disruptive.

    Rung 1 is the least set that closes every way in which the harm goes on, by what the agent works with (``surface``);
    what is not chosen follows on the next rungs, none lower than the kit puts it. An order that closes none of them
    stands where the kit puts it. One that disrupts more than ``allowed`` asks first, unless the kit put it on a later
    rung itself.

    An order whose condition is unknown is planned when it can be undone and the mode is ``act``; otherwise it is a
    suggestion with a reason, behind a gate. In mode ``suggest`` every order asks first: one that the kit gives no
    gate gets ``ask``. In mode ``observe`` nothing runs, so orders stay as they are.

    ``without`` gives for each person who said a fact the facts without that person's word: who alone brings an
    irreversible order into the plan, or settles it, has proposed it. ``preferred`` are the actions that the runbook
    puts first among those of one rung that disrupt equally. ``held`` says why what called for it is not trusted to set
    anything off without people; empty where it is. Both it and ``allowed`` are reckoned with in every mode, so that an
    order of an observed agent says what mode ``act`` would ask (``Order.in_act``); only in ``act`` do they set a gate.

    ``in_force`` are the orders that are read back as done: what they close needs nothing more. ``failed`` are those that
    nothing can be expected of for now. Both stay in the plan, where the kit puts them.
    """
    known = sorted(prepared, key=lambda one: one.order.id)  # the order of the kit's file decides nothing
    live = {one.order.id: (one, judged) for one in known if (judged := judge(one.when, facts)).value is not False}
    found = ways(facts, surface, named_by(cover for one, _ in live.values() for cover in one.order.covers))
    asked = mode == "suggest" or (mode == "act" and bool(held))
    ready = {name: _ready(one.order, judged, asked=asked) for name, (one, judged) in live.items()}
    for one in known:  # what is in force closes its ways also where the facts would not call for it any more
        if one.order.id in in_force and one.order.id not in live:
            ready[one.order.id] = _ready(one.order, judge(one.when, facts))
    rungs = place(found, tuple(ready.values()), allowed.disruption, preferred, in_force, failed)
    words = Told(ready, rungs)
    orders = [_order(one, judged, facts, mode, ask, without, held, allowed, words) for one, judged in live.values()]
    rank = {name: place for place, name in enumerate(preferred)}
    orders.sort(key=lambda one: (one.rung, not one.reversible, one.disruption, rank.get(one.id, len(rank)), one.id))
    undecided = (need for _, judged in live.values() if judged.value is None for need in judged.needs)
    needs = once((*undecided, *(need for way in found for need in way.needs)))
    silent = [one.order.title for one, _ in live.values() if not one.order.covers]
    return Plan(tuple(orders), needs, found, told(rungs.uncovered, _idle(known, live), silent))


def _order(
    one: Prepared,
    judged: Judgement,
    facts: Mapping[str, Any],
    mode: Mode,
    ask: GatePolicy,
    without: Mapping[str, Mapping[str, Any]],
    held: str,
    allowed: Allowed,
    words: Told,
) -> Order:
    """The order as it stands in the plan: its rung, its gate, who proposed it, and why."""
    order = one.order
    lacking = (f"not said yet, and it is needed first: {said}" for names, said in one.needs if not _said(names, facts))
    reasons = judged.because or ("the kit plans it for every incident of this agent",)
    if judged.value is None:
        reasons = (_undecided(order, mode), *reasons)
    first = _asked_first(order, judged, held, allowed)
    acting = InAct(order.gate or (ask if first or not order.reversible else None), first)
    gate = acting.gate if mode == "act" else order.gate
    if gate is None and (mode == "suggest" or not order.reversible):
        gate = ask
    return replace(
        order,
        gate=gate,
        proposed_by=order.proposed_by if order.reversible else _proposers(one.when, judged.value, without),
        reasons=(*reasons, *order.reasons),
        rung=words.rung(order),
        why=(*(f"asks first: {why}" for why in first if mode == "act"), *words.why(order.id), *order.why, *lacking),
        in_act=acting,
        if_seen=gate is None and order.disruption > allowed.disruption and order.rung > 1,
    )


def _asked_first(order: Order, judged: Judgement, held: str, allowed: Allowed) -> tuple[str, ...]:
    """Why mode act asks before an order that can be undone and that the kit gives no gate: trust, and the severity."""
    if order.gate is not None or not order.reversible:
        return ()
    more = f"disruption {order.disruption} is more than {allowed.level or 'the severity'} allows ({allowed.disruption})"
    much = too_disruptive(_ready(order, judged), allowed.disruption)
    return (*((held,) if held else ()), *((more,) if much else ()))


def _said(names: Iterable[str], facts: Mapping[str, Any]) -> bool:
    """Whether one of these facts is known, and not known to be false."""
    return any(not is_unknown(value) and value is not False for value in map(facts.get, names))


def _ready(order: Order, judged: Judgement, *, asked: bool = False) -> Ready:
    """``asked``: nothing runs by itself as things are, so that the gentlest is asked for, whoever says yes to it."""
    asks = asked or order.gate is not None or not order.reversible
    return Ready(order.id, order.covers, judged.value is True, order.reversible, asks, order.disruption, order.rung)


def _idle(prepared: Iterable[Prepared], live: Mapping[str, object]) -> dict[str, tuple[str, ...]]:
    """What the actions cover that the facts rule out, by their titles."""
    return {one.order.title: one.order.covers for one in prepared if one.order.id not in live}


def _proposers(when: Tree, value: bool | None, without: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
    """Those without whose word the condition would hold less: not at all, or not for certain."""
    weight = {False: 0, None: 1, True: 2}
    return tuple(name for name, facts in sorted(without.items()) if weight[judge(when, facts).value] < weight[value])


def _undecided(order: Order, mode: Mode) -> str:
    if order.reversible and mode == "act":
        return "planned although not settled yet, because it can be undone"
    return "suggested only: not settled yet whether the facts call for it"
