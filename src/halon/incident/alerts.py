"""One normalised report from a source, already redacted at the door."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from halon.incident.errors import Malformed
from halon.incident.times import normal

EARLIEST, LATEST = "1970-01-02", "9000"


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert as every source's payload becomes it. Texts are redacted; the raw payload is sealed evidence.

    Times are ISO 8601 UTC text; ``ended_at`` is empty while the alert fires; one that fires and has it was
    a moment, of which no sender will ever say that it is over.
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
    marks: str = ""  # of a sheaf, which stands for many (``halon.incident.sheaves``): what each is known by
    more: int = 0  # of a sheaf: how many more there are, of which nothing else is kept

    @property
    def identity(self) -> str:
        """What makes two deliveries the same alert: fingerprint, start and status, never the delivery."""
        return f"{self.fingerprint}|{self.started_at}|{self.status}"

    @property
    def lasts(self) -> bool:
        """Whether it counts as firing until a ``resolved`` comes: nobody sends one for a moment or for a report."""
        return self.source != "report" and not (self.status == "firing" and self.ended_at)

    @property
    def mark(self) -> str:
        """The identity in eight characters (48 bits of its SHA-256), by which an incident knows thousands again."""
        return mark_of(self.identity)


def mark_of(text: str) -> str:
    """``text`` in eight characters: of 10,000 texts, two share one by a chance of 1 in 5 million."""
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:6]).decode()


@dataclass(frozen=True, slots=True)
class AlertCount:
    """Alerts of one rule, counted: the history stays small however many come. Times are ISO 8601 UTC."""

    rule: str
    firing: int = 0
    resolved: int = 0
    duplicates: int = 0
    first_at: str = ""
    last_at: str = ""


def timed(alert: Alert) -> Alert:
    """``alert`` with its times in the one form that sorts. Raises Malformed for a text that is no time.

    The front door sends none; a signal or a start by hand may, and the incident reckons with these times for good. A
    start outside the years that senders mean is unknown: the alert then began when it was received.
    """
    times: dict[str, Any] = {}
    for name in ("started_at", "received_at", "ended_at"):
        said = getattr(alert, name)
        try:
            times[name] = normal(said)
        except ValueError:
            raise Malformed(f"alert {alert.rule[:60]!r}: {name} is {said[:60]!r}; write ISO 8601 in UTC.") from None
        if times[name] and not EARLIEST <= times[name] < LATEST:
            times[name] = ""  # the year 1 is how some senders write that they have no time
    if not times["received_at"]:
        raise Malformed(f"alert {alert.rule[:60]!r}: received_at is {alert.received_at[:60]!r}; say when it arrived.")
    times["started_at"] = times["started_at"] or times["received_at"]
    return replace(alert, **times)
