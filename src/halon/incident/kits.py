"""The kit of an incident: the one that first judged it. Another one judges only after a person's recorded word."""

from __future__ import annotations

from dataclasses import replace

from halon.incident.assessment import Assessment
from halon.incident.saying import Refused, Saying
from halon.incident.state import State
from halon.incident.timeline import mark, note, tell

SHOWN = 12
LEFT = "kit-left"
"""The entry of the ledger that says which kit, of those that the incident has left, was seen in use."""


def in_force(state: State) -> str:
    """The digest of the kit that judges this incident; empty before the first judgement."""
    return state.kit_digest or (state.assessment.kit_digest if state.assessment else "")


def to_judge_by(state: State) -> str:
    """The digest of the kit to judge by now.

    The first judgement by another kit is made of what was judged before, so that it is seen what the kit alone changes:
    a person's word that is still to be judged is judged by the old one first.
    """
    heard = state.person_version <= state.assessed_version
    return state.kit_wanted if state.kit_wanted and heard else in_force(state)


def take_note(state: State, judged: Assessment, before: str, now: str) -> State:
    """``state`` that knows by which kit it was judged, and of a newer one; the commander is told of that once.

    ``before`` is the digest of the kit that judged it until now, empty for none.
    """
    if not judged.form:
        return state
    if before and before != judged.kit_digest:
        state = replace(state, kits_left=(*state.kits_left, before))
    state = replace(state, kit_digest=judged.kit_digest)
    if judged.kit_digest == state.kit_wanted or judged.kit_missing:
        state = replace(state, kit_wanted="")
    if judged.kit_missing:
        state = _missing(state, judged, now)
    newer = judged.newer_kit if judged.newer_kit not in state.kits_left else ""
    state = replace(state, newer_kit=newer, newer_kit_difference=judged.newer_kit_difference if newer else ())
    return _tell_of_newer(state, now) if newer and f"newer-kit:{newer}" not in state.ledger else state


def found(state: State, newer: str, difference: tuple[str, ...]) -> State:
    """``state`` that knows of the newer kit (its digest; empty for none) which was seen when somebody asked to be moved.

    A worker that has started since the last judgement may have one. Who asks for it is told of it in the answer, also
    where it is one that the incident has left.
    """
    ledger = {key: told for key, told in state.ledger.items() if key != LEFT}
    if newer in state.kits_left:
        ledger[LEFT] = newer
    if ledger != state.ledger:
        state = replace(state, ledger=ledger)
    if not newer or newer in (in_force(state), state.newer_kit, *state.kits_left):
        return state
    return replace(state, newer_kit=newer, newer_kit_difference=difference)


def kit(say: Saying) -> State:
    """Move the incident to the kit in use. Severity and deadlines never fall by it."""
    newer = say.state.newer_kit
    if say.state.kit_wanted:
        raise Refused("AlreadyAsked", f"It is being moved to kit {say.state.kit_wanted[:12]} already.")
    if not newer and (left := _left(say.state)):
        raise Refused(
            "NothingNew",
            f"Kit {left[:12]} is in use; this incident has left it for good and stays with {in_force(say.state)[:12]}: to "
            "and fro between kits, what one of them loosens could no longer be told from what a person decided. What "
            "was right in it goes into a newer kit; start the workers with that one, then move the incident.",
        )
    if not newer:
        raise Refused(
            "NothingNew",
            f"Kit {in_force(say.state)[:12] or 'none'} judges this incident; no newer one is in use. Start the workers "
            "with the newer kit first.",
        )
    told = f"{say.named()} moves the incident to kit {newer[:12]}{say.because()}. {_differences(say.state)}"
    state = replace(say.state, kit_wanted=newer, newer_kit="", newer_kit_difference=())
    data = {"from": in_force(say.state), "to": newer, "difference": list(say.state.newer_kit_difference)}
    return note(state, say.now, "kit", "triage", told, actor=say.by, data=data)


def _left(state: State) -> str:
    """The digest of the kit in use, if it is one that the incident has left; else empty."""
    judged = state.assessment.newer_kit if state.assessment else ""
    return state.ledger.get(LEFT, "") or (judged if judged in state.kits_left else "")


def _missing(state: State, judged: Assessment, now: str) -> State:
    """Said aloud where something is wrong; where an earlier release kept its kits otherwise, it is on record, no more."""
    step = f"kit-missing:{judged.kit_digest}"
    if step in state.ledger:
        return state
    by = f"the kit in use, {judged.kit_digest[:12]}"
    if judged.kit_outlived:
        told = (
            f"{judged.kit_missing} From now on this incident is judged by {by}. The difference can't be shown; nothing "
        )
        told += "loosens by it."
        return note(mark(state, step, now), now, "kit", "triage", told)
    told = f"THIS INCIDENT'S KIT CAN'T BE USED: {judged.kit_missing} Judged by {by}."
    state = note(mark(state, step, now), now, "kit", "triage", told)
    return tell(state, now, step, f"[{state.reference}] its kit can't be used", told, names=(state.commander,),
                command=f"halon show {state.reference}")  # fmt: skip


def _tell_of_newer(state: State, now: str) -> State:
    told = f"A newer kit is in use: {state.newer_kit[:12]}. This incident stays with {state.kit_digest[:12]}."
    state = note(
        mark(state, f"newer-kit:{state.newer_kit}", now), now, "kit", "triage", f"{told} {_differences(state)}",
        data={"kit": state.newer_kit, "difference": list(state.newer_kit_difference)},
    )  # fmt: skip
    return tell(
        state, now, f"newer-kit:{state.newer_kit}", f"[{state.reference}] a newer kit is in use", told,
        names=(state.commander,), asked="Stay, or move this incident to it; read the difference first",
        command=f"halon kit move {state.reference} --reason WHY",
    )  # fmt: skip


def _differences(state: State) -> str:
    lines = state.newer_kit_difference
    more = f"; and {len(lines) - SHOWN} more lines" if len(lines) > SHOWN else ""
    return f"What changed: {'; '.join(lines[:SHOWN]) or 'nothing that can be named'}{more}."
