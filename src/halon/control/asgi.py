"""The ASGI middleware: controls below the prefix, turns on their paths, all else goes through untouched."""

from __future__ import annotations

import urllib.parse
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from halon.control.agent import Agent
from halon.control.conversation import Conversation, Guards
from halon.control.http import App, Receive, Scope, Send, respond, respond_problem
from halon.control.problems import Problem, not_offered
from halon.control.refusals import Refused
from halon.control.turns import REHEARSAL_HEADER, Turn, rehearsal_with, within


class Door:
    """What stands in front of an app."""

    def __init__(
        self, agent: Agent, app: App, serve: App, begin: Callable[[], AbstractContextManager[Turn]], guards: Guards,
        turns: tuple[str, ...], answer: Callable[[str], Any],
    ) -> None:  # fmt: skip
        self.agent, self.app, self.serve, self.begin, self.answer = agent, app, serve, begin, answer
        self.guards = guards
        exact, below = {path for path in turns if not path.endswith("/*")}, [p[:-1] for p in turns if p.endswith("/*")]
        self.exact = exact | {_plain(path) for path in exact}
        self.below = tuple({*below, *(f"{_plain(path).rstrip('/')}/" for path in below)})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or let it through."""
        prefix, path = self.agent.prefix, str(scope.get("path", "")).removeprefix(str(scope.get("root_path", "")))
        ours = path.startswith(f"{prefix}/") and (prefix or path.split("/")[1] in ("healthz", "v1", "control"))
        if scope["type"] == "http" and ours:
            await self.serve(scope, receive, send)
        elif scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
        elif (tag := next((value for name, value in scope["headers"] if name == REHEARSAL_HEADER), None)) is not None:
            await self._rehearse(rehearsal_with(tag), scope, receive, send)
        elif scope.get("method") != "OPTIONS" and (self._is_turn(path) or self._is_turn(_plain(path))):
            with self.begin() as turn:
                await self._converse(turn, scope, receive, send)
        else:
            await self.app(scope, receive, send)

    def _is_turn(self, path: str) -> bool:
        return path in self.exact or path.startswith(self.below)

    async def _rehearse(self, turn: Turn | None, scope: Scope, receive: Receive, send: Send) -> None:
        """A request that the function of a replay makes of its own agent. One that nobody knows runs nothing at all."""
        if turn is not None:
            with within(turn):
                await self._converse(turn, scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008, "reason": "no such rehearsal"})
        else:
            why = "this process runs no rehearsal of that header; nothing was done"
            await respond_problem(send, Problem(409, "no-such-rehearsal", why))

    async def _converse(self, turn: Turn, scope: Scope, receive: Receive, send: Send) -> None:
        talk = Conversation(turn, scope, receive, send, self.guards, self._fall_back)
        await talk.begin()
        if turn.refusal is None or turn.rehearsal:
            await talk.go(self.app)
        else:
            await talk.drain()
            await self._fall_back(turn.refusal, scope, send)

    async def _fall_back(self, refusal: Refused, scope: Scope, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1013, "reason": "not available"})
            return
        headers = {"Retry-After": str(refusal.retry_after)} if refusal.retry_after else {}
        await respond(send, 429 if refusal.retry_after else refusal.status, self.answer(self.agent.fallback), headers)


async def alone(scope: Scope, receive: Receive, send: Send) -> None:
    """The app where there is none: a door for itself serves the controls and nothing else."""
    if scope["type"] == "http":
        await respond_problem(send, not_offered(scope["method"], scope["path"]))
    elif scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1000, "reason": "not offered"})
    elif scope["type"] == "lifespan":
        for step in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{step}.complete"})


def _plain(path: str) -> str:
    """A path as the most lenient router reads it: what might reach a turn is one."""
    for _ in range(3):
        path = urllib.parse.unquote(path)
    parts: list[str] = []
    for part in "".join(one for one in path.casefold() if one.isprintable()).replace("\\", "/").split("/"):
        if part == "..":
            del parts[-1:]
        elif part not in ("", "."):
            parts.append(part)
    return "/" + "/".join(parts)
