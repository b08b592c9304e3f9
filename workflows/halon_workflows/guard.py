"""A worker interceptor: a start or Update with the wrong number of inputs is refused, a Signal with that is recorded.

Without it the SDK's call of the handler raises TypeError inside the workflow task and the incident is wedged for good.
"""

from __future__ import annotations

from typing import Any

from temporalio import workflow
from temporalio.exceptions import ApplicationError
from temporalio.worker import (
    ExecuteWorkflowInput,
    HandleSignalInput,
    HandleUpdateInput,
    Interceptor,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
)

from halon.incident.commands import COMMANDS


class SignalGuard(Interceptor):
    """Give this to the worker."""

    def workflow_interceptor_class(
        self, input: WorkflowInterceptorClassInput
    ) -> type[WorkflowInboundInterceptor] | None:
        """The interceptor of each workflow run."""
        return _Guarded


class _Guarded(WorkflowInboundInterceptor):
    async def execute_workflow(self, input: ExecuteWorkflowInput) -> Any:
        if len(input.args) != 1:
            text = (
                f"A start takes one JSON object; {len(input.args)} inputs were given. Alerts come in at the front door."
            )
            raise ApplicationError(text, type="Malformed", non_retryable=True)
        return await super().execute_workflow(input)

    async def handle_signal(self, input: HandleSignalInput) -> None:
        known = workflow.get_signal_handler(input.signal)
        if known is not None and len(input.args) != 1:
            instance: Any = workflow.instance()
            text = _one_is_needed(input.signal, len(input.args))
            if hasattr(instance, "refuse_signal"):
                instance.refuse_signal(input.signal, "Malformed", text)
            return
        await super().handle_signal(input)

    def handle_update_validator(self, input: HandleUpdateInput) -> None:
        if input.update in COMMANDS and len(input.args) != 1:
            raise ApplicationError(_one_is_needed(input.update, len(input.args)), type="Malformed", non_retryable=True)
        super().handle_update_validator(input)


def _one_is_needed(name: str, given: int) -> str:
    spec = COMMANDS.get(name)
    inputs = f"{given} inputs" if given else "an empty input"
    return spec.takes(inputs) if spec else f"{name} takes one JSON object, not {inputs}."
