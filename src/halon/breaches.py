"""The register of breaches: each one with facts, effects and what was done about it, also where nobody had to be told.

GDPR Art. 33(5) asks for that of every personal data breach, notified or not. One row is one duty of one incident. Where
personal data is concerned, a duty that was ruled out has its row too, with the reasons; an incident with personal data and
no duty at all has a row of its own.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Any

from halon import reports_words as words
from halon.incident.about import about
from halon.incident.state import State

COLUMNS: dict[str, str] = {
    "incident": "Incident", "opened_at": "Opened (UTC)", "closed_at": "Closed (UTC)", "drill": "Drill", "agent": "Agent",
    "entity": "Legal entity", "severity": "Severity", "facts": "Facts", "began": "Began (UTC)", "ended": "Ended (UTC)",
    "data": "Kinds of data", "individuals": "People concerned", "records": "Records concerned", "places": "Places",
    "effects": "Effects", "remedial_action": "Remedial action", "obligation": "Duty", "duty": "Duty in words",
    "authority": "To be told", "standing": "Judged", "because": "Judged so because", "decision": "Decision",
    "decided_by": "Decided by", "decided_at": "Decided (UTC)", "reason": "Reason", "history": "Earlier decisions",
    "due": "Due (UTC)", "filings": "Filed", "missed": "Missed", "late_because": "Late because", "holds": "Held back",
}  # fmt: skip
"""The columns in their order, with their headings."""
_MAY = ("applies", "undetermined", "review_required")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What a cell may not begin with: a spreadsheet would read it as a formula."""


def rows(state: State, now: str, closed_at: str = "") -> list[dict[str, str]]:
    """The register's rows of one incident; none where neither a duty nor personal data is concerned.

    ``closed_at`` is when it closed, where ``state`` was mirrored just before.
    """
    told = about(state, now)
    personal = told["impact"]["personal_data"] == "yes"
    duties = [
        one
        for one in told["obligations"]
        if one["status"] in _MAY or one["decided"] or one["filings"] or (personal and _ruled_out(one))
    ]
    shared = _incident(told, closed_at)
    found = []
    for duty in duties:
        own = told if duty["entity"] == told["entity"] else about(state, now, str(duty["entity"]))
        found.append({**shared, **_picture(own), **_duty(told, duty)})
    if not found and personal:
        found.append({**shared, **_picture(told), **_nobody(told)})
    return [{name: one.get(name, "") for name in COLUMNS} for one in found]


def _ruled_out(duty: Mapping[str, Any]) -> bool:
    """Whether the duty could have bound the entity, and the facts say that it does not."""
    return duty["status"] == "does_not_apply" and not duty["foreign"]


