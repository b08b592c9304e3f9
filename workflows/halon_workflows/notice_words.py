"""What the gate of a notice asks: why, to whom, until when, what the checks object to, what is still missing, the text."""

from __future__ import annotations

from halon.incident import filing, gate_question, overriding
from halon.incident.affected_people import counted_in
from halon.incident.assessment import Obligation, Stage
from halon.incident.languages import LANGUAGES, named
from halon.incident.notices import Notice, objected
from halon.incident.others import told_already
from halon.incident.standing import missed_now
from halon.incident.state import State


def question(state: State, one: Notice, duty: Obligation, stage: Stage) -> tuple[str, ...]:
    """The lines, the most urgent first."""
    preview = " ".join(one.body.split())[:600]
    late = f"{duty.name}/{stage.id}" in missed_now(state) and not filing.why_late(state, duty.name, stage.id)
    missed = f" It is late: say why, halon late-reason {state.reference} {duty.name} --reason WHY." if late else ""
    lines = [
        *_checks(state, one),
        f"Why: {'; '.join(duty.because) or 'it was declared'}",
        f"To: {_whom(state, one, duty)}, by {one.channel}, once",
        f"Due: {stage.due_local.replace('[', ' (').replace(']', ')') or stage.due or 'without a figure'}{missed}",
        *_language(one),
        *_gate(one),
        *_holds(one, duty, stage),
        f"Subject: {one.subject}",
        f"Text begins: {preview}",
        "Can't be taken back once it is sent.",
    ]
    if one.portal:
        lines[-1] = f"Halon sends nothing: once it is approved, a person files the text at {one.portal}."
    lines[:0] = told_already(state.others, duty.id)
    if one.status == "uncertain":
        lines.insert(0, "An earlier attempt may have arrived: find out before you approve.")
    if duty.gate:
        lines += gate_question.who(one.policy or duty.gate)
        lines.append("If nobody answers: it is not sent and the clock goes on; you are asked again.")
    return tuple(lines)


def _whom(state: State, one: Notice, duty: Obligation) -> str:
    if not one.affected or state.affected is None:
        return one.recipient or duty.authority
    count = counted_in(state.affected.count, state.affected.places, one.places)
    known = " at most" if one.places and not state.affected.places else ""  # whose place nobody knows is written to
    if one.places and state.affected.places.get(""):
        known = ", or of whom nobody knows where,"
    where = f" in {', '.join(one.places)}{known}" if one.places else ""
    return f"each of the {count} affected people{where} by themselves"


def _checks(state: State, one: Notice) -> list[str]:
    """What the checks object to; a yes is taken once it is corrected, or overridden by name."""
    left = objected(one, state.overridden)
    lines = [f"CHECK FAILED, {overriding.in_words(each)}" for each in left]
    if left:
        lines.append(f"Correct the facts or the template, or {overriding.how(state, one, left[0])}.")
    for over in state.overridden:
        if over.notice == one.id and any(each.rule == over.rule for each in one.objections):
            lines.append(f"Check {over.rule} overridden by {over.by}: {over.reason}")
    return lines


def _language(one: Notice) -> list[str]:
    """In which language it is asked for and written, and what of that nobody has checked."""
    if not one.language:
        return []
    lines = [f"Language: {named(one.written)}"]
    if one.written != one.language:
        what = f"{named(one.language)} is asked for, and no template {one.template}.{one.language} is written: this is the plain one"
        lines = [f"Language: {named(one.written)}. {what}."]
    if one.written not in LANGUAGES:
        lines.append(f"No words are checked in {named(one.written)}: read it for what it promises, and whom it blames.")
    return lines


def _gate(one: Notice) -> list[str]:
    """Why one yes is enough, or why it is not although the template is preapproved."""
    if one.light is not None:
        return [f"Preapproved {one.preapproved}: one yes of {' or '.join(one.light.roles)} sends it."]
    return (
        [f"It takes its full gate although its template is preapproved: {one.full_because}."]
        if one.full_because
        else []
    )


def _holds(one: Notice, duty: Obligation, stage: Stage) -> list[str]:
    """How far the text holds what the regime asks for, and what follows for the rest."""
    if not one.contents:
        return []
    filled = [each for each in one.contents if each.filled]
    by_fact = "; ".join(f"{each.what} (from {_listed(each.facts)})" for each in filled) or "none"
    lines = [f"Holds {len(filled)} of {len(one.contents)} that the duty asks for: {by_fact}"]
    lacks = [f"{each.what} (not known: {_listed(each.missing)})" for each in one.contents if each.missing]
    if lacks:
        lines.append(f"Missing: {'; '.join(lacks)}. {_follows(duty, stage)}")
    unsaid = [f"{each.what} (known, not in the text: {_listed(each.unsaid)})" for each in one.contents if each.unsaid]
    if unsaid:
        lines.append(f"Not said: {'; '.join(unsaid)}.")
    by_hand = [each.what for each in one.contents if not each.facts]
    if by_hand:
        lines.append(f"To be written by hand; see for yourself whether the text holds it: {'; '.join(by_hand)}")
    return lines


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names)


def _follows(duty: Obligation, stage: Stage) -> str:
    later = [each for each in duty.stages if not each.filed_at]
    after = next((each for number, each in enumerate(later) if number and later[number - 1].id == stage.id), None)
    if after is None:
        return "No later stage asks for it: send it as an update as soon as it is known."
    return f"It follows with {after.id}, due {after.due_local or after.due or 'without a figure'}."
