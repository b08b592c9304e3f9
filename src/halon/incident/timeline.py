"""Write into the incident's log: one entry in the hash chain, one line in the tail that the state carries."""

from __future__ import annotations

from typing import Any

from halon.incident.alarms import part_of
from halon.incident.assessment import Person
from halon.incident.messages import Message
from halon.incident.quiet import silences
from halon.incident.replacing import replace
from halon.incident.restriction import named, restricted, sees
from halon.incident.state import Line, State
from halon.incident.times import parse

TAIL = 80


def note(
    state: State, at: str, kind: str, phase: str, text: str, *, actor: str = "halon", data: dict[str, Any] | None = None
) -> State:
    """``state`` with one more entry. ``kind`` is a stable word (``alert``, ``gate``, ``refused``, …), ``text`` a sentence."""
    chain = state.chain.append(at, kind, phase, actor, text, data or {})
    line = Line(seq=chain.seq, at=at, phase=phase, actor=actor, text=text[:400])
    return replace(state, chain=chain, tail=(*state.tail, line)[-TAIL:])


def mark(state: State, step: str, at: str) -> State:
    """``state`` with ``step`` in the ledger: it is done, once and for good."""
    return state if step in state.ledger else replace(state, ledger={**state.ledger, step: at})


def people_with(state: State, *roles: str) -> tuple[Person, ...]:
    """Those on this incident's roster who hold one of ``roles``."""
    if state.assessment is None:
        return ()
    return tuple(person for person in state.assessment.roster.people if set(person.roles) & set(roles))


def person(state: State, name: str) -> Person | None:
    """The roster's person of this name, or None."""
    if state.assessment is None:
        return None
    return next((one for one in state.assessment.roster.people if one.name == name), None)


def there(state: State, name: str, at: str) -> str:
    """``name``, or who stands in at ``at`` while they are away by the rota; themselves where nobody does."""
    absences = state.assessment.roster.away if state.assessment else ()
    looked_up: list[str] = []
    found = name
    while absences and found and found not in looked_up:
        looked_up.append(found)
        away = (one for one in absences if one.person == found and parse(one.start) <= parse(at) < parse(one.end))
        found = next((one.instead for one in away), found)
    return found or name


def tell(
    state: State, at: str, step: str, subject: str, body: str, *, names: tuple[str, ...], asked: str = "",
    until: str = "", command: str = "",
) -> State:  # fmt: skip
    """``state`` with a page to each of ``names`` in the outbox; told once for each ``step`` and name.

    Whoever is away by the rota is stood in for. Where nobody of those names is known, the commander is told; where
    there is no commander, the log says so. What ``asked``, ``until`` and ``command`` mean stands with ``Message``.
    """
    if why := silences(state, step):
        text = f"Not paged, {why}: {subject}"
        return (
            state
            if f"quiet:{step}" in state.ledger
            else note(mark(state, f"quiet:{step}", at), at, "muted", "triage", text)
        )
    present = dict.fromkeys(there(state, name, at) for name in names)
    if restricted(state):  # nobody else; and if none of those asked is named, somebody who is must find who can be
        present = {name: None for name in present if sees(state, name)} or dict.fromkeys(named(state))
    known = [one for one in (person(state, name) for name in present) if one is not None]
    if not known:
        fallback = person(state, there(state, state.commander, at))
        if fallback is None or not sees(state, fallback.name):
            return note(state, at, "nobody", "triage", f"Nobody could be told: {subject}", data={"step": step})
        known = [fallback]
    for one in known:
        key = f"told:{step}:{one.name}"
        if key in state.ledger:
            continue
        message = Message(
            id=f"{step}:{one.name}", kind="page", to=one.name, subject=subject, body=body, at=at, channels=one.channels,
            asked=asked, until=until, command=command, part=part_of(state, step, at),
        )  # fmt: skip
        state = replace(mark(state, key, at), outbox=(*state.outbox, message))
    return state


def tell_roles(
    state: State, at: str, step: str, subject: str, body: str, *roles: str, asked: str = "", until: str = "",
    command: str = "",
) -> State:  # fmt: skip
    """Like ``tell``, to everybody who holds one of ``roles``."""
    names = tuple(one.name for one in people_with(state, *roles))
    return tell(state, at, step, subject, body, names=names, asked=asked, until=until, command=command)
