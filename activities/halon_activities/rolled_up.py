"""Read how every incident stands from the mirrored states, for the morning roll-up. Needs no Temporal."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError

from halon.evidence.errors import EvidenceError
from halon.incident import times
from halon.incident.clocks import next_deadline
from halon.incident.ids import reference
from halon.incident.restricting import in_words
from halon.incident.restriction import restricted
from halon.incident.standing import missed_now, open_gates
from halon.incident.state import State
from halon.incident.status import headline
from halon.incident.stopped import stopped_at
from halon.record.errors import RecordError
from halon.record.store import RecordStore
from halon.rendering import render

SINCE = 86_400
"""Seconds back that an incident may have been closed to be told of."""
MOST_SHOWN = 60
LONGEST_SILENCE = 30 * 86_400
_STATE = TypeAdapter(State)


@dataclass(frozen=True, slots=True)
class Line:
    """One incident as leadership reads it; of a restricted one only that it is there. Times are ISO 8601 UTC, empty if there are none."""

    reference: str
    level: str
    agent: str
    headline: str
    opened_at: str
    commander: str = ""
    stopped_at: str = ""
    closed_at: str = ""
    deadline: str = ""
    deadline_at: str = ""
    asked: int = 0
    missed: tuple[str, ...] = ()
    next_update: str = ""
    drill: bool = False
    restricted: bool = False


@dataclass(frozen=True, slots=True)
class Gathered:
    """All of them: the open ones by severity, those that ended, and which could not be read."""

    at: str
    open: tuple[Line, ...] = ()
    ended: tuple[Line, ...] = ()
    unread: tuple[str, ...] = ()

    @property
    def says_something(self) -> bool:
        """Whether there is anything to tell."""
        return bool(self.open or self.ended or self.unread)


async def gathered(record: RecordStore, now: str) -> Gathered:
    """Every incident that is open at ``now`` (ISO 8601 UTC), or was closed within a day; drills are left out.

    Raises RecordError, EvidenceError and OSError only where the store itself is the trouble.
    """
    lines: list[Line] = []
    unread: list[str] = []
    since = times.after(now, -SINCE)
    for incident_id in await record.incidents():
        try:
            kept = await record.get_checkpoint(incident_id)
            if kept is None:
                continue
            state = _STATE.validate_json(kept.body)
        except (RecordError, EvidenceError, ValidationError, ValueError) as error:
            unread.append(f"{reference(incident_id)} ({type(error).__name__})")
            continue
        ended = state.closed_at or state.ledger.get("closing", "")
        if not state.drill and (not ended or ended >= since):
            lines.append(_line(state, ended))
    order = sorted(lines, key=lambda one: (one.level or "SEV9", one.opened_at))
    return Gathered(
        now,
        tuple(one for one in order if not one.closed_at),
        tuple(one for one in order if one.closed_at),
        tuple(unread),
    )


def told(found: Gathered) -> str:
    """The roll-up as text; its first line is ``Subject: …``. Raises TemplateFailed."""
    return render("rollup/morning.txt.j2", shown(found))


def shown(found: Gathered) -> dict[str, Any]:
    """The roll-up as plain values, for the template and for ``--json``."""
    whole = asdict(found)
    whole["more"] = max(0, len(found.open) - MOST_SHOWN)
    whole["counts"] = {
        level: sum(1 for one in found.open if one.level == level) for level in ("SEV1", "SEV2", "SEV3", "SEV4")
    }
    whole["shown"] = whole["open"][:MOST_SHOWN]
    return whole


def _line(state: State, ended: str) -> Line:
    if restricted(state):  # of it, leadership reads that it is there, and nothing else
        return Line(state.reference, "", "", in_words(state), state.opened_at, closed_at=ended, drill=state.drill,
                    restricted=True)  # fmt: skip
    soonest = next_deadline(state)
    return Line(
        reference=state.reference, level=state.level or "", agent=state.agent, headline=headline(state),
        opened_at=state.opened_at, commander=state.commander, stopped_at=stopped_at(state), closed_at=ended,
        deadline=soonest[1] if soonest else "", deadline_at=soonest[0] if soonest else "", asked=len(open_gates(state)),
        missed=missed_now(state), next_update=state.next_update_at, drill=state.drill,
    )  # fmt: skip
