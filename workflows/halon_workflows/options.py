"""Timeouts and retry policies of every activity, in one table.

``once`` effects (a notice) are tried by Temporal several times all the same: the effect journal decides in the activity
whether a retry may go out. What can't be decided there comes back as a typed error that isn't retried.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from temporalio.common import RetryPolicy

from halon.incident import times
from halon.ports import (
    begin,
    by_hand,
    contain,
    correlate,
    detect,
    evidence,
    halt,
    notify,
    observe,
    rca,
    record,
    relay,
    remediate,
    rollup,
    triage,
    watch,
)


@dataclass(frozen=True)
class Options:
    """How long one try may take, how long all tries together, how soon it is tried again (seconds)."""

    one_try: float
    all_tries: float
    heartbeat: float | None = None
    first_pause: float = 1.0
    longest_pause: float = 30.0
    attempts: int = 0
    given_back: tuple[str, ...] = ()
    """Types of errors that Temporal does not try again: the workflow does."""

    def arguments(self, within: float = 0.0) -> dict[str, Any]:
        """The keyword arguments for ``workflow.execute_activity``. ``within``: less time (seconds) for all tries."""
        return {
            "start_to_close_timeout": timedelta(seconds=self.one_try),
            "schedule_to_close_timeout": timedelta(seconds=within or self.all_tries),
            "heartbeat_timeout": timedelta(seconds=self.heartbeat) if self.heartbeat else None,
            "retry_policy": RetryPolicy(
                initial_interval=timedelta(seconds=self.first_pause),
                maximum_interval=timedelta(seconds=self.longest_pause),
                maximum_attempts=self.attempts,
                non_retryable_error_types=list(self.given_back) or None,
            ),
        }

    def at_once(self) -> dict[str, Any]:
        """The keyword arguments for ``workflow.execute_local_activity``."""
        given = self.arguments()
        del given["heartbeat_timeout"]
        return given


def time_left(all_tries: float, began: str, now: str) -> float:
    """Seconds for all tries of an activity that an earlier run began at ``began`` (ISO 8601; empty: none did).

    A second at least: then it fails by itself, as it would have done in the run before. What was begun so long ago that
    it can't be the same piece of work counts no more.
    """
    left = all_tries - times.seconds_between(began, now) if began else all_tries
    return all_tries if left < -FORGET_AFTER else max(left, 1.0)


FORGET_AFTER = 60.0
_DAYS = 86_400.0
_TABLE: dict[Callable[..., Any], Options] = {
    # Tried once: what it can't do, those do that it stands for, each in its own time.
    begin.look: Options(one_try=60, all_tries=_DAYS, heartbeat=8, attempts=1),
    # Within a workflow task, which Temporal gives ten seconds.
    begin.glance: Options(one_try=4, all_tries=4, attempts=1),
    detect.corroborate: Options(one_try=12, all_tries=60),
    detect.others: Options(one_try=10, all_tries=20),
    detect.forward: Options(one_try=15, all_tries=300),
    correlate.find: Options(one_try=12, all_tries=15, first_pause=0.5),
    correlate.follow: Options(one_try=12, all_tries=15, first_pause=0.5),
    correlate.hand_over: Options(one_try=30, all_tries=300, longest_pause=15),
    correlate.take: Options(one_try=15, all_tries=120, first_pause=0.5),
    correlate.split_off: Options(one_try=15, all_tries=300),
    correlate.pass_on: Options(one_try=15, all_tries=300),
    triage.assess: Options(one_try=20, all_tries=120, first_pause=0.5),
    triage.authority: Options(one_try=10, all_tries=60, first_pause=0.2),
    evidence.collect: Options(one_try=30, all_tries=90, heartbeat=8),
    by_hand.ready: Options(one_try=10, all_tries=30, first_pause=0.2),
    contain.apply: Options(one_try=30, all_tries=300, heartbeat=8, longest_pause=10),
    contain.verify: Options(one_try=40, all_tries=120, heartbeat=8, longest_pause=10),
    contain.undo: Options(one_try=30, all_tries=300, heartbeat=8, longest_pause=10),
    contain.verify_undo: Options(one_try=40, all_tries=120, heartbeat=8, longest_pause=10),
    contain.harm: Options(one_try=20, all_tries=60),
    halt.lifted: Options(one_try=20, all_tries=30 * _DAYS),
    halt.seen: Options(one_try=5, all_tries=10, first_pause=0.2),
    watch.fallback: Options(one_try=20, all_tries=60),
    notify.draft: Options(one_try=20, all_tries=600),
    # Long enough for many mails, one after the other; a worker that died is noticed by its heartbeat.
    notify.send: Options(one_try=120, all_tries=1800, heartbeat=12),
    notify.page: Options(one_try=30, all_tries=300, longest_pause=15),
    # An hour: a report that comes at nine serves as well, and one that never comes is seen as failed.
    observe.agents: Options(one_try=300, all_tries=3600, heartbeat=12, longest_pause=60),
    rollup.send: Options(one_try=300, all_tries=7200, heartbeat=12, longest_pause=60),
    observe.report: Options(one_try=300, all_tries=3600, heartbeat=12, longest_pause=60),
    rca.investigate: Options(one_try=120, all_tries=600, heartbeat=12),
    remediate.prove: Options(one_try=180, all_tries=900, heartbeat=12),
    relay.hand_on: Options(one_try=120, all_tries=_DAYS, heartbeat=30),
    record.append: Options(one_try=10, all_tries=120, first_pause=0.5, longest_pause=20),
    record.find: Options(one_try=60, all_tries=_DAYS, heartbeat=8),
    record.finish: Options(one_try=30, all_tries=300),
}


FIRST_TRIES = 300.0
"""Seconds for which an approved notice is tried before somebody is told that its channel takes nothing."""


def sending(tried: bool, by_turns: bool = False) -> Options:
    """How an approved notice is sent: for some minutes at first, then (``tried``) once each time it is its turn again.

    ``by_turns``: to many people one by one. Each turn has this time of its own, and the workflow begins the next one.
    """
    own = of(notify.send)
    return replace(
        own, all_tries=min(own.all_tries, FIRST_TRIES), longest_pause=60, attempts=1 if tried else 0,
        given_back=("Unfinished",) if by_turns else (),
    )  # fmt: skip


BESIDE = Options(30, 120, longest_pause=10)
"""For the status on one of several channels of leadership: what one of them can't take does not keep the next back long."""


def of(port: Callable[..., Any]) -> Options:
    """The options of a port's activity."""
    return _TABLE[port]
