"""A request that is a turn, on its way to the app and back: overheard, and ended once the agent is stopped."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from halon.control.http import MOST_BODY, App, Message, Receive, Scope, Send
from halon.control.overhearing import overhear, reply_in
from halon.control.refusals import AgentStopped, Refused, refused_in
from halon.control.store import LOG
from halon.control.turns import Turn

Instead = Callable[[Refused, Scope, Send], Awaitable[None]]
"""Gives people the fallback."""
_MESSAGES = ("http.response.start", "http.response.body", "websocket.accept", "websocket.send")


class Conversation:
    """One request. Before each message of a websocket, and each part of an answer, it asks whether the agent is stopped.

    An answer whose length was announced and that has begun is let through: the app has made it already.
    """

    def __init__(
        self, turn: Turn, scope: Scope, receive: Receive, send: Send, stopped: Callable[[], bool], instead: Instead
    ) -> None:
        self.turn, self.scope, self.receive, self.send = turn, scope, receive, send
        self.stopped, self.instead = stopped, instead
        self.heard, self.said, self.held = bytearray(), bytearray(), list[Message]()
        self.begun = self.over = self.sized = False

    async def hear(self) -> Message:
        """The next message to the app."""
        message: Message = {} if self.over else await self.receive()
        if message.get("type") == "websocket.receive":
            await self._end_if_stopped()
        if self.over:
            return {"type": f"{self.scope['type']}.disconnect", "code": 1013}
        if message["type"] == "http.request" and len(self.heard) <= MOST_BODY:
            self.heard.extend(message.get("body", b""))
            if not message.get("more_body"):
                overhear(self.turn, bytes(self.heard))
        return message

    async def tell(self, message: Message) -> None:
        """Send what the app says. Raises ConnectionAbortedError once the conversation was ended."""
        if message["type"] in _MESSAGES and not self.sized:
            await self._end_if_stopped()
        if self.over:
            raise ConnectionAbortedError("the agent is stopped, and this conversation was ended")
        # A failure is held back: if it came from a refusal, people get the fallback and not "Internal Server Error".
        if not self.begun and (self.held or message.get("status", 0) >= 500) and not message.get("more_body"):
            self.held.append(message)
            return
        self.begun = True
        for one in (*self.held, message):
            if one["type"] == "http.response.start":
                self.sized = any(name.lower() == b"content-length" for name, _ in one.get("headers", ()))
            if one["type"] == "http.response.body" and len(self.said) <= MOST_BODY:
                self.said.extend(one.get("body", b""))
            await self.send(one)
        self.held.clear()

    async def drain(self) -> None:
        """Hear the whole question of a turn that may not run."""
        while (await self.hear()).get("more_body") and len(self.heard) <= MOST_BODY:
            continue

    async def go(self, app: App) -> None:
        """Let the app answer."""
        try:
            await app(self.scope, self.hear, self.tell)
        except Exception as error:
            if self.over:
                LOG.info("an answer was ended because the agent is stopped; its program said %s", type(error).__name__)
                return
            if (refusal := refused_in(error)) is None or self.begun or self.scope["type"] != "http":
                raise
            self.held.clear()
            self.turn.refusal = refusal
            await self.instead(refusal, self.scope, self.send)
        finally:
            for one in self.held:
                await self.send(one)
            self.turn.said = self.turn.said or reply_in(bytes(self.said))

    async def _end_if_stopped(self) -> None:
        if self.over or self.turn.rehearsal or not self.stopped():
            return
        self.over = True
        self.held.clear()
        if self.begun and self.scope["type"] == "http":
            await self.send({"type": "http.response.body", "body": b"", "more_body": False})
        else:
            await self.instead(AgentStopped("The agent is stopped."), self.scope, self.send)
