"""Once a week: what Halon would have done to the agents that it only observes, and whether to switch it on."""

from __future__ import annotations

from temporalio import workflow
from temporalio.common import RawValue
from temporalio.exceptions import ActivityError, ApplicationError

from halon.incident import times
from halon.ports import observe as port
from halon_workflows import options
from halon_workflows.durable import reason_of


@workflow.defn(name="ObserveReport")
class ObserveReport:
    """Started by a Temporal Schedule. One agent's trouble keeps no other's report back."""

    @workflow.run
    async def run(self, asked: RawValue) -> list[port.Reported]:
        """Report on every agent; fails at the end, by name, if a report could not be sent.

        ``asked`` is not read: whom it is about is the kit's, and when is now. Whoever starts it by hand sends no more
        than the schedule would.
        """
        at = times.text(workflow.now())
        found = await workflow.execute_activity(
            port.agents,
            port.Week(at),
            summary="which agents are only observed",
            **options.of(port.agents).arguments(),
        )
        told, failed = [], []
        for agent in found.names:
            try:
                told.append(
                    await workflow.execute_activity(
                        port.report,
                        port.Ask(agent, at),
                        summary=f"report: {agent[:80]}",
                        **options.of(port.report).arguments(),
                    )
                )
            except ActivityError as error:
                failed.append(f"{agent[:80]} ({': '.join(reason_of(error))})")
        if failed:
            sent = sum(1 for one in told if one.to)
            raise ApplicationError(
                f"{sent} reports were sent, {len(failed)} were not: {'; '.join(failed)[:2000]}",
                type="NotDelivered", non_retryable=True,
            )  # fmt: skip
        return told
