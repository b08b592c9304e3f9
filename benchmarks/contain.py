"""From an alert at the front door to the first containment call on the wire, beside bare workflows that make that call.

All run in this process against one server, one after the other in turn, so that what else the machine does falls on
each. The bare one is the fastest safe recipe: eager start, one activity, that activity one HTTP call. A second one has
an activity before it that does nothing: the least that looks before it acts, with both in the server's hands. What is
timed is the call's arrival at the sandbox agent; the shares of the way come from the history.
"""

from __future__ import annotations

import asyncio
import secrets
import statistics
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import httpx
from temporalio import activity, workflow
from temporalio.api.enums.v1 import EventType
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from benchmarks.doors import TOOL, House, now
from benchmarks.figures import Figure, milliseconds
from benchmarks.wire import Wire
from halon.memory import settle

RUNS, WARM = 40, 3
WANTED = {"p50": 1.5, "p95": 2.0, "verified": 3.0}
"""Times the bare workflow's own figure: 50th and 95th percentile of the first call, and the median until it is read back."""
PATIENCE = 15.0
QUIET = 0.5
"""Seconds before anything is timed, in which goes what the one before had begun."""


@activity.defn(name="bench.call")
async def call(asked: list[str]) -> int:
    """The same call as Halon's, bare."""
    url, token = asked
    answer = await _CLIENT.put(f"{url}{TOOL}", json={"enabled": False}, headers={"Authorization": token})
    return answer.status_code


_CLIENT = httpx.AsyncClient(trust_env=False, timeout=10)


@workflow.defn(name="BenchFloor", sandboxed=False)
class Floor:
    """One activity."""

    @workflow.run
    async def run(self, asked: list[str]) -> int:
        """Make the call."""
        return await workflow.execute_activity(call, asked, start_to_close_timeout=timedelta(seconds=10))


@activity.defn(name="bench.nothing")
async def nothing(asked: list[str]) -> None:
    """What stands where a workflow looks before it acts."""


@workflow.defn(name="BenchTwoTurns", sandboxed=False)
class TwoTurns:
    """Two activities, the second one after the answer of the first."""

    @workflow.run
    async def run(self, asked: list[str]) -> int:
        """Do nothing, then make the call."""
        await workflow.execute_activity(nothing, asked, start_to_close_timeout=timedelta(seconds=10))
        return await workflow.execute_activity(call, asked, start_to_close_timeout=timedelta(seconds=10))


async def to_the_call(house: House, seen: Wire) -> tuple[list[Figure], list[Figure]]:
    """The three ways in turn. Returns the figures of each, and the shares of Halon's way."""
    await house.misbehave()
    settle()  # as the worker's process does once it is ready
    bare: dict[type[Floor | TwoTurns], list[float]] = {Floor: [], TwoTurns: []}
    called: list[float] = []
    checked: list[float] = []
    shares: dict[str, list[float]] = defaultdict(list)
    late = 0
    queue = f"floor-{secrets.token_hex(3)}"
    async with Worker(
        house.client, task_queue=queue, workflows=[Floor, TwoTurns], activities=[call, nothing],
        workflow_runner=UnsandboxedWorkflowRunner(),
    ):  # fmt: skip
        ways = (Floor, TwoTurns, None)
        for number in range(WARM + RUNS):
            for way in ways[number % 3 :] + ways[: number % 3]:
                await asyncio.sleep(QUIET)  # before each alike: after it everything is a little slower
                if way is None:
                    ours = await _ours(house, seen, number)
                else:
                    spent = await _floor(house, seen, queue, way)
                    if number >= WARM:
                        bare[way].append(spent)
            if number < WARM:
                continue
            if ours is None:
                late += 1
                continue
            called.append(ours.called)
            checked.append(ours.checked)
            for name, share in ours.shares.items():
                shares[name].append(share)
    return _figures(bare[Floor], bare[TwoTurns], called, checked, late), [
        milliseconds(name, each) for name, each in shares.items() if len(each) * 2 > len(called)
    ]


@dataclass(frozen=True, slots=True)
class Run:
    """Seconds from the delivery to the call on the wire, to the answer of the read-back, and of each step between."""

    called: float
    checked: float
    shares: dict[str, float]


