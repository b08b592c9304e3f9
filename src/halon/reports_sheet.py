"""The decision sheet: for each duty that applies or may apply, what a person must know to decide, and what is open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from halon import reports_words as words

_MAY = ("applies", "undetermined", "review_required", "dormant")
_STANDING = {
    "applies": "applies on what is known",
    "undetermined": "may apply: facts are missing, its clock runs in case it does",
    "review_required": "may apply: the rule itself needs a lawyer's reading first, its clock runs in case it does",
    "dormant": "nobody is its addressee yet",
    "does_not_apply": "does not apply",
    "not_in_force": "is not in force",
}
_NOTICES = {
    "planned": "not drafted yet",
    "drafted": "drafted",
    "waiting": "drafted, waits for approval",
    "sending": "is being sent",
    "sent": "sent",
    "uncertain": "may have been sent: nobody knows, ask the recipient",
    "failed": "could not be sent",
    "denied": "not approved, so it was not sent",
    "dropped": "dropped",
}
_FILING = ("at", "by", "reference", "receipt", "late_because")
_OTHERWISE = "Nothing is sent."
_MISSED = (
    "The clock runs on. A stage that falls due without a filing is recorded as missed, those responsible are told, and "
    "that stays in the record."
)


@dataclass(frozen=True, slots=True)
class Sheet:
    """What the decision sheet holds, as plain values; ``halon.reports_context`` names the fields."""

    duties: list[dict[str, Any]]
    ruled_out: list[dict[str, Any]]
    questions: list[dict[str, Any]]
    clocks: list[dict[str, Any]]
    settled: list[dict[str, Any]]


def sheet(about: Mapping[str, Any]) -> Sheet:
    """Make the sheet from ``about`` (``halon.incident.about``)."""
    duties = [_duty(about, one) for one in about["obligations"] if one["status"] in _MAY or one["decided"]]
    duties.sort(key=lambda duty: (not duty["runs"], duty["soonest"], duty["id"]))
    ruled_out = [
        {"id": one["id"], "title": one["title"], "authority": one["authority"],
         "standing": _STANDING.get(one["status"], words.spaced(one["status"])), "because": _because(one)}
        for one in about["obligations"] if not (one["status"] in _MAY or one["decided"])
    ]  # fmt: skip
    return Sheet(duties, ruled_out, _questions(about), _clocks(duties), _settled(about))


def _duty(about: Mapping[str, Any], one: Mapping[str, Any]) -> dict[str, Any]:
    stages = [_stage(stage, one, str(about["now"])) for stage in one["stages"]]
    runs = one["decided"] != "declined" and (one["decided"] == "declared" or one["status"] in _MAY[:3])
    left = [stage for stage in stages if not stage["filed_at"]]
    history = [
        {**said, "verified": bool(said.get("verified"))}
        for said in about["decisions"]
        if said["obligation"] == one["key"]
    ]
    last = history[-1] if history else None
    notices = [_notice(about, notice) for notice in about["notices"] if notice["obligation"] == one["key"]]
    return {
        "id": one["id"],
        "title": one["title"],
        "entity": one["entity"],
        "authority": one["authority"],
        "audience": one["audience"],
        "decider": words.spaced(one["decider"]),
        "status": one["status"],
        "standing": _standing(one),
        "decision": last,
        "earlier": history[:-1],
        "hold": one["hold"]["told"] if one.get("hold") else "",
        "missed": [words.spaced(name.rpartition("/")[2]) for name in one.get("missed", ())],
        "because": _because(one),
        "needs": [{"name": name, "question": words.asked(name)} for name in one["needs"]],
        "displaced_by": one["displaced_by"],
        "contents": _contents(one),
        "stages": stages,
        "notices": notices,
        "runs": runs,
        "open": runs and one["status"] != "applies" and not one["decided"] and bool(left),
        "decide_by": left[0]["decide_by"] or left[0]["due"] if left and runs else None,
        "due": left[0]["due"] if left and runs else None,
        "soonest": next((stage["due"]["at"] for stage in left if stage["due"]), "9"),
        "over": any(stage["due"] and stage["due"]["over"] for stage in left) and runs,
        "otherwise": _otherwise(about, one, notices) if runs and left else "Nothing: no clock of this duty runs.",
    }


def _stage(stage: Mapping[str, Any], one: Mapping[str, Any], now: str) -> dict[str, Any]:
    late = [said["reason"] for said in one.get("late_reasons", ()) if said["stage"] == stage["id"]]
    return {
        "id": words.spaced(stage["id"]),
        "due": words.point(stage["due"], stage["due_local"], now),
        "decide_by": words.point(stage["decide_by"], stage["due_local"], now),
        "anchor": words.meaning(stage["anchor"]) if stage["anchor"] else "",
        "provisional": bool(stage["provisional"]),
        "filed_at": stage["filed_at"],
        "filings": [
            {
                "what": f"{'wrong ' if made.get('wrong_by') else ''}{'update' if made['update'] else 'filing'}",
                **{name: made[name] for name in _FILING},
            }
            for made in one.get("filings", ())
            if made["stage"] == stage["id"]
        ],
        "late_because": late[-1] if late else "",
        "embargo": stage.get("embargo", "") and f"{_until(stage['not_before'])}: {stage['embargo']}",
        "latest_arguable": stage.get("latest_arguable", ""),
        "authority": (stage.get("told") or one)["authority"],
        "told": f"{stage['told']['authority']} ({stage['told']['audience']})" if stage.get("told") else "",
    }


def _contents(one: Mapping[str, Any]) -> list[str]:
    """What the notices must hold: those of the duty, and what only the notice of one stage must."""
    own = [
        f"{words.spaced(stage['id'])}: {item}"
        for stage in one["stages"]
        for item in (stage.get("told") or {}).get("contents", ())
        if item not in one["contents"]
    ]
    return [*one["contents"], *own]


def _until(end: str) -> str:
    return "not before something else is filed" if end == "?" else f"not before {words.utc(end)}"


def _standing(one: Mapping[str, Any]) -> str:
    if one["decided"] == "declared":
        return "applies: declared by a person"
    if one["decided"] == "declined":
        return "declined by a person: no clock runs"
    return _STANDING.get(one["status"], words.spaced(one["status"]))


def _because(one: Mapping[str, Any]) -> list[str]:
    return [words.reason(text) for text in one["because"]]


def _notice(about: Mapping[str, Any], notice: Mapping[str, Any]) -> dict[str, Any]:
    gate = _gate_of(about, notice)
    return {
        "id": notice["id"],
        "stage": words.spaced(notice["stage"]),
        "recipient": notice["recipient"],
        "standing": _NOTICES.get(notice["status"], words.spaced(notice["status"])),
        "sent_at": notice["sent_at"],
        "receipt": notice["receipt"],
        "gate": gate["id"] if gate and gate["status"] == "open" else "",
        "until": words.point(gate["deadline_at"], "", str(about["now"])) if gate and gate["status"] == "open" else None,
    }


def _gate_of(about: Mapping[str, Any], notice: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The newest gate about a notice: a gate's id is its subject and the start of its digest."""
    mine = [
        gate for gate in about["gates"] if gate["kind"] == "notice" and gate["id"].rpartition("-")[0] == notice["id"]
    ]
    return mine[-1] if mine else None


