"""While an agent is stopped: is what people should get instead really served?"""

from __future__ import annotations

from dataclasses import dataclass

from temporalio import activity


@dataclass(frozen=True, slots=True)
class Probe:
    """Whose fallback to try. The call is the kit's own (``fallback: probe:`` of the agent)."""

    incident_id: str
    agent: str


@dataclass(frozen=True, slots=True)
class Served:
    """What the probe showed. ``serves`` None: nobody answered; ``probed`` False: the kit has no probe, so nothing was tried."""

    serves: bool | None
    at: str
    note: str = ""
    probed: bool = True


@activity.defn(name="watch.fallback")
async def fallback(probe: Probe) -> Served:
    """Try the kit's probe of the agent's fallback once."""
    raise NotImplementedError
