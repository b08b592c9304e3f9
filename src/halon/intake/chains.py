"""How far each chain of incidents has come: read for all chains at once, now and then, instead of for each new alert.

Only chains that went beyond their first incident are kept. A chain that began since then is found by its first number,
which the server still knows: it forgets a closed incident after days, and this is read again within the hour.
"""

from __future__ import annotations

import asyncio
import logging
import time

from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from halon.incident import ids

WORKFLOW = "Incident"
AGAIN_AFTER = 3600.0
"""Seconds after which all chains are read again: far less than any retention of closed workflows."""
TRIED_AGAIN_AFTER = 30.0
HINT_SECONDS = 2.0
"""Time that reading one chain may take; what it says is a hint only."""
_MOST_KEPT = 100_000
_log = logging.getLogger(__name__)


class Chains:
    """The newest number of each chain, as Temporal's visibility says it: late by a moment, and so a hint only."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._newest: dict[str, int] | None = None
        self._next_at = 0.0
        self._reading: asyncio.Task[None] | None = None

    async def newest(self, key: str) -> int:
        """The newest number of the chain of ``key``; 0 if none is known. Raises RPCError if there is no such namespace."""
        if self._reading is None and time.monotonic() >= self._next_at:
            self._next_at = time.monotonic() + TRIED_AGAIN_AFTER
            self._reading = asyncio.create_task(self._read(), name="read how far the chains have come")
        if self._newest is not None:
            return self._newest.get(key, 0)
        return await self._newest_of(key)

    async def aclose(self) -> None:
        """Stop reading."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)

    async def _read(self) -> None:
        found: dict[str, int] = {}
        try:
            async for execution in self._client.list_workflows(f"WorkflowType = '{WORKFLOW}'", page_size=1000):
                first, _, last = execution.id.rpartition("~")
                number = numbered(first, execution.id) if last else 0
                if number > 1:
                    key = first.removeprefix(ids.PREFIX)
                    found[key] = max(number, found.get(key, 0))
                    if len(found) > _MOST_KEPT:
                        raise _TooMany
            self._newest, self._next_at = found, time.monotonic() + AGAIN_AFTER
        except _TooMany:
            _log.warning("more than %d chains of incidents: each is asked for by itself", _MOST_KEPT)
            self._newest, self._next_at = None, time.monotonic() + AGAIN_AFTER
        except (RPCError, RuntimeError, OSError) as error:
            _log.warning("how far the chains of incidents have come could not be read, tried again: %s", error)
        finally:
            self._reading = None

    async def _newest_of(self, key: str) -> int:
        first = ids.workflow_id(key)
        # A slug holds none of the characters that would end the quoted text.
        query = f"WorkflowType = '{WORKFLOW}' AND (WorkflowId = '{first}' OR WorkflowId STARTS_WITH '{first}~')"
        # Newest start first. Closed ones count too: the chain may be long, and its first numbers already expired.
        try:
            async with asyncio.timeout(HINT_SECONDS):
                found = self._client.list_workflows(query, page_size=100, limit=100)
                return max([numbered(first, execution.id) async for execution in found], default=0)
        except TimeoutError:
            return 0
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:  # the namespace: nothing can be said of any incident
                raise
            _log.warning("no hint of the newest incident of %s, so its chain is walked: %s", key, error)
            return 0


class _TooMany(Exception):
    """More chains than are worth keeping."""


def numbered(first: str, workflow_id: str) -> int:
    """The number of ``workflow_id`` in the chain of ``first``, or 0 if it is not of that chain."""
    if workflow_id == first:
        return 1
    base, _, number = workflow_id.rpartition("~")
    return int(number) if base == first and number.isascii() and number.isdigit() and len(number) < 10 else 0
