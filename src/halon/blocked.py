"""A workflow task that does not come back: its incident is rebuilt from its history, and nobody else waits for it.

Measured with the SDK 1.35. Its deadlock detector gives up waiting for a thread and evicts the run, on a second thread,
while the first still works in the same run: both move one event loop, tasks are lost in it, no eviction ever succeeds
("tasks remain"), and the run stays stuck in this worker until that is restarted. It may also raise an exception in the
blocked thread, which loses tasks in the same way.

So here one thread at a time moves a run: an eviction waits for the thread that is there, and a run that can't be
evicted is abandoned. It is then out of the worker's sight and kept for good, because a coroutine that is collected wakes
up in whatever thread that happens to be in. The next task finds no run, and makes it anew from its history.
"""

from __future__ import annotations

import ctypes
import logging
import sys
import threading
import time
import traceback
from collections.abc import Callable

from temporalio.bridge.proto.workflow_activation import WorkflowActivation
from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion
from temporalio.worker import WorkflowInstance

from halon.around import Around
from halon.incident.errors import HalonError

ABANDON_SECONDS = 30.0
"""Seconds after which a run whose thread does not come back is abandoned; until then its eviction is tried again."""
TRIES = 3
"""Evictions of a run that may fail before it is abandoned. The SDK tries every two seconds."""
MOST_ABANDONED = 16
"""Runs that a worker may have abandoned; then it ends, so that another one begins afresh."""
_TURN_SECONDS = 0.5
"""Time that an eviction waits for the thread before it fails, to be tried again: it holds a thread meanwhile."""
_log = logging.getLogger(__name__)


class StillRunning(HalonError):
    """A run can't be evicted yet: a thread works in it."""


class WorkerWorn(HalonError):
    """A worker has abandoned so many runs that it is better begun afresh."""


class Abandoned:
    """What a worker has abandoned. ``on_worn`` is called, in any thread, when it is too much to go on."""

    def __init__(self, on_worn: Callable[[], object] = lambda: None, most: int = MOST_ABANDONED) -> None:
        self._kept: list[Alone] = []
        self._on_worn = on_worn
        self._most = most

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def worn(self) -> bool:
        """Whether it is too much to go on."""
        return len(self._kept) >= self._most

    @property
    def blocked(self) -> int:
        """How many threads never came back."""
        return sum(one.running for one in self._kept)

    def keep(self, one: Alone) -> None:
        """Keep ``one`` for good."""
        self._kept.append(one)
        if len(self._kept) == self._most:
            self._on_worn()


class Alone(Around):
    """A run in which one thread at a time works."""

    def __init__(self, instance: WorkflowInstance, abandoned: Abandoned) -> None:
        super().__init__(instance)
        self._abandoned = abandoned
        self._turn = threading.Lock()
        self._thread = 0
        self._since = 0.0
        self._failed = 0
        self._told = False
        # Held while the thread that works may change: an exception must not hit what it does next.
        self._there = threading.Lock()

    @property
    def running(self) -> bool:
        """Whether a thread works in it."""
        return self._thread != 0

    def activate(self, act: WorkflowActivation) -> WorkflowActivationCompletion:
        """See the base class. Raises StillRunning for an eviction that has to wait."""
        evicting = any(job.HasField("remove_from_cache") for job in act.jobs)
        if not self._turn.acquire(timeout=_TURN_SECONDS):
            return self._waiting(act, evicting)
        try:
            with self._there:
                self._thread, self._since = threading.get_ident(), time.monotonic()
            return self._instance.activate(act)
        except Exception as error:
            self._failed += evicting
            if not evicting or self._failed < TRIES:
                raise
            return self._abandon(act, f"its eviction failed {self._failed} times ({str(error)[:200]})")
        finally:
            with self._there:
                self._thread = 0
            self._turn.release()

    def get_thread_id(self) -> int | None:
        """None: the SDK would raise an exception in that thread, see the module."""
        return None

    def _waiting(self, act: WorkflowActivation, evicting: bool) -> WorkflowActivationCompletion:
        """What is done while another thread works in it."""
        took = time.monotonic() - self._since
        if evicting and took >= ABANDON_SECONDS:
            return self._abandon(act, f"its thread has not come back for {took:.0f} s")
        told = f"a task of {self._instance.get_info().workflow_id} still runs after {took:.1f} s"
        if not self._told:
            self._told = True
            _log.warning("%s; it is at:\n%s", told, _where(self._thread))
        raise StillRunning(f"{told}; once it ends, or is given up, the incident goes on from its history")

    def _abandon(self, act: WorkflowActivation, why: str) -> WorkflowActivationCompletion:
        self._abandoned.keep(self)
        _log.error(
            "a run of %s is given up: %s; the incident goes on from its history (%d given up by this worker)",
            self._instance.get_info().workflow_id, why, len(self._abandoned),
        )  # fmt: skip
        with self._there:
            if self._thread not in (0, threading.get_ident()):
                # Nobody looks at this run again, so that a loop without end may as well be broken.
                ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self._thread), ctypes.py_object(_GivenUp))
        completion = WorkflowActivationCompletion(run_id=act.run_id)
        completion.successful.SetInParent()
        return completion


class _GivenUp(BaseException):
    """Ends the work of a thread in a run that was abandoned."""


def _where(thread: int) -> str:
    """What a thread is at, innermost last; without the text of any value."""
    frame = sys._current_frames().get(thread)
    return "".join(traceback.format_stack(frame)[-8:]) if frame else "(it has just ended)"
