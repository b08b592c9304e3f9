"""What is kept of one duty beside its clocks: what was filed, why something is late, who holds it back. As plain values."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from halon.incident.holds import held, in_words
from halon.incident.standing import missed_now
from halon.incident.state import State


def kept(state: State, name: str) -> dict[str, Any]:
    """``hold`` (null, or what holds its notices back now, ``told`` in words), ``holds`` (all that ever did), ``filings`` and
    ``late_reasons``, oldest first."""
    now = held(state, name)
    return {
        "hold": {**asdict(now), "told": in_words(now)} if now is not None else None,
        "holds": [asdict(one) for one in state.holds if one.obligation == name],
        "filings": [asdict(one) for one in state.filings if one.obligation == name],
        "late_reasons": [asdict(one) for one in state.late_reasons if one.obligation == name],
        "missed": [one for one in missed_now(state) if one.startswith(f"{name}/")],
    }
