"""Alerts of one caller that wait at the door, and where the caller hears of them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Protocol

from halon.incident.alerts import Alert
from halon.intake.place import Placed
from halon.intake.problems import Problem


class Hold(Protocol):
    """The hold that a relay has on one part."""

    @property
    def over(self) -> bool:
        """Whether the relay hands it on by itself by now."""
        ...

    def handed_on(self) -> None:
        """The incident holds it."""
        ...

    def leave(self) -> None:
        """The relay is left to hand it on."""
        ...


@dataclass(eq=False, slots=True)
class Waiting:
    """One part of what a caller delivered: so much as fits a batch. ``size`` is its bytes as JSON.

    ``offered``: a relay takes it soon, so its incident's own Signal need not hurry. ``hold``: a relay holds it, and has
    answered its caller.
    """

    alerts: tuple[Alert, ...]
    size: int
    rank: int
    source: str
    answer: asyncio.Future[Placed | None]
    trace: Any = None
    given_up: bool = False
    offered: bool = False
    hold: Hold | None = None

    @property
    def over(self) -> bool:
        """Whether nobody waits for an answer any more."""
        return self.given_up or self.answer.done()

    def hear(self, placed: Placed | None) -> None:
        """Tell the caller, unless it went away or has heard already."""
        if not self.answer.done():
            self.answer.set_result(placed)


def fail(waiting: Iterable[Waiting], problem: Problem) -> None:
    """Tell all callers that still wait of a problem."""
    for item in waiting:
        if not item.answer.done():
            item.answer.set_exception(problem)
            item.answer.exception()  # a caller that went away asks no more


def joined(placed: Placed) -> Placed:
    """``placed`` for one that joined the incident and did not open it."""
    return replace(placed, opened=False)
