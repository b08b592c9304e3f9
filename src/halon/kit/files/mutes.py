"""mutes.yaml: maintenance windows and mutes. What lies in one is counted and judged, and nobody is woken by it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from halon.kit.files.oncall import Clock, Moment, WeekDay
from halon.kit.files.shapes import Line, Name, Shape


class WeeklyShape(Shape):
    """Every week on these days, from one local time of ``zone`` to another; past midnight where it ends before it starts."""

    days: list[WeekDay] = Field(min_length=1)
    start: Clock = Field(alias="from")
    end: Clock = Field(alias="to")
    zone: Line = "UTC"


class MuteShape(Shape):
    """Alerts of these ``agents``, ``groups`` and ``rules`` (left out: all), ``from`` ``until``, or ``weekly``.

    ``by`` is the person who answers for it. From the level ``except`` on it wakes all the same.
    """

    agents: list[Name] = Field(min_length=1)
    rules: list[Line] = Field(default_factory=list)
    groups: list[Line] = Field(default_factory=list)
    start: Moment | None = Field(default=None, alias="from")
    end: Moment | None = Field(default=None, alias="until")
    weekly: WeeklyShape | None = None
    reason: Line
    by: Name
    wakes_at: Literal["SEV1", "SEV2", "SEV3"] = Field(default="SEV1", alias="except")


class MutesFile(Shape):
    """The whole file; it may be missing. ``longest_hours`` bounds what people may mute with the command ``mute``."""

    mutes: dict[Name, MuteShape] = Field(default_factory=dict)
    longest_hours: Annotated[int, Field(ge=1, le=168)] = 24
