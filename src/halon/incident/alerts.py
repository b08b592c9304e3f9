"""One normalised report from a source, already redacted at the door."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert as every source's payload becomes it. Texts are redacted; the raw payload is sealed evidence.

    Times are ISO 8601 UTC text; ``ended_at`` is empty while the alert fires.
    """

    source: str
    agent: str
    group: str
    rule: str
    status: Literal["firing", "resolved"]
    fingerprint: str
    started_at: str
    received_at: str
    ended_at: str = ""
    severity_hint: str = ""
    summary: str = ""
    labels: dict[str, str] = field(default_factory=dict)
    trace_id: str = ""
    reporter: str = ""
    raw: str = ""
    raw_sha256: str = ""

    @property
    def identity(self) -> str:
        """What makes two deliveries the same alert: fingerprint, start and status, never the delivery."""
        return f"{self.fingerprint}|{self.started_at}|{self.status}"
