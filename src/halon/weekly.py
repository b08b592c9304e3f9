"""The schedule of the weekly report about observed agents: made or brought up to date whenever a worker starts.

Whoever paused it in Temporal keeps it paused: only what it does and when belongs to us.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from zoneinfo import ZoneInfo

from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleCalendarSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleRange,
    ScheduleSpec,
    ScheduleUpdate,
    ScheduleUpdateInput,
)
from temporalio.service import RPCError

SCHEDULE_ID = "halon-observe-weekly"
DEFAULT_QUEUE = "halon"
MONDAY, HOUR = 1, 8
CAUGHT_UP = timedelta(days=1)
"""A report that came due while Temporal was down still goes out so much later."""
_RUNS = timedelta(hours=6)
_AGAIN = 60.0
_log = logging.getLogger(__name__)


def schedule_id(task_queue: str) -> str:
    """The schedule's id: one for each Halon that shares a namespace, told apart by their task queues."""
    return SCHEDULE_ID if task_queue == DEFAULT_QUEUE else f"{SCHEDULE_ID}-{task_queue}"


def schedule(task_queue: str, zone: ZoneInfo) -> Schedule:
    """Monday at 08:00 in ``zone``; one at a time."""
    return Schedule(
        action=ScheduleActionStartWorkflow(
            "ObserveReport", {}, id=schedule_id(task_queue), task_queue=task_queue, execution_timeout=_RUNS,
            static_summary="What Halon would have done to the agents that it only observes",
        ),
        spec=ScheduleSpec(
            calendars=[ScheduleCalendarSpec(
                day_of_week=[ScheduleRange(MONDAY)], hour=[ScheduleRange(HOUR)], comment="Monday at 08:00"
            )],
            time_zone_name=zone.key,
        ),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=CAUGHT_UP),
    )  # fmt: skip


async def ensure(client: Client, task_queue: str, zone: ZoneInfo) -> bool:
    """Make the schedule, or bring it up to date. Returns whether it was made now. Raises RPCError."""
    return await put(client, schedule_id(task_queue), schedule(task_queue, zone))


async def put(client: Client, name: str, wanted: Schedule) -> bool:
    """Make the schedule ``name``, or bring it up to date; whoever paused it keeps it paused. Raises RPCError."""
    try:
        await client.create_schedule(name, wanted)
    except ScheduleAlreadyRunningError:
        await client.get_schedule_handle(name).update(lambda found: _updated(found, wanted))
        return False
    return True


def _updated(found: ScheduleUpdateInput, wanted: Schedule) -> ScheduleUpdate:
    wanted.state = found.description.schedule.state
    return ScheduleUpdate(wanted)


async def keep(see_to_it: Callable[[], Awaitable[bool]], what: str) -> bool:
    """What ``see_to_it`` returns, which is tried until Temporal takes it."""
    while True:
        try:
            return await see_to_it()
        except (RPCError, RuntimeError, OSError) as error:
            _log.warning("%s can't be scheduled yet (%s); trying again in %g s", what, error, _AGAIN)
            await asyncio.sleep(_AGAIN)


async def keep_weekly(
    client: Client, task_queue: str, zone: ZoneInfo, *, say: Callable[[str], None] = lambda line: None
) -> None:
    """See to the schedule, and try again while Temporal can't be asked: incidents never wait for it."""
    if await keep(lambda: ensure(client, task_queue, zone), "the weekly report"):
        say(
            f"observed agents are reported on every Monday at {HOUR:02}:00, {zone.key} (schedule {schedule_id(task_queue)})"
        )
