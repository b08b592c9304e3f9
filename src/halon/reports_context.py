"""What the reports say beyond ``halon.incident.about``: the same values, ordered and worded for a reader.

``reading(about)`` is ``about`` with these names added, all made from ``about`` alone:

    stale         null, or {as_of, why}: nobody answered, this is the last mirrored state
    whole         the timeline holds the whole record
    level         {name, words, css}: the severity in words; ``css`` is one of sev1 … sev4, none
    closing       closed, or being closed while this is written: ``""`` or a time
    ongoing       whether the harm goes on, in words that fit what was seen since
    outside       what may be said outside
    impacts       [] {name, value}
    milestones    [] {what, at, after}: from the beginning to the end; ``after`` counts from detection
    days          [] {day, lines[] {seq, at, clock, phase, actor, text}}: the timeline by UTC day
    clocks        [] {id, title, stage, authority, decider, standing, due, decide_by, provisional, filed_at}, soonest first;
                  due and decide_by: null or {at, utc, utc_short, local, zone, left, over}
    asks          [] {what, whom, until, how}: what people are asked to answer; until as due above
    others        [] words: other incidents of this agent that may be about the same deeds, and whom they have told
    linked        [] words: what this one was merged with or split from, what it follows, what follows it
    owned         [] the corrective actions that are still to be done
    approvals     [] the gates without those that were void before anybody answered;   unanswered  how many those are
    known         [] {name, what, value, source, certainty, by, at};   said: the same, claims of the agent
    questions     [] {name, question, choices[], changes[]}: what is open, and what each answer decides
    duties        [] the duties of the decision sheet (``halon.reports_sheet``);   ruled_out  [] the others
    settled       [] {at, by, verified, what, reason}: what people decided so far, oldest first
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from halon import reports_gates
from halon import reports_words as words
from halon.incident import times
from halon.reports_sheet import Sheet, sheet

_TAKEN = ("sent", "uncertain")


def reading(about: Mapping[str, Any]) -> dict[str, Any]:
    """``about`` with what the reports need on top. Raises KeyError if ``about`` lacks a name that it builds on."""
    told = dict(about)
    told["gates"] = [reports_gates.told(gate) for gate in about["gates"]]
    told.setdefault("glass", [])  # what an earlier build handed in
    made = sheet(told)
    told["closing"] = told["closed_at"] or (told["now"] if told["outcome"] else "")
    told |= {
        "stale": told.get("stale"),
        "whole": len(told["timeline"]) == told["record"]["seq"],
        "level": _level(told["severity"]["level"]),
        "ongoing": _ongoing(told["window"]),
        "outside": _outside(told),
        "impacts": _impacts(told),
        "milestones": _milestones(told),
        "days": _days(told["timeline"]),
        "clocks": made.clocks,
        "asks": _asks(told, made),
        "owned": [one for one in told["correctives"] if one["status"] in ("open", "failed")],
        "approvals": [gate for gate in told["gates"] if gate["answers"] or gate["status"] != "void"],
        "unanswered": sum(1 for gate in told["gates"] if gate["status"] == "void" and not gate["answers"]),
        "known": [_seen(fact, told["window"]) for fact in told["facts"]],
        "said": [_known(fact) for fact in told["claims"]],
        "questions": made.questions,
        "duties": made.duties,
        "ruled_out": made.ruled_out,
        "settled": made.settled,
    }
    told["severity"] = {
        **told["severity"],
        "reasons": [words.reason(one) for one in told["severity"]["reasons"]],
        "changes": _by_people(told["severity"]),
    }
    for one in told["correctives"]:  # what was asked for by an earlier build lacks the newer names
        at = one.get("after_at") or ""
        one["told"] = (
            str(one.get("told") or one["status"]).replace(at, words.utc(at)) if at else one.get("told") or one["status"]
        )
    for rerun in told["reruns"]:
        rerun["told"] = rerun.get("told") or (
            "no longer reproduces" if rerun["case_passed"] else "still reproduces, or was not tried"
        )
        rerun["result"] = _result(rerun)
    told["linked"] = [one["text"] for one in told.get("linked") or [] if one["kind"] != "related"]
    told["others"] = [_other(one) for one in told.get("others") or [] if one["related"]]
    for notice in told["notices"]:
        if notice["status"] == "sent":  # what stood there while it was being sent is over
            notice |= {"note": "", "receipt": notice["receipt"] or "none given"}
    for action in told["actions"]:
        if told["closing"] and action["status"] == "planned":
            action["told"] = "planned, and not needed"
        action["reasons"] = [words.reason(one) for one in action["reasons"]]
    told["unknown"] = [words.asked(name) for name in told["unknown"]]
    return told


def _other(one: Mapping[str, Any]) -> str:
    text = str(one["told_in_words"])
    for at in {one["opened_at"], one["closed_at"], *(met["at"] for met in one["told"])} - {""}:
        text = text.replace(at, words.utc(at))
    return text


def _result(rerun: Mapping[str, Any]) -> str:
    if rerun["passed"]:
        return "passed"
    undecided = not rerun["evals_failed"] and rerun.get("case") in ("never reproduced", "was not tried")
    return "decided nothing" if undecided else "failed"


def _level(name: str) -> dict[str, str]:
    drawn = name.lower() if name in words.LEVELS else "none"
    return {"name": name, "words": words.LEVELS.get(name, ""), "css": drawn}


def _ongoing(window: Mapping[str, str]) -> str:
    """The fact ``ongoing`` is what was seen once; that the harm was seen to stop since then counts more."""
    if window["recovered_at"]:
        return f"no: nothing fires any more since {words.utc(window['recovered_at'])}"
    if window["contained_at"]:
        return f"none was seen since {words.utc(window['contained_at'])}"
    return window["ongoing"]


def _outside(about: Mapping[str, Any]) -> str:
    """Only what is known, and never that it is over before that was checked."""
    told = [
        one["id"]
        for one in about["notices"]
        if one["status"] in _TAKEN and one["audience"] in ("regulator", "customers", "counterparty")
    ]
    so_far = f"Told so far: {', '.join(told)}." if told else "Nobody outside has been told yet."
    if about["closed_at"] and about["outcome"] == "resolved":
        return f"The cause is fixed and checked. {so_far}"
    if about["window"]["contained_at"]:
        when = words.utc(about["window"]["contained_at"])
        return f"It was stopped at {when}; we are working on the cause. {so_far}"
    return f"We are looking into it. {so_far}"


def _impacts(about: Mapping[str, Any]) -> list[dict[str, str]]:
    told, window = about["impact"], about["window"]
    rows = [
        ("People", told["individuals"]),
        ("Records", told["records"]),
        ("Personal data", told["personal_data"]),
        ("Kinds of data", told["data_categories"]),
        ("Places", told["places"]),
        ("Likely consequences", told["consequences"]),
        ("Sessions", told["sessions"]),
        ("Tools used without permission", told["tools"]),
        ("Money (EUR)", told["money"]),
        ("Began", words.utc(window["from"]) or "not known yet"),
        ("Ended", words.utc(window["to"]) or "not known yet"),
        ("Goes on", _ongoing(window)),
    ]
    shown = {"data", "money", "people", "sessions", "systems"}
    rows += [(one["name"].capitalize(), one["value"]) for one in about["blast_radius"] if one["name"] not in shown]
    return [{"name": name, "value": value} for name, value in rows]


def _milestones(about: Mapping[str, Any]) -> list[dict[str, str]]:
    window, people = about["window"], about["people"]
    acked = f"Acknowledged by {people['acked_by']}" if people["acked_by"] else "Acknowledged"
    steps: list[tuple[str, str]] = [("Detected", window["detected_at"]), ("Incident opened", about["opened_at"])]
    if people["acked_at"]:
        steps.append((acked, people["acked_at"]))
    for action in about["actions"]:
        if action["applied_at"]:
            steps.append((f"{action['title']}: asked for", action["applied_at"]))
        if action["verified_at"]:
            steps.append((f"{action['title']}: read back, in force", action["verified_at"]))
        if action["undone_at"]:
            steps.append((f"{action['title']}: taken back", action["undone_at"]))
    steps += [(name, at) for name, at in (
        ("Harm seen to have stopped", window["contained_at"]), ("Recovered: nothing fires any more", window["recovered_at"]),
        ("Closed", about["closing"]),
    ) if at]  # fmt: skip
    steps = sorted(steps, key=lambda step: _sortable(step[1]))
    pending = [name for name, at in (
        ("Acknowledged", people["acked_at"]), ("Harm seen to have stopped", window["contained_at"]),
        ("Recovered", window["recovered_at"]), ("Closed", about["closing"]),
    ) if not at]  # fmt: skip
    first = [("Began", window["from"])] if window["from"] else []
    return [
        {
            "what": name,
            "at": at,
            "after": words.since(window["detected_at"], at) if name not in ("Began", "Detected") else "",
        }
        for name, at in (*first, *steps, *((name, "") for name in pending))
    ]


def _days(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    days: list[dict[str, Any]] = []
    for line in lines:
        stamp = str(line["at"])
        day = stamp[:10]
        clock = stamp[11:19] or stamp
        if not days or days[-1]["day"] != day:
            days.append({"day": day, "named": words.utc(stamp).partition(",")[0], "lines": []})
        days[-1]["lines"].append({**line, "clock": clock})
    return days


def _asks(about: Mapping[str, Any], made: Sheet) -> list[dict[str, Any]]:
    now, ref = about["now"], about["reference"]
    asks = [
        {"what": words.capitalised(gate["title"]), "whom": gate["needs"], "until": words.point(gate["deadline_at"], "", now),
         "how": f"halon approve {ref} {gate['id']} --by NAME"}
        for gate in about["gates"] if gate["status"] == "open"
    ]  # fmt: skip
    asks += [
        {"what": f"Does this duty apply? {duty['title']}", "whom": duty["decider"], "until": duty["decide_by"],
         "how": f"halon declare {ref} {duty['id']} --reason WHY --by NAME (or: halon decline)"}
        for duty in made.duties if duty["open"]
    ]  # fmt: skip
    if not about["people"]["acked_by"] and not about["closing"]:
        asks.insert(0, {"what": "Acknowledge the incident", "whom": about["people"]["commander"] or "whoever is on call",
                        "until": None, "how": f"halon ack {ref} --by NAME"})  # fmt: skip
    return asks


def _known(fact: Mapping[str, Any]) -> dict[str, str]:
    source, certainty = words.source(str(fact["source"]))
    return {
        "name": fact["name"],
        "what": words.meaning(fact["name"]),
        "value": words.value(fact["name"], fact["value"]),
        "source": source,
        "certainty": certainty,
        "by": fact["by"],
        "at": fact["at"],
    }


def _seen(fact: Mapping[str, Any], window: Mapping[str, str]) -> dict[str, str]:
    """A fact; that harm was going on when somebody looked is said with what was seen since."""
    known = _known(fact)
    if fact["name"] == "ongoing" and fact["value"] == "yes" and window["contained_at"]:
        known["value"] = f"yes when it was looked at; {_ongoing(window)}"
    return known


def _by_people(severity: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The changes without the first rating by Halon: its reasons stand in the list of reasons already."""
    said = "; ".join(severity["reasons"])
    return [
        {**change, "reason": words.reason(change["reason"])}
        for change in severity["changes"]
        if not (change["by"] == "halon" and change["reason"] == said)
    ]


def _sortable(at: str) -> str:
    try:
        return times.normal(at)
    except ValueError:
        return at
