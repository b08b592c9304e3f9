"""A route whose endpoint reads the request by itself: no arguments are solved, no answer is checked a second time.

Both cost more than everything else that the door does with a small delivery, and so do the steps by which the framework
finds a route; ``StraightAway`` calls the endpoint without them. What the route takes and answers stands in the OpenAPI
page as for any other.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

from fastapi import Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send


class StraightRoute(APIRoute):
    """Calls its endpoint with the request and the path's parameters, as text; the endpoint returns a model."""

    def get_route_handler(self) -> Callable[[Request], Awaitable[Response]]:  # type: ignore[override]
        """See the base class."""
        return self.handled

    async def handled(self, request: Request) -> Response:
        """The answer to ``request``, whose path fits."""
        endpoint: Callable[..., Awaitable[BaseModel]] = self.endpoint
        answer = await endpoint(request=request, **request.path_params)
        return Response(answer.model_dump_json(), media_type="application/json")


class StraightAway:
    """ASGI middleware: a request that fits one of ``routes`` is answered at once, all others by the application.

    Whoever stands in front answers what is raised, Problem too; see ``outer.py``.
    """

    def __init__(self, app: ASGIApp, routes: Iterable[BaseRoute]) -> None:
        self._app = app
        self._routes = [route for route in routes if isinstance(route, StraightRoute)]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http" and not scope.get("root_path"):
            for route in self._routes:
                if scope["method"] in (route.methods or ()) and (fits := route.path_regex.match(scope["path"])):
                    scope["path_params"] = fits.groupdict()
                    await (await route.handled(Request(scope, receive, send)))(scope, receive, send)
                    return
        await self._app(scope, receive, send)
