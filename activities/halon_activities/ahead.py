"""What an agent shows, asked for while Temporal still writes down the incident that is going to look at it.

The front door says what it is about to open, where a worker is in its process: the first look would wait for the agent
after that, and nothing else is done meanwhile. Reading changes nothing, so what nobody takes is no harm.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from halon.incident.alerts import Alert, timed
from halon.incident.looking_back import looked_back
from halon.ports.detect import Look
from halon_activities.beforehand import heard

_log = logging.getLogger(__name__)
Shown = TypeVar("Shown")

KEPT = 2.0
"""Seconds for which such an answer counts as that of the first look; what comes later asks for itself."""


@dataclass(frozen=True, slots=True)
class _Asked:
    look: Look
    answer: asyncio.Task[Any]


class Ahead(Generic[Shown]):
    """One such answer at a time, under way or just come. It is taken once."""

    def __init__(self) -> None:
        self._ask: Callable[[Look], Awaitable[Shown]] | None = None
        self._one: _Asked | None = None

    def asks(self, ask: Callable[[Look], Awaitable[Shown]]) -> None:
        """From now on it is asked for by ``ask``."""
        self._ask = ask

    def expect(self, alerts: Sequence[Alert]) -> None:
        """Ask for what the incident that ``alerts`` open will look at, unless another one's answer is awaited.

        Raises nothing: it only saves time, and an alert must not be refused for that.
        """
        try:
            self._expect(alerts)
        except Exception:
            _log.exception("what an agent shows could not be asked for ahead; the incident asks for itself")

    def _expect(self, alerts: Sequence[Alert]) -> None:
        if self._ask is None or self._one is not None or not alerts:
            return
        since, traces = looked_back([timed(alert) for alert in alerts])
        look = Look("", alerts[0].agent, since, traces)
        self._one = one = _Asked(look, asyncio.create_task(_of(self._ask, look), name="what an agent shows"))
        one.answer.add_done_callback(heard)
        asyncio.get_running_loop().call_later(KEPT, self._forget, one)

    async def take(self, look: Look) -> Shown | None:
        """The answer to ``look``, if it was asked for just now. Raises what asking raised."""
        one = self._one
        if one is None or one.look != replace(look, incident_id=""):
            return None
        self._one = None
        answer: Shown = await one.answer
        return answer

    def _forget(self, one: _Asked) -> None:
        """Too old. Whoever waits for it has taken it before."""
        if self._one is one:
            self._one = None
            one.answer.cancel()


async def _of(ask: Callable[[Look], Awaitable[Shown]], look: Look) -> Shown:
    return await ask(look)
