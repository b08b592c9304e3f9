"""What templates may say of an incident: plain JSON values made from the state alone, the same on every replay.

``about(state, now)`` holds these names. Times are ISO 8601 UTC text, empty if they have not come; texts come redacted
from the state, and what people or agents wrote is data that the renderer cleans.

    now, reference, incident_id, workflow_id, drill, agent, entity, category, opened_at, closed_at, outcome, headline
    severity      level, reasons[], would_raise[], axes[] {axis, level, words, known}, changes[] {level, by, reason, at}, lowered_by
    phases        [] {name, status, waiting_on, started_at, done_at}
    window        from, to, ongoing (yes, no, not known yet), detected_at, contained_at, recovered_at
    people        commander, technical_lead, acked_by, acked_at, contacts[] {name, roles[]}
    contact       name, roles[]: whom an authority may ask; the commander if nobody holds a role of data protection
    happened      [] sentences: what happened, in words
    done          [] sentences: what was done about it, and only what was
    impact        individuals, records, data_categories, personal_data, sessions, tools, places, consequences, money
    customer_steps [] sentences: what people concerned can do
    facts         [] {name, question, value, source, by, at, entity, certainty, reason}: the value that counts;
                  claims [] the same: said by the agent only
    conflicts     [] {fact, entity, counts, why, heard[] {value, source, by, at}, text}: sources that disagree
    tags          [] {framework, edition, id, name}: names in published taxonomies
    unknown       [] words: what is not known yet; blast_radius  [] {name, value}
    actions       [] {id, title, target, status, reversible, applied_at, verified_at, undone_at, note, reasons[],
                      collateral[], gentler, way_back, told, failure {why, next} or null}
    irreversible  [] the same: those that ran and can't be undone
    gates         [] {id, kind, title, about[], question[], digest, policy, proposed_by[], status, round, opened_at, deadline_at,
                      settled_at, missing, lacking, needs, roles[], every[], quorum, reminders, reminded_at, escalated_at, expired_at,
                      answers[] {by, approve, reason, at, roles[], verified, how, sent_as, run, update},
                      tried[] {by, command, kind, text, at, update_id, how}: refused answers,
                      runs: null or {at, result, note, read_back_at}: what came of the yes}
    glass         [] {gate, what, by[], agreed[], at, reason, lacked, reviewed_by, reviewed_at, review}: gates that were
                  granted by breaking their glass
    asked         [] {what, whom, until}: open questions to people
    obligations   [] {id, key, title, entity, authority, audience, status, because[], needs[], displaced_by, decider,
                      decided (declared, declined or nothing), contents[], wanted[] {what, facts[], stages[]}, language, otherwise (if nobody answers its gate),
                      stages[] {id, due, due_local, decide_by, filed_at, provisional, not_before, embargo, started},
                      hold, holds[], filings[], late_reasons[], missed[] (``halon.incident.duty_kept``)}
    decisions     [] {obligation, word (declared, declined), by, at, reason, status_then}: what people decided
    deadlines     [] {obligation, title, stage, due, due_local, decide_by, overdue, provisional, certain}, soonest first
    missed        [] words
    notices       [] {id, audience, obligation, stage, status, recipient, subject, sent_at, receipt, note}
    evidence      [] {id, what, sha256, size, collector, collected_at, unlocked};   evidence_overridden_by
    tasks         [] {id, phase, words, owner, status, told, by, at, reason, due, answers[], by_itself, late, flagged}: the
                  checklist; flagged: skipped, or not done although its phase is
    questions     [] words: what the runbooks ask about the cause
    others        [] {reference, workflow_id, opened_at, closed_at, outcome, same_traces, overlaps, related,
                      told[] {obligation, to, at}, told_in_words}: other incidents of the agent
    linked        [] {kind, reference, workflow_id, text}: what this one was merged with, split from, follows
    findings      [] {id, layer, text, by, at, certainty, evidence[]};   whys []
    case          null or {message, documents[], culprit, tools[], reproduced, reproduced_without_culprit}
    correctives   [] {id, title, owner, deadline, status, verification, note, done_by, done_at, after, after_at, told}
    reruns        [] {at, passed, case_passed, evals_passed, evals_failed, details[], evidence, case, told};   proved
    waivers       [] {what, by, reason, at}
    alerts        [] {rule, firing, resolved, duplicates, first_at, last_at}
    timeline      [] {seq, at, phase, actor, text}: the tail;   next_update
    affected      null or {sha256, count, places {place: number, "" for nobody knows where}, reviewed_by}: the sealed list
    figures       the facts that numbers of a notice must agree with, as values;   harmed: people came to harm
    record        head (first 12 hex digits), seq
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from halon.incident import fact_words as words
from halon.incident import glass
from halon.incident.affected import told as told_of_list
from halon.incident.assessment import Obligation
from halon.incident.canonical import plain
from halon.incident.deeds import in_words
from halon.incident.deeds import told as told_of
from halon.incident.duty_kept import kept
from halon.incident.figures import figures, harmed
from halon.incident.gates import Gate
from halon.incident.gates_told import audited
from halon.incident.known import conflicts_told, counted, facts_told
from halon.incident.linked import linked
from halon.incident.next_step import tasks_told
from halon.incident.phases import PHASES, Phase
from halon.incident.remedies import case_in_words, standing
from halon.incident.settling import proved
from halon.incident.standing import clock_runs, decided, missed_now
from halon.incident.state import State
from halon.incident.status import headline
from halon.incident.stopped import stopped_at
from halon.incident.times import seconds_between
from halon.incident.trouble import troubles

_RAN = ("applied", "verified", "unverified")
_CONTACTS = {"dpo", "data_protection", "data_protection_officer", "privacy", "privacy_officer", "privacy-officer"}


def about(state: State, now: str, entity: str = "") -> dict[str, Any]:
    """What templates may say of the incident at ``now`` (ISO 8601 UTC). Pure; every value is plain JSON.

    ``entity`` is the legal entity that speaks, if it is not the agent's own: its facts count then.
    """
    known = counted(state, entity)
    failed = {one["action"]: {"why": one["why"], "next": one["next"]} for one in troubles(state)}
    actions = [told_of(one) | {"failure": failed.get(one.order.id)} for one in state.actions]
    deadlines = _deadlines(state, now)
    told: dict[str, Any] = {
        "now": now,
        "reference": state.reference,
        "incident_id": state.incident_id,
        "workflow_id": state.workflow_id,
        "drill": state.drill,
        "agent": state.agent,
        "entity": entity or (state.assessment.entity if state.assessment else ""),
        "category": state.assessment.category if state.assessment else "",
        "opened_at": state.opened_at,
        "closed_at": state.closed_at,
        "outcome": state.outcome,
        "headline": headline(state),
        "severity": _severity(state),
        "phases": [{"name": name, **asdict(state.phases.get(name, Phase()))} for name in PHASES],
        "window": _window(state, known),
        "people": _people(state),
        "contact": _contact(state),
        "happened": _happened(state, known),
        "done": [f"{one.order.title}: {in_words(one)}." for one in state.actions if one.status in (*_RAN, "undone")],
        "impact": _impact(known),
        "customer_steps": words.customer_steps(known.get("data_categories")),
        "facts": facts_told(state, known),
        "claims": facts_told(state, known, claim=True),
        "conflicts": conflicts_told(state),
        "tags": [asdict(tag) for tag in state.assessment.tags] if state.assessment else [],
        "unknown": _unknown(state, known),
        "blast_radius": [
            {"name": name, "value": value}
            for name, value in sorted((state.assessment.blast_radius if state.assessment else {}).items())
        ],
        "actions": actions,
        "irreversible": [
            action
            for action in actions
            if not action["reversible"]
            and action["status"] in _RAN
            and (action["applied_at"] or not action["verified_at"])
        ],  # else it was so already
        "gates": [_gate(state, gate) for gate in state.gates],
        "glass": glass.shown(state),
        "asked": [
            {"what": one.title, "whom": _whom(one), "until": one.deadline_at}
            for one in state.gates
            if one.status == "open"
        ],
        "obligations": [_obligation(state, obligation) for obligation in state.obligations],
        "decisions": [_decision(decision) for decision in state.decisions],
        "deadlines": deadlines,
        "missed": list(missed_now(state)),
        "notices": [
            {
                "id": notice.id,
                "audience": notice.audience,
                "obligation": notice.obligation,
                "stage": notice.stage,
                "status": notice.status,
                "recipient": notice.recipient,
                "subject": notice.subject,
                "sent_at": notice.sent_at,
                "receipt": notice.receipt.replace("<", "").replace(">", ""),  # no tag, so that it stays
                "note": notice.note,
            }
            for notice in state.notices
        ],
        "evidence": [
            {name: value for name, value in asdict(sealed).items() if name != "path"} for sealed in state.evidence
        ],
        "evidence_overridden_by": state.evidence_overridden_by,
        "tasks": tasks_told(state),
        "questions": list(state.assessment.rca_questions) if state.assessment else [],
        "findings": [asdict(finding) for finding in state.findings],
        "whys": list(state.whys),
        "linked": linked(state),
        "others": [asdict(one) | {"told_in_words": one.in_words(), "related": one.related} for one in state.others],
        "case": _case(state),
        "correctives": [asdict(corrective) | {"told": standing(corrective)} for corrective in state.correctives],
        "reruns": [asdict(rerun) | {"told": case_in_words(rerun)} for rerun in state.reruns],
        "proved": proved(state),
        "waivers": [asdict(waiver) for waiver in state.waivers],
        "alerts": [asdict(count) for count in state.counts],
        "timeline": [asdict(line) for line in state.tail],
        "next_update": state.next_update_at,
        "figures": figures(known),
        "harmed": harmed(known),
        "affected": told_of_list(state),
        "record": {"head": state.chain.head[:12], "seq": state.chain.seq},
    }
    clean: dict[str, Any] = plain(told)
    return clean


def _severity(state: State) -> dict[str, Any]:
    judged = state.assessment.severity if state.assessment else None
    return {
        "level": state.level or (judged.level if judged else "not judged yet"),
        "reasons": list(judged.reasons) if judged else [],
        "would_raise": list(judged.would_raise) if judged else [],
        "axes": [asdict(row) for row in judged.axes] if judged else [],
        "changes": [asdict(change) for change in state.level_changes],
        "lowered_by": state.level_floor_lifted_by,
    }


def _window(state: State, known: dict[str, Any]) -> dict[str, str]:
    started = [alert.started_at for alert in state.alerts if alert.started_at]
    return {
        "from": str(known.get("window_from") or (min(started) if started else state.opened_at)),
        "to": str(known.get("window_to") or stopped_at(state) or ""),
        "ongoing": words.yes_no(known.get("ongoing")),
        "detected_at": str(known.get("detected_at") or state.opened_at),
        "contained_at": stopped_at(state),
        "recovered_at": state.recovered_at if stopped_at(state) or state.false_alarm_by else "",
    }


def _people(state: State) -> dict[str, Any]:
    roster = state.assessment.roster if state.assessment else None
    return {
        "commander": state.commander,
        "technical_lead": state.technical_lead,
        "acked_by": state.acked_by,
        "acked_at": state.acked_at,
        "contacts": [
            {"name": person.display or person.name, "roles": list(person.roles)}
            for person in (roster.people if roster else ())
        ],
    }


def _contact(state: State) -> dict[str, Any]:
    people = state.assessment.roster.people if state.assessment else ()
    for person in people:
        if set(person.roles) & _CONTACTS:
            return {"name": person.display or person.name, "roles": list(person.roles)}
    commander = next((person for person in people if person.name == state.commander), None)
    return {
        "name": (commander.display or commander.name) if commander else state.commander,
        "roles": list(commander.roles) if commander else [],
    }


def _happened(state: State, known: dict[str, Any]) -> list[str]:
    agent = state.agent
    said = []
    tools = known.get("unauthorised_tool_actions")
    if known.get("confirmed") is None:
        said.append(f"An alert about the AI agent {agent} is being checked; it is not confirmed yet.")
    elif known["confirmed"] is False:
        said.append(f"An alert about the AI agent {agent} was checked; nothing that it reports was found.")
    else:
        said.append(f"The AI agent {agent} did what it was not allowed to do.")
    if tools:
        said.append(f"It used these tools without authorisation: {words.listed(tools)}.")
    if known.get("untrusted_instruction") is True:
        said.append(
            "It followed an instruction that stood in content from outside, not one from a customer or from us."
        )
    if known.get("external_recipient") is True:
        said.append("Data went to a recipient outside.")
    if known.get("irreversible_tool_action") is True:
        said.append("At least one of these actions can't be taken back.")
    return said


def _impact(known: dict[str, Any]) -> dict[str, str]:
    return {
        "individuals": words.amount(known.get("affected_individuals")),
        "records": words.amount(known.get("records_count")),
        "data_categories": words.data_categories(known.get("data_categories")),
        "personal_data": words.yes_no(known.get("personal_data_involved")),
        "sessions": words.amount(known.get("affected_sessions")),
        "tools": words.listed(known.get("unauthorised_tool_actions")),
        "places": words.plainly(known.get("affected_by_jurisdiction")),
        "consequences": words.likely_consequences(known.get("data_categories")),
        "money": words.amount(known.get("economic_impact_eur")),
    }


def _unknown(state: State, known: dict[str, Any]) -> list[str]:
    asked = list(state.assessment.unknown) if state.assessment else []
    for name, question in (
        ("affected_individuals", "how many people are affected"),
        ("data_categories", "which categories of data are affected"),
        ("ongoing", "whether it goes on"),
    ):
        if known.get(name) is None and name not in asked and question not in asked:
            asked.append(question)
    return asked


def _gate(state: State, gate: Gate) -> dict[str, Any]:
    return audited(state, gate) | {
        "missing": gate.missing,
        "lacking": gate.lacking,
        "needs": _whom(gate),
        "roles": list(gate.policy.roles),
        "every": list(gate.policy.every),
        "quorum": gate.policy.quorum,
    }


def _whom(gate: Gate) -> str:
    told = f"{gate.policy.quorum} of the roles {', '.join(gate.policy.roles)}"
    return f"{told}; and {' and '.join(gate.policy.every)}, each another person" if gate.policy.every else told


def _obligation(state: State, obligation: Obligation) -> dict[str, Any]:
    whole = asdict(obligation)
    otherwise = obligation.gate.otherwise if obligation.gate else ""
    own = {"decided": decided(state, obligation.name), "key": obligation.name, "otherwise": otherwise}
    return (
        own
        | kept(state, obligation.name)
        | {
            name: whole[name]
            for name in (
                "id",
                "title",
                "entity",
                "authority",
                "audience",
                "status",
                "because",
                "needs",
                "displaced_by",
                "decider",
                "contents",
                "wanted",
                "language",
                "stages",
                "foreign",
            )
        }
    )


def _decision(decision: dict[str, Any]) -> dict[str, str]:
    return {name: str(decision.get(name) or "") for name in ("obligation", "word", "by", "at", "reason", "status_then")}


def _deadlines(state: State, now: str) -> list[dict[str, Any]]:
    found = [
        {
            "obligation": obligation.name,
            "title": obligation.title,
            "stage": stage.id,
            "due": stage.due,
            "due_local": stage.due_local,
            "decide_by": stage.decide_by,
            "overdue": seconds_between(stage.due, now) >= 0,
            "provisional": stage.provisional,
            "certain": obligation.status == "applies" or decided(state, obligation.name) == "declared",
        }
        for obligation in state.obligations
        if clock_runs(state, obligation)
        for stage in obligation.stages
        if stage.due and not stage.filed_at
    ]
    return sorted(found, key=lambda deadline: (str(deadline["due"]), str(deadline["obligation"])))


def _case(state: State) -> dict[str, Any] | None:
    case = state.case
    if case is None:
        return None
    return {
        "message": case.message,
        "documents": list(case.documents),
        "culprit": case.culprit,
        "tools": list(case.tools),
        "reproduced": case.reproduced,
        "reproduced_without_culprit": case.reproduced_without_culprit,
    }
