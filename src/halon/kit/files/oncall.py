"""oncall.yaml: the people, and who is on call when."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from halon.kit.files.shapes import Line, Name, Shape, Variable

Clock = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
WeekDay = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


Moment = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:\d{2})$")]
"""A time with its offset: 2026-12-24T18:00+01:00."""


ScheduleId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,64}$")]
"""A schedule's id as PagerDuty (PABC123) or Opsgenie (a UUID) gives it."""


Principal = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,30}:[\x21-\x7e]{1,200}$")]
"""A principal as Temporal's server names it: its type and its name, such as jwt:ann@example.com."""


class HoursShape(Shape):
    """When somebody answers although nobody put them on call. Times are local to ``zone``."""

    days: list[WeekDay] = Field(default_factory=list)
    between: Annotated[list[Clock], Field(min_length=2, max_length=2)]
    zone: Line = "UTC"


class AwayShape(Shape):
    """Somebody is away; ``instead`` stands in, or else whoever is next in the escalation."""

    start: Moment = Field(alias="from")
    end: Moment = Field(alias="to")
    instead: Name | None = None


class PersonShape(Shape):
    """Somebody who can be paged and may answer. ``channels`` are tried all at once.

    With ``hours`` they answer then, and whenever they are on call; without, at any time. ``zone`` is where they are: a
    page names their own time. Left out, it is that of their hours. ``principal`` is who they are to Temporal's server.
    """

    name: Line
    roles: list[Name] = Field(min_length=1)
    channels: list[Name] = Field(min_length=1)
    mail: Line | None = None
    zone: Line | None = None
    hours: HoursShape | None = None
    principal: Principal | None = None
    away: list[AwayShape] = Field(default_factory=list)


class RuleShape(Shape):
    """Who is on call; without ``agents``, ``days`` and ``between`` it always fits. Times are local to ``zone``."""

    commander: Name
    technical_lead: Name
    escalation: list[Name] = Field(min_length=1)
    ack_minutes: int = Field(default=5, ge=1, le=240)
    agents: list[Name] = Field(default_factory=list)
    days: list[WeekDay] = Field(default_factory=list)
    between: Annotated[list[Clock], Field(min_length=2, max_length=2)] | None = None
    zone: Line = "UTC"


class OverrideShape(Shape):
    """For a while somebody else is on call than the rules say."""

    start: Moment = Field(alias="from")
    end: Moment = Field(alias="to")
    commander: Name | None = None
    technical_lead: Name | None = None
    agents: list[Name] = Field(default_factory=list)


class SchedulesShape(Shape):
    """The product's ids of the schedules that say who is commander and who is technical lead."""

    commander: ScheduleId | None = None
    technical_lead: ScheduleId | None = None


class FromShape(Shape):
    """Who is on call comes from PagerDuty or Opsgenie; the rules count where it does not answer.

    ``token_env`` names the variable with a token that may read schedules; ``people`` maps the product's user ids or
    mail addresses to people of the kit, where their ``mail`` is not enough. ``url_env`` names the variable with another
    address than the region's.
    """

    kind: Literal["pagerduty", "opsgenie"]
    token_env: Variable
    schedules: SchedulesShape
    people: dict[Line, Name] = Field(default_factory=dict)
    region: Literal["us", "eu"] = "us"
    url_env: Variable | None = None


class OnCall(Shape):
    """The whole file. The first rule that fits counts; the last one must always fit. ``overrides`` come before.

    With ``from``, a product says who is commander and technical lead, and the rules stand in when it does not answer.
    """

    people: dict[Name, PersonShape] = Field(min_length=1)
    rules: list[RuleShape] = Field(min_length=1)
    overrides: list[OverrideShape] = Field(default_factory=list)
    source: FromShape | None = Field(default=None, alias="from")
