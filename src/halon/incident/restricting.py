"""Keep an incident to named people: who may be named, what the others are told, and what is left of a page.

A restriction tightens by itself (a rule of the kit) and loosens only by a named person's word, with the reason on record.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from halon.incident import alarms, quorum
from halon.incident.chain import Entry
from halon.incident.commands import LOOKS
from halon.incident.gates import Gate
from halon.incident.messages import Message
from halon.incident.restriction import Restriction, named, restricted, sees
from halon.incident.saying import Refused, Saying
from halon.incident.standing import open_gates
from halon.incident.state import State
from halon.incident.timeline import note, people_with, person, tell

RESTRICTED = "restricted"
"""What stands in lists in place of everything that is not said."""
HALON = "halon"
EARLIER_RUNS = (
    "Temporal's lists still show what its earlier runs showed: let few people read them, or delete those runs."
)
SPREADING = ("merge", "split")
FALLBACK_ROLE = "leadership"


def restrict(say: Saying) -> State:
    """Name the people who see it from now on; none lifts it. Refused where an open gate could then be answered by nobody."""
    people = tuple(dict.fromkeys(one.strip().lower() for one in say.command["people"]))
    if not people:
        return _lifted(say)
    if restricted(say.state) and set(people) == set(named(say.state)):
        raise Refused("NothingNew", f"{say.state.reference} is restricted to just these people already.")
    unknown = [one for one in people if say.state.assessment is not None and person(say.state, one) is None]
    if unknown:
        raise Refused("UnknownPerson", f"Nobody called {unknown[0]!r} is on this roster; name people of the kit.")
    short = [words for gate in open_gates(say.state) if (words := lacking(say.state, gate, people))]
    if short:
        raise Refused("NobodyCouldAnswer", f"{'; '.join(short)}. Name somebody who may answer, or answer first.")
    told = f"{say.named()} restricts {say.state.reference} to {', '.join(people)}{say.because()}"
    if {*say.state.run_ids} - {say.proof.run_id}:  # attributes and memo of a run that is over can't be changed any more
        told = f"{told.rstrip('.')}. {EARLIER_RUNS}"
    return _kept(say.state, Restriction(people, say.by, say.command["reason"], say.now), told, say.now)


def by_rule(state: State, now: str) -> State:
    """``state`` restricted where the kit says so of these facts; once, and never against what a person said about it."""
    people = state.assessment.restricted if state.assessment is not None else ()
    if not people or state.restriction is not None:
        return state
    why = state.assessment.restricted_because if state.assessment is not None else ""
    told = f"Restricted to {', '.join(people)} by the kit: {why}."
    state = _kept(state, Restriction(people, HALON, why, now), told, now)
    for gate in open_gates(state):
        state = asked(state, now, gate)
    return state


def refused(state: State, by: str, command: str) -> None:
    """Raise Refused unless ``by`` may speak here. The words name the reference and whom to ask, and nothing else.

    Where nobody who is named is in the kit any more, the others are heard again: an incident must not be lost for all.
    What would carry its content into an incident that everybody sees is refused whoever says it.
    """
    if not sees(state, by) and not _orphaned(state):
        raise Refused("Restricted", in_words(state))
    if command in SPREADING and restricted(state):
        raise Refused(
            "Restricted", f"`{command}` would show it in an incident that is not restricted; lift that first."
        )


def led_by(say: Saying, to: str) -> None:
    """Raise Refused where ``to``, who is to lead it, could not even see it."""
    if not sees(say.state, to) and not _orphaned(say.state):
        raise Refused(
            "NotNamed", f"{to} is not one of those who see {say.state.reference}; name them first with `restrict`."
        )


def in_words(state: State) -> str:
    """What somebody is told who may not see it."""
    found = {role for one in named(state) if (who := person(state, one)) is not None for role in who.roles}
    whom = " or ".join(sorted(found)) or FALLBACK_ROLE
    return f"{state.reference} is restricted to named people. Ask one of them: {whom}."


def headline(state: State) -> str:
    """The one sentence that everybody may read."""
    closed = "closed, and " if state.closed_at else ""
    return (
        f"{state.reference} is {closed}restricted: only named people see it. If you are one: {looking(state)} --by NAME"
    )


def looking(state: State) -> str:
    """The command with which those who are named look."""
    return f"halon status {state.reference}"


def shown(state: State) -> dict[str, Any]:
    """What every query answers while it is restricted."""
    return {
        "reference": state.reference, "restricted": True, "headline": headline(state), "text": headline(state),
        "look": {"update": "look", "paste": {"by": "YOUR NAME", "what": "status"}, "what": list(LOOKS)},
    }  # fmt: skip


def details(state: State) -> str:
    """The current details in the Temporal UI."""
    return f"### {headline(state)}\n\nSend an Update `look` with:\n\n    " + '{"by": "YOUR NAME", "what": "status"}'


def told(state: State) -> dict[str, Any] | None:
    """The restriction, for those who see it; None where nobody ever restricted it."""
    if state.restriction is None:
        return None
    one = state.restriction
    return {"people": list(one.people), "by": one.by, "reason": one.reason, "at": one.at, "lifted": not one.people,
            "unanswerable": [words for gate in open_gates(state) if (words := lacking(state, gate, one.people))] if one.people else []}  # fmt: skip


def knows(state: State, head: str) -> bool:
    """Whether ``head`` is the hash (hex) of where this incident's record ends: who has that has read the record itself."""
    chain = state.chain
    ends = {chain.head, *(one.hash for one in chain.pending), *(one.prev for one in chain.pending[:1])}
    return bool(head) and head in ends


