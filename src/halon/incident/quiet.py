"""Whether an incident is quiet, and what wakes it: a mute of the kit, a person's ``mute``, or a merge.

Quiet never stops a clock: warnings, gates and their deadlines, missed deadlines and whatever happens to the workflow
itself are told as ever. What is silenced are pages about the incident as such, and the status for leadership.
"""

from __future__ import annotations

from halon.incident.mutes import Hush
from halon.incident.state import State

SILENCED = (
    "page:", "nobody-acked:", "severity:", "fires", "newer-kit:", "late-steps:", "escalate-steps:", "no-evidence",
    "evidence-again", "notinforce:", "harm-asked:", "observed:", "no-finding", "rerun:",
    "undo:", "late:", "ready:",
)  # fmt: skip
"""Steps of ``timeline.tell`` that a mute silences; all others are told: gates, clocks, handovers, failed steps, and that
containment failed, could not be read back, or the harm goes on."""


def muted(state: State) -> bool:
    """Whether a mute of the kit keeps the incident quiet: nobody is paged, and nothing is done without people."""
    return state.muted is not None and not state.muted.woke_at


def hushed(state: State) -> Hush | None:
    """A person's mute that is in force: not once it grew worse since, or the harm came back."""
    hush = state.hush
    if hush is None or state.recurred_at > hush.at or (state.level or "SEV9") < (hush.level or "SEV9"):
        return None
    return hush


def silent(state: State) -> str:
    """Why nobody is paged about the incident as such; empty if they are."""
    if state.merged_into is not None:
        return f"merged into {state.merged_into.reference}"
    if state.muted is not None and muted(state):
        return f"muted by {state.muted.name} of the kit until {state.muted.until}"
    hush = hushed(state)
    return f"muted by {hush.by} until {hush.until}" if hush else ""


def silences(state: State, step: str) -> str:
    """Why the page that ``step`` names is not sent; empty if it is."""
    return silent(state) if step.startswith(SILENCED) else ""


def was_muted(state: State) -> str:
    """The tail of a sentence for those who are paged late; empty if they are not."""
    if state.muted is None or not state.muted.woke_at:
        return ""
    return f" (it was muted by {state.muted.name} until {state.muted.woke_at[:16]}Z)"


def due(state: State) -> bool:
    """Whether the time of the kit's mute has come, and nobody has looked yet what the agent did meanwhile."""
    return state.muted is not None and to_judge(state) and state.muted.due and not state.muted.seen


def to_judge(state: State) -> bool:
    """Whether the mute of the kit is to be judged anew: its time has come, or another rule joined."""
    if state.muted is None or not muted(state) or state.close_requested_by:
        return False
    return state.muted.due or any(one.rule not in state.muted.rules for one in state.counts)
