"""The story of one incident, top to bottom, as the runbook that a tired responder would follow.

Each step is done once because the ledger in the state says so; every wait is for the state, and the clock changes the
state when a deadline has passed. So the story can be begun again at the top after any crash, renewal or reset.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from temporalio import workflow
from temporalio.api.common.v1 import Payload
from temporalio.common import RawValue
from temporalio.exceptions import FailureError

from halon.incident.errors import Malformed
from halon.incident.opening import Closing, Opening
from halon_workflows import (
    beginning,
    by_hand,
    closing,
    contain,
    correlate,
    detect,
    duties,
    halts,
    keeping_told,
    notify,
    others,
    rca,
    remediate,
    restore,
    triage,
    watch,
)
from halon_workflows.batches import joined
from halon_workflows.handlers import decode
from halon_workflows.surface import Surface

STEPS_TO_AN_ORDER = 2
"""Turns of the event loop until the story's orders are sent: it begins the task of each, and these begin."""
HEARD_WITHIN = 3.0
"""Seconds that a word which came before the first look was over may take to be heard; then the orders no longer wait."""
HEAD_START = 0.3
"""Seconds that the first orders have at most before pages, drafts and lists are begun, which share the machine with them."""


@workflow.defn(name="Incident")
class Incident(Surface):
    """One incident from the first alert until the fix is proved."""

    def __init__(self) -> None:
        super().__init__()
        self._early_alerts: list[Payload] = []
        self._closing: Closing | None = None

    async def story(self) -> None:
        """Detect, triage, contain, find the cause, tell those owed, fix and prove, give back, close."""
        await correlate.follow(self)
        await detect.corroborate(self)
        await triage.assess(self)
        self.spawn("others", lambda: self._with_the_rest(others.look))
        self.spawn("notify", lambda: self._with_the_rest(duties.tell_those_owed))
        self.spawn("restore", lambda: self._with_the_rest(restore.give_back))
        await contain.contain(self)
        self.spawn("keep contained", lambda: contain.keep_contained(self))
        await rca.find_causes(self)
        await remediate.fix_and_prove(self)
        self.spawn("keep proved", lambda: remediate.keep_proved(self))
        self._closing = await closing.close(self)
        self.finished = True

    def begin_tasks(self) -> None:
        """The story, and beside it what never waits for it."""
        self.spawn("clock", self.keep_clock)
        self.spawn("record", self.keep_record)
        self.spawn("show", self.show)
        self.spawn("pages", lambda: notify.deliver_pages(self))
        self.spawn("leadership", lambda: keeping_told.tell_leadership(self))
        self.spawn("promises", lambda: keeping_told.keep_promises(self))
        self.spawn("rejudge", lambda: triage.rejudge(self))
        self.spawn("forward", lambda: detect.forward(self))
        self.spawn("hand over", lambda: correlate.hand_over(self))
        self.spawn("split off", lambda: correlate.split_off(self))
        self.spawn("pass on", lambda: correlate.pass_on(self))
        self.spawn("by hand", lambda: by_hand.carry_out_asked(self))
        self.spawn("halt", lambda: halts.wait_out(self))
        self.spawn("watch", lambda: watch.keep_watch(self))
        self.spawn("end", self.end_by_itself)
        self.spawn("story", self.story)

    async def end_by_itself(self) -> None:
        """What was merged and holds nothing, or was muted all along, closes wherever its story is."""
        self._closing = await closing.ended(self)
        self.finished = True

    @workflow.run
    async def run(self, opening: RawValue) -> Closing:
        """``opening`` is an ``Opening``, raw so that one which can't be read ends the run and does not wedge it.

        Temporal's Cancel reaches only this coroutine: it is recorded and answered, and the incident goes on.
        """
        life = asyncio.create_task(self._life(opening.payload))
        while not (life.done() and workflow.all_handlers_finished()):
            try:
                await workflow.wait_condition(lambda life=life: life.done() and workflow.all_handlers_finished())  # type: ignore[misc]
            except asyncio.CancelledError:
                self.answer_cancel()
            if life.done() and self._closing is not None and self.state.forwarding:
                life.result()
                life = asyncio.create_task(detect.hand_on(self))  # an alert that came while the incident was closing
        life.result()
        if self._closing is None:
            workflow.continue_as_new(Opening(state=self.state))
        return self._closing

    async def _life(self, opening: Payload) -> None:
        """Run the tasks until the incident is closed, or until this run must be renewed."""
        try:
            await beginning.begin(self, beginning.opening_in(opening))
        except FailureError:
            self.stillborn = True
            raise
        self.was_reset = False  # a reset to the very start was dealt with by what was just found
        self._become_ready()
        while True:
            if self.early:
                await self._hear_first()
                await self._begin_with_the_orders()
            else:
                self.begin_tasks()
            if await self.tend():
                self.publish()
                return
            if self.was_reset:
                self.ready = False
                await beginning.after_reset(self)
                self.renewing = False
                self._become_ready()
                continue
            return

    async def _hear_first(self) -> None:
        """What people said before the first look was over counts before anything is done, such as that it is an exercise."""
        if self.speaking:
            with suppress(TimeoutError):
                await workflow.wait_condition(
                    lambda: not self.speaking, timeout=HEARD_WITHIN, timeout_summary="what was said first counts first"
                )

    async def _begin_with_the_orders(self) -> None:
        """The story alone, as far as it comes at once, so that its orders are the first that the server hears of; with
        them evidence (and in a run of before record and clock). The rest has a moment: what an incident begins in one
        instant shares one machine.
        """
        self.head_start = True
        self.spawn("story", self.story)
        for _ in range(STEPS_TO_AN_ORDER):
            await asyncio.sleep(0)
        if not self.orders_lead:
            self.spawn("record", self.keep_record)
            self.spawn("clock", self.keep_clock)
        self.spawn("the rest", self._begin_the_rest)

    async def _begin_the_rest(self) -> None:
        if self._orders_under_way():
            with suppress(TimeoutError):
                await workflow.wait_condition(
                    lambda: self.leaving or self.finished or not self._orders_under_way(),
                    timeout=HEAD_START, timeout_summary="the first orders go first",
                )  # fmt: skip
        self.head_start = False
        if not self.finished:
            self.begin_tasks()

    def _orders_under_way(self) -> bool:
        return any(one.status in ("applying", "applied") for one in self.state.actions)

    async def _with_the_rest(self, work: Callable[[Incident], Awaitable[None]]) -> None:
        """What is due in the same instant as the first orders, and leaves them their moment."""
        if self.head_start:
            await self.until(lambda: not self.head_start)
        await work(self)

    def _become_ready(self) -> None:
        self.ready = True
        for name, kind, text in self.early_refusals:
            self.refuse_signal(name, kind, text)
        self.early_refusals.clear()
        for payload in self._early_alerts:
            self._absorb(payload)
        self._early_alerts.clear()

    def answer_cancel(self) -> None:
        """Cancel can't end an incident."""
        if self.ready:
            self.note("cancel", "triage", "Somebody asked Temporal to cancel this incident. It goes on: use `close`, or "
                      "`false-alarm` with a reason.")  # fmt: skip
        else:
            self.early_refusals.append(("cancel", "UseClose", "cancel can't end an incident; use `close`."))

    @workflow.signal(name="alerts", description="More alerts of this incident, from the front door.")
    async def alerts(self, batch: RawValue) -> None:
        """Alerts that join; a batch that can't be read is recorded."""
        if not self.ready or self.was_reset:
            self._early_alerts.append(batch.payload)
            return
        self._absorb(batch.payload)

    @workflow.signal(name="merged", description="From an incident that is merged into this one. Not said by people.")
    async def merged(self, told: RawValue) -> None:
        """There is something to take over; what can't be read, or is not merged, is recorded."""
        await workflow.wait_condition(lambda: (self.ready and not self.was_reset) or self.stillborn)
        if not self.stillborn:
            await correlate.merged(self, told.payload, decode, self.refuse_signal)

    def _absorb(self, payload: Payload) -> None:
        try:
            self.state = joined(self.state, decode(payload), self.now)
        except Malformed as error:
            self.refuse_signal("alerts", "Malformed", str(error))
