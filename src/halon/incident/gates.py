"""A question to people that must be answered before something runs, bound by digest to exactly what will run."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from halon.incident.orders import GatePolicy

GateKind = Literal["contain", "notice", "restore"]
GateStatus = Literal["open", "granted", "rejected", "expired", "void", "spent"]


@dataclass(frozen=True, slots=True)
class Proof:
    """Where an answer stands in the workflow's history, so that an activity can read it there again."""

    run_id: str
    kind: Literal["update", "signal"]
    update_id: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """One person's answer. ``verified`` is False while nothing but the typed name says who it was; else ``how`` it was."""

    by: str
    approve: bool
    reason: str
    at: str
    roles: tuple[str, ...]
    proof: Proof
    verified: bool = False
    how: str = ""


@dataclass(frozen=True, slots=True)
class Gate:
    """A gate. ``subject`` is the order or notice id; ``digest`` is the SHA-256 (hex) of exactly what will run."""

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

    @property
    def proposed_by(self) -> frozenset[str]:
        """Everybody who proposed what it asks."""
        return frozenset((self.proposer, *self.proposers))

    @property
    def approvals(self) -> tuple[Answer, ...]:
        """The approvals that count: one per person, in order."""
        return tuple(answer for answer in self.answers if answer.approve)

    @property
    def missing(self) -> int:
        """How many more approvals the gate needs."""
        return max(0, self.policy.quorum - len({answer.by for answer in self.approvals}))


def gate_id(subject: str, digest: str) -> str:
    """The gate's id: it ends in the digest's first 8 characters, so that an answer names what it answers."""
    return f"{subject}-{digest[:8]}"


def answered(gate: Gate, answer: Answer) -> Gate:
    """``gate`` with one more answer: one rejection settles it, the quorum of distinct people grants it."""
    after = replace(gate, answers=(*gate.answers, answer))
    if not answer.approve:
        return replace(after, status="rejected", settled_at=answer.at)
    if after.missing == 0:
        return replace(after, status="granted", settled_at=answer.at)
    return after


def withdrawn(gate: Gate, by: str) -> Gate:
    """``gate`` without ``by``'s answers; a gate that they had granted or rejected is open again."""
    left = tuple(answer for answer in gate.answers if answer.by != by)
    after = replace(gate, answers=left, status="open", settled_at="")
    if any(not answer.approve for answer in left):
        return replace(after, status="rejected", settled_at=gate.settled_at)
    return replace(after, status="granted", settled_at=gate.settled_at) if after.missing == 0 else after
