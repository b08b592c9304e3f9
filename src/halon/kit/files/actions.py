"""actions.yaml: the containment actions that are ready, by id."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from halon.incident.orders import Effect
from halon.kit.files.shapes import GateShape, Line, Name, Shape, When, Words


class ActionShape(Shape):
    """An action that is ready for some agents.

    ``operation`` is one of their connector, ``with`` gives the values that it needs. ``rung`` is its step on the
    ladder, ``disruption`` runs from 0 (nobody notices) to 4 (all stands still).
    """

    action: Name
    title: Line
    agents: list[Name] = Field(min_length=1)
    operation: Name
    values: dict[Name, Any] = Field(default_factory=dict, alias="with")
    target: Line
    reversible: bool
    effect: Effect
    rung: int = Field(default=1, ge=1, le=9)
    disruption: int = Field(default=1, ge=0, le=4)
    when: When
    stops: list[Line] = Field(default_factory=list)
    collateral: list[Line] = Field(default_factory=list)
    gentler: Words | None = None
    way_back: Words | None = None
    gate: GateShape | None = None
    restore_gate: GateShape | None = None


class Actions(Shape):
    """The whole file."""

    actions: dict[Name, ActionShape]
