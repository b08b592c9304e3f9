"""From whom an incident has heard: which sources' alerts fired, and whether what was held back for that may go on."""

from __future__ import annotations

from dataclasses import replace

from halon.incident.alerts import Alert
from halon.incident.assessment import Assessment
from halon.incident.state import State
from halon.incident.timeline import note

MOST = 50
"""Sources that are remembered by name: a kit has fewer, and names of forged alerts must not grow the state."""


def heard(state: State, alert: Alert) -> State:
    """``state`` with the source of ``alert``, which fires."""
    if alert.source in state.sources or len(state.sources) >= MOST:
        return state
    return replace(state, sources=(*state.sources, alert.source))


def sources(state: State) -> tuple[str, ...]:
    """The sources whose alerts fired, in the order of their first; in a state from before they were kept, as far as
    the exemplars tell."""
    shown = (alert.source for alert in state.alerts if alert.status == "firing")
    return tuple(dict.fromkeys((*state.sources, *shown)))


def to_judge(state: State) -> bool:
    """Whether orders wait for corroboration, and another source has spoken since that was judged."""
    judged = state.assessment
    return judged is not None and bool(judged.waits) and not set(sources(state)) <= set(judged.sources)


def judged(state: State, new: Assessment, before: Assessment | None, now: str) -> State:
    """``state`` with a line where ``new`` begins to hold Halon back for want of corroboration, or no longer does."""
    was = before.waits if before is not None else ""
    if new.waits and not was:
        return note(state, now, "trust", "contain", f"Nothing runs without people: {new.waits}.")
    if was and not new.waits:
        return note(state, now, "trust", "contain", f"No longer held back: {new.trust or 'nothing holds it back'}.")
    return state
