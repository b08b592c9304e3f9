"""The gates of a report: what was asked of whom, who answered and how that was proved, what was refused, what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from halon import reports_words as words

STANDING = {
    "open": "open: not answered yet",
    "spent": "granted, and carried out",
    "expired": "nobody answered in time",
    "void": "dropped: what would have run had changed",
}


def told(gate: Mapping[str, Any]) -> dict[str, Any]:
    """``gate`` of ``halon.incident.about`` as a reader has it. What an earlier build handed in lacks the newer names."""
    runs = gate.get("runs")
    return {
        "digest": "", "policy": "", "proposed_by": [], "round": 1, "reminders": 0, "reminded_at": "", "escalated_at": "",
        "expired_at": "",
        **gate,
        "question": [words.reason(one) for one in gate["question"]],
        "standing": STANDING.get(gate["status"], gate["status"]),
        "needs": whom(gate),
        "answers": [_answer(one) for one in gate["answers"]],
        "tried": list(gate.get("tried") or []),
        "runs": {**runs, "result": words.spaced(str(runs["result"]))} if runs else None,
    }  # fmt: skip


def whom(gate: Mapping[str, Any]) -> str:
    """Who must agree: ``security lead``, ``2 of: security lead, leadership``."""
    roles = [words.spaced(role) for role in gate.get("roles") or ()]
    if not roles:
        return words.spaced(str(gate["needs"]))
    quorum = gate.get("quorum") or 1
    some = " or ".join(roles) if quorum == 1 else f"{quorum} people out of: {', '.join(roles)}"
    every = [words.spaced(role) for role in gate.get("every") or ()]
    return f"{some}, and among them {' and '.join(every)}" if every else some


def _answer(one: Mapping[str, Any]) -> dict[str, Any]:
    place = f"Update {one['update']}" if one.get("update") else "a Signal" if one.get("sent_as") else ""
    roles = ", ".join(words.spaced(role) for role in one.get("roles") or ())
    return {"how": "", "glass": False, **one, "place": place, "as": roles}
