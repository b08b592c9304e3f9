"""A request that is a turn, on its way to the app and back: overheard, held to the rules, ended once it may not go on."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Awaitable, Callable, Mapping

from halon.control.http import MOST_BODY, App, Message, Receive, Scope, Send
from halon.control.outgoing import MOST_ANSWER, Talk, body_that_may_leave, text_of
from halon.control.overhearing import overhear, reply_in
from halon.control.refusals import GuardrailHit, Refused, refused_in
from halon.control.store import LOG
from halon.control.switches import Switches
from halon.control.turns import Turn

Instead = Callable[[Refused, Scope, Send], Awaitable[None]]
"""Gives people the fallback."""
_MESSAGES = ("http.response.start", "http.response.body", "websocket.accept", "websocket.send")
_ANSWER = _MESSAGES[:2]
_FILES = ("http.response.pathsend", "http.response.zerocopysend")


@dataclasses.dataclass
class Guards:
    """What a conversation asks: the switches, the reason against a turn's going on, to enter a session, and whose it is."""

    switches: Callable[[], Switches]
    ended: Callable[[Turn], Refused | None]
    enter: Callable[[Turn], None]
    identify: Callable[[Mapping[str, str]], Mapping[str, str]] | None


class Conversation:
    """One request. Before each message of a websocket, and each part of an answer, it asks whether the turn may go on.

    An answer whose length was announced and that has begun is let through: the app has made it already. While a rule is
    set or links are blocked, an answer is held until it is whole, and looked at.
    """

    def __init__(
        self, turn: Turn, scope: Scope, receive: Receive, send: Send, guards: Guards, instead: Instead
    ) -> None:
        self.turn, self.scope, self.receive, self.send = turn, scope, receive, send
        self.guards, self.instead = guards, instead
        self.heard, self.said, self.held = bytearray(), bytearray(), list[Message]()
        self.ahead: collections.deque[Message] = collections.deque()
        self.begun = self.over = self.sized = self.looks = False
        self.length, self.talk = 0, Talk()

    async def begin(self) -> None:
        """Find out whose session it is if anything hangs on that, before the app hears of the request."""
        if self.turn.rehearsal or self.turn.refusal is not None:
            return
        self._identify()
        if not self.guards.switches().asks_session:
            return
        while self.scope["type"] == "http" and (not self.ahead or self.ahead[-1].get("more_body")):
            self.ahead.append(await self._listen())
            if len(self.heard) > MOST_BODY:
                self.turn.nameless = True
                break
        self.guards.enter(self.turn)

    def _identify(self) -> None:
        """Ask the agent's own function whose turn this is, if it has one."""
        if self.guards.identify is None:
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in self.scope["headers"]}
        try:
            said = self.guards.identify(headers)
            for name in ("session", "customer", "tenant"):
                setattr(self.turn, name, str(said.get(name) or getattr(self.turn, name)))
        except Exception as error:  # what says whose turn it is must not break it
            LOG.warning("the function identify failed: %s", type(error).__name__)
            self.turn.nameless = True

    async def hear(self) -> Message:
        """The next message to the app."""
        message: Message = {} if self.over else self.ahead.popleft() if self.ahead else await self._listen()
        if message.get("type") == "websocket.receive":
            await self._end_if_refused()
        if self.over:
            return {"type": f"{self.scope['type']}.disconnect", "code": 1013}
        return message

    async def _listen(self) -> Message:
        message = await self.receive()
        if message["type"] == "http.request" and len(self.heard) <= MOST_BODY:
            self.heard.extend(message.get("body", b""))
            if not message.get("more_body"):
                overhear(self.turn, bytes(self.heard))
        return message

    async def tell(self, message: Message) -> None:
        """Send what the app says. Raises ConnectionAbortedError once the conversation was ended."""
        if message["type"] in _MESSAGES and not self.sized:
            await self._end_if_refused()
        if self.over:
            raise ConnectionAbortedError("this turn may not go on, and its conversation was ended")
        if message["type"] == "http.response.start" or message["type"] == "websocket.send":
            self.looks = self.guards.switches().asks_answer and not self.turn.rehearsal
        if self.looks and message["type"] == "websocket.send":
            try:
                message = self._looked_at(message)
            except GuardrailHit as hit:
                await self._hold_back(hit)
                raise ConnectionAbortedError("a rule holds back what was to be said") from None
        if self.looks and message["type"] in _FILES:
            await self._hold_back(GuardrailHit("A file can't be looked at, and a rule is set."))
            return
        # A failure is held back: if it came from a refusal, people get the fallback and not "Internal Server Error".
        failing = (self.held or [message])[0].get("status", 0) >= 500
        if not self.begun and (self.looks or failing or self.held) and message["type"] in _ANSWER:
            if message["type"] == "http.response.start":
                self.held.clear()
                self.length = 0
            self.held.append(message)
            self.length += len(message.get("body", b""))
            whole = message["type"] == "http.response.body" and not message.get("more_body")
            if self.looks and self.length > MOST_ANSWER:
                await self._hold_back(GuardrailHit("This answer is too large to be looked at, and a rule is set."))
            elif (whole or not self.looks) and not (failing and not message.get("more_body")):
                await self._release()
        else:
            await self._send(message)

    async def drain(self) -> None:
        """Hear the whole question of a turn that may not run."""
        while (await self.hear()).get("more_body") and len(self.heard) <= MOST_BODY:
            continue

    async def go(self, app: App) -> None:
        """Let the app answer."""
        try:
            await app(self.scope, self.hear, self.tell)
            await self._release()
        except Exception as error:
            if self.over:
                LOG.info(
                    "an answer was ended because its turn may not go on; the program said %s", type(error).__name__
                )
                return
            if (refusal := refused_in(error)) is None or self.begun or self.scope["type"] != "http":
                await self._release()
                raise
            self.turn.refusal = refusal
            self.held.clear()
            await self.instead(refusal, self.scope, self.send)
        finally:
            self.turn.said = self.turn.said or reply_in(bytes(self.said))

    async def _release(self) -> None:
        """Send what is held, as it may leave, or the fallback instead."""
        held = list(self.held)
        if self.looks and held and held[0]["type"] == "http.response.start":
            body = b"".join(one.get("body", b"") for one in held[1:])
            try:
                headers, body = body_that_may_leave(self.guards.switches(), list(held[0].get("headers", ())), body)
            except GuardrailHit as hit:
                await self._hold_back(hit)
                return
            held = [{**held[0], "headers": headers}, {"type": "http.response.body", "body": body}]
        self.held.clear()
        for one in held:
            await self._send(one)

    async def _hold_back(self, hit: GuardrailHit) -> None:
        """Give people the fallback instead of what breaks a rule."""
        self.over, self.turn.refusal = True, hit
        self.held.clear()
        await self.instead(hit, self.scope, self.send)

    def _looked_at(self, message: Message) -> Message:
        """A message of a websocket as it may leave. Raises GuardrailHit."""
        text, raw = message.get("text"), message.get("bytes")
        now = self.guards.switches()
        if text is None and raw is not None:
            return {**message, "bytes": self.talk.may_go_on(now, text_of([], b"", raw)).encode("utf-8", "replace")}
        return {**message, "text": self.talk.may_go_on(now, str(text or "")).encode("utf-8", "replace").decode()}

    async def _send(self, message: Message) -> None:
        self.begun = True
        if message["type"] == "http.response.start":
            self.sized = any(name.lower() == b"content-length" for name, _ in message.get("headers", ()))
        if message["type"] == "http.response.body" and len(self.said) <= MOST_BODY:
            self.said.extend(message.get("body", b""))
        await self.send(message)

    async def _end_if_refused(self) -> None:
        if self.over or self.turn.rehearsal:
            return
        if (refusal := self.turn.refusal or self.guards.ended(self.turn)) is None:
            return
        self.over = True
        self.held.clear()
        if self.begun and self.scope["type"] == "http":
            await self.send({"type": "http.response.body", "body": b"", "more_body": False})
        else:
            await self.instead(refusal, self.scope, self.send)
