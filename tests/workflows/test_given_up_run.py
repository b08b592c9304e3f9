"""A run that can't be evicted is given up: after its third failure, and where its thread never ends by itself."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest
from temporalio.bridge.proto.workflow_activation import WorkflowActivation
from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion
from temporalio.worker import WorkflowInstance

from halon import blocked
from halon.blocked import TRIES, Abandoned, Alone, StillRunning


class Run(WorkflowInstance):
    """What the SDK makes of a run, with the work that it is given."""

    def __init__(self, work: Callable[[], object]) -> None:
        self.work = work

    def activate(self, act: WorkflowActivation) -> WorkflowActivationCompletion:
        self.work()
        return WorkflowActivationCompletion(run_id=act.run_id)

    def get_serialization_context(self, command_info: Any) -> Any:
        return None

    def get_external_store_context(self, command_info: Any) -> Any:
        return None

    def get_info(self) -> Any:
        return SimpleNamespace(workflow_id="incident-a.b")

    def get_thread_id(self) -> int | None:
        return None


def task() -> WorkflowActivation:
    """Something for a run to do."""
    act = WorkflowActivation(run_id="r")
    act.jobs.add().fire_timer.seq = 1
    return act


def eviction() -> WorkflowActivation:
    """The SDK wants the run out of its cache."""
    act = WorkflowActivation(run_id="r")
    act.jobs.add().remove_from_cache.message = "deadlock"
    return act


def tasks_remain() -> None:
    raise RuntimeError("tasks remain")


def test_a_run_whose_eviction_fails_three_times_is_given_up(caplog: pytest.LogCaptureFixture) -> None:
    """The SDK hears of each failure until then, and then that the run is gone. Other failures don't count."""
    abandoned = Abandoned()
    run = Alone(Run(tasks_remain), abandoned)
    for _ in range(TRIES):
        with pytest.raises(RuntimeError, match="tasks remain"):
            run.activate(task())
    for _ in range(TRIES - 1):
        with pytest.raises(RuntimeError, match="tasks remain"):
            run.activate(eviction())
        assert len(abandoned) == 0
    completion = run.activate(eviction())
    assert (completion.run_id, completion.HasField("successful")) == ("r", True)
    assert (len(abandoned), abandoned.blocked) == (1, 0)
    assert "a run of incident-a.b is given up: its eviction failed 3 times (tasks remain)" in caplog.text


def test_the_thread_of_a_run_that_is_given_up_in_a_loop_is_free_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A loop without end is broken once nobody looks at its run any more: the thread works for others."""
    monkeypatch.setattr(blocked, "ABANDON_SECONDS", 0.3)
    monkeypatch.setattr(blocked, "_TURN_SECONDS", 0.05)
    abandoned, begun, test_over = Abandoned(), threading.Event(), threading.Event()

    def loop() -> None:
        begun.set()
        while not test_over.is_set():
            pass

    run = Alone(Run(loop), abandoned)
    with ThreadPoolExecutor(1) as pool:
        try:
            hangs: Future[Any] = pool.submit(run.activate, task())
            assert begun.wait(5)
            with pytest.raises(StillRunning, match=r"a task of incident-a\.b still runs"):
                run.activate(eviction())
            time.sleep(0.3)
            assert run.activate(eviction()).HasField("successful")
            ended = hangs.exception(5)
            assert type(ended) is blocked._GivenUp
            assert pool.submit(threading.get_ident).result(5) > 0
            assert (len(abandoned), abandoned.blocked) == (1, 0)
        finally:
            test_over.set()
