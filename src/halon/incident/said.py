"""What each command does to the state, or why it may not. Pure; one small function a command.

Gate answers, decisions about obligations and the severity are here because they decide; ``admission.py`` has checked
who speaks before it calls them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from halon.incident.commands import Command, near
from halon.incident.facts import Fact
from halon.incident.gates import Answer, Gate, Proof, answered, withdrawn
from halon.incident.learning import learn
from halon.incident.remedies import Corrective, Finding, Waiver
from halon.incident.settling import unsettled
from halon.incident.standing import (
    action,
    gate,
    obligation,
    open_gates,
    open_stage,
    with_action,
    with_gate,
    with_obligation,
)
from halon.incident.state import LevelChange, State
from halon.incident.timeline import mark, note, person
from halon.incident.times import after, parse, text


class Refused(Exception):
    """The command is well formed and may not be done. ``kind`` is a stable type name, ``text`` says what to do next."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(text)
        self.kind = kind
        self.text = text


@dataclass(frozen=True, slots=True)
class Saying:
    """A command in its situation."""

    state: State
    command: Command
    by: str
    roles: tuple[str, ...]
    verified: bool
    proof: Proof
    now: str

    def because(self) -> str:
        """The reason as a tail for a sentence."""
        reason = self.command["reason"]
        return f": {reason}" if reason else ""

    def named(self) -> str:
        """Who speaks, with the note that only the typed name says so."""
        return self.by if self.verified else f"{self.by} (name unverified)"


def ack(say: Saying) -> State:
    """Stop the paging; whoever acknowledges first is commander unless somebody is."""
    if say.state.acked_by:
        raise Refused("AlreadyAcknowledged", f"{say.state.acked_by} acknowledged at {say.state.acked_at} already.")
    commander = say.state.commander or say.by
    state = replace(say.state, acked_by=say.by, acked_at=say.now, commander=commander, page_next_at="")
    return note(state, say.now, "ack", "triage", f"Acknowledged by {say.named()}.", actor=say.by)


def assign(say: Saying) -> State:
    """Make somebody commander or technical lead."""
    to = say.command["to"].lower()
    if person(say.state, to) is None:
        known = [one.name for one in say.state.assessment.roster.people] if say.state.assessment else []
        raise Refused("UnknownPerson", f"Nobody called {to!r} is on this roster: {near(to, known)}")
    role = say.command["role"]
    state = replace(say.state, commander=to) if role == "commander" else replace(say.state, technical_lead=to)
    return note(
        state, say.now, "assign", "triage", f"{to} is {role.replace('_', ' ')} now{say.because()}", actor=say.by
    )


def fact(say: Saying) -> State:
    """Say what is known. Its name and type were checked against the vocabulary with the authority."""
    told = Fact(say.command["name"], say.command.parameters["value"], "person", say.now, by=say.by)
    state = learn(say.state, [told], say.now)
    if state is say.state:
        raise Refused("NothingNew", f"{told.name} is held to be just that already.")
    return state


def write(say: Saying) -> State:
    """Write into the log."""
    return note(say.state, say.now, "note", "triage", say.command["text"], actor=say.by)


def approve(say: Saying) -> State:
    """Say yes to exactly what a gate shows."""
    asked = _open_gate(say)
    policy = asked.policy
    if not set(policy.roles) & set(say.roles):
        held = ", ".join(say.roles) or "no role"
        raise Refused("NotAuthorised", f"{say.by} holds {held}; this gate needs {' or '.join(policy.roles)}.")
    if policy.exclude_proposer and asked.proposer == say.by:
        raise Refused(
            "SelfApproval", f"{say.by} proposed this; somebody else with {' or '.join(policy.roles)} must agree."
        )
    return _answer(say, asked, approve=True)


def reject(say: Saying) -> State:
    """Say no to what a gate shows: one no settles it. The proposer may always say no."""
    asked = _open_gate(say)
    if asked.proposer != say.by and not set(asked.policy.roles) & set(say.roles):
        raise Refused("NotAuthorised", f"This gate is answered by {' or '.join(asked.policy.roles)}, not by {say.by}.")
    return _answer(say, asked, approve=False)


