"""Give back a little, look, then give back the rest; harm that is seen again takes it all away at once."""

from __future__ import annotations

from dataclasses import replace

from temporalio.exceptions import ActivityError

from halon.incident import times
from halon.incident.facts import held
from halon.incident.gates import Gate
from halon.incident.joining import recurs
from halon.incident.orders import Action, RestoreStage
from halon.incident.standing import gate
from halon.incident.timeline import tell
from halon.ports import contain as port
from halon_workflows import contain, gating, halts, taken
from halon_workflows.durable import Durable, reason_of

LOOKS = 6
"""Looks at the agent in one watch window, as long as they are not rarer than the next figure says."""
RAREST = 600
MOST_LOOKS = 200


async def give_back(inc: Durable, name: str, asked: Gate | None) -> None:
    """Stage after stage behind one granted gate, from the one that the state names. Each step is kept before the next."""
    stages = taken.get(inc, name).order.restore_stages
    for number, stage in enumerate(stages, 1):
        one = taken.get(inc, name)
        if number < one.restore_stage:
            continue
        if number > one.restore_stage:
            taken.put(inc, replace(one, restore_stage=number, restore_looks=0))
        if one.restored_share < stage.share and not await _give(inc, name, stage, asked):
            return
        if not await _watched(inc, name):
            return
    one = taken.get(inc, name)
    given_back(inc, name, one.restored_at)
    inc.note("undo", "remediate", f"Given back and read back: {one.order.title}.")


def given_back(inc: Durable, name: str, at: str) -> None:
    """All of it is given back since ``at`` (ISO 8601 UTC)."""
    one = taken.not_begun(taken.get(inc, name))
    taken.put(inc, replace(one, status="undone", undone_at=at, undo_requested_by="", asked_by=""))


async def _give(inc: Durable, name: str, stage: RestoreStage, asked: Gate | None) -> bool:
    """Carry out one stage and read it back. False: it did not work, and everything is in force again, or still."""
    one = taken.get(inc, name)
    number, title = one.restore_stage, one.order.title
    part = f"{stage.share} percent of: {title}"
    if not one.undo_applied_at:
        try:
            done = await halts.undo(inc, name, taken.step(inc, one, asked, number), f"give back {part}")
        except halts.Overtaken as why:
            kept(inc, name, asked, str(why))
            return False
        except ActivityError as error:
            kind, text = reason_of(error)
            _spend(inc, asked)
            told = f"{title} could not be given back to {stage.share} percent ({kind}: {text})."
            if number == 1 and kind not in contain.PERHAPS_DONE:
                taken.give_up(inc, name, f"{told} It stays in force. Say `undo` to try again.")
            else:
                _apply_again(inc, name, told, harm=False, uncertain=kind in contain.PERHAPS_DONE)
            return False
        _spend(inc, asked)
        taken.put(inc, replace(taken.get(inc, name), undo_applied_at=done.at))
    one = taken.get(inc, name)
    read = await taken.read_back(inc, name, asked, f"verify {part}", number)
    if taken_again(inc, name, asked):
        return False
    if not read.holds:
        told = f"{title}: given back to {stage.share} percent, and reading back does not show it. {read.note}"
        _apply_again(inc, name, told.strip(), harm=False, uncertain=True)
        return False
    one = replace(taken.get(inc, name), undo_applied_at="", restored_share=stage.share, restored_at=one.undo_applied_at)
    if stage.watch:
        one = replace(one, watch_until=times.after(inc.now, stage.watch), restore_look_at=_next_look(inc, stage.watch))
        inc.note("undo", "remediate", f"Given back to {stage.share} percent and read back: {title}. "
                 f"Watched for {times.span(stage.watch)}.", seen=str(read.seen)[:400])  # fmt: skip
    taken.put(inc, one)
    return True


async def _watched(inc: Durable, name: str) -> bool:
    """Look again and again until the window has passed without harm. What can't be seen does not pass."""
    while (one := taken.get(inc, name)).watch_until:
        since, share, title = one.restored_at, one.restored_share, one.order.title
        await inc.until(lambda since=since: not taken.get(inc, name).restore_look_at or bool(_told_of_harm(inc, since)))  # type: ignore[misc]
        why = _told_of_harm(inc, since)
        seen = port.Harm(goes_on=None, at=inc.now)
        if not why:
            seen = await _look(inc, since, f"look at the {share} percent given back: {title}")
            why = _told_of_harm(inc, since) or (seen.note or "it was seen" if seen.goes_on else "")
        if why:
            told = f"THE HARM IS BACK while {share} percent were given back: {title} ({why})."
            _apply_again(inc, name, told, harm=True)
            return False
        one = taken.get(inc, name)
        clear = seen.goes_on is False or _said(inc, since) is False
        if clear and inc.now >= one.watch_until:
            taken.put(inc, replace(one, watch_until="", restore_look_at=""))
            inc.note("undo", "remediate", f"No harm was seen while {share} percent were given back: {title}.")
            return True
        if not clear:
            _tell_unseen(inc, one, seen.note)
        stage = one.order.restore_stages[one.restore_stage - 1]
        taken.put(inc, replace(one, restore_look_at=_next_look(inc, stage.watch, one.watch_until)))
    return True


