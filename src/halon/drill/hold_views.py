"""How the holds look in answers."""

from datetime import UTC, datetime, timedelta

from halon.drill.holds import RUNS, Holds
from halon.drill.state import State
from halon.drill.traces import Json

_LATELY = timedelta(hours=1)


def whole(state: State) -> Json:
    """Every hold in one object."""
    holds = state.controls.holds
    return {
        "hard_stop": {"on": holds.hard_stop}, "drain": drain(holds), "sessions": sessions(state),
        "tenants": holds.tenants, "sources": holds.sources, "egress": holds.domains, "links": {"blocked": holds.links},
        "rules": holds.rules, "pins": holds.pins,
    }  # fmt: skip


def drain(holds: Holds) -> Json:
    """Whether new sessions are refused, and since when."""
    return {"on": holds.drained_at is not None, "since": _utc(holds.drained_at)}


def sessions(state: State) -> Json:
    """All sessions: when all were ended, how many were ended one by one, how many run."""
    now, holds = datetime.now(UTC), state.controls.holds
    ended = holds.all_ended_at
    running = [
        name for name, seen in state.sessions.items() if seen.last > now - RUNS and not holds.ended_at(name, seen)
    ]
    lately = ended is not None and now - ended < _LATELY
    return {"all_ended_at": _utc(ended), "ended_lately": lately, "ended": len(holds.ended), "running": len(running)}


def session(state: State, name: str) -> Json:
    """One session."""
    seen = state.sessions.get(name)
    ended = state.controls.holds.ended_at(name, seen)
    return {"session": name, "known": seen is not None, "ended": ended is not None, "ended_at": _utc(ended)}


def tenant(holds: Holds, name: str) -> Json:
    """One tenant."""
    return {"tenant": name, "isolated": name in holds.tenants}


def source(holds: Holds, name: str) -> Json:
    """One source."""
    return {"source": name, "quarantined": name in holds.sources}


def domain(holds: Holds, name: str) -> Json:
    """One domain."""
    return {"domain": name, "blocked": name in holds.domains}


def rule(holds: Holds, name: str) -> Json:
    """One rule."""
    return {"rule": name, "blocks": holds.rules.get(name)}


def pin(holds: Holds, what: str) -> Json:
    """One pin."""
    return {"what": what, "value": holds.pins.get(what)}


def _utc(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat().replace("+00:00", "Z")
