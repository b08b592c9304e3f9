"""Effects happen for an incident only: not for an activity that was started by hand, nor for another workflow."""

from __future__ import annotations

from temporalio import activity

from halon.incident.ids import PREFIX
from halon_activities.failures import NotAnIncident

WORKFLOW_TYPE = "Incident"


def require_incident(incident_id: str) -> activity.Info:
    """The activity's info, if a workflow of type ``Incident`` called it for its own incident. Raises NotAnIncident."""
    info = activity.info()
    if info.workflow_type != WORKFLOW_TYPE or not info.workflow_id or not info.workflow_run_id:
        raise NotAnIncident(
            f"{info.activity_type} acts only for a workflow of type {WORKFLOW_TYPE}; it was called by "
            f"{info.workflow_type or 'nobody'}. Open an incident instead"
        )
    if not info.workflow_id.startswith(PREFIX):
        raise NotAnIncident(
            f"the workflow {info.workflow_id[:120]!r} is no incident: its id does not start with {PREFIX}"
        )
    if incident_id.rpartition(":")[0] != info.workflow_id:
        raise NotAnIncident(
            f"the workflow {info.workflow_id[:120]!r} asked for something of the incident {incident_id[:160]!r}; "
            "an incident acts for itself alone"
        )
    return info
