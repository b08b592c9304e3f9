"""An answer that was not expected, told so that a person can mend it: what was asked, what came back, where to look."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from halon.connectors.errors import Unexpected
from halon.incident.orders import Call
from halon.redaction import redact

LONGEST_PATH = 160


class Answered(Unexpected):
    """An Unexpected with method and path of the call, and a hint. Never the query: it may hold what is nobody's business."""

    def __init__(self, status: int, what: str, asked: str = "", hint: str = "") -> None:
        super().__init__(status, what)
        self.asked = asked
        self.hint = hint

    def __str__(self) -> str:
        told = f"{self.asked} answered {self.status}".strip() + (f" ({self.hint})" if self.hint else "")
        return f"{told}: {self.what}" if self.what else told

    def __reduce__(self) -> tuple[type[Answered], tuple[int, str, str, str]]:  # type: ignore[override]
        return type(self), (self.status, self.what, self.asked, self.hint)


@contextmanager
def telling(call: Call) -> Iterator[None]:
    """Within it, an answer other than ``call`` expects is raised as ``Answered``."""
    try:
        yield
    except Unexpected as error:
        asked = f"{call.method} {redact(httpx.URL(call.url).path[:LONGEST_PATH]).text}"
        variables = ", ".join(name for name in (call.secret, *call.secrets.values()) if name)
        raise Answered(error.status, error.what, asked, _hint(error.status, variables)) from error


def _hint(status: int, secret: str) -> str:
    """Where to look, by the HTTP status."""
    if status == 401:
        return (
            f"does the agent know the token in {secret}?"
            if secret
            else "the call names no secret; give it one in the kit"
        )
    if status == 403:
        return f"the token in {secret or 'use'} does not allow this"
    if status == 404:
        return "does control_url have the right prefix, and does the agent have a tool of this name?"
    return ""
