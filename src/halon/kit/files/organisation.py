"""organisation.yaml: who you are, how long things last, and which packs are switched on."""

from __future__ import annotations

from pydantic import Field

from halon.kit.files.shapes import Line, Name, Shape


class Organisation(Shape):
    """The whole file.

    ``quiet_minutes`` is how long after recovery an alert still joins the incident. ``packs`` switches on folders
    of ``packs/``.
    """

    name: Line
    packs: list[Name] = Field(default_factory=list)
    quiet_minutes: int = Field(default=15, ge=1, le=1440)
    corrective_days: int = Field(default=14, ge=1, le=365)
    update_minutes: int = Field(default=60, ge=5, le=1440)
