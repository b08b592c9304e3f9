"""What follows from facts and kit. A judgement returns its reasons; the workflow carries it out and never makes it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from halon.incident.mutes import MutedBy
from halon.incident.orders import GatePolicy, Order
from halon.incident.tasks import Step

Level = Literal["SEV1", "SEV2", "SEV3", "SEV4"]
Mode = Literal["observe", "suggest", "act"]
ObligationStatus = Literal["applies", "does_not_apply", "undetermined", "dormant", "not_in_force", "review_required"]


@dataclass(frozen=True, slots=True)
class AxisRow:
    """One axis of the rubric: the level that it reaches, empty if none, and what that means in words.

    ``known`` is False while an unknown fact could still put the axis higher.
    """

    axis: str
    level: Level | Literal[""] = ""
    words: str = ""
    known: bool = True


@dataclass(frozen=True, slots=True)
class Severity:
    """A level and why, axis by axis."""

    level: Level = "SEV4"
    reasons: tuple[str, ...] = ()
    would_raise: tuple[str, ...] = ()
    axes: tuple[AxisRow, ...] = ()


@dataclass(frozen=True, slots=True)
class Heard:
    """One side of a conflict: what was said, by which source and whom, when (ISO 8601 UTC)."""

    value: Any
    source: str
    by: str
    at: str


@dataclass(frozen=True, slots=True)
class Conflict:
    """Sources that disagree about a fact (of ``entity``; empty: of all). ``counts`` is the value that counts until a
    person with the role decides, ``why`` says by which rule."""

    name: str
    entity: str
    heard: tuple[Heard, ...]
    counts: Any
    why: str = ""


@dataclass(frozen=True, slots=True)
class Tag:
    """A name for the incident in a published taxonomy. An ``id`` means nothing without its ``edition``."""

    framework: str
    edition: str
    id: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Reached:
    """Who is told of a clock at ``at`` (ISO 8601 UTC), where that is not simply everybody who decides, and why."""

    at: str
    names: tuple[str, ...]
    why: str = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One thing that a notice must hold: in words, by which names it is known to be filled, and at which stages it is owed.

    ``facts`` are facts, or names of ``halon.judgement.communication.fillers``; without any, a person writes it and sees to
    it. Without ``stages`` it is owed at all of them.
    """

    what: str
    facts: tuple[str, ...] = ()
    stages: tuple[str, ...] = ()


Told = Literal["regulator", "customers", "counterparty"]
"""Who is told by a duty: an authority, those concerned, or the other party of a contract who is no customer."""


