"""Where the incident stands, in one object for leadership, in under 120 words, and as the details in the Temporal UI."""

from __future__ import annotations

import json
import re
from typing import Any

from halon.incident import gate_pages, glass, parts, quiet, quorum
from halon.incident.clocks import next_deadline
from halon.incident.commands import COMMANDS
from halon.incident.halting import held
from halon.incident.known import conflicts_told, counted
from halon.incident.linked import linked, merged_told, quiet_told
from halon.incident.next_step import open_tasks, playbook, tasks_told
from halon.incident.open_ways import open_ways
from halon.incident.orders import Action
from halon.incident.phases import PHASES, Phase
from halon.incident.settling import TAKEN, holds, proved, unsettled
from halon.incident.standing import clock_runs, decided, missed_now, open_gates, open_stage
from halon.incident.state import State
from halon.incident.stopped import stopped_at
from halon.incident.trouble import troubles

_PLAIN = str.maketrans(dict.fromkeys("<>`*[]#|~\\\r\n\t", " "))
_EMPHASIS = re.compile(r"(?<![^\W_])_|_(?![^\W_])")
"""An underscore that may begin or end an emphasis: one inside a name, such as send_email, never does (CommonMark, 6.2)."""
_LINK = re.compile(r"(?i)(?<=[a-z]):(?=//)|(?<=\bwww)\.")  # what a viewer would make a link of by itself


def plain(text: str, longest: int = 240) -> str:
    """Text from outside with everything taken out that would be markup; names keep their underscores, to be typed again."""
    cleaned = " ".join(_LINK.sub(r" \g<0> ", text[: 8 * longest].translate(_PLAIN)).split())
    if not cleaned.isprintable():
        cleaned = "".join(letter for letter in cleaned if letter.isprintable())
    return cleaned if len(cleaned) <= longest else cleaned[: longest - 1] + "…"


def marked(text: str, longest: int = 240) -> str:
    """Like ``plain``, for the Temporal UI's markdown: an underscore that would be emphasis there is escaped."""
    return _EMPHASIS.sub(r"\\_", plain(text, longest))


def headline(state: State) -> str:
    """The one sentence."""
    who = plain(state.agent, 60)
    if state.closed_at:
        return f"{state.reference} is closed ({state.outcome.replace('_', ' ')})."
    level = f"{state.level}: " if state.level else ""
    if merged := merged_told(state):
        return f"{level}{who} {plain(state.group, 60)}: {merged}."
    if (quiet := quiet_told(state)) is not None and quiet["now"] and quiet["name"]:
        return f"{level}{who} {plain(state.group, 60)}: muted by {quiet['name']} until {quiet['until']}; judged, and nobody is paged."
    if state.false_alarm_by:
        return f"{level}{who}: called a false alarm by {state.false_alarm_by}; {_giving_back(state)}{_broken(state)}."
    stopped = [one for one in state.actions if one.status == "verified"]
    if state.assessment is not None and state.assessment.mode == "observe" and not _taken(state):
        doing = "Halon only observes this agent; nothing was switched off"
        doing += "; the harm has stopped all the same" if stopped_at(state) else ""
    elif stopped_at(state):
        doing = "the harm has stopped" + (
            f" ({', '.join(plain(one.order.title, 60) for one in stopped)})" if stopped else ""
        )
    elif stopped:
        doing = f"contained in part ({', '.join(plain(one.order.title, 60) for one in stopped)}); still checking"
    else:
        doing = "not contained yet"
    waits = open_gates(state)
    asked = f"; {len(waits)} {'approval' if len(waits) == 1 else 'approvals'} needed" if waits else ""
    proof = "; the fix is proved" if proved(state) and stopped_at(state) else ""
    halted = "; HALON'S OWN ACTIONS ARE HALTED" if held(state) else ""
    return f"{level}{who} {plain(state.group, 60)}: {doing}{halted}{_broken(state)}{asked}{proof}."


def _broken(state: State) -> str:
    """That the glass was broken and nobody else has looked at it yet."""
    by = dict.fromkeys(name for one in glass.unreviewed(state) for name in one.by)
    return f"; GLASS BROKEN by {plain(' and '.join(by), 60)}, to be reviewed" if by else ""


