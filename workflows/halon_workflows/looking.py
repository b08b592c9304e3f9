"""Look whether the harm stopped: after what was done, never before people had their say, and never by assumption."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from temporalio.exceptions import ActivityError

from halon.incident import times
from halon.incident.by_hand import another_attempt
from halon.incident.orders import Action
from halon.incident.standing import with_action
from halon.incident.stopped import observed_step, said_over
from halon.incident.timeline import tell
from halon.incident.watches import FLIPPED, PUT_BACK_AT_MOST
from halon.ports import contain as port
from halon_workflows import climbing, modes, patches
from halon_workflows.durable import Durable, reason_of

SETTLE_SECONDS = 2
LOOK_AGAIN_SECONDS = 60
FINISHED = ("verified", "unverified", "failed", "denied", "would run", "undone")


async def stopped(inc: Durable) -> bool:
    """Look whether the harm stopped. If it goes on, or the rung failed, climb; with no rung left, people are asked.

    True as well where nothing more can be done by itself: a false alarm, or an agent that is only observed.
    """
    if modes.only_observed(inc) and not inc.goes(patches.OBSERVED):
        inc.change(harm_stopped_at=inc.now)
        _note_observed(inc)
        return True
    if modes.only_observed(inc) and not _checked(inc):
        return _observe(inc)
    since, checked = await _settled(inc)
    if inc.state.false_alarm_by:
        return True
    if said_over(inc.state, since):
        return note_stopped(inc, "a person says so")
    watch = port.Watch(inc.state.incident_id, inc.state.agent, since)
    try:
        seen = await inc.act(port.harm, watch, "look whether the harm goes on")
    except ActivityError as error:
        seen = port.Harm(goes_on=None, at=inc.now, note=": ".join(reason_of(error)))
    if set(_checked(inc)) - set(checked) and inc.goes(patches.LOOKED_ANEW):
        return False  # read back during the look, which says nothing of what it brought: looked at anew, from then on
    seen = climbing.with_word(inc, seen, max(checked, default=""))
    if seen.goes_on is False and (checked or not _wanted(inc)):
        return note_stopped(inc, seen.note or "no unauthorised action since")
    higher = sorted({one.order.rung for one in inc.state.actions if one.order.rung > inc.state.rung})
    why = _why(seen)
    if higher and climbing.may_climb(inc, seen):
        inc.change(rung=higher[0])
        inc.note("rung", "contain", f"Next rung {higher[0]}: {why}.")
        return False
    if not climbing.begin_sooner(inc):
        _look_again(inc, why)
    return False


def note_stopped(inc: Durable, why: str) -> bool:
    """The harm has stopped: somebody saw it, or said it."""
    inc.change(harm_stopped_at=inc.now, look_at="")
    inc.note("stopped", "contain", f"The harm has stopped: {why}.")
    return True


def observed(inc: Durable) -> bool:
    """Whether this harm was met in mode observe, so that the incident goes on without containment."""
    return modes.only_observed(inc) and inc.done(observed_step(inc.state))


def over_by_word(inc: Durable) -> bool:
    """Whether a person says of an agent that is only observed that it is over, and that is not noted yet."""
    return observed(inc) and not inc.state.harm_stopped_at and said_over(inc.state, inc.state.recurred_at)


def tell_lead(inc: Durable, step: str, subject: str, body: str, asked: str = "", command: str = "") -> None:
    """Tell the commander and the technical lead, once for each ``step``."""
    names = tuple(one for one in (inc.state.commander, inc.state.technical_lead) if one)
    inc.state = tell(inc.state, inc.now, step, f"[{inc.state.reference}] {subject}", body, names=names, asked=asked,
                     command=command)  # fmt: skip


def done_outside(inc: Durable, one: Action) -> str:
    """What to type once it was done by hand: Halon reads back whether it is so."""
    return f"halon note {inc.state.reference} --done-outside {one.order.id}"


def by_hand(inc: Durable, one: Action) -> str:
    """What a person is to do about what Halon can't do, or can't see."""
    return (
        f"Look at {one.order.target or inc.state.agent}, make sure by hand, then say it: {done_outside(inc, one)}. "
        "If the harm goes on, say `fact` ongoing=true."
    )


def _observe(inc: Durable) -> bool:
    """Nothing is switched off and nothing is taken for stopped; people say when it is over."""
    if said_over(inc.state, inc.state.recurred_at):
        return note_stopped(inc, "a person says so")
    if not inc.done(observed_step(inc.state)):
        inc.mark(observed_step(inc.state))
        _note_observed(inc)
        body = "Halon only observes this agent and has switched nothing off. Stop it by hand if you must; say `fact` ongoing=false, with a reason, when it is over."
        tell_lead(inc, observed_step(inc.state), "nothing was switched off (mode observe)", body)
    return True


def _note_observed(inc: Durable) -> None:
    inc.note("observed", "contain", "Mode observe: nothing was switched off; the incident goes on without containment.")


async def _settled(inc: Durable) -> tuple[str, list[str]]:
    """Wait for people's answers, and a moment after the last thing that was done. Since when to look, and what is in force."""
    while True:
        began = inc.now
        if _nothing_yet(inc) and inc.goes(patches.ANSWERS):
            await inc.until(partial(_heard, inc, began))
        checked = _checked(inc)
        since = max(checked, default=began if said_over(inc.state, began) else inc.now)
        if not inc.state.look_at and not inc.done(f"look-from:{since}"):
            inc.mark(f"look-from:{since}")
            inc.change(look_at=times.after(inc.now, SETTLE_SECONDS))
        heard = partial(climbing.goes_on_by_word, inc, max(checked, default=""))
        await inc.until(lambda since=since, heard=heard: not inc.state.look_at or _enough(inc, since) or heard())  # type: ignore[misc]
        if _enough(inc, since) or _checked(inc) == checked or not inc.goes(patches.ANSWERS):
            return since, checked


