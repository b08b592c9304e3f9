"""The next moment at which something is due, and what happens then. Pure; the workflow keeps one timer to it.

No approval, outage or pause stops a clock: every event is computed from absolute times in the state, and the ledger
says which were dealt with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from halon.incident import (
    checklist,
    gate_pages,
    handing,
    holds,
    merging,
    promised,
    quiet,
    quorum,
    stage_clocks,
    storm,
    waking,
    watching,
)
from halon.incident.answering import reask
from halon.incident.assessment import Obligation, Stage
from halon.incident.counting import counted
from halon.incident.filings import Hold
from halon.incident.gates import Gate
from halon.incident.orders import Action
from halon.incident.settling import unsettled
from halon.incident.standing import clock_runs, open_gates, with_action, with_gate
from halon.incident.state import State, sparing
from halon.incident.timeline import mark, note, tell, tell_roles, there
from halon.incident.times import after, normal

PAGE_ROUNDS = 3
ASKED_AT_MOST = 3
DAY = 86_400
EVIDENCE_AGAIN = 300
UNHEARD_AGAIN = 3_600


@dataclass(frozen=True, slots=True)
class ClockEvent:
    """One moment. ``key`` names it in the ledger, ``text`` in the timer's summary."""

    at: str
    key: str
    text: str
    fire: Callable[[State, str], State]


def next_event(state: State) -> ClockEvent | None:
    """The soonest event that was not dealt with, or None."""
    if state.closed_at:
        return None
    return min(_events(state), key=lambda event: (event.at, event.key), default=None)


def fire_due(state: State, now: str) -> State:
    """``state`` after every event up to ``now`` (ISO 8601 UTC), in order."""
    while (event := next_event(state)) is not None and event.at <= now:
        before = state
        state = mark(event.fire(state, now), event.key, now)
        if state is before:  # an event must always move something, or this would never end
            raise AssertionError(f"clock event {event.key} changed nothing")
    return state


def next_deadline(state: State) -> tuple[str, str] | None:
    """The next moment that matters to people: an obligation's due time or a gate's deadline, with its name."""
    moments = [(normal(asked.deadline_at), f"answer to gate {asked.id}") for asked in open_gates(state)]
    for duty, stage in _running(state):
        if stage.due:
            moments.append((normal(stage.due), f"{duty.name}/{stage.id}"))
    return min(moments, default=None)


def _running(state: State) -> Iterator[tuple[Obligation, Stage]]:
    for duty in state.obligations:
        if clock_runs(state, duty):
            for stage in duty.stages:
                if not stage.filed_at:
                    yield duty, stage


def _events(state: State) -> Iterator[ClockEvent]:
    for event in _all(state):
        if event.key not in state.ledger:
            at = normal(event.at)
            yield event if at == event.at else replace(event, at=at)


def _all(state: State) -> Iterator[ClockEvent]:
    paged = not quiet.silent(state)
    if state.page_next_at and paged:
        yield ClockEvent(state.page_next_at, f"page:{state.paged + 1}", "page the next responder", _page)
    if state.look_at:
        yield ClockEvent(state.look_at, f"look:{state.looks + 1}", "look whether the harm goes on", _look)
    for one in state.actions:
        if one.restore_look_at:
            yield _restore_look(one)
    for at, key, text, fire in watching.moments(state):
        yield ClockEvent(at, key, text, fire)
    if state.tally is not None:
        yield ClockEvent(storm.told_at(state), f"{storm.KEY}{state.tally.first_at}", "tell how many alerts joined",
                         storm.tell_tally)  # fmt: skip
    if state.next_update_at and paged:
        yield ClockEvent(state.next_update_at, f"update:{state.next_update_at}", "status for leadership", _update)
    for at, key, text, fire in promised.moments(state, paged=bool(paged)):
        yield ClockEvent(at, key, text, fire)
    yield from _quiet_events(state)
    for asked in open_gates(state):
        yield from _gate_events(state, asked)
    for late in checklist.dues(state):
        yield _step_event(late)
    if state.handover is not None:
        yield ClockEvent(state.handover.due, f"handover-late:{state.handover.at}",
                         f"handover to {state.handover.to} is waited for", handing.late)  # fmt: skip
    for duty, stage in _running(state):
        for at, key, text, fire in stage_clocks.moments(state, duty, stage):
            yield ClockEvent(at, key, text, fire)
    for at, key, text, fire in stage_clocks.still_missed(state):
        yield ClockEvent(at, key, text, fire)
    for at, key, hold in holds.ends(state):
        yield _hold_ends(at, key, hold)
    for corrective in state.correctives:
        if corrective.status in ("open", "failed"):
            yield from _late_events(state, f"corrective:{corrective.id}", corrective.deadline, corrective.owner,
                                    f"Corrective action {corrective.id} is late: {corrective.title}")  # fmt: skip
    if "evidence" in state.ledger and not state.evidence and not state.false_alarm_by:
        yield from _evidence_events(state)
    if state.harm_stopped_at and "ready-to-close" not in state.ledger:
        left = "; ".join(unsettled(state))[:600]
        yield from _late_events(state, "open", after(state.harm_stopped_at, DAY), state.commander,
                                f"{state.reference} is still open: {left}")  # fmt: skip
    ready = state.ledger.get("ready-to-close", "")
    if ready and not state.close_requested_by:
        yield from _late_events(state, f"close@{ready}", after(ready, DAY), state.commander,
                                f"{state.reference} is settled and waits for `close`")  # fmt: skip


