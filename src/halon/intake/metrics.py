"""Counters of the front door, in a registry of its own. No label holds text of an alert."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest


class Metrics:
    """What the front door counts. ``source`` is a name of the kit, or ``report``, never what a sender wrote."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.deliveries = Counter(
            "halon_intake_deliveries", "Deliveries acknowledged", ["source"], registry=self.registry
        )
        self.alerts = Counter(
            "halon_intake_alerts", "Alerts acknowledged", ["source", "status", "outcome"], registry=self.registry
        )
        self.refused = Counter(
            "halon_intake_refused", "Requests refused, by problem", ["source", "reason"], registry=self.registry
        )
        self.truncated = Counter(
            "halon_intake_truncated_alerts", "Alerts that a sender left out", ["source"], registry=self.registry
        )
        self.raw_not_kept = Counter(
            "halon_intake_raw_not_kept", "Deliveries accepted without a sealed raw payload", ["source"],
            registry=self.registry,
        )  # fmt: skip
        self.durable = Histogram(
            "halon_intake_durable_seconds", "From a whole body to Temporal holding it, in seconds", ["source"],
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10), registry=self.registry,
        )  # fmt: skip

    def text(self) -> bytes:
        """Everything in the Prometheus text format."""
        return generate_latest(self.registry)
