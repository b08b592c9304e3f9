"""What stands around a run of the SDK's and hands on what it does not change."""

from __future__ import annotations

from typing import Any

from temporalio.worker import WorkflowInstance


class Around(WorkflowInstance):
    """All but ``activate`` is that of ``instance``."""

    def __init__(self, instance: WorkflowInstance) -> None:
        self._instance = instance

    def __getattr__(self, name: str) -> Any:
        return getattr(self._instance, name)

    def get_serialization_context(self, command_info: Any) -> Any:
        return self._instance.get_serialization_context(command_info)

    def get_external_store_context(self, command_info: Any) -> Any:
        return self._instance.get_external_store_context(command_info)

    def get_info(self) -> Any:
        return self._instance.get_info()

    def get_thread_id(self) -> int | None:
        return self._instance.get_thread_id()
