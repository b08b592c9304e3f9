"""What is in force is read back for as long as it is, and the harm that stopped is looked for again. Pure.

The looks are moments of the state's one clock: a watch that nobody began yet follows from the state, so that it is there
after a crash, a renewal or a newer release as well. Nothing is written down for a look that finds all as it should be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from halon.incident import quiet, seal_waits
from halon.incident.assessment import WATCHED
from halon.incident.orders import Action, Order
from halon.incident.state import State
from halon.incident.stopped import stopped_at
from halon.incident.times import after
from halon.incident.watches import FLIPPED, HOUR, Watched, next_look

HARM = "harm"
FACTS_DUE = "harm-again-facts"
"""The ledger's name of this: the harm came back, and the agent's traces were not looked at again since."""
STOPS_ALL = "agent:"
"""The way of harm that stands for the whole agent."""
PATIENCE = 30
"""Seconds that a rung waits for its slow orders before anybody looks whether the harm goes on, beside what they say
themselves that they take."""
LONGEST_PATIENCE = 300

LATELY = "_lately"
"""How the last part of a pointer ends whose value says only that something was done in the last hour, by whomever."""

_READS = 6
_LEAST_PAUSE = 10
_LATE = HOUR
"""What takes its time is read back some so many times meanwhile, with so many seconds between at least."""

Moment = tuple[str, str, str, Callable[[State, str], State]]
"""When, the ledger's name of it, what it is in words, and what happens then."""


def on(state: State) -> bool:
    """Whether anything is watched: what an earlier release judged goes on by its own rules until it is judged again."""
    return judged_here(state) and not _ending(state)


def judged_here(state: State) -> bool:
    """Whether a release that watches judged the incident, so that its rules hold, also once nothing is watched any more."""
    return state.assessment is not None and state.assessment.form >= WATCHED


def in_force_since(one: Action) -> str:
    """Since when an action is in force as far as anybody knows (ISO 8601 UTC); empty if it is not."""
    return {"verified": one.verified_at, "unverified": one.applied_at}.get(one.status, "")


def stops_all(one: Action) -> bool:
    """Whether the action takes the whole agent away, so that its fallback has to be there."""
    return one.order.action == "kill_switch" or any(way.startswith(STOPS_ALL) for way in one.order.covers)


def tells_lately(order: Order) -> bool:
    """Whether reading the order back tells only that it was done lately: a while later it reads otherwise by itself, and an
    earlier incident's doing reads like this one's."""
    return any(pointer.endswith(LATELY) for pointer in order.verify.expect_json)


def giving_back(state: State, one: Action) -> bool:
    """Whether it is just being given back, or was in part: then it may well read back otherwise."""
    if one.restore_stage or one.undo_applied_at:
        return True
    subject = f"restore-{one.order.id}"
    return any(gate.subject == subject and gate.status == "granted" for gate in state.gates)


def watch(state: State, one: Action) -> Watched | None:
    """The watch over an action; None where there is none, such as while it is being given back.

    What can't be undone is not watched once it was read back: nobody switches it back, and nobody is to be asked for it a
    second time because a later read shows less.
    """
    since = in_force_since(one)
    if not since or not on(state) or giving_back(state, one) or (one.status == "verified" and not one.order.reversible):
        return None
    known = state.watched.get(one.order.id)
    if known is not None and known.since == since:
        return known
    return Watched(since, at=next_look(since, since), flipped=known.flipped if known else 0)


def harm_watch(state: State) -> Watched | None:
    """The watch over the harm that has stopped; None where nobody looks, or somebody else does.

    Nobody looks for an agent that is only observed or muted. While something is given back in part its own watch looks,
    and after a merge or once there is a successor, the other incident.
    """
    since = stopped_at(state)
    mode = state.assessment.mode if state.assessment else "observe"
    merged = state.merged_into is not None and state.merged_into.agent == state.agent
    if not since or not on(state) or mode == "observe" or quiet.muted(state) or merged or state.successor:
        return None
    if any(one.restore_stage for one in state.actions):
        return None
    known = state.harm_watched
    return known if known is not None and known.since == since else Watched(since, at=next_look(since, since))


def due(state: State) -> tuple[str, ...]:
    """The orders of the actions that are to be read back now."""
    return tuple(one.order.id for one in state.actions if (kept := watch(state, one)) is not None and not kept.at)


def harm_due(state: State) -> bool:
    """Whether to look now whether the harm is still away."""
    kept = harm_watch(state)
    return kept is not None and not kept.at


def moments(state: State) -> Iterator[Moment]:
    """What the clock has to know."""
    for one in state.actions:
        kept = watch(state, one)
        if kept is not None and kept.at:
            yield (kept.at, f"watch:{one.order.id}:{kept.since}:{kept.looks + 1}",
                   f"read back again: {one.order.title}", _falls_due(one.order.id))  # fmt: skip
        pause = state.watched.get(one.order.id)
        if pause is not None and pause.at and pause.since and pause.since == _pauses_since(one):
            yield (pause.at, f"watch:{one.order.id}:{pause.since}:takes:{pause.looks + 1}",
                   f"read back what takes its time: {one.order.title}", _has_settled(one.order.id))  # fmt: skip
    harm = harm_watch(state)
    if harm is not None and harm.at:
        yield (
            harm.at,
            f"watch:{HARM}@{harm.since}:{harm.looks + 1}",
            "look whether the harm is still away",
            _harm_falls_due,
        )
    if on(state):
        yield from seal_waits.moments(state)
    if state.rung_until:
        yield state.rung_until, f"slow:{state.rung_until}", f"the slow orders of rung {state.rung}", _lost_patience


