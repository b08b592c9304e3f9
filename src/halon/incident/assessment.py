"""What follows from facts and kit. A judgement returns its reasons; the workflow carries it out and never makes it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from halon.incident.orders import GatePolicy, Order

Level = Literal["SEV1", "SEV2", "SEV3", "SEV4"]
Mode = Literal["observe", "suggest", "act"]
ObligationStatus = Literal["applies", "does_not_apply", "undetermined", "dormant", "not_in_force", "review_required"]


@dataclass(frozen=True, slots=True)
class Severity:
    """A level and why."""

    level: Level = "SEV4"
    reasons: tuple[str, ...] = ()
    would_raise: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of an obligation. Times are ISO 8601 UTC; empty where they can't be computed yet.

    ``provisional`` says that the due time rests on an anchor that may still move. ``warn_at`` are the times at which
    the decider is warned; ``decide_by`` is due less the time that approval and the portal take.
    """

    id: str
    anchor: str = ""
    due: str = ""
    due_local: str = ""
    decide_by: str = ""
    warn_at: tuple[str, ...] = ()
    provisional: bool = False
    filed_at: str = ""


@dataclass(frozen=True, slots=True)
class Obligation:
    """A duty to notify that a regime may put on a legal entity."""

    id: str
    title: str
    entity: str
    authority: str
    audience: Literal["regulator", "customers"]
    status: ObligationStatus
    decider: str
    because: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    displaced_by: str = ""
    stages: tuple[Stage, ...] = ()
    template: str = ""
    channel: str = ""
    recipient: str = ""
    gate: GatePolicy | None = None
    contents: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of the kit. ``channels`` names the kit's channels on which they are paged."""

    name: str
    display: str
    roles: tuple[str, ...]
    channels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Roster:
    """Who is on call for this incident: the commander, the technical lead, who is paged in which order, and how long.

    ``ack_within`` is in seconds. ``escalation`` is the order in which people are paged until one acknowledges.
    """

    commander: str = ""
    technical_lead: str = ""
    escalation: tuple[str, ...] = ()
    ack_within: int = 300
    people: tuple[Person, ...] = ()


@dataclass(frozen=True, slots=True)
class Assessment:
    """The answer of ``halon.judgement.assess``."""

    severity: Severity
    category: str
    categories: tuple[str, ...]
    mode: Mode
    entity: str
    orders: tuple[Order, ...] = ()
    obligations: tuple[Obligation, ...] = ()
    embargoes: tuple[str, ...] = ()
    roster: Roster = field(default_factory=Roster)
    blast_radius: dict[str, str] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()
    quiet_seconds: int = 900
    corrective_days: int = 14
    update_every: int = 3600
    kit_digest: str = ""
    reasons: tuple[str, ...] = ()
    leadership_channels: tuple[str, ...] = ()
