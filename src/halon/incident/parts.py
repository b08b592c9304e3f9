"""Containment part by part: what is in force and was read back when, what failed and why, what is asked of people."""

from __future__ import annotations

from typing import Any

from halon.incident import watching
from halon.incident.deeds import in_words
from halon.incident.orders import Action
from halon.incident.state import State
from halon.incident.trouble import next_step
from halon.incident.watches import FLIPPED, LATE


def parts(state: State) -> list[dict[str, Any]]:
    """Each action of the rungs reached: how far it is in words, whether it is in force, when it was read back last and is
    next, what went wrong and the next step (empty if nothing did). Times are ISO 8601 UTC or None."""
    told = []
    for one in state.actions:
        if one.order.rung > state.rung:
            continue
        kept = watching.watch(state, one)
        seen = kept.seen_at if kept is not None else ""
        told.append({
            "action": one.order.id, "title": one.order.title, "status": one.status, "told": in_words(one),
            "in_force": one.status == "verified", "covers": list(one.order.covers), "rung": one.order.rung,
            "since": one.verified_at if one.status == "verified" else None,
            "read_back": (seen or one.verified_at or None) if one.status == "verified" else None,
            "read_back_next": (kept.at or None) if kept is not None else None,
            "switched_back": flips(state, one),
            "why": one.failure, "next": next_step(one) if one.failure else "",
        })  # fmt: skip
    return told


def flips(state: State, one: Action) -> int:
    """How often the action was switched back behind our back."""
    kept = state.watched.get(one.order.id)
    return kept.flipped if kept is not None else 0


def asked(state: State) -> list[dict[str, Any]]:
    """What is asked of a person because Halon can't do it or can't see it, with the command that answers."""
    if not watching.on(state):
        return []
    whom = [state.technical_lead or state.commander or "commander"]
    told = []
    for one in state.actions:
        lost = one.status == "failed" and one.failed_as in (FLIPPED, LATE)
        if (one.status != "unverified" and not lost) or watching.giving_back(state, one):
            continue
        why = (
            "can't be read back"
            if not lost
            else "was switched back"
            if one.failed_as == FLIPPED
            else "may have been given back late"
        )
        command = f"halon note {state.reference} --done-outside {one.order.id}"
        what = f"{one.order.title} {why}: make sure by hand, then `{command}`"
        told.append({"of": whom, "what": what, "action": one.order.id, "command": command, "until": None})
    return told
