"""Other incidents of the same agent: the same deeds may stand in both, and an authority must not be told twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from halon.incident.facts import held

if TYPE_CHECKING:
    from halon.incident.state import State

LOOK_BACK_DAYS = 30
MOST = 10


@dataclass(frozen=True, slots=True)
class Told:
    """That one duty was met outside: which, by telling whom, when (ISO 8601 UTC)."""

    obligation: str
    to: str
    at: str


@dataclass(frozen=True, slots=True)
class Other:
    """Another incident of the agent, as it stood when it was looked at. ``closed_at`` is empty while it is open.

    ``same_traces``: whether both saw the same requests; None: at least one of them names none. ``overlaps``: whether the
    time in which this one looks for harm overlaps with the other's; None: its state could not be read. ``agent`` is set
    where it is another one: then both are of the same group of rules, or saw the same requests. Of a restricted one
    nothing is set but the reference; ``workflow_id`` is empty then.
    """

    reference: str
    workflow_id: str
    opened_at: str
    closed_at: str = ""
    outcome: str = ""
    same_traces: bool | None = None
    overlaps: bool | None = None
    told: tuple[Told, ...] = ()
    agent: str = ""

    @property
    def restricted(self) -> bool:
        """Whether nothing but its reference is said."""
        return not self.workflow_id

    @property
    def related(self) -> bool:
        """Whether it may be about the same deeds: not where that was seen not to be so."""
        if self.same_traces is not None:
            return self.same_traces
        return self.overlaps is True if self.agent else self.overlaps is not False

    def in_words(self) -> str:
        """One line: which, how it stands, what both share, who was told by it. Of a restricted one only which."""
        if self.restricted:
            return f"{self.reference} (restricted)"
        stands = f"closed {self.closed_at}" + (f" as {self.outcome.replace('_', ' ')}" if self.outcome else "")
        parts = [stands if self.closed_at else f"open since {self.opened_at}", self.shared()]
        if self.agent:
            parts.insert(0, f"agent {self.agent}")
        if self.told:
            parts.append("told outside: " + ", ".join(f"{one.obligation} to {one.to} at {one.at}" for one in self.told))
        return f"{self.reference or self.workflow_id} ({'; '.join(part for part in parts if part)})"

    def shared(self) -> str:
        """What both have in common, in words; empty where nothing is known to be."""
        if self.same_traces:
            return "same traces"
        if self.same_traces is None and self.overlaps:
            return "at the same time"
        return "" if self.same_traces is False or self.overlaps is False else "it could not be compared"


def traces_of(state: State) -> tuple[str, ...]:
    """The requests that this incident is about: those that alerts name, and those in which harm was seen."""
    seen = held(state.facts).get("trace_ids")
    named = [alert.trace_id for alert in state.alerts if alert.trace_id]
    return tuple(
        dict.fromkeys([*named, *(one for one in seen if isinstance(one, str))] if isinstance(seen, list) else named)
    )


def told_already(others: Sequence[Other], duty: str) -> list[str]:
    """What somebody who decides about telling must know of the other incidents, a sentence each."""
    lines = []
    for one in others:
        if one.restricted:
            lines.append(f"{one.reference} is restricted: ask somebody who sees it whether it has told them already.")
            continue
        if one.agent and not one.same_traces:  # other deeds of another agent
            continue
        shared = one.shared() or "other deeds, as far as is known"
        met = [told for told in one.told if told.obligation == duty]
        lines += [
            f"{one.reference} told {told.to} already at {told.at} ({shared}): don't tell them twice." for told in met
        ]
        if not met and one.related:
            lines.append(
                f"May be about the same as {one.reference or one.workflow_id} ({shared}), which has not told them."
            )
    return lines
