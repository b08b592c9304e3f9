"""detections.yaml: what an alert means: which rules there are, and which group and category they belong to."""

from __future__ import annotations

from pydantic import Field

from halon.kit.files.severity import Category
from halon.kit.files.shapes import Line, Name, Shape, Words


class DetectionShape(Shape):
    """A kind of harm that your monitoring can report.

    ``group`` holds alerts of one agent together, ``also`` are other names that senders use for it; ``alerts`` are the names of the rules that report it. ``do`` says what
    to look at first.
    """

    title: Line
    category: Category
    group: Name
    also: list[Name] = Field(default_factory=list)
    alerts: list[Line] = Field(default_factory=list)
    agents: list[Name] = Field(default_factory=list)
    do: Words | None = None


class Detections(Shape):
    """The whole file."""

    detections: dict[Name, DetectionShape] = Field(min_length=1)
