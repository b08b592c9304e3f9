"""The morning roll-up: what leadership reads of all incidents, once a day."""

from __future__ import annotations

from dataclasses import dataclass

from temporalio import activity


@dataclass(frozen=True, slots=True)
class Morning:
    """The morning of ``at`` (ISO 8601 UTC), when the roll-up began."""

    at: str


@dataclass(frozen=True, slots=True)
class RolledUp:
    """What became of it: the local ``day``, how many incidents it names, the channels ``to`` which it went.

    ``already``: it was sent before on this day. ``nothing``: there was nothing to tell, and nobody was written to.
    """

    day: str
    incidents: int = 0
    to: tuple[str, ...] = ()
    already: bool = False
    nothing: bool = False


@activity.defn(name="rollup.send")
async def send(morning: Morning) -> RolledUp:
    """Collect what every incident says, render it, and send it to leadership once a day."""
    raise NotImplementedError
