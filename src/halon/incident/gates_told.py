"""Each gate as an auditor reads it a year later: what was asked of whom, who answered and how that was proved, what came of it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from halon.incident import times
from halon.incident.gates import Gate
from halon.incident.orders import GatePolicy
from halon.incident.quorum import asked_of
from halon.incident.standing import action, notice
from halon.incident.state import State

RESTORE = "restore-"
"""The subject of a gate that gives an order back is this and the order's id."""


def about(state: State, gate: Gate) -> list[str]:
    """What a gate is about, as people name it: its order's target, the ways of harm that it closes, its credential."""
    held = action(state, gate.subject.removeprefix(RESTORE))
    if held is None:
        return []
    closed = (word for one in held.order.covers for word in (one, one.partition(":")[2]))
    return list(dict.fromkeys(word for word in (held.order.target, *closed) if word))


def policy_in_words(policy: GatePolicy) -> str:
    """Who must agree and until when, in a sentence or two."""
    people = "1 person" if policy.quorum == 1 else f"{policy.quorum} different people"
    words = [f"{people} with the role {' or '.join(policy.roles)}"]
    if policy.every:
        words.append(f"among those who agree a person of their own for each of {', '.join(policy.every)}")
    if policy.exclude_proposer:
        words.append("never who proposed it")
    if policy.verifier:
        words.append(f"each proved by {policy.verifier} at least")
    told = f"Needs {', '.join(words)}. Asked for {times.span(policy.deadline)}; {policy.escalate_to} is told after {times.span(policy.escalate_after)}."
    if policy.remind_every:
        told += f" Whoever has not answered is reminded every {times.span(policy.remind_every)}."
    if policy.veto:
        told += f" A no of {' or '.join(policy.veto)} ends it."
    if policy.break_glass:
        who = " or ".join(policy.break_glass_roles or asked_of(policy))
        told += f" In an emergency {policy.break_glass} of {who} may break the glass."
    return f"{told} If nobody answers: {policy.otherwise}"


def audited(state: State, gate: Gate) -> dict[str, Any]:
    """One gate: plain values, times ISO 8601 UTC, empty where they have not come.

    ``escalated_at`` and ``expired_at`` are when that was dealt with; ``runs`` says what came of the yes. Answers carry
    how they were proved (``how``, empty: only a typed name) and the run and Update in which they stand in history.
    """
    tag = f"{gate.id}:{gate.attempt}"
    expired = [state.ledger[key] for key in sorted(state.ledger) if key.startswith(f"gate-deadline:{gate.id}:")]
    return {
        "id": gate.id,
        "title": gate.title,
        "kind": gate.kind,
        "about": about(state, gate),
        "question": list(gate.question),
        "digest": gate.digest,
        "policy": policy_in_words(gate.policy),
        "proposed_by": sorted(gate.proposed_by),
        "status": gate.status,
        "round": gate.attempt,
        "opened_at": gate.opened_at,
        "deadline_at": gate.deadline_at,
        "settled_at": gate.settled_at,
        "answers": [_answer(asdict(one)) for one in gate.answers],
        "tried": [asdict(one) for one in gate.tried],
        "reminders": gate.reminders,
        "reminded_at": gate.reminded_at,
        "escalated_at": state.ledger.get(f"gate-escalate:{tag}", ""),
        "expired_at": max(expired, default=""),
        "runs": runs(state, gate),
    }


def _answer(one: dict[str, Any]) -> dict[str, Any]:
    proof = one.pop("proof")
    return {
        **one,
        "roles": list(one["roles"]),
        "sent_as": proof["kind"],
        "run": proof["run_id"],
        "update": proof["update_id"],
    }


def runs(state: State, gate: Gate) -> dict[str, str] | None:
    """What came of the yes: when it ran and with which result. None where nothing has run on this gate."""
    if gate.status not in ("granted", "spent"):
        return None
    if gate.kind == "notice":
        sent = notice(state, gate.subject)
        if sent is None or not (sent.sent_at or gate.status == "spent"):
            return None
        return {"at": sent.sent_at, "result": sent.status, "note": sent.receipt or sent.note, "read_back_at": ""}
    held = action(state, gate.subject.removeprefix(RESTORE))
    if held is None:
        return None
    if gate.kind == "restore":
        if not (held.undo_applied_at or held.undone_at or gate.status == "spent"):
            return None
        result = "given back" if held.status == "undone" else held.note or held.status
        return {"at": held.undo_applied_at, "result": result, "note": held.note, "read_back_at": held.undone_at}
    if not held.applied_at and gate.status != "spent":
        return None
    result = f"{held.status} ({held.failed_as}: {held.failure})" if held.failure else held.status
    return {"at": held.applied_at, "result": result, "note": held.note, "read_back_at": held.verified_at}