async def _floor(house: House, seen: Wire, queue: str, way: type[Floor | TwoTurns]) -> float:
    seen.forget()
    began = time.perf_counter()
    handle = await house.client.start_workflow(
        way.run, [seen.url, house.api.headers["authorization"]], id=f"{queue}-{secrets.token_hex(4)}",
        task_queue=queue, request_eager_start=True,
    )  # fmt: skip
    await handle.result()
    while not seen.put_at:  # the call was made before this; the agent notes it once it is answered
        await asyncio.sleep(0.001)
    spent = seen.put_at - began
    await _given_back(house)
    return spent


async def _ours(house: House, seen: Wire, number: int) -> Run | None:
    seen.forget()
    began = time.perf_counter()
    found = await house.deliver(f"bench-{number}", "fp", now())
    taken = time.perf_counter() - began
    end = began + PATIENCE
    while not seen.read_at and time.perf_counter() < end:
        await asyncio.sleep(0.002)
    await asyncio.sleep(0.25)  # what goes on beside it, before the next one is timed
    shares = {"the delivery is answered (2xx)": taken, **await _steps(house, found["workflow_id"])}
    await house.end(found["workflow_id"])
    await _given_back(house)
    if not (seen.put_at and seen.read_at):
        return None
    return Run(seen.put_at - began, seen.read_at - began, shares)


async def _given_back(house: House) -> None:
    (await house.api.put(TOOL, json={"enabled": True})).raise_for_status()


async def _steps(house: House, workflow_id: str) -> dict[str, float]:
    """What the activities before the first call cost, each split into waiting for a worker and work."""
    scheduled: dict[int, tuple[str, float]] = {}
    started: dict[int, float] = {}
    found: dict[str, float] = {}
    async for event in house.client.get_workflow_handle(workflow_id).fetch_history_events():
        at = event.event_time.ToNanoseconds() / 1e9
        match event.event_type:
            case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED:
                opened = at
            case EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
                name = event.activity_task_scheduled_event_attributes.activity_type.name
                scheduled[event.event_id] = (name, at)
            case EventType.EVENT_TYPE_ACTIVITY_TASK_STARTED:
                started[event.activity_task_started_event_attributes.scheduled_event_id] = at
            case EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED:
                of = event.activity_task_completed_event_attributes.scheduled_event_id
                name, asked = scheduled[of]
                if name in _SHOWN and f"{name}: begins" not in found:
                    found[f"{name}: begins"] = started[of] - opened
                    found[f"{name}: takes"] = at - asked
    return found


_SHOWN = ("begin.look", "record.find", "detect.corroborate", "triage.assess", "contain.apply", "contain.verify")


def _late(spent: Sequence[float]) -> float:
    ordered = sorted(spent)
    return ordered[min(len(ordered) - 1, round(0.95 * (len(ordered) - 1)))]


def _figures(
    bare: list[float], bare_twice: list[float], called: list[float], checked: list[float], late: int
) -> list[Figure]:
    figures = [
        milliseconds("bare workflow, one activity: the call arrives", bare),
        milliseconds("bare workflow, two activities: the second one's call", bare_twice),
    ]
    if late:
        figures.append(Figure(f"Halon: none within {PATIENCE:g} s", str(late), f"of {len(bare)} runs"))
    if not called:
        return figures
    figures += [milliseconds("Halon: the first containment call arrives", called),
                milliseconds("Halon: and is read back", checked)]  # fmt: skip
    for what, ours, floor, wanted in (
        ("first call, p50", statistics.median(called), statistics.median(bare), WANTED["p50"]),
        ("first call, p95", _late(called), _late(bare), WANTED["p95"]),
        ("read back, p50", statistics.median(checked), statistics.median(bare), WANTED["verified"]),
    ):
        times = ours / floor
        word = "within" if times <= wanted else "OVER"
        figures.append(Figure(f"{what}: times one activity", f"{times:.2f} x", f"wanted {wanted:g}: {word}"))
    for what, ours, floor in (
        ("first call, p50", statistics.median(called), statistics.median(bare_twice)),
        ("first call, p95", _late(called), _late(bare_twice)),
        ("read back, p50", statistics.median(checked), statistics.median(bare_twice)),
    ):
        figures.append(Figure(f"{what}: times two activities", f"{ours / floor:.2f} x", "for comparison"))
    return figures
