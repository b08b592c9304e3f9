"""What the front door answers when it says no, as types and as problem+json (RFC 9457).

Problem
├── Unauthorised          401  no token or a wrong one
├── NotFromHere           403  open only from this machine, and the request came another way
├── UnknownSource         404  no such source; the known ones are listed
├── UnknownIncident       404  no such incident
├── NoSuchPath            404  nothing is at this path
├── TooSlow               408  the body did not arrive in time
├── TooLarge              413  over the bound in bytes
├── WrongMediaType        415  not JSON, or compressed
├── BadPayload            422  JSON, but not what this source sends; names the place
└── Unavailable           503  not held; the sender must try again
    ├── Busy              503  too many requests at once
    └── Reopening         503  the incident was terminated and is being reopened
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, ClassVar

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from halon.incident.errors import HalonError
from halon.intake.trail import trail_of
from halon.redaction import redact

MEDIA_TYPE = "application/problem+json"
_LONGEST = 300


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

    def response(self, instance: str = "") -> JSONResponse:
        """The refusal as problem+json. ``instance`` names the occurrence, as the log does."""
        members = {**self.members, "instance": instance} if instance else self.members
        return problem_response(self.status, self.name, self.title, self.detail, self.headers, members)


class Unauthorised(Problem):
    """No token came, or a wrong one."""

    status, name, title = 401, "unauthorised", "No valid token"

    def __init__(self, detail: str, *, challenge: str = "Bearer") -> None:
        super().__init__(detail, headers={"WWW-Authenticate": challenge})


class NotFromHere(Problem):
    """This is open only from this machine until a token is set."""

    status, name, title = 403, "not-from-here", "Only from this machine"


class UnknownSource(Problem):
    """No source has this name."""

    status, name, title = 404, "unknown-source", "Unknown source"

    def __init__(self, known: list[str] | None) -> None:
        """``known`` is None for whom the names of the sources are no business."""
        if known is None:
            super().__init__("no source of this name is in the kit; look at its sources.yaml for the right one")
        else:
            listed = ", ".join(known) or "none"
            super().__init__(f"no source of this name is in the kit; known: {listed}", known=known)


class UnknownIncident(Problem):
    """No incident has this reference or workflow id."""

    status, name, title = 404, "unknown-incident", "Unknown incident"


class NoSuchPath(Problem):
    """Nothing is at this path."""

    status, name, title = 404, "not-found", "Not Found"

    def __init__(self) -> None:
        super().__init__("nothing is at this path; see /docs for what this door offers")


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
        # Places can hold names out of the payload, and any name can be a secret.
        told = [{name: redact(text[:_LONGEST]).text for name, text in each.items()}
                for each in errors or [{"where": where, "why": why}]]  # fmt: skip
        first = told[0]
        super().__init__(f"{first['where']}: {first['why']}; correct it and send it again", errors=told)
        self.where = where


class Unavailable(Problem):
    """Nothing is held: the sender must try again. ``retry_after`` is in seconds."""

    status, name, title = 503, "unavailable", "Not held, try again"

    def __init__(self, detail: str, retry_after: int = 5) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after)})
        self.retry_after = retry_after


class Busy(Unavailable):
    """More requests are under way than one gateway takes."""

    name, title = "busy", "Too much at once, try again"

    def __init__(self) -> None:
        super().__init__("more requests are under way at this door than it takes; send it again")


class Reopening(Unavailable):
    """The incident was terminated a moment ago and is being reopened under its id."""

    name, title = "reopening", "The incident is being reopened"


def failed() -> Problem:
    """What is told of a failure of Halon's own: nothing of its inside."""
    return Problem("Halon acknowledges nothing of this request; send it again, and look into the gateway's log")


def problem_response(
    status: int, name: str, title: str, detail: str, headers: Mapping[str, str], members: Mapping[str, Any]
) -> JSONResponse:
    """A refusal as problem+json."""
    body = {"type": f"urn:halon:problem:{name}", "title": title, "status": status, "detail": detail, **members}
    return JSONResponse(body, status_code=status, headers=dict(headers), media_type=MEDIA_TYPE)


def problem_body(status: int, name: str, title: str, detail: str) -> bytes:
    """A refusal as problem+json, for where there is no request yet."""
    return bytes(problem_response(status, name, title, detail, {}, {}).body)


def install(app: FastAPI) -> None:
    """Make ``app`` answer every refusal as problem+json, those of the framework too. Failures: see ``outer.py``."""

    @app.exception_handler(Problem)
    async def on_problem(request: Request, error: Problem) -> JSONResponse:
        return _told(request, error)

    @app.exception_handler(RequestValidationError)
    async def on_arguments(request: Request, error: RequestValidationError) -> JSONResponse:
        # Only places that this door names itself, in the path and the query, are said again.
        errors = [{"where": ".".join(str(part) for part in found["loc"])[:100], "why": str(found["msg"])[:200]}
                  for found in error.errors()]  # fmt: skip
        return _told(request, BadPayload(errors[0]["where"], errors[0]["why"], errors[:20]))

    @app.exception_handler(HTTPException)
    async def on_framework(request: Request, error: HTTPException) -> JSONResponse:
        title = HTTPStatus(error.status_code).phrase
        name = title.lower().replace(" ", "-")
        trail = trail_of(request)
        trail.outcome = name
        detail = f"{title}: see /docs for what this door offers"
        members = {"instance": trail.instance}
        return problem_response(error.status_code, name, title, detail, error.headers or {}, members)


def _told(request: Request, problem: Problem) -> JSONResponse:
    trail = trail_of(request)
    trail.outcome = problem.name
    return problem.response(trail.instance)