def _otherwise(about: Mapping[str, Any], one: Mapping[str, Any], notices: list[dict[str, Any]]) -> str:
    """What happens if nobody decides, as the duty's gate says it, and what the clock does meanwhile."""
    own = str(one.get("otherwise") or _OTHERWISE)
    asked = " The draft waits at its gate; after each deadline the question is asked again." if any(
        notice["gate"] for notice in notices) else ""  # fmt: skip
    return f"{own}{asked} {_MISSED}"


def _questions(about: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Each open question once, with what its answer decides; those that a duty waits for come first."""
    live = [one for one in about["obligations"] if one["status"] in _MAY and one["decided"] != "declined"]
    names = list(dict.fromkeys([name for one in live for name in one["needs"]] + list(about["unknown"])))
    raising = about["severity"]["would_raise"]
    return [
        {
            "name": name,
            "question": words.asked(name),
            "choices": words.choices(name),
            "changes": [told for one in live if name in one["needs"] for told in _changes(about, one, name)]
            + [f"It may raise the severity: {words.reason(text)}." for text in raising if words.names(name, text)],
        }
        for name in names
    ]


def _changes(about: Mapping[str, Any], one: Mapping[str, Any], name: str) -> list[str]:
    """What each answer makes of a duty where that was judged (``halon decide``), else what the question is for."""
    judged = about.get("what_if", {}).get(one["key"], {}).get(name, [])
    return [f"{each['answer']}: {one['title']}: {each['follows']}." for each in judged] or [_change(one, name)]


def _change(one: Mapping[str, Any], name: str) -> str:
    moves = any(stage["anchor"] == name and stage["provisional"] for stage in one["stages"])
    if moves and one["status"] == "applies":
        return f"It fixes the deadline of: {one['title']}."
    if moves:
        return f"It fixes the deadline, should it apply, of: {one['title']}."
    return f"It helps to decide whether this applies: {one['title']}."


def _clocks(duties: list[dict[str, Any]]) -> list[dict[str, Any]]:
    clocks = [
        {"id": duty["id"], "title": duty["title"], "stage": stage["id"], "authority": stage["authority"], "decider": duty["decider"],
         "standing": duty["standing"], "due": stage["due"], "decide_by": stage["decide_by"],
         "provisional": stage["provisional"], "filed_at": stage["filed_at"]}
        for duty in duties if duty["runs"] for stage in duty["stages"]
    ]  # fmt: skip
    return sorted(clocks, key=lambda one: (bool(one["filed_at"]), one["due"]["at"] if one["due"] else "9", one["id"]))


def _settled(about: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What people decided: about duties, at gates, about severity, and in place of a proof."""
    titles = {one["key"]: one["title"] for one in about["obligations"]}
    said = [
        {"at": one["at"], "by": one["by"], "verified": bool(one.get("verified")), "reason": one["reason"],
         "what": f"{one['word']} the duty {one['obligation']}: {titles.get(one['obligation'], 'no longer in the kit')}"
                 + (f" (Halon had said: {_STANDING.get(one['status_then'], words.spaced(one['status_then']))})" if one["status_then"] else "")}
        for one in about["decisions"]
    ]  # fmt: skip
    said += [
        {"at": answer["at"], "by": answer["by"], "verified": answer["verified"], "how": answer.get("how", ""), "reason": answer["reason"],
         "what": f"{'approved' if answer['approve'] else 'rejected'}: {gate['title']}"}
        for gate in about["gates"] for answer in gate["answers"]
    ]  # fmt: skip
    said += [
        {"at": one["at"], "by": one["by"], "verified": False, "reason": one["reason"], "what": f"set the severity to {one['level']}"}
        for one in about["severity"]["changes"] if one["by"] != "halon"
    ]  # fmt: skip
    said += [
        {"at": one["at"], "by": one["by"], "verified": False, "reason": one["reason"], "what": f"waived: {one['what']}"}
        for one in about["waivers"]
    ]
    return sorted(said, key=lambda one: str(one["at"]))
