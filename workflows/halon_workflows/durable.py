"""What makes an incident durable, so that the story need not speak of it.

One state, carried on from run to run; tasks that can be begun again at the top; activities that are not started while
the run is being renewed; a reset that is noticed and undone from the record.
"""

from __future__ import annotations

import asyncio
import base64
import zlib
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, TypeVar

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

with workflow.unsafe.imports_passed_through():
    import pydantic  # noqa: F401  (the converter's; named here so that it is never loaded anew in a sandbox)

from halon.incident import timeline, times, whose
from halon.incident.clocks import fire_due, next_event, readiness_changed, settle_up
from halon.incident.numbers import apart_from_numbers
from halon.incident.replacing import replace
from halon.incident.state import Sealed, State
from halon.ports import record
from halon_workflows import options, patches
from halon_workflows.early import Early

A = TypeVar("A")
R = TypeVar("R")
RENEW_AFTER_EVENTS = 2_000
LET_END = 20
"""Seconds that an activity under way has when its run is being renewed; then it is begun again by the next run."""
AGAIN_AFTER = 60
AGAIN_AT_MOST = 3_600
"""Seconds until work that failed for good is begun again: so many more each time, up to an hour."""


class Renewing(Exception):
    """This run is being renewed (or was reset): leave what you do; it is begun again from the state."""


