"""A route whose endpoint reads the request by itself: no arguments are solved, no answer is checked a second time.

Both cost more than everything else that the door does with a small delivery. What the route takes and answers stands in
the OpenAPI page as for any other.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from fastapi import Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel


class StraightRoute(APIRoute):
    """Calls its endpoint with the request and the path's parameters, as text; the endpoint returns a model."""

    def get_route_handler(self) -> Callable[[Request], Awaitable[Response]]:  # type: ignore[override]
        """See the base class."""
        endpoint: Callable[..., Awaitable[BaseModel]] = self.endpoint

        async def handle(request: Request) -> Response:
            answer = await endpoint(request=request, **request.path_params)
            return Response(answer.model_dump_json(), media_type="application/json")

        return handle
