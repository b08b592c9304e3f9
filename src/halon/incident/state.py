"""The one serialisable state of an incident. Persisted: fields are only added, with defaults."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from halon.incident.affected_people import AffectedList
from halon.incident.alerts import Alert, AlertCount
from halon.incident.assessment import Assessment, Level, Obligation
from halon.incident.broken import Broken
from halon.incident.chain import Chain
from halon.incident.facts import Fact
from halon.incident.filings import Filing, Hold, LateReason
from halon.incident.gates import Gate
from halon.incident.links import MergedFrom, MergedInto, SplitFrom, SplitOff
from halon.incident.messages import Message
from halon.incident.mutes import Hush, Muted
from halon.incident.notices import Notice, Overridden
from halon.incident.orders import Action
from halon.incident.others import Other
from halon.incident.phases import Phase
from halon.incident.remedies import Corrective, Finding, MinimalCase, Rerun, Waiver
from halon.incident.restriction import Restriction
from halon.incident.tasks import Handover, Task
from halon.incident.watches import Watched


@dataclass(frozen=True, slots=True)
class Sealed:
    """A reference to sealed evidence: where it lies, its SHA-256 (hex), its size in bytes, who collected it when.

    The label is empty in what an earlier release sealed: ``redaction`` (raw, redacted), ``access`` (open, restricted,
    privileged), ``retention`` (the class) until ``retain_until`` (ISO 8601 UTC), and longer under a ``hold``.
    ``unlocked`` says why the store did not lock it though it should have; empty if it did, or locks nothing.
    """

    id: str
    path: str
    sha256: str
    size: int
    collector: str
    collected_at: str
    what: str = ""
    kind: str = ""
    redaction: str = ""
    access: str = ""
    retention: str = ""
    retain_until: str = ""
    hold: bool = False
    unlocked: str = ""


@dataclass(frozen=True, slots=True)
class Tally:
    """Alerts of a storm that joined without a line of their own, until the next line tells how many there were.

    ``digest`` is the SHA-256 (hex) over the identities in the order in which they joined, each with the digest before.
    """

    first_at: str
    last_at: str
    firing: int = 0
    resolved: int = 0
    rules: tuple[str, ...] = ()
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the timeline's tail; the record holds all of it."""

    seq: int
    at: str
    phase: str
    actor: str
    text: str


@dataclass(frozen=True, slots=True)
class LevelChange:
    """One change of severity: the earlier value stays visible."""

    level: Level
    by: str
    reason: str
    at: str


