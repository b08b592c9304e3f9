"""Break-glass: what it lets run is told to everybody at once, and looked at by somebody else before the incident closes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from halon.incident import quorum
from halon.incident.broken import Broken
from halon.incident.commands import near
from halon.incident.gates import Answer, Gate
from halon.incident.saying import Refused, Saying
from halon.incident.state import State
from halon.incident.timeline import note, people_with, person, tell

GLASS = "glass"
"""The kind of entry in the record, and the begin of the step of each page about it."""
LEADERSHIP = "leadership"


def unreviewed(state: State) -> tuple[Broken, ...]:
    """What was let through so and nobody else has looked at yet."""
    return tuple(one for one in state.broken if not one.reviewed_by)


def wanted(state: State, gate: Gate, answer: Answer, now: str) -> State:
    """``state`` with everybody told that somebody wants to break the glass of ``gate``, and that it takes more people."""
    more = f"{gate.glass_missing} more {'person' if gate.glass_missing == 1 else 'people'}"
    told = f"{answer.by} wants to break the glass of gate {gate.id} ({gate.title}): {answer.reason} It takes {more}."
    return _told(state, gate, now, "break-glass wanted", told,
                 asked=f"{answer.by} wants to break the glass. {gate.title}? {more} must say so",
                 command=f"halon break-glass {state.reference} {gate.id} --reason WHY")  # fmt: skip


def seen(state: State, gate: Gate, now: str) -> State:
    """``state`` that holds and tells it if just now ``gate`` is granted by its broken glass; else unchanged."""
    known = any(one.gate == gate.id and one.at == gate.settled_at for one in state.broken)
    if gate.status != "granted" or not gate.broken or known:
        return state
    agreed = tuple(one for one in gate.agreed if one not in gate.broken_by)
    reason = " / ".join(answer.reason for answer in gate.approvals if answer.glass)
    lacked = quorum.lacking(gate.policy, gate.agreed)
    one = Broken(gate.id, gate.subject, gate.title, gate.broken_by, agreed, reason, lacked, gate.settled_at,
                 proposed=tuple(sorted(gate.proposed_by)))  # fmt: skip
    state = replace(state, broken=(*state.broken, one))
    with_them = f", with the yes of {' and '.join(agreed)}" if agreed else ""
    told = (
        f"GLASS BROKEN by {' and '.join(one.by)}{with_them}: gate {gate.id} ({gate.title}) is granted without its people "
        f"({lacked}). Why: {reason}"
    )
    data = {"gate": gate.id, "digest": gate.digest, "by": list(one.by), "agreed": list(agreed)}
    state = note(state, now, GLASS, "contain", told, actor=one.by[-1], data=data)
    return _told(state, gate, now, "GLASS BROKEN", f"{told} Somebody else must look at it before the incident closes.",
                 asked="The glass was broken. Look at it: was it right?", command=_review(state, gate.id))  # fmt: skip


def review(say: Saying) -> State:
    """Say that it was looked at; it is said once, and not by those who had a part in it.

    Of a glass that was broken more than once, it is said of each time in which ``say.by`` had no part.
    """
    given = say.command["gate"]
    of_it = [one for one in say.state.broken if one.gate == given]
    if not of_it:
        known = [one.gate for one in unreviewed(say.state)]
        raise Refused("NotBroken", f"No glass of a gate {given!r} was broken here. {near(given, known)}")
    left = [one for one in of_it if not one.reviewed_by]
    if not left:
        raise Refused("AlreadyDone", f"{of_it[-1].reviewed_by} looked at it at {of_it[-1].reviewed_at} already.")
    seen_now = [one for one in left if not one.had_part(say.by)]
    if not seen_now:
        raise Refused(
            "SelfReview", f"{say.by} broke the glass of {given}, agreed or proposed it; somebody else must look at it."
        )
    changed = tuple(
        replace(one, reviewed_by=say.by, reviewed_at=say.now, review=say.command["reason"]) if one in seen_now else one
        for one in say.state.broken
    )
    rest = [one.at for one in left if one not in seen_now]
    more = (
        f" Not of what {say.by} had a part in, at {', '.join(rest)}: somebody else must look at that." if rest else ""
    )
    told = f"{say.named()} looked at the broken glass of {given}{say.because()}{more}"
    return note(replace(say.state, broken=changed), say.now, GLASS, "contain", told, actor=say.by,
                data={"gate": given, "reviewed": True, "verified": say.verified})  # fmt: skip


def left_to_review(state: State) -> list[str]:
    """What keeps the incident open, in words."""
    return [
        f"nobody but {' and '.join((*one.by, *one.agreed))} has looked at the broken glass of {one.gate}: {_review(state, one.gate)}"
        for one in unreviewed(state)
    ]


def shown(state: State) -> list[dict[str, Any]]:
    """Each broken glass, as ``status`` shows it."""
    return [
        {"gate": one.gate, "what": one.title, "by": list(one.by), "agreed": list(one.agreed), "at": one.at,
         "reason": one.reason, "lacked": one.lacked, "reviewed_by": one.reviewed_by or None,
         "reviewed_at": one.reviewed_at or None, "review": one.review}
        for one in state.broken
    ]  # fmt: skip


def _told(state: State, gate: Gate, now: str, word: str, told: str, *, asked: str, command: str) -> State:
    policy = gate.policy
    roles = (*quorum.asked_of(policy), *policy.veto, *policy.break_glass_roles, LEADERSHIP, policy.escalate_to)
    names = [one.name for one in people_with(state, *roles)]
    names += [name for name in (policy.escalate_to, state.commander) if person(state, name) is not None]
    return tell(state, now, f"{GLASS}:{gate.id}:{word}:{now}", f"[{state.reference}] {word}: {gate.title}", told,
                names=tuple(dict.fromkeys(names)), asked=asked, command=command)  # fmt: skip


def _review(state: State, gate_id: str) -> str:
    return f"halon review {state.reference} {gate_id} --reason WHY"
