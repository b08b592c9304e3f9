"""A mute begins, wakes or ends. Whoever is muted is judged as any other: only the pages wait, and what acts by itself."""

from __future__ import annotations

from dataclasses import replace

from halon.incident.counting import counted
from halon.incident.facts import held
from halon.incident.mutes import Hush, Muted, MutedBy
from halon.incident.quiet import hushed, muted
from halon.incident.saying import Refused, Saying
from halon.incident.standing import LIVE, decided, open_stage
from halon.incident.state import State
from halon.incident.timeline import note
from halon.incident.times import after, parse, text

REPORT = "report"
"""The source of what people report: a person has spoken, and no mute of the kit covers that."""
SPOKEN = "spoken"
"""The ledger's name of this: a person said something before the incident was judged."""
LONGEST = 86_400
"""Seconds that a person may mute an incident for at most, where no kit says otherwise."""


def mute(say: Saying) -> State:
    """Silence the pages of this incident for a while, or end that."""
    state, until = say.state, say.command["until"]
    if bool(until) == bool(say.command["off"]):
        raise Refused("Incomplete", "A mute needs until when, or that it is off: one of the two.")
    if not until:
        if state.hush is None:
            raise Refused("NothingNew", "Nobody muted this incident.")
        state = replace(state, hush=None)
        return note(state, say.now, "muted", "triage", f"{say.named()} ends the mute{say.because()}", actor=say.by)
    if not say.command["reason"]:
        raise Refused("NeedsReason", "A mute takes a reason: it stays on record, with your name.")
    if state.merged_into is not None:
        raise Refused("Merged", f"{state.reference} is merged and pages nobody: mute {state.merged_into.reference}.")
    longest = state.assessment.longest_mute if state.assessment else LONGEST
    end = text(parse(until))
    if end <= say.now:
        raise Refused("InThePast", f"The time {end} has passed; give one that comes.")
    if end > after(say.now, longest):
        raise Refused(
            "TooLong", f"The kit lets a mute last {longest // 3600} hours at most: until {after(say.now, longest)}."
        )
    state = replace(state, hush=Hush(say.by, say.now, end, say.command["reason"], state.level or ""))
    told = (f"{say.named()} mutes the pages and the updates for leadership until {end}{say.because()}. "
            "Clocks, gates and alarms about the workflow are told all the same.")  # fmt: skip
    return note(state, say.now, "muted", "triage", told, actor=say.by, data={"until": end})


def looked(state: State, seen: bool) -> State:
    """``state`` after the agent was looked at when the mute's time had come; ``seen``: it could be."""
    return replace(state, muted=replace(state.muted, seen=seen)) if state.muted is not None else state


def owes(state: State, *, seen: bool) -> list[str]:
    """The duties that may have to be met: those that apply, and unless the agent was ``seen``, those that may."""
    found = []
    for duty in state.obligations:
        word = decided(state, duty.name)
        may = duty.status in LIVE and not (seen and duty.status == "undetermined")
        if open_stage(state, duty) is not None and (word == "declared" or (not word and may)):
            found.append(duty.name)
    return found


def judged(state: State, told: MutedBy | None, now: str, *, first: bool) -> State:
    """``state`` with what a judgement says of mutes: an incident is quiet from its first judgement on, or never."""
    rules = tuple(one.rule for one in state.counts)
    if first:
        if told is None or SPOKEN in state.ledger or any(one.source == REPORT for one in state.alerts):
            return state
        state = replace(state, muted=Muted(told.name, told.until, told.reason, told.by, told.wakes_at, now, rules))
        text = (
            f"Muted by {told.name} of the kit until {told.until} ({told.reason}). Its clocks run and its evidence is "
            "sealed; nobody is paged, and nothing is switched off, until the mute ends, somebody says something, "
            f"an alert joins that no mute covers, or it reaches {told.wakes_at}."
        )
        state = note(state, now, "muted", "triage", text, data={"mute": told.name, "until": told.until, "by": told.by})
    was = state.muted
    if was is None or not muted(state) or state.close_requested_by:
        return state
    if state.level is not None and state.level <= was.wakes_at:
        return wake(state, now, f"it is {state.level}")
    if told is not None:
        if not first and (told.name, told.until) != (was.name, was.until):
            state = note(state, now, "muted", "triage", f"Muted by {told.name} of the kit until {told.until} now.")
        kept = replace(
            was, name=told.name, until=told.until, reason=told.reason, by=told.by, wakes_at=told.wakes_at, rules=rules,
            due=False, seen=False,
        )  # fmt: skip
        return replace(state, muted=kept)
    return _over(state, was, now)