def _quiet_events(state: State) -> Iterator[ClockEvent]:
    """A mute comes to its end; the incident that this one is merged into is looked at."""
    muted, hush, link = state.muted, state.hush, state.merged_into
    if muted is not None and quiet.muted(state) and not muted.due:
        yield ClockEvent(muted.until, f"mute-ends:{muted.until}", f"the mute {muted.name} ends", waking.due)
    if hush is not None:
        until = hush.until if quiet.hushed(state) else hush.at
        yield ClockEvent(until, f"hush-ends:{hush.at}", f"the mute of {hush.by} ends", waking.ended)
    if link is not None and link.look_at:
        key = f"merge-look:{link.at}:{link.looks + 1}"
        yield ClockEvent(link.look_at, key, f"look at {link.reference}", merging.looks)


def _page(state: State, now: str) -> State:
    roster = state.assessment.roster if state.assessment else None
    turn = state.paged
    if state.acked_by:
        return replace(state, page_next_at="", paged=turn + 1)
    if roster is None or not roster.escalation:
        state = replace(state, page_next_at="", paged=turn + 1)
        state = note(state, now, "nobody", "triage", "The kit names nobody to page for this agent. Leadership is told.")
        body = f"{state.reference}: nobody is on call. Say `ack` or name a commander with `assign`."
        return tell_roles(state, now, "nobody-on-call", "Nobody is on call", body, "leadership")
    if turn >= PAGE_ROUNDS * len(roster.escalation):
        state = replace(state, page_next_at=after(now, UNHEARD_AGAIN), paged=turn + 1)
        state = note(
            state,
            now,
            "nobody",
            "triage",
            f"Nobody acknowledged after {counted(turn, 'page')}. Leadership is told, every hour.",
        )
        body = f"{state.reference}: nobody acknowledged. Say `ack` or name a commander with `assign`."
        return tell_roles(state, now, f"nobody-acked:{turn}", "Nobody acknowledged", body, "leadership", "commander")
    name = there(state, roster.escalation[turn % len(roster.escalation)], now)
    state = replace(state, paged=turn + 1, page_next_at=after(now, roster.ack_within))
    level = state.level or "unrated"
    subject = f"[{state.reference}] {level}: {state.agent} ({state.group})"
    body = f"An incident is open for {state.agent}. Acknowledge within {roster.ack_within // 60} minutes: halon ack {state.reference} --by {name}"
    state = tell(
        state, now, f"page:{turn + 1}", subject, body, names=(name,), asked=f"An incident is open{quiet.was_muted(state)}: acknowledge it, or say who does",
        until=after(now, roster.ack_within), command=f"halon ack {state.reference}",
    )  # fmt: skip
    return note(state, now, "page", "triage", f"Paging {name} (page {turn + 1}).")


def _evidence_events(state: State) -> Iterator[ClockEvent]:
    """Nothing could be sealed: every five minutes it is tried again, and the commander is told what waits for it."""
    number = _told_before(state, "evidence-again:")

    def again(state: State, now: str) -> State:
        waits = [
            one.order.title
            for one in state.actions
            if (not one.order.reversible or one.order.touches_evidence) and one.status in ("planned", "waiting")
        ]
        told = "No evidence is sealed yet; collecting again."
        if waits:
            told += f" Waiting for it: {', '.join(waits)}. `override` what=evidence lets it run, on record."
        state = note(state, now, "evidence", "contain", told)
        # The log says it each time; a person is told once, since nothing has changed for them.
        step = "evidence-again" if sparing(state) else f"evidence-again:{number}"
        return tell(
            state, now, step, f"[{state.reference}] no evidence sealed", told, names=(state.commander,),
        )  # fmt: skip

    moment = after(state.ledger["evidence"], EVIDENCE_AGAIN * (number + 1))
    yield ClockEvent(moment, f"evidence-again:{number}", "collect evidence again", again)


def _look(state: State, now: str) -> State:
    return replace(state, look_at="", looks=state.looks + 1)


def _restore_look(one: Action) -> ClockEvent:
    """What was given back in part is watched: the next look at it, by which the harm would be seen again."""

    def look(state: State, now: str) -> State:
        return with_action(state, replace(one, restore_look_at="", restore_looks=one.restore_looks + 1))

    key = f"restore-look:{one.order.id}:{one.undo_attempt}:{one.restore_stage}:{one.restore_looks}"
    text = f"look at the {one.restored_share} percent given back: {one.order.title}"
    return ClockEvent(one.restore_look_at, key, text, look)


