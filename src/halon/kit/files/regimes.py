"""regimes/*.yaml: one duty to notify a file."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from halon.incident.assessment import Told
from halon.judgement.regime import Hold, LawStatus
from halon.kit.files.shapes import Calendar, Day, Due, GateShape, Language, Line, Name, Shape, When, Words


class CounterpartyShape(Shape):
    """Who is told: one of the entity's authorities (``of``), or a name, recipient and zone written here.

    ``portal`` is where it is filed by hand. With ``local: EU`` the authority is one of the entity's own Member State: the
    entity's zone counts where that is the time of one, and ``zone`` for entities elsewhere.
    """

    of: Name | None = None
    name: Line | None = None
    recipient: Line | None = None
    zone: Line | None = None
    portal: Line | None = None
    local: Literal["EU"] | None = None


class AgainShape(Shape):
    """What was filed is filed once more, as an update, when the fact ``on`` holds a later time. Somebody is reminded."""

    on: Name
    words: Line
    remind_hours: int = Field(default=4, ge=1, le=720)


class RolloverShape(Shape):
    """The stage may be argued to end on the next business day, at noon or at its end. Shown, never scheduled against."""

    calendar: Calendar
    to: Literal["noon", "end_of_day"] = "end_of_day"
    unless: When | None = None


class ContentShape(Shape):
    """One thing that the notice must hold, the facts that fill it, and the stages that ask for it (left out: all).

    Without ``facts`` it counts as to be written by hand: it is named as open, never as filled.
    """

    what: Line
    facts: list[Name] = Field(default_factory=list)
    stages: list[Name] = Field(default_factory=list)


Contents = list[Line | ContentShape]


def words_of(contents: Contents) -> tuple[str, ...]:
    """What a notice must hold, in words alone."""
    return tuple(one.what if isinstance(one, ContentShape) else one for one in contents)


class StageShape(Shape):
    """One stage. No ``due`` means that no figure is named; ``words`` then say what is.

    ``when`` says for which facts it is owed at all; ``rollover`` shows a later end that can be argued. ``authority``,
    ``audience``, ``template``, ``channel`` and ``contents`` are the stage's own where it tells somebody else than the
    duty; what is left out is the duty's. ``again`` says when it is filed once more.
    """

    id: Name
    due: Due = None
    approval_minutes: int = Field(default=60, ge=0, le=10_080)
    words: Line | None = None
    when: When | None = None
    rollover: RolloverShape | None = None
    authority: CounterpartyShape | None = None
    audience: Told | None = None
    template: Name | None = None
    channel: Name | None = None
    contents: Contents | None = Field(default=None, min_length=1)
    language: Language | None = None
    again: AgainShape | None = None


class EmbargoShape(Shape):
    """Until ``until`` the stage may not go out; ``keeps_back: all customers`` keeps every notice to customers back."""

    stage: Name
    until: Due
    words: Line
    keeps_back: Literal["the stage", "all customers"] = "the stage"
    unless: When | None = None


class DormantShape(Shape):
    """Nobody is the duty's addressee before the day ``until``, where ``when`` holds."""

    when: When
    until: Day


class CriterionShape(Shape):
    """One line of a worksheet, and when it is met."""

    words: Line
    when: When


class WorksheetShape(Shape):
    """The criteria of a classification. A named person signs it by saying the facts ``signed_by``."""

    signed_by: list[Name] = Field(min_length=1)
    criteria: list[CriterionShape] = Field(min_length=1)
    words: Line | None = None


class RegimeFile(Shape):
    """The whole file. Without ``entities`` it is looked at for every legal entity.

    ``confidence`` is how well the text was verified: A the law was read, B two sources agree, C one source, U recalled.
    ``displaced_by`` names the special laws that take its place for the same entity, ``displaces`` those whose place it
    takes. ``holds`` are the facts that keep its notices back. With ``contract`` it binds only entities that name the
    contract in their file; what that says of period, name, recipient, channel, text and trigger then counts.
    ``law_anchor`` names the moment of whose day the law counts, where no stage has a figure that says so.
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
    law_anchor: Name | None = None
    entities: list[Name] = Field(default_factory=list)
    roles: list[Name] = Field(default_factory=list)
    audience: Told
    authority: CounterpartyShape
    when: When
    decider: Name
    gate: GateShape
    stages: list[StageShape] = Field(min_length=1)
    template: Name
    channel: Name
    contents: Contents = Field(min_length=1)
    notes: Words | None = None
    phased: Line | None = None
    exceptions: list[Line] = Field(default_factory=list)
    displaced_by: list[Name] = Field(default_factory=list)
    displaces: list[Name] = Field(default_factory=list)
    embargoes: list[EmbargoShape] = Field(default_factory=list)
    holds: list[Hold] = Field(default_factory=list)
    dormant: list[DormantShape] = Field(default_factory=list)
    worksheet: WorksheetShape | None = None
    contract: bool = False
    language: Language | None = None
