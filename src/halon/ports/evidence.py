"""Collect and seal what the agent shows, beside what can be undone and before what can't."""

from __future__ import annotations

from dataclasses import dataclass

from temporalio import activity

from halon.incident.state import Sealed


@dataclass(frozen=True, slots=True)
class Collect:
    """Collect from an agent all that its connector shows, what happened since ``since`` (ISO 8601 UTC).

    ``label`` names the collection: under one label a kind is collected once.
    """

    incident_id: str
    agent: str
    since: str
    label: str = "before containment"


@dataclass(frozen=True, slots=True)
class Collected:
    """What was sealed, and in ``missing`` what could not be, in words."""

    sealed: tuple[Sealed, ...]
    missing: tuple[str, ...] = ()


@activity.defn(name="evidence.collect")
async def collect(request: Collect) -> Collected:
    """Collect and seal; what was sealed under the label before is not fetched again."""
    raise NotImplementedError
