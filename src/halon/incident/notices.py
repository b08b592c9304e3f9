"""A rendered message to a regulator, customers, leadership or responders."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

from halon.incident.canonical import digest
from halon.incident.orders import GatePolicy, without_later

Audience = Literal["regulator", "customers", "leadership", "responders"]
NoticeStatus = Literal["planned", "drafted", "waiting", "sending", "sent", "uncertain", "failed", "denied", "dropped"]


@dataclass(frozen=True, slots=True)
class Notice:
    """One notice, as it will be sent. ``channel`` names a channel of the kit, ``recipient`` its address in words.

    Regulator and customer notices are sent once and only through a gate; leadership and responders need none.
    """

    id: str
    audience: Audience
    obligation: str = ""
    stage: str = ""
    template: str = ""
    channel: str = ""
    recipient: str = ""
    subject: str = ""
    body: str = ""
    gate: GatePolicy | None = None
    status: NoticeStatus = "planned"
    attempt: int = 1
    sent_at: str = ""
    receipt: str = ""
    note: str = ""
    record_head: str = ""

    def digest_for(self, incident_id: str) -> str:
        """SHA-256 (hex) over the incident and all that decides what is sent to whom; not over how far it has come."""
        told = asdict(self)
        for progress in ("status", "sent_at", "receipt", "note"):
            told.pop(progress)
        without_later(told["gate"])
        return digest({"incident": incident_id, "verb": "send", "notice": told})
