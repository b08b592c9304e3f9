"""One normalised report from a source, already redacted at the door."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Literal

from halon.incident.errors import Malformed
from halon.incident.times import normal

EARLIEST, LATEST = "1970-01-02", "9000"


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
