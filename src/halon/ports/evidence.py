"""Collect and seal what the agent shows before anything changes it."""

from __future__ import annotations

from dataclasses import dataclass

from temporalio import activity

from halon.incident.state import Sealed


@dataclass(frozen=True, slots=True)
class Collect:
    """Collect from an agent since ``since`` (ISO 8601 UTC): traces, action log, state of the controls, versions."""

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
    """Collect and seal; the same content twice seals once."""
    raise NotImplementedError