def _taken(state: State) -> list[Action]:
    """What was switched off, or may have been, and not given back."""
    return [
        one for one in state.actions if one.status in TAKEN or (one.applied_at and one.status in ("applying", "failed"))
    ]


def _giving_back(state: State) -> str:
    """After a false alarm: what becomes of what was switched off, if anything was."""
    taken = _taken(state)
    if any(one.undo_requested_by for one in taken):
        return "what was switched off is being given back"
    if any(one.order.undo is not None for one in taken):
        return "what was switched off stays so until somebody says `undo`"
    if taken:
        return "what was done can't be taken back"
    if any(one.status == "undone" for one in state.actions):
        return "what was switched off was given back"
    return "nothing was switched off"


def status(state: State) -> dict[str, Any]:
    """The ``status`` query: one object for leadership."""
    deadline = next_deadline(state)
    assessment = state.assessment
    return {
        "reference": state.reference,
        "headline": headline(state),
        "text": as_text(state),
        "severity": {
            "level": state.level,
            "because": list(assessment.severity.reasons) if assessment else [],
            "changes": [{"level": one.level, "by": one.by, "reason": one.reason, "at": one.at} for one in state.level_changes],
        },
        "category": assessment.category if assessment else None,
        "mode": assessment.mode if assessment else None,
        "phases": {name: str(state.phases.get(name, Phase())) for name in PHASES},
        "impact": dict(assessment.blast_radius) if assessment else {},
        "known": {name: plain(str(value), 120) for name, value in sorted(counted(state).items()) if value is not None},
        "unknown": list(assessment.unknown) if assessment else [],
        "conflicts": [plain(one["text"]) for one in conflicts_told(state)],
        "commander": state.commander or None,
        "technical_lead": state.technical_lead or None,
        "acknowledged": {"by": state.acked_by, "at": state.acked_at} if state.acked_by else None,
        "paging": paging(state),
        "asked": waiting(state),
        "glass": glass.shown(state),
        "next_deadline": {"at": deadline[0], "what": deadline[1]} if deadline else None,
        "next_update": state.next_update_at or None,
        "missed": list(missed_now(state)),
        "outside": may_be_said(state),
        "actions": {one.order.id: one.status for one in state.actions},
        "parts": parts.parts(state),
        "failed": troubles(state),
        "held": [{"action": one.order.id, "title": one.order.title, "why": plain(one.held)} for one in held(state)],
        "uncovered": [{name: plain(said) if isinstance(said, str) else said for name, said in one.items()} for one in open_ways(state)],
        "given_back": given_back(state),
        "unlocked": [{"what": plain(one.what or one.id), "why": plain(one.unlocked)} for one in state.evidence if one.unlocked],
        "tasks": tasks_told(state),
        "playbook": list(playbook(state)),
        "handover": {"to": state.handover.to, "by": state.handover.by, "until": state.handover.due} if state.handover else None,
        "kit": {"in_force": state.kit_digest or None, "newer": state.newer_kit or None, "difference": list(state.newer_kit_difference)},
        "left_before_close": [] if state.closed_at else unsettled(state),
        "alerts": {one.rule: {"firing": one.firing, "resolved": one.resolved, "duplicates": one.duplicates} for one in state.counts},
        "opened_at": state.opened_at,
        "closed_at": state.closed_at or None,
        "outcome": state.outcome or None,
        "drill": state.drill,
        "successor": state.successor or None,
        "predecessor": state.predecessor or None,
        "linked": [{**one, "text": plain(one["text"], 400)} for one in linked(state)],
        "muted": quiet_told(state),
        "holds": holds(state),
        "others": [{"reference": one.reference, "workflow_id": one.workflow_id, "related": one.related, "text": one.in_words()}
                   for one in state.others],
        "record": {"entries": state.chain.seq, "head": state.chain.head},
    }  # fmt: skip