def withdraw(say: Saying) -> State:
    """Take an answer back, until what it allowed has run."""
    asked = gate(say.state, say.command["gate"])
    if asked is None:
        raise _unknown_gate(say)
    if asked.status in ("spent", "void", "expired"):
        raise Refused("GateClosed", f"Gate {asked.id} is {_in_words(asked)}; an answer can no longer be taken back.")
    if say.by not in {answer.by for answer in asked.answers}:
        raise Refused("NoAnswer", f"{say.by} has not answered gate {asked.id}.")
    state = with_gate(say.state, withdrawn(asked, say.by))
    return note(
        state,
        say.now,
        "gate",
        "contain",
        f"{say.named()} took the answer to {asked.id} back{say.because()}",
        actor=say.by,
    )


def severity(say: Saying) -> State:
    """Set the severity. Lowering needs the role (checked by the caller as ``severity-down``); the old one stays visible."""
    level = say.command["level"]
    now_level = say.state.level
    if level == now_level:
        raise Refused("NothingNew", f"The severity is {level} already.")
    change = LevelChange(level, say.by, say.command["reason"], say.now)
    lowered = now_level is not None and level > now_level
    state = replace(
        say.state, level=level, level_changes=(*say.state.level_changes, change),
        level_floor_lifted_by=say.by if lowered else say.state.level_floor_lifted_by,
    )  # fmt: skip
    word = "lowered" if lowered else "raised"
    told = f"Severity {word} from {now_level or 'none'} to {level} by {say.named()}{say.because()}"
    return note(state, say.now, "severity", "triage", told, actor=say.by)


def declare(say: Saying) -> State:
    """Decide that an obligation applies."""
    return _decide(say, "declared")


def decline(say: Saying) -> State:
    """Decide, with the reason on record, that an obligation does not apply: the written negative decision."""
    return _decide(say, "declined")


def filed(say: Saying) -> State:
    """Record an actual filing: later stages chain on it."""
    duty = obligation(say.state, say.command["obligation"])
    if duty is None:
        raise _unknown_obligation(say)
    wanted = say.command["stage"] or getattr(open_stage(duty), "id", "")
    stage = next((one for one in duty.stages if one.id == wanted), None)
    if stage is None:
        known = [one.id for one in duty.stages if not one.filed_at]
        raise Refused("UnknownStage", f"{duty.id} has no open stage {wanted!r}: {near(wanted, known)}")
    if stage.filed_at:
        raise Refused("AlreadyFiled", f"{duty.id}/{stage.id} was filed at {stage.filed_at}.")
    at = text(parse(say.command["at"])) if say.command["at"] else say.now
    if parse(at) > parse(say.now):
        raise Refused("InTheFuture", f"{at} is in the future; a filing is recorded after it was made.")
    changed = replace(
        duty, stages=tuple(replace(one, filed_at=at) if one.id == stage.id else one for one in duty.stages)
    )
    state = with_obligation(say.state, changed)
    told = f"{duty.id}/{stage.id} was filed at {at}, reference {say.command['reference']}"
    state = note(state, say.now, "filed", "notify", told, actor=say.by,
                 data={"obligation": duty.id, "stage": stage.id, "at": at, "reference": say.command["reference"]})  # fmt: skip
    return replace(mark(state, f"filed:{duty.id}/{stage.id}", at), facts_version=state.facts_version + 1)


def undo(say: Saying) -> State:
    """Ask to take one action back; a restore gate opens."""
    wanted = action(say.state, say.command["action"])
    if wanted is None:
        known = [one.order.id for one in say.state.actions]
        raise Refused("UnknownAction", f"No action {say.command['action']!r}: {near(say.command['action'], known)}")
    if not wanted.order.reversible or wanted.order.undo is None:
        way = wanted.order.way_back or "see the runbook"
        raise Refused("NotReversible", f"{wanted.order.title} can't be undone; the way back: {way}")
    if wanted.status not in ("applied", "verified", "unverified", "failed"):
        raise Refused("NothingToUndo", f"{wanted.order.title} is {wanted.status}; there is nothing to take back.")
    if wanted.undo_requested_by:
        raise Refused(
            "AlreadyAsked", f"{wanted.undo_requested_by} asked for that already; its gate waits for an answer."
        )
    state = with_action(say.state, replace(wanted, undo_requested_by=say.by))
    return note(
        state,
        say.now,
        "undo",
        "remediate",
        f"{say.named()} asks to undo {wanted.order.id}{say.because()}",
        actor=say.by,
    )


def restore(say: Saying) -> State:
    """Ask to give everything back; one gate an action."""
    backs = [one for one in say.state.actions
             if one.order.undo and one.status in ("applied", "verified", "unverified") and not one.undo_requested_by]  # fmt: skip
    if not backs:
        raise Refused("NothingToUndo", "Nothing that could be given back is taken away, or it was asked for already.")
    state = say.state
    for one in backs:
        state = with_action(state, replace(one, undo_requested_by=say.by))
    names = ", ".join(one.order.id for one in backs)
    return note(
        state, say.now, "undo", "remediate", f"{say.named()} asks to restore {names}{say.because()}", actor=say.by
    )


