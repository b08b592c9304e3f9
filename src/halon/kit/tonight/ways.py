"""Ways of harm that no action closes: a credential nobody can revoke, an output nobody can stop, a source nobody can take out."""

from __future__ import annotations

from collections.abc import Iterator

from halon.judgement.policy import AgentPolicy, Policy
from halon.judgement.surface import Held, Surface
from halon.judgement.vocabulary import near
from halon.kit.bundle import Bundle
from halon.kit.covering import EVERYTHING, closed, said
from halon.kit.files.actions import ActionShape
from halon.kit.surface import KEYS
from halon.kit.tonight.finding import Finding, Item, Rank

ITEM: Item = "kill switch and safe mode"
_DO = {
    "credential": ("revoked or suspended", "revoke_token or suspend_credential"),
    "output": ("stopped", "disable_tool, block_egress or block_links"),
    "source": ("quarantined", "quarantine_source"),
    "memory": ("switched off", "disable_memory or quarantine_memory"),
}
"""What can be done about each kind, as a verb, and the kinds of action that do it."""
_NAMELESS = ("spend", "spread", "agent")
"""Kinds of ways that no inventory lists by name."""
_BESIDE = {"output": ("web", "links"), "source": ("web",), "credential": ("sessions",)}
"""Names that the catalogue itself gives to what is in no inventory."""


def about_ways(bundle: Bundle, policy: Policy) -> Iterator[Finding]:
    """What each agent works with and no action takes away, and actions that close nothing or something that is not there."""
    everywhere = {way for agent in policy.agents.values() for one in agent.prepared for way in one.order.covers}
    for agent in policy.agents.values():
        if agent.prepared:  # that nothing at all can stop it is told already
            for held in agent.surface.held:
                yield from _open(agent, held, everywhere)
    for action_id, action in bundle.actions.actions.items():
        surfaces = [policy.agents[name].surface for name in action.agents]
        yield from _known(bundle, action_id, action)
        yield from _aimless(action_id, action, policy)
        yield from _misspelt(action_id, action, surfaces)


def _open(agent: AgentPolicy, held: Held, everywhere: set[str]) -> Iterator[Finding]:
    mine = {way for one in agent.prepared for way in one.order.covers}
    done, by = _DO[held.kind]
    what = f"the {held.kind} {held.name} of {agent.name}"
    fix = f"add an action such as {by}, or name it in covers:"
    if held.kind == "credential":
        # Whoever revokes it revokes it for all, and who holds it needs no agent: the whole agent's stop is no help.
        if not closed(held.way, everywhere):
            yield Finding(_rank(agent, held), ITEM, f"{what} can't be {done}", f"{fix} of an action")
    elif not closed(held.way, mine):
        if EVERYTHING in mine:
            yield Finding("advice", ITEM, f"{what} goes off only with the whole agent", fix)
        else:
            yield Finding("weak", ITEM, f"{what} can't be {done}", fix)


def _rank(agent: AgentPolicy, held: Held) -> Rank:
    """A credential with which nothing is changed or sent is worth less."""
    tools = held.tools or tuple(agent.surface.tools)
    return "weak" if not tools or set(tools) & set(agent.surface.changing) else "advice"


def _known(bundle: Bundle, action_id: str, action: ActionShape) -> Iterator[Finding]:
    if action.kind is None:
        close = near(action.action, bundle.actions.kinds, 1)
        step = f"did you mean {close[0]!r}? or " if close else ""
        what = f"{action_id} is of a kind that the catalogue does not know ({action.action}), and inherits nothing"
        fix = f"{step}define it under kinds: in actions.yaml; known kinds: halon kit catalogue"
        yield Finding("advice", "inventory of agents, tools and data", what, fix)


def _aimless(action_id: str, action: ActionShape, policy: Policy) -> Iterator[Finding]:
    if action.kind is not None and action.kind.keeps:
        return
    orders = [one.order for name in action.agents for one in policy.agents[name].prepared if one.order.id == action_id]
    if orders and not any(order.covers for order in orders):
        what = f"it is not said which way of harm {action_id} closes, so it is never chosen for closing one"
        yield Finding("advice", ITEM, what, "name it under covers:, such as tool:NAME or source:NAME")


def _misspelt(action_id: str, action: ActionShape, surfaces: list[Surface]) -> Iterator[Finding]:
    """Ways that an entry names and that none of its agents has, where they list such things at all."""
    for way in dict.fromkeys(way for surface in surfaces for way in said(action, surface)):
        kind, _, name = way.partition(":")
        if kind in _NAMELESS or name == "*" or name in _BESIDE.get(kind, ()) or "." in name:
            continue
        listed = [each for surface in surfaces for each in _names(surface, kind)]
        if listed and name not in listed:
            close = near(name, listed, 1)
            key = "tools" if kind == "tool" else KEYS[kind]  # type: ignore[index]
            step = f"did you mean {close[0]!r}? or " if close else ""
            what = f"{action_id} closes {way}, which none of its agents has"
            yield Finding("weak", ITEM, what, f"{step}list it under {key}: in the agent's file")


def _names(surface: Surface, kind: str) -> tuple[str, ...]:
    return tuple(surface.tools) if kind == "tool" else tuple(one.name for one in surface.held if one.kind == kind)
