"""The first look at a fresh incident: what three activities do one after the other, in one turn."""

from __future__ import annotations

from dataclasses import dataclass

from temporalio import activity

from halon.incident.assessment import Assessment
from halon.ports.detect import Look, Seen
from halon.ports.record import Find, Found
from halon.ports.triage import Case


@dataclass(frozen=True, slots=True)
class Begin:
    """``case`` holds the facts of the opening alone; it is judged with what is ``seen`` learnt."""

    find: Find
    look: Look
    case: Case


@dataclass(frozen=True, slots=True)
class Begun:
    """What was found. ``seen`` or ``judged`` None: that part is still to be done, and ``missing`` says why, by its type."""

    found: Found
    seen: Seen | None = None
    judged: Assessment | None = None
    missing: str = ""


@activity.defn(name="begin.look")
async def look(begin: Begin) -> Begun:
    """Find an earlier state; and where there is none, corroborate and judge."""
    raise NotImplementedError


@activity.defn(name="begin.glance")
async def glance(begin: Begin) -> Begun | None:
    """The same within the workflow task that asks, as a local activity; None where that would take too long there."""
    raise NotImplementedError
