"""A person stops the agent: what the kit holds ready for that."""

from __future__ import annotations

from dataclasses import dataclass

from temporalio import activity

from halon.incident.by_hand import Ready


@dataclass(frozen=True, slots=True)
class Asked:
    """What is there to stop ``agent``? ``kit_digest`` is the incident's kit, empty before its first judgement."""

    incident_id: str
    agent: str
    kit_digest: str = ""


@activity.defn(name="by_hand.ready")
async def ready(asked: Asked) -> Ready:
    """Look up what stops the agent, in the kit of the incident."""
    raise NotImplementedError
