"""From when on, and at which traces, the first look at an agent goes."""

from __future__ import annotations

from collections.abc import Iterable

from halon.incident.alerts import Alert
from halon.incident.times import after

LOOK_BACK = 3600
"""Seconds before the first alert: what set an alert off is older than it."""
MOST_TRACES = 20


def looked_back(alerts: Iterable[Alert], otherwise: str = "") -> tuple[str, tuple[str, ...]]:
    """Since when (ISO 8601 UTC), and the ids of the traces that the alerts name. ``otherwise`` counts where none began."""
    traces, began = [], []
    for alert in alerts:
        began.append(alert.started_at)
        traces += [alert.trace_id] if alert.trace_id else []
    return after(min(began, default=otherwise), -LOOK_BACK), tuple(dict.fromkeys(traces))[:MOST_TRACES]
