"""Why it happened and what is done about it: findings, whys, the minimal case, corrective actions, the proof."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

LAYERS = ("model", "retrieval", "tools", "orchestration", "process")


@dataclass(frozen=True, slots=True)
class Finding:
    """A root cause by layer (guide section 5). ``evidence`` are sealed artefacts that carry it."""

    id: str
    layer: str
    text: str
    by: str
    at: str
    evidence: tuple[str, ...] = ()
    certainty: Literal["shown", "likely", "suspected"] = "likely"


@dataclass(frozen=True, slots=True)
class MinimalCase:
    """The minimal reproducible case: what to give the agent so that it happens again, and what leaves it out."""

    message: str
    session: str = ""
    documents: tuple[str, ...] = ()
    culprit: str = ""
    tools: tuple[str, ...] = ()
    reproduced: bool = False
    reproduced_without_culprit: bool | None = None
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Corrective:
    """A remediation with owner, deadline (ISO 8601 UTC) and how it is verified."""

    id: str
    title: str
    owner: str
    deadline: str
    by: str
    at: str
    status: Literal["open", "done", "proved", "failed", "waived"] = "open"
    verification: str = "rerun the minimal case and the eval suite"
    note: str = ""


@dataclass(frozen=True, slots=True)
class Rerun:
    """One rerun of the minimal case and the eval suite against the agent."""

    at: str
    passed: bool
    case_passed: bool
    evals_passed: int
    evals_failed: int
    details: tuple[str, ...] = ()
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class Waiver:
    """A named person's word that stands in for a proof."""

    what: str
    by: str
    reason: str
    at: str
