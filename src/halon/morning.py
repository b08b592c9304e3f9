"""The schedule of the morning roll-up for leadership: made or brought up to date whenever a worker starts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from zoneinfo import ZoneInfo

from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleCalendarSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleRange,
    ScheduleSpec,
)

from halon.weekly import DEFAULT_QUEUE, keep, put

SCHEDULE_ID = "halon-rollup-daily"
HOUR = 8
CAUGHT_UP = timedelta(hours=6)
"""A roll-up that came due while Temporal was down still goes out so much later; after that it is the day before's."""
_RUNS = timedelta(hours=3)


def schedule_id(task_queue: str) -> str:
    """The schedule's id: one for each Halon that shares a namespace, told apart by their task queues."""
    return SCHEDULE_ID if task_queue == DEFAULT_QUEUE else f"{SCHEDULE_ID}-{task_queue}"


def schedule(task_queue: str, zone: ZoneInfo) -> Schedule:
    """Every day at 08:00 in ``zone``; one at a time."""
    return Schedule(
        action=ScheduleActionStartWorkflow(
            "RollUp", {}, id=schedule_id(task_queue), task_queue=task_queue, execution_timeout=_RUNS,
            static_summary="All incidents in one message to leadership",
        ),
        spec=ScheduleSpec(
            calendars=[ScheduleCalendarSpec(hour=[ScheduleRange(HOUR)], comment="every day at 08:00")],
            time_zone_name=zone.key,
        ),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=CAUGHT_UP),
    )  # fmt: skip


async def ensure(client: Client, task_queue: str, zone: ZoneInfo) -> bool:
    """Make the schedule, or bring it up to date. Returns whether it was made now. Raises RPCError."""
    return await put(client, schedule_id(task_queue), schedule(task_queue, zone))


async def keep_daily(
    client: Client, task_queue: str, zone: ZoneInfo, *, say: Callable[[str], None] = lambda line: None
) -> None:
    """See to the schedule, and try again while Temporal can't be asked: incidents never wait for it."""
    if await keep(lambda: ensure(client, task_queue, zone), "the morning roll-up"):
        say(f"leadership gets a roll-up every day at {HOUR:02}:00, {zone.key} (schedule {schedule_id(task_queue)})")
