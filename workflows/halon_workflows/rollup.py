"""Every morning: all incidents that are open, or ended since yesterday, in one message to leadership."""

from __future__ import annotations

from temporalio import workflow
from temporalio.common import RawValue

from halon.incident import times
from halon.ports import rollup as port
from halon_workflows import options


@workflow.defn(name="RollUp")
class RollUp:
    """Started by a Temporal Schedule."""

    @workflow.run
    async def run(self, asked: RawValue) -> port.RolledUp:
        """``asked`` is not read: whom it goes to is the kit's, and when is now. By hand it sends no more than by schedule."""
        return await workflow.execute_activity(
            port.send,
            port.Morning(times.text(workflow.now())),
            summary="the morning roll-up for leadership",
            **options.of(port.send).arguments(),
        )