def finding(say: Saying) -> State:
    """Add a root cause."""
    number = len(say.state.findings) + 1
    found = Finding(f"f{number}", say.command["layer"], say.command["text"], say.by, say.now, certainty="likely")
    state = replace(say.state, findings=(*say.state.findings, found))
    return note(state, say.now, "finding", "rca", f"Finding {found.id} ({found.layer}): {found.text}", actor=say.by)


def why(say: Saying) -> State:
    """Add the next why."""
    state = replace(say.state, whys=(*say.state.whys, say.command["text"])[:20])
    return note(state, say.now, "why", "rca", f"Why {len(state.whys)}: {say.command['text']}", actor=say.by)


def corrective(say: Saying) -> State:
    """Add a corrective action, or say that one is done."""
    wanted = say.command["id"]
    if wanted:
        known = [one.id for one in say.state.correctives]
        old = next((one for one in say.state.correctives if one.id == wanted), None)
        if old is None:
            raise Refused("UnknownCorrective", f"No corrective action {wanted!r}: {near(wanted, known)}")
        if old.status in ("done", "proved", "waived"):
            raise Refused("AlreadyDone", f"{old.id} is {old.status}.")
        new = replace(old, status="done", note=say.command["text"])
        state = replace(say.state, correctives=tuple(new if one.id == wanted else one for one in say.state.correctives))
        told = f"{say.named()} says {old.id} is done: {old.title}"
        return note(state, say.now, "corrective", "remediate", told, actor=say.by)
    missing = [name for name in ("title", "owner", "deadline") if not say.command[name]]
    if missing:
        raise Refused("Incomplete", f"A corrective action needs {', '.join(missing)} (or the id of one that is done).")
    deadline = text(parse(say.command["deadline"]))
    if parse(deadline) <= parse(say.now):
        raise Refused("InThePast", f"The deadline {deadline} has passed; give one that can be met.")
    number = len(say.state.correctives) + 1
    new = Corrective(f"c{number}", say.command["title"], say.command["owner"], deadline, say.by, say.now)
    state = replace(say.state, correctives=(*say.state.correctives, new))
    told = f"Corrective action {new.id}: {new.title} (owner {new.owner}, until {deadline})"
    return note(state, say.now, "corrective", "remediate", told, actor=say.by)


def waive(say: Saying) -> State:
    """A named person stands in for the proof, or for one corrective action."""
    what = say.command["what"]
    known = ["proof", *(one.id for one in say.state.correctives)]
    if what not in known:
        raise Refused("UnknownWaiver", f"Nothing called {what!r} can be waived: {near(what, known)}")
    state = replace(say.state, waivers=(*say.state.waivers, Waiver(what, say.by, say.command["reason"], say.now)))
    state = replace(
        state,
        correctives=tuple(
            replace(one, status="waived", note=say.command["reason"]) if one.id == what else one
            for one in state.correctives
        ),
    )
    return note(state, say.now, "waiver", "remediate", f"{say.named()} waived {what}{say.because()}", actor=say.by)  # fmt: skip


def override(say: Saying) -> State:
    """An irreversible action may run although the evidence isn't sealed: by name, on record."""
    if say.state.evidence:
        raise Refused("NothingToOverride", "The evidence is sealed; nothing waits for it.")
    state = replace(say.state, evidence_overridden_by=say.by)
    told = f"{say.named()} lets irreversible actions run without sealed evidence{say.because()}"
    return note(state, say.now, "override", "contain", told, actor=say.by)


def false_alarm(say: Saying) -> State:
    """It was no incident: what is left to do is dropped, what was taken is offered back through gates."""
    if say.state.false_alarm_by:
        raise Refused("AlreadySaid", f"{say.state.false_alarm_by} called it a false alarm already.")
    state = replace(say.state, false_alarm_by=say.by)
    state = note(
        state, say.now, "false-alarm", "triage", f"{say.named()} calls it a false alarm{say.because()}", actor=say.by
    )
    for duty in state.obligations:
        decision = {"obligation": duty.id, "word": "declined", "by": say.by, "at": say.now,
                    "reason": f"false alarm{say.because()}"}  # fmt: skip
        state = replace(state, decisions=(*state.decisions, decision))
    for one in state.actions:
        if one.order.undo and one.status in ("applied", "verified", "unverified") and not one.undo_requested_by:
            state = with_action(state, replace(one, undo_requested_by=say.by))
    return state