class Durable:
    """The mechanics. ``self.state`` is all there is; every change goes through ``change`` or ``note``."""

    state: State

    def __init__(self) -> None:
        self.ready = False
        self.renewing = False
        self.was_reset = False
        self.finished = False
        self.tasks: dict[str, asyncio.Task[None]] = {}
        self.telling: set[str] = set()  # the notices that a task of this run is at
        self.flushed_seq = 0
        self.early: Early | None = None
        self.orders_lead = False
        self.unmarked = False  # whether no older patch leaves a marker in this run
        self.head_start = False
        workflow.register_random_seed_callback(self._on_reset)

    def _on_reset(self, _seed: int) -> None:
        # Temporal gives a run a new seed exactly where a Reset cut its history, the same in every replay.
        self.was_reset = True

    @property
    def now(self) -> str:
        """The workflow's time."""
        return times.text(workflow.now())

    def goes(self, patch: str) -> bool:
        """Whether this run goes the way that came with ``patch``. One that began after it needs no marker for that."""
        if self.unmarked and patch in patches.BEFORE_FORM_4:
            return True
        return (self.orders_lead and patch in patches.BEFORE_FORM_3) or workflow.patched(patch)

    def note(self, kind: str, phase: str, text: str, actor: str = "halon", **data: Any) -> None:
        """One line into the log."""
        self.state = timeline.note(self.state, self.now, kind, phase, text, actor=actor, data=data)

    def keep_sealed(self, phase: str, sealed: tuple[Sealed, ...]) -> None:
        """Add sealed artefacts to the state, and name each in the log so that the record refers to it."""
        self.change(evidence=(*self.state.evidence, *sealed))
        for one in sealed:
            text = f"Sealed {one.what or one.id}: {one.sha256[:12]}…, {one.size} bytes."
            text += f" NOT LOCKED: {one.unlocked}" if one.unlocked else ""
            self.note("evidence", phase, text, evidence=[{"path": one.path, "sha256": one.sha256, "size": one.size}])

    def done(self, step: str) -> bool:
        """Whether the ledger says that ``step`` was done."""
        return step in self.state.ledger

    def mark(self, step: str) -> None:
        """Put ``step`` into the ledger."""
        self.state = timeline.mark(self.state, step, self.now)

    async def act(
        self, port: Callable[[A], Awaitable[R]], argument: A, summary: str, step: str = "",
        chosen: options.Options | None = None,
    ) -> R:  # fmt: skip
        """Run an activity. Not started while the run is being renewed: then Renewing.

        What is cut short by a renewal goes on in the next run with the time that is left of its own, so that it fails
        when it should however often the run is renewed. ``step`` names it if ``summary`` is not the same each time.
        ``chosen`` are other options than the port's own.
        """
        self._must_go_on()
        chosen = chosen or options.of(port)
        began, trying = self.now, f"trying:{step or summary}"
        within = options.time_left(chosen.all_tries, self.state.ledger.get(trying, ""), began)
        running = workflow.start_activity(port, argument, summary=summary[:180], **chosen.arguments(within))
        await workflow.wait_condition(lambda: running.done() or self.leaving)
        if not running.done():
            # What is under way may end; what is only being tried again must not hold up the clock and the pages.
            with suppress(TimeoutError):
                await workflow.wait_condition(
                    running.done, timeout=min(chosen.one_try, LET_END), timeout_summary=f"let end: {summary}"[:180]
                )
            if not running.done():
                running.cancel()
                if trying not in self.state.ledger or within == chosen.all_tries:
                    self.change(ledger={**self.state.ledger, trying: began})
                raise Renewing
        if trying in self.state.ledger:
            self.change(ledger={key: at for key, at in self.state.ledger.items() if key != trying})
        result: R = await running
        return result

    async def act_now(self, port: Callable[[A], Awaitable[R]], argument: A, summary: str) -> R:
        """Run an activity whatever becomes of the run: a command's answer, or what a run begins with, can't be put off.

        Not a local activity: with several coroutines at work, the order in which the SDK resolves local activities
        against other events differed between the first run and its replay (measured with SDK 1.35, cache off).
        """
        return await workflow.execute_activity(port, argument, summary=summary[:180], **options.of(port).arguments())

    async def act_within(self, port: Callable[[A], Awaitable[R]], argument: A, summary: str) -> R:
        """Run a local activity, within the workflow task that asks for it: three turns of the server less.

        Only as the very first thing that a run does, with no other coroutine beside it, see ``act_now``; and for what
        may be done twice, because what it brought is lost if the worker dies before the task ends.
        """
        return await workflow.execute_local_activity(
            port, argument, summary=summary[:180], **options.of(port).at_once()
        )

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for the state. Deadlines are the clock's: it changes the state when one has passed."""
        await workflow.wait_condition(lambda: self.leaving or condition())
        if not condition():
            raise Renewing
        self._must_go_on()

    @property
    def known(self) -> bool:
        """Whether there is a state to show: also while a renewed run still looks where it begins."""
        return hasattr(self, "state")

    @property
    def leaving(self) -> bool:
        """Whether the tasks of this run must end."""
        return self.renewing or self.was_reset

    def _must_go_on(self) -> None:
        info = workflow.info()
        if info.is_continue_as_new_suggested() or info.get_current_history_length() > RENEW_AFTER_EVENTS:
            self.renewing = True
        if self.leaving:
            raise Renewing

    def spawn(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """Begin ``work`` beside the rest, unless work of this name runs."""
        if name in self.tasks or self.leaving:
            return
        self.tasks[name] = asyncio.create_task(self._run(name, work), name=name)

    async def _run(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """Until ``work`` is done. An activity that failed for good must not end the incident: it is begun again."""
        failures = 0
        while not self.leaving:
            try:
                return await work()
            except Renewing:
                return
            except ActivityError as error:
                failures += 1
                pause = min(failures * AGAIN_AFTER, AGAIN_AT_MOST)
                self._failed(name, error, pause)
            with suppress(TimeoutError):
                await workflow.wait_condition(
                    lambda: self.leaving, timeout=pause, timeout_summary=f"again: {name}"[:180]
                )

    def _failed(self, name: str, error: ActivityError, pause: int) -> None:
        kind, text = reason_of(error)
        told = f"{name} failed and is tried again in {times.span(pause)} ({kind}: {text})."
        self.note("failed", "triage", told)
        subject = f"[{self.state.reference}] {name} failed ({kind})"
        leads = (self.state.commander, self.state.technical_lead)
        names = tuple(dict.fromkeys(one for one in (*leads, *whose.deciders(self.state, name)) if one))
        self.state = timeline.tell(self.state, self.now, f"step-failed:{name}:{kind}", subject, told, names=names,
                                   asked="It is tried again by itself. Look at the log, and mend what is broken")  # fmt: skip

    async def tend(self) -> bool:
        """Let the tasks run until the story has ended (True) or the run must be renewed (False)."""
        while True:
            await workflow.wait_condition(self._something_ended)
            for name in [name for name, task in self.tasks.items() if task.done()]:
                self.tasks.pop(name).result()  # an error of our own fails the workflow task: a fixed build goes on
            if self.finished and not self.leaving:
                return True
            if self.leaving and not self.tasks:
                return False

    def _something_ended(self) -> bool:
        return any(task.done() for task in self.tasks.values()) or not self.tasks

    # -- the standing tasks ---------------------------------------------------------------------------------------

    async def keep_clock(self) -> None:
        """One timer to the next clock event, started anew only when the soonest one changes."""
        while not self.finished:
            self.state = settle_up(fire_due(self.state, self.now), self.now)
            event = next_event(self.state)
            key = event.key if event else ""
            same: list[tuple[Any, ...]] = [()]

            def changed(key: str = key, same: list[tuple[Any, ...]] = same) -> bool:
                if self.leaving or self.finished:
                    return True
                rest = apart_from_numbers(self.state)
                if rest == same[0]:
                    return False  # asked after each task of the workflow, and in a storm only numbers have changed
                soonest = next_event(self.state)
                moved = (soonest.key if soonest else "") != key
                if moved or readiness_changed(self.state):
                    return True
                same[0] = rest
                return False

            try:
                wait = max(0.0, times.seconds_between(self.now, event.at)) if event else None
                await workflow.wait_condition(
                    changed, timeout=wait, timeout_summary=f"{event.text} ({event.at})"[:180] if event else None
                )
            except TimeoutError:
                continue
            self._must_go_on()

    async def keep_record(self) -> None:
        """Flush the log in batches; what arrives meanwhile goes with the next batch."""
        while not (self.finished and not self.state.chain.pending):
            await self.until(lambda: bool(self.state.chain.pending) or self.finished)
            if not self.state.chain.pending:
                return
            await self.flush()

    async def flush(self) -> None:
        """Write the pending entries into the record, with the state as it is after them."""
        entries = self.state.chain.batch()
        seq = entries[-1].seq
        batch = record.Batch(self.state.incident_id, entries, checkpoint=self._checkpoint(seq))
        kept = await self.act(record.append, batch, f"record {entries[0].seq} to {seq}", step="record")
        # The stored head counts: a later release that words an entry otherwise goes on from what was really written.
        self.change(chain=self.state.chain.flushed(kept.seq, kept.head))

    async def recorded(self) -> None:
        """Wait until everything said so far is in the record."""
        seq = self.state.chain.seq
        await self.until(lambda: not self.state.chain.pending or self.state.chain.pending[0].seq > seq)

    def change(self, **fields: Any) -> None:
        """Replace fields of the state."""
        self.state = replace(self.state, **fields)

    def _checkpoint(self, seq: int) -> str:
        flushed = self.state.chain.flushed(seq)
        payload = workflow.payload_converter().to_payload(replace(self.state, chain=flushed))
        return base64.b64encode(zlib.compress(payload.data, 6)).decode("ascii")


def reason_of(error: ActivityError) -> tuple[str, str]:
    """Type and message of what an activity failed with, the message bounded."""
    cause = error.cause
    if isinstance(cause, ApplicationError):
        return cause.type or "ApplicationError", str(cause.message)[:500]
    return type(cause or error).__name__, str(cause or error)[:500]
