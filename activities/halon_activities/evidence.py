"""Collect what the agent shows and seal it before anything changes it."""

from __future__ import annotations

from temporalio import activity

from halon.connectors.errors import ConnectorError
from halon.incident.state import Sealed
from halon.ports.evidence import Collect, Collected
from halon_activities.agents import MOST, ask
from halon_activities.beat import beating
from halon_activities.failures import NoConnector, in_words, typed
from halon_activities.guard import require_incident
from halon_activities.hands import Hands
from halon_activities.sealed import seal

LARGEST = 16 * 1024 * 1024
"""Bytes of one answer that is sealed."""
_WHAT = (
    ("traces", "traces", True),
    ("actions", "action log", True),
    ("controls", "state of the controls", False),
    ("describe", "version and toolset", False),
)


class Evidence:
    """The activities of ``halon.ports.evidence``."""

    def __init__(self, hands: Hands) -> None:
        self._hands = hands

    @activity.defn(name="evidence.collect")
    async def collect(self, request: Collect) -> Collected:
        """Collect and seal; the same content twice seals once."""
        with typed():
            require_incident(request.incident_id)
            sealed: list[Sealed] = []
            missing: list[str] = []
            async with beating():
                for name, words, since in _WHAT:
                    try:
                        sealed.append(await self._one(request, name, words, since))
                    except (ConnectorError, NoConnector) as error:
                        missing.append(f"{words}: {in_words(error)}")
            return Collected(tuple(sealed), tuple(missing))

    async def _one(self, request: Collect, name: str, words: str, since: bool) -> Sealed:
        hands = self._hands
        params = {"since": request.since, "limit": MOST} if since else None
        answer = await ask(hands, request.agent, name, params=params, largest=LARGEST)
        file = f"{request.label}-{name}.json".replace(" ", "-")
        return await seal(
            hands.evidence,
            request.incident_id,
            file,
            answer.content,
            "application/json",
            hands.now(),
            f"{words}, {request.label}",
        )
