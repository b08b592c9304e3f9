"""What can go wrong at the doors of the sandbox agent, as types, and their form as problem+json (RFC 9457)."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType

from starlette.responses import Response

_TYPE = "urn:halon:sandbox-agent:"


class Problem(Exception):
    """A request that is answered with an error. Subclasses fix the HTTP status and the short name of the type."""

    status = 500
    name = "internal"
    headers: Mapping[str, str] = MappingProxyType({})


class Unauthorised(Problem):
    """The control token is missing or wrong."""

    status = 401
    name = "unauthorised"
    headers = MappingProxyType({"WWW-Authenticate": "Bearer"})


class NotKnown(Problem):
    """There is no tool, token or document of that name."""

    status = 404
    name = "not-known"


class Irreversible(Problem):
    """The request would take back what can't be taken back, such as the revocation of a token."""

    status = 409
    name = "irreversible"


class TooMany(Problem):
    """A bound of the sandbox is reached."""

    status = 409
    name = "too-many"


class TooLarge(Problem):
    """The body is larger than the sandbox accepts."""

    status = 413
    name = "too-large"


class NotUnderstood(Problem):
    """The request is well formed and names something that does not exist or can't be."""

    status = 422
    name = "not-understood"


class KeyReused(Problem):
    """An idempotency key came back with another method, path or body."""

    status = 422
    name = "key-reused"


class HardStopped(Problem):
    """The agent is stopped hard: nobody is answered."""

    status = 503
    name = "hard-stop"


class Throttled(Problem):
    """The rate limit is used up."""

    status = 429
    name = "throttled"

    def __init__(self, detail: str, retry_after: int) -> None:
        super().__init__(detail)
        self.headers = {"Retry-After": str(retry_after)}


def problem_response(status: int, name: str, detail: str, headers: Mapping[str, str] | None = None) -> Response:
    """A problem+json response."""
    body = {"type": _TYPE + name, "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    return Response(json.dumps(body), status, headers, "application/problem+json")


def response_for(problem: Problem) -> Response:
    """The response that a problem asks for."""
    return problem_response(problem.status, problem.name, str(problem), problem.headers)
