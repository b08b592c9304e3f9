"""agents.yaml: the inventory of agents."""

from __future__ import annotations

from pydantic import Field

from halon.incident.assessment import Mode
from halon.kit.files.shapes import Line, Name, Shape, Variable


class AgentShape(Shape):
    """An agent: whose it is, how far Halon may go, how it is reached.

    ``control_url`` is its default address; the variable that ``control_url_env`` names comes first.
    """

    title: Line
    entity: Name
    mode: Mode = "observe"
    connector: Name | None = None
    control_url: Line | None = None
    control_url_env: Variable | None = None
    secret: Variable | None = None
    tools: list[Line] = Field(default_factory=list)
    data: list[Line] = Field(default_factory=list)


class Agents(Shape):
    """The whole file."""

    agents: dict[Name, AgentShape] = Field(min_length=1)
