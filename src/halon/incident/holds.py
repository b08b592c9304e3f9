"""A notice is held back by law enforcement or legal, visibly and by name. The clock goes on; a hold can't stop it.

An update that was promised with a notice is held back as the notice would be.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from halon.incident import delivery, promised
from halon.incident.assessment import Obligation, Stage
from halon.incident.filings import Hold
from halon.incident.saying import Refused, Saying, unknown_obligation
from halon.incident.standing import obligation, settled
from halon.incident.state import State
from halon.incident.timeline import note, people_with, tell
from halon.incident.times import normal, parse, text

WHO = {"law_enforcement": "law enforcement", "legal": "legal"}
OPEN_END = "?"
"""Stands in ``Stage.not_before`` for an end that can't be computed yet."""
MOST_HOLDS = 100
ENGINE = "halon"


def held(state: State, name: str) -> Hold | None:
    """The hold that keeps the notices of this obligation back now."""
    return next((one for one in reversed(state.holds) if one.obligation == name and not one.ended_at), None)


def held_back(state: State, duty: Obligation, stage_id: str, now: str) -> str:
    """Why no notice of this stage goes out at ``now``, in words; empty if neither a hold nor an embargo keeps it back."""
    found = held(state, duty.name)
    if found is not None:
        return f"{in_words(found)}. The clock goes on"
    update = stage_id == promised.STAGE and not any(one.id == stage_id for one in duty.stages)
    for stage in duty.stages:
        if (update or stage.id == stage_id) and embargoed(stage, now):
            return f"{embargo_in_words(stage)}. The clock goes on"
    return ""


def embargoed(stage: Stage, now: str) -> bool:
    """Whether an embargo keeps this stage back at ``now``; one without a known end does until it has one."""
    return bool(stage.not_before) and (stage.not_before == OPEN_END or normal(stage.not_before) > normal(now))


def embargo_in_words(stage: Stage) -> str:
    """The embargo of a stage as a sentence without its end."""
    until = "until something else is filed" if stage.not_before == OPEN_END else f"until {stage.not_before}"
    return f"it must not be said {until}{f': {stage.embargo}' if stage.embargo else ''}"


def in_words(one: Hold) -> str:
    """One hold as a sentence without its end."""
    return f"it is held back by {WHO.get(one.by_whom, one.by_whom)} until {one.until} ({one.reason}), says {one.by}"


def hold(say: Saying) -> State:
    """Hold the notices of an obligation back until a time, or lift that."""
    duty = obligation(say.state, say.command["obligation"])
    if duty is None:
        raise unknown_obligation(say)
    if say.command["off"]:
        return _lift(say, duty)
    missing = [name for name in ("until", "by_whom", "reason") if not say.command[name]]
    if missing:
        raise Refused("Incomplete", f"A hold needs {', '.join(missing)}; or off, which lifts the one that there is.")
    until = text(parse(say.command["until"]))
    if until <= say.now:
        raise Refused("InThePast", f"The time {until} has passed; give one that comes.")
    if _nothing_left(say.state, duty):
        raise Refused(
            "NothingToHold", f"No notice of {duty.name} is left to be sent: it was filed, declined, or is not owed."
        )
    under_way = [one for one in say.state.notices if one.obligation == duty.name and one.status == "sending"]
    by_turns = {one.id for one in under_way if delivery.by_turns(say.state, one)}
    if alone := [one.id for one in under_way if one.id not in by_turns]:
        raise Refused("NothingToHold", f"{alone[0]} is being sent at this moment and can't be held back any more.")
    if len(say.state.holds) >= MOST_HOLDS:
        raise Refused("TooMany", f"There are {MOST_HOLDS} holds already; write the rest into the log with `note`.")
    new = Hold(duty.name, until, say.command["by_whom"], say.command["reason"], say.by, say.now)
    state = _ended(say.state, duty.name, say.now, say.by, "another hold took its place")
    state = replace(state, holds=(*state.holds, new))
    outlasts = _outlasted(say.state, duty, until)
    warning = f" IT OUTLASTS THE DUE TIME of {_named(outlasts)}: no hold stops a clock." if outlasts else ""
    told = f"{duty.name} is held back by {WHO[new.by_whom]} until {until}, says {say.named()}: {new.reason}.{warning} The clock goes on."
    if by_turns:
        told += (
            f" Some may have {', '.join(sorted(by_turns))} already; it goes to nobody more after the mails under way."
        )
    data = {"obligation": duty.name, "until": until, "by_whom": new.by_whom}
    state = note(state, say.now, "hold", "notify", told, actor=say.by, data=data)
    if not outlasts:
        return state
    names = dict.fromkeys(
        (*_deciders(state, duty), *(one.name for one in people_with(state, "leadership", "commander")))
    )
    return tell(
        state, say.now, f"hold:{duty.name}:{say.now}", f"[{state.reference}] {duty.name}: the hold outlasts its due time",
        told, names=tuple(names), asked=f"It falls due while it is held back: {_named(outlasts)}. Lift the hold, or say why",
        until=outlasts[0].due, command=f"halon hold {state.reference} {duty.name} --off",
    )  # fmt: skip


