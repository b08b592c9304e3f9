"""The decision sheet as values and as lines: one duty, what is known of it, what is open, and what each answer changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from halon import reports_words as words
from halon.incident.assessment import Obligation
from halon.incident.judged import filings
from halon.incident.standing import decided
from halon.incident.state import State
from halon.judgement.policy import Policy
from halon.judgement.predicates import facts_of, once
from halon.judgement.what_if import Answer, turns

NOT_ADVICE = "Not legal advice; a named person decides."
MAY = ("applies", "undetermined", "review_required")
_STANDS = {
    "applies": "it applies",
    "does_not_apply": "it does not apply",
    "undetermined": "it may apply, more is needed",
    "review_required": "it may apply, its rule still needs a lawyer's reading",
    "dormant": "nobody is its addressee yet",
    "not_in_force": "it is not in force",
}


def open_to_decide(state: State, wanted: str = "") -> list[Obligation]:
    """The duties that the sheet is about: the one that is ``wanted``, else all that may apply or were decided about."""
    return [
        one
        for one in state.obligations
        if (one.name == wanted if wanted else one.status in MAY or bool(decided(state, one.name)))
    ]


def what_if(
    state: State, duties: Iterable[Obligation], kit: Policy, now: str
) -> dict[str, dict[str, list[dict[str, Any]]]]:
    """By duty and open fact: each answer with what would follow, in words. ``kit`` is the one that judges the incident."""
    found: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for duty in duties:
        made = turns(
            duty, state.facts, kit, now, agent=state.agent, group=state.group,
            rules=tuple(one.rule for one in state.counts), filed=filings(state), sources=state.sources,
        )  # fmt: skip
        found[duty.name] = {
            turn.fact: [{"answer": one.said, "follows": _follows(duty, one, state)} for one in turn.answers]
            for turn in made
        }
    return found


def sheet(
    about: Mapping[str, Any], duty: Mapping[str, Any], answers: Mapping[str, list[dict[str, Any]]], kit: Policy | None
) -> dict[str, Any]:
    """One duty of ``about`` (``halon.incident.about``) with the facts that its rule looks at and its open questions."""
    looked_at = {name for one in (kit.regimes if kit else ()) if (one.id, one.entity) == (duty["id"], duty["entity"])
                 for name in (*facts_of(one.when), *(each for stage in one.stages if stage.when is not None
                                                    for each in facts_of(stage.when)))}  # fmt: skip
    anchors = {stage["anchor"] for stage in duty["stages"]}
    known = [fact for fact in about["facts"] if fact["name"] in looked_at | anchors and fact["value"]]
    return {
        "obligation": duty["key"],
        "title": duty["title"],
        "entity": duty["entity"],
        "authority": duty["authority"],
        "status": duty["status"],
        "decided": duty["decided"] or None,
        "decider": duty["decider"],
        "because": duty["because"],
        "displaced_by": duty["displaced_by"],
        "stages": duty["stages"],
        "hold": duty["hold"],
        "filings": duty["filings"],
        "late_reasons": duty["late_reasons"],
        "missed": duty["missed"],
        "history": [one for one in about["decisions"] if one["obligation"] == duty["key"]],
        "known": known,
        "questions": [
            {"fact": name, "question": words.asked(name), "answers": answers.get(name, [])} for name in duty["needs"]
        ],
    }


def lines(one: Mapping[str, Any], reference: str, now: str) -> list[str]:
    """The sheet of one duty as lines to read."""
    name = one["obligation"]
    told = [f"{one['title']} ({name}), {one['entity']} to {one['authority']}: {_standing(one)}"]
    told.append(f"  Who decides: {words.spaced(one['decider'])}")
    for stage in one["stages"]:
        told += [f"  {text}" for text in _stage(stage, one, now)]
    if one["hold"]:
        told.append(f"  HELD BACK: {one['hold']['told']}. The clock goes on.")
    if one["displaced_by"]:
        told.append(f"  Displaced by {one['displaced_by']}")
    told += [f"  Why: {words.reason(text)}" for text in one["because"]]
    if one["known"]:
        told.append("  Known:")
    told += [
        f"    {words.meaning(fact['name'])}: {words.value(fact['name'], fact['value'])}  ({_from(fact)})"
        for fact in one["known"]
    ]
    if one["questions"]:
        told.append("  Open:")
    for question in one["questions"]:
        told.append(f"    {question['question']}  ({question['fact']})")
        told += [f"      {answer['answer']}: {answer['follows']}" for answer in question["answers"]]
        if not question["answers"]:
            told.append("      what it changes is judged once it is said")
        told.append(f"      know it: halon fact {reference} {question['fact']} VALUE   "
                    f"don't: halon decide {reference} {name} --ask {question['fact']}")  # fmt: skip
    told += [f"  Said: {_decision(each)}" for each in one["history"]]
    return [*told, *(f"  {text}" for text in _to_do(one, reference))]


def _standing(one: Mapping[str, Any]) -> str:
    said = {
        "declared": "declared by a person, so it applies",
        "declined": "declined by a person, so no clock of it runs",
    }
    return said.get(str(one["decided"] or ""), _STANDS.get(one["status"], words.spaced(one["status"])))


def _stage(stage: Mapping[str, Any], one: Mapping[str, Any], now: str) -> list[str]:
    name = words.spaced(stage["id"])
    made = [each for each in one["filings"] if each["stage"] == stage["id"]]
    if stage["filed_at"]:
        told = [f"{name}: filed {words.utc(stage['filed_at'])}"]
        return told + [f"    {'update' if each['update'] else 'filing'} {words.utc(each['at'])} by {each['by']}, reference "
                       f"{each['reference']}{', receipt ' + each['receipt'] if each['receipt'] else ''}"
                       f"{'; late because: ' + each['late_because'] if each['late_because'] else ''}"
                       f"{'; SAID WRONGLY, says ' + each['wrong_by'] + ': ' + each['wrong_because'] if each['wrong_by'] else ''}" for each in made]  # fmt: skip
    if not stage["due"]:
        return [
            f"{name}: no due time yet; it counts from {words.meaning(stage['anchor']) if stage['anchor'] else 'nothing: at once'}"
        ]
    due = words.point(stage["due"], stage["due_local"], now)
    by = words.point(stage["decide_by"], stage["due_local"], now)
    provisional = ", may still move" if stage["provisional"] else ""
    told = [f"{name}: due {_moment(due)}{provisional}" + (f"; decide by {_moment(by)}" if by else "")]
    if stage.get("latest_arguable"):
        told.append(f"    latest that can be argued: {stage['latest_arguable']} (not planned with)")
    if stage.get("embargo"):
        until = "something else is filed" if stage["not_before"] == "?" else stage["not_before"]
        told.append(f"    NOT BEFORE {until}: {stage['embargo']}")
    if f"{one['obligation']}/{stage['id']}" in one["missed"]:
        why = next((each for each in reversed(one["late_reasons"]) if each["stage"] == stage["id"]), None)
        told.append(f"    MISSED. {'Late because: ' + why['reason'] if why else 'Nobody has said why yet'}")
    return told


def _moment(point: Mapping[str, Any] | None) -> str:
    return f"{point['local'] or point['utc']} ({point['left']})" if point else ""


def _from(fact: Mapping[str, Any]) -> str:
    source, _ = words.source(fact["source"])
    return f"{source}{', ' + fact['by'] if fact['by'] and fact['by'] != 'halon' else ''}, {words.utc(fact['at'])}"


def _decision(one: Mapping[str, Any]) -> str:
    then = f" (judged then: {words.spaced(one['status_then'])})" if one["status_then"] else ""
    return f"{one['word']} by {one['by']}, {words.utc(one['at'])}{then}: {one['reason'] or 'no reason given'}"


def _to_do(one: Mapping[str, Any], reference: str) -> list[str]:
    name = one["obligation"]
    told = []
    if one["decided"] != "declared":
        told.append(f"It applies: halon declare {reference} {name} --reason WHY --by YOUR-NAME")
    if one["decided"] != "declined":
        told.append(f"It does not: halon decline {reference} {name} --reason WHY --by YOUR-NAME")
    if any(not stage["filed_at"] for stage in one["stages"]):
        told.append(f"Filed already: halon filed {reference} {name} REFERENCE --reason WHY --by YOUR-NAME")
    if one["missed"] and not one["late_reasons"]:
        told.append(f"Why it is late: halon late-reason {reference} {name} --reason WHY --by YOUR-NAME")
    return told


def _follows(before: Obligation, one: Answer, state: State) -> str:
    """What would follow from one answer: whether the duty applies, when it would be due, and what else changes."""
    after = one.duty
    if after is None:
        return "the duty is not looked at any more"
    told = [_STANDS.get(after.status, words.spaced(after.status))]
    was = {stage.id: stage.due for stage in before.stages}
    for stage in after.stages if after.status in MAY else ():
        if stage.due and (stage.due != was.get(stage.id) or after.status != before.status):
            point = words.point(stage.due, stage.due_local, stage.due)
            told.append(f"{words.spaced(stage.id)} due {point['local'] or point['utc']}" if point else stage.due)
    if after.status == before.status == "undetermined":
        left = [name for name in after.needs if name in before.needs]
        told[0] = f"it may still apply, {len(left)} more {'answer' if len(left) == 1 else 'answers'} needed"
    if state.level and one.level < state.level:
        told.append(f"the severity rises to {one.level}")
    if one.also:
        told.append(f"also: {', '.join(once(one.also))}")
    return "; ".join(told)
