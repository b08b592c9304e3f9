"""Prove a fix: rerun the minimal case and the eval suite against the agent."""

from __future__ import annotations

from dataclasses import dataclass

from temporalio import activity

from halon.incident.remedies import MinimalCase, Rerun


@dataclass(frozen=True, slots=True)
class Prove:
    """Rerun ``case`` and the agent's eval suite as attempt ``attempt``."""

    incident_id: str
    agent: str
    case: MinimalCase | None
    attempt: int = 1


@activity.defn(name="remediate.prove")
async def prove(request: Prove) -> Rerun:
    """Rerun the case and the evals; passed only if the case no longer reproduces and no eval fails."""
    raise NotImplementedError
