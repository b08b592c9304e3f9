"""Apply an order, read the state back, look whether the harm goes on, undo."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from temporalio import activity

from halon.incident.gates import Gate, Proof
from halon.incident.orders import Order


@dataclass(frozen=True, slots=True)
class Step:
    """One step of one order. ``gate`` is the granted gate where the order or the step needs one.

    The activity trusts nothing of it: it reads the answers again from the workflow's history.
    """

    incident_id: str
    order: Order
    attempt: int
    gate: Gate | None = None
    evidence: tuple[str, ...] = ()
    evidence_overridden_by: str = ""
    once: bool = False  # of a read-back: read one time, and don't wait for it to become so
    asked_by: str = ""  # of an apply: who stopped the agent by hand, and thereby said yes
    asked_proof: Proof | None = None  # where that stands in the history
    stage: int = 0  # of an undo in stages, from 1; 0: the undo that gives all back at once


@dataclass(frozen=True, slots=True)
class Verified:
    """What was read back. ``holds`` None: it could not be read."""

    holds: bool | None
    at: str
    seen: Any = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Applied:
    """What the far side answered. ``replayed`` says that it had already taken effect before this call.

    ``read``: it was read back in the same turn, right after the call, and is in force; None: ``verify`` has to tell.
    """

    status: int
    at: str
    replayed: bool = False
    before: Any = None
    note: str = ""
    read: Verified | None = None


@dataclass(frozen=True, slots=True)
class Watch:
    """Has the agent done harm since ``since`` (ISO 8601 UTC)?"""

    incident_id: str
    agent: str
    since: str


@dataclass(frozen=True, slots=True)
class Harm:
    """``goes_on`` None: it could not be seen."""

    goes_on: bool | None
    at: str
    note: str = ""


@activity.defn(name="contain.apply")
async def apply(step: Step) -> Applied:
    """Carry out an order's call, once for its key."""
    raise NotImplementedError


@activity.defn(name="contain.verify")
async def verify(step: Step) -> Verified:
    """Read the state back after apply."""
    raise NotImplementedError


@activity.defn(name="contain.undo")
async def undo(step: Step) -> Applied:
    """Carry out an order's undo through a granted restore gate."""
    raise NotImplementedError


@activity.defn(name="contain.verify_undo")
async def verify_undo(step: Step) -> Verified:
    """Read the state back after undo."""
    raise NotImplementedError


@activity.defn(name="contain.harm")
async def harm(watch: Watch) -> Harm:
    """Look at fresh telemetry for harm that goes on."""
    raise NotImplementedError