def ends(state: State) -> Iterator[tuple[str, str, Hold]]:
    """When each hold ends by itself: the time, the ledger's name of it, the hold."""
    for one in state.holds:
        if not one.ended_at:
            yield one.until, f"hold-ends:{one.obligation}:{one.at}:{one.until}", one


def end(state: State, now: str, one: Hold) -> State:
    """``state`` with this hold at its end: its time has come, and the notice is asked about again."""
    state = _ended(state, one.obligation, now, ENGINE, "its time has come")
    told = f"The hold of {one.obligation} by {WHO.get(one.by_whom, one.by_whom)} has ended: its notice goes on."
    state = note(state, now, "hold", "notify", told, data={"obligation": one.obligation})
    duty = obligation(state, one.obligation)
    if duty is None or _nothing_left(state, duty):
        return state
    return tell(state, now, f"hold-ended:{one.obligation}:{now}", f"[{state.reference}] {one.obligation}: no longer held back",
                told, names=_deciders(state, duty), command=f"halon decide {state.reference} {one.obligation}")  # fmt: skip


def _nothing_left(state: State, duty: Obligation) -> bool:
    """Whether neither a notice of the duty nor an update that one promised is to be sent."""
    return settled(state, duty) and duty.name not in state.promises


def _lift(say: Saying, duty: Obligation) -> State:
    if held(say.state, duty.name) is None:
        raise Refused("NothingNew", f"Nothing holds {duty.name} back.")
    if not say.command["reason"]:
        raise Refused("NeedsReason", "Lifting a hold takes a reason: it stays on record, with your name.")
    state = _ended(say.state, duty.name, say.now, say.by, say.command["reason"])
    told = f"{say.named()} lifts the hold of {duty.name}{say.because()}"
    return note(state, say.now, "hold", "notify", told, actor=say.by, data={"obligation": duty.name})


def _ended(state: State, name: str, now: str, by: str, why: str) -> State:
    return replace(state, holds=tuple(
        replace(one, ended_at=now, ended_by=by, ended_because=why) if one.obligation == name and not one.ended_at else one
        for one in state.holds))  # fmt: skip


def _outlasted(state: State, duty: Obligation, until: str) -> list[Stage]:
    """The open stages, and the promised update, that fall due before the hold ends, the soonest first."""
    update = state.promises.get(duty.name, "")
    stages = (*duty.stages, *([Stage(promised.STAGE, due=update)] if update else []))
    late = [one for one in stages if one.due and not one.filed_at and normal(one.due) < until]
    return sorted(late, key=lambda one: normal(one.due))


def _named(stages: list[Stage]) -> str:
    return ", ".join(f"{one.id} (due {one.due})" for one in stages)


def _deciders(state: State, duty: Obligation) -> tuple[str, ...]:
    names = tuple(one.name for one in people_with(state, duty.decider))
    return names or tuple(one.name for one in people_with(state, "commander"))
