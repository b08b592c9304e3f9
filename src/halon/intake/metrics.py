"""Counters of the front door, in a registry of its own. No label holds text of an alert."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest


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
            "halon_intake_truncated_alerts",
            "Alerts left out, by their sender or as too many at once",
            ["source"],
            registry=self.registry,
        )
        self.raw_not_kept = Counter(
            "halon_intake_raw_not_kept", "Deliveries accepted without a sealed raw payload, by reason: storm, store",
            ["source", "reason"], registry=self.registry,
        )  # fmt: skip
        self.shed = Counter(
            "halon_intake_shed", "Deliveries not held because the door was full or Temporal slow, by rank 1 to 5, unread, unproven",
            ["source", "severity"], registry=self.registry,
        )  # fmt: skip
        self.turned_away = Counter(
            "halon_intake_turned_away", "Turned away before anything was read, by what there were too many of",
            ["reason"], registry=self.registry,
        )  # fmt: skip
        self.durable = Histogram(
            "halon_intake_durable_seconds", "From a whole body to Temporal holding it, in seconds", ["source"],
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10), registry=self.registry,
        )  # fmt: skip

        self.batches = Histogram(
            "halon_intake_batch_alerts", "Alerts that went to their incident in one start or signal",
            buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500), registry=self.registry,
        )  # fmt: skip
        self.relayed = Histogram(
            "halon_intake_relay_batch_alerts",
            "Alerts of several causes that a relay held in one start or signal, before their incidents did",
            buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500), registry=self.registry,
        )  # fmt: skip
        self.waiting = Gauge(
            "halon_intake_waiting_bytes", "Bytes of deliveries that are read now, wait for the store and Temporal, or for a relay and their incident",
            ["part"], registry=self.registry,
        )  # fmt: skip

    def text(self) -> bytes:
        """Everything in the Prometheus text format."""
        return generate_latest(self.registry)
