"""One rung: each of its orders gets its chance, and a slow one never holds up the next look."""

from __future__ import annotations

from dataclasses import replace

from halon.incident import times, watching
from halon.incident.halting import held
from halon.incident.orders import Action
from halon.incident.standing import with_action
from halon_workflows import taken
from halon_workflows.durable import Durable
from halon_workflows.looking import FINISHED


async def had_its_chance(inc: Durable) -> None:
    """Until every order of the rungs reached is finished, or the slow ones were waited for long enough."""
    step = f"patience:{inc.state.recurred_at}:{inc.state.rung}"
    if not _finished(inc) and not inc.done(step):
        inc.mark(step)
        inc.change(rung_until=times.after(inc.now, watching.patience(_waited_for(inc))))
    await inc.until(
        lambda: bool(inc.state.false_alarm_by) or _finished(inc) or (_lost(inc, step) and not held(inc.state))
    )
    slow = [] if inc.state.false_alarm_by else _waited_for(inc)
    for one in slow:
        if not inc.done(watching.slow_step(one)):
            inc.mark(watching.slow_step(one))
            inc.note("slow", "contain", f"Not done yet: {one.order.title}. It goes on; whether the harm goes on is looked at "
                     "without waiting for it.", action=one.order.id)  # fmt: skip
    inc.change(rung_until="")


def again(inc: Durable) -> None:
    """The harm came back, once for each time: what is in force is read back before anything climbs, and what was given
    back is taken again, each order by a fresh attempt and with its own gate."""
    step = f"again:{inc.state.recurred_at}"
    if not inc.state.recurred_at or inc.done(step):
        return
    inc.mark(step)
    inc.state = watching.look_now(inc.state)
    for one in inc.state.actions:
        if one.status == "undone" and one.order.reversible and one.order.rung <= inc.state.rung:
            afresh = replace(
                taken.not_begun(one), status="planned", attempt=one.attempt + 1, applied_at="", verified_at="",
                undone_at="", undo_requested_by="", undo_attempt=one.undo_attempt + 1, by_hand="", asked_by="",
            )  # fmt: skip
            inc.state = with_action(inc.state, afresh)
            inc.note("action", "contain", f"The harm is back, and what was given back is planned again: {one.order.title}.",
                     action=one.order.id, status="planned")  # fmt: skip


def _lost(inc: Durable, step: str) -> bool:
    return inc.done(step) and not inc.state.rung_until


def _finished(inc: Durable) -> bool:
    return not _waited_for(inc) and not watching.due(inc.state)


def _waited_for(inc: Durable) -> list[Action]:
    """What the look has to wait for: what can be undone, needs no people, and was not waited for in vain."""
    return [
        one for one in inc.state.actions
        if one.order.rung <= inc.state.rung and one.order.reversible and one.order.gate is None
        and one.status not in FINISHED and not inc.done(watching.slow_step(one))
    ]  # fmt: skip
