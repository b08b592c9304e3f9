"""entities/*.yaml: one legal entity a file."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from halon.judgement.vocabulary_law import ROLES
from halon.kit.files.shapes import Calendar, Line, Name, Shape, When

Place = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}(-[A-Z0-9]{1,3})?$")]
"""ISO 3166: DE, US-CA."""


class AuthorityShape(Shape):
    """A body that is told: its name, where notices go, its zone if it is not the entity's."""

    name: Line
    recipient: Line
    zone: Line | None = None


class ContractShape(Shape):
    """One contract with a duty to notify: who is told and where, and within how long (left out: it names no period).

    The period is one of ``hours``, ``calendar_days`` and ``business_days`` (with ``of``, their calendar); ``after`` is the
    fact that it runs from. ``when`` is what must have happened, ``channel`` how they are told, ``template`` by which text;
    what is left out is as in the contract's duty.
    """

    name: Line
    recipient: Line
    hours: int | None = Field(default=None, ge=1, le=9_600)
    calendar_days: int | None = Field(default=None, ge=1, le=400)
    business_days: int | None = Field(default=None, ge=1, le=400)
    of: Calendar | None = None
    after: Name | None = None
    when: When | None = None
    channel: Name | None = None
    template: Name | None = None
    zone: Line | None = None
    clause: Line | None = None


class EntityFile(Shape):
    """The whole file: a legal entity with the roles that it holds in law. Duties bind entities, not brands.

    ``contracts`` maps the id of a contract's duty (``contract-…``) to what this entity's contract says.
    """

    name: Line
    roles: list[Annotated[str, Field(json_schema_extra={"enum": list(ROLES)})]] = Field(min_length=1)
    establishments: list[Place] = Field(min_length=1)
    zone: Line
    authorities: dict[Name, AuthorityShape] = Field(default_factory=dict)
    contracts: dict[Name, ContractShape] = Field(default_factory=dict)