def as_csv(found: Iterable[Mapping[str, str]]) -> str:
    """The register as CSV with a line of headings. No cell begins as a formula does; whoever wrote it."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(COLUMNS.values())
    for one in found:
        writer.writerow([_safe(one[name]) for name in COLUMNS])
    return out.getvalue()


def as_html(found: Iterable[Mapping[str, str]], now: str) -> str:
    """The register as one HTML page. Raises TemplateFailed."""
    from halon.rendering import render

    lines = [[{"name": COLUMNS[name], "text": one[name]} for name in COLUMNS if one[name]] for one in found]
    told = {"now": now, "breaches": [{"incident": one[0]["text"], "cells": one[1:]} for one in lines]}
    return render("register/breaches.html.j2", told)


def _safe(text: str) -> str:
    """``text`` as a cell that no spreadsheet reads as a formula."""
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text


def _incident(told: Mapping[str, Any], closed_at: str) -> dict[str, str]:
    return {
        "incident": told["reference"],
        "opened_at": told["opened_at"],
        "closed_at": told["closed_at"] or closed_at,
        "drill": "yes" if told["drill"] else "",
        "agent": told["agent"],
        "severity": told["severity"]["level"],
    }


def _picture(told: Mapping[str, Any]) -> dict[str, str]:
    """Facts, effects and remedial action, as they are known of one legal entity."""
    impact, window = told["impact"], told["window"]
    done = [*told["done"], *(f"{one['title']} ({one['told']})" for one in told["correctives"])]
    return {
        "entity": told["entity"],
        "facts": " ".join(told["happened"]),
        "began": window["from"],
        "ended": window["to"],
        "data": impact["data_categories"],
        "individuals": impact["individuals"],
        "records": impact["records"],
        "places": impact["places"],
        "effects": impact["consequences"],
        "remedial_action": "; ".join(done) or "none is completed yet",
    }


def _duty(told: Mapping[str, Any], duty: Mapping[str, Any]) -> dict[str, str]:
    history = [one for one in told["decisions"] if one["obligation"] == duty["key"]]
    last = history[-1] if history else {"word": "", "by": "", "at": "", "reason": ""}
    left = [stage for stage in duty["stages"] if not stage["filed_at"] and stage["due"]]
    open_word = {"applies": "applies by the facts", "does_not_apply": "not owed by the facts"}
    return {
        "entity": duty["entity"],
        "obligation": duty["key"],
        "duty": duty["title"],
        "authority": "; ".join(dict.fromkeys((stage.get("told") or duty)["authority"] for stage in duty["stages"]))
        or duty["authority"],
        "standing": words.spaced(duty["status"]),
        "because": "; ".join(words.reason(one) for one in duty["because"]),
        "decision": last["word"] or open_word.get(duty["status"], "not decided yet"),
        "decided_by": last["by"],
        "decided_at": last["at"],
        "reason": last["reason"],
        "history": "; ".join(f"{one['word']} by {one['by']} {one['at']}: {one['reason']}" for one in history[:-1]),
        "due": "; ".join(f"{stage['id']} {stage['due']}" for stage in left) if last["word"] != "declined" else "",
        "filings": "; ".join(
            _filing(duty, stage) for stage in duty["stages"] if stage["filed_at"] or _made(duty, stage)
        ),
        "missed": "; ".join(name.rpartition("/")[2] for name in duty["missed"]),
        "late_because": "; ".join(f"{one['stage']}: {one['reason']} ({one['by']})" for one in duty["late_reasons"]),
        "holds": "; ".join(_hold(one) for one in duty["holds"]),
    }


def _made(duty: Mapping[str, Any], stage: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [one for one in duty["filings"] if one["stage"] == stage["id"]]


def _filing(duty: Mapping[str, Any], stage: Mapping[str, Any]) -> str:
    made = _made(duty, stage)
    told = [
        f"{stage['id']}{' (update)' if one['update'] else ''} {one['at']} by {one['by']}, reference {one['reference']}"
        + (f", receipt {one['receipt']}" if one["receipt"] else "")
        + (f", late because: {one['late_because']}" if one["late_because"] else "")
        + (
            f", SAID WRONGLY, says {one['wrong_by']} {one['wrong_at']}: {one['wrong_because']}"
            if one["wrong_by"]
            else ""
        )
        for one in made
    ]
    return "; ".join(told) or f"{stage['id']} {stage['filed_at']}"


def _hold(one: Mapping[str, Any]) -> str:
    ended = f", ended {one['ended_at']} by {one['ended_by']}" if one["ended_at"] else ""
    return f"until {one['until']} by {words.spaced(one['by_whom'])}, {one['by']}: {one['reason']}{ended}"


def _nobody(told: Mapping[str, Any]) -> dict[str, str]:
    """Personal data, and no duty applies: the reasons are those of the duties that were looked at."""
    because = [
        f"{one['key']}: {'; '.join(words.reason(each) for each in one['because'])}" for one in told["obligations"]
    ]
    return {
        "decision": "no duty to notify applies",
        "standing": "does not apply",
        "because": " | ".join(because[:20]),
        "entity": told["entity"],
    }