@dataclass(frozen=True, slots=True)
class Addressee:
    """Who is told by one stage, and how, where that is not whom its duty tells. ``contents`` are what the law asks for."""

    authority: str
    audience: Told
    recipient: str = ""
    template: str = ""
    channel: str = ""
    contents: tuple[str, ...] = ()
    portal: str = ""


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of an obligation. Times are ISO 8601 UTC; empty where they can't be computed yet.

    ``provisional`` says that the due time rests on an anchor that may still move. ``warn_at`` are the times at which
    the decider is warned; ``decide_by`` is due less the time that approval and the portal take. ``started`` is
    when the clock began. ``latest_arguable`` is the local time up to which the period may be argued to run where its
    last day is no business day: shown, never scheduled against. ``not_before`` (ISO 8601 UTC, or "?" while its end can't
    be computed) says until when an embargo or a hold forbids it, ``embargo`` why. ``reach`` says who is told at which of
    these moments, and when it is due, where that is not everybody who decides.

    ``stand_in`` says that ``due`` is only reckoned from a stand-in: nobody has set the moment that the law counts from,
    so what ran out then is no breach of it yet. ``decide_first`` (ISO 8601 UTC) is by when to decide already where a shadow
    from a stand-in runs out before ``due``: it is warned of then too, and missed only at ``due``.

    ``awaits`` is the decision that nobody has said and that the law counts from (a classification, a determination): what
    runs out before somebody says when it was taken is no miss.

    ``told`` is whom it tells, and how, where that differs from its duty (None: whom the duty tells). ``language`` (BCP 47
    primary tag) is that of its notice, empty: its duty's.
    """

    id: str
    anchor: str = ""
    due: str = ""
    due_local: str = ""
    decide_by: str = ""
    warn_at: tuple[str, ...] = ()
    provisional: bool = False
    filed_at: str = ""
    started: str = ""
    reach: tuple[Reached, ...] = ()
    latest_arguable: str = ""
    not_before: str = ""
    embargo: str = ""
    stand_in: bool = False
    decide_first: str = ""
    told: Addressee | None = None
    language: str = ""
    awaits: str = ""


@dataclass(frozen=True, slots=True)
class Criterion:
    """One line of a classification's worksheet. ``state`` is met, not met or unknown; ``because`` says by which facts."""

    words: str
    state: str
    because: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Embargo:
    """Something that may not be said before a date. ``stage`` is what it keeps back of the duty ``obligation``.

    ``until`` is ISO 8601 UTC, empty where its end can't be computed yet; ``provisional``: it may still move. ``kind`` is
    ``rule`` for a term in the law, else the fact that says so.
    """

    obligation: str
    entity: str
    stage: str
    until: str
    until_local: str
    why: str
    kind: str = "rule"
    provisional: bool = False


