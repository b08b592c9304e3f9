"""actions.yaml: the containment actions that are ready, by id."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from halon.incident.orders import Effect
from halon.kit.files.shapes import GateShape, Line, Name, Shape, When, Words


class StageShape(Shape):
    """One step of giving back: to how many percent, and how many seconds that is watched before the next step.

    ``share`` fills ``{share}`` in the connector's undo and undo_verify. Seconds, a week at most.
    """

    share: int = Field(ge=1, le=100)
    watch_seconds: int = Field(default=0, ge=0, le=604_800)


class ActionShape(Shape):
    """An action that is ready for some agents.

    ``operation`` is one of their connector, or of ``connector``: what stands around them, such as a gateway or a switch
    for features, at the connector's own address. ``with`` gives the values that it needs. ``rung`` is its step on the
    ladder, ``disruption`` runs from 0 (nobody notices) to 4 (all stands still). ``covers`` names the tools that it
    takes out, beside the one in ``with``; ``all`` means the whole agent.
    """

    action: Name
    title: Line
    agents: list[Name] = Field(min_length=1)
    connector: Name | None = None
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
    covers: list[Name] = Field(default_factory=list)
    gentler: Words | None = None
    way_back: Words | None = None
    gate: GateShape | None = None
    restore_gate: GateShape | None = None
    restore_stages: list[StageShape] = Field(default_factory=list, max_length=10)


class Actions(Shape):
    """The whole file."""

    actions: dict[Name, ActionShape]
