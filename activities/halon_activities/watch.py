"""Try the kit's probe of an agent's fallback."""

from __future__ import annotations

from temporalio import activity

from halon.connectors.errors import ConnectorError
from halon.connectors.http import send
from halon.connectors.pointers import unmet
from halon.ports.watch import Probe, Served
from halon_activities.failures import in_words, typed
from halon_activities.guard import require_incident
from halon_activities.hands import Hands
from halon_activities.telling import telling


class WatchOver:
    """The activities of ``halon.ports.watch``."""

    def __init__(self, hands: Hands) -> None:
        self._hands = hands

    @activity.defn(name="watch.fallback")
    async def fallback(self, probe: Probe) -> Served:
        """Try the kit's probe of the agent's fallback once."""
        with typed():
            require_incident(probe.incident_id)
            hands = self._hands
            call = hands.kit.probes.get(probe.agent)
            if call is None:
                return Served(None, hands.now(), "the kit has no probe of its fallback", probed=False)
            try:
                with telling(call):
                    answer = await send(call, key=None, client=hands.http, environ=hands.environ)
            except ConnectorError as error:
                return Served(None, hands.now(), in_words(error))
            wrong = unmet(call.expect_json, answer.json)
            return Served(not wrong, hands.now(), "; ".join(wrong)[:400])
