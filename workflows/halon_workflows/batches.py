"""A batch of alerts as a Signal brings it."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from halon.incident import joining, passing, storm
from halon.incident.alerts import Alert
from halon.incident.errors import Malformed
from halon.incident.sheaves import IN_ONE, MARK
from halon.incident.state import State

LARGEST_BATCH = 2000
MOST_MORE = 1_000_000_000
_TEXTS = tuple(field.name for field in fields(Alert) if field.name not in ("labels", "marks", "more"))
_NEEDED = ("source", "agent", "group", "rule", "status", "fingerprint", "started_at", "received_at")


def alerts_in(value: Any, agent: str, group: str) -> list[Alert]:
    """The alerts in ``{"alerts": [...]}``, all of this agent and group. Raises Malformed, naming the place."""
    if not isinstance(value, dict) or not isinstance(value.get("alerts"), list):
        raise Malformed('alerts takes one JSON object {"alerts": [...]}; send alerts to the front door instead.')
    if len(value["alerts"]) > LARGEST_BATCH:
        raise Malformed(f"A batch holds at most {LARGEST_BATCH} alerts.")
    alerts = [_alert(one, place) for place, one in enumerate(value["alerts"])]
    for place, alert in enumerate(alerts):
        if (alert.agent, alert.group) != (agent, group):
            raise Malformed(
                f"alerts[{place}] is of another agent or group than this incident; send it to the front door."
            )
    return alerts


def joined(state: State, value: Any, now: str) -> State:
    """``state`` with the batch joined: as ``form`` says, as an earlier release's front door sent it or as today's does.

    Raises Malformed, naming the place.
    """
    state, alerts = passing.divert(state, alerts_in(value, state.agent, state.group), now)
    absorb = storm.absorb if value.get("form") else joining.absorb
    return absorb(state, alerts, now)


def _alert(one: Any, place: int) -> Alert:
    if not isinstance(one, dict):
        raise Malformed(f"alerts[{place}] is no object.")
    missing = [name for name in _NEEDED if not isinstance(one.get(name), str) or not one[name]]
    if missing:
        raise Malformed(f"alerts[{place}] lacks {', '.join(missing)}.")
    if one["status"] not in ("firing", "resolved"):
        raise Malformed(f"alerts[{place}].status is {one['status']!r}, neither firing nor resolved.")
    labels = one.get("labels") or {}
    if not isinstance(labels, dict):
        raise Malformed(f"alerts[{place}].labels is no object.")
    texts: dict[str, Any] = {name: str(one[name])[:2000] for name in _TEXTS if one.get(name)}
    marks, more = one.get("marks", ""), one.get("more", 0)
    if not isinstance(marks, str) or len(marks) % MARK or len(marks) > IN_ONE * MARK:
        raise Malformed(f"alerts[{place}].marks are no marks of a sheaf.")
    if not isinstance(more, int) or isinstance(more, bool) or not 0 <= more <= MOST_MORE:
        raise Malformed(f"alerts[{place}].more is no number of alerts.")
    return Alert(
        **texts,
        marks=marks,
        more=more,
        labels={str(key)[:120]: str(text)[:500] for key, text in list(labels.items())[:64]},
    )
