"""A workflow task that blocks its thread: the incident goes on by itself, and no other one waits for it."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import pytest

from halon import blocked, worker
from halon.blocked import Abandoned, WorkerWorn
from halon.incident import storm
from halon.incident.alerts import Alert
from halon.incident.state import State
from halon.kit import load
from halon.worker import working


class Blocking:
    """Stands in front of ``storm.absorb``: blocks its thread the first time, as a machine that is far too busy does."""

    def __init__(self, block: Callable[[], object]) -> None:
        self.times = 0
        self._block = block
        self._absorb = storm.absorb

    def __call__(self, state: State, alerts: Iterable[Alert], now: str) -> State:
        self.times += 1
        if self.times == 1:
            self._block()
        return self._absorb(state, alerts, now)


async def _goes_on(house: Any, blocking: Blocking, monkeypatch: pytest.MonkeyPatch) -> int:
    """One incident whose task blocks when a second alert comes; how many alerts it holds in the end."""
    await house.open()
    await house.until("the harm to stop", lambda s: "the harm has stopped" in s["headline"])
    monkeypatch.setattr(storm, "absorb", blocking)
    await house.admit(house.alert(fingerprint="fp-2"))
    await house.until("the task to be tried anew", lambda s: blocking.times > 1)
    assert await house.say("note", by="ann", text="still there") == "still there"
    (counts,) = (await house.query("status"))["alerts"].values()
    return int(counts["firing"])


async def test_an_incident_whose_task_blocked_goes_on_by_itself(
    house: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The task is tried anew once its thread is free: each alert is counted once, and people are heard."""
    house.settings = replace(house.settings, task_seconds=1)
    blocking = Blocking(lambda: time.sleep(4))
    abandoned = Abandoned()
    async with house.worker(abandoned=abandoned):
        assert await _goes_on(house, blocking, monkeypatch) == 2
    assert len(abandoned) == 0
    assert "didn't yield within 1 second(s)" in caplog.text  # the setting reached the SDK, which has no option for it
    assert "still runs after" in caplog.text


async def test_an_incident_whose_thread_never_comes_back_is_rebuilt(
    house: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The run is given up, on record in the log, and goes on from its history while the thread still hangs."""
    monkeypatch.setattr(blocked, "ABANDON_SECONDS", 4.0)
    house.settings = replace(house.settings, task_seconds=1)
    never, abandoned = threading.Event(), Abandoned()
    try:
        async with house.worker(abandoned=abandoned):
            assert await _goes_on(house, Blocking(never.wait), monkeypatch) == 2
            assert (len(abandoned), abandoned.blocked) == (1, 1)
    finally:
        never.set()
    assert f"a run of {house.incident.id} is given up" in caplog.text


async def test_a_worker_that_gave_up_too_many_runs_ends_and_says_so(
    house: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends in order, its process ends even where threads never come back, and the next worker goes on."""
    monkeypatch.setattr(blocked, "ABANDON_SECONDS", 2.0)
    monkeypatch.setattr(worker, "Abandoned", lambda on_worn: Abandoned(on_worn, most=1))
    ends: list[float] = []
    monkeypatch.setattr(worker, "_end_in", ends.append)
    house.settings = replace(house.settings, task_seconds=1)
    never, blocking = threading.Event(), Blocking(lambda: never.wait())
    kit = load(house.settings.kit, house.environ)

    async def run() -> None:
        async with working(house.client, house.settings, kit, house.evidence, house.environ, print):
            await house.open()
            await house.until("the harm to stop", lambda s: "the harm has stopped" in s["headline"])
            monkeypatch.setattr(storm, "absorb", blocking)
            await house.admit(house.alert(fingerprint="fp-2"))
            await asyncio.wait_for(asyncio.Event().wait(), 60)  # as an entry point waits for its signal

    try:
        with pytest.raises(WorkerWorn, match="start it again"):
            await run()
    finally:
        never.set()
    assert ends == [worker.ENDS_AFTER]
    async with house.worker():
        await house.until("both alerts", lambda s: sum(one["firing"] for one in s["alerts"].values()) == 2)
