"""Halon's own actions are halted: what it was about to apply or to give back is held, told once, and goes on by itself."""

from __future__ import annotations

from dataclasses import replace

from halon.incident import watching
from halon.incident.canonical import digest
from halon.incident.orders import Action
from halon.incident.standing import action, with_action
from halon.incident.state import State
from halon.incident.timeline import note, tell
from halon.incident.times import after

HALTED = "Halted"
"""The type of the failure with which the hands refuse while Halon's own actions are halted. Nothing was sent then."""

IN_CIRCLES = 4
"""Held so often in a row for the same reason, an order goes in circles: one worker lets it go on, and another holds it."""


def held(state: State) -> tuple[Action, ...]:
    """What waits until Halon's own actions go on."""
    return tuple(one for one in state.actions if one.held)


def rounds(waiting: tuple[Action, ...]) -> int:
    """How often in a row what waits was held for the very same reason: the order that was so the least often counts."""
    return min((one.held_times for one in waiting), default=0)


def begun_anew(state: State, name: str) -> State:
    """``state`` in which it counts no more how often this order was held: it is held no longer."""
    one = action(state, name)
    return with_action(state, replace(one, held_as="", held_times=0)) if one is not None and one.held_times else state


def hold(state: State, name: str, why: str, now: str, *, giving_back: bool = False) -> State:
    """``state`` with this order held for ``why``: to be carried out, or to be given back, once they go on."""
    one = action(state, name)
    if one is None:
        return state
    times = one.held_times + 1 if one.held_as == why else 1
    changed = replace(one, held=why, held_as=why, held_times=times)
    state = with_action(state, changed if giving_back else replace(changed, status="planned"))
    mark = digest({"why": why})[:12]
    step = f"held:{name}:{'undo' if giving_back else 'apply'}:{mark}"
    if step not in state.ledger:
        what = f"{'giving back ' if giving_back else ''}{one.order.title}"
        state = note(replace(state, ledger={**state.ledger, step: now}), now, "held", "contain",
                     f"Held: {what}. {why}. It goes on by itself after `halon resume`.", data={"action": name})  # fmt: skip
    names = tuple(dict.fromkeys(each for each in (state.commander, state.technical_lead) if each))
    if times == IN_CIRCLES:
        told = (f"{one.order.title} was let go on {IN_CIRCLES - 1} times, and held again each time: {why}. Some of the workers "
                "are halted, and others are not. It is tried again ever more rarely, once an hour in the end.")  # fmt: skip
        state = note(state, now, "held", "contain", told, data={"action": name})
        return tell(state, now, f"halted:{mark}:circle", f"[{state.reference}] some workers are halted, others are not",
                    f"{told} Unset HALON_HALT there and start those workers again; or halt all of them, with `halon halt`.",
                    names=names, asked="Some of the workers are halted: start them again without HALON_HALT, or halt all")  # fmt: skip
    body = f"{why}. Nothing is applied or given back until `halon resume`; clocks, gates and pages go on. Act by hand if it can't wait."
    return tell(state, now, f"halted:{mark}", f"[{state.reference}] Halon's own actions are halted", body, names=names,
                asked="Nothing is switched off or given back meanwhile. Act by hand if it can't wait",
                command="halon resume --reason WHY")  # fmt: skip


def lifted(state: State, told: str, now: str) -> State:
    """``state`` with nothing held any more; ``told`` says who let Halon's actions go on."""
    waiting = held(state)
    if not waiting:
        return state
    for one in waiting:
        state = with_action(state, replace(one, held=""))
    if watching.on(state):  # they have not had their chance yet: nothing stronger is done for want of them
        state = replace(state, rung_until=after(now, watching.patience(list(waiting))))
    titles = ", ".join(one.order.title for one in waiting)
    if rounds(waiting) >= IN_CIRCLES:
        return state  # said by now, and it may be held again in a moment
    return note(state, now, "held", "contain", f"{told}: {titles}.")


def release(state: State, name: str) -> State:
    """``state`` with this order no longer held: it is looked at again, whatever Halon may do."""
    one = action(state, name)
    return with_action(state, replace(one, held="")) if one is not None and one.held else state
