"""How the command line sees a restricted incident: as whom, by which proof, and what is said to whoever is not named."""

from __future__ import annotations

import json
import sys
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from halon.cli import proving
from halon.cli.problems import CommandFailed
from halon.incident.restricting import headline, looking
from halon.incident.restriction import restricted

if TYPE_CHECKING:
    from pathlib import Path

    from temporalio.client import Client

    from halon.incident.state import State

EVERY = 30.0
"""Seconds between two looks of ``halon watch``: each is put on record."""
WHOLE, LOG = "everything", "log"


class Restricted(CommandFailed):
    """Only named people see the incident, and nobody said who looks."""


@dataclass(slots=True)
class Looker:
    """Who looks, and what was seen. ``whole``: one look shows ``everything`` or the
    ``log``, for commands that show more than one thing; empty: each query is looked at by itself."""

    by: str = ""
    proofs: proving.Proofs = field(default_factory=proving.Proofs)
    person: bool = False
    whole: str = ""
    seen: dict[str, Any] = field(default_factory=dict)

    def afresh(self) -> None:
        """Forget what was seen. A code serves once: the next look asks for another."""
        self.seen.clear()
        self.proofs = replace(self.proofs, code="")


_LOOKER: ContextVar[Looker | None] = ContextVar("looker", default=None)


def as_whom(
    by: str | None, code: str | None = None, sign: Path | None = None, *, as_json: bool = False, whole: str = WHOLE
) -> Looker:
    """From here on, this command looks as ``by``; empty: as nobody."""
    person = not as_json and sys.stdin.isatty() and sys.stdout.isatty()
    looker = Looker(by or "", proving.Proofs(code or "", sign), person, whole)
    _LOOKER.set(looker)
    return looker


def who_looks() -> str:
    """Who looks, as typed; empty if nobody said it."""
    looker = _LOOKER.get()
    return looker.by if looker is not None else ""


def is_so(answer: Any) -> bool:
    """Whether a query answered that its incident is restricted."""
    return isinstance(answer, dict) and answer.get("restricted") is True


async def see(client: Client, workflow_id: str, query: str, answer: dict[str, Any]) -> Any:
    """What ``query`` shows to whoever types this, by the Update ``look``. Raises Restricted, SaidNo, NoWorker."""
    looker = _LOOKER.get()
    if looker is None or not looker.by:
        raise Restricted(str(answer["headline"]).partition(" If you are one")[0],
                         f"halon status {answer['reference']} --by NAME")  # fmt: skip
    if query not in looker.seen:
        what = looker.whole or query
        payload = {"by": looker.by, "what": what}
        told = json.loads(await proving.said(client, workflow_id, "look", payload, looker.proofs, person=looker.person))
        looker.seen |= told if looker.whole else {query: told}
    return looker.seen[query]


def require_open(state: State | None) -> None:
    """Raise Restricted for a mirrored state that only named people see: who looks is verified by a worker."""
    if state is not None and restricted(state):
        raise Restricted(headline(state).partition(" If you are one")[0],
                         f"start a worker: halon up, or halon worker; then {looking(state)} --by NAME")  # fmt: skip
