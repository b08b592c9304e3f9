"""The routes that a customer, a collector and Prometheus use."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Query
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import AwareDatetime
from starlette.responses import Response

from halon.drill.behaviour import Case
from halon.drill.profile import DESCRIPTION
from halon.drill.sandbox import SandboxAgent
from halon.drill.shapes import ChatBody
from halon.drill.state import Action
from halon.drill.traces import Json, to_otlp

Limit = Annotated[int, Query(ge=1, le=1000)]


def agent_routes(agent: SandboxAgent) -> APIRouter:
    """Routes for talking to the agent and for looking at what it did."""
    router = APIRouter()

    @router.get("/")
    async def describe() -> Json:
        return {
            "name": agent.name,
            "description": DESCRIPTION,
            "try": "POST /v1/chat with session, customer and message",
            "openapi": "/openapi.json",
        }

    @router.get("/healthz")
    async def health() -> Json:
        return {"ok": True, "name": agent.name, "version": agent.profile().version}

    @router.get("/v1/agent")
    async def who() -> Json:
        return asdict(agent.profile())

    @router.post("/v1/chat")
    async def chat(body: ChatBody) -> Json:
        reply = await agent.chat(body.session, Case(body.message, body.customer))
        return {
            "session": reply.session,
            "reply": reply.text,
            "fallback": reply.fallback,
            "actions": [
                {"id": action.id, "tool": action.tool, "status": action.status, "reason": action.reason}
                for action in reply.actions
            ],
            "trace_id": reply.trace_id,
        }

    @router.get("/v1/actions")
    async def actions(
        since: AwareDatetime | None = None, until: AwareDatetime | None = None, limit: Limit = 100
    ) -> Json:
        logged = [one for one in agent.state.actions if since is None or one.at >= since]
        logged = [one for one in logged if until is None or one.at <= until]
        return {"actions": [_logged(action) for action in (logged[-limit:] if since is None else logged[:limit])]}

    @router.get("/v1/traces")
    async def traces(
        trace_id: Annotated[str | None, Query(max_length=64)] = None,
        since: AwareDatetime | None = None,
        until: AwareDatetime | None = None,
        limit: Limit = 100,
    ) -> Json:
        return to_otlp(agent.traces.find(trace_id=trace_id, since=_ns(since), until=_ns(until), limit=limit))

    @router.get("/metrics")
    async def metrics() -> Response:
        exposition = agent.metrics.exposition(kill_switch=agent.state.controls.kill_switch)
        return Response(exposition, headers={"Content-Type": CONTENT_TYPE_LATEST})

    return router


def _ns(moment: AwareDatetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp() * 1_000_000) * 1000


def _logged(action: Action) -> Json:
    row: Json = {
        "id": action.id,
        "at": action.at.isoformat().replace("+00:00", "Z"),
        "session": action.session,
        "tool": action.tool,
        "arguments": action.arguments,
        "status": action.status,
        "reason": action.reason,
        "trace_id": action.trace_id,
        "credential": action.credential,
        "authorised": action.authorised,
    }
    if action.recipient_domain is not None:
        row["recipient_domain"] = action.recipient_domain
    return row