def _update(state: State, now: str) -> State:
    if promised.active(state):
        return promised.update(state, now)
    every = state.assessment.update_every if state.assessment else 3600
    every = max(every, 60)
    every = max(every, DAY) if state.harm_stopped_at else every  # once it is stopped, a day's rhythm is enough
    return replace(state, next_update_at=after(now, every), ledger={**state.ledger, "update-due": now})


def _hold_ends(at: str, key: str, one: Hold) -> ClockEvent:
    return ClockEvent(at, key, f"the hold of {one.obligation} ends", lambda state, now: holds.end(state, now, one))


def _step_event(late: checklist.Due) -> ClockEvent:
    """A step of the checklist is late: its owner is told, and the commander when that did not help."""

    def fire(state: State, now: str) -> State:
        return checklist.tell_late(state, now, escalates=late.escalates)

    return ClockEvent(late.at, late.key, f"step {late.task.step.id} is due", fire)


def _gate_events(state: State, asked: Gate) -> Iterator[ClockEvent]:
    tag = f"{asked.id}:{asked.attempt}"
    answer = f"halon approve {state.reference} {asked.id}"

    def escalate(state: State, now: str) -> State:
        if gate_pages.judged_here(state):
            return gate_pages.escalate(state, now, asked)
        who = " or ".join(asked.policy.roles)
        body = f"Approval needed from {who} by {asked.deadline_at}: {asked.title}. If nobody answers: {asked.policy.otherwise}"
        roles = (asked.policy.escalate_to, *asked.policy.roles)
        state = note(state, now, "gate", "contain", f"Gate {asked.id} waits; {asked.policy.escalate_to} is told.")
        return tell_roles(
            state, now, f"gate-late:{tag}", f"[{state.reference}] approval needed: {asked.title}", body, *roles,
            asked=f"Nobody answered yet. Yes or no: {asked.title}{'' if asked.title.endswith('?') else '?'}",
            until=asked.deadline_at, command=answer,
        )  # fmt: skip

    def expire(state: State, now: str) -> State:
        again = asked.attempt < ASKED_AT_MOST or asked.kind == "notice"
        state = with_gate(state, reask(asked, now) if again else replace(asked, status="expired", settled_at=now))
        tail = " It is asked again." if again else ""
        told = f"Nobody answered gate {asked.id}. {asked.policy.otherwise}{tail}"
        state = note(state, now, "gate", "contain", told, data={"gate": asked.id, "asked": asked.attempt})
        if gate_pages.judged_here(state):
            return gate_pages.expired(state, now, asked, told, again=again)
        roles = (asked.policy.escalate_to, "leadership", *quorum.asked_of(asked.policy))
        return tell_roles(
            state, now, f"gate-expired:{tag}", f"[{state.reference}] nobody answered {asked.id}", told, *roles,
            command=answer if again else "",
        )  # fmt: skip

    if moment := gate_pages.remind_at(asked):
        key = f"gate-remind:{tag}:{asked.reminders + 1}"
        yield ClockEvent(
            moment, key, f"reminder of gate {asked.id}", lambda state, now: gate_pages.remind(state, now, asked)
        )
    if asked.escalate_at < asked.deadline_at:
        yield ClockEvent(asked.escalate_at, f"gate-escalate:{tag}", f"escalate gate {asked.id}", escalate)
    yield ClockEvent(asked.deadline_at, f"gate-deadline:{tag}", f"deadline of gate {asked.id}", expire)


def _late_events(state: State, what: str, since: str, owner: str, told: str) -> Iterator[ClockEvent]:
    """A reminder at ``since`` and every day after, to the owner and the commander."""
    number = _told_before(state, f"late:{what}:")
    moment = after(since, number * DAY)

    def remind(state: State, now: str) -> State:
        state = note(state, now, "late", "remediate", f"{told}.")
        names = tuple(dict.fromkeys((owner, state.commander)))
        return tell(state, now, f"late:{what}:{number}", f"[{state.reference}] {told}", told, names=names)

    yield ClockEvent(moment, f"late:{what}:{number}", told[:100], remind)


def _told_before(state: State, prefix: str) -> int:
    """How many of the events that ``prefix`` and a number from 0 on name were dealt with: they are, one after the other."""
    number = 0
    while f"{prefix}{number}" in state.ledger:
        number += 1
    return number


def settle_up(state: State, now: str) -> State:
    """``state`` with the readiness to close noted in the ledger, or taken out again when something new is open."""
    if unsettled(state):
        if "ready-to-close" in state.ledger:
            return replace(state, ledger={key: at for key, at in state.ledger.items() if key != "ready-to-close"})
        return state
    if "ready-to-close" in state.ledger:
        return state
    state = note(
        mark(state, "ready-to-close", now), now, "close", "remediate", "Everything is settled: waiting for `close`."
    )
    body = f"Everything is settled. Close it: halon close {state.reference} --reason WHY --by NAME"
    return tell_roles(state, now, f"ready:{now}", f"[{state.reference}] ready to close", body, "commander")


def readiness_changed(state: State) -> bool:
    """Whether ``settle_up`` would change the state."""
    return bool(unsettled(state)) == ("ready-to-close" in state.ledger)
