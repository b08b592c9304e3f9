"""What stops an agent when a person asks for just that, by the kit that judges the incident."""

from __future__ import annotations

from temporalio import activity

from halon.incident.by_hand import Ready
from halon.judgement.stopping import stopping
from halon.ports.by_hand import Asked
from halon_activities.failures import typed
from halon_activities.guard import require_incident
from halon_activities.hands import Hands
from halon_activities.kits import Kits


class ByHand:
    """The activities of ``halon.ports.by_hand``."""

    def __init__(self, hands: Hands) -> None:
        self._kits = Kits(hands)

    @activity.defn(name="by_hand.ready")
    async def ready(self, asked: Asked) -> Ready:
        """Look up what stops the agent, in the kit of the incident."""
        with typed():
            require_incident(asked.incident_id)
            chosen = await self._kits.of(asked.kit_digest)
            return stopping(asked.agent, chosen.kit.policy.agents)
