"""Watch: what is in force is read back for as long as it is, and the harm that stopped is looked for again.

What somebody switched back behind our back is put in force again a few times, and then only people are asked: it may be
done on purpose. What can't be seen is asked of a person once, and never taken for well.
"""

from __future__ import annotations

from dataclasses import replace

from temporalio.exceptions import ActivityError

from halon.incident import quiet, times, watching
from halon.incident.by_hand import another_attempt
from halon.incident.joining import recurs
from halon.incident.merging import asked_there
from halon.incident.orders import Action
from halon.incident.standing import with_action
from halon.incident.stopped import said_over
from halon.incident.watches import FLIPPED, LATE, OVERLAP, PUT_BACK_AT_MOST, UNREAD, UNSEEN_AT_MOST, Watched
from halon.ports import contain as port
from halon.ports import watch as probes
from halon_workflows import contain, detect, looking, modes, taken
from halon_workflows.durable import Durable, reason_of

DOWN = "fallback-down:"
"""The ledger's name of this, with the order: what people get instead of the agent was seen not to be served."""
LEFT = "left-as-it-is:"
"""The ledger's name of this, with the order: it was switched back while nothing was to be done about it, for a time."""


async def keep_watch(inc: Durable) -> None:
    """Begin each look that is due; looks at different things never wait for one another."""
    while not inc.finished:
        await inc.until(lambda: inc.finished or _something_due(inc))
        if inc.finished:
            return
        for name in watching.due(inc.state):
            inc.spawn(f"watch.{name}", lambda name=name: _read_back(inc, name))  # type: ignore[misc]
        if watching.harm_due(inc.state):
            inc.spawn(_HARM, lambda: _look_for_harm(inc))
        if inc.done(watching.FACTS_DUE):
            inc.spawn(_FACTS, lambda: _learn(inc))
        for one in _free_again(inc):
            _go_on(inc, one)


_HARM, _FACTS = "watch: harm", "watch: facts"


def _something_due(inc: Durable) -> bool:
    return (
        any(f"watch.{name}" not in inc.tasks for name in watching.due(inc.state))
        or (_HARM not in inc.tasks and watching.harm_due(inc.state))
        or (_FACTS not in inc.tasks and inc.done(watching.FACTS_DUE))
        or bool(_free_again(inc))
    )


async def _read_back(inc: Durable, name: str) -> None:
    one = taken.get(inc, name)
    began = watching.watch(inc.state, one)
    step = port.Step(incident_id=inc.state.incident_id, order=one.order, attempt=one.attempt)
    try:
        read = await inc.act(port.verify, step, f"read back again: {one.order.title}", step=f"watch:{name}")
    except ActivityError as error:
        read = port.Verified(holds=None, at=inc.now, note=": ".join(reason_of(error)))
    one = taken.get(inc, name)
    kept = watching.watch(inc.state, one)
    if began is None or kept is None or kept.since != began.since:
        return  # given back meanwhile, or done anew, or over
    if read.holds:
        _holds(inc, one, kept, read)
        if watching.stops_all(one):
            await _probe(inc, one)
    elif read.holds is False and one.verified_at and watching.may_be_given_back(one, inc.now):
        _came_late(inc, one, kept, read)
    elif read.holds is False and one.verified_at:
        _flipped(inc, one, kept, read)
    elif read.holds is False and watching.tells_lately(one.order):
        _unseen(inc, one, kept, "it shows only what was done in the last hour")
    elif read.holds is False:
        _never_was(inc, one, kept, read)
    else:
        _unseen(inc, one, kept, read.note)


def _holds(inc: Durable, one: Action, kept: Watched, read: port.Verified) -> None:
    name = one.order.id
    inc.state = watching.put(inc.state, name, watching.seen(kept, inc.now))
    if one.status == "unverified":
        again = " again" if one.verified_at else ""
        since = one.verified_at if one.verified_at else read.at
        inc.state = with_action(inc.state, replace(one, status="verified", verified_at=since, failed_as="", failure=""))
        inc.state = watching.put(inc.state, name, replace(watching.seen(kept, inc.now), since=since))
        inc.note("action", "contain", f"It can be read back{again}, and is in force: {one.order.title}.", action=name,
                 status="verified")  # fmt: skip


