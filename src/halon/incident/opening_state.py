"""The first state of an incident."""

from __future__ import annotations

from halon.incident import joining, splitting, storm
from halon.incident.alerts import Alert
from halon.incident.chain import Chain
from halon.incident.errors import Malformed
from halon.incident.ids import incident_id, reference
from halon.incident.opening import Opening
from halon.incident.state import State
from halon.incident.timeline import note

LARGEST_BATCH = 2000


def first_state(opening: Opening, workflow: str, first_run: str, now: str) -> State:
    """The state of a new incident that ``opening`` starts.

    Raises Malformed if nothing in it may open an incident.
    """
    firing = [alert for alert in opening.alerts if alert.status == "firing"]
    if not firing:
        raise Malformed("An incident opens with at least one firing alert or a report; there is none in this opening.")
    if len(opening.alerts) > LARGEST_BATCH:
        raise Malformed(f"An opening holds at most {LARGEST_BATCH} alerts; send the rest as signals.")
    identity = incident_id(workflow, first_run)
    first = firing[0]
    state = State(
        incident_id=identity, workflow_id=workflow, reference=reference(identity), agent=first.agent, group=first.group,
        opened_at=now, drill=opening.drill, chain=Chain(incident_id=identity), predecessor=opening.predecessor,
    )  # fmt: skip
    told = f"{state.reference} opened for agent {first.agent}, {first.group}."
    state = note(state, now, "opened", "detect", told, data={"workflow_id": workflow, "first_run": first_run,
                                                           "drill": opening.drill, "predecessor": opening.predecessor})  # fmt: skip
    absorb = storm.absorb if opening.form else joining.absorb
    state = absorb(state, _same_key(opening.alerts, first), now)
    return splitting.begun(state, opening.split, now) if opening.split else state


def _same_key(alerts: tuple[Alert, ...], first: Alert) -> tuple[Alert, ...]:
    strangers = [alert for alert in alerts if (alert.agent, alert.group) != (first.agent, first.group)]
    if strangers:
        raise Malformed(f"All alerts of one incident share agent and group; {strangers[0].rule!r} has others.")
    return alerts
