"""A change of the controls, carried out once per idempotency key."""

import json
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response

from halon.drill.door import call_of
from halon.drill.sandbox import SandboxAgent
from halon.drill.traces import Json


def once(agent: SandboxAgent, request: Request, change: Callable[[], Json]) -> Response:
    """The answer to a control call. Raises what ``change`` raises."""

    def effect() -> tuple[str, bool]:
        body = change()
        # Only a repeated revocation says "already": it was carried out and changed nothing.
        return json.dumps(body), "already" not in body

    answer = agent.carry_out(call_of(request), effect)
    headers = {"Idempotent-Replay": "true"} if answer.replayed else None
    return Response(answer.body, answer.status, headers, "application/json")
