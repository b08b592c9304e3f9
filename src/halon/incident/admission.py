"""Is this command to be done, here and now? Pure: state and authority in, the changed state or a refusal out.

Every command that is well formed reaches this place and is recorded, the refused ones too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from halon.incident import (
    affected,
    answering,
    by_hand,
    checklist,
    filing,
    gate_tries,
    glass,
    handing,
    holds,
    kits,
    looking_up,
    merging,
    patience,
    restricting,
    said,
    splitting,
    ticking,
    waking,
)
from halon.incident.commands import Command
from halon.incident.facts import ABOUT_NOW
from halon.incident.gates import Proof
from halon.incident.links import Met
from halon.incident.saying import Refused, Saying
from halon.incident.state import State
from halon.incident.timeline import note

REMEMBERED = 60
"""Refusals of which the answer is kept, in case Temporal's Reset puts their Updates once more."""
LONGEST_KEPT = 400


@dataclass(frozen=True, slots=True)
class Standing:
    """Who is speaking, as the kit sees it. ``may`` False carries the reason in ``why``, its type in ``refusal``.

    ``how`` is the verifier that proved who it is; empty while only the name says so. ``offers``: something came that may
    prove it, so that a refusal does not count against the name alone. ``others`` may say it besides, where that is asked.
    ``places`` are those of the list of people that is named.
    """

    by: str
    known: bool
    roles: tuple[str, ...] = ()
    verified: bool = False
    may: bool = False
    why: str = ""
    refusal: str = "NotAuthorised"
    how: str = ""
    offers: bool = False
    others: tuple[str, ...] = ()
    places: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The state after the command, the sentence that answers it, and the refusal's type where it was refused."""

    state: State
    text: str
    refusal: str = ""


_HANDLERS: dict[str, Callable[[Saying], State]] = {
    "ack": said.ack, "assign": said.assign, "fact": said.fact, "note": said.write, "contain": by_hand.contain, "approve": answering.approve,
    "reject": answering.reject, "withdraw": answering.withdraw, "severity": said.severity,
    "declare": answering.declare, "decline": answering.decline, "filed": filing.filed, "late-reason": filing.late_reason, "hold": holds.hold, "undo": said.undo, "restore": said.restore,
    "affected": affected.say_list, "finding": said.finding, "why": said.why, "corrective": said.corrective, "waive": said.waive,
    "override": said.override, "evidence": looking_up.evidence, "task": ticking.task, "handover": handing.handover, "kit": kits.kit,
    "false-alarm": said.false_alarm, "merge": merging.merge, "split": splitting.split, "mute": waking.mute, "close": said.close,
    "restrict": restricting.restrict, "look": looking_up.look, "break-glass": answering.break_glass, "review": glass.review,
}  # fmt: skip


def said_again(command: Command, outcome: Outcome) -> bool:
    """Whether it was refused only because a person said the same of a fact before that is about the time of saying it."""
    return outcome.refusal == "NothingNew" and command.name == "fact" and command["name"] in ABOUT_NOW


def admit(
    state: State,
    command: Command,
    standing: Standing,
    proof: Proof,
    now: str,
    *,
    again: bool = False,
    met: Met | None = None,
    ready: by_hand.Ready | None = None,
    seen: by_hand.Seen | None = None,
) -> Outcome:
    """Carry out ``command`` in the state, or refuse it; both are on record. The same update twice is done once.

    ``again``: see ``said_again``; what was refused so counts then. ``met``, ``ready``, ``seen``: see ``Saying``.
    """
    if command.update_id and command.update_id in state.answered:
        return Outcome(state, state.answered[command.update_id])
    if command.update_id and command.update_id in state.refused:
        kind, text = state.refused[command.update_id]
        return Outcome(state, text, kind)  # a Reset puts it again: it was refused, on record, and counted
    try:
        if state.closed_at:
            raise Refused("Closed", f"{state.reference} is closed since {state.closed_at}; open a new one to go on.")
        if not standing.known:
            raise Refused("UnknownPerson", standing.why or f"Nobody called {command.by!r} is in the kit.")
        restricting.refused(state, standing.by, command.name)
        if not standing.may:
            raise Refused(standing.refusal, standing.why or f"{command.by} may not say {command.name!r}.")
        by = standing.by
        woken = waking.heard(state, by, now)
        saying = Saying(state=woken, command=replace(command, by=by), by=by, roles=standing.roles,
                        verified=standing.verified, proof=proof, now=now, again=again, met=met, ready=ready, seen=seen,
                        how=standing.how, others=standing.others, places=standing.places)  # fmt: skip
        after = _HANDLERS[command.name](saying)
    except Refused as refusal:
        state = gate_tries.kept(state, command, refusal, standing.how, now)
        about = gate_tries.about(command, standing.how)
        return _refused(state, command, refusal, now, about, with_proof=standing.offers or standing.verified)
    after = patience.heard(after, by, command.by, proved=standing.verified)
    text = after.tail[-1].text if after.tail and after.chain.seq > state.chain.seq else "Nothing changed."
    after = checklist.ask_to_decide(after, now)  # what was declared, declined or filed asks nobody any more
    if command.update_id:
        after = replace(after, answered={**dict(list(after.answered.items())[-200:]), command.update_id: text})
    return Outcome(after, text)


def refuse(state: State, name: str, by: str, kind: str, text: str, now: str) -> State:
    """``state`` with a refusal on record: a malformed Signal, an unknown name, or a command that may not be."""
    after = patience.counted(state, by)
    return _noted(after, name, by, kind, text, now)


def _noted(
    state: State, name: str, by: str, kind: str, text: str, now: str, about: Mapping[str, Any] | None = None
) -> State:
    return note(
        state, now, "refused", "triage", f"Refused {name[:60]}: {text}", actor=by, data={"type": kind, **(about or {})}
    )


def _refused(
    state: State, command: Command, refusal: Refused, now: str, about: Mapping[str, Any], *, with_proof: bool
) -> Outcome:
    after = patience.tried(state, command, now) if with_proof else patience.counted(state, command.by)
    after = _noted(after, command.name, command.by, refusal.kind, refusal.text, now, about)
    if command.update_id:
        kept = dict(list(after.refused.items())[-(REMEMBERED - 1) :])
        after = replace(after, refused={**kept, command.update_id: (refusal.kind, refusal.text[:LONGEST_KEPT])})
    return Outcome(after, refusal.text, refusal.kind)
