"""Calls the agents of a kit as an incident would: does each answer, and is its fallback really served?"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from halon.kit.tonight import Finding, Item

if TYPE_CHECKING:
    from halon.incident.orders import Call
    from halon.kit import Kit

AT_ONCE = 8
READING: tuple[str, ...] = ("describe", "controls", "actions")


async def probed(kit: Kit) -> tuple[Finding, ...]:
    """What is amiss with agents that were called just now. Only calls that read are made."""
    from halon.connectors.errors import ConnectorError
    from halon.connectors.http import new_client, send
    from halon.connectors.pointers import unmet

    limit = asyncio.Semaphore(AT_ONCE)
    async with new_client() as client:

        async def tried(agent: str, what: str, item: Item, call: Call) -> Finding | None:
            async with limit:
                try:
                    answer = await send(call, key=None, client=client, environ=os.environ)
                except ConnectorError as error:
                    return Finding(
                        "fails", item, f"{what} of {agent} can't be read: {error}", "try it from where the worker runs"
                    )
            wrong = unmet(call.expect_json, answer.json)
            if not wrong:
                return None
            return Finding(
                "fails", item, f"{what} of {agent} is not as it should be: {'; '.join(wrong)}", "look at the agent"
            )

        found = await asyncio.gather(*(tried(*one) for one in _tries(kit)))
    return tuple(one for one in found if one is not None)


def _tries(kit: Kit) -> Iterator[tuple[str, str, Item, Call]]:
    for agent in sorted(kit.policy.agents):
        calls = kit.observe.get(agent, {})
        name = next((name for name in READING if name in calls and calls[name].method == "GET"), None)
        if name is not None:
            yield agent, name, "logging and traceability", calls[name]
        if agent in kit.probes:
            yield agent, "the fallback", "known-good fallback", kit.probes[agent]
