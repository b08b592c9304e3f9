"""Look things up in the state, and replace one of them."""

from __future__ import annotations

from halon.incident.addressed import addressed
from halon.incident.assessment import DECIDED, Obligation, Stage
from halon.incident.gates import Gate
from halon.incident.notices import Notice
from halon.incident.orders import Action
from halon.incident.phases import Phase, PhaseName, PhaseStatus
from halon.incident.replacing import replace
from halon.incident.state import State
from halon.incident.times import normal

LIVE = ("applies", "undetermined", "review_required")
MOVED = "moved"
"""The word about an obligation that goes on in the incident into which this one is merged."""
GONE = ("declined", MOVED)
"""Words after which no clock of the obligation runs here."""
_CHAINED = ("filing of ", "latest filing of ")
"""How the anchor of a stage begins that counts from the filing of an earlier one."""


def decided_here(state: State) -> bool:
    """Whether the rules of ``DECIDED`` count: what an earlier release judged goes on by its own until it is judged again."""
    return state.assessment is not None and state.assessment.form >= DECIDED


def gate(state: State, gate_id: str) -> Gate | None:
    """The gate of this id."""
    return next((one for one in state.gates if one.id == gate_id), None)


def with_gate(state: State, changed: Gate) -> State:
    """``state`` with this gate added or put in place of the one with its id."""
    known = any(one.id == changed.id for one in state.gates)
    gates = tuple(changed if one.id == changed.id else one for one in state.gates)
    return replace(state, gates=gates if known else (*gates, changed))


def open_gates(state: State) -> tuple[Gate, ...]:
    """The gates that wait for an answer."""
    return tuple(one for one in state.gates if one.status == "open")


def action(state: State, order_id: str) -> Action | None:
    """The action of this order id."""
    return next((one for one in state.actions if one.order.id == order_id), None)


def with_action(state: State, changed: Action) -> State:
    """``state`` with this action added or put in place of the one with its order's id."""
    known = any(one.order.id == changed.order.id for one in state.actions)
    actions = tuple(changed if one.order.id == changed.order.id else one for one in state.actions)
    return replace(state, actions=actions if known else (*actions, changed))


def notice(state: State, notice_id: str) -> Notice | None:
    """The notice of this id."""
    return next((one for one in state.notices if one.id == notice_id), None)


def with_notice(state: State, changed: Notice) -> State:
    """``state`` with this notice added or put in place of the one with its id."""
    known = any(one.id == changed.id for one in state.notices)
    notices = tuple(changed if one.id == changed.id else one for one in state.notices)
    return replace(state, notices=notices if known else (*notices, changed))


def obligation(state: State, name: str) -> Obligation | None:
    """The obligation of this name: its id, or ``id@entity`` for another legal entity than the agent's own."""
    return next((one for one in state.obligations if one.name == name), None)


def with_obligation(state: State, changed: Obligation) -> State:
    """``state`` with this obligation in place of the one with its name."""
    return replace(state, obligations=tuple(changed if one.name == changed.name else one for one in state.obligations))


def open_stage(state: State, duty: Obligation) -> Stage | None:
    """The stage that has not been filed and is due first; of those due together, the one that the regime names first."""
    left = in_order(state, duty)
    return left[0] if left else None


def open_stages(state: State, duty: Obligation) -> tuple[Stage, ...]:
    """The stages that can be filed now, the one due first in front: none of them counts from a filing to come.

    A stage without a due time is among them where it is first, or goes to somebody else than the first.
    """
    left = in_order(state, duty)
    if not decided_here(state):
        return left[:1]
    return left[:1] + tuple(
        one for one in left[1:] if not chained(one) and (one.due or not same_reader(duty, left[0], one))
    )


def in_order(state: State, duty: Obligation) -> tuple[Stage, ...]:
    """The stages that have not been filed, by due time; one that has none comes right after the one named before it."""
    if not decided_here(state):
        return tuple(one for one in duty.stages if not one.filed_at)
    found: list[tuple[str, int, Stage]] = []
    before = ""
    for place, one in enumerate(duty.stages):
        before = normal(one.due) if one.due else before
        found.append((before, place, one))
    return tuple(one for _, _, one in sorted(found, key=lambda each: each[:2]) if not one.filed_at)


def chained(stage: Stage) -> bool:
    """Whether the stage counts from the filing of an earlier one that is not made yet."""
    return stage.provisional and stage.anchor.startswith(_CHAINED)


def same_reader(duty: Obligation, one: Stage, other: Stage) -> bool:
    """Whether both stages of ``duty`` go to the same authority or people."""
    here, there = addressed(duty, one), addressed(duty, other)
    return (here.authority, here.recipient) == (there.authority, there.recipient)


def decided(state: State, name: str) -> str:
    """``declared``, ``declined``, ``moved``, ``kept`` or nothing: the last word about an obligation."""
    for decision in reversed(state.decisions):
        if decision["obligation"] == name:
            return str(decision["word"])
    return ""


def missed_now(state: State) -> tuple[str, ...]:
    """What was missed by the due time that counts now, as ``duty/stage``, in the order in which it was.

    A miss by an earlier due time, which moved later since then, was none: it stays in the timeline only. So with a stage
    that the duty asks for no more, and one that turns out to have been filed in time.
    """
    return state.missed if not decided_here(state) else tuple(one for one in state.missed if _counts(state, one))


def _counts(state: State, name: str) -> bool:
    called, _, stage_id = name.rpartition("/")
    duty = obligation(state, called)
    if duty is None:
        return True
    stage = next((one for one in duty.stages if one.id == stage_id), None)
    if stage is None or not stage.due:
        return False
    due, key = normal(stage.due), f"missed:{name}@"
    if stage.filed_at:
        return normal(stage.filed_at) > due
    return any(one.startswith(key) and normal(one.removeprefix(key)) >= due for one in state.ledger)


def owed(state: State, duty: Obligation) -> bool:
    """Whether a notice must be drafted for this obligation: it applies, by judgement or by a person's word."""
    word = decided(state, duty.name)
    return word == "declared" or (duty.status == "applies" and word not in GONE)


def clock_runs(state: State, duty: Obligation) -> bool:
    """Whether the obligation's clock counts: it applies or may apply, and nobody declined it; it did not move."""
    word = decided(state, duty.name)
    return word not in GONE and (word == "declared" or duty.status in LIVE)


def stage_settled(state: State, duty: Obligation, stage_id: str) -> bool:
    """Whether nothing is left to do for this stage: it is filed, the duty asks for it no more, or its clock does not run."""
    return not clock_runs(state, duty) or not any(one.id == stage_id and not one.filed_at for one in duty.stages)


def settled(state: State, duty: Obligation) -> bool:
    """Whether nothing is left to do for this obligation."""
    return not clock_runs(state, duty) or all(one.filed_at for one in duty.stages)


def with_phase(state: State, name: PhaseName, status: PhaseStatus, now: str, waiting_on: str = "") -> State:
    """``state`` with the phase moved on. A done phase that runs again keeps its first start."""
    old = state.phases.get(name, Phase())
    new = replace(
        old,
        status=status,
        waiting_on=waiting_on,
        started_at=old.started_at or (now if status != "not started" else ""),
        done_at=now if status == "done" else "",
    )
    return state if new == old else replace(state, phases={**state.phases, name: new})
