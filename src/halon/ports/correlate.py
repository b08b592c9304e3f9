"""What ties incidents together by people's word: look another one up, hand over to it, take from it, split off."""

from __future__ import annotations

from dataclasses import dataclass, field

from temporalio import activity

from halon.incident.alerts import Alert
from halon.incident.links import Has, Met, SplitFrom, Taken


@dataclass(frozen=True, slots=True)
class Find:
    """Look up the incident called ``wanted``: its reference or workflow id."""

    incident_id: str
    wanted: str


@dataclass(frozen=True, slots=True)
class Follow:
    """Look whether ``predecessor`` (workflow id) was merged into an incident that is open and whose join window is."""

    incident_id: str
    predecessor: str


@dataclass(frozen=True, slots=True)
class HandOver:
    """Have the incident ``to`` take over ``version`` of what this one, of ``agent``, hands over.

    With ``alerts`` it is the ``batch``-th batch of later alerts.
    """

    incident_id: str
    agent: str
    to: str
    version: int
    batch: int = 0
    alerts: tuple[Alert, ...] = ()


@dataclass(frozen=True, slots=True)
class Handed:
    """Whether the other incident took it, and what it has of its own. Not ``taken``: it is closed, or ``declined`` it."""

    taken: bool
    has: Has = field(default_factory=Has)
    declined: bool = False


@dataclass(frozen=True, slots=True)
class Take:
    """Take what the incident ``source`` (workflow id) hands over, if it is merged into this one."""

    incident_id: str
    source: str


@dataclass(frozen=True, slots=True)
class SplitOut:
    """Open the incident ``workflow_id`` with ``alerts`` that were split off."""

    incident_id: str
    workflow_id: str
    alerts: tuple[Alert, ...]
    split: SplitFrom
    drill: bool = False


@dataclass(frozen=True, slots=True)
class Opened:
    """The reference of the incident that is open now, or was already."""

    reference: str


@dataclass(frozen=True, slots=True)
class Pass:
    """Later alerts of what was split off, for the incident ``to``."""

    incident_id: str
    to: str
    alerts: tuple[Alert, ...]


@dataclass(frozen=True, slots=True)
class Passed:
    """Whether it took them; if not, it is closed."""

    taken: bool


@activity.defn(name="correlate.find")
async def find(request: Find) -> Met:
    """Look another incident up, as it stands now."""
    raise NotImplementedError


@activity.defn(name="correlate.follow")
async def follow(request: Follow) -> Met:
    """Look where the incident before this one was merged into."""
    raise NotImplementedError


@activity.defn(name="correlate.hand_over")
async def hand_over(request: HandOver) -> Handed:
    """Signal the other incident, and wait until it has taken what this one hands over."""
    raise NotImplementedError


@activity.defn(name="correlate.take")
async def take(request: Take) -> Taken:
    """Read what an incident that is merged into this one hands over, from itself."""
    raise NotImplementedError


@activity.defn(name="correlate.split_off")
async def split_off(request: SplitOut) -> Opened:
    """Open an incident with alerts of this one; once, however often it is asked."""
    raise NotImplementedError


@activity.defn(name="correlate.pass_on")
async def pass_on(request: Pass) -> Passed:
    """Signal later alerts to what was split off."""
    raise NotImplementedError
