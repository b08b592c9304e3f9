"""Admit a delivery: each alert to the incident of its agent and rule group. On return, Temporal holds all of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from temporalio.client import Client
from temporalio.service import RPCError

from halon.incident import ids
from halon.incident.alerts import Alert
from halon.intake.lanes import Lanes
from halon.intake.metrics import Metrics
from halon.intake.pace import Pace
from halon.intake.place import Placed, Placer
from halon.intake.problems import Unavailable
from halon.intake.relays import Relays
from halon.intake.urgency import USUAL

SECONDS = 8.0
"""Time that Temporal has to take one batch, before the sender is told to try again."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Admitted:
    """What became of ``alerts`` alerts of one agent and group. Nothing but "ignored" leaves the incident empty."""

    incident: str
    workflow_id: str
    status: Literal["new", "joined", "ignored"]
    alerts: int
    agent: str
    group: str

    def as_json(self) -> dict[str, Any]:
        """The object that the sender is answered with."""
        told: dict[str, Any] = {
            "incident": self.incident or None,
            "workflow_id": self.workflow_id or None,
            "status": self.status,
            "alerts": self.alerts,
            "agent": self.agent,
            "group": self.group,
        }
        return {**told, "reason": "no open incident"} if self.status == "ignored" else told


class Admission:
    """The way in for alerts, shared by all routes of one gateway. Close it before the client goes away.

    ``expect`` is told what is about to open an incident, where a worker is in the same process (see ``place.py``).
    """

    def __init__(
        self,
        client: Client,
        task_queue: str,
        *,
        pace: Pace | None = None,
        seconds: float = SECONDS,
        expect: Callable[[Sequence[Alert]], None] | None = None,
    ) -> None:
        self._on_batch: Callable[[float], None] = _unobserved
        self._placer = Placer(client, task_queue, expect=expect)
        self._seconds = seconds
        self._relays = Relays(client, task_queue)
        self._lanes = Lanes(self._place, pace, relays=self._relays)

    async def admit(self, alerts: Sequence[Alert], rank: int = USUAL) -> list[Admitted]:
        """Open or join the incident of each alert; one answer per incident, in the order in which they were named.

        While Temporal is busy, those of a lower ``rank`` come first (see ``urgency.py``).

        Raises Unavailable if Temporal does not hold all of them. Then none is acknowledged: the sender sends all again,
        and an incident that holds some already knows them by their identity.
        """
        by_key: dict[str, list[Alert]] = {}
        for alert in alerts:
            by_key.setdefault(ids.correlation_key(alert.agent, alert.group), []).append(alert)
        if len(by_key) == 1:
            ((key, of_key),) = by_key.items()
            return _told(of_key, await self._lanes.put(key, of_key, rank))
        found = await asyncio.gather(
            *(self._lanes.put(key, of_key, rank) for key, of_key in by_key.items()), return_exceptions=True
        )
        failed = next((each for each in found if isinstance(each, BaseException)), None)
        if failed is not None:
            raise failed
        return [
            admitted
            for of_key, placed in zip(by_key.values(), found, strict=True)
            if not isinstance(placed, BaseException)
            for admitted in _told(of_key, placed)
        ]

    def observe(self, metrics: Metrics) -> None:
        """Count how many alerts each batch has that goes to its incident, or to a relay, and what relays hold."""
        self._on_batch, self._relays.on_batch = metrics.batches.observe, metrics.relayed.observe
        metrics.waiting.labels("relayed").set_function(lambda: self._relays.held)

    async def aclose(self) -> None:
        """Finish what is under way; refuse what comes after."""
        await self._lanes.aclose()
        await self._relays.aclose()
        await self._placer.aclose()

    async def _place(self, key: str, batch: Sequence[Alert], rank: int, eager: bool) -> Placed | None:
        try:
            async with asyncio.timeout(self._seconds):
                placed = await self._placer.place(key, batch, rank, eager=eager)
            self._on_batch(len(batch))
            return placed
        except TimeoutError:
            raise Unavailable(f"Temporal did not take the alert within {self._seconds:g} s; send it again") from None
        except RPCError as error:
            _log.warning("Temporal did not take alerts of %s: %s", key, error)
            raise Unavailable(f"Temporal did not take the alert ({error.status.name}); send it again") from error
        except (RuntimeError, OSError) as error:  # a client that was made lazily and can't connect
            _log.warning("Temporal can't be reached: %s", error)
            raise Unavailable("Temporal can't be reached; send it again") from error


def _unobserved(alerts: float) -> None:
    """Nobody counts."""


def _told(alerts: Sequence[Alert], placed: Sequence[Placed | None]) -> list[Admitted]:
    """One answer per incident; a delivery so large that it took several batches may have met several."""
    agent, group = alerts[0].agent, alerts[0].group
    held = [each for each in placed if each is not None]
    if not held:
        return [Admitted("", "", "ignored", len(alerts), agent, group)]
    incidents = dict.fromkeys((each.incident, each.workflow_id) for each in held)
    return [
        Admitted(
            incident,
            workflow_id,
            "new" if any(each.opened and each.workflow_id == workflow_id for each in held) else "joined",
            len(alerts),
            agent,
            group,
        )
        for incident, workflow_id in incidents
    ]