def put(state: State, name: str, changed: Watched) -> State:
    """``state`` with this watch over the action of the order ``name``."""
    return replace(state, watched={**state.watched, name: changed})


def look_now(state: State) -> State:
    """``state`` in which everything that is in force is to be read back at once."""
    for one in state.actions:
        kept = watch(state, one)
        if kept is not None and kept.at:
            state = put(state, one.order.id, replace(kept, at="", looks=kept.looks + 1))
    return state


def look_for_harm_now(state: State) -> State:
    """``state`` in which the harm is to be looked for at once, if it is watched."""
    kept = harm_watch(state)
    return (
        state
        if kept is None or not kept.at
        else replace(state, harm_watched=replace(kept, at="", looks=kept.looks + 1))
    )


def seen(kept: Watched, now: str) -> Watched:
    """``kept`` after a look that saw how it is."""
    return replace(kept, at=next_look(kept.since, now), unseen=0, asked=False, seen_at=now)


def unseen(kept: Watched, now: str) -> Watched:
    """``kept`` after a look that saw nothing."""
    number = kept.unseen + 1
    return replace(kept, at=next_look(kept.since, now, number), unseen=number)


def takes_its_time(state: State, one: Action, now: str) -> str:
    """Until when (ISO 8601 UTC) an applied action may still read back otherwise, by its own word; empty once that has passed."""
    if not one.order.takes_effect or one.status != "applied" or not one.applied_at or not on(state):
        return ""
    until = after(one.applied_at, one.order.takes_effect)
    return until if now < until else ""


def takes_back_its_time(state: State, one: Action, now: str) -> str:
    """Until when (ISO 8601 UTC) what was given back may still read as in force; empty once that has passed. Also after a
    false alarm and while the close is asked for, when nothing else is watched any more."""
    if not one.order.takes_effect or not one.undo_applied_at or not judged_here(state):
        return ""
    until = after(one.undo_applied_at, one.order.takes_effect)
    return until if now < until else ""


def may_be_given_back(one: Action, now: str) -> bool:
    """Whether a call that gave it back, and was given up, may be what shows now: it may have arrived late."""
    return bool(one.undo_uncertain) and now < after(one.undo_uncertain, one.order.takes_effect + _LATE)


def pause(state: State, one: Action, now: str, until: str) -> State:
    """``state`` in which what takes its time, ``until`` at most, is read back again a while from now: an applied action, or
    one that is just given back."""
    since = _pauses_since(one)
    at = min(until, after(now, max(_LEAST_PAUSE, one.order.takes_effect // _READS)))
    kept = state.watched.get(one.order.id)
    looks = kept.looks if kept is not None and kept.since == since else 0
    return put(state, one.order.id, Watched(since, at, looks, flipped=kept.flipped if kept else 0))


def pausing(state: State, name: str) -> bool:
    """Whether the moment has not come yet that ``pause`` waits for."""
    kept = state.watched.get(name)
    return kept is not None and bool(kept.at)


def asked_anew(one: Action) -> tuple[str, ...]:
    """What a gate says first where it is asked because somebody switched the action back."""
    return (
        (f"Asked anew: it was in force and was switched back behind our back ({one.failure}).",)
        if one.failed_as == FLIPPED
        else ()
    )


def tries(state: State, name: str) -> str:
    """The order's name in the step of a page, told once for each time that somebody switched it back."""
    kept = state.watched.get(name)
    return f"{name}:{kept.flipped}" if kept is not None and kept.flipped else name


def slow_step(one: Action) -> str:
    """The ledger's name of this: nobody waits for this attempt before looking whether the harm goes on."""
    return f"slow-order:{one.order.id}:{one.attempt}"


def patience(waited_for: list[Action]) -> int:
    """Seconds that a rung waits for those orders, by what they say that they take."""
    return PATIENCE + min(LONGEST_PATIENCE, max((one.order.takes_effect for one in waited_for), default=0))


def _pauses_since(one: Action) -> str:
    return one.undo_applied_at or (one.applied_at if one.status == "applied" else "")


def _ending(state: State) -> bool:
    return bool(state.closed_at or state.false_alarm_by or state.close_requested_by or state.ended_as)


def _falls_due(name: str) -> Callable[[State, str], State]:
    def fire(state: State, now: str) -> State:
        one = next(one for one in state.actions if one.order.id == name)
        kept = watch(state, one)
        if kept is None:
            raise AssertionError(f"{name} is not watched")
        return put(_forgets(state, f"watch:{name}:"), name, replace(kept, at="", looks=kept.looks + 1))

    return fire


def _has_settled(name: str) -> Callable[[State, str], State]:
    def fire(state: State, now: str) -> State:
        kept = state.watched[name]
        return put(_forgets(state, f"watch:{name}:"), name, replace(kept, at="", looks=kept.looks + 1))

    return fire


def _harm_falls_due(state: State, now: str) -> State:
    kept = harm_watch(state)
    if kept is None:
        raise AssertionError("the harm is not watched")
    state = _forgets(state, f"watch:{HARM}@")
    return replace(state, harm_watched=replace(kept, at="", looks=kept.looks + 1))


def _lost_patience(state: State, now: str) -> State:
    return replace(_forgets(state, "slow:"), rung_until="")


def _forgets(state: State, begun: str) -> State:
    """``state`` without the earlier looks in the ledger: they come for months, and the last one says all."""
    return replace(state, ledger={key: at for key, at in state.ledger.items() if not key.startswith(begun)})
