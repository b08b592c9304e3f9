"""Does a worker see what was just said by ``halon halt`` or ``halon resume``? Asked by the command, answered by a worker."""

from __future__ import annotations

from temporalio import workflow
from temporalio.common import RawValue

from halon.ports import halt as port
from halon_workflows import options


@workflow.defn(name="HaltSeen")
class HaltSeen:
    """One look into the store that a worker really works with. It changes nothing."""

    @workflow.run
    async def run(self, asked: RawValue) -> port.Seen:
        """The turn that counts for the worker that answers. ``asked`` is not read: there is only one question."""
        return await workflow.execute_activity(
            port.seen, port.Look(), summary="which halt or resume this worker sees", **options.of(port.seen).arguments()
        )
