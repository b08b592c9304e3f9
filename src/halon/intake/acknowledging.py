"""An answer to one of Halon's own pages becomes an ``ack`` of its incident. On return, Temporal holds it.

Only the incident's own page is answered so. Who acknowledges the alarm of a gate or a clock has seen it, and that is noted:
it is no approval, and stops nothing but that alarm.

By Signal, because a Signal is held without a worker; the sender would otherwise hear 503 whenever one restarts. The name
is only the product's word: the incident records it as unverified.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime

from temporalio.client import Client, WorkflowExecutionDescription, WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from halon.connectors.marker import about, incident_of, is_part
from halon.incident import ids
from halon.incident.commands import LONGEST_NAME
from halon.intake.place import REFERENCE, REOPENS_WITHIN
from halon.intake.problems import Reopening, Unavailable
from halon.intake.sources.paging import Ack

SECONDS = 4.0
"""Time that Temporal has: PagerDuty waits five seconds for its answer."""
_MOST_REMEMBERED = 10_000
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The incident that holds the acknowledgement."""

    incident: str
    workflow_id: str


class Acknowledging:
    """The way in for answers to pages. Remembers the latest deliveries, because senders repeat them."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._held: OrderedDict[str, Acknowledged] = OrderedDict()

    async def acknowledge(self, ack: Ack) -> Acknowledged | None:
        """Have the incident hold the acknowledgement. None: there is no such incident here, or it is over.

        Raises Unavailable if Temporal does not hold it, Reopening while a terminated incident is being reopened.
        """
        incident_id = incident_of(ack.key)
        if not incident_id:
            return None
        name = f"{ack.product}/{ack.event}/{ack.key}/{ack.by}"
        if name in self._held:
            return self._held[name]
        try:
            async with asyncio.timeout(SECONDS):
                held = await self._say(incident_id, ack)
        except TimeoutError:
            raise Unavailable(
                f"Temporal did not take the acknowledgement within {SECONDS:g} s; send it again"
            ) from None
        except RPCError as error:
            _log.warning("Temporal did not take an acknowledgement: %s", error)
            raise Unavailable(
                f"Temporal did not take the acknowledgement ({error.status.name}); send it again"
            ) from error
        except (RuntimeError, OSError) as error:  # a client that was made lazily and can't connect
            _log.warning("Temporal can't be reached: %s", error)
            raise Unavailable("Temporal can't be reached; send it again") from error
        if held is not None:
            self._held[name] = held
            if len(self._held) > _MOST_REMEMBERED:
                self._held.popitem(last=False)
        return held

    async def _say(self, incident_id: str, ack: Ack) -> Acknowledged | None:
        workflow_id = incident_id.rpartition(":")[0]
        handle = self._client.get_workflow_handle(workflow_id)
        try:
            found = await handle.describe()
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            return None
        reference = ids.reference(incident_id)
        # The same workflow id may stand in another installation of Halon that pages through the same account.
        if reference != _reference(found) or _over(found):
            return None
        by = ack.by[:LONGEST_NAME]
        try:
            if is_part(ack.key):
                await handle.signal("note", {"by": by, "text": _seen(ack)})
            else:
                await handle.signal("ack", {"by": by})
                await handle.signal("note", {"by": by, "text": f"Acknowledged in {ack.product} as {ack.called}."})
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            return None  # it closed meanwhile
        return Acknowledged(reference, workflow_id)


def _seen(ack: Ack) -> str:
    kind, what = about(ack.key)
    seen = {"gate": f"the question about {what}", "clock": f"the page about the clock {what}"}.get(
        kind, "a message of this incident"
    )
    end = " That is no answer to it." if kind == "gate" else ""
    return f"Has seen {seen} in {ack.product} as {ack.called}.{end}"


def _reference(found: WorkflowExecutionDescription) -> str:
    """What the incident calls itself, because a reopened one keeps its first reference; else computed."""
    said = found.typed_search_attributes.get(REFERENCE)
    return said or ids.reference(ids.incident_id(found.id, found.raw_description.workflow_execution_info.first_run_id))


def _over(found: WorkflowExecutionDescription) -> bool:
    """Whether nobody can acknowledge it any more. Raises Reopening if it will be back in a moment."""
    if found.status in (WorkflowExecutionStatus.RUNNING, WorkflowExecutionStatus.CONTINUED_AS_NEW):
        return False
    ended = found.close_time if found.status is WorkflowExecutionStatus.TERMINATED else None
    if ended is not None and datetime.now(UTC) - ended < REOPENS_WITHIN:
        raise Reopening(f"{found.id} was terminated and is being reopened from its record; send it again")
    return True
