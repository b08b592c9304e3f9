"""A person stops the agent by one word, or did it elsewhere: looked up and read back here, carried out at once."""

from __future__ import annotations

from dataclasses import replace

from temporalio import workflow
from temporalio.exceptions import ActivityError

from halon.incident.by_hand import Ready, Seen
from halon.incident.kits import in_force
from halon.incident.orders import Action
from halon.incident.standing import action, with_action
from halon.ports import by_hand, contain
from halon_workflows import contain as phase
from halon_workflows import modes, options, triage
from halon_workflows.durable import Durable, reason_of
from halon_workflows.looking import FINISHED

READ_WITHIN = 12.0
"""Seconds in which it must be seen how something reads back that was done by hand; else it is only claimed."""


async def look_up(inc: Durable) -> Ready:
    """What the kit holds ready to stop the agent. What can't be looked up is said so."""
    asked = by_hand.Asked(inc.state.incident_id, inc.state.agent, in_force(inc.state))
    try:
        return await inc.act_now(by_hand.ready, asked, "what stops the agent")
    except ActivityError as error:
        return Ready(why=": ".join(reason_of(error)))


async def read_back(inc: Durable, name: str, reading: set[str]) -> Seen | None:
    """How an order reads back just now, looked at once; None if this incident has no such order, or somebody is looking.

    The answer to a command holds up the renewal of the run, and Temporal takes only so many commands at a time: a
    control that hangs must not keep people from saying anything else. ``reading`` are the orders looked at just now.
    """
    one = action(inc.state, name)
    if one is None or name in reading:
        return None
    step = contain.Step(inc.state.incident_id, one.order, one.attempt, once=True)
    chosen = replace(options.of(contain.verify), one_try=READ_WITHIN, all_tries=READ_WITHIN, attempts=1)
    summary = f"read back what was done by hand: {one.order.title}"
    reading.add(name)
    try:
        read = await workflow.execute_activity(contain.verify, step, summary=summary[:180], **chosen.arguments())
    except ActivityError as error:
        return Seen(None, inc.now, ": ".join(reason_of(error)))
    finally:
        reading.discard(name)
    return Seen(read.holds, read.at, read.note)


async def carry_out_asked(inc: Durable) -> None:
    """What somebody asked for by hand is carried out whatever the story is at, its rung, its trust or its severity."""
    while not inc.finished:
        await inc.until(lambda: inc.finished or bool(_to_do(inc)))
        if inc.finished:
            return
        if inc.state.assessment is None:  # nobody who stops an agent waits until its telemetry has been looked at
            await triage.judge(inc)
        for one in _to_do(inc):
            name = one.order.id
            if one.status == "would run":
                inc.state = with_action(inc.state, replace(one, status="planned"))
            inc.spawn(f"contain.{name}", lambda name=name: phase.carry_out(inc, name))  # type: ignore[misc]


def _to_do(inc: Durable) -> list[Action]:
    return [
        one for one in inc.state.actions
        if one.asked_by and f"contain.{one.order.id}" not in inc.tasks
        and (one.status not in FINISHED or (one.status == "would run" and not modes.only_observed(inc)))
        and not (one.status == "would run" and inc.state.assessment is None)
    ]  # fmt: skip