def _never_was(inc: Durable, one: Action, kept: Watched, read: port.Verified) -> None:
    """Nobody could read it when it was applied, and now it is seen that it is not in force."""
    why = read.note or "it is not as it should be"
    failed = replace(one, status="failed", failed_as="NotInForce", failure=f"read back and not in force: {why}"[:400])
    inc.state = watching.put(with_action(inc.state, failed), one.order.id, watching.seen(kept, inc.now))
    inc.note("action", "contain", f"Read back at last and not in force: {one.order.title}. {why}", action=one.order.id,
             status="failed", seen=str(read.seen)[:400])  # fmt: skip
    looking.tell_lead(inc, f"notinforce:{one.order.id}:{kept.looks}", f"{one.order.title} is not in force", looking.by_hand(inc, one),
                      asked="Applied, and read back otherwise. Make sure by hand", command=looking.done_outside(inc, one))  # fmt: skip
    inc.state = watching.look_for_harm_now(inc.state)


def _unseen(inc: Durable, one: Action, kept: Watched, why: str) -> None:
    name, title = one.order.id, one.order.title
    kept = watching.unseen(kept, inc.now)
    inc.state = watching.put(inc.state, name, kept)
    if kept.unseen < UNSEEN_AT_MOST or one.status != "verified":
        return
    since = one.applied_at or one.verified_at  # as what is not verified counts
    failure = f"in force since {one.verified_at}, and it can't be read back any more: {why or 'no answer'}"
    inc.state = with_action(
        inc.state, replace(one, status="unverified", applied_at=since, failed_as=UNREAD, failure=failure[:400])
    )
    inc.state = watching.put(inc.state, name, replace(kept, since=since, asked=True))
    told = f"{title} can't be read back any more: {kept.unseen} looks in a row saw nothing ({why or 'no answer'})."
    inc.note("unknown", "contain", told, action=name, status="unverified")
    looking.tell_lead(
        inc, f"unread:{name}:{kept.looks}", f"{title} can't be read back any more", f"{told} {looking.by_hand(inc, one)}",
        asked=f"Nobody can see whether it is still in force ({why[:80] or 'no answer'}). Look, and make sure by hand",
        command=looking.done_outside(inc, one),
    )  # fmt: skip


def _flipped(inc: Durable, one: Action, kept: Watched, read: port.Verified) -> None:
    """It was in force, nobody gave it back here, and it reads back otherwise."""
    name, title = one.order.id, one.order.title
    number = kept.flipped + 1
    seen = read.note or "it is not as it should be"
    told = f"SWITCHED BACK behind our back: {title}. It was in force since {one.verified_at}, and reads back otherwise: {seen}"
    failed = replace(
        one, status="failed", failed_as=FLIPPED, failure=f"in force since {one.verified_at}, then: {seen}"[:400]
    )
    inc.state = watching.put(
        with_action(inc.state, failed), name, replace(watching.seen(kept, inc.now), flipped=number)
    )
    inc.note("flipped", "contain", told, action=name, status="failed", times=number, seen=str(read.seen)[:400])
    why_not = _only_people(inc, failed, number)
    people = failed.order.gate is not None or not failed.order.reversible or _asks(inc, failed)
    subject = f"SWITCHED BACK: {title}"
    if why_not:
        inc.note("flipped", "contain", f"It is not put in force again by itself: {why_not}.", action=name)
        body = f"{told}. It is not put in force again by itself: {why_not}. {looking.by_hand(inc, one)}"
        asked, command = (
            f"Switched back, and not put in force again by itself: {why_not}",
            looking.done_outside(inc, one),
        )
    elif people:
        body = f"{told}. You are asked anew whether it is to be put in force again."
        asked, command = (
            "Somebody or something switched it back. You are asked anew whether it is put in force again",
            "",
        )
    else:
        body = f"{told}. It is put in force again ({number} of {PUT_BACK_AT_MOST} times). Find out who does that."
        asked, command = (
            f"It is put in force again ({number} of {PUT_BACK_AT_MOST} times). Find out who switches it back",
            "",
        )
    looking.tell_lead(inc, f"flipped:{name}:{number}", subject, body, asked=asked, command=command)
    if not why_not:
        _put_back(inc, failed, kept)
    elif _passes(inc, failed, number):
        inc.mark(f"{LEFT}{name}")
    inc.state = watching.look_for_harm_now(inc.state)


