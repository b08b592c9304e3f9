"""What halon.control adds to one call of a tool: the same function bare and decorated, in one process."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from benchmarks.figures import Figure
from halon.control import Control

CALLS = 5_000
TO, SUBJECT, BODY = "customer1001@example.com", "Your order 1001", "It is shipped. " * 20


async def calling(state: Path) -> list[Figure]:
    """Sync and async tools, alone, within a turn and under a limit that is counted in the state file."""
    control = Control("bench", state=state)

    def bare(to: str, subject: str, body: str) -> str:
        return to

    async def bare_async(to: str, subject: str, body: str) -> str:
        return to

    tool = control.tool("send", authorised=lambda call: True, recipient=lambda call: str(call["to"]))
    guarded = tool(bare)
    guarded_async = control.tool("send_async")(bare_async)
    alone = _spent(bare)
    figures = [
        _added("sync tool, outside a turn", _spent(guarded), alone),
        _added("async tool", await _spent_async(guarded_async), await _spent_async(bare_async)),
    ]
    with control.turn(session="s-1"):
        figures.append(_added("sync tool, within a turn", _spent(guarded), alone))
    with control._store.changing() as db:
        switches = '{"tools/send/rate-limit": {"per_minute": 1000000}}'
        db.execute("UPDATE kept SET value = ? WHERE name = 'switches'", (switches,))
    figures.append(_added("with a rate limit set", _spent(guarded, CALLS // 10), alone))
    await asyncio.to_thread(control.close)
    return figures


def _spent(fn: Callable[[str, str, str], str], calls: int = CALLS) -> list[float]:
    spent = []
    for _ in range(calls):
        began = time.perf_counter()
        fn(TO, SUBJECT, BODY)
        spent.append(time.perf_counter() - began)
    return spent


async def _spent_async(fn: Callable[[str, str, str], Awaitable[str]]) -> list[float]:
    spent = []
    for _ in range(CALLS):
        began = time.perf_counter()
        await fn(TO, SUBJECT, BODY)
        spent.append(time.perf_counter() - began)
    return spent


def _added(what: str, guarded: Sequence[float], bare: Sequence[float]) -> Figure:
    """The median that control adds, in microseconds, and the 95th percentile."""
    late = [sorted(spent)[round(0.95 * (len(spent) - 1))] for spent in (guarded, bare)]
    added = (statistics.median(guarded) - statistics.median(bare)) * 1e6
    note = (
        f"p95 {(late[0] - late[1]) * 1e6:,.1f} µs added, worst call {max(guarded) * 1e3:,.1f} ms, {len(guarded)} calls"
    )
    return Figure(what, f"{added:,.1f} µs", note)
