"""Merge: two incidents that have one cause become one. What the merged one holds stays its own until that is done."""

from __future__ import annotations

from dataclasses import replace

from halon.incident.assessment import Obligation
from halon.incident.links import Has, MergedInto
from halon.incident.saying import Refused, Saying
from halon.incident.settling import holds, proved
from halon.incident.standing import GONE, MOVED, decided, open_gates, open_stage, owed, settled, with_gate
from halon.incident.state import State
from halon.incident.timeline import note
from halon.incident.times import after, normal

LOOK_SOON = 2
LOOK_AGAIN = 300
LOOK_AT_MOST = 3_600
"""Seconds until the other incident is looked at again: soon while it is not judged yet, then ever more slowly."""
NO_TIME = "9"
MAY = "?"
"""Behind the name of a duty that the other incident only may have: one that applies here is not left to that."""
QUIET = 900


def merge(say: Saying) -> State:
    """Make this incident part of another one, which has the same cause."""
    state, met, wanted = say.state, say.met, say.command["into"]
    if state.merged_into is not None:
        raise Refused("AlreadyMerged", f"{state.reference} is merged into {state.merged_into.reference} already.")
    if met is None or (not met.found and met.why):
        why = met.why if met else "nobody looked"
        raise Refused("NotLookedUp", f"{wanted[:80]!r} could not be looked up ({why}): say it again in a moment.")
    if not met.found:
        raise Refused(
            "UnknownIncident", f"There is no incident {wanted[:80]!r}: `halon incidents` lists the open ones."
        )
    if met.workflow_id == state.workflow_id:
        raise Refused("SameIncident", f"{met.reference} is this incident: name the other one.")
    if met.merged_into == state.workflow_id or any(one.workflow_id == met.workflow_id for one in state.merged_from):
        raise Refused(
            "MergeCycle", f"{met.reference} is merged into this incident; it can't be the other way round too."
        )
    if met.closed_at:
        raise Refused("OtherClosed", f"{met.reference} is closed since {met.closed_at}: merge into one that is open.")
    if met.merged_into:
        raise Refused("OtherMerged", f"{met.reference} is merged into {met.merged_into}: merge into that one.")
    if met.drill != state.drill:
        one, other = (state.reference, met.reference) if state.drill else (met.reference, state.reference)
        raise Refused("DrillAndReal", f"{one} is a drill and {other} is not: close the drill by itself.")
    if state.close_requested_by:
        raise Refused("Closed", f"{state.reference} is being closed.")
    link = MergedInto(
        met.workflow_id, met.reference, met.agent, say.by, say.now, say.command["reason"], facts=state.facts_version
    )
    told = f"{say.named()} merges this incident into {met.reference}{say.because()}."
    if met.agent != state.agent:
        told += f" That one is about {met.agent}: what stops {state.agent} stays here."
    data = {"into": met.workflow_id, "agent": met.agent}
    return note(merged(state, link), say.now, "merged", "triage", told, actor=say.by, data=data)


def merged(state: State, link: MergedInto) -> State:
    """``state`` as part of another incident, which pages and reports from now on."""
    return replace(state, merged_into=link, page_next_at="", next_update_at="", hush=None)


def asked_there(state: State, order: str) -> str:
    """Why an order is left to the incident that this one is merged into; empty where it is not."""
    link = state.merged_into
    return f"{link.reference} asks for the same, or does it" if link and order in link.has.orders else ""


def to_hand_over(state: State) -> bool:
    """Whether the other incident is to take something, or to be looked at: what it has lets this one go."""
    link = state.merged_into
    if link is None or link.has.closed_at:
        return False
    return link.handed < link.version or state.facts_version != link.facts or not link.look_at


def with_news(state: State) -> State:
    """``state`` in which what was learnt since then is a version to be handed over."""
    link = state.merged_into
    if link is None or state.facts_version == link.facts:
        return state
    return replace(state, merged_into=replace(link, version=link.version + 1, facts=state.facts_version))


def handed(state: State, version: int, has: Has, now: str) -> State:
    """``state`` after the other one took ``version``; what that one has of its own is let go here."""
    link = state.merged_into
    if link is None:
        return state
    first = link.handed == 0
    state = replace(state, merged_into=replace(link, handed=max(version, link.handed), has=has))
    if first:
        if link.agent == state.agent:
            state = replace(state, firing=(), firing_more=0, firing_rest="")
        state = note(state, now, "merged", "triage", f"{link.reference} has taken over the alerts and facts of this incident.",
                     data={"into": link.workflow_id})  # fmt: skip
    if has.closed_at:
        state = note(state, now, "merged", "triage", f"{link.reference} is closed.")
    return _look_later(let_go(state, now), now)


def closed(state: State, has: Has, now: str) -> State:
    """``state`` after the other incident was seen to be closed: what is held here is offered back."""
    link = state.merged_into
    if link is None or link.has.closed_at:
        return state
    seen = replace(link.has, over=True, closed_at=has.closed_at or now)
    state = replace(state, merged_into=replace(link, has=seen, handed=link.version, facts=state.facts_version))
    return note(state, now, "merged", "triage", f"{link.reference} is closed.")