def close(say: Saying) -> State:
    """Close, if everything is settled; otherwise the answer lists what is left."""
    left = unsettled(say.state)
    if left:
        raise Refused("NotSettled", "Not yet: " + "; ".join(left))
    state = replace(say.state, close_requested_by=say.by, close_note=say.command["reason"])
    return note(state, say.now, "close", "remediate", f"Closed by {say.named()}{say.because()}", actor=say.by)


def _open_gate(say: Saying) -> Gate:
    asked = gate(say.state, say.command["gate"])
    if asked is None:
        raise _unknown_gate(say)
    if asked.status != "open":
        raise Refused("GateClosed", f"Gate {asked.id} is {_in_words(asked)}. {_open_now(say.state)}")
    if parse(say.now) > parse(asked.deadline_at):
        raise Refused("GateClosed", f"Gate {asked.id} expired at {asked.deadline_at}. {_open_now(say.state)}")
    if say.by in {answer.by for answer in asked.answers}:
        raise Refused("AlreadyAnswered", f"{say.by} answered gate {asked.id} already; `withdraw` takes it back.")
    return asked


def _answer(say: Saying, asked: Gate, *, approve: bool) -> State:
    answer = Answer(say.by, approve, say.command["reason"], say.now, say.roles, say.proof, say.verified)
    changed = answered(asked, answer)
    state = with_gate(say.state, changed)
    word = "approved" if approve else "rejected"
    rest = f"; {changed.missing} more needed" if changed.status == "open" else ""
    told = f"{say.named()} {word} {asked.id}{say.because()}{rest}"
    data = {"gate": asked.id, "digest": asked.digest, "approve": approve, "verified": say.verified,
            "update": say.proof.update_id, "run": say.proof.run_id}  # fmt: skip
    return note(state, say.now, "gate", "contain", told, actor=say.by, data=data)


def _decide(say: Saying, word: str) -> State:
    duty = obligation(say.state, say.command["obligation"])
    if duty is None:
        raise _unknown_obligation(say)
    if duty.decider not in say.roles:
        raise Refused(
            "NotAuthorised", f"{duty.id} is decided by the {duty.decider}; {say.by} holds {', '.join(say.roles)}."
        )
    decision = {"obligation": duty.id, "word": word, "by": say.by, "at": say.now, "reason": say.command["reason"],
                "status_then": duty.status}  # fmt: skip
    state = replace(say.state, decisions=(*say.state.decisions, decision))
    told = f"{say.named()} {word} {duty.id}{say.because()}"
    return note(state, say.now, "decision", "notify", told, actor=say.by, data=decision)


def _unknown_gate(say: Saying) -> Refused:
    given = say.command["gate"]
    ids = [one.id for one in open_gates(say.state)]
    stale = next((one for one in say.state.gates if one.id.rsplit("-", 1)[0] == given.rsplit("-", 1)[0]), None)
    if stale is not None:
        return Refused(
            "UnknownGate", f"Gate {given!r} does not name what would run now; look again: {near(given, ids)}"
        )
    return Refused("UnknownGate", f"There is no gate {given!r}. {near(given, ids)}")


def _unknown_obligation(say: Saying) -> Refused:
    given = say.command["obligation"]
    return Refused(
        "UnknownObligation", f"No obligation {given!r}: {near(given, [one.id for one in say.state.obligations])}"
    )


def _in_words(asked: Gate) -> str:
    who = ", ".join(answer.by for answer in asked.answers)
    by = f" by {who}" if who else ""
    return {
        "granted": f"granted already{by}", "rejected": f"rejected{by}", "spent": f"granted{by} and has run",
        "void": "void, because what would run has changed", "expired": f"expired since {asked.deadline_at}",
    }.get(asked.status, asked.status)  # fmt: skip


def _open_now(state: State) -> str:
    ids = ", ".join(one.id for one in open_gates(state))
    return f"Open now: {ids}." if ids else "No gate is open now."


def reask(asked: Gate, now: str) -> Gate:
    """The same gate asked anew with fresh time; earlier answers no longer count."""
    return replace(
        asked, status="open", answers=(), settled_at="", attempt=asked.attempt + 1, opened_at=now,
        deadline_at=after(now, asked.policy.deadline), escalate_at=after(now, asked.policy.escalate_after),
    )  # fmt: skip
