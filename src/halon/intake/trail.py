"""What is told of one delivery afterwards: to its sender by a header, to the log by one line, to a trace by a span."""

from __future__ import annotations

import logging
import secrets
import time
from dataclasses import dataclass, field
from typing import Any

from fastapi import Request
from starlette.types import Scope

HEADER = "Halon-Delivery"
"""The response header with the delivery's id; a refusal has it as ``instance`` too."""
_MOST_INCIDENTS = 5
_log = logging.getLogger("halon.delivery")


@dataclass(slots=True)
class Trail:
    """One request. ``source`` is a name of the kit, ``outcome`` a word of ours: nothing here is a sender's text."""

    id: str = field(default_factory=lambda: secrets.token_hex(8))
    began: float = field(default_factory=time.perf_counter)
    source: str = ""
    outcome: str = ""
    alerts: int = 0
    incidents: tuple[str, ...] = ()

    @property
    def instance(self) -> str:
        """The delivery as RFC 9457 names an occurrence."""
        return f"urn:halon:delivery:{self.id}"

    def fields(self, status: int) -> dict[str, Any]:
        """What the log says, with the HTTP status of the answer."""
        told: dict[str, Any] = {"delivery": self.id, "source": self.source or "unknown", "outcome": self.outcome,
                                "status": status, "ms": round((time.perf_counter() - self.began) * 1000, 1)}  # fmt: skip
        if self.alerts:
            told["alerts"] = self.alerts
        if self.incidents:
            told["incident"] = ",".join(self.incidents[:_MOST_INCIDENTS])
        return told

    def log(self, status: int) -> None:
        """The one line of this delivery."""
        level = logging.INFO if status < 500 else logging.WARNING
        if _log.isEnabledFor(level):  # made by hand: there is no need to look for who calls
            told = {"fields": self.fields(status)}
            _log.handle(_log.makeRecord(_log.name, level, __file__, 0, "delivery", (), None, extra=told))


def trail_of(request: Request) -> Trail:
    """The trail of ``request``; a new one where nothing in front has made one."""
    return of_scope(request.scope)


def of_scope(scope: Scope) -> Trail:
    """As ``trail_of``, by the request's scope."""
    state = scope.setdefault("state", {})
    trail = state.get("trail")
    if not isinstance(trail, Trail):
        trail = state["trail"] = Trail()
    return trail
