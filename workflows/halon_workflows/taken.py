"""One action that was taken and is to be given back: look it up, keep how far it is, say that it did not work."""

from __future__ import annotations

from dataclasses import replace

from halon.incident.gates import Gate
from halon.incident.orders import Action
from halon.incident.standing import action, with_action
from halon.incident.timeline import tell_roles
from halon.ports import contain
from halon_workflows.durable import Durable


def get(inc: Durable, name: str) -> Action:
    """The action of this order. There is one: only what is in the state is given back."""
    found = action(inc.state, name)
    if found is None:
        raise AssertionError(f"action {name} is not in the state")
    return found


def put(inc: Durable, changed: Action) -> None:
    """Keep the action as it is now."""
    inc.state = with_action(inc.state, changed)


def not_begun(one: Action) -> Action:
    """The action with nothing of it given back, or being given back."""
    return replace(
        one, undo_applied_at="", restore_stage=0, restored_share=0, restored_at="", watch_until="", restore_look_at="",
        restore_looks=0,
    )  # fmt: skip


def step(inc: Durable, one: Action, asked: Gate | None, stage: int = 0) -> contain.Step:
    """What the hands need to give it back, or a stage of it."""
    return contain.Step(
        incident_id=inc.state.incident_id, order=one.order, attempt=one.undo_attempt, gate=asked, stage=stage
    )


def gate_for(inc: Durable, digest: str) -> Gate | None:
    """The gate that was asked for exactly this."""
    return next((gate for gate in inc.state.gates if gate.digest == digest), None)


def give_up(inc: Durable, name: str, told: str) -> None:
    """This attempt is over; it is said aloud, and `undo` begins the next one."""
    one = get(inc, name)
    put(inc, replace(not_begun(one), undo_requested_by="", undo_attempt=one.undo_attempt + 1, note=told))
    inc.note("undo", "remediate", told)
    inc.state = tell_roles(inc.state, inc.now, f"undo:{name}:{one.undo_attempt}", f"[{inc.state.reference}] not restored",
                           told, "technical_lead", "commander")  # fmt: skip
