"""What an agent works with, as the inventory lists it: where harm can go on, and who else is hit when it is taken away."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

HeldKind = Literal["credential", "output", "source", "memory"]
"""What an agent has beside its tools: what it signs in with, where what it says goes, what it reads, what it remembers."""


@dataclass(frozen=True, slots=True)
class Held:
    """One credential, output, source or memory of an agent. ``tools`` are those of its tools that use it.

    ``agents`` are the other agents of the inventory that have the same, ``others`` whoever else the kit names, in words.
    ``last_used`` is the day on which this agent used it last, if the inventory says so.
    """

    kind: HeldKind
    name: str
    tools: tuple[str, ...] = ()
    agents: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    last_used: str = ""

    @property
    def way(self) -> str:
        """The way of harm that it is, as ``kind:name``."""
        return f"{self.kind}:{self.name}"


@dataclass(frozen=True, slots=True)
class Surface:
    """What one agent works with. ``tools`` maps each of its tools to its risk (read, write, external, money, admin, code)."""

    tools: Mapping[str, str] = field(default_factory=dict)
    credentials: tuple[Held, ...] = ()
    outputs: tuple[Held, ...] = ()
    sources: tuple[Held, ...] = ()
    memory: tuple[Held, ...] = ()

    @property
    def held(self) -> tuple[Held, ...]:
        """All of it but the tools."""
        return (*self.credentials, *self.outputs, *self.sources, *self.memory)

    @property
    def changing(self) -> tuple[str, ...]:
        """The tools that do more than read."""
        return tuple(name for name, risk in self.tools.items() if risk != "read")

    def credentials_of(self, tool: str) -> tuple[Held, ...]:
        """The credentials that ``tool`` may use: those that name it, and those of which nobody said which tools do."""
        return tuple(one for one in self.credentials if tool in one.tools or not one.tools)

    def shared(self) -> dict[str, tuple[Held, ...]]:
        """Each other agent of the inventory with what it shares with this one: where harm can spread to."""
        found: dict[str, tuple[Held, ...]] = {}
        for one in self.held:
            for agent in one.agents:
                found[agent] = (*found.get(agent, ()), one)
        return found
