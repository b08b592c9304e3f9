"""A turn of a conversation, and the tool calls within."""

from __future__ import annotations

import contextvars
import hmac
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from halon.control.agent import Agent
from halon.control.refusals import Refused, RehearsalRuns
from halon.control.tools import Tool
from halon.control.values import Json, bounded, utc


class Turn:
    """One turn of a conversation. ``fallback`` is the reply to give if it may not run, ``refusal`` says why."""

    def __init__(
        self, control: Agent, session: str, message: str, customer: str, rehearsal: bool = False, tenant: str = ""
    ) -> None:
        self.control, self.session, self.message, self.customer = control, session, message, customer
        self.tenant, self.admitted, self.entered, self.nameless = tenant, False, False, False
        self.rehearsal, self.trace_id, self.started, self.ended = rehearsal, secrets.token_hex(16), time.time_ns(), 0
        self.fallback: str | None = None
        self.refusal: Refused | None = None
        self.said, self.eur, self.tokens = "", 0.0, 0
        self.documents: list[Json] = []
        self.attempts: list[Attempt] = []
        self.strays: set[str] = set()
        self.tag = secrets.token_hex(16) if rehearsal else ""

    def refuse(self, refusal: Refused, fallback: str) -> None:
        """It may not run, or not any more."""
        self.refusal, self.fallback, self.admitted = refusal, fallback, False

    def reply(self, text: str) -> None:
        """What the agent answered, for the trace."""
        self.said = str(text)

    @property
    def actions(self) -> list[Json]:
        """The tool calls so far, as the action log shows them."""
        return [attempt.row() for attempt in self.attempts]


class Attempt:
    """One call of one tool; as a context manager it notes how the call ended. Times are nanoseconds since the epoch."""

    __slots__ = ("address", "arguments", "authorised", "code", "content", "ended", "id", "keep", "reason", "records",
                 "shown", "started", "status", "tool", "trace_id", "turn")  # fmt: skip

    def __init__(
        self, keep: Callable[[Attempt], None], content: bool, tool: Tool, turn: Turn | None, arguments: Json
    ) -> None:
        self.keep, self.content, self.tool, self.turn, self.arguments = keep, content, tool, turn, arguments
        idents = secrets.token_hex(24)
        self.started, self.id, self.status = time.time_ns(), idents[:16], ""
        self.reason: str | None = None
        self.code: str | None = None
        self.trace_id = idents[16:] if turn is None else turn.trace_id
        self.shown = bounded(arguments) if content else {}
        self.authorised = tool.asked("authorised", arguments, bool)
        self.address, self.records = tool.asked("recipient", arguments, str), tool.asked("records", arguments, int)

    @property
    def session(self) -> str:
        """The session of the turn; empty outside any."""
        return "" if self.turn is None else self.turn.session

    def end(self, status: str, reason: str | None = None, code: str | None = None) -> None:
        """Note how the call ended, and let go of its arguments. A rehearsal is not kept."""
        self.arguments = {}
        self.ended, self.status, self.reason, self.code = time.time_ns(), status, reason, code
        if self.turn is not None and len(self.turn.attempts) < 500:
            self.turn.attempts.append(self)
        if self.turn is None or not self.turn.rehearsal:
            self.keep(self)

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _trace: Any) -> None:
        if kind is None:
            self.end("done")
        else:
            self.end("failed", f"{kind.__name__}: {error}"[:500] if self.content else kind.__name__, kind.__name__)

    def row(self) -> Json:
        """The call as the action log shows it."""
        domain = (self.address or "").rpartition("@")[2].strip("> ").lower()[:255]
        more = {"recipient_domain": domain or None, "records": self.records}
        return {
            "id": self.id, "at": utc(self.started / 1e9), "session": bounded(self.session), "tool": self.tool.name,
            "arguments": self.shown, "status": self.status, "reason": self.reason, "trace_id": self.trace_id,
            "credential": None, "authorised": self.authorised,
        } | {name: value for name, value in more.items() if value is not None}  # fmt: skip


_TURN: contextvars.ContextVar[Turn | None] = contextvars.ContextVar("halon_turn", default=None)


REHEARSAL_HEADER = b"halon-rehearsal"
"""The header that makes a request part of the rehearsal whose ``tag`` it holds."""
_REHEARSALS: list[Turn] = []
"""Those that run in this process, of whichever agent. Forks keep it: a function may fork to do its work."""


def current_turn(control: Agent) -> Turn | None:
    """The turn that runs here: one of this control, or a rehearsal of any. A rehearsal stays one when it is over."""
    turn = _TURN.get()
    if turn is None or turn.rehearsal:
        return turn
    return turn if turn.control is control and not turn.ended else None


def stray(what: str) -> Refused | None:
    """The reason against doing this while a rehearsal runs, if it belongs to no turn. The rehearsals take note of it."""
    turn = _TURN.get()
    if not _REHEARSALS or not (turn is None or turn.ended):
        return None
    for one in list(_REHEARSALS):
        one.strays.add(what)
    sentence = f"A rehearsal runs, and this belongs to no turn of a conversation, so it was not done: {what}."
    return RehearsalRuns(sentence, retry_after=10)


def rehearsal_with(tag: bytes) -> Turn | None:
    """The running rehearsal with this tag."""
    return next((one for one in list(_REHEARSALS) if hmac.compare_digest(one.tag.encode(), tag)), None)


@contextmanager
def within(turn: Turn) -> Iterator[Turn]:
    """Inside, ``turn`` is the one that runs here."""
    before = _TURN.set(turn)
    try:
        yield turn
    finally:
        _TURN.reset(before)


@contextmanager
def rehearse(turn: Turn) -> Iterator[Turn]:
    """Inside, the rehearsal ``turn`` runs here, and no call that belongs to no turn is made in this process."""
    _REHEARSALS.append(turn)
    try:
        with within(turn):
            yield turn
    finally:
        _REHEARSALS.remove(turn)
