"""The routes that show what the agent is made of: configuration, prompts, permissions, what it retrieves from."""

import hashlib

from fastapi import APIRouter

from halon.drill import control_views as views
from halon.drill.behaviour import INSTRUCTIONS
from halon.drill.documents import DOCUMENTS
from halon.drill.sandbox import SandboxAgent
from halon.drill.tools import TOOLS
from halon.drill.traces import Json


def inside_routes(agent: SandboxAgent) -> APIRouter:
    """Routes that only read. The agent keeps nothing of a conversation, so its memory is empty and says so."""
    router = APIRouter(prefix="/v1")

    @router.get("/config")
    async def config() -> Json:
        current = agent.profile()
        return {
            "name": current.name,
            "version": current.version,
            "model": current.model,
            "config": {"isolate_untrusted": agent.state.controls.isolate_untrusted},
            "config_hash": current.config_hash,
        }

    @router.get("/prompts")
    async def prompts() -> Json:
        return {"prompts": [{"name": "instructions", "text": INSTRUCTIONS, "sha256": _sha256(INSTRUCTIONS)}]}

    @router.get("/permissions")
    async def permissions() -> Json:
        tools = [
            {"name": name, "reads_only": tool.reads_only, "scope": tool.scope, **views.tool(agent.state.controls, name)}
            for name, tool in TOOLS.items()
        ]
        return {"tools": tools, "tokens": [views.token(token) for token in agent.state.credentials.tokens.values()],
                "read_only": agent.state.controls.read_only}  # fmt: skip

    @router.get("/memory")
    async def memory() -> Json:
        sources = [{"id": one.id, "source": one.source, "sha256": _sha256(one.text)} for one in DOCUMENTS]
        return {"memory": [], "retrieved_from": sources}

    return router


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
