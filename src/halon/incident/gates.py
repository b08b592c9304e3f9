"""A question to people that must be answered before something runs, bound by digest to exactly what will run."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from halon.incident import quorum
from halon.incident.orders import GatePolicy
from halon.incident.times import parse
from halon.incident.tried import Tried

GateKind = Literal["contain", "notice", "restore"]
GateStatus = Literal["open", "granted", "rejected", "expired", "void", "spent"]
_ANSWERABLE = ("open", "granted", "rejected")


@dataclass(frozen=True, slots=True)
class Proof:
    """Where an answer stands in the workflow's history, so that an activity can read it there again."""

    run_id: str
    kind: Literal["update", "signal"]
    update_id: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """One person's answer. ``verified`` is False while nothing but the typed name says who it was; else ``how`` it was.

    ``glass``: it is a yes that breaks the glass, and counts for no ordinary quorum.
    """

    by: str
    approve: bool
    reason: str
    at: str
    roles: tuple[str, ...]
    proof: Proof
    verified: bool = False
    how: str = ""
    glass: bool = False


@dataclass(frozen=True, slots=True)
class Gate:
    """A gate. ``subject`` is the order or notice id; ``digest`` is the SHA-256 (hex) of exactly what will run.

    ``reminders`` counts those sent since it was asked, the last at ``reminded_at``; ``tried`` are refused attempts to
    answer it, the newest last.
    """

    id: str
    kind: GateKind
    subject: str
    digest: str
    title: str
    question: tuple[str, ...]
    policy: GatePolicy
    opened_at: str
    deadline_at: str
    escalate_at: str
    proposer: str = "halon"
    answers: tuple[Answer, ...] = ()
    status: GateStatus = "open"
    settled_at: str = ""
    attempt: int = 1
    proposers: tuple[str, ...] = ()
    reminders: int = 0
    reminded_at: str = ""
    tried: tuple[Tried, ...] = ()

    @property
    def proposed_by(self) -> frozenset[str]:
        """Everybody who proposed what it asks."""
        return frozenset((self.proposer, *self.proposers))

    @property
    def approvals(self) -> tuple[Answer, ...]:
        """Everybody's yes, also those that break the glass, in order."""
        return tuple(answer for answer in self.answers if answer.approve)

    @property
    def agreed(self) -> dict[str, tuple[str, ...]]:
        """Who said yes in the ordinary way, with the roles that they held then. Who proposed it does not count."""
        return {one.by: one.roles for one in self.approvals if not one.glass and self._counts(one.by)}

    @property
    def broken_by(self) -> tuple[str, ...]:
        """Who broke the glass, or wants to; whether it is enough says ``broken``."""
        return tuple(dict.fromkeys(one.by for one in self.approvals if one.glass and self._counts(one.by)))

    @property
    def glass_missing(self) -> int:
        """How many more people it takes to break the glass, of whom one at least must say just that; 0: it is broken."""
        if not self.policy.break_glass:
            return 1
        people = {*self.agreed, *self.broken_by}
        return max(0, self.policy.break_glass - len(people), 0 if self.broken_by else 1)

    @property
    def broken(self) -> bool:
        """Whether the glass is broken: enough people said yes, and the ordinary quorum is not there."""
        return self.missing > 0 and self.glass_missing == 0

    @property
    def missing(self) -> int:
        """How many more people must agree, at least, in the ordinary way."""
        return quorum.short_of(self.policy, self.agreed)

    @property
    def lacking(self) -> str:
        """Who still has to agree, in words; empty if nobody has to."""
        if self.missing == 0:
            return ""
        told = quorum.lacking(self.policy, self.agreed)
        if not self.broken_by:
            return told
        more = f"{self.glass_missing} more" if self.glass_missing else "nobody else"
        return f"{told}; to break the glass it takes {more}"

    def _counts(self, by: str) -> bool:
        return not (self.policy.exclude_proposer and by in self.proposed_by)


def gate_id(subject: str, digest: str) -> str:
    """The gate's id: it ends in the digest's first 8 characters, so that an answer names what it answers."""
    return f"{subject}-{digest[:8]}"


def answered(gate: Gate, answer: Answer) -> Gate:
    """``gate`` with one more answer: one no settles it, enough distinct people grant it. What is over stays as it is.

    Whoever breaks the glass after a yes has said one thing, the later one.
    """
    if gate.status not in _ANSWERABLE:
        return gate
    kept = tuple(one for one in gate.answers if not (answer.glass and one.by == answer.by))
    return _settled(replace(gate, answers=(*kept, answer)), answer.at)


def withdrawn(gate: Gate, by: str, now: str = "") -> Gate:
    """``gate`` without ``by``'s answers; one that they had granted or rejected is open again.

    One that is void, expired or spent stays so. A no that is left, or enough who agree, still settle it, as of when it was
    settled before. Taking back a no after the deadline (``now``, ISO 8601 UTC; empty: in time) grants nothing: what is
    left is open, and has expired.
    """
    if gate.status not in _ANSWERABLE:
        return gate
    left = tuple(answer for answer in gate.answers if answer.by != by)
    after = _settled(replace(gate, answers=left, status="open", settled_at=""), gate.settled_at or now)
    late = bool(now) and parse(now) > parse(gate.deadline_at)
    if late and gate.status != "granted" and after.status == "granted":
        return replace(after, status="open", settled_at="")
    return after


def _settled(gate: Gate, at: str) -> Gate:
    if any(not answer.approve for answer in gate.answers):
        return replace(gate, status="rejected", settled_at=at)
    if gate.missing == 0 or gate.glass_missing == 0:
        return replace(gate, status="granted", settled_at=at)
    return gate
