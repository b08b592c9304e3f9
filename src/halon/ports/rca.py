"""Root causes from sealed evidence, and the minimal case by replay."""

from __future__ import annotations

from dataclasses import dataclass

from temporalio import activity

from halon.incident.remedies import Finding, MinimalCase
from halon.incident.state import Sealed


@dataclass(frozen=True, slots=True)
class Investigate:
    """Look for causes in what was sealed at ``now`` (ISO 8601 UTC)."""

    incident_id: str
    agent: str
    evidence: tuple[Sealed, ...]
    now: str


@dataclass(frozen=True, slots=True)
class Causes:
    """What was found, the why chain as a draft for people to mend, and proposed corrective actions in words."""

    findings: tuple[Finding, ...] = ()
    whys: tuple[str, ...] = ()
    case: MinimalCase | None = None
    proposals: tuple[str, ...] = ()
    note: str = ""


@activity.defn(name="rca.investigate")
async def investigate(request: Investigate) -> Causes:
    """Find causes by layer and replay the case with and without its culprit."""
    raise NotImplementedError
