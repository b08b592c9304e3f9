"""What the agent itself shows, and alerts that belong to the next incident."""

from __future__ import annotations

from dataclasses import dataclass

from temporalio import activity

from halon.incident.alerts import Alert
from halon.incident.facts import Fact
from halon.incident.others import Other


@dataclass(frozen=True, slots=True)
class Look:
    """Look at an agent's traces and action log since ``since`` (ISO 8601 UTC)."""

    incident_id: str
    agent: str
    since: str
    trace_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen. ``reachable`` False leaves every fact unknown; ``note`` says why in words."""

    facts: tuple[Fact, ...] = ()
    reachable: bool = True
    note: str = ""
    trace_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Forward:
    """Alerts that came after this incident's join window."""

    successor: str
    predecessor: str
    alerts: tuple[Alert, ...]
    drill: bool = False


@dataclass(frozen=True, slots=True)
class Forwarded:
    """Where they went."""

    workflow_id: str
    opened: bool


@dataclass(frozen=True, slots=True)
class Others:
    """Look for other incidents of ``agent``, and for open ones of other agents of the same ``group`` or traces.

    ``since`` (ISO 8601 UTC) is from when on this one looks for harm.
    """

    incident_id: str
    agent: str
    since: str
    trace_ids: tuple[str, ...] = ()
    drill: bool = False
    group: str = ""


@dataclass(frozen=True, slots=True)
class KnownOthers:
    """The other incidents of the last 30 days and those that are open, newest first."""

    others: tuple[Other, ...] = ()


@activity.defn(name="detect.corroborate")
async def corroborate(look: Look) -> Seen:
    """Confirm the alert from the agent's own traces and action log."""
    raise NotImplementedError


@activity.defn(name="detect.forward")
async def forward(alerts: Forward) -> Forwarded:
    """Start or signal the successor incident."""
    raise NotImplementedError


@activity.defn(name="detect.others")
async def others(request: Others) -> KnownOthers:
    """Find other incidents of the same agent, and whom they have told."""
    raise NotImplementedError
