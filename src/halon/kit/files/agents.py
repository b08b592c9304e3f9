"""agents/*.yaml: the inventory, one agent a file."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from halon.incident.assessment import Mode
from halon.kit.files.connectors import CallShape, HarmlessShape
from halon.kit.files.entities import Place
from halon.kit.files.shapes import Day, Line, Name, Shape, Thing, Variable, Words

Risk = Literal["read", "write", "external", "money", "admin", "code"]
"""What a tool can do: read, write inside, reach outside, move money, administer, run code."""


class ToolShape(Shape):
    """A tool: what it can do, and whether that can be taken back."""

    risk: Risk
    reversible: bool = True
    words: Line | None = None


class HeldShape(Shape):
    """A credential, an output, a source or a memory of the agent: which of its tools use it, and who else does.

    Agents that list the same name share it; ``issued_by`` tells apart what only happens to be called the same.
    ``also`` names users outside this inventory, ``last_used`` is when this agent used it last. For a credential, no ``tools`` means that any of them may use it.
    """

    tools: list[Name] = Field(default_factory=list)
    issued_by: Line | None = None
    also: list[Line] = Field(default_factory=list, max_length=20)
    words: Line | None = None
    last_used: Day | None = None


class CredentialShape(HeldShape):
    """A credential: its name, never its value. ``replacement`` says how a new one is issued, and who gets it."""

    replacement: Line | None = None


class FlowShape(Shape):
    """A flow of data: what, of which categories, from or to whom, and how long it is kept."""

    what: Line
    categories: list[Name] = Field(default_factory=list)
    party: Line | None = None
    kept: Line | None = None


class DataShape(Shape):
    """What the agent collects, stores and shares."""

    collects: list[FlowShape] = Field(default_factory=list)
    stores: list[FlowShape] = Field(default_factory=list)
    shares: list[FlowShape] = Field(default_factory=list)


class FallbackShape(Shape):
    """What people get while the agent is off, and the call that shows that it is really served."""

    words: Words
    probe: CallShape | None = None


class KnownGoodShape(Shape):
    """The last state that was known to be good: what to roll back to."""

    version: Line
    config_hash: Line | None = None
    verified: Line | None = None


class AgentFile(Shape):
    """The whole file: whose the agent is, how far Halon may go, how it is reached, what it can do and touch.

    ``control_url`` is its default address; the variable that ``control_url_env`` names comes first. ``harmless`` is what
    ``halon connector test`` may switch off and on again, before what the connector names. ``credentials`` are what it signs
    in with (names, never values), ``outputs`` where what it says and does goes, ``sources`` what it reads, ``memory`` what
    it keeps from one conversation to the next.
    """

    title: Line
    entity: Name
    mode: Mode = "observe"
    owner: Name | None = None
    technical_lead: Name | None = None
    connector: Name | None = None
    control_url: Line | None = None
    control_url_env: Variable | None = None
    secret: Variable | None = None
    version: Line | None = None
    model: Line | None = None
    config_hash: Line | None = None
    tools: dict[Name, ToolShape] = Field(default_factory=dict)
    credentials: dict[Thing, CredentialShape] = Field(default_factory=dict)
    outputs: dict[Thing, HeldShape] = Field(default_factory=dict)
    sources: dict[Thing, HeldShape] = Field(default_factory=dict)
    memory: dict[Thing, HeldShape] = Field(default_factory=dict)
    permissions: list[Line] = Field(default_factory=list)
    jurisdictions: list[Place] = Field(default_factory=list)
    data: DataShape = Field(default_factory=DataShape)
    fallback: FallbackShape | None = None
    known_good: KnownGoodShape | None = None
    harmless: HarmlessShape | None = None
