"""One action that was taken and is to be given back: look it up, keep how far it is, say that it did not work."""

from __future__ import annotations

from dataclasses import replace

from temporalio.exceptions import ActivityError

from halon.incident import watching
from halon.incident.gates import Gate
from halon.incident.orders import Action
from halon.incident.standing import action, with_action
from halon.incident.timeline import tell_roles
from halon.ports import contain
from halon_workflows.durable import Durable, reason_of


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


async def read_back(inc: Durable, name: str, asked: Gate | None, summary: str, stage: int = 0) -> contain.Verified:
    """How what was just given back reads; what takes its time is waited for, unless somebody stops the agent meanwhile."""
    while True:
        try:
            read = await inc.act(contain.verify_undo, step(inc, get(inc, name), asked, stage), summary)
        except ActivityError as error:
            read = contain.Verified(holds=None, at=inc.now, note=": ".join(reason_of(error)))
        one = get(inc, name)
        until = watching.takes_back_its_time(inc.state, one, inc.now)
        if read.holds or not until or _stopped_since(one):
            return read
        inc.state = watching.pause(inc.state, one, inc.now, until)
        await inc.until(lambda: not watching.pausing(inc.state, name) or _stopped_since(get(inc, name)))


def _stopped_since(one: Action) -> bool:
    return one.asked_at > one.undo_applied_at


def give_up(inc: Durable, name: str, told: str, *, uncertain: bool = False) -> None:
    """This attempt is over; it is said aloud, and `undo` begins the next one. ``uncertain``: it may have taken effect."""
    one = get(inc, name)
    # Whoever stopped the agent by hand meanwhile waits for it to be read back.
    asked = one.status == "verified" and one.asked_at > one.verified_at
    put(inc, replace(not_begun(one), status="applied" if asked else one.status, undo_requested_by="",
                     undo_attempt=one.undo_attempt + 1, note=told,
                     undo_uncertain=inc.now if uncertain else one.undo_uncertain))  # fmt: skip
    inc.note("undo", "remediate", told)
    inc.state = tell_roles(inc.state, inc.now, f"undo:{name}:{one.undo_attempt}", f"[{inc.state.reference}] not restored",
                           told, "technical_lead", "commander")  # fmt: skip