@dataclass(frozen=True, slots=True)
class State:
    """All that an incident is. ``ledger`` names each step that was done, with the time: done once, for good."""

    incident_id: str
    workflow_id: str
    reference: str
    agent: str
    group: str
    opened_at: str
    drill: bool = False
    ledger: dict[str, str] = field(default_factory=dict)
    chain: Chain = field(default_factory=lambda: Chain(incident_id=""))
    tail: tuple[Line, ...] = ()

    # detect
    alerts: tuple[Alert, ...] = ()
    seen: tuple[str, ...] = ()
    seen_rest: str = ""  # those that no longer fit there (``halon.incident.remembered``)
    firing: tuple[str, ...] = ()
    firing_more: int = 0  # how many fire beyond those
    firing_rest: str = ""  # which those are, as far as it is remembered
    tally: Tally | None = None
    last_fired_at: str = ""  # when the newest firing alert began
    counts: tuple[AlertCount, ...] = ()
    sources: tuple[str, ...] = ()  # whose alerts have fired
    facts: tuple[Fact, ...] = ()
    facts_version: int = 0
    person_version: int = 0  # the facts_version that a person's last word (a fact, a filing) made
    recovered_at: str = ""
    successor: str = ""
    predecessor: str = ""
    forwarding: tuple[Alert, ...] = ()
    forwarding_sent: int = 0  # how many of the first of them are on their way
    # To be passed on to the incident that this one is merged into, or that was split off.
    passing: tuple[Alert, ...] = ()
    passing_sent: int = 0  # how many of the first of them are on their way
    merged_into: MergedInto | None = None
    merged_from: tuple[MergedFrom, ...] = ()
    split_from: SplitFrom | None = None
    splits: tuple[SplitOff, ...] = ()
    others: tuple[Other, ...] = ()  # other incidents of the agent, as they stood when they were looked at last

    # triage
    assessment: Assessment | None = None
    assessed_version: int = 0
    assessed_alerts: int = -1  # how many firing alerts had joined then; -1 in states from before this was kept
    level: Level | None = None
    level_changes: tuple[LevelChange, ...] = ()
    level_floor_lifted_by: str = ""
    commander: str = ""
    technical_lead: str = ""
    acked_by: str = ""
    acked_at: str = ""
    paged: int = 0
    page_next_at: str = ""
    muted: Muted | None = None  # by the kit, from the first judgement on
    hush: Hush | None = None  # by a person
    tasks: tuple[Task, ...] = ()
    assessed_sealed: bool = False  # whether the last judgement knew that evidence is sealed
    handover: Handover | None = None
    restriction: Restriction | None = None  # who alone sees it; None: nobody ever said so
    kit_digest: str = ""  # the kit that judges this incident; empty in a state of an earlier release
    kit_wanted: str = ""  # the kit that a person moves it to; the next judgement is the first by it
    kits_left: tuple[str, ...] = ()
    newer_kit: str = ""
    newer_kit_difference: tuple[str, ...] = ()

    # contain
    evidence: tuple[Sealed, ...] = ()
    evidence_overridden_by: str = ""
    actions: tuple[Action, ...] = ()
    rung: int = 1
    harm_stopped_at: str = ""
    recurred_at: str = ""
    look_at: str = ""
    looks: int = 0
    gates: tuple[Gate, ...] = ()
    broken: tuple[Broken, ...] = ()  # gates that were granted by breaking their glass
    watched: dict[str, Watched] = field(default_factory=dict)  # by order: what is in force, read back again
    harm_watched: Watched | None = None
    rung_until: str = ""  # how long the rung waits for its slow orders

    # notify
    obligations: tuple[Obligation, ...] = ()
    decisions: tuple[dict[str, Any], ...] = ()
    notices: tuple[Notice, ...] = ()
    missed: tuple[str, ...] = ()
    filings: tuple[Filing, ...] = ()  # all that were filed, also what adds to an earlier filing
    late_reasons: tuple[LateReason, ...] = ()
    holds: tuple[Hold, ...] = ()  # also those that have ended
    outbox: tuple[Message, ...] = ()
    next_update_at: str = ""
    promises: dict[str, str] = field(default_factory=dict)  # who is told more until when: leadership, or an obligation
    overridden: tuple[Overridden, ...] = ()
    affected: AffectedList | None = None

    # rca and remediate
    findings: tuple[Finding, ...] = ()
    whys: tuple[str, ...] = ()
    case: MinimalCase | None = None
    correctives: tuple[Corrective, ...] = ()
    reruns: tuple[Rerun, ...] = ()
    waivers: tuple[Waiver, ...] = ()

    phases: dict[str, Phase] = field(default_factory=dict)
    refusals: dict[str, int] = field(default_factory=dict)
    tries: dict[str, tuple[str, int]] = field(default_factory=dict)  # refused though a proof came: since when, how many
    refused: dict[str, tuple[str, str]] = field(default_factory=dict)  # update id: the refusal's type and words
    answered: dict[str, str] = field(default_factory=dict)
    outcome: Literal["", "resolved", "false_alarm", "waived", "merged", "muted"] = ""
    ended_as: Literal["", "merged", "muted"] = ""  # it closes by itself, wherever its story is
    close_requested_by: str = ""
    close_note: str = ""
    false_alarm_by: str = ""
    closed_at: str = ""
    reopened_from: str = ""
    run_ids: tuple[str, ...] = ()


def sparing(state: State) -> bool:
    """Whether the sparing rules of paging count: a person is told again only of what is new for them.

    An incident that an earlier release judged keeps its older rules until it is judged again.
    """
    return state.assessment is not None and state.assessment.form > 0
