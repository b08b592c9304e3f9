"""organisation.yaml: the legal entities, and how long things last."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from halon.judgement.vocabulary_law import ROLES
from halon.kit.files.shapes import Line, Name, Shape

Place = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}(-[A-Z0-9]{1,3})?$")]
"""ISO 3166: DE, US-CA."""


class AuthorityShape(Shape):
    """A body that is told: its name, where notices go, its zone if it is not the entity's."""

    name: Line
    recipient: Line
    zone: Line | None = None


class EntityShape(Shape):
    """A legal entity with the roles that it holds in law."""

    name: Line
    roles: list[Annotated[str, Field(json_schema_extra={"enum": list(ROLES)})]] = Field(min_length=1)
    establishments: list[Place] = Field(min_length=1)
    zone: Line
    authorities: dict[Name, AuthorityShape] = Field(default_factory=dict)


class Organisation(Shape):
    """The whole file. ``quiet_minutes`` is how long after recovery an alert still joins the incident."""

    name: Line
    entities: dict[Name, EntityShape] = Field(min_length=1)
    quiet_minutes: int = Field(default=15, ge=1, le=1440)
    corrective_days: int = Field(default=14, ge=1, le=365)
    update_minutes: int = Field(default=60, ge=5, le=1440)
