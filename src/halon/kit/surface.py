"""What each agent works with, from the agents' files: who shares what is found out by comparing all of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

from halon.judgement.surface import Held, HeldKind, Surface
from halon.kit.bundle import Bundle
from halon.kit.files.agents import AgentFile, HeldShape
from halon.kit.places import Problems

_KINDS: tuple[HeldKind, ...] = get_args(HeldKind)
KEYS: Mapping[HeldKind, str] = {
    "credential": "credentials",
    "output": "outputs",
    "source": "sources",
    "memory": "memory",
}
"""The key of an agent's file under which each kind stands."""


def surfaces(bundle: Bundle, problems: Problems) -> dict[str, Surface]:
    """The surface of every agent of ``bundle``. A tool that the agent does not have is noted."""
    found: dict[str, Surface] = {}
    for name, agent in bundle.agents.items():
        held = {kind: _held(name, agent, kind, bundle, problems) for kind in _KINDS}
        found[name] = Surface(
            {tool: shape.risk for tool, shape in agent.tools.items()},
            held["credential"],
            held["output"],
            held["source"],
            held["memory"],
        )
    return found


def shapes(agent: AgentFile, kind: HeldKind) -> Mapping[str, HeldShape]:
    """What the file of ``agent`` lists of one kind, by name."""
    listed: Mapping[str, HeldShape] = getattr(agent, KEYS[kind])
    return listed


def _held(name: str, agent: AgentFile, kind: HeldKind, bundle: Bundle, problems: Problems) -> tuple[Held, ...]:
    found = []
    for own, shape in shapes(agent, kind).items():
        for index, tool in enumerate(shape.tools if agent.tools else ()):
            path = (KEYS[kind], own, "tools", index)
            problems.refers(bundle.file("agents", name), path, f"tool of {name}", tool, agent.tools)
        sharing = tuple(
            other
            for other, theirs in bundle.agents.items()
            if other != name and own in shapes(theirs, kind) and _same(shape, shapes(theirs, kind)[own])
        )
        found.append(Held(kind, own, tuple(shape.tools), sharing, tuple(shape.also), shape.last_used or ""))
    return tuple(found)


def _same(one: HeldShape, other: HeldShape) -> bool:
    """Whether two that are called the same are one. Who did not say who issues it is taken to mean the same one."""
    return one.issued_by is None or other.issued_by is None or one.issued_by == other.issued_by
