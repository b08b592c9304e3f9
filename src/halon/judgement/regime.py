"""A regime as judgement knows it: one duty to notify, bound to one legal entity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from halon.incident.assessment import Addressee, Told, Wanted
from halon.incident.orders import GatePolicy
from halon.judgement.expressions import Expression
from halon.judgement.predicates import Tree

LawStatus = Literal["in_force", "adopted_not_yet_applicable", "proposed", "repealed", "superseded", "review_required"]
Hold = Literal["law_enforcement_hold", "ag_national_security_delay"]
HOLDS: tuple[Hold, ...] = ("law_enforcement_hold", "ag_national_security_delay")
"""The facts that can keep a notice back, where a regime says that it knows them."""


@dataclass(frozen=True, slots=True)
class Rollover:
    """Where a stage's period may be argued to end when its last day is none of ``calendar``: at noon or the day's end.

    Shown, never scheduled against. ``unless`` says for whom the law switches it off; while that is unknown, nothing is
    shown.
    """

    calendar: str
    noon: bool = False
    unless: Tree | None = None


@dataclass(frozen=True, slots=True)
class AgainRule:
    """A stage that was filed is filed again, as an update, once the fact ``on`` holds a later time.

    The law names no figure for it: ``remind_seconds`` after that time its owner is reminded.
    """

    on: str
    words: str
    remind_seconds: int = 14_400


@dataclass(frozen=True, slots=True)
class StageRule:
    """One stage of a regime. ``due`` is None where the law names no figure (``without undue delay``).

    ``when`` says for which facts the stage is owed at all (None: always). ``told`` is whom it tells, ``zone`` (IANA)
    where its days end, both where that differs from its regime. ``again`` says when it is filed once more, as an update.
    """

    id: str
    due: Expression | None
    approval_minutes: int = 60
    words: str = ""
    when: Tree | None = None
    rollover: Rollover | None = None
    told: Addressee | None = None
    zone: str = ""
    again: AgainRule | None = None
    language: str = ""


@dataclass(frozen=True, slots=True)
class EmbargoRule:
    """Until ``until``, the stage ``stage`` may not go out; with ``all_customers`` no notice to any customer may.

    ``unless`` says what lifts it early.
    """

    stage: str
    until: Expression
    words: str
    all_customers: bool = False
    unless: Tree | None = None


@dataclass(frozen=True, slots=True)
class CriterionRule:
    """One line of a worksheet: what the law asks, in words, and when it is met."""

    words: str
    when: Tree


@dataclass(frozen=True, slots=True)
class Worksheet:
    """The criteria of a classification that a named person signs by saying the facts ``signed_by``."""

    signed_by: tuple[str, ...]
    criteria: tuple[CriterionRule, ...]
    words: str = ""


@dataclass(frozen=True, slots=True)
class Confirmed:
    """Who confirmed a rule that needed a lawyer's reading: name, day (ISO 8601) and what they read."""

    by: str
    at: str
    source: str


@dataclass(frozen=True, slots=True)
class Regime:
    """One regime bound to one legal entity. Dates are ISO 8601; a regime is judged by the law of its anchor's date.

    ``dormant_until`` marks a duty that is law already but has no addressee before that date; ``dormant`` says so by
    condition, and of those that may hold the earliest counts. ``displaced_by`` names the duties of the same entity that
    are the special law. ``phased`` says in words what follows the first notice. ``confidence`` is how well the text was
    verified (A the law was read, B two sources, C one, U recalled), ``verified`` when; ``pack`` the pack that it is of.
    ``law_anchor`` is the moment of whose day the law counts; empty: that from which the first stage with a figure counts.
    ``wanted`` are the ``contents`` with what fills them, by stage; ``language`` is that of its notices (empty: English).
    """

    id: str
    title: str
    entity: str
    roles: tuple[str, ...]
    authority: str
    audience: Told
    zone: str
    when: Tree
    decider: str
    gate: GatePolicy
    stages: tuple[StageRule, ...]
    status: LawStatus = "in_force"
    effective_from: str = ""
    effective_to: str = ""
    dormant_until: str = ""
    template: str = ""
    channel: str = ""
    recipient: str = ""
    contents: tuple[str, ...] = ()
    source: str = ""
    dormant: tuple[tuple[Tree, str], ...] = ()
    displaced_by: tuple[str, ...] = ()
    embargoes: tuple[EmbargoRule, ...] = ()
    holds: tuple[Hold, ...] = ()
    phased: str = ""
    exceptions: tuple[str, ...] = ()
    portal: str = ""
    worksheet: Worksheet | None = None
    confirmed: Confirmed | None = None
    confidence: str = ""
    verified: str = ""
    pack: str = ""
    notes: str = ""
    rule: str = ""
    law_anchor: str = ""
    wanted: tuple[Wanted, ...] = ()
    language: str = ""

    @property
    def whole(self) -> Addressee:
        """Whom the duty itself tells, by each stage that has no addressee of its own."""
        return Addressee(
            self.authority, self.audience, self.recipient, self.template, self.channel, self.contents, self.portal
        )

    @property
    def tells(self) -> tuple[Addressee, ...]:
        """Everybody whom it tells by any of its stages, each once."""
        return tuple(dict.fromkeys(stage.told or self.whole for stage in self.stages))