def waiting(state: State) -> list[dict[str, Any]]:
    """What is asked of whom until when. Of a gate ``not`` names those whose yes would not count: proposers, who answered."""
    asked: list[dict[str, Any]] = []
    for gate in open_gates(state):
        of = gate_pages.roles_awaited(state, gate) if gate_pages.judged_here(state) else gate.policy.roles
        asked.append({"of": list(of), "what": gate.title, "gate": gate.id, "until": gate.deadline_at,
                      "not": sorted(gate_pages.left_out(gate) - {"halon"})})  # fmt: skip
    asked += parts.asked(state)
    if over := state.handover:
        asked.append(
            {
                "of": [over.to],
                "what": f"take over as commander from {over.by}: `ack`",
                "until": over.due,
                "handover": over.by,
            }
        )
    for duty in state.obligations:
        stage = open_stage(state, duty)
        if clock_runs(state, duty) and stage and not decided(state, duty.name) and duty.status != "applies":
            needs = f"; answers needed: {', '.join(duty.needs)}" if duty.needs else ""
            asked.append(
                {
                    "of": [duty.decider],
                    "what": f"does {duty.name} apply?{needs}",
                    "until": stage.decide_by or stage.due,
                    "obligation": duty.name,
                }
            )
    for corrective in state.correctives:
        if corrective.status in ("open", "failed"):
            asked.append(
                {
                    "of": [corrective.owner],
                    "what": corrective.title,
                    "corrective": corrective.id,
                    "until": corrective.deadline,
                }
            )
    return asked


def given_back(state: State) -> list[dict[str, Any]]:
    """What is given back in part just now: to which share (percent), since when, and until when that is watched."""
    return [
        {"action": one.order.id, "title": one.order.title, "share": one.restored_share, "since": one.restored_at,
         "watched_until": one.watch_until or None}
        for one in state.actions if one.restored_share and one.status != "undone"
    ]  # fmt: skip


def paging(state: State) -> dict[str, Any] | None:
    """Who is paged in turn until somebody acknowledges, and when the next is; None where nobody is."""
    if not state.page_next_at or state.acked_by or state.assessment is None or quiet.silent(state):
        return None
    return {"of": list(state.assessment.roster.escalation), "next": state.page_next_at}


def waiting_on(state: State) -> list[str]:
    """The roles and names that something is asked of, for the list (``HalonWaitingOn``)."""
    return sorted({who for one in waiting(state) for who in one["of"]} - {""})[:10]


def may_be_said(state: State) -> str:
    """What may be said outside: only what is known, never that it is over before that was checked."""
    outside = ("regulator", "customers", "counterparty")
    sent = [one for one in state.notices if one.status == "sent" and one.audience in outside]
    told = f"Told so far: {', '.join(one.id for one in sent)}." if sent else "Nobody outside has been told yet."
    if state.closed_at and state.outcome == "resolved":
        return f"The cause is fixed and checked. {told}"
    if stopped_at(state):
        return f"It was stopped at {stopped_at(state)}; we are working on the cause. {told}"
    return f"We are looking into it. {told}"


def as_text(state: State) -> str:
    """The text form: under 120 words."""
    parts = [headline(state)]
    if state.assessment and state.assessment.blast_radius:
        hit = "; ".join(f"{key} {plain(value, 60)}" for key, value in list(state.assessment.blast_radius.items())[:4])
        parts.append(f"Impact: {hit}.")
    for back in given_back(state):
        parts.append(f"Given back to {back['share']} percent since {back['since']}: {plain(back['title'], 60)}.")
    for one in held(state)[:1]:
        parts.append(f"Held: {plain(one.order.title, 60)}: {plain(one.held, 160)}.")
    for failed in troubles(state)[:2]:
        parts.append(f"Failed: {plain(failed['title'], 60)}: {plain(failed['why'], 120)}; {failed['next']}.")
    if unlocked := [one for one in state.evidence if one.unlocked]:
        parts.append(f"Sealed and NOT LOCKED: {len(unlocked)}: {plain(unlocked[0].unlocked, 120)}.")
    if certain := [one for one in open_ways(state) if not one["perhaps"]]:
        parts.append(plain(certain[0]["text"], 120))
    asked = waiting(state)[:3]
    if asked:
        parts.append(
            "Asked: "
            + "; ".join(f"{plain(one['what'], 110 if 'command' in one else 60)} ({_whom(one)})" for one in asked)
            + "."
        )
    elif lines := playbook(state):
        parts.append(f"Next: {plain(lines[0], 160)}")
    for other in [one for one in state.others if one.related][:1]:
        told = f", told {plain(', '.join(one.obligation for one in other.told), 60)}" if other.told else ""
        parts.append(f"Compare {other.reference or other.workflow_id} ({other.shared()}{told}).")
    deadline = next_deadline(state)
    if deadline:
        parts.append(f"Next deadline: {deadline[1]} at {deadline[0]}.")
    if missed := missed_now(state):
        parts.append(f"MISSED: {', '.join(missed[:3])}.")
    words = " ".join(parts).split()
    return " ".join(words if len(words) < 120 else [*words[:117], "…"])


