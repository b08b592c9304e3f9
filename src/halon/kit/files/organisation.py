"""organisation.yaml: who you are, how long things last, and which packs are switched on."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from halon.evidence.labels import Access, Retention
from halon.kit.files.shapes import Line, Name, Shape

Days = Annotated[int, Field(ge=1, le=36_500)]


class KindShape(Shape):
    """How one kind of evidence is handled, where it differs from what Halon does by itself."""

    access: Access | None = None
    retention: Retention | None = None


class EvidenceShape(Shape):
    """How evidence is kept: days by retention class, handling by kind; ``legal_hold`` outlasts every number of days."""

    days: dict[Retention, Days] = Field(default_factory=dict)
    kinds: dict[Name, KindShape] = Field(default_factory=dict)
    legal_hold: bool = False


class Organisation(Shape):
    """The whole file.

    ``quiet_minutes`` is how long after recovery an alert still joins the incident. ``packs`` switches on folders
    of ``packs/``. ``development`` marks a kit to try things out with: what can't be undone may then hang on a typed name.
    ``evidence`` says how long what is sealed is kept, and who may read which kind.
    """

    name: Line
    development: bool = False
    packs: list[Name] = Field(default_factory=list)
    quiet_minutes: int = Field(default=15, ge=1, le=1440)
    corrective_days: int = Field(default=14, ge=1, le=365)
    update_minutes: int = Field(default=60, ge=5, le=1440)
    evidence: EvidenceShape = Field(default_factory=EvidenceShape)