def let_go(state: State, now: str) -> State:
    """``state`` without the gates that the other incident asks as well, and without the duties that it has as early."""
    link = state.merged_into
    if link is None or not link.has.judged:
        return state
    gone = [duty for duty in state.obligations if _has_duty(state, link, duty.name)]
    for duty in gone:
        decision = {"obligation": duty.name, "word": MOVED, "by": link.by, "at": now, "status_then": duty.status,
                    "reason": f"{link.reference} has it, due {_there(state, link, duty) or 'settled'}"}  # fmt: skip
        state = replace(state, decisions=(*state.decisions, decision))
        told = f"{duty.name} goes on in {link.reference}, which has it as early as this incident."
        state = note(state, now, "decision", "notify", told, actor=link.by, data=decision)
    for gate in open_gates(state):
        mine = gate.kind == "contain" and gate.subject in link.has.orders
        if mine or (gate.kind == "notice" and any(gate.subject.startswith(f"{duty.name}-") for duty in gone)):
            state = with_gate(state, replace(gate, status="void", settled_at=now))
            told = f"Gate {gate.id} is void: {link.reference} asks the same, or has done it."
            state = note(state, now, "gate", "contain", told, data={"gate": gate.id})
    return state


def has(state: State, agent: str, version: int, taken: str) -> Has:
    """What ``state`` has of its own, for the incident ``taken`` of ``agent`` that is merged into it at ``version``."""
    link = next((one for one in state.merged_from if one.workflow_id == taken), None)
    whole = link is not None and link.version >= version
    judged = state.assessment is not None and state.assessed_version == state.facts_version
    duties = {}
    for duty in state.obligations:
        stage = open_stage(state, duty)
        if not settled(state, duty) and stage is not None:
            duties[f"{duty.id}@{duty.entity}{'' if owed(state, duty) else MAY}"] = normal(stage.due) or NO_TIME
        elif decided(state, duty.name) in GONE or (duty.stages and stage is None):
            duties[f"{duty.id}@{duty.entity}"] = ""
    over = bool(state.closed_at or state.false_alarm_by or ("fixed" in state.ledger and proved(state)))
    orders = tuple(one.order.id for one in state.actions if one.order.agent == agent)
    return Has(orders, duties, whole and judged, over, state.closed_at)


def done(state: State, now: str) -> bool:
    """Whether a merged incident holds nothing any more, and all it had to hand over was taken."""
    link = state.merged_into
    if link is None or state.close_requested_by or state.passing or link.handed < link.version or holds(state):
        return False
    return state.facts_version == link.facts and now >= _rests_until(state, link)


def looks(state: State, now: str) -> State:
    """The clock's event: the other incident is looked at now."""
    link = state.merged_into
    if link is None:
        raise AssertionError("no other incident is looked at")
    return replace(state, merged_into=replace(link, look_at="", looks=link.looks + 1))


def taken_back(state: State, why: str, now: str) -> State:
    """``state`` that is merged no more: it pages and goes on as before."""
    link = state.merged_into
    if link is None:
        return state
    kept = tuple({"obligation": one["obligation"], "word": "kept", "by": "halon", "at": now, "reason": why}
                 for one in state.decisions if one["word"] == MOVED)  # fmt: skip
    state = replace(
        state, merged_into=None, decisions=(*state.decisions, *kept), next_update_at=now,
        page_next_at="" if state.acked_by else now,
    )  # fmt: skip
    return note(state, now, "merged", "triage", f"The merge into {link.reference} is taken back: {why}.")


def _has_duty(state: State, link: MergedInto, name: str) -> bool:
    """Whether the other incident has this duty, settled or due no later than here."""
    duty = next(one for one in state.obligations if one.name == name)
    there = _there(state, link, duty)
    if there is None or settled(state, duty):
        return False
    stage = open_stage(state, duty)
    mine = normal(stage.due) if stage and stage.due else NO_TIME
    return there <= mine


def _there(state: State, link: MergedInto, duty: Obligation) -> str | None:
    """When the other incident must have met this duty; None if it has no such duty, or is less sure of it than this one."""
    key = f"{duty.id}@{duty.entity}"
    sure = link.has.duties.get(key)
    return sure if sure is not None or owed(state, duty) else link.has.duties.get(f"{key}{MAY}")


def _look_later(state: State, now: str) -> State:
    link = state.merged_into
    if link is None:
        return state
    if not link.has.judged and not link.has.closed_at:
        at = after(now, LOOK_SOON)
    elif holds(state):
        at = after(now, min(LOOK_AGAIN * (1 + link.looks // 5), LOOK_AT_MOST))
    else:
        at = max(_rests_until(state, link), after(now, LOOK_SOON))
    return replace(state, merged_into=replace(link, look_at=at))


def _rests_until(state: State, link: MergedInto) -> str:
    """Until when what followed a merged incident stays open: else each later alert would open one more."""
    if not link.followed:
        return ""
    quiet = state.assessment.quiet_seconds if state.assessment else QUIET
    return after(max(link.at, link.passed_at), quiet)
