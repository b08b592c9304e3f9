"""What a reader is given, what it gives back, and how it is described."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from halon.incident.alerts import Alert
from halon.intake.sources.paging import Came
from halon.intake.sources.source import Source

NO_HEADERS: Mapping[str, str] = MappingProxyType({})
JSON = "application/json"
LEFT_OUT = "left_out"
"""The label of a delivery's last alert that says how many came with it and are in the raw payload alone."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """One delivery as it came through the bounds of the door.

    ``body`` is its parsed JSON, ``headers`` have lower-case names, ``received_at`` is ISO 8601 UTC, ``most`` is how
    many alerts of one delivery are taken; ``left`` collects how many a reader left out because there were more.
    """

    body: Any
    received_at: str
    most: int = 1000
    headers: Mapping[str, str] = field(default_factory=lambda: NO_HEADERS)
    left: list[int] = field(default_factory=list)


def _none_left_out(body: Any) -> int:
    return 0


@dataclass(frozen=True, slots=True)
class Reader:
    """How the deliveries of one kind of source become alerts.

    ``read`` gives the alerts in their order, texts redacted; it raises BadPayload that names the place, and nothing
    else. An empty list: of no concern, and acknowledged. ``answers`` (paging products) also finds answers to Halon's
    own pages. ``left_out`` says how many alerts the sender left out of a delivery that ``read`` has accepted.
    ``schema`` is the JSON Schema of the body for OpenAPI, ``sample`` the words for what it is, ``media_types`` what
    it comes as.
    """

    kind: str
    read: Callable[[Arrived, Source], list[Alert]]
    sample: str
    schema: Mapping[str, Any] | None = None
    answers: Callable[[Arrived, Source], Came] | None = None
    left_out: Callable[[Any], int] = _none_left_out
    media_types: tuple[str, ...] = (JSON,)

    def came(self, arrived: Arrived, source: Source) -> Came:
        """What the delivery holds: alerts, an answer to a page, or neither. Raises BadPayload."""
        came = self.answers(arrived, source) if self.answers else Came(self.read(arrived, source))
        if source.severity:
            came = replace(came, alerts=[_rated(alert, source) for alert in came.alerts])
        if arrived.left and came.alerts:
            *others, last = came.alerts
            came = replace(came, alerts=[*others, replace(last, labels={**last.labels, LEFT_OUT: _left(arrived)})])
        return came


def _left(arrived: Arrived) -> str:
    return f"{sum(arrived.left)} more alerts of this delivery are in its raw payload alone"


def _rated(alert: Alert, source: Source) -> Alert:
    """``alert`` with the level that the kit gives for its sender's word."""
    level = source.severity.get(alert.severity_hint.lower(), alert.severity_hint)
    return replace(alert, severity_hint=level)
