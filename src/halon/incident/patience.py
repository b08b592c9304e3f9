"""How long is a name heard that is refused again and again?

Who it really is can be proved only later, in an activity; at the door everybody may claim any name. So what comes with
nothing but a name is counted apart from what comes with a proof: whoever only claims a name can use up no more than that.
"""

from __future__ import annotations

from dataclasses import replace

from halon.incident.commands import Command
from halon.incident.proving import ANSWERS, offered
from halon.incident.restriction import restricted
from halon.incident.state import State
from halon.incident.timeline import note, person, tell
from halon.incident.times import after, parse

PATIENCE = 20
"""Refusals after which a name that nothing proves is heard no more."""
MOST_TRIES = 60
"""Refusals of what came with a proof, under one name within one ``PERIOD``: three times the other."""
PERIOD = 900
"""Seconds over which those are counted together."""
MOST_NAMES = 200
"""Names of which refusals are remembered."""


def offers(state: State, command: Command) -> bool:
    """Whether it comes with what may prove who speaks: a code, a signature, or a name whose Updates Temporal vouches for."""
    if offered(command.parameters):
        return True
    who = person(state, command.by.lower()) if command.update_id else None
    return who is not None and who.signs_in


def exhausted(state: State, by: str) -> bool:
    """Whether this name was refused so often that it is heard only with a proof."""
    return state.refusals.get(by, 0) >= PATIENCE


def turned_away(state: State, command: Command, now: str) -> tuple[str, str]:
    """The type and the words with which an Update is turned away at the door, without a record of it; empty if heard."""
    if offers(state, command):
        until = _tried_out(state, command.by, now)
        if not until:
            return "", ""
        return "TooManyTries", (
            f"{MOST_TRIES} commands under the name {command.by} were refused within {PERIOD // 60} minutes, though they "
            f"came with a proof. Say it as a Signal of the same name, which is always heard; as an Update from {until} "
            "on; or let somebody else say it."
        )
    if not exhausted(state, command.by):
        return "", ""
    gate = f" {command['gate']}" if command.name in ANSWERS else ""
    said = f"halon {command.name} {state.reference}{gate} --by {command.by}"
    return "RefusedTooOften", (
        f"{command.by} was refused {PATIENCE} times, so a name alone is not heard any more. If it is you, prove it: "
        f"{said} --sign KEYFILE, or --code CODE. Otherwise ask {_whom(state)}."
    )


def _whom(state: State) -> str:
    """Whom to ask; of a restricted incident nothing is said, not even who leads it."""
    return "one of those who see it" if restricted(state) else f"the commander {state.commander or 'on call'}"


def counted(state: State, by: str) -> State:
    """``state`` with one more refusal of what nothing but the name ``by`` came with."""
    refusals = {**state.refusals, by: state.refusals.get(by, 0) + 1}
    return replace(state, refusals=dict(list(refusals.items())[-MOST_NAMES:]))


def tried(state: State, command: Command, now: str) -> State:
    """``state`` with one more refusal of what came with a proof. A Signal counts for nothing: none is turned away."""
    if not command.update_id:
        return state
    by = command.by
    since, tries = state.tries.get(by, (now, 0))
    if parse(now) >= parse(after(since, PERIOD)):
        since, tries = now, 0
    held = {**{name: held for name, held in state.tries.items() if name != by}, by: (since, tries + 1)}
    state = replace(state, tries=dict(list(held.items())[-MOST_NAMES:]))
    return _told(state, by, since, now) if tries + 1 == MOST_TRIES else state


def heard(state: State, *names: str, proved: bool) -> State:
    """``state`` after somebody who goes by ``names`` was not refused."""
    if any(name in state.refusals for name in names):
        state = replace(state, refusals={name: many for name, many in state.refusals.items() if name not in names})
    if proved and any(name in state.tries for name in names):
        state = replace(state, tries={name: held for name, held in state.tries.items() if name not in names})
    return state


def _tried_out(state: State, by: str, now: str) -> str:
    """Until when what comes with a proof under this name is turned away, empty if it is heard."""
    since, tries = state.tries.get(by, ("", 0))
    if tries < MOST_TRIES:
        return ""
    until = after(since, PERIOD)
    return until if parse(now) < parse(until) else ""


def _told(state: State, by: str, since: str, now: str) -> State:
    """The one whose name it is and the commander are paged: somebody else may be at it."""
    text = (
        f"{MOST_TRIES} commands under the name {by[:80]} were refused since {since}, though each came with a proof. Their "
        f"Updates are turned away until {after(since, PERIOD)}; a Signal is heard. If that was not {by[:80]}, somebody "
        "who reaches Temporal is at it: look at who may."
    )
    state = note(state, now, "tries", "triage", text, data={"name": by[:120], "since": since})
    step, subject = f"tries:{by[:120]}@{since}", f"[{state.reference}] refused again and again under the name {by[:80]}"
    return tell(state, now, step, subject, text, names=tuple(dict.fromkeys((by.lower(), state.commander))))
