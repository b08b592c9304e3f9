"""The routes of the holds: sessions, tenants, sources, domains, links, texts and versions, each with a read-back."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import Response

from halon.drill import hold_views as views
from halon.drill.holds import changed, require_pinnable, require_source
from halon.drill.once import once
from halon.drill.sandbox import SandboxAgent
from halon.drill.shapes import BlockBody, IsolationBody, PinBody, QuarantineBody, RuleBody, SwitchBody
from halon.drill.traces import Json

Name = Annotated[str, Path(min_length=1, max_length=200)]
Domain = Annotated[str, Path(max_length=253, pattern=r"^[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*$")]


def hold_routes(agent: SandboxAgent) -> APIRouter:
    """Routes that read and change what is held back."""
    router = APIRouter(prefix="/control")
    state, holds = agent.state, agent.state.controls.holds

    @router.get("/hard-stop")
    async def hard_stop() -> Json:
        return {"on": holds.hard_stop}

    @router.put("/hard-stop")
    async def set_hard_stop(body: SwitchBody, request: Request) -> Response:
        def change() -> Json:
            holds.stop_hard(body.on)
            return {"on": holds.hard_stop}

        return once(agent, request, change)

    @router.get("/drain")
    async def drain() -> Json:
        return views.drain(holds)

    @router.put("/drain")
    async def set_drain(body: SwitchBody, request: Request) -> Response:
        def change() -> Json:
            holds.drain(body.on)
            return views.drain(holds)

        return once(agent, request, change)

    @router.get("/sessions")
    async def sessions() -> Json:
        return views.sessions(state)

    @router.post("/sessions/end")
    async def end_all(request: Request) -> Response:
        def change() -> Json:
            holds.all_ended_at = datetime.now(UTC)
            return views.sessions(state)

        return once(agent, request, change)

    @router.get("/sessions/{session}")
    async def session(session: Name) -> Json:
        return views.session(state, session)

    @router.post("/sessions/{session}/end")
    async def end_session(session: Name, request: Request) -> Response:
        def change() -> Json:
            holds.end_session(session)
            return views.session(state, session)

        return once(agent, request, change)

    @router.get("/tenants/{tenant}")
    async def tenant(tenant: Name) -> Json:
        return views.tenant(holds, tenant)

    @router.put("/tenants/{tenant}")
    async def set_tenant(tenant: Name, body: IsolationBody, request: Request) -> Response:
        def change() -> Json:
            holds.tenants = changed(holds.tenants, tenant, body.isolated)
            return views.tenant(holds, tenant)

        return once(agent, request, change)

    @router.get("/sources/{source}")
    async def source(source: Name) -> Json:
        require_source(source)
        return views.source(holds, source)

    @router.put("/sources/{source}")
    async def set_source(source: Name, body: QuarantineBody, request: Request) -> Response:
        def change() -> Json:
            holds.quarantine(source, body.quarantined)
            return views.source(holds, source)

        return once(agent, request, change)

    @router.get("/egress/{domain}")
    async def domain(domain: Domain) -> Json:
        return views.domain(holds, domain)

    @router.put("/egress/{domain}")
    async def set_domain(domain: Domain, body: BlockBody, request: Request) -> Response:
        def change() -> Json:
            holds.domains = changed(holds.domains, domain, body.blocked)
            return views.domain(holds, domain)

        return once(agent, request, change)

    @router.get("/links")
    async def links() -> Json:
        return {"blocked": holds.links}

    @router.put("/links")
    async def set_links(body: BlockBody, request: Request) -> Response:
        def change() -> Json:
            holds.links = body.blocked
            return {"blocked": holds.links}

        return once(agent, request, change)

    @router.get("/guardrails/{rule}")
    async def rule(rule: Name) -> Json:
        return views.rule(holds, rule)

    @router.put("/guardrails/{rule}")
    async def set_rule(rule: Name, body: RuleBody, request: Request) -> Response:
        def change() -> Json:
            holds.hold_back(rule, body.blocks)
            return views.rule(holds, rule)

        return once(agent, request, change)

    @router.get("/pins/{what}")
    async def pin(what: Name) -> Json:
        require_pinnable(what)
        return views.pin(holds, what)

    @router.put("/pins/{what}")
    async def set_pin(what: Name, body: PinBody, request: Request) -> Response:
        def change() -> Json:
            holds.pin(what, body.value)
            return views.pin(holds, what)

        return once(agent, request, change)

    return router