async def _look(inc: Durable, since: str, summary: str) -> port.Harm:
    watch = port.Watch(inc.state.incident_id, inc.state.agent, since)
    try:
        return await inc.act(port.harm, watch, summary)
    except ActivityError as error:
        return port.Harm(goes_on=None, at=inc.now, note=": ".join(reason_of(error)))


def _next_look(inc: Durable, watch: int, until: str = "") -> str:
    """When to look next: often at first sight, never more than some 200 times in a window, and once at its end."""
    every = max(1, watch // MOST_LOOKS, min(watch // LOOKS, RAREST))
    at = times.after(inc.now, every)
    return until if inc.now < until < at else at


def _told_of_harm(inc: Durable, since: str) -> str:
    """An alert that began after ``since``, or a person's word; empty while there is none."""
    if by := next((one.asked_by for one in inc.state.actions if one.asked_at > since), ""):
        return f"{by} stops the agent by hand"
    if inc.state.last_fired_at and times.normal(inc.state.last_fired_at) > times.normal(since):
        return "an alert fires"
    return "a person says so" if _said(inc, since) else ""


def _said(inc: Durable, since: str) -> bool | None:
    """What a person said after ``since`` about whether the harm goes on."""
    said = [fact for fact in inc.state.facts if fact.name == "ongoing" and fact.source == "person"]
    value = held(inc.state.facts).get("ongoing") if said and said[-1].at > since else None
    return value if isinstance(value, bool) else None


def _tell_unseen(inc: Durable, one: Action, why: str) -> None:
    """Unknown is not false: nothing more is given back until it can be seen, or a person says that all is well."""
    step = f"restore-unseen:{one.order.id}:{one.undo_attempt}:{one.restore_stage}"
    if inc.done(step):
        return
    inc.mark(step)
    told = (f"Nobody can see what the {one.restored_share} percent given back do ({why or 'no answer'}): {one.order.title}. "
            "Nothing more is given back until it can be seen. Say `fact` ongoing=false with a reason if all is well, ongoing=true if not.")  # fmt: skip
    inc.note("unknown", "remediate", told)
    _tell(inc, step, "what was given back can't be watched", told,
          "Nothing more is given back until it can be seen. Say `fact` ongoing=false with a reason if all is well, ongoing=true if not")  # fmt: skip


def _apply_again(inc: Durable, name: str, told: str, *, harm: bool, uncertain: bool = False) -> None:
    """As it was before: in force, by a fresh attempt with a key of its own. The restore is asked anew.

    ``uncertain``: what gave it back may still arrive, and after it.
    """
    one = taken.get(inc, name)
    told = f"{told} It is applied again; giving it back is asked anew."
    again = replace(
        taken.not_begun(one), status="applying", attempt=one.attempt + 1, applied_at="", verified_at="",
        undo_requested_by="", undo_attempt=one.undo_attempt + 1, note=told, undo_uncertain=inc.now if uncertain else "",
    )  # fmt: skip
    taken.put(inc, again)
    if harm and not inc.state.false_alarm_by:
        inc.state = recurs(inc.state, inc.now)  # contain looks once more, and climbs if it must
    inc.note("recurrence" if harm else "undo", "remediate", told, action=name)
    subject = f"THE HARM IS BACK: {one.order.title}" if harm else f"not restored: {one.order.title}"
    _tell(inc, f"applied-again:{name}:{one.undo_attempt}", subject, told,
          "It is applied again; giving it back is asked anew")  # fmt: skip
    inc.spawn(f"contain.{name}", lambda: contain.carry_out(inc, name))


def kept(inc: Durable, name: str, asked: Gate | None, why: str) -> None:
    """What was allowed was not sent, because of what came since: it stays in force, or is so again."""
    one = taken.get(inc, name)
    if asked is not None:
        gating.void(inc, gate(inc.state, asked.id) or asked, f"{why}.")
    if one.restored_share:
        _apply_again(inc, name, f"{one.order.title} is not given back any further: {why}.", harm=False)
    else:
        taken.give_up(inc, name, f"{one.order.title} stays in force: {why}. Say `undo` to give it back all the same.")


def taken_again(inc: Durable, name: str, asked: Gate | None) -> bool:
    """Whether somebody stopped the agent by hand while it was given back: then it is applied again at once."""
    by = halts.stopped_by(inc, asked)
    if by:
        told = f"{taken.get(inc, name).order.title} was being given back, and {by} stops the agent by hand."
        _apply_again(inc, name, told, harm=False)
    return bool(by)


def _tell(inc: Durable, step: str, subject: str, body: str, asked: str) -> None:
    names = tuple(dict.fromkeys(one for one in (inc.state.commander, inc.state.technical_lead) if one))
    inc.state = tell(inc.state, inc.now, step, f"[{inc.state.reference}] {subject}", body, names=names, asked=asked)


def _spend(inc: Durable, asked: Gate | None) -> None:
    if asked is not None:
        gating.spend(inc, asked)
