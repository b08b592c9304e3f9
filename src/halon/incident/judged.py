"""An assessment enters the state. Severity and deadlines tighten by themselves; the other way takes a person's word."""

from __future__ import annotations

from collections.abc import Iterable

from halon.incident import checklist, hearing, kits, levels, promised, restricting, waking
from halon.incident.addressed import addressed
from halon.incident.assessment import DECIDED, Assessment, Obligation, Stage
from halon.incident.clock_changes import changed
from halon.incident.counting import counted
from halon.incident.orders import Action, Order
from halon.incident.replacing import replace
from halon.incident.standing import LIVE, action, missed_now, with_action, with_gate
from halon.incident.state import LevelChange, State
from halon.incident.timeline import note, tell
from halon.incident.times import after, normal


def take_in(state: State, judged: Assessment, version: int, now: str, *, sealed: bool = False) -> State:
    """``state`` with ``judged``, made from the facts of ``version``, in force. ``sealed``: it knew of sealed evidence."""
    by_person = state.assessment is None or state.assessed_version < state.person_version <= version
    before, kit_before, missed = state.assessment, kits.in_force(state), missed_now(state)
    if judged.kit_missing:
        by_person = before is None  # another kit than before judged: what is looser may come from that
    state = _severity(state, judged, now)
    state = _actions(state, judged, now)
    state = _obligations(state, judged, now, by_person=by_person, before=before)
    if not state.commander and judged.roster.commander:
        state = replace(state, commander=judged.roster.commander)
    if not state.technical_lead and judged.roster.technical_lead:
        state = replace(state, technical_lead=judged.roster.technical_lead)
    state = replace(
        state, assessment=replace(judged, steps=()), assessed_version=version, assessed_sealed=sealed,
        ledger={**state.ledger, "assessed": now},
    )  # fmt: skip
    if gone := [name for name in missed if name not in missed_now(state)]:
        told = f"No longer missed, by what counts now: {', '.join(gone)}."
        state = note(state, now, "clock", "notify", told)
    if before is None or (before.category, before.kit_digest) != (judged.category, judged.kit_digest):
        told = f"Assessed: {state.level}, {judged.category}, mode {judged.mode}, kit {judged.kit_digest[:12]}."
        state = note(state, now, "assessed", "triage", told, data={"reasons": list(judged.severity.reasons)})
    state = hearing.judged(kits.take_note(state, judged, kit_before, now), judged, before, now)
    state = restricting.by_rule(checklist.merge(state, judged, now), now)
    state = waking.judged(state, judged.muted, now, first=before is None) if judged.form else state
    return checklist.tell_early(state, now)


JUDGED_AT_ONCE = 20
"""Alerts that are each judged as they join; of more, one a minute at most."""
PAUSE = 60


def alerts_joined(state: State) -> int:
    """How many firing alerts have joined, without those that came twice."""
    return sum(one.firing for one in state.counts)


def alerted(state: State) -> bool:
    """Whether an alert has joined that is to be judged: the mode holds Halon back, and the kit may say otherwise by now."""
    joined = alerts_joined(state)
    if state.assessment is None or state.assessment.mode == "act" or not 0 <= state.assessed_alerts < joined:
        return False
    latest = max((one.last_at for one in state.counts), default="")
    return joined <= JUDGED_AT_ONCE or latest > after(state.ledger.get("assessed", latest), PAUSE)


_BY_WAYS = 4
"""The form of judgement since which the rung of an order depends on what else is planned."""


def _severity(state: State, judged: Assessment, now: str) -> State:
    new = judged.severity.level
    assessed_before = state.assessment.severity.level if state.assessment else None
    if state.level is None or (new < state.level and (assessed_before is None or new < assessed_before)):
        why = "; ".join(judged.severity.reasons) or "no rule of the rubric holds"
        change = LevelChange(new, levels.HALON, why, now)
        told = f"Severity {new}: {why}"
        rises, before = state.level is not None, state.level
        state = note(
            replace(state, level=new, level_changes=(*state.level_changes, change)), now, "severity", "triage", told
        )
        if not rises or not judged.form:
            return state
        return promised.sooner(tell_of_rise(state, now, f"It was {before}: {why}"), now)
    if new > state.level and assessed_before is not None and new > assessed_before:
        told = f"The rubric now says {new}; {state.level} stays until a person with the role lowers it."
        return note(state, now, "severity", "triage", told)
    return state


