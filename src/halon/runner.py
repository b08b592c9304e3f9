"""A workflow runner that keeps a query from moving an incident.

Measured with the SDK 1.35: when a query reaches a worker that does not hold the run, and the history ends in events that
no workflow task has taken up yet, the SDK applies those events for the query, with the time of the task before, and
keeps the run in its cache. The next real task then goes on from there. ``workflow.now()`` and the grouping of events
differ from what every later replay sees: a record whose hashes hold times would fork, and commands may come in another
order. Such an activation is recognised here and failed: the query is answered with an error (ask again), the run is
dropped from the cache, and the real task replays it with its own time.
"""

from __future__ import annotations

from typing import Any

from temporalio.bridge.proto.workflow_activation import WorkflowActivation
from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion
from temporalio.worker import WorkflowInstance, WorkflowInstanceDetails, WorkflowRunner
from temporalio.workflow import _Definition

from halon.around import Around
from halon.blocked import Abandoned, Alone

AHEAD = "The incident's state is just being rebuilt; ask again."
_FROM_HISTORY = frozenset(
    {
        "fire_timer", "signal_workflow", "cancel_workflow", "resolve_activity", "resolve_signal_external_workflow",
        "resolve_child_workflow_execution", "resolve_child_workflow_execution_start",
    }
)  # fmt: skip


class TimelyRunner(WorkflowRunner):
    """Runs workflows by another runner; see the module, and ``blocked.py`` for what is ``abandoned``."""

    def __init__(self, runner: WorkflowRunner, abandoned: Abandoned | None = None) -> None:
        self.runner = runner
        self.abandoned = abandoned if abandoned is not None else Abandoned()

    def prepare_workflow(self, defn: _Definition) -> None:
        """Prepare a workflow definition once."""
        self.runner.prepare_workflow(defn)

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        """An instance whose activations are watched."""
        return _Timely(Alone(self.runner.create_instance(det), self.abandoned))

    def set_worker_level_failure_exception_types(self, types: Any) -> None:
        """Handed on."""
        self.runner.set_worker_level_failure_exception_types(types)


class _Timely(Around):
    def __init__(self, instance: WorkflowInstance) -> None:
        super().__init__(instance)
        self._last = 0

    def activate(self, act: WorkflowActivation) -> WorkflowActivationCompletion:
        at = act.timestamp.ToNanoseconds()
        moves = any(not (job.HasField("query_workflow") or job.HasField("remove_from_cache")) for job in act.jobs)
        if moves and not act.is_replaying and at == self._last and any(_from_history(job) for job in act.jobs):
            completion = WorkflowActivationCompletion(run_id=act.run_id)
            completion.failed.failure.message = AHEAD
            return completion
        if moves:
            self._last = at
        return self._instance.activate(act)


def _from_history(job: Any) -> bool:
    """Whether a job stands for an event of the history.

    A local activity's result belongs to the task under way. So does the answer to a cancellation that the workflow asked
    for just now: the SDK gives it at once, in the same task, and no event stands for it (cancellation type TRY_CANCEL).
    Taken for an event of the history it would fail this task, and every retry of it, for good.
    """
    kind = job.WhichOneof("variant")
    if kind == "resolve_activity":
        return not (job.resolve_activity.is_local or job.resolve_activity.result.HasField("cancelled"))
    return kind in _FROM_HISTORY
