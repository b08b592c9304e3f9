"""Who is asked to answer a gate, reminded of it, and told that it waits: only those who may answer and are there."""

from __future__ import annotations

from dataclasses import replace

from halon.incident import quorum
from halon.incident.assessment import ASKED, Person
from halon.incident.gates import Gate
from halon.incident.standing import with_gate
from halon.incident.state import State
from halon.incident.timeline import note, people_with, person, tell
from halon.incident.times import after, parse

LEAST_BETWEEN = 60
"""Seconds between two reminders, however often the kit wants them."""


def judged_here(state: State) -> bool:
    """Whether these rules count: what an earlier release judged goes on by its own until it is judged again."""
    return state.assessment is not None and state.assessment.form >= ASKED


def left_out(gate: Gate) -> frozenset[str]:
    """Whose yes would not count any more, or never did: who proposed it, where the kit says so, and who has answered."""
    proposed = gate.proposed_by if gate.policy.exclude_proposer else frozenset[str]()
    return proposed | {one.by for one in gate.answers}


def awaited(state: State, gate: Gate) -> tuple[Person, ...]:
    """The people whose yes would still help, by the roles they hold in the kit."""
    people = people_with(state, *quorum.asked_of(gate.policy))
    return tuple(one for one in people if one.name not in left_out(gate) and _helps(gate, one))


def _helps(gate: Gate, who: Person) -> bool:
    policy, agreed = gate.policy, gate.agreed
    held = sum(1 for roles in agreed.values() if set(policy.roles) & set(roles))
    if held < policy.quorum and set(policy.roles) & set(who.roles):
        return True
    return len(quorum.matched(policy.every, {**agreed, who.name: who.roles})) > len(
        quorum.matched(policy.every, agreed)
    )


def roles_awaited(state: State, gate: Gate) -> tuple[str, ...]:
    """The roles of which somebody is still waited for; all of the gate's where nobody is left who could answer."""
    held = {role for one in awaited(state, gate) for role in one.roles}
    roles = quorum.asked_of(gate.policy)
    return tuple(role for role in roles if role in held) or roles


def present(state: State, name: str, at: str) -> str:
    """``name``, or who stands in for them at ``at`` while they are away by the rota; empty where nobody does."""
    absences = state.assessment.roster.away if state.assessment else ()
    asked: list[str] = []
    while name and name not in asked:
        asked.append(name)
        away = next(
            (one for one in absences if one.person == name and parse(one.start) <= parse(at) < parse(one.end)), None
        )
        if away is None:
            return name
        name = away.instead
    return ""


def reached(state: State, gate: Gate, at: str) -> tuple[str, ...]:
    """Who is paged at ``at``: those who are awaited, or who stands in for them. Never who proposed it or has answered."""
    found = dict.fromkeys(present(state, one.name, at) for one in awaited(state, gate))
    return tuple(one for one in found if one and one not in left_out(gate))


def roles_away(state: State, gate: Gate, at: str) -> tuple[str, ...]:
    """The roles still awaited that nobody can answer for at ``at``: their holders are away, as is who stands in and holds it."""
    there = {
        role for name in reached(state, gate, at) if (one := person(state, name)) is not None for role in one.roles
    }
    return tuple(role for role in roles_awaited(state, gate) if role not in there and people_with(state, role))


def above(state: State, gate: Gate, at: str) -> tuple[str, ...]:
    """To whom the gate escalates: the person or the holders of the role that the kit names, and who leads as such now.

    Whoever is away is stood in for; where nobody of them is there, leadership is told.
    """
    wanted = gate.policy.escalate_to
    leads = {"commander": state.commander, "technical_lead": state.technical_lead}.get(wanted, "")
    names = [one.name for one in people_with(state, wanted)] or ([wanted] if person(state, wanted) else [])
    found = {present(state, name, at) for name in (*names, leads) if name} - {""}
    if not found:
        found = {present(state, one.name, at) for one in people_with(state, "leadership")} - {""}
    return tuple(sorted(found))