def tell_of_rise(state: State, now: str, why: str, by: str = "") -> State:
    """``state`` with commander and technical lead told that it is worse than it was; ``by`` knows it already."""
    names = tuple(one for one in (state.commander, state.technical_lead) if one and one != by)
    if not names:
        return state
    subject = f"[{state.reference}] severity raised to {state.level}"
    return tell(
        state,
        now,
        f"severity:{state.level}:{now}",
        subject,
        why,
        names=names,
        command=f"halon status {state.reference}",
    )


def _actions(state: State, judged: Assessment, now: str) -> State:
    for order in judged.orders:
        old = action(state, order.id)
        if judged.form >= _BY_WAYS and old is not None and _on_begun_rung(state, old.order, order):
            order = replace(order, rung=old.order.rung)  # begun, or asked for: a new fact does not take that back
        if old is None:
            state = with_action(state, Action(order))
            reasons = "; ".join(order.told)
            state = note(
                state, now, "order", "contain", f"Planned: {order.title} ({reasons})", data={"order": order.id}
            )
        elif old.asked_by and old.status in ("planned", "waiting"):
            continue  # somebody stops the agent by hand: what runs is what that person asked for
        elif old.order != order and old.status == "would run":
            state = with_action(state, replace(old, order=order))  # should it run one day, then as it is judged then
        elif old.status in ("planned", "waiting") and old.order.as_agreed() == order.as_agreed():
            state = with_action(state, replace(old, order=order))  # only told otherwise: what people agreed to holds
        elif old.order != order and old.status in ("planned", "waiting"):
            state = with_action(state, replace(old, order=order, status="planned"))
            for gate in state.gates:
                if (
                    gate.subject == order.id
                    and gate.kind == "contain"
                    and gate.status in ("open", "granted", "rejected")
                ):
                    state = with_gate(state, replace(gate, status="void", settled_at=now))
                    told = f"Gate {gate.id} is void: what would run has changed."
                    state = note(state, now, "gate", "contain", told)
    return state


def _on_begun_rung(state: State, old: Order, new: Order) -> bool:
    """Whether its rung has begun, so that where it would stand by now is no news: its gate is asked, or answered."""
    return old.rung <= state.rung and (new.rung > old.rung or (new.rung < old.rung and new.in_act is not None))


def _obligations(state: State, judged: Assessment, now: str, *, by_person: bool, before: Assessment | None) -> State:
    # A person's word loosens only what it changed itself: what a machine or another kit would loosen was kept when they
    # said so, and is kept (promise 7). What an earlier release judged goes on by its own rule.
    own_word = before is not None and (state.kits_left or before.form)
    earlier = before.obligations if before and own_word else ()
    merged: list[Obligation] = []
    for found in judged.obligations:
        old, was = (_same(duties, found, judged.form) for duties in (state.obligations, earlier))
        new = _named(found, old, state.obligations)
        if old is None:
            if new.status in ("applies", "undetermined", "review_required"):
                told = _opened(new, judged.entity)
                state = note(
                    state, now, "clock", "notify", told, data={"obligation": new.name, "needs": list(new.needs)}
                )
            merged.append(new)
            continue
        said = by_person and (was is None or _looseness(was) != _looseness(new))
        kept = _merge(old, new, by_person=said, form=judged.form)
        if told := changed(old, kept):
            state = note(
                state, now, "clock", "notify", told, data={"obligation": new.name, "because": list(new.because)}
            )
        merged.append(kept)
    if state.false_alarm_by:
        for new in merged:
            if not any(decision["obligation"] == new.name for decision in state.decisions):
                decision = {"obligation": new.name, "word": "declined", "by": state.false_alarm_by, "at": now,
                            "reason": "false alarm"}  # fmt: skip
                state = replace(state, decisions=(*state.decisions, decision))
    gone = [old for old in state.obligations if old.name not in {one.name for one in merged}]
    return replace(state, obligations=(*merged, *gone))


