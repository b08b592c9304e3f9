"""entities/*.yaml: one legal entity a file."""

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


class EntityFile(Shape):
    """The whole file: a legal entity with the roles that it holds in law. Duties bind entities, not brands."""

    name: Line
    roles: list[Annotated[str, Field(json_schema_extra={"enum": list(ROLES)})]] = Field(min_length=1)
    establishments: list[Place] = Field(min_length=1)
    zone: Line
    authorities: dict[Name, AuthorityShape] = Field(default_factory=dict)
