"""What stops an agent when a person asks for just that: only what can be undone, and all of the agent where the kit can."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from halon.incident.by_hand import Ready
from halon.incident.orders import Order
from halon.judgement.cover import Candidate, cover
from halon.judgement.policy import AgentPolicy

WHOLE = "agent:"
"""How the way begins that stands for the whole agent, whatever name follows."""
_OTHER_TOOLS = "its other tools and answers"


def stopping(agent: str, agents: Mapping[str, AgentPolicy]) -> Ready:
    """What the kit holds ready for ``agent``, whatever the facts are; an agent that it does not know is only observed.

    Of the orders that stop the whole agent the strongest: one without a gate of its own first, then the most disruptive.
    Where none does, the least set that covers most of what any of them covers.
    """
    known = agents.get(agent)
    if known is None:
        return Ready()
    able = [one.order for one in known.prepared if one.order.reversible and one.order.undo is not None]
    whole = [one for one in able if _whole(one)]
    if whole:
        return Ready(known.mode, (min(whole, key=_strongest),), whole=True)
    chosen = _most(able)
    return Ready(known.mode, chosen, left=_left(known, able, chosen) if chosen else ())


def _whole(order: Order) -> bool:
    return any(way.startswith(WHOLE) for way in order.covers)


def _strongest(order: Order) -> tuple[bool, int, int, str]:
    return order.gate is not None, -order.disruption, order.rung, order.id


def _most(able: Sequence[Order]) -> tuple[Order, ...]:
    """The orders that together cover most. One of which nobody said what it covers is taken too: it takes something."""
    free = [one for one in able if one.gate is None] or list(able)
    named = [one for one in free if one.covers]
    ways = sorted({way for one in named for way in one.covers})
    found = cover(ways, [Candidate(one.id, frozenset(one.covers), True, one.disruption) for one in named])
    chosen = [one for one in free if one.id in found.chosen or not one.covers]
    return tuple(sorted(chosen, key=lambda one: (one.rung, one.disruption, one.id)))


def _left(known: AgentPolicy, able: Sequence[Order], chosen: Sequence[Order]) -> tuple[str, ...]:
    """The ways of the agent that nothing chosen closes, as far as the kit names them; that something is left in any case."""
    closed = {way for one in chosen for way in one.covers}
    ways = [f"tool:{name}" for name in known.surface.changing] + [one.way for one in known.surface.credentials]
    more = [way for one in able for way in one.covers if way not in closed]
    return (*dict.fromkeys(way for way in (*ways, *more) if way not in closed), _OTHER_TOOLS)
