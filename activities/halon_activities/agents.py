"""Reach an agent as the kit says, and read what it did."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from halon.connectors.errors import ConnectorError
from halon.connectors.http import LARGEST, Response, send
from halon.incident.errors import HalonError
from halon.incident.orders import Call
from halon.kit import UnknownAgent
from halon_activities.failures import NoConnector
from halon_activities.hands import Hands
from halon_activities.telemetry import Deed, deeds_in
from halon_activities.telling import telling

MOST = "1000"
"""Actions or traces that are asked for at once."""


class NotSeen(HalonError):
    """The agent could not be looked at."""


def call_of(hands: Hands, agent: str, name: str) -> Call:
    """The kit's call of this name for ``agent``. Raises NoConnector."""
    try:
        found = hands.kit.calls(agent).get(name)
    except UnknownAgent as error:
        raise NoConnector(str(error)) from error
    if found is None:
        raise NoConnector(
            f"the kit has no call {name!r} for the agent {agent[:80]!r}; add it to the observe part of its connector"
        )
    return found


async def ask(
    hands: Hands,
    agent: str,
    name: str,
    *,
    params: Mapping[str, str] | None = None,
    body: Any = None,
    largest: int = LARGEST,
) -> Response:
    """Make the kit's call of this name. Raises NoConnector and what ``halon.connectors.http.send`` raises."""
    call = call_of(hands, agent, name)
    with telling(call):
        return await send(
            call, key=None, client=hands.http, environ=hands.environ, params=params, body=body, largest=largest
        )


async def deeds_since(hands: Hands, agent: str, since: str) -> list[Deed]:
    """The agent's action log since ``since`` (ISO 8601 UTC), oldest first. Raises NotSeen."""
    try:
        answer = await ask(hands, agent, "actions", params={"since": since, "limit": MOST})
    except (ConnectorError, NoConnector) as error:
        raise NotSeen(f"the action log of {agent[:80]} can't be read: {error}") from error
    deeds = deeds_in(answer.json)
    if deeds is None:
        raise NotSeen(f"the action log of {agent[:80]} has not the shape of one")
    return deeds
