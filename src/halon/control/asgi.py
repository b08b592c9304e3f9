"""The ASGI middleware: controls below the prefix, turns on their paths, all else goes through untouched."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from halon.control.agent import Agent
from halon.control.http import MOST_BODY, App, Message, Receive, Scope, Send, respond
from halon.control.overhearing import overhear, reply_in
from halon.control.refusals import Refused, refused_in
from halon.control.turns import Turn


class Door:
    """What stands in front of an app."""

    def __init__(
        self, agent: Agent, app: App, serve: App, begin: Callable[[], AbstractContextManager[Turn]],
        turns: tuple[str, ...], answer: Callable[[str], Any],
    ) -> None:  # fmt: skip
        self.agent, self.app, self.serve, self.begin, self.answer = agent, app, serve, begin, answer
        self.exact = {path for path in turns if not path.endswith("/*")}
        self.below = tuple(path[:-1] for path in turns if path.endswith("/*"))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or let it through."""
        prefix, path = self.agent.prefix, str(scope.get("path", "")).removeprefix(str(scope.get("root_path", "")))
        ours = path.startswith(f"{prefix}/") and (prefix or path.split("/")[1] in ("healthz", "v1", "control"))
        talks = scope["type"] in ("http", "websocket") and scope.get("method") not in ("OPTIONS", "HEAD")
        if scope["type"] == "http" and ours:
            await self.serve(scope, receive, send)
        elif talks and (path in self.exact or path.startswith(self.below)):
            with self.begin() as turn:
                await self._converse(turn, scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _converse(self, turn: Turn, scope: Scope, receive: Receive, send: Send) -> None:
        heard, said, begun = bytearray(), bytearray(), False
        held: list[Message] = []

        async def hear() -> Message:
            message = await receive()
            if message["type"] == "http.request" and len(heard) <= MOST_BODY:
                heard.extend(message.get("body", b""))
                if not message.get("more_body"):
                    overhear(turn, bytes(heard))
            return message

        async def tell(message: Message) -> None:
            nonlocal begun
            # A failure is held back: if it came from a refusal, people get the fallback and not "Internal Server Error".
            if not begun and (held or message.get("status", 0) >= 500) and not message.get("more_body"):
                held.append(message)
                return
            begun = True
            for one in (*held, message):
                if one["type"] == "http.response.body" and len(said) <= MOST_BODY:
                    said.extend(one.get("body", b""))
                await send(one)
            held.clear()

        if turn.refusal is not None:
            while (await hear()).get("more_body") and len(heard) <= MOST_BODY:
                continue
            await self._fall_back(turn.refusal, scope, send)
            return
        try:
            await self.app(scope, hear, tell)
        except Exception as error:
            if (refusal := refused_in(error)) is None or begun or scope["type"] != "http":
                raise
            held.clear()
            turn.refusal = refusal
            await self._fall_back(refusal, scope, send)
        finally:
            for one in held:
                await send(one)
            turn.said = turn.said or reply_in(bytes(said))

    async def _fall_back(self, refusal: Refused, scope: Scope, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1013, "reason": "not available"})
            return
        headers = {"Retry-After": str(refusal.retry_after)} if refusal.retry_after else {}
        await respond(send, 429 if refusal.retry_after else 200, self.answer(self.agent.fallback), headers)