def filings(state: State) -> dict[str, str]:
    """When each stage was filed, by ``id@entity/stage``: as judgement asks for it, whatever the duty is called here."""
    found = {
        f"{duty.id}@{duty.entity}/{stage.id}": stage.filed_at
        for duty in state.obligations for stage in duty.stages if stage.filed_at
    }  # fmt: skip
    called = {duty.name: f"{duty.id}@{duty.entity}" for duty in state.obligations}
    updates = sorted(
        (one for one in state.filings if one.update and one.counts and one.obligation in called), key=lambda one: one.at
    )
    return found | {f"{called[one.obligation]}/{one.stage}{LATEST}": one.at for one in updates}


LATEST = "~latest"
"""After the name of a stage among the filings: when it was last filed again, as an update."""
_BY_ENTITY = 2
"""The form of judgement since which a duty is known by regime and legal entity; before, its name said which it is."""


def _same(duties: Iterable[Obligation], new: Obligation, form: int) -> Obligation | None:
    """The one of ``duties`` that ``new`` is: the same regime's, of the same legal entity.

    Its name may differ by now: it depends on whose agent it is. Of two that an earlier release made of one, it is the
    one that has the name.
    """
    named = next((one for one in duties if one.name == new.name), None)
    if form < _BY_ENTITY or (named is not None and (named.id, named.entity) == (new.id, new.entity)):
        return named
    return next((one for one in duties if (one.id, one.entity) == (new.id, new.entity)), None)


def _named(new: Obligation, old: Obligation | None, known: Iterable[Obligation]) -> Obligation:
    """``new`` under the name that it has here, which decisions, gates, notices and filings bear; none has it twice."""
    if old is not None:
        return replace(new, key=old.key)
    taken = any(one.name == new.name for one in known)
    return replace(new, key=f"{new.id}@{new.entity}") if taken else new


def _looseness(duty: Obligation) -> tuple[str, tuple[tuple[str, str], ...]]:
    """What a judgement could loosen: whether it applies, and until when."""
    return duty.status, tuple((stage.id, stage.due) for stage in duty.stages)


def _merge(old: Obligation, new: Obligation, *, by_person: bool, form: int) -> Obligation:
    """``new``, except where it would loosen ``old`` without a person's word. What was filed stays filed."""
    stages = []
    for stage in new.stages:
        before = next((one for one in old.stages if one.id == stage.id), None)
        stages.append(stage if before is None else _merge_stage(before, stage, by_person=by_person, form=form))
    loosened = old.status == "applies" and new.status != "applies" and not by_person
    here = {stage.id for stage in stages}
    kept = (loosened or new.status in LIVE) and not by_person
    stages += [stage for stage in old.stages if stage.id not in here and (kept or stage.filed_at)]
    if not loosened:
        return replace(new, stages=tuple(stages))
    why = f"judged {new.status.replace('_', ' ')} since then; it stays until a person decides otherwise"
    because = old.because if why in old.because else (*old.because, why)
    return replace(old, stages=tuple(stages), because=because)


def _merge_stage(old: Stage, new: Stage, *, by_person: bool, form: int) -> Stage:
    # What is filed is known here, not by a judgement that may be older than a filing's correction.
    filed_at = old.filed_at if form >= DECIDED else new.filed_at or old.filed_at
    later = bool(old.due) and (not new.due or normal(new.due) > normal(old.due))
    if old.filed_at:
        return old  # what was filed is settled; its due time is history
    if later and not by_person and not filed_at:
        return old
    return replace(new, filed_at=filed_at)


def _opened(duty: Obligation, own: str) -> str:
    due = duty.stages[0].due if duty.stages else "no deadline"
    duty = addressed(duty, next(iter(duty.stages), None))
    title = duty.title if duty.entity == own else f"{duty.title} of {duty.entity}"
    if duty.status == "applies":
        return f"Clock running: {title} to {duty.authority}, due {due}."
    needs = f", {counted(len(duty.needs), 'answer')} needed: {', '.join(duty.needs)}" if duty.needs else ""
    return f"Clock running in case it applies: {title} to {duty.authority}, due {due}{needs}."
