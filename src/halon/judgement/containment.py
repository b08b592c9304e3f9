"""Containment: which orders the facts call for. Reversible ones first, the least disruptive rung first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from halon.incident.assessment import Mode
from halon.incident.orders import GatePolicy, Order
from halon.judgement.predicates import Tree, judge, once

NOBODY: Mapping[str, Mapping[str, Any]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Prepared:
    """An order that the kit holds ready, and when the facts call for it."""

    order: Order
    when: Tree


@dataclass(frozen=True, slots=True)
class Plan:
    """The orders in the order in which they run, and the facts that would settle what is still undecided."""

    orders: tuple[Order, ...]
    needs: tuple[str, ...] = ()


def plan(
    prepared: Sequence[Prepared],
    facts: Mapping[str, Any],
    mode: Mode,
    ask: GatePolicy,
    without: Mapping[str, Mapping[str, Any]] = NOBODY,
    preferred: Sequence[str] = (),
    held: str = "",
) -> Plan:
    """The orders for ``facts``, by rung, reversible before irreversible, gentle before disruptive.

    An order whose condition is unknown is planned when it can be undone and the mode is ``act``; otherwise it is a
    suggestion with a reason, behind a gate. In mode ``suggest`` every order asks first: one that the kit gives no
    gate gets ``ask``. In mode ``observe`` nothing runs, so orders stay as they are.

    ``without`` gives for each person who said a fact the facts without that person's word: who alone brings an
    irreversible order into the plan, or settles it, has proposed it. ``preferred`` are the actions that the runbook
    puts first among those of one rung that disrupt equally. ``held`` says why what called for it is not trusted to set
    anything off without people; empty where it is.
    """
    orders: list[Order] = []
    needs: list[str] = []
    for one in prepared:
        judged = judge(one.when, facts)
        if judged.value is False:
            continue
        order = one.order
        reasons = judged.because or ("the kit plans it for every incident of this agent",)
        if judged.value is None:
            needs.extend(judged.needs)
            reasons = (_undecided(order, mode), *reasons)
        if order.gate is None and mode == "act" and held and order.reversible:
            reasons = (f"asks first: {held}", *reasons)
        if order.gate is None and (mode == "suggest" or held or not order.reversible):
            order = replace(order, gate=ask)
        if not order.reversible:
            order = replace(order, proposed_by=_proposers(one.when, judged.value, without))
        orders.append(replace(order, reasons=(*reasons, *order.reasons)))
    rank = {name: place for place, name in enumerate(preferred)}
    orders.sort(key=lambda one: (one.rung, not one.reversible, one.disruption, rank.get(one.id, len(rank)), one.id))
    return Plan(tuple(orders), once(needs))


def _proposers(when: Tree, value: bool | None, without: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
    """Those without whose word the condition would hold less: not at all, or not for certain."""
    weight = {False: 0, None: 1, True: 2}
    return tuple(name for name, facts in sorted(without.items()) if weight[judge(when, facts).value] < weight[value])


def _undecided(order: Order, mode: Mode) -> str:
    if order.reversible and mode == "act":
        return "planned although not settled yet, because it can be undone"
    return "suggested only: not settled yet whether the facts call for it"
