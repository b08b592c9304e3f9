"""actions.yaml: the containment actions that are ready, by id; and the kit's own kinds of action."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import Field

from halon.incident.orders import Effect
from halon.kit.files.kinds import KindShape, Way
from halon.kit.files.shapes import AskedShape, GateShape, Line, Name, Shape, When, Words


class StageShape(Shape):
    """One step of giving back: to how many percent, and how many seconds that is watched before the next step.

    ``share`` fills ``{share}`` in the connector's undo and undo_verify. Seconds, a week at most.
    """

    share: int = Field(ge=1, le=100)
    watch_seconds: int = Field(default=0, ge=0, le=604_800)


class GateEntry(AskedShape):
    """Who must agree to an action. ``roles`` that are left out are those of its kind; the rest is as in any gate."""

    roles: list[Name] | None = Field(default=None, min_length=1)


class ActionEntry(Shape):
    """An action that is ready for some agents. ``action`` names its kind, from which it has what is left out here.

    ``operation`` is one of their connector, or of ``connector``: what stands around them, such as a gateway or a switch
    for features, at the connector's own address. ``with`` gives the values that it needs. ``rung`` is its step on the
    ladder, ``disruption`` runs from 0 (nobody notices) to 4 (all stands still). ``covers`` names the ways of harm that it
    closes, beside what ``with`` says: a tool by its name, anything else as ``kind:name``; ``all`` means the whole agent.
    """

    action: Name
    title: Line | None = None
    agents: list[Name] = Field(min_length=1)
    connector: Name | None = None
    operation: Name
    values: dict[Name, Any] = Field(default_factory=dict, alias="with")
    target: Line
    reversible: bool | None = None
    effect: Effect | None = None
    rung: int = Field(default=1, ge=1, le=9)
    disruption: int | None = Field(default=None, ge=0, le=4)
    when: When
    stops: list[Line] | None = None
    collateral: list[Line] | None = None
    covers: list[Way] | None = Field(default=None, max_length=100)
    touches_evidence: bool | None = None
    takes_effect: int | None = Field(default=None, ge=0, le=86_400)
    gentler: Words | None = None
    way_back: Words | None = None
    gate: GateEntry | None = None
    restore_gate: GateShape | None = None
    restore_stages: list[StageShape] = Field(default_factory=list, max_length=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionShape:
    """An action with everything that it has from its kind. ``kind`` is None where it is of no known one.

    ``collateral`` is None where the entry says nothing of who else is hit. ``takes_effect`` is in seconds.
    """

    action: str
    title: str
    agents: list[str]
    operation: str
    target: str
    reversible: bool
    effect: Effect
    when: Any
    connector: str | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    rung: int = 1
    disruption: int = 1
    stops: list[str] = field(default_factory=list)
    collateral: list[str] | None = None
    covers: list[str] = field(default_factory=list)
    touches_evidence: bool = False
    takes_effect: int = 0
    gentler: str | None = None
    way_back: str | None = None
    gate: GateShape | None = None
    restore_gate: GateShape | None = None
    restore_stages: list[StageShape] = field(default_factory=list)
    kind: KindShape | None = None


class ActionsFile(Shape):
    """The whole file. ``kinds`` are the kit's own kinds of action, beside those of the catalogue."""

    kinds: dict[Name, KindShape] = Field(default_factory=dict)
    actions: dict[Name, ActionEntry]


@dataclass(frozen=True, slots=True)
class Actions:
    """The actions as the rest of the kit uses them: by id, each with what it has from its kind."""

    actions: Mapping[str, ActionShape]
    kinds: Mapping[str, KindShape]
