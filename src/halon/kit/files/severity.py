"""severity.yaml: the rubric, and which category an incident is of."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from halon.incident.assessment import Level
from halon.kit.files.shapes import Line, Name, Shape, When

Category = Literal["safety", "security", "privacy", "integrity", "compliance", "operational"]

Disruption = Annotated[int, Field(ge=0, le=4)]
"""How much stands still: 0 nobody notices, 4 everything."""


class StepShape(Shape):
    """One level of an axis."""

    level: Level
    words: Line
    when: When


class FloorShape(Shape):
    """At least this level; with ``while_unknown`` also until the condition is found false."""

    level: Level
    words: Line
    when: When
    while_unknown: bool = False


class ModifierShape(Shape):
    """Raises the level."""

    name: Name
    words: Line
    when: When
    raises: int = Field(default=1, ge=1, le=3)


class CategoryShape(Shape):
    """The category holds when the condition does; the first that holds is the main one."""

    category: Category
    when: When


class TagShape(Shape):
    """Names for reports: ids ``of`` a taxonomy that comes with Halon, while the condition holds."""

    of: Line
    ids: list[Line] = Field(min_length=1)
    when: When


class SeverityFile(Shape):
    """The whole file. ``allowed_disruption`` maps levels to how much may stand still (0 to 4) without asking people first."""

    axes: dict[Name, list[StepShape]] = Field(min_length=1)
    floors: list[FloorShape] = Field(default_factory=list)
    modifiers: list[ModifierShape] = Field(default_factory=list)
    categories: list[CategoryShape] = Field(min_length=1)
    tags: list[TagShape] = Field(default_factory=list)
    allowed_disruption: dict[Level, Disruption] = Field(default_factory=dict)
