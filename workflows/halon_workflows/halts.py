"""While Halon's own actions are halted: what is refused for that waits, and is looked at anew once they go on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from temporalio.exceptions import ActivityError

from halon.incident import halting, times
from halon.incident.gates import Gate
from halon.incident.standing import action, gate
from halon.ports import contain as port
from halon.ports import halt
from halon_workflows import modes
from halon_workflows.durable import Durable, reason_of
from halon_workflows.looking import FINISHED


async def wait_out(inc: Durable) -> None:
    """One wait for all that is held, however long it lasts: three events of history."""
    while not inc.finished:
        await inc.until(lambda: inc.finished or bool(halting.held(inc.state)))
        if inc.finished:
            return
        asked = halt.Held(inc.state.incident_id, inc.now, halting.rounds(halting.held(inc.state)))
        got = await inc.act(halt.lifted, asked, "wait until Halon's own actions go on")
        inc.state = halting.lifted(inc.state, got.told, inc.now)


def held_up(inc: Durable, name: str, kind: str, why: str) -> bool:
    """Whether the hands refused because Halon's own actions are halted; then the order is held, and nothing was sent."""
    if kind != halting.HALTED:
        return False
    inc.state = halting.hold(inc.state, name, why, inc.now)
    return True


async def going_on(inc: Durable, name: str, work: Callable[[Durable, str], Awaitable[None]]) -> None:
    """Carry out an order; each time that it is held, from the start once it may go on, or need not be done any more."""
    await work(inc, name)
    while _held(inc, name):
        await inc.until(lambda: not _held(inc, name) or bool(inc.state.false_alarm_by) or modes.only_observed(inc))
        inc.state = halting.release(inc.state, name)
        one = action(inc.state, name)
        if one is not None and one.status not in FINISHED:  # else somebody did it by hand meanwhile
            await work(inc, name)
    inc.state = halting.begun_anew(inc.state, name)


class Overtaken(Exception):
    """What was allowed to be given back is not any more, and was not sent: the message says why."""


async def undo(inc: Durable, name: str, step: port.Step, summary: str) -> port.Applied:
    """Give back, once Halon's own actions are not halted, if the yes to it still counts then.

    Raises Overtaken, and ActivityError for what fails otherwise.
    """
    while True:
        if by := stopped_by(inc, step.gate):
            inc.state = halting.release(inc.state, name)
            raise Overtaken(f"{by} stops the agent by hand")
        try:
            done = await inc.act(port.undo, step, summary)
            inc.state = halting.begun_anew(inc.state, name)
            return done
        except ActivityError as error:
            kind, why = reason_of(error)
            if kind != halting.HALTED:
                raise
            inc.state = halting.hold(inc.state, name, why, inc.now, giving_back=True)
        await inc.until(lambda: not _held(inc, name) or bool(_overtaken(inc, name, step.gate)))
        if why := _overtaken(inc, name, step.gate):
            inc.state = halting.release(inc.state, name)
            raise Overtaken(why)


def stopped_by(inc: Durable, asked: Gate | None) -> str:
    """Who stopped the agent by hand since people said yes to giving back, "" if nobody did."""
    since = _allowed_at(asked)
    return next((one.asked_by or "somebody" for one in inc.state.actions if since and one.asked_at > since), "")


def _overtaken(inc: Durable, name: str, asked: Gate | None) -> str:
    """Why what was held is not to be given back any more, "" if it still is: people said yes to what they knew then."""
    if by := stopped_by(inc, asked):
        return f"{by} stops the agent by hand"
    now_asked = gate(inc.state, asked.id) if asked is not None else None
    if now_asked is not None and now_asked.status not in ("granted", "spent"):
        return f"gate {now_asked.id} is {now_asked.status} by now"
    one = action(inc.state, name)
    since = max(_allowed_at(asked), one.restored_at if one is not None else "")
    if not since or inc.state.false_alarm_by:
        return ""
    if inc.state.recurred_at > since:
        return f"the harm came back at {inc.state.recurred_at}"
    if inc.state.last_fired_at and times.normal(inc.state.last_fired_at) > times.normal(since):
        return f"an alert fires since {inc.state.last_fired_at}"
    return ""


def _allowed_at(asked: Gate | None) -> str:
    """When the last yes was said; also of a gate that was made void since."""
    return max((answer.at for answer in asked.approvals), default=asked.settled_at) if asked is not None else ""


def _held(inc: Durable, name: str) -> bool:
    one = action(inc.state, name)
    return one is not None and bool(one.held)