def ask(state: State, now: str, gate: Gate) -> State:
    """``state`` with everybody paged who may answer, and whom it escalates to where a role has nobody there."""
    state = _page(state, now, gate, f"gate:{gate.id}:{now}", f"approval needed: {gate.title}",
                  f"Yes or no: {_asked(gate)}", reached(state, gate, now))  # fmt: skip
    away = roles_away(state, gate, now)
    if not away:
        return state
    roles = " and ".join(away)
    told = f"Everybody who holds {roles} is away now, and nobody stands in who does: {gate.title}"
    state = note(state, now, "gate", _phase(gate), f"Gate {gate.id}: {told}. {gate.policy.escalate_to} is told at once.",
                 data={"gate": gate.id, "away": list(away), "told": list(above(state, gate, now))})  # fmt: skip
    return _page(state, now, gate, f"gate-away:{gate.id}:{now}", f"nobody can answer: {gate.title}",
                 f"Everybody who holds {roles} is away. Find somebody who can answer: {_asked(gate)}", above(state, gate, now))  # fmt: skip


def remind_at(gate: Gate) -> str:
    """When those who have not answered are reminded next (ISO 8601 UTC); empty where the kit wants no reminders."""
    if not gate.policy.remind_every:
        return ""
    moment = after(max(gate.opened_at, gate.reminded_at), max(LEAST_BETWEEN, gate.policy.remind_every))
    return moment if moment < gate.deadline_at else ""


def remind(state: State, now: str, gate: Gate) -> State:
    """``state`` with a reminder to everybody who may answer and has not. Of reminders only the last is kept in the ledger."""
    number = gate.reminders + 1
    names = reached(state, gate, now) or above(state, gate, now)
    begun = (f"told:gate-remind:{gate.id}:", f"gate-remind:{gate.id}:")
    state = replace(state, ledger={key: at for key, at in state.ledger.items() if not key.startswith(begun)})
    state = with_gate(state, replace(gate, reminders=number, reminded_at=now))
    state = note(state, now, "gate", _phase(gate), f"Reminder {number} of gate {gate.id} to {', '.join(names) or 'nobody'}.",
                 data={"gate": gate.id, "reminder": number, "told": list(names)})  # fmt: skip
    return _page(state, now, gate, f"gate-remind:{gate.id}:{number}", f"approval still needed: {gate.title}",
                 f"Reminder. Yes or no: {_asked(gate)}", names)  # fmt: skip


def escalate(state: State, now: str, gate: Gate) -> State:
    """``state`` with those told whom it escalates to, and again those who have not answered: it stands for a reminder."""
    higher = above(state, gate, now)
    names = tuple(dict.fromkeys((*higher, *reached(state, gate, now))))
    state = note(state, now, "gate", _phase(gate), f"Gate {gate.id} waits; {gate.policy.escalate_to} is told.",
                 data={"gate": gate.id, "escalated_to": list(higher), "told": list(names)})  # fmt: skip
    state = with_gate(state, replace(gate, reminded_at=now))
    return _page(state, now, gate, f"gate-late:{gate.id}:{gate.attempt}", f"approval needed: {gate.title}",
                 f"{'Too few' if gate.answers else 'Nobody'} answered yet. Yes or no: {_asked(gate)}", names)  # fmt: skip


def expired(state: State, now: str, gate: Gate, told: str, *, again: bool) -> State:
    """``state`` with everybody told that nobody answered ``gate`` (as it was) in time: who may answer, above, leadership."""
    people = people_with(state, "leadership", *quorum.asked_of(gate.policy))
    found = dict.fromkeys((*above(state, gate, now), *(present(state, one.name, now) for one in people)))
    return tell(state, now, f"gate-expired:{gate.id}:{gate.attempt}", f"[{state.reference}] nobody answered {gate.id}", told,
                names=tuple(one for one in found if one),
                command=f"halon approve {state.reference} {gate.id}" if again else "")  # fmt: skip


def _page(state: State, now: str, gate: Gate, step: str, subject: str, asked: str, names: tuple[str, ...]) -> State:
    command = f"halon approve {state.reference} {gate.id}"
    body = "\n".join([*gate.question, f"{command} --by YOUR NAME"])
    return tell(state, now, step, f"[{state.reference}] {subject}", body, names=names, asked=asked,
                until=gate.deadline_at, command=command)  # fmt: skip


def _asked(gate: Gate) -> str:
    return gate.title if gate.title.endswith("?") else f"{gate.title}?"


def _phase(gate: Gate) -> str:
    return {"notice": "notify", "restore": "remediate"}.get(gate.kind, "contain")
