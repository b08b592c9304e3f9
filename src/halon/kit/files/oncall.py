"""oncall.yaml: the people, and who is on call when."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from halon.kit.files.shapes import Line, Name, Shape

Clock = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
WeekDay = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class PersonShape(Shape):
    """Somebody who can be paged and may answer. ``channels`` are tried all at once."""

    name: Line
    roles: list[Name] = Field(min_length=1)
    channels: list[Name] = Field(min_length=1)
    mail: Line | None = None


class RuleShape(Shape):
    """Who is on call; without ``agents``, ``days`` and ``between`` it always fits. Times are local to ``zone``."""

    commander: Name
    technical_lead: Name
    escalation: list[Name] = Field(min_length=1)
    ack_minutes: int = Field(default=5, ge=1, le=240)
    agents: list[Name] = Field(default_factory=list)
    days: list[WeekDay] = Field(default_factory=list)
    between: Annotated[list[Clock], Field(min_length=2, max_length=2)] | None = None
    zone: Line = "UTC"


class OnCall(Shape):
    """The whole file. The first rule that fits counts; the last one must always fit."""

    people: dict[Name, PersonShape] = Field(min_length=1)
    rules: list[RuleShape] = Field(min_length=1)
