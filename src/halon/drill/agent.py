"""The HTTP app of the sandbox agent."""

from typing import cast

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from halon.drill.agent_routes import agent_routes
from halon.drill.control_routes import control_routes
from halon.drill.door import Door
from halon.drill.hold_routes import hold_routes
from halon.drill.inside_routes import inside_routes
from halon.drill.problems import Problem, problem_response, response_for
from halon.drill.profile import DESCRIPTION
from halon.drill.rehearsal_routes import rehearsal_routes
from halon.drill.sandbox import SandboxAgent

_MOST_ERRORS_SHOWN = 5


def create_app(agent: SandboxAgent, token: str) -> ASGIApp:
    """The app for one agent, behind its door.

    Args:
        agent: the agent to serve.
        token: the control token; must not be empty.

    Raises:
        ValueError: the token is empty.
    """
    if not token:
        raise ValueError("the control token is empty")
    app = FastAPI(
        title=f"Sandbox agent {agent.name}",
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.include_router(agent_routes(agent))
    app.include_router(inside_routes(agent))
    app.include_router(control_routes(agent))
    app.include_router(hold_routes(agent))
    app.include_router(rehearsal_routes(agent))
    app.add_exception_handler(Problem, _on_problem)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(Exception, _on_crash)
    return Door(app, token, lambda: agent.state.calls, agent.save)


async def _on_problem(request: Request, error: Exception) -> Response:
    return response_for(cast(Problem, error))


async def _on_invalid(request: Request, error: Exception) -> Response:
    found = [
        f"{'.'.join(str(part) for part in item['loc'])}: {item['msg']}"
        for item in cast(RequestValidationError, error).errors()[:_MOST_ERRORS_SHOWN]
    ]
    return problem_response(422, "not-understood", "; ".join(found))


async def _on_http(request: Request, error: Exception) -> Response:
    refused = cast(HTTPException, error)
    names = {404: "not-known", 405: "method-not-allowed"}
    name = names.get(refused.status_code, "refused")
    headers = dict(refused.headers) if refused.headers else None
    return problem_response(
        refused.status_code, name, f"{refused.detail}: {request.method} {request.url.path}", headers
    )


async def _on_crash(request: Request, error: Exception) -> Response:
    # Starlette raises the error again after this answer, so the server logs it with its trace.
    return problem_response(500, "internal", f"{type(error).__name__}; the agent's log has the details")
