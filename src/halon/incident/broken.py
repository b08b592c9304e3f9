"""A glass that was broken: who let something run in an emergency without the people whom its gate asks for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Broken:
    """``by`` broke the glass of ``gate``, ``agreed`` had said yes to it in the ordinary way; it was granted by both together.

    ``lacked`` says who had not agreed. Times are ISO 8601 UTC. Until ``reviewed_by`` somebody looked at it, the incident
    stays open; ``review`` is what they said. ``proposed`` are those who proposed what it let run.
    """

    gate: str
    subject: str
    title: str
    by: tuple[str, ...]
    agreed: tuple[str, ...]
    reason: str
    lacked: str
    at: str
    reviewed_by: str = ""
    reviewed_at: str = ""
    review: str = ""
    proposed: tuple[str, ...] = ()

    def had_part(self, by: str) -> bool:
        """Whether ``by`` proposed it, said yes to it, or broke the glass: then somebody else must look at it."""
        return by.lower() in {name.lower() for name in (*self.by, *self.agreed, *self.proposed)}
