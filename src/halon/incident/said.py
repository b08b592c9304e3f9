"""What each command does to the state, or why it may not. Pure; one small function a command.

Answers to gates and decisions about obligations are in ``answering.py``. ``admission.py`` has checked who speaks before
it calls any of them.
"""

from __future__ import annotations

from dataclasses import replace

from halon.incident import by_hand, overriding, promised, restricting, seal_waits
from halon.incident.checklist import not_done
from halon.incident.commands import near
from halon.incident.facts import ABOUT_NOW, PERSON, Fact
from halon.incident.handing import taken
from halon.incident.judged import tell_of_rise
from halon.incident.learning import learn
from halon.incident.remedies import Corrective, Finding, Waiver
from halon.incident.saying import Refused, Saying
from halon.incident.settling import unsettled
from halon.incident.standing import action, with_action
from halon.incident.state import LevelChange, State, sparing
from halon.incident.timeline import note, person
from halon.incident.times import parse, text

MOST_WHYS = 20
MOST_FINDINGS = 50
MOST_CORRECTIVES = 50


def ack(say: Saying) -> State:
    """Stop the paging; whoever acknowledges first is commander unless somebody is, or is whom it is handed over to."""
    if say.state.handover is not None and say.state.handover.to == say.by:
        return taken(say)
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
    restricting.led_by(say, to)
    role = say.command["role"]
    state = (
        replace(say.state, commander=to, handover=None)
        if role == "commander"
        else replace(say.state, technical_lead=to)
    )
    return note(
        state, say.now, "assign", "triage", f"{to} is {role.replace('_', ' ')} now{say.because()}", actor=say.by
    )


def fact(say: Saying) -> State:
    """Say what is known. Name, type and direction were checked against the vocabulary with the authority."""
    told = Fact(say.command["name"], say.command.parameters["value"], PERSON, say.now, by=say.by,
                entity=say.command["entity"], certainty=say.command["certainty"], reason=say.command["reason"])  # fmt: skip
    state = learn(say.state, [told], say.now, again=say.again and told.name in ABOUT_NOW)
    if state is say.state:
        raise Refused("NothingNew", f"{told.name} is held to be just that already.")
    return state


def write(say: Saying) -> State:
    """Write into the log; with ``done_outside``, what somebody carried out elsewhere counts as far as it reads back so."""
    if say.command["done_outside"]:
        return by_hand.done(say)
    return note(say.state, say.now, "note", "triage", say.command["text"], actor=say.by)


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
    state = note(state, say.now, "severity", "triage", told, actor=say.by)
    if lowered or not sparing(state):
        return state
    return promised.sooner(tell_of_rise(state, say.now, told, by=say.by), say.now)


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
    _require_room(len(say.state.findings), MOST_FINDINGS, "findings")
    number = len(say.state.findings) + 1
    found = Finding(f"f{number}", say.command["layer"], say.command["text"], say.by, say.now, certainty="likely")
    state = replace(say.state, findings=(*say.state.findings, found))
    return note(state, say.now, "finding", "rca", f"Finding {found.id} ({found.layer}): {found.text}", actor=say.by)


def why(say: Saying) -> State:
    """Add the next why."""
    _require_room(len(say.state.whys), MOST_WHYS, "whys")
    state = replace(say.state, whys=(*say.state.whys, say.command["text"]))
    return note(state, say.now, "why", "rca", f"Why {len(state.whys)}: {say.command['text']}", actor=say.by)


def corrective(say: Saying) -> State:
    """Add a corrective action, or say that one is done."""
    wanted = say.command["id"]
    if wanted:
        known = [one.id for one in say.state.correctives]
        old = next((one for one in say.state.correctives if one.id == wanted), None)
        if old is None:
            raise Refused("UnknownCorrective", f"No corrective action {wanted!r}: {near(wanted, known)}")
        if old.status in ("proved", "waived") or (old.status == "done" and old.after != "undecided"):
            raise Refused("AlreadyDone", f"{old.id} is {old.status}.")
        new = replace(
            old, status="done", note=say.command["text"], done_by=say.by, done_at=say.now, after="", after_at=""
        )
        state = replace(say.state, correctives=tuple(new if one.id == wanted else one for one in say.state.correctives))
        told = f"{say.named()} says {old.id} is done: {old.title}"
        return note(state, say.now, "corrective", "remediate", told, actor=say.by)
    missing = [name for name in ("title", "owner", "deadline") if not say.command[name]]
    if missing:
        raise Refused("Incomplete", f"A corrective action needs {', '.join(missing)} (or the id of one that is done).")
    deadline = text(parse(say.command["deadline"]))
    if parse(deadline) <= parse(say.now):
        raise Refused("InThePast", f"The deadline {deadline} has passed; give one that can be met.")
    _require_room(len(say.state.correctives), MOST_CORRECTIVES, "corrective actions")
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
    return note(state, say.now, "waiver", "remediate", f"{say.named()} waived {what}{say.because()}", actor=say.by)


def override(say: Saying) -> State:
    """An irreversible action, or one that changes the evidence, may run although that isn't sealed: by name, on record.

    Or a notice goes out although a check objects to it.
    """
    if say.command["what"] == "notice":
        return overriding.let_pass(say)
    if say.state.evidence and not seal_waits.held(say.state):
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
        decision = {"obligation": duty.name, "word": "declined", "by": say.by, "at": say.now,
                    "reason": f"false alarm{say.because()}"}  # fmt: skip
        state = replace(state, decisions=(*state.decisions, decision))
    for one in state.actions:
        if one.order.undo and one.status in ("applied", "verified", "unverified") and not one.undo_requested_by:
            state = with_action(state, replace(one, undo_requested_by=say.by))
    return state


def close(say: Saying) -> State:
    """Close, if everything is settled; otherwise the answer lists what is left."""
    if say.state.merged_into is not None:
        raise Refused("Merged", f"{say.state.reference} closes by itself. {'; '.join(unsettled(say.state))}.")
    left = unsettled(say.state)
    if left:
        raise Refused("NotSettled", "Not yet: " + "; ".join(left))
    state = replace(say.state, close_requested_by=say.by, close_note=say.command["reason"])
    told = f"Closed by {say.named()}{say.because()}"
    flagged = not_done(state)
    state = note(state, say.now, "close", "remediate", f"{told}.{flagged}" if flagged else told, actor=say.by)
    return promised.left_open(state, say.now)


def _require_room(have: int, most: int, what: str) -> None:
    """The state is carried from run to run and stays small; the log takes as much as there is to say."""
    if have >= most:
        raise Refused("TooMany", f"There are {have} {what} already; write the rest into the log with `note`.")
