"""How long is a name heard that is refused again and again?

Who it really is can be proved only later, in an activity; at the door everybody may claim any name. So what comes with
nothing but a name is counted apart from what comes with a proof: whoever only claims a name can use up no more than that.
What comes with something that may be a proof is bounded for the whole incident, never for one name: no flood shuts out the
one whose name it takes and nobody else, and none fills the history.
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
"""Refusals of what came with a proof, under one name within one ``PERIOD``, of which people are told: three times the other."""
PERIOD = 900
"""Seconds over which those are counted together."""
EVERY = 1.5
"""Seconds that each refusal of an Update with a proof takes from the incident, whoever's name it was: 600 in a ``PERIOD``."""
SPARED = 2
"""How many times as long Updates are heard for which there is no Signal: ``look``, and names that Temporal vouches for."""
ALL = ""
"""Stands in ``tries`` for all names together; nobody's name."""
ONLY_UPDATES = ("look",)
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
        return _flooded(state, command, now)
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
    held = {name: held for name, held in state.tries.items() if name not in (by, ALL)}
    held = dict([*held.items(), (by, (since, tries + 1))][-(MOST_NAMES - 1) :])
    until, many = state.tries.get(ALL, (now, 0))
    over = parse(until) <= parse(now)
    held[ALL] = (after(now if over else until, EVERY), 1 if over else many + 1)
    state = replace(state, tries=held)
    return _told(state, by, since, now) if tries + 1 == MOST_TRIES else state


def heard(state: State, *names: str, proved: bool) -> State:
    """``state`` after somebody who goes by ``names`` was not refused."""
    if any(name in state.refusals for name in names):
        state = replace(state, refusals={name: many for name, many in state.refusals.items() if name not in names})
    if proved and any(name in state.tries for name in names):
        state = replace(state, tries={name: held for name, held in state.tries.items() if name not in names})
    return state


def _flooded(state: State, command: Command, now: str) -> tuple[str, str]:
    """The same for what comes with a proof: turned away only while the incident was flooded under whatever names."""
    until = state.tries.get(ALL, ("", 0))[0]
    alone = command.name in ONLY_UPDATES or not offered(command.parameters)
    if not until or parse(until) < parse(after(now, PERIOD * (SPARED if alone else 1))):
        return "", ""
    way = "" if alone else "say it as a Signal of the same name, which is always heard, or "
    return "TooManyTries", (
        f"{round(PERIOD / EVERY)} commands and more were refused here within {PERIOD // 60} minutes though they came with a "
        f"proof, under whatever names, so just one in {EVERY:g} seconds is heard as an Update now: {way}try again in a moment."
    )


def _told(state: State, by: str, since: str, now: str) -> State:
    """The one whose name it is and the commander are paged: somebody else may be at it."""
    text = (
        f"{MOST_TRIES} commands under the name {by[:80]} were refused since {since}, though each came with a proof. "
        f"{by[:80]} is heard all the same. If that was not {by[:80]}, somebody who reaches Temporal is at it: look at who may."
    )
    state = note(state, now, "tries", "triage", text, data={"name": by[:120], "since": since})
    step, subject = f"tries:{by[:120]}@{since}", f"[{state.reference}] refused again and again under the name {by[:80]}"
    return tell(state, now, step, subject, text, names=tuple(dict.fromkeys((by.lower(), state.commander))))