def _put_back(inc: Durable, failed: Action, kept: Watched) -> None:
    """Plan what was switched back as a fresh attempt, and begin it."""
    name = failed.order.id
    anew = another_attempt(failed, max(failed.verified_at, kept.seen_at))
    anew = replace(anew, status="planned", applied_at="", verified_at="", by_hand="")
    inc.state = with_action(inc.state, anew)
    inc.note("action", "contain", f"To be put in force again: {failed.order.title}.", action=name, status="planned")
    inc.spawn(f"contain.{name}", lambda: contain.carry_out(inc, name))


def _passes(inc: Durable, one: Action, number: int) -> bool:
    """Whether what leaves it to people comes to an end by itself, or by a word about something else: a mute, the mode."""
    fought = number > PUT_BACK_AT_MOST or bool(one.undo_requested_by or asked_there(inc.state, one.order.id))
    return not fought and (quiet.muted(inc.state) or modes.only_observed(inc))


def _free_again(inc: Durable) -> list[Action]:
    """What was left while the incident was muted or the agent observed, and need not be left any more."""
    return [
        one for one in inc.state.actions
        if inc.done(f"{LEFT}{one.order.id}") and watching.on(inc.state) and not quiet.muted(inc.state) and not modes.only_observed(inc)
    ]  # fmt: skip


def _go_on(inc: Durable, one: Action) -> None:
    """The mute is over, or the mode is stronger: what was switched back meanwhile is put in force again."""
    left, kept = f"{LEFT}{one.order.id}", inc.state.watched.get(one.order.id)
    inc.change(ledger={key: at for key, at in inc.state.ledger.items() if key != left})
    if one.status == "failed" and one.failed_as == FLIPPED and kept and not _only_people(inc, one, kept.flipped):
        _put_back(inc, one, kept)


def _came_late(inc: Durable, one: Action, kept: Watched, read: port.Verified) -> None:
    """Giving it back was given up, and now it reads as given back: people decide, once; nobody is blamed for it."""
    name, title = one.order.id, one.order.title
    told = (f"NOT IN FORCE ANY MORE: {title}. Giving it back was sent and given up at {one.undo_uncertain}, and may have "
            f"taken effect late ({read.note or 'it is not as it should be'}). It is not put in force again by itself")  # fmt: skip
    failed = replace(one, status="failed", failed_as=LATE, undo_uncertain="",
                     failure=f"giving it back, given up at {one.undo_uncertain}, may have taken effect late")  # fmt: skip
    inc.state = watching.put(with_action(inc.state, failed), name, watching.seen(kept, inc.now))
    inc.note("undo", "contain", f"{told}.", action=name, status="failed", seen=str(read.seen)[:400])
    body = f"{told}. Say `undo` if it is to stay given back: that is read back. Else say `contain`, or do it by hand. {looking.by_hand(inc, one)}"
    looking.tell_lead(inc, f"given-back-late:{name}:{one.undo_attempt}", f"not in force any more: {title}", body,
                      asked="Giving it back may have taken effect late. Say `undo` if it is to stay so; else do it by hand",
                      command=looking.done_outside(inc, one))  # fmt: skip
    inc.state = watching.look_for_harm_now(inc.state)


def _only_people(inc: Durable, one: Action, number: int) -> str:
    """Why what was switched back is left to people; empty if it is put in force again, through its gate if it has one."""
    state = inc.state
    if number > PUT_BACK_AT_MOST:
        return f"it was switched back {number} times, and somebody may be doing that on purpose"
    if modes.only_observed(inc):
        return "the agent's mode is observe"
    if quiet.muted(state):
        return "the incident is muted"
    if said_over(state, state.recurred_at):
        return "a person says that the harm is over"
    if one.undo_requested_by:
        return "giving it back is asked for"
    return asked_there(state, one.order.id)


def _asks(inc: Durable, one: Action) -> bool:
    return inc.state.assessment is not None and inc.state.assessment.mode == "suggest"


