"""regimes/*.yaml: one duty to notify a file."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from halon.judgement.obligations import LawStatus
from halon.kit.files.shapes import Day, Due, GateShape, Line, Name, Shape, When, Words


class CounterpartyShape(Shape):
    """Who is told: one of the entity's authorities (``of``), or a name, recipient and zone written here."""

    of: Name | None = None
    name: Line | None = None
    recipient: Line | None = None
    zone: Line | None = None


class StageShape(Shape):
    """One stage. No ``due`` means that no figure is named; ``words`` then say what is."""

    id: Name
    due: Due = None
    approval_minutes: int = Field(default=60, ge=0, le=10_080)
    words: Line | None = None


class RegimeFile(Shape):
    """The whole file. Without ``entities`` it is looked at for every legal entity.

    ``confidence`` is how well the text was verified: A the law was read, B two sources agree, C one source, U recalled.
    """

    id: Name
    title: Line
    source: Line
    confidence: Literal["A", "B", "C", "U"]
    last_verified: Day
    status: LawStatus
    effective_from: Day | None = None
    effective_to: Day | None = None
    dormant_until: Day | None = None
    entities: list[Name] = Field(default_factory=list)
    roles: list[Name] = Field(default_factory=list)
    audience: Literal["regulator", "customers"]
    authority: CounterpartyShape
    when: When
    decider: Name
    gate: GateShape
    stages: list[StageShape] = Field(min_length=1)
    template: Name
    channel: Name
    contents: list[Line] = Field(min_length=1)
    notes: Words | None = None
