"""What the front door answers, as models: the OpenAPI page shows them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class IncidentAnswer(_Answer):
    """What became of the alerts of one agent and group. ``ignored``: only resolved alerts, and no incident is open.

    ``acknowledged``: no alert, but somebody's answer to one of Halon's own pages, and the incident holds it.
    """

    incident: str | None
    workflow_id: str | None
    status: Literal["new", "joined", "ignored", "acknowledged"]
    alerts: int
    agent: str
    group: str
    reason: str | None = None


class DeliveryAnswer(_Answer):
    """Temporal holds the delivery. ``raw`` is where its payload lies sealed, or null if it was not kept.

    ``left_out``: so many alerts are in that payload alone, because the delivery held more than one may.
    """

    incidents: list[IncidentAnswer]
    raw: str | None
    left_out: int = 0


class Checked(_Answer):
    """One check: what was checked, and the milliseconds it took."""

    ok: bool
    what: str
    ms: float


class HealthAnswer(_Answer):
    """``ok`` if every check is; ``intake`` if alerts can be taken, which needs Temporal alone."""

    ok: bool
    intake: bool
    checked: dict[str, Checked]


class IncidentRow(_Answer):
    """One incident as its search attributes show it. Null is what they don't hold (yet).

    A restricted one says nothing but its reference; ``phase`` is ``restricted`` then, and ``workflow_id`` empty.
    """

    incident: str | None
    workflow_id: str
    state: str
    agent: str | None
    group: str | None
    severity: str | None
    category: list[str]
    phase: str | None
    waiting_on: list[str]
    commander: str | None
    next_deadline: str | None
    drill: bool
    opened_at: str
    closed_at: str | None


class IncidentsAnswer(_Answer):
    """Newest first. ``more``: the list was cut at the limit."""

    incidents: list[IncidentRow]
    more: bool


class IncidentView(_Answer):
    """One incident. ``status`` is its own answer; null with the reason in ``why`` if no worker gave one."""

    incident: IncidentRow
    live: bool
    status: Any | None
    why: str | None = None
