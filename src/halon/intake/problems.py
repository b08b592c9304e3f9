"""What the front door answers when it says no, as types and as problem+json (RFC 9457).

Problem
├── Unauthorised          401  no token or a wrong one
├── NotFromHere           403  open only from this machine, and the request came another way
├── UnknownSource         404  no such source; the known ones are listed
├── UnknownIncident       404  no such incident
├── TooSlow               408  the body did not arrive in time
├── TooLarge              413  over the bound in bytes
├── WrongMediaType        415  not JSON, or compressed
├── BadPayload            422  JSON, but not what this source sends; names the place
└── Unavailable           503  not held; the sender must try again
    └── Reopening         503  the incident was terminated and is being reopened
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, ClassVar

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from halon.incident.errors import HalonError

MEDIA_TYPE = "application/problem+json"
_log = logging.getLogger(__name__)


class Problem(HalonError):
    """A refusal: HTTP status, a name that scripts may branch on, a sentence with the next step, and more members."""

    status: ClassVar[int] = 500
    name: ClassVar[str] = "internal"
    title: ClassVar[str] = "Halon failed"

    def __init__(self, detail: str, *, headers: Mapping[str, str] | None = None, **members: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.headers = dict(headers or {})
        self.members = members

    def response(self) -> JSONResponse:
        """The refusal as problem+json."""
        return problem_response(self.status, self.name, self.title, self.detail, self.headers, self.members)


class Unauthorised(Problem):
    """No token came, or a wrong one."""

    status, name, title = 401, "unauthorised", "No valid token"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, headers={"WWW-Authenticate": "Bearer"})


class NotFromHere(Problem):
    """This is open only from this machine until a token is set."""

    status, name, title = 403, "not-from-here", "Only from this machine"


class UnknownSource(Problem):
    """No source has this name."""

    status, name, title = 404, "unknown-source", "Unknown source"

    def __init__(self, source: str, known: list[str]) -> None:
        listed = ", ".join(known) or "none"
        super().__init__(f"no source {source[:60]!r} in the kit; known: {listed}", known=known)


class UnknownIncident(Problem):
    """No incident has this reference or workflow id."""

    status, name, title = 404, "unknown-incident", "Unknown incident"


class TooSlow(Problem):
    """The body did not arrive in time."""

    status, name, title = 408, "too-slow", "The delivery did not arrive in time"


class TooLarge(Problem):
    """The delivery has more bytes than are allowed."""

    status, name, title = 413, "too-large", "The delivery is too large"

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"a delivery may have {limit} bytes; send fewer alerts at once, or raise HALON_LIMIT_BODY",
            headers={"Connection": "close"},
            limit=limit,
        )


class WrongMediaType(Problem):
    """The delivery is not uncompressed JSON in UTF-8."""

    status, name, title = 415, "wrong-media-type", "The delivery must be JSON"


class BadPayload(Problem):
    """The delivery is not what this source sends. ``where`` names the place in it."""

    status, name, title = 422, "bad-payload", "The delivery can't be read"

    def __init__(self, where: str, why: str, errors: list[dict[str, str]] | None = None) -> None:
        told = errors or [{"where": where, "why": why}]
        super().__init__(f"{where}: {why}; correct it and send it again", errors=told)
        self.where = where


class Unavailable(Problem):
    """Nothing is held: the sender must try again. ``retry_after`` is in seconds."""

    status, name, title = 503, "unavailable", "Not held, try again"

    def __init__(self, detail: str, retry_after: int = 5) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after)})
        self.retry_after = retry_after


class Reopening(Unavailable):
    """The incident was terminated a moment ago and is being reopened under its id."""

    name, title = "reopening", "The incident is being reopened"


def problem_response(
    status: int, name: str, title: str, detail: str, headers: Mapping[str, str], members: Mapping[str, Any]
) -> JSONResponse:
    """A refusal as problem+json."""
    body = {"type": f"urn:halon:problem:{name}", "title": title, "status": status, "detail": detail, **members}
    return JSONResponse(body, status_code=status, headers=dict(headers), media_type=MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Make ``app`` answer every refusal and failure as problem+json, those of the framework too."""

    @app.exception_handler(Problem)
    async def on_problem(request: Request, error: Problem) -> JSONResponse:
        return error.response()

    @app.exception_handler(RequestValidationError)
    async def on_arguments(request: Request, error: RequestValidationError) -> JSONResponse:
        errors = [
            {"where": ".".join(str(part) for part in found["loc"]), "why": str(found["msg"])}
            for found in error.errors()
        ]
        return BadPayload(errors[0]["where"], errors[0]["why"], errors[:20]).response()

    @app.exception_handler(HTTPException)
    async def on_framework(request: Request, error: HTTPException) -> JSONResponse:
        title = HTTPStatus(error.status_code).phrase
        name = title.lower().replace(" ", "-")
        detail = f"{title}: see /docs for what this door offers"
        return problem_response(error.status_code, name, title, detail, error.headers or {}, {})

    @app.exception_handler(Exception)
    async def on_bug(request: Request, error: Exception) -> JSONResponse:
        _log.error("a request failed", exc_info=error)
        return Problem(
            "Halon acknowledges nothing of this request; send it again, and look into the gateway's log"
        ).response()
