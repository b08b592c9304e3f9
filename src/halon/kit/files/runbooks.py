"""runbooks/*.yaml: the checklist of one category, for the commander and for the machine."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from halon.kit.files.severity import Category
from halon.kit.files.shapes import Line, Name, Shape, When, Words

PhaseName = Literal["detect", "triage", "contain", "rca", "notify", "remediate"]


class StepShape(Shape):
    """A step: what to do or find out, and the role that owns it.

    With ``done_when`` the machine ticks it as soon as the condition is true; without, a person does. ``answers`` names
    the facts that the step is there to find. ``due_minutes`` counts from the opening of the incident.
    """

    words: Line
    owner: Name
    answers: list[Name] = Field(default_factory=list)
    done_when: When = None
    due_minutes: int | None = Field(default=None, ge=1, le=43_200)


class CadenceShape(Shape):
    """How often leadership hears of an incident of this category, in minutes."""

    leadership_minutes: int | None = Field(default=None, ge=5, le=1440)


class RunbookFile(Shape):
    """The whole file. ``category`` ``any`` holds for every incident; others add to it."""

    title: Line
    category: Category | Literal["any"]
    checklist: dict[PhaseName, dict[Name, StepShape]] = Field(default_factory=dict)
    prefer: list[Name] = Field(default_factory=list)
    rca: list[Line] = Field(default_factory=list)
    cadence: CadenceShape = Field(default_factory=CadenceShape)
    playbook: dict[PhaseName, list[Words]] = Field(default_factory=dict)
