"""What a kit becomes: the organisation's rules as frozen values that a judgement can use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from halon.incident.assessment import Mode, Person
from halon.incident.orders import GatePolicy
from halon.judgement.containment import Prepared
from halon.judgement.gate_rules import GateRule
from halon.judgement.mutes import Mute
from halon.judgement.obligations import Regime
from halon.judgement.predicates import Tree
from halon.judgement.roster import Absence, Hours, Override, RosterRule
from halon.judgement.runbooks import Runbook
from halon.judgement.severity import Rubric
from halon.judgement.surface import Surface
from halon.judgement.trust import Trust


@dataclass(frozen=True, slots=True)
class Entity:
    """A legal entity: the roles that it holds in law, where it sits (ISO 3166) and its zone (IANA)."""

    id: str
    name: str
    roles: tuple[str, ...]
    establishments: tuple[str, ...] = ()
    zone: str = "UTC"


@dataclass(frozen=True, slots=True)
class AgentPolicy:
    """An agent of the inventory: whose it is, what Halon may do to it, and the orders that are ready for it.

    ``surface`` is what it works with: tools, credentials, outputs, sources and memory, and who shares them.
    """

    name: str
    title: str
    entity: str
    mode: Mode = "observe"
    prepared: tuple[Prepared, ...] = ()
    technical_lead: str = ""
    surface: Surface = field(default_factory=Surface)


@dataclass(frozen=True, slots=True)
class CategoryRule:
    """The incident is of ``category`` when ``when`` is true. The first rule that holds names the main category."""

    category: str
    when: Tree


@dataclass(frozen=True, slots=True)
class RestrictionRule:
    """Only ``people`` see the incident when ``when`` is true; ``words`` say why."""

    when: Tree
    people: tuple[str, ...]
    words: str


@dataclass(frozen=True, slots=True)
class Policy:
    """Everything that judgement needs of a kit. Durations are in seconds unless the name says otherwise.

    ``ask`` is the gate for orders that need one and have none of their own (mode ``suggest``).
    ``gate_rules`` are gates that take the place of others by severity, category and action. ``trust`` says what the alerts
    of each source may set off without people. ``hours`` are the working hours of those people who have some.
    """

    digest: str
    entities: dict[str, Entity]
    agents: dict[str, AgentPolicy]
    rubric: Rubric
    categories: tuple[CategoryRule, ...]
    regimes: tuple[Regime, ...]
    roster_rules: tuple[RosterRule, ...]
    people: tuple[Person, ...]
    ask: GatePolicy
    leadership_channels: tuple[str, ...] = ()
    quiet_seconds: int = 900
    corrective_days: int = 14
    update_every: int = 3600
    runbooks: tuple[Runbook, ...] = ()
    overrides: tuple[Override, ...] = ()
    absences: tuple[Absence, ...] = ()
    trust: Mapping[str, Trust] = field(default_factory=dict)
    mutes: tuple[Mute, ...] = ()
    hours: Mapping[str, Hours] = field(default_factory=dict)
    longest_mute: int = 86_400
    cadence: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    comms_owner: str = ""
    restricted: RestrictionRule | None = None
    gate_rules: tuple[GateRule, ...] = ()
