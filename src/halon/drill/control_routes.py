"""The routes of the controls: each switch has a read-back, and each change takes effect once per idempotency key."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from halon.drill import control_views as views
from halon.drill.credentials import MAIN_TOKEN
from halon.drill.once import once
from halon.drill.sandbox import SandboxAgent
from halon.drill.shapes import (
    GuardrailsBody,
    RateLimitBody,
    ReplacementBody,
    RoutingBody,
    ScopesBody,
    SwitchBody,
    TokenBody,
    ToolBody,
)
from halon.drill.traces import Json

Name = Annotated[str | None, Query(max_length=300)]


def control_routes(agent: SandboxAgent) -> APIRouter:
    """Routes that read and change the controls of one agent."""
    router = APIRouter(prefix="/control")
    state = agent.state

    @router.get("/state")
    async def whole_state() -> Json:
        return views.whole(agent)

    @router.get("/outbox")
    async def outbox() -> Json:
        return views.outbox(agent.outbox)

    @router.get("/calls")
    async def calls(key: Name = None, path: Name = None) -> Json:
        return views.calls(state.calls, key, path)

    @router.get("/kill-switch")
    async def kill_switch() -> Json:
        return {"on": state.controls.kill_switch}

    @router.put("/kill-switch")
    async def set_kill_switch(body: SwitchBody, request: Request) -> Response:
        def change() -> Json:
            state.controls.kill_switch = body.on
            return {"on": body.on}

        return once(agent, request, change)

    @router.get("/read-only")
    async def read_only() -> Json:
        return {"on": state.controls.read_only}

    @router.put("/read-only")
    async def set_read_only(body: SwitchBody, request: Request) -> Response:
        def change() -> Json:
            state.controls.read_only = body.on
            return {"on": body.on}

        return once(agent, request, change)

    @router.get("/tools/{tool}")
    async def tool_state(tool: str) -> Json:
        return views.tool(state.controls, tool)

    @router.put("/tools/{tool}")
    async def set_tool(tool: str, body: ToolBody, request: Request) -> Response:
        def change() -> Json:
            state.controls.enable_tool(tool, body.enabled, body.share)
            return views.tool(state.controls, tool)

        return once(agent, request, change)

    @router.get("/scopes")
    async def scopes(token: Annotated[str, Query(max_length=200)] = MAIN_TOKEN) -> Json:
        return views.scopes(state.credentials.get(token))

    @router.put("/scopes")
    async def set_scopes(body: ScopesBody, request: Request) -> Response:
        return once(agent, request, lambda: views.scopes(state.credentials.set_scopes(body.token, body.scopes)))

    @router.get("/tokens/{token}")
    async def token_state(token: str) -> Json:
        return views.token(state.credentials.get(token))

    @router.put("/tokens/{token}")
    async def set_token(token: str, body: TokenBody, request: Request) -> Response:
        return once(agent, request, lambda: views.token(state.credentials.set_active(token, body.active)))

    @router.post("/tokens/{token}/revoke")
    async def revoke(token: str, request: Request) -> Response:
        def change() -> Json:
            revoked_now = state.credentials.revoke(token)
            return views.token(state.credentials.get(token)) | ({} if revoked_now else {"already": True})

        return once(agent, request, change)

    @router.post("/tokens")
    async def replace(body: ReplacementBody, request: Request) -> Response:
        def change() -> Json:
            return views.token(state.credentials.replace(body.replaces, agent.name)) | {"replaces": body.replaces}

        return once(agent, request, change)

    @router.get("/rate-limit")
    async def rate_limit() -> Json:
        return {"per_minute": state.controls.rate_limit}

    @router.put("/rate-limit")
    async def set_rate_limit(body: RateLimitBody, request: Request) -> Response:
        def change() -> Json:
            state.controls.rate_limit = body.per_minute
            return {"per_minute": body.per_minute}

        return once(agent, request, change)

    @router.get("/guardrails")
    async def guardrails() -> Json:
        return {"isolate_untrusted": state.controls.isolate_untrusted}

    @router.put("/guardrails")
    async def set_guardrails(body: GuardrailsBody, request: Request) -> Response:
        def change() -> Json:
            state.controls.isolate_untrusted = body.isolate_untrusted
            return {"isolate_untrusted": body.isolate_untrusted}

        return once(agent, request, change)

    @router.get("/routing")
    async def routing() -> Json:
        return {"share": state.controls.share}

    @router.put("/routing")
    async def set_routing(body: RoutingBody, request: Request) -> Response:
        def change() -> Json:
            state.controls.share = body.share
            return {"share": body.share}

        return once(agent, request, change)

    return router
