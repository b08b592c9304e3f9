"""The question of a gate before an action, as people read it at two in the morning: what it is about, and what a no leaves."""

from __future__ import annotations

from halon.incident import calls, quorum, watching
from halon.incident.orders import Action, GatePolicy, Order
from halon.incident.state import State

NOT_KNOWN = "not known yet"
_DISRUPTION = {
    0: "nobody notices", 1: "hardly anybody notices", 2: "part of it stands still", 3: "most of it stands still",
    4: "all of it stands still",
}  # fmt: skip


def before(state: State, one: Action) -> tuple[str, ...]:
    """What is asked before ``one`` is carried out: no part of the digest that the gate is bound by."""
    order = one.order
    return (
        *watching.asked_anew(one),
        *calls.question(order),
        *_hit(state),
        f"How much of {order.agent} it disrupts: {_DISRUPTION.get(order.disruption, order.disruption)}",
        *_without_it(state, one),
        *(who(order.gate) if order.gate else ()),
    )


def before_giving_back(state: State, order: Order, policy: GatePolicy) -> tuple[str, ...]:
    """What is asked, beside the calls, before ``order`` is taken back."""
    again = f"What may happen again then: {'; '.join(order.stops)}" if order.stops else ""
    return tuple(filter(None, (again, *_hit(state), *who(policy))))


def who(policy: GatePolicy) -> tuple[str, ...]:
    """Who must agree, who may say no, and who can break the glass."""
    lines = [f"Who must agree: {quorum.needed(policy)}{', not whoever proposed it' if policy.exclude_proposer else ''}"]
    if policy.veto:
        lines.append(f"Who can say no: {' or '.join(policy.veto)}, and whoever proposed it")
    if policy.break_glass:
        roles = " or ".join(policy.break_glass_roles or quorum.asked_of(policy))
        people = f"{policy.break_glass} {'person' if policy.break_glass == 1 else 'people'}"
        lines.append(
            f"In an emergency: {people}, one of them {roles} who says break-glass; all are told, and it is reviewed"
        )
    return tuple(lines)


def _hit(state: State) -> tuple[str, ...]:
    """The blast radius of the incident, as far as it is known."""
    radius = state.assessment.blast_radius if state.assessment is not None else {}
    known = [f"{name}: {said}" for name, said in radius.items() if said != NOT_KNOWN]
    unknown = [name for name, said in radius.items() if said == NOT_KNOWN]
    more = f"{'; ' if known else ''}{NOT_KNOWN}: {', '.join(unknown)}" if unknown else ""
    return (f"Hit so far: {'; '.join(known)}{more}",) if radius else ()


def _without_it(state: State, one: Action) -> tuple[str, ...]:
    """What stays on if nobody answers, or somebody says no: what can be undone and is in force."""
    on = [
        each.order.title
        for each in state.actions
        if each.order.id != one.order.id
        and each.order.reversible
        and each.status in ("applied", "verified", "unverified")
    ]
    return (f"What stays on meanwhile, and after a no: {'; '.join(on) or 'nothing is in force that stops the harm'}",)
