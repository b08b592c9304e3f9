"""A relay: nothing is done in it while its gateway lives. If that dies, what it held is handed on from here.

It begins with a delay (see ``halon.incident.relay``), and its Signals only add to its history meanwhile. What they hold
is read from there by the activity that hands it on, so that it is neither carried nor changed here.
"""

from __future__ import annotations

import asyncio
from typing import Any

from temporalio import workflow
from temporalio.api.common.v1 import Payload
from temporalio.common import RawValue
from temporalio.exceptions import ActivityError, ApplicationError

from halon.incident.errors import Malformed
from halon.incident.relay import PREFIX
from halon.ports import relay
from halon_workflows import options
from halon_workflows.durable import AGAIN_AFTER
from halon_workflows.handlers import decode

LARGEST = 2 * 1024 * 1024
"""Bytes of one batch: what Temporal takes."""
_NEWEST = 1_000_000


@workflow.defn(name="Relay")
class Relay:
    """Alerts of a storm, held until the incidents hold them."""

    def __init__(self) -> None:
        self._newest = 0
        self._handed_on = 0
        self._unread = False
        self._reading = False

    @workflow.run
    async def run(self, held: RawValue) -> int:
        """``held`` is a ``Held``. Returns the number of the last batch. Cancel can't end it."""
        if not workflow.info().workflow_id.startswith(PREFIX):
            text = f"A relay's workflow id begins with {PREFIX!r}; alerts come in at the front door."
            raise ApplicationError(text, type="ForgedState", non_retryable=True)
        reopens = self._take(held.payload)
        work = asyncio.create_task(self._hand_on(reopens))
        while not work.done():
            try:
                await workflow.wait_condition(work.done)
            except asyncio.CancelledError:
                workflow.logger.warning("somebody asked Temporal to cancel a relay; it goes on until all is handed on")
        return work.result()

    async def _hand_on(self, reopens: str) -> int:
        """Until the incidents hold all of it, however long that takes."""
        give_up = False
        while reopens or self._unread or self._newest > self._handed_on:
            self._unread, self._reading, before = False, True, self._newest
            try:
                done = await workflow.execute_activity(
                    relay.hand_on, relay.HandOn(reopens, give_up), summary="hand on what a gateway left",
                    **options.of(relay.hand_on).arguments(),
                )  # fmt: skip
            except ActivityError as error:
                workflow.logger.error("what a gateway left is not handed on yet, tried again: %s", error.cause)
                await workflow.sleep(AGAIN_AFTER, summary="again")
                self._unread = give_up = True
                continue
            # The activity has read what came until it began: also what it left out because no gateway made it.
            self._handed_on = max(self._handed_on, before, done.up_to)
            reopens = ""
        return self._newest

    @workflow.signal(name="held", description="More to hold, or what is handed on: from the front door.")
    async def held(self, batch: RawValue) -> None:
        """One more batch, which may come after a later number. What can't be read holds nothing."""
        self._take(batch.payload)

    def _take(self, payload: Payload) -> str:
        try:
            value = decode(payload, LARGEST)
        except Malformed as error:
            value, self._unread = None, True
            workflow.logger.warning("a relay got what can't be read: %s", error)
        if not isinstance(value, dict):
            return ""
        number = _number(value.get("number"))
        self._newest = max(self._newest, number)
        # What comes once the activity may have read the history is read anew, whatever its number: a gateway has
        # several Signals under way.
        self._unread = self._unread or (self._reading and number > 0)
        self._handed_on = max(self._handed_on, _number(value.get("handed_on")))
        reopens = value.get("reopens")
        return reopens if isinstance(reopens, str) else ""


def _number(value: Any) -> int:
    """The number of a batch; 0 for what is none."""
    plain = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _NEWEST
    return int(value) if plain else 0
