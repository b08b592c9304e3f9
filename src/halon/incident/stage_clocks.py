"""The clock of one stage: the warnings, the miss, and the daily word about what is still missed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from halon.incident import holds
from halon.incident.addressed import addressed
from halon.incident.assessment import Obligation, Reached, Stage
from halon.incident.standing import chained, clock_runs, decided, decided_here, missed_now
from halon.incident.state import State
from halon.incident.timeline import note, people_with, tell
from halon.incident.times import after, normal

DAY = 86_400
_MISSED = ("missed:", "missed-again:")
_RAN_OUT = "ran-out:"
"""In the ledger of a clock that ran out without being missed: should it turn out to count, it is missed then."""
_OVER = (*_MISSED, _RAN_OUT)
Moment = tuple[str, str, str, Callable[[State, str], State]]
"""When, under which name in the ledger, in words, and what happens."""


def moments(state: State, duty: Obligation, stage: Stage) -> Iterator[Moment]:
    """Every moment of one stage that runs: its warnings, and when it is due."""
    name = f"{duty.name}/{stage.id}"
    for moment in sorted({normal(one) for one in (*stage.warn_at, stage.decide_by)} - {""}):
        if not stage.due or moment < normal(stage.due):
            yield moment, f"warn:{name}@{moment}", f"warning for {name}", _warn(duty, stage, moment)
    if stage.due:
        over = _RAN_OUT if _no_miss(state, duty, stage) else "missed:"
        yield stage.due, f"{over}{name}@{stage.due}", f"{name} due", _miss(duty, stage)
    if stage.not_before and stage.not_before != holds.OPEN_END:
        at = normal(stage.not_before)
        yield at, f"embargo-ends:{name}@{at}", f"the embargo of {name} ends", _may_go(duty, stage)


def still_missed(state: State) -> Iterator[Moment]:
    """What was missed or ran out, and is still open, is said again each day, in one message."""
    if not decided_here(state):
        return
    last = max((at for key, at in state.ledger.items() if key.startswith(_OVER)), default="")
    if not last:
        return
    left = [(duty, stage) for duty, stage in _left(state) if stage.due and normal(stage.due) <= last]
    out = [(duty, stage) for duty, stage in _ran_out(state) if normal(stage.due) <= last]
    if not left and not out:
        return

    def remind(state: State, now: str) -> State:
        names, over = ([f"{duty.name}/{stage.id}" for duty, stage in those] for those in (left, out))
        heads, told = [], []
        if names:
            heads.append(f"still missed: {', '.join(names)}")
            told.append(
                f"Still missed: {', '.join(names)}. File it now, say why it is late, or decline it with the reason."
            )
        if over:
            heads.append(f"ran out and still open: {', '.join(over)}")
            since = ", ".join(dict.fromkeys(stage.awaits or stage.anchor for _, stage in out))
            told.append(
                f"Ran out and still open: {', '.join(over)}. File it, decline it with the reason, or say {since}."
            )
        state = note(state, now, "missed" if names else "clock", "notify", " ".join(told))
        whom = dict.fromkeys((*(who for duty, _ in (*left, *out) for who in deciders(state, duty)), state.commander))
        return tell(
            state, now, f"missed:{[*names, *over][0]}@{now}", f"[{state.reference}] {'; '.join(heads)}", " ".join(told),
            names=tuple(one for one in whom if one), asked=" ".join(told), command=f"halon decide {state.reference}",
        )  # fmt: skip

    yield after(last, DAY), f"missed-again:{last}", "what is missed is said again", remind


def deciders(state: State, duty: Obligation) -> tuple[str, ...]:
    """Who decides about a duty; the commander where nobody holds the role."""
    found = tuple(one.name for one in people_with(state, duty.decider))
    return found or tuple(one.name for one in people_with(state, "commander"))


def _warn(duty: Obligation, stage: Stage, moment: str) -> Callable[[State, str], State]:
    name = f"{duty.name}/{stage.id}"

    def warn(state: State, now: str) -> State:
        maybe = _maybe(state, duty)
        needs = f" Still needed: {', '.join(duty.needs)}." if duty.needs else ""
        found = _reached(stage, moment)
        why = f" {found.why}" if found is not None and found.why else ""
        back = holds.held_back(state, duty, stage.id, now)
        first = (
            f" Decide by {stage.decide_first} already, in case it counts from the earliest."
            if stage.decide_first
            else ""
        )
        body = (f"{duty.title} to {addressed(duty, stage).authority}{maybe} is due {stage.due_local or stage.due}; decide by "
                f"{stage.decide_by}.{first}{needs}{why}{f' Now {back}.' if back else ''}")  # fmt: skip
        state = note(
            state, now, "clock", "notify", f"Warning: {name} is due {stage.due}{maybe}.{why}", data={"due": stage.due}
        )
        subject = f"[{state.reference}] clock: {name} due {stage.due_local or stage.due}"
        return tell(
            state, now, f"warn:{name}:{now}", subject, body, names=_whom(state, duty, found), asked=_decide(duty, why),
            until=stage.decide_by or stage.due, command=f"halon decide {state.reference} {duty.name}",
        )  # fmt: skip

    return warn


def _may_go(duty: Obligation, stage: Stage) -> Callable[[State, str], State]:
    """An embargo has ended: whoever waits for that looks again."""

    def ended(state: State, now: str) -> State:
        told = f"The embargo of {duty.name}/{stage.id} has ended: its notice may go out."
        return note(state, now, "hold", "notify", told, data={"obligation": duty.name, "stage": stage.id})

    return ended


def _miss(duty: Obligation, stage: Stage) -> Callable[[State, str], State]:
    name = f"{duty.name}/{stage.id}"

    def miss(state: State, now: str) -> State:
        maybe = _maybe(state, duty)
        if why := _no_miss(state, duty, stage):
            return _ran_out(state, now, why)
        back = holds.held_back(state, duty, stage.id, now)
        held = f" {back[0].upper()}{back[1:]}." if back else ""
        told = f"MISSED: {name} was due {stage.due}{maybe}. File it now and give the reason for the delay.{held}"
        state = replace(state, missed=(*state.missed, name) if name not in state.missed else state.missed)
        state = note(
            state, now, "missed", "notify", told, data={"obligation": duty.name, "stage": stage.id, "due": stage.due}
        )
        return tell(
            state, now, f"missed:{name}@{stage.due}", f"[{state.reference}] MISSED: {name}", told, names=_all(state),
            asked=f"{name} was not filed in time. File it now, and say why it is late",
            command=f"halon late-reason {state.reference} {duty.name} --reason WHY",
        )  # fmt: skip

    def _ran_out(state: State, now: str, why: str) -> State:
        told = (
            f"The clock of {name}{_maybe(state, duty)} has run out at {stage.due}. It does not count as missed: {why}."
        )
        state = note(state, now, "clock", "notify", told, data={"obligation": duty.name, "stage": stage.id})
        return tell(
            state, now, f"{_RAN_OUT}{name}@{stage.due}", f"[{state.reference}] ran out: {name}", told,
            names=_all(state), asked=told, command=f"halon decide {state.reference} {duty.name}",
        )  # fmt: skip

    def _all(state: State) -> tuple[str, ...]:
        names = (*_whom(state, duty, _reached(stage, normal(stage.due))),
                 *(one.name for one in people_with(state, "leadership", "commander")))  # fmt: skip
        return tuple(dict.fromkeys(names))

    return miss


def _no_miss(state: State, duty: Obligation, stage: Stage) -> str:
    """Why a clock that ran out is no miss, in words; empty where it is one."""
    if not decided_here(state):
        return ""
    if duty.status == "review_required" and not decided(state, duty.name):
        return "nobody has confirmed that rule; have it read by a lawyer, then declare or decline it"
    if chained(stage):
        return f"it counts from the {stage.anchor}, which is not made yet; it was reckoned as if that came at its limit"
    if _awaited(state, duty, stage):
        if stage.awaits != stage.anchor:
            return (f"nobody has said {stage.awaits}, and what is decided later counts from then. If it was decided in time, "
                    f"say when: halon fact {state.reference} {stage.awaits} TIME")  # fmt: skip
        return (f"nobody has said {stage.awaits}, and the law counts from that decision; it was reckoned from the earliest "
                f"that can have been. Once it is taken, say when: halon fact {state.reference} {stage.awaits} TIME")  # fmt: skip
    if stage.stand_in and not _certain(state, duty):
        return (f"nobody has said {stage.anchor}, from which the law counts; it was reckoned from the earliest that can "
                f"have been. Say when that was: halon fact {state.reference} {stage.anchor} TIME")  # fmt: skip
    return ""


def _certain(state: State, duty: Obligation) -> bool:
    """Whether the duty is owed for certain: then the earliest moment that is plausible counts until somebody says a later one."""
    return duty.status == "applies" or decided(state, duty.name) == "declared"


def _awaited(state: State, duty: Obligation, stage: Stage) -> bool:
    """Whether the law counts from a decision that nobody has said. Who declares before a limit that holds beside it has taken it."""
    if not stage.awaits or stage.awaits == stage.anchor:
        return bool(stage.awaits)
    last = next((one for one in reversed(state.decisions) if one["obligation"] == duty.name), None)
    return last is None or last["word"] != "declared" or normal(str(last["at"])) > normal(stage.due)


def _ran_out(state: State) -> list[tuple[Obligation, Stage]]:
    """What ran out only as far as anybody knows: whoever says from when it counts, settles whether it is missed."""
    return [
        (duty, stage)
        for duty in state.obligations
        if clock_runs(state, duty) and (duty.status != "review_required" or decided(state, duty.name))
        for stage in duty.stages
        if not stage.filed_at and not chained(stage) and _no_miss(state, duty, stage)
        and f"{_RAN_OUT}{duty.name}/{stage.id}@{stage.due}" in state.ledger
    ]  # fmt: skip


def _left(state: State) -> list[tuple[Obligation, Stage]]:
    missed = missed_now(state)
    return [
        (duty, stage)
        for duty in state.obligations
        if clock_runs(state, duty)
        for stage in duty.stages
        if not stage.filed_at and f"{duty.name}/{stage.id}" in missed
    ]


def _reached(stage: Stage, moment: str) -> Reached | None:
    return next((one for one in stage.reach if normal(one.at) == moment), None)


def _whom(state: State, duty: Obligation, found: Reached | None) -> tuple[str, ...]:
    return found.names if found is not None and found.names else deciders(state, duty)


def _maybe(state: State, duty: Obligation) -> str:
    return "" if _certain(state, duty) else " (it may apply)"


def _decide(duty: Obligation, why: str) -> str:
    needs = f" Still needed: {', '.join(duty.needs[:3])}." if duty.needs else ""
    return f"{duty.title}: decide whether and what to file.{needs}{why}"