def _heard(inc: Durable, began: str) -> bool:
    """Whether people had their say, or it need not be waited for any more."""
    return not _nothing_yet(inc) or _enough(inc, began) or modes.only_observed(inc)


def _enough(inc: Durable, since: str) -> bool:
    return bool(inc.state.false_alarm_by) or said_over(inc.state, since)


def _look_again(inc: Durable, why: str) -> None:
    """Nothing above is left, or nothing can be seen: say so, try again what failed, look again later."""
    waits = [one.order.title for one in _asked(inc)]
    if waits and inc.goes(patches.ANSWERS):
        body = f"{why}. It waits for your answer: {', '.join(waits)}."
        tell_lead(inc, f"harm-asked:{inc.state.rung}", "it may still go on, and an approval is missing", body)
    elif then := climbing.next_if_it_goes_on(inc):
        body = f"{why}. {then} Say `fact` ongoing=false, with a reason, when it is over."
        tell_lead(inc, f"harm-next:{inc.state.rung}", "nobody can say that it has stopped; you decide", body, then)
    else:
        body = f"{why}. Stop it by hand if you can; say `fact` ongoing=false, with a reason, when it is over."
        tell_lead(inc, f"harm:{inc.state.rung}", "it may still go on and no rung is left", body,
                  "Stop it by hand if you can; say `fact` ongoing=false, with a reason, when it is over")  # fmt: skip
    for failed in [one for one in inc.state.actions if _again(inc, one)]:
        again = replace(failed, status="planned")
        if failed.applied_at:  # it was done and is not in force: do it again, as a new attempt with a key of its own
            again = replace(another_attempt(again, failed.verified_at), applied_at="",
                            verified_at="" if failed.failed_as == FLIPPED else failed.verified_at)  # fmt: skip
        inc.state = with_action(inc.state, again)
        inc.note(
            "action", "contain", f"To be tried again: {failed.order.title}.", action=failed.order.id, status="planned"
        )
    pause = LOOK_AGAIN_SECONDS * min(30, 1 + inc.state.looks // 5)
    inc.note("harm", "contain", f"Not seen to have stopped: {why}. Looking again in {times.span(pause)}.")
    inc.change(look_at=times.after(inc.now, pause))


def _again(inc: Durable, one: Action) -> bool:
    """Whether what failed is tried again by itself: not what somebody switches back again and again."""
    kept = inc.state.watched.get(one.order.id)
    fought_over = one.failed_as == FLIPPED and kept is not None and kept.flipped > PUT_BACK_AT_MOST
    return one.status == "failed" and one.order.rung <= inc.state.rung and not fought_over


def _why(seen: port.Harm) -> str:
    """Why it does not count as stopped."""
    if seen.goes_on:
        return seen.note or "the harm goes on"
    if seen.goes_on is None:
        return seen.note or "it can't be seen whether it goes on"
    quiet = seen.note or "no unauthorised action was done since"
    return f"nothing that was planned is in force, and it may begin again ({quiet})"


def _checked(inc: Durable) -> list[str]:
    """When each of the actions that are in force was read back."""
    return [one.verified_at for one in inc.state.actions if one.status == "verified"]


def _wanted(inc: Durable) -> bool:
    return any(one.order.reversible and one.order.rung <= inc.state.rung for one in inc.state.actions)


def _asked(inc: Durable) -> list[Action]:
    """What would stop the harm and waits for people, or is being done because they said yes."""
    return [
        one for one in inc.state.actions
        if one.order.rung <= inc.state.rung and one.order.reversible and one.order.gate and one.status not in FINISHED
    ]  # fmt: skip


def _nothing_yet(inc: Durable) -> bool:
    return bool(_asked(inc)) and not _checked(inc)
