"""Requests to the controls that can't be carried out."""

from __future__ import annotations


class Problem(Exception):
    """A request that is answered with problem+json."""

    def __init__(self, status: int, name: str, detail: str, **headers: str) -> None:
        super().__init__(detail)
        self.status, self.name, self.headers = status, name, {k.replace("_", "-"): v for k, v in headers.items()}


def not_understood(detail: str) -> Problem:
    """The request is not what its route takes."""
    return Problem(422, "not-understood", detail)


def not_offered(method: str, path: str) -> Problem:
    """There is no such route."""
    return Problem(404, "not-known", f"{method} {path[:200]} is not offered here")
