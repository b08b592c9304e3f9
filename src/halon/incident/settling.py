"""What is left before an incident may be closed."""

from __future__ import annotations

from halon.incident import checklist, glass, quorum
from halon.incident.orders import Action
from halon.incident.standing import open_gates, open_stage, settled
from halon.incident.state import State

TAKEN = ("applied", "verified", "unverified")
CONTAINED = ("verified", "undone", "denied", "would run", "unverified", "failed")


def proved(state: State) -> bool:
    """Whether the last rerun of the case and the evals passed, or a named person waived it (promise 9).

    Neither counts that is older than a recurrence, and a rerun doesn't while a fix was said after it.
    """
    if any(waiver.what == "proof" and waiver.at > state.recurred_at for waiver in state.waivers):
        return True
    if not state.reruns or any(one.status == "done" for one in state.correctives):
        return False
    return state.reruns[-1].passed and state.reruns[-1].at > state.recurred_at


def to_offer_back(state: State) -> list[Action]:
    """What was taken and is to be offered back, once each: after a false alarm, or when the fix is proved.

    In an incident that is merged: when that is so of the other one.
    """
    there = state.merged_into is not None and state.merged_into.has.over
    if not state.false_alarm_by and not there and not ("fixed" in state.ledger and proved(state)):
        return []
    return [
        one
        for one in state.actions
        if one.order.undo is not None
        and (one.status in TAKEN or (one.status == "failed" and one.applied_at))
        and not one.undo_requested_by
        and offer(one) not in state.ledger
    ]


def offer(action: Action) -> str:
    """The ledger's name of the offer to give back what this action took."""
    return f"offered:{action.order.id}:{action.applied_at}"


def unsettled(state: State) -> list[str]:
    """What is left to do, in words; empty when the incident may be closed."""
    if state.merged_into is not None:
        return [f"it is merged into {state.merged_into.reference}", *(f"it still holds: {one}" for one in holds(state))]
    left: list[str] = [] if state.assessment else ["it is not assessed yet"]
    back = to_offer_back(state)
    if not state.false_alarm_by and "fixed" not in state.ledger and "triaged" in state.ledger:
        left.append("remediation is not finished")
    for asked in open_gates(state):
        left.append(f"gate {asked.id} waits for {' or '.join(quorum.asked_of(asked.policy))}")
    left += glass.left_to_review(state)
    for action in state.actions:
        if action.order.rung <= state.rung and action.status not in CONTAINED:
            left.append(f"action {action.order.id} is {action.status}")
        if action in back:
            left.append(f"action {action.order.id} is to be offered back")
        if action.undo_requested_by:
            left.append(f"action {action.order.id} is being taken back")
    for duty in state.obligations:
        if not settled(state, duty):
            stage = open_stage(state, duty)
            left.append(
                f"obligation {duty.name} is neither filed nor declined (due {stage.due if stage else 'unknown'})"
            )
    if state.false_alarm_by:
        return left
    if not state.harm_stopped_at:
        left.append("the harm has not been seen to stop")
    if not proved(state):
        left.append("the fix is not proved (rerun the case, or `waive` what=proof with a reason)")
    for corrective in state.correctives:
        if corrective.status in ("open", "failed"):
            left.append(f"corrective action {corrective.id} is {corrective.status} (owner {corrective.owner})")
    if not state.findings:
        left.append("no finding says why it happened")
    return [*left, *checklist.left(state)]


def holds(state: State) -> list[str]:
    """What a merged incident still holds, in words; empty once it may close by itself."""
    link = state.merged_into
    if link is None:
        return []
    held = [] if state.assessment else ["it is not assessed yet"]
    for action in state.actions:
        if word := _held(state, action):
            held.append(word)
    for gate in open_gates(state):
        held.append(f"gate {gate.id} waits for {' or '.join(quorum.asked_of(gate.policy))}")
    held += glass.left_to_review(state)
    for duty in state.obligations:
        if not settled(state, duty):
            stage = open_stage(state, duty)
            held.append(f"obligation {duty.name} (due {stage.due if stage and stage.due else 'unknown'})")
    for one in state.correctives:
        if one.status in ("open", "failed") and one.by != "halon":  # what Halon proposed, it proposes there too
            held.append(f"corrective action {one.id} (owner {one.owner})")
    if link.agent != state.agent and not state.harm_stopped_at and not state.false_alarm_by:
        held.append(f"the harm of {state.agent} has not been seen to stop")
    return held


def _held(state: State, action: Action) -> str:
    in_force = action.status in TAKEN or (action.applied_at and action.status in ("applying", "failed"))
    if in_force and (action.order.undo is not None or action.status == "applied"):
        return f"action {action.order.id} is in force"
    left = action.order.rung <= state.rung and action.status in ("planned", "waiting", "applying")
    return f"action {action.order.id} is {action.status}" if left else ""