def heard(state: State, by: str, now: str) -> State:
    """``state`` as a person says something: a mute of the kit keeps nothing quiet that people look at."""
    if state.assessment is None and SPOKEN not in state.ledger:
        return replace(state, ledger={**state.ledger, SPOKEN: now})
    return wake(state, now, f"{by} said something") if muted(state) and not state.close_requested_by else state


def wake(state: State, now: str, why: str) -> State:
    """``state`` awake: it pages and acts as any other from now on."""
    was = state.muted
    if was is None or was.woke_at:
        return state
    number = sum(one.firing for one in state.counts)
    state = replace(state, muted=replace(was, woke_at=now, woke_why=why, due=False, alerts=number))
    told = f"Was muted by {was.name} until {now}, and wakes: {why}. {counted(number, 'alert')} had joined by then."
    return note(state, now, "muted", "triage", told, data={"mute": was.name, "alerts": number})


def alarmed(state: State, now: str) -> State:
    """``state`` after somebody tampered with the workflow: no mute silences that."""
    if state.hush is not None:
        state = note(replace(state, hush=None), now, "muted", "triage", f"The mute of {state.hush.by} is over.")
    return wake(state, now, "somebody terminated its workflow")


def due(state: State, now: str) -> State:
    """The clock's event: the time of the kit's mute has come, and it is judged whether another one covers it."""
    if state.muted is None:
        raise AssertionError("no mute of the kit is in force")
    return replace(state, muted=replace(state.muted, due=True))


def ended(state: State, now: str) -> State:
    """``state`` with the mute of a person over."""
    hush = state.hush
    if hush is None:
        return state
    why = f"it lasted until {hush.until}" if hushed(state) else "it got worse, or it came back"
    return note(replace(state, hush=None), now, "muted", "triage", f"The mute of {hush.by} is over: {why}.")


def _over(state: State, was: Muted, now: str) -> State:
    """No mute covers it any more: it wakes, or closes if all has resolved and nothing was found that is owed."""
    if not was.due:
        return wake(state, now, "an alert joined that no mute covers")
    firing = len(state.firing) + state.firing_more
    if firing:
        return wake(
            state, now, f"the mute ended and {counted(firing, 'alert')} still {'fires' if firing == 1 else 'fire'}"
        )
    if held(state.facts).get("confirmed") is True:
        return wake(state, now, "the mute ended, and it is confirmed")
    if duties := owes(state, seen=was.seen):
        unseen = "" if was.seen else ", and the agent could not be looked at"
        return wake(state, now, f"the mute ended{unseen}, and something may be owed ({', '.join(duties)})")
    number = sum(one.firing for one in state.counts)
    state = replace(
        state, muted=replace(was, alerts=number, due=False), ended_as="muted", close_requested_by="halon",
        close_note=f"muted by {was.name} until {was.until}",
    )  # fmt: skip
    shown = "the agent shows no harm, and " if was.seen else "and "
    told = (
        f"The mute {was.name} ended at {was.until}. {counted(number, 'alert')} had joined, all have resolved, {shown}"
        "nothing was found that is owed: it closes."
    )
    return note(state, now, "muted", "triage", told, data={"mute": was.name, "alerts": number})