def bare(state: State, message: Message) -> Message | None:
    """What goes out of ``message`` while it is restricted: to those named, that there is something to look at; None: nothing.

    The end of an alarm goes to whomever it rang, so that it falls silent.
    """
    if not restricted(state):
        return message
    if message.kind == "resolve":
        return replace(message, subject=f"[{state.reference}] settled", body="Settled.", asked="", until="", command="")
    if message.kind == "leadership" or not sees(state, message.to):
        return None
    return replace(
        message, subject=f"[{state.reference}] something is asked of you", until="", asked="",
        body="This incident is restricted to named people, and you are one of them. Look at it:",
        command=f"{looking(state)} --by {message.to}",
    )  # fmt: skip


def asked(state: State, now: str, gate: Gate) -> State:
    """``state`` where those named know at once if ``gate``, which is open, could be answered by nobody of them."""
    words = lacking(state, gate, named(state)) if restricted(state) else ""
    if not words:
        return state
    told = f"Nobody who is named could answer: {words}. Name somebody with `restrict`."
    state = note(state, now, RESTRICTED, "triage", told, data={"gate": gate.id})
    return tell(state, now, f"unanswerable:{gate.id}:{gate.attempt}", f"[{state.reference}] nobody could answer", told,
                names=named(state))  # fmt: skip


def lacking(state: State, gate: Gate, people: Sequence[str]) -> str:
    """Who is missing among ``people`` so that ``gate`` could be granted, in words; empty if nobody is.

    Answers that were given before count on. Where the roster is not known yet, nothing is missing.
    """
    if state.assessment is None:
        return ""
    proposed = gate.proposed_by if gate.policy.exclude_proposer else frozenset[str]()
    able = {
        one.name: one.roles for one in state.assessment.roster.people if one.name in people and one.name not in proposed
    }
    found = {**able, **gate.agreed}
    return f"gate {gate.id}: {quorum.lacking(gate.policy, found)}" if quorum.short_of(gate.policy, found) else ""


def as_recorded(state: State, entries: Sequence[Entry]) -> State:
    """A mirrored ``state`` with what the record says of the restriction since: a mirror may be older than the record."""
    said = [one for one in entries if one.kind == RESTRICTED and one.seq > state.chain.seq and "gate" not in one.data]
    if not said:
        return state
    last = said[-1]
    return replace(state, restriction=Restriction(tuple(last.data.get("people", ())), last.actor, last.text, last.at))


def unseen(state: State) -> State:
    """A mirrored ``state`` of an incident that says it is restricted, whoever it is that is named: nobody is known here."""
    if restricted(state):
        return state
    return replace(state, restriction=Restriction((HALON,), HALON, "it says so itself", state.opened_at))


def _lifted(say: Saying) -> State:
    if not restricted(say.state):
        raise Refused("NotRestricted", f"{say.state.reference} is not restricted; name the people who shall see it.")
    before = ", ".join(named(say.state))
    state = replace(say.state, restriction=Restriction((), say.by, say.command["reason"], say.now))
    told = f"{say.named()} lifts the restriction (it was kept to {before}){say.because()}"
    return note(state, say.now, RESTRICTED, "triage", told, actor=say.by)


def _kept(state: State, one: Restriction, told: str, now: str) -> State:
    """``state`` under the restriction: nobody else leads it or is asked to take over, and what rang others is over."""
    before = f" (before: {', '.join(named(state))})" if restricted(state) else ""
    state = replace(state, restriction=one)
    commander = state.commander if state.commander in one.people else _first(state, one.people, "commander")
    lead = state.technical_lead if state.technical_lead in one.people else _first(state, one.people, "technical_lead")
    over = (
        state.handover
        if state.handover is not None and {state.handover.to, state.handover.by} <= {*one.people}
        else None
    )
    if (commander, lead) != (state.commander, state.technical_lead):
        changed = f"Of those who see it, commander is {commander or 'nobody'}, technical lead {lead or 'nobody'}."
        state = note(state, now, "assign", "triage", changed)
    state = replace(state, commander=commander, technical_lead=lead, handover=over)
    state = note(state, now, RESTRICTED, "triage", f"{told}{before}", actor=one.by, data={"people": list(one.people)})
    state = alarms.silenced(state, now, all_of_them=True)
    return tell(
        state, now, f"{RESTRICTED}:{now}", f"[{state.reference}] restricted", told, names=one.people,
        command=looking(state),
    )  # fmt: skip


def _first(state: State, people: Sequence[str], role: str) -> str:
    return next((one.name for one in people_with(state, role) if one.name in people), "")


def _orphaned(state: State) -> bool:
    """Whether the kit knows nobody of those named any more."""
    return state.assessment is not None and all(person(state, one) is None for one in named(state))