def _whom(asked: dict[str, Any]) -> str:
    until = f", until {asked['until']}" if asked["until"] else ""
    return f"{' or '.join(asked['of'])}{until}"


def details(state: State) -> str:
    """The current details in the Temporal UI: markdown, with the exact JSON to paste for each open gate."""
    lines = [f"### {state.reference} {marked(headline(state), 400)}", ""]
    lines += [f"- **{name}**: {marked(str(state.phases.get(name, Phase())))}" for name in PHASES]
    lines += [f"- **held**: {marked(one.order.title)}: {marked(one.held)}" for one in held(state)]
    for failed in troubles(state):
        lines += [f"- **failed**: {marked(failed['title'])}: {marked(failed['why'], 400)}; {marked(failed['next'])}"]
    lines += [
        f"- **not covered**: {marked(one['text'])} {marked(one['because'])}: {marked(one['do'])}"
        for one in open_ways(state)
    ]
    unlocked = [one for one in state.evidence if one.unlocked]
    lines += [f"- **not locked**: {marked(one.what or one.id)}: {marked(one.unlocked)}" for one in unlocked[:5]]
    for gate in open_gates(state):
        paste = json.dumps({"by": "YOUR NAME", "gate": gate.id, "reason": "…"}, ensure_ascii=False)
        lines += ["", f"#### Approval needed: {marked(gate.title)}", ""]
        lines += [f"- {marked(one, 400)}" for one in gate.question]
        lines += [f"- Who: {quorum.needed(gate.policy)}; {gate.lacking}, until {gate.deadline_at}"]
        words = (
            "`approve`, `reject` or, in an emergency, `break-glass`"
            if gate.policy.break_glass
            else "`approve` or `reject`"
        )
        lines += ["", f"Send an Update {words} with:", "", f"    {paste}"]
    for one in glass.unreviewed(state):
        paste = json.dumps({"by": "YOUR NAME", "gate": one.gate, "reason": "…"}, ensure_ascii=False)
        lines += [
            "",
            f"#### Glass broken: {marked(one.title)}",
            "",
            f"- By {marked(' and '.join(one.by))}: {marked(one.reason, 400)}",
        ]
        lines += ["", "Somebody else looks at it and sends an Update `review` with:", "", f"    {paste}"]
    steps = open_tasks(state)
    if steps:
        lines += ["", f"#### Steps still open: {len(steps)} of {len(state.tasks)}", ""]
        lines += [f"- {one['id']}, {plain(one['owner'], 80)}{', until ' + one['due'] if one['due'] else ''}"
                  f"{', LATE' if one['late'] else ''}: {plain(one['words'], 160)}" for one in steps[:12]]  # fmt: skip
    refused = [line for line in state.tail if line.text.startswith("Refused ")][-3:]
    if refused:
        lines += ["", "#### Refused lately", ""]
        lines += [f"- {line.at} {marked(line.actor, 40)}: {marked(line.text, 200)}" for line in refused]
    lines += ["", "#### Last lines", ""]
    lines += [f"- {line.at} {marked(line.text, 200)}" for line in state.tail[-8:]]
    lines += ["", f"Commands: {', '.join(COMMANDS)}."]
    return "\n".join(lines)[:15_000]
