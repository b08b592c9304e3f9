"""The first look at a fresh incident in one turn: find, corroborate, judge. Each is what its own activity does.

The first containment call waits for all three, and each turn of its own costs about as much as the call itself.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from typing import Any

from temporalio import activity
from temporalio.exceptions import ApplicationError

from halon.incident.assessment import Assessment
from halon.incident.learning import learnt
from halon.incident.orders import Call
from halon.ports.begin import Begin, Begun
from halon.ports.detect import Seen
from halon.ports.record import Found
from halon_activities.beat import beating
from halon_activities.contain import state_before
from halon_activities.detect import Detect
from halon_activities.failures import typed
from halon_activities.guard import require_incident
from halon_activities.hands import Hands
from halon_activities.record import Record
from halon_activities.triage import Triage

AT_MOST = 2.0
"""Seconds for looking and judging here; what takes longer is done by its own activity, beside which people are heard."""
AT_A_GLANCE = 0.5
"""Seconds for the same within a workflow task: until that ends the incident hears nobody."""

Parts = tuple[Seen | None, Assessment | None, str]


class FirstLook:
    """The activity of ``halon.ports.begin``."""

    def __init__(self, hands: Hands, record: Record, detect: Detect, triage: Triage) -> None:
        self._hands = hands
        self._record, self._detect, self._triage = record, detect, triage
        self._glancing = False

    @activity.defn(name="begin.glance")
    async def glance(self, begin: Begin) -> Begun | None:
        """Corroborate and judge within the workflow task that asks; None where ``look`` has to.

        One at a time, because each holds one of the worker's few places for workflow tasks: in a burst, or where an
        agent hangs, the incidents that are open already must not wait. And only for the first run of an incident, for
        which there can be no earlier state to find.
        """
        with typed():
            info = require_incident(begin.case.incident_id)
            require_incident(begin.look.incident_id)
            first_run = begin.case.incident_id.rpartition(":")[2]
            if self._glancing or info.workflow_run_id != first_run:
                return None
            self._glancing = True
            try:
                async with asyncio.timeout(AT_A_GLANCE):
                    seen, judged, missing = await self._look(begin)
                    if judged is not None and judged.mode == "act":
                        self._hands.beforehand.begin(begin.case.incident_id, judged.orders, self._state_before)
                    return Begun(Found(None, "the first run of this incident"), seen, judged, missing)
            except TimeoutError:
                return None
            finally:
                self._glancing = False

    async def _state_before(self, look: Call) -> Any:
        return await state_before(self._hands, look)

    @activity.defn(name="begin.look")
    async def look(self, begin: Begin) -> Begun:
        """Find an earlier state; and where there is none, corroborate and judge."""
        with typed():
            require_incident(begin.case.incident_id)
            require_incident(begin.look.incident_id)
            # It changes nothing, so it need not wait for what is found.
            looking = asyncio.create_task(self._look(begin))
            try:
                async with beating():
                    found = await self._record.find(begin.find)
                    if found.state is not None or found.reset_from:
                        return Begun(found, missing="Reset: what was found counts")
                    return Begun(found, *await looking)
            finally:
                looking.cancel()
                with suppress(asyncio.CancelledError):
                    await looking

    async def _look(self, begin: Begin) -> Parts:
        """What was seen and judged, and why not all of it, if not: then its own activity does it, with its retries."""
        seen: Seen | None = None
        judged: Assessment | None = None
        try:
            async with asyncio.timeout(AT_MOST):
                seen = await self._detect.corroborate(begin.look)
                facts = learnt(begin.case.facts, seen.facts) if seen.reachable else begin.case.facts
                case = replace(begin.case, facts=facts, now=max(begin.case.now, self._hands.now()))
                judged = await self._triage.assess(case)
        except TimeoutError:
            return seen, judged, f"NotInTime: not done within {AT_MOST:g} s"
        except ApplicationError as error:
            return seen, judged, f"{error.type}: {error.message}"
        return seen, judged, ""