@dataclass(frozen=True, slots=True)
class Obligation:
    """A duty to notify that a regime may put on a legal entity.

    ``key`` is what the duty is called among those of its incident where that is not its id: ``id@entity`` for another
    legal entity than the agent's own. An incident keeps the first name, whosever agent it turns out to be later.
    ``phased`` says what may follow the first notice, ``portal`` where it is filed by hand, ``source`` which text says so.
    ``worksheet`` are the criteria of a classification that a person signs. ``wanted`` are the ``contents`` with what fills
    each of them, by stage; ``language`` (BCP 47 primary tag, empty: English) is that of its notices. ``foreign``: it binds
    roles that the entity does not hold, whatever happened.
    """

    id: str
    title: str
    entity: str
    authority: str
    audience: Told
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
    key: str = ""
    phased: str = ""
    portal: str = ""
    source: str = ""
    worksheet: tuple[Criterion, ...] = ()
    wanted: tuple[Wanted, ...] = ()
    language: str = ""
    foreign: bool = False

    @property
    def name(self) -> str:
        """What the duty is called in commands, gates, notices and clocks."""
        return self.key or self.id


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of the kit. ``channels`` names the kit's channels on which they are paged.

    ``zone`` (IANA) is where they are, so that a page names their own time; empty where the kit does not say.
    ``signs_in``: the kit knows by which principal Temporal's server vouches for their Updates.
    """

    name: str
    display: str
    roles: tuple[str, ...]
    channels: tuple[str, ...] = ()
    zone: str = ""
    signs_in: bool = False


@dataclass(frozen=True, slots=True)
class Away:
    """``person`` is away from ``start`` to ``end`` (ISO 8601); ``instead`` stands in, empty: nobody does."""

    person: str
    start: str
    end: str
    instead: str = ""


@dataclass(frozen=True, slots=True)
class Roster:
    """Who is on call for this incident: the commander, the technical lead, who is paged in which order, and how long.

    ``ack_within`` is in seconds. ``escalation`` is the order in which people are paged until one acknowledges. ``away``
    are the absences of the rota that were not over when it was asked.
    """

    commander: str = ""
    technical_lead: str = ""
    escalation: tuple[str, ...] = ()
    ack_within: int = 300
    people: tuple[Person, ...] = ()
    away: tuple[Away, ...] = ()


@dataclass(frozen=True, slots=True)
class OpenWay:
    """A way in which the harm goes on, as ``kind:name``, that no action of the kit closes, and what to do about it.

    ``because`` is what says so; ``perhaps``: it is not settled yet whether the harm goes on in this way.
    """

    way: str
    because: str
    do: str
    perhaps: bool = False

    @property
    def told(self) -> str:
        """In words."""
        return f"Nothing in the kit stops {self.way}{', where the harm perhaps goes on' if self.perhaps else ''}."


FORM = 6
"""The form of what is judged now. What earlier releases judged goes on by their rules: 0 has no steps and pages oftener; 1
asks again about a notice after each word of a person, and rings one alarm for everything; 2 drafts a notice again only
after a person's word; 3 knows no ways of harm, and reads back only once what is in force; 4 pages everybody who holds a role
of a gate, also who is away, proposed it or has answered it; before 6 whoever files late gives no reason."""

WATCHED = 4
"""The form from which on what is in force is read back again, and orders that touch evidence wait for it."""

ASKED = 5
"""The form from which on a gate pages, and waits for, only those who may still answer it and are there."""

DECIDED = 6
"""The form from which on a late filing needs its reason, and a rule that nobody has confirmed is never missed."""


@dataclass(frozen=True, slots=True)
class Assessment:
    """The answer of ``halon.judgement.assess``.

    ``values`` are the facts that counted, by legal entity: under "" those for all, besides them the entities that have
    facts of their own. ``steps``, ``rca_questions`` and ``playbook`` (lines by phase) are what the runbooks ask for.

    ``newer_kit`` is the digest of the kit in use where the incident is on another one, ``newer_kit_difference`` what
    changed, in lines. ``kit_missing`` says why the incident's own kit could not be used; then this is the kit in use.
    ``kit_outlived``: it is no fault, an earlier release kept that kit in another form, or not at all.

    ``sources`` are those whose alerts had fired; ``trust`` says why their alerts may set things off, ``waits`` why they
    may not without people.

    ``uncovered`` are the ways in which the harm goes on that no order closes.

    ``cadence`` is how many seconds pass at most until an audience is told more, by audience and level (empty: an earlier
    release judged); an audience hears nothing by rhythm of a level that is not named. ``comms_owner`` is the role that
    is told when a promised update is late.

    ``level_said`` is the level that a person gave the incident, by which it was judged what may run unasked (empty: the
    rubric's own; None: an earlier release judged).

    ``restricted`` are the people who alone see such an incident by the kit's word, ``restricted_because`` says why.

    ``muted`` is the mute of the kit that all alerts lie in; ``longest_mute`` is how long people may mute (seconds).
    """

    severity: Severity
    category: str
    categories: tuple[str, ...]
    mode: Mode
    entity: str
    orders: tuple[Order, ...] = ()
    obligations: tuple[Obligation, ...] = ()
    embargoes: tuple[Embargo, ...] = ()
    roster: Roster = field(default_factory=Roster)
    blast_radius: dict[str, str] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()
    quiet_seconds: int = 900
    corrective_days: int = 14
    update_every: int = 3600
    kit_digest: str = ""
    reasons: tuple[str, ...] = ()
    leadership_channels: tuple[str, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    tags: tuple[Tag, ...] = ()
    values: dict[str, dict[str, Any]] = field(default_factory=dict)
    steps: tuple[Step, ...] = ()
    rca_questions: tuple[str, ...] = ()
    playbook: dict[str, tuple[str, ...]] = field(default_factory=dict)
    newer_kit: str = ""
    newer_kit_difference: tuple[str, ...] = ()
    kit_missing: str = ""
    form: int = 0
    kit_outlived: bool = False
    muted: MutedBy | None = None
    longest_mute: int = 86_400
    sources: tuple[str, ...] = ()
    trust: str = ""
    waits: str = ""
    uncovered: tuple[OpenWay, ...] = ()
    level_said: str | None = None
    cadence: dict[str, dict[str, int]] = field(default_factory=dict)
    comms_owner: str = ""
    restricted: tuple[str, ...] = ()
    restricted_because: str = ""
