"""The fast way into the action log and the traces: a thread that writes four times a second."""

from __future__ import annotations

import atexit
import collections
import os
import threading
import time
import weakref
from collections.abc import Sequence

from halon.control.agent import Agent
from halon.control.sessions import note_session
from halon.control.store import LOG, MOST, UNUSABLE, Store, add_row
from halon.control.traces import trace_of
from halon.control.turns import Attempt, Turn
from halon.control.values import dumped

_AT_ONCE = 500
"""Entries of one transaction: a call that is counted waits for no longer one."""


class Log:
    """What waits to be written of one agent."""

    def __init__(self, agent: Agent, store: Store) -> None:
        self.agent, self.store = agent, store
        self._noted: dict[str, float] = {}
        self._queue: collections.deque[Attempt | Turn] = collections.deque(maxlen=MOST["action"])
        self.after_fork()
        _ALIVE.add(self)

    def after_fork(self) -> None:
        """A fork takes no threads along, and maybe a lock that one of them held."""
        self._wake, self._flushing, self._thread = threading.Event(), threading.Lock(), threading.Thread()

    def keep(self, one: Attempt | Turn) -> None:
        """Have a call or a turn written soon."""
        self._queue.append(one)
        if not self._wake.is_set():
            self._wake.set()
            if not self._thread.is_alive():
                # It holds no reference: a log that nobody uses any more goes away, and so does the thread.
                self._thread = threading.Thread(target=_write, args=(weakref.ref(self), self._wake), daemon=True)
                self._thread.start()

    def flush(self) -> None:
        """Write what waits now."""
        with self._flushing:
            taken = [self._queue.popleft() for _ in range(len(self._queue))]
            if not taken:
                return
            for done in range(0, len(taken), _AT_ONCE):
                try:
                    self._put_down(taken[done : done + _AT_ONCE])
                except UNUSABLE as error:
                    LOG.error("%d entries of the action log are lost: %s", len(taken) - done, error)
                    return

    def _put_down(self, some: Sequence[Attempt | Turn]) -> None:
        with self.store.changing(durable=False) as db:
            for one in some:
                at = one.started / 1e9
                if isinstance(one, Attempt):
                    add_row(db, "action", one.trace_id, at, dumped(one.row()))
                if isinstance(one, Turn):
                    note_session(db, self._noted, one)
                if isinstance(one, Turn) or one.turn is None:
                    add_row(db, "trace", one.trace_id, at, dumped(trace_of(self.agent, one)))


_ALIVE: weakref.WeakSet[Log] = weakref.WeakSet()


def _write(log: weakref.ref[Log], wake: threading.Event) -> None:
    """Write four times a second while there is anything, until nobody holds the log any more."""
    while (found := log()) is not None:
        del found
        if wake.wait(5.0):
            time.sleep(0.25)
            wake.clear()
            if (found := log()) is not None:
                found.flush()


def _after_fork() -> None:
    for log in list(_ALIVE):
        log.after_fork()
        log.store.after_fork()


@atexit.register
def _flush_all() -> None:
    for log in list(_ALIVE):
        log.flush()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