async def _look_for_harm(inc: Durable) -> None:
    began = watching.harm_watch(inc.state)
    if began is None:
        return
    since = max(began.since, times.after(began.seen_at, -OVERLAP) if began.seen_at else "")
    look = port.Watch(inc.state.incident_id, inc.state.agent, since)
    try:
        seen = await inc.act(port.harm, look, "look whether the harm is still away")
    except ActivityError as error:
        seen = port.Harm(goes_on=None, at=inc.now, note=": ".join(reason_of(error)))
    kept = watching.harm_watch(inc.state)
    if kept is None or kept.since != began.since:
        return
    if seen.goes_on:
        _back(inc, kept, seen.note)
    elif seen.goes_on is None:
        _harm_unseen(inc, watching.unseen(kept, inc.now), seen.note)
    else:
        if kept.asked:
            inc.note("harm", "contain", "It can be seen again whether the harm is still away: it is.")
        inc.change(harm_watched=watching.seen(kept, inc.now))


def _back(inc: Durable, kept: Watched, seen: str) -> None:
    """Seen in fresh telemetry, whether or not an alert says so: contain looks once more, and climbs if it must."""
    told = f"THE HARM IS BACK: {seen or 'it was seen'}. It had stopped at {kept.since}; fresh telemetry shows it."
    inc.state = replace(recurs(inc.state, inc.now), look_at=inc.now, harm_watched=None)
    inc.note("recurrence", "contain", told)
    inc.mark(watching.FACTS_DUE)
    looking.tell_lead(inc, f"harm-again:{inc.now}", "THE HARM IS BACK", told,
                      asked="It had stopped, and fresh telemetry shows it again. What is in force is read back, then the next rung")  # fmt: skip


def _harm_unseen(inc: Durable, kept: Watched, why: str) -> None:
    ask = kept.unseen >= UNSEEN_AT_MOST and not kept.asked
    inc.change(harm_watched=replace(kept, asked=kept.asked or ask))
    if not ask:
        return
    told = f"Nobody can see whether the harm is still away: {kept.unseen} looks in a row saw nothing ({why or 'no answer'})."
    inc.note("unknown", "contain", told)
    if said_over(inc.state, inc.state.recurred_at):
        return  # a person said that it is over, and knew how to tell without Halon
    looking.tell_lead(
        inc, f"harm-unseen:{kept.since}:{kept.looks}", "nobody can see whether the harm is still away",
        f"{told} Look yourself; say `fact` ongoing=true if it is back.",
        asked=f"Nobody can see whether it is still away ({why[:80] or 'no answer'}). Look, and say `fact` ongoing=true if it is back",
    )  # fmt: skip


async def _learn(inc: Durable) -> None:
    """The harm came back: what the traces show by now may make it worse than it was judged."""
    await detect.look(inc)
    inc.change(ledger={key: at for key, at in inc.state.ledger.items() if key != watching.FACTS_DUE})


async def _probe(inc: Durable, one: Action) -> None:
    """The whole agent is stopped: is what people should get instead really served? Asked of the kit's own probe."""
    name, down = one.order.id, f"{DOWN}{one.order.id}"
    try:
        seen = await inc.act(
            probes.fallback, probes.Probe(inc.state.incident_id, inc.state.agent), "is the fallback served"
        )
    except ActivityError as error:
        seen = probes.Served(serves=None, at=inc.now, note=": ".join(reason_of(error)))
    if not seen.probed:
        return
    if seen.serves:
        if inc.done(down):
            inc.change(ledger={key: at for key, at in inc.state.ledger.items() if key != down})
            inc.note("fallback", "contain", f"The fallback of {inc.state.agent} is served again.")
        return
    if inc.done(down):
        return
    inc.mark(down)
    told = f"{one.order.title} is in force, and the fallback of {inc.state.agent} is not seen to be served: {seen.note or 'no answer'}."
    inc.note("fallback", "contain", told, action=name)
    looking.tell_lead(inc, f"{down}:{inc.now}", f"the fallback of {inc.state.agent} is not served",
                      f"{told} People may get nothing at all. Look at what should answer them.",
                      asked="People may get nothing at all: look at what should answer them instead of the agent")  # fmt: skip
