"""The live sandbox agent: answers under its controls, logs what it did, takes each control call once."""

import math
import secrets
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial

from halon.drill.behaviour import Case
from halon.drill.calls import ReceivedCall
from halon.drill.controls import permit
from halon.drill.conversation import FALLBACK_REPLY, Attempt, Turn, converse
from halon.drill.metrics import Metrics
from halon.drill.outbox import Outbox
from halon.drill.problems import HardStopped, Throttled
from halon.drill.profile import Profile, profile
from halon.drill.state import Action, StateFile
from halon.drill.traces import TraceLog

_RATE_WINDOW = 60.0


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to one message; ``fallback`` means that the agent was not asked at all."""

    session: str
    text: str
    fallback: bool
    actions: tuple[Action, ...]
    trace_id: str


@dataclass(frozen=True, slots=True)
class ControlAnswer:
    """The JSON answer to a control call, and whether it was given before."""

    status: int
    body: str
    replayed: bool


class SandboxAgent:
    """One agent with its state. All methods run on one event loop; only mail waits, and it does so in a thread.

    Args:
        name: the agent's name, used in metrics, traces and the list of a token's users.
        file: where the state is kept.
        outbox: where mail goes.

    Raises:
        StateUnusable: the state file can't be used.
    """

    def __init__(self, name: str, file: StateFile, outbox: Outbox) -> None:
        self.name = name
        self.state = file.load(name)
        self.outbox = outbox
        self.traces = TraceLog()
        self.metrics = Metrics(name)
        self._file = file
        self._recent: deque[float] = deque()

    def profile(self) -> Profile:
        """Who the agent is right now."""
        controls = self.state.controls
        return profile(self.name, isolate_untrusted=controls.isolates, pinned=controls.holds.pins.get("agent"))

    async def chat(self, session: str, case: Case) -> Reply:
        """Answer one message.

        Raises:
            HardStopped: the agent is stopped hard.
            Throttled: the rate limit is used up.
        """
        controls = self.state.controls
        if controls.holds.hard_stop:
            raise HardStopped("the agent is stopped and answers nobody")
        if controls.kill_switch:
            return self._fall_back(session, "kill_switch")
        if not controls.reaches_agent(session):
            return self._fall_back(session, "routing")
        seen = self.state.sessions.get(session)
        if (held := controls.holds.reason_against(session, case.customer, seen)) is not None:
            return self._fall_back(session, held)
        self._count_against_rate_limit()
        if self.state.note_session(session, datetime.now(UTC)):
            self.save()
        trace_id = secrets.token_hex(16)
        current = self.profile()
        turn = await converse(
            replace(case, without_documents=case.without_documents | controls.holds.without_documents()),
            isolate_untrusted=controls.isolates,
            world=self.state.world,
            permit=partial(permit, self.state.controls, self.state.credentials, session),
            deliver=self.outbox.deliver,
            next_id=self._next_action_id,
        )
        turn = replace(turn, reply=controls.holds.leaving(turn.reply) or FALLBACK_REPLY)
        actions = self._log(session, trace_id, turn)
        self.traces.add_turn(trace_id, session, current, turn)
        self.metrics.count_chat("answered")
        if actions:
            self.save()
        return Reply(session, turn.reply, False, actions, trace_id)

    def save(self) -> None:
        """Keep the state on disk. Raises OSError."""
        self._file.save(self.state)

    def carry_out(self, call: ReceivedCall, effect: Callable[[], tuple[str, bool]]) -> ControlAnswer:
        """Carry out one control call once per idempotency key, and keep effect and answer in one write.

        Args:
            call: the delivery.
            effect: changes the state and returns the JSON answer and whether anything took effect; it either
                raises a Problem before it changes anything, or succeeds.

        Raises:
            Problem: what the effect raised.
        """
        earlier = self.state.calls.answered(call)
        if earlier is not None and earlier.response is not None:
            self.save()
            return ControlAnswer(earlier.status, earlier.response, True)
        body, effective = effect()
        self.state.calls.note(call, 200, effects=1 if effective else 0, response=body)
        self.save()
        return ControlAnswer(200, body, False)

    def _next_action_id(self) -> str:
        self.state.actions_made += 1
        return f"act-{self.state.actions_made:06d}"

    def _fall_back(self, session: str, why: str) -> Reply:
        trace_id = secrets.token_hex(16)
        self.traces.add_fallback(trace_id, session, self.profile(), time.time_ns(), why)
        self.metrics.count_chat("fallback")
        return Reply(session, FALLBACK_REPLY, True, (), trace_id)

    def _count_against_rate_limit(self) -> None:
        now = time.monotonic()
        while self._recent and self._recent[0] <= now - _RATE_WINDOW:
            self._recent.popleft()
        limit = self.state.controls.rate_limit
        if limit is not None and len(self._recent) >= limit:
            self.metrics.count_chat("throttled")
            # With a limit of 0 nothing frees a place; a minute is as good a time to ask again as any.
            oldest = self._recent[0] if self._recent else now
            wait = max(1, math.ceil(oldest + _RATE_WINDOW - now))
            raise Throttled(f"the limit of {limit} messages a minute is used up; try again in {wait} s", wait)
        self._recent.append(now)

    def _log(self, session: str, trace_id: str, turn: Turn) -> tuple[Action, ...]:
        actions = tuple(_action(session, trace_id, attempt) for attempt in turn.attempts)
        for action, attempt in zip(actions, turn.attempts, strict=True):
            self.state.log(action)
            self.metrics.count_attempt(attempt)
        return actions


def _action(session: str, trace_id: str, attempt: Attempt) -> Action:
    return Action(
        id=attempt.id,
        at=datetime.fromtimestamp(attempt.started / 1e9, UTC),
        session=session,
        tool=attempt.step.tool,
        arguments=attempt.step.arguments,
        status=attempt.status,
        reason=attempt.reason,
        trace_id=trace_id,
        credential=attempt.credential,
        authorised=attempt.authorised,
        recipient_domain=attempt.recipient_domain,
    )
