"""The controls of one agent, as its program uses them."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Literal, TypeVar, overload

from halon.control.asgi import Door, alone
from halon.control.asking import Asking
from halon.control.calling import guard
from halon.control.caps import charge, leave
from halon.control.conversation import Guards
from halon.control.http import App
from halon.control.limits import admit_turn, ended_by, enter
from halon.control.log import Log
from halon.control.memory import Memory
from halon.control.pins import Pins
from halon.control.refusals import Refused, TokenOutdated
from halon.control.rehearsals import Rehearsals, rehearsal_of
from halon.control.routes import Routes
from halon.control.sources import Sources
from halon.control.store import Store
from halon.control.tools import Tool, Toolbox
from halon.control.turns import REHEARSAL_HEADER, Turn, current_turn, rehearse, stray, within
from halon.control.values import Json

F = TypeVar("F", bound=Callable[..., Any])


class Control(Asking):
    """The controls of one agent.

    Args:
        name: the agent's name, as the kit calls it.
        state: the SQLite file, of this agent alone; its folder must exist.
        fallback: what people read while the agent is stopped.
        version, config_hash: what changes when prompt, model, tools or configuration change.
        token_env: the environment variable that holds the bearer token of the controls.
        prefix: the path below which the controls are served.
        content: False keeps messages, replies and arguments out of the log and the traces.

    Raises:
        RuntimeError: the state file belongs to an agent of another name.
    """

    def __init__(
        self, name: str, *, state: str | os.PathLike[str] = "halon-control.db", version: str = "", config_hash: str = "",
        fallback: str = "A person will answer you soon.", token_env: str = "HALON_CONTROL_TOKEN",  # noqa: S107 (a name)
        prefix: str = "/halon", content: bool = True,
    ) -> None:  # fmt: skip
        super().__init__(name, version, config_hash, fallback, token_env, f"/{prefix.strip('/')}".rstrip("/"), content)
        self._store = Store(os.path.abspath(os.fspath(state)), name)
        self._store.switches()
        self._log, self._tools, self._rehearsals = Log(self, self._store), Toolbox(self._store), Rehearsals(self)
        self._pins, self._sources, self._memory = Pins(self._store), Sources(self._store), Memory(self, self._store)

    @property
    def epoch(self) -> int:
        """The current token epoch: write it into each session or API token that you issue."""
        return self._store.switches().epoch

    @overload
    def tool(self, name: F, /) -> F:
        """As ``@control.tool``."""

    @overload
    def tool(
        self, name: str | None = None, *, writes: bool = True, authorised: Callable[[Json], bool | None] | None = None,
        recipient: Callable[[Json], str | None] | None = None, records: Callable[[Json], int | None] | None = None,
        browses: bool = False, rehearsal: Callable[..., Any] | None = None, on_refusal: Literal["raise", "return"] = "raise",
    ) -> Callable[[F], F]:  # fmt: skip
        """As ``@control.tool(…)``."""

    def tool(
        self, name: Any = None, *, writes: bool = True, authorised: Callable[[Json], bool | None] | None = None,
        recipient: Callable[[Json], str | None] | None = None, records: Callable[[Json], int | None] | None = None,
        browses: bool = False, rehearsal: Callable[..., Any] | None = None, on_refusal: Literal["raise", "return"] = "raise",
    ) -> Any:  # fmt: skip
        """Put a callable, sync or async, under control: ``@control.tool``, or with arguments ``@control.tool(…)``.

        Its signature, name and doc stay as they are.

        Args:
            name: the tool's name; without it the callable's own.
            writes: it changes something or tells somebody something. Read-only refuses it.
            authorised: may this call be made? Gets the arguments by name; None: can't say. It is logged and refuses nothing.
            recipient: the address that the call goes to; its domain is logged.
            records: how many people's records the call carries.
            browses: it fetches what others wrote, such as pages of the web; refused while browsing is blocked.
            rehearsal: called in place of the tool in a rehearsal; without it a rehearsal gives a sentence.
            on_refusal: ``raise`` a Refused, or ``return`` its sentence, for frameworks that show results to a model.

        Raises:
            TypeError: it is a generator, whose effects can't be told from its call; or the name is no text.
        """
        bare = callable(name)
        if not (bare or name is None or isinstance(name, str)):
            raise TypeError(f"{name!r} is neither a name nor a function; write @control.tool or @control.tool('name')")

        def decorate(fn: Any) -> Any:
            asks = {"authorised": authorised, "recipient": recipient, "records": records}
            called = name if name and not bare else getattr(fn, "__name__", type(fn).__name__)
            tool = Tool(str(called), fn, writes, asks, browses)
            guarded = guard(self, self._log, tool, rehearsal, on_refusal == "raise")
            self._tools.add(tool)
            return guarded

        return decorate(name) if bare else decorate

    @contextmanager
    def turn(self, session: str = "", message: str = "", customer: str = "", tenant: str = "") -> Iterator[Turn]:
        """One turn. Inside a request that the ASGI middleware made a turn of, it adds to that one.

        ``customer`` and ``tenant`` say whose session it is: a tenant or user that is set apart is refused by either.
        """
        turn = current_turn(self)
        if turn is not None:
            turn.session, turn.message = session or turn.session, message or turn.message
            turn.customer, turn.tenant = customer or turn.customer, tenant or turn.tenant
            if session or customer or tenant:
                self._enter(turn, bool(turn.session))
            yield turn
            return
        with self._begin(Turn(self, session, message, customer, tenant=tenant)) as turn:
            self._enter(turn, told=True)
            yield turn

    @contextmanager
    def _begin(self, turn: Turn) -> Iterator[Turn]:
        """A turn that begins here. Whether its session may go on is asked once that is known."""
        self._store.running.add(id(turn))
        try:
            admit_turn(self._store)
            turn.admitted = True
        except Refused as refusal:
            turn.refuse(refusal, self.fallback)
        try:
            with within(turn):
                yield turn
        finally:
            turn.ended = time.time_ns()
            leave(self._store, id(turn))
            self._log.keep(turn)

    def _enter(self, turn: Turn, told: bool) -> None:
        """Refuse the turn if its session, or whose it is, may not go on. ``told``: its session is known."""
        if turn.refusal is None and (refusal := enter(self._store, turn, self._log.flush, told)) is not None:
            turn.refuse(refusal, self.fallback)

    @contextmanager
    def rehearsing(self) -> Iterator[Turn]:
        """Inside, tools are recorded in ``actions`` of the turn that this gives, and not called; switches don't matter.

        A thread that is started inside belongs to it if it runs within a copy of the context (``contextvars.copy_context``).
        Meanwhile every call in this process that belongs to no turn is refused: it might be one of here.
        """
        with rehearse(rehearsal_of(self)) as turn:
            yield turn

    def rehearsal_headers(self) -> dict[str, str]:
        """Headers that make an HTTP request to this very process part of the rehearsal that runs here; else none.

        Raises:
            RehearsalRuns: a rehearsal runs, and this is called outside every turn, such as in a thread of its own.
        """
        if (refusal := stray("a request to the agent itself")) is not None:
            raise refusal
        turn = current_turn(self)
        return {REHEARSAL_HEADER.decode(): turn.tag} if turn is not None and turn.rehearsal else {}

    def spend(self, eur: float, tokens: int = 0) -> None:
        """Note what a model call cost, in EUR, and how many tokens it took.

        Raises:
            SpendExceeded, TokensExceeded: with this call, which is counted, the last hour took more than the cap.
            ValueError: the cost is no amount of money, or the tokens are no number of them.
        """
        if not (math.isfinite(eur) and eur >= 0):
            raise ValueError(f"a model call can't cost {eur!r} EUR")
        if type(tokens) is not int or tokens < 0:
            raise ValueError(f"a model call can't take {tokens!r} tokens")
        if (turn := current_turn(self)) is not None:
            turn.eur, turn.tokens = turn.eur + eur, turn.tokens + tokens
        refusal = charge(self._store, eur, tokens)
        if refusal is not None and not (turn is not None and turn.rehearsal):
            raise refusal

    def require_epoch(self, issued: object) -> None:
        """Raises TokenOutdated unless a token that was issued in the epoch ``issued`` still holds."""
        now = self._store.switches()
        if type(issued) is not int or issued < now.epoch or not now.readable:
            raise TokenOutdated("This session was issued before the agent's credentials were renewed. Sign in again.")

    def replays(self, fn: F) -> F:
        """Register ``fn(case) -> {"reply": …}``, sync or async, which replays a case; its tools are recorded, not called."""
        self._rehearsals.hooks["replay"] = fn
        return fn

    def evals(self, fn: F) -> F:
        """Register ``fn() -> [{"id", "passed", "why"}, …]``, sync or async; its tools are recorded, not called."""
        self._rehearsals.hooks["evals"] = fn
        return fn

    def keeps_memory(self, *, entries: Callable[[], Any], clear: Callable[[], Any]) -> None:
        """Register functions, sync or async, that list what the agent remembers, and that forget all of it for good."""
        self._memory.hooks |= {"entries": entries, "clear": clear}

    def asgi(
        self, app: App | None = None, turns: Sequence[str] = (), *, answer: Callable[[str], Any] | None = None,
        identify: Callable[[Mapping[str, str]], Mapping[str, str]] | None = None,
    ) -> App:  # fmt: skip
        """Serve the controls in front of ``app``, and make each request on a path in ``turns`` a turn.

        Without ``app`` the controls are all that is served: a door for an agent in another process of this host.
        ``/chat`` is that path, however a router may let it be spelled; ``/chat/*`` is all below it.

        Args:
            app: the agent's app.
            turns: its paths that are turns.
            answer: makes the JSON body that people get instead of the agent's from the fallback; without it that is
                ``{"reply": …, "fallback": true}``.
            identify: says ``session``, ``customer`` and ``tenant`` from a request's headers, which have small letters.
                Without it they are taken from the body, where the caller may write what it likes.
        """
        routes = Routes(self, self._log, self._tools, self._rehearsals, self._memory)
        told = answer or (lambda text: {"reply": text, "fallback": True})
        guards = Guards(self._store.switches, lambda turn: ended_by(self._store, turn), self._arrived, identify)
        return Door(self, app or alone, routes.serve, self._arriving, guards, tuple(turns), told)

    def _arrived(self, turn: Turn) -> None:
        self._enter(turn, bool(turn.session))

    def _arriving(self) -> AbstractContextManager[Turn]:
        """The turn of a request whose body nobody has read yet."""
        turn = current_turn(self)
        return nullcontext(turn) if turn is not None else self._begin(Turn(self, "", "", ""))

    def flush(self) -> None:
        """Write what waits for log and traces now."""
        self._log.flush()

    def close(self) -> None:
        """Write what waits and let go of the state file; whoever uses the control again opens it again."""
        self.flush()
        self._store.close()
        self._store.look_again()
