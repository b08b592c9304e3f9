"""Which ways of harm an action closes for one agent: what it says, what ``with:`` gives, and what follows from both.

A way that follows: a credential that is suspended or revoked takes the tools with it that have no other; one that is
rotated does not, because the agent gets the new one. An output, a source or a memory that is used by tools only is closed
with the last of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from halon.judgement.surface import Surface
from halon.kit.calling import filled_in
from halon.kit.files.actions import ActionShape
from halon.kit.files.kinds import CHANGING, WHOLE

EVERYTHING = "agent:"


def covers(action: ActionShape, agent: str, surfaces: Mapping[str, Surface]) -> tuple[str, ...]:
    """The ways that ``action`` closes for ``agent``, each as ``kind:name``; ``agent:`` is all of them.

    A tool that only another agent of the action has is none of this agent's ways.
    """
    surface = surfaces[agent]
    others = {f"tool:{tool}" for other in action.agents if other in surfaces for tool in surfaces[other].tools}
    strange = others - {f"tool:{tool}" for tool in surface.tools}
    found = dict.fromkeys(way for way in said(action, surface) if way not in strange)
    if EVERYTHING not in found:
        direct = tuple(found)
        _follow(found, surface, tools=action.kind is not None and action.kind.takes_tools)
        found.update(dict.fromkeys(f"spread:{agent}" for agent in _cut_off(action, direct, surface)))
    return tuple(found)


def said(action: ActionShape, surface: Surface) -> Iterator[str]:
    """What the action closes by its own words: its ``covers``, and what its kind says of a value of ``with``."""
    patterns = [*action.covers, *(one for one in action.kind.covers if "{" in one)] if action.kind else action.covers
    for pattern in patterns:
        way = filled_in(pattern, action.values)
        if way is None:
            continue  # the operation goes by another value, so this is not what it takes away
        if way == WHOLE:
            yield EVERYTHING
        elif way == f"tool:{CHANGING}":
            yield from (f"tool:{tool}" for tool in surface.changing)
        else:
            yield way if ":" in way else f"tool:{way}"
    if action.kind is None and "tool" in action.values:
        yield f"tool:{action.values['tool']}"


def closed(way: str, covering: Iterable[str]) -> bool:
    """Whether one of ``covering`` closes ``way`` by name or by its kind. The whole agent is not asked about here."""
    return not {way, f"{way.partition(':')[0]}:*"}.isdisjoint(covering)


def _follow(found: dict[str, None], surface: Surface, *, tools: bool) -> None:
    for tool in surface.tools if tools else ():
        able = surface.credentials_of(tool)
        if any(tool in one.tools for one in able) and all(closed(one.way, found) for one in able):
            found.setdefault(f"tool:{tool}")
    for held in (*surface.outputs, *surface.sources, *surface.memory):
        if held.tools and all(closed(f"tool:{tool}", found) for tool in held.tools):
            found.setdefault(held.way)


def _cut_off(action: ActionShape, direct: tuple[str, ...], surface: Surface) -> Iterator[str]:
    """The other agents to which harm can no longer spread: everything that they share is taken from them as well.

    A credential is taken from everybody. Sources, memory and outputs only where the action is not the agent's own control.
    """
    for agent, shared in surface.shared().items():
        if all(closed(one.way, direct) and (one.kind == "credential" or action.connector) for one in shared):
            yield agent
