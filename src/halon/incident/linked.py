"""Every other incident that this one has to do with, in one block: merged, split off, before, after, at the same time."""

from __future__ import annotations

from typing import Any

from halon.incident.counting import counted
from halon.incident.quiet import hushed, muted
from halon.incident.settling import holds
from halon.incident.state import State


def linked(state: State) -> list[dict[str, Any]]:
    """What each is to this one (``kind``), how it is called, and a line about it."""
    found: list[dict[str, Any]] = []
    if (into := state.merged_into) is not None:
        text = f"merged into {into.reference} by {into.by}: {into.reason}"
        if into.passed:
            text += f"; {counted(into.passed, 'later alert')} passed on"
        if into.has.closed_at:
            text += f"; it is closed since {into.has.closed_at}"
        found.append(_one("merged into", into.reference, into.workflow_id, text))
    for one in state.merged_from:
        about = f" of {one.agent}" if one.agent != state.agent else ""
        text = f"{one.reference}{about} was merged into this one by {one.by}, with {counted(one.alerts, 'alert')}: {one.reason}"
        found.append(_one("merged from", one.reference, one.workflow_id, text))
    if (origin := state.split_from) is not None:
        text = f"split off from {origin.reference} by {origin.by}: {origin.reason}"
        found.append(_one("split from", origin.reference, origin.workflow_id, text))
    for off in state.splits:
        what = ", ".join((*off.rules, *off.fingerprints))
        name = off.reference or f"{off.workflow_id}, which is being opened"
        text = f"{counted(off.moved, 'alert')} ({what}) split off into {name} by {off.by}: {off.reason}"
        found.append(
            _one("split off", off.reference, off.workflow_id, text + ("; it is closed" if off.closed_at else ""))
        )
    if state.successor:
        found.append(_one("successor", "", state.successor, f"later alerts went to {state.successor}"))
    if state.predecessor:
        found.append(_one("predecessor", "", state.predecessor, f"it follows {state.predecessor}"))
    told = {one["workflow_id"] for one in found}
    for other in state.others:
        if other.related and other.workflow_id not in told:
            found.append(_one("related", other.reference, other.workflow_id, other.in_words()))
    return found


def quiet_told(state: State) -> dict[str, Any] | None:
    """What keeps it quiet, or kept it quiet: by the kit or by a person, until when, why; None if nothing ever did."""
    hush, was = hushed(state), state.muted
    if hush is not None:
        return {"name": None, "by": hush.by, "until": hush.until, "reason": hush.reason, "now": True, "woke_at": None,
                "text": f"muted by {hush.by} until {hush.until}: {hush.reason}"}  # fmt: skip
    if was is None:
        return None
    now = muted(state) and not state.close_requested_by
    text = f"muted by {was.name} of the kit until {was.until}: {was.reason}"
    if was.woke_at:
        text = f"was muted by {was.name} until {was.woke_at}; it woke because {was.woke_why}"
    return {"name": was.name, "by": was.by, "until": was.until, "reason": was.reason, "now": now,
            "woke_at": was.woke_at or None, "text": text}  # fmt: skip


def merged_told(state: State) -> str:
    """How a merged incident stands, for its headline."""
    if state.merged_into is None:
        return ""
    held = holds(state)
    still = (
        f"; still holds: {'; '.join(held[:4])}{f' and {len(held) - 4} more' if len(held) > 4 else ''}" if held else ""
    )
    return f"merged into {state.merged_into.reference}{still}"


def _one(kind: str, reference: str, workflow_id: str, text: str) -> dict[str, Any]:
    return {"kind": kind, "reference": reference or None, "workflow_id": workflow_id, "text": text}
