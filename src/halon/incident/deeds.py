"""How far an action has come, in words."""

from __future__ import annotations

from typing import Any

from halon.incident.orders import Action

_TOLD = {
    "planned": "planned",
    "would run": "only planned: the agent is observed, nothing was touched",
    "waiting": "waits for approval",
    "applying": "under way",
    "applied": "done, not yet checked",
    "verified": "done and checked",
    "failed": "did not succeed",
    "unverified": "asked for, but it could not be checked that it took effect",
    "denied": "not approved, so it did not run",
    "undone": "taken back",
}


def in_words(action: Action) -> str:
    """How far one action has come, in words."""
    if action.held:
        return f"{'giving it back is held' if action.undo_requested_by else 'held'}: {action.held}"
    if action.restored_share:
        return f"given back to {action.restored_share} percent since {action.restored_at}; in force for the rest"
    if action.by_hand and action.status == "verified":
        return f"done by hand by {action.by_hand}, read back"
    if action.by_hand and action.status == "unverified":
        return f"done by hand, as {action.by_hand} says; it could not be read back"
    if action.status == "verified" and action.verified_at and not action.applied_at:
        return "was so already: read back, nothing was sent"
    return _TOLD.get(action.status, action.status)


def told(action: Action) -> dict[str, Any]:
    """One action as templates may speak of it."""
    order = action.order
    return {
        "id": order.id,
        "title": order.title,
        "target": order.target,
        "status": action.status,
        "told": in_words(action),
        "reversible": order.reversible,
        "applied_at": action.applied_at,
        "verified_at": action.verified_at,
        "undone_at": action.undone_at,
        "restored_share": action.restored_share,
        "restored_at": action.restored_at,
        "note": action.note,
        "reasons": list(order.told),
        "collateral": list(order.collateral),
        "gentler": order.gentler,
        "way_back": order.way_back,
    }
