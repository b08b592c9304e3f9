"""The commander hands over: the new one is paged and is commander from their ``ack`` on, the old one until then."""

from __future__ import annotations

from dataclasses import replace

from halon.incident import restricting
from halon.incident.commands import near
from halon.incident.saying import Refused, Saying
from halon.incident.state import State
from halon.incident.tasks import Handover
from halon.incident.timeline import note, person, tell, there
from halon.incident.times import after

WAIT = 300
"""Seconds that a handover is waited for where no roster says how long an acknowledgement may take."""


def handover(say: Saying) -> State:
    """Ask somebody to take over as commander."""
    state, to = say.state, say.command["to"].lower()
    if person(state, to) is None:
        known = [one.name for one in state.assessment.roster.people] if state.assessment else []
        raise Refused("UnknownPerson", f"Nobody called {to!r} is on this roster: {near(to, known)}")
    restricting.led_by(say, to)
    if say.by != state.commander:
        who = state.commander or "nobody"
        raise Refused("NotAuthorised", f"Only the commander hands over, and that is {who}; `assign` names another one.")
    if to == say.by:
        raise Refused("NothingNew", f"{to} is commander already.")
    if state.handover is not None and state.handover.to == to:
        raise Refused("AlreadyAsked", f"{to} was asked at {state.handover.at} and has not acknowledged yet.")
    away = there(state, to, say.now)
    if away != to:
        raise Refused("NotThere", f"{to} is away by the rota; {away} stands in: hand over to {away}.")
    within = state.assessment.roster.ack_within if state.assessment else WAIT
    asked = Handover(to, say.by, say.now, after(say.now, within), say.command["reason"])
    told = f"{say.named()} hands over to {to}{say.because()}. {say.by} stays commander until {to} says `ack`."
    state = note(replace(state, handover=asked), say.now, "handover", "triage", told, actor=say.by)
    return tell(
        state, say.now, f"handover:{say.now}", f"[{state.reference}] take over as commander", told, names=(to,),
        asked=f"{say.by} hands over to you{say.because()[:80]}: take over as commander", until=asked.due,
        command=f"halon ack {state.reference}",
    )  # fmt: skip


def taken(say: Saying) -> State:
    """Whom the commander hands over to acknowledges, and is commander from now on."""
    asked = say.state.handover
    if asked is None or asked.to != say.by:
        raise AssertionError("nothing is handed over to whoever speaks")
    state = replace(
        say.state, commander=say.by, handover=None, page_next_at="", acked_by=say.state.acked_by or say.by,
        acked_at=say.state.acked_at or say.now,
    )  # fmt: skip
    told = f"{say.named()} took over as commander from {asked.by}."
    return note(state, say.now, "handover", "triage", told, actor=say.by)


def late(state: State, now: str) -> State:
    """Nobody took over in time: whoever hands over is told, and is still commander."""
    asked = state.handover
    if asked is None:
        raise AssertionError("a handover is waited for that is none")
    told = f"{asked.to} has not taken over; {state.commander} is still commander."
    state = note(state, now, "handover", "triage", told)
    return tell(
        state, now, f"handover-late:{asked.at}", f"[{state.reference}] {asked.to} has not taken over", told,
        names=(asked.by,), asked=f"{told} Call, or hand over to somebody else",
        command=f"halon handover {state.reference} NAME",
    )  # fmt: skip
