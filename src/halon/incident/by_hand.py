"""People stop the agent themselves: by one word to Halon (``contain``), or with their own hands elsewhere."""

from __future__ import annotations

from dataclasses import dataclass, replace

from halon.incident import watching
from halon.incident.assessment import Mode
from halon.incident.commands import near
from halon.incident.gates import Gate, Proof
from halon.incident.orders import Action, Order, OrderStatus
from halon.incident.saying import Refused, Saying
from halon.incident.standing import action, with_action, with_gate
from halon.incident.state import State
from halon.incident.timeline import note

AS_FULL_AUTHORITY = "contain"
"""The permission that ``note`` takes where it says that an order was carried out elsewhere: the same word stops it here."""
CLAIMED = "Claimed"
"""What an action counts as having failed with, where only somebody's word says that it was done."""
_IN_FORCE = ("verified", "applied", "applying")
_ANSWERABLE = ("open", "granted", "rejected")


@dataclass(frozen=True, slots=True)
class Ready:
    """What the kit holds ready to stop an agent by hand. ``why`` says why that could not be looked up, empty if it was.

    ``orders`` can all be undone. ``whole``: they stop all of the agent; else ``left`` names what they leave to it.
    """

    mode: Mode = "observe"
    orders: tuple[Order, ...] = ()
    whole: bool = False
    left: tuple[str, ...] = ()
    why: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """What reading an order back showed. ``holds`` None: it could not be read; ``note`` says why, or what was seen."""

    holds: bool | None
    at: str
    note: str = ""


def contain(say: Saying) -> State:
    """Stop the agent: the orders that the kit holds ready for that are asked for by this person, and that is the yes."""
    state, ready = say.state, say.ready
    if state.false_alarm_by:
        raise Refused(
            "FalseAlarm", f"{state.reference} was called a false alarm by {state.false_alarm_by}: report it anew."
        )
    link = state.merged_into
    if link is not None and link.agent == state.agent:
        raise Refused("Merged", f"{state.reference} is merged into {link.reference}: say it to that one.")
    if ready is None or ready.why:
        why = ready.why if ready else "nobody looked"
        raise Refused(
            "NotLookedUp", f"What stops {state.agent} could not be looked up ({why}): say it again in a moment."
        )
    if not ready.orders:
        raise Refused(
            "NothingPrepared",
            f"The kit holds nothing ready that stops {state.agent} and can be undone: stop it by hand, and give it an "
            "action with covers: [all] in actions.yaml.",
        )
    for order in ready.orders:
        state = _asked(state, order, say)
    return note(state, say.now, "contain", "contain", _answer(say, ready), actor=say.by,
                data={"orders": [one.id for one in ready.orders], "mode": ready.mode})  # fmt: skip


def asked_for(one: Action) -> bool:
    """Whether a person's word alone is the yes to this order: it can be undone, and the kit puts no gate of its own."""
    stands = bool(one.asked_by) and one.asked_attempt == one.attempt
    return stands and one.order.reversible and one.order.gate is None


def another_attempt(one: Action, seen_at: str) -> Action:
    """``one`` with its next attempt, for which the word that asked for the last one stands only if it was never seen in
    force since: ``seen_at`` (ISO 8601 UTC) is when it was seen so last, empty if it never was."""
    stands = asked_for(one) and not seen_at > one.asked_at
    return replace(one, attempt=one.attempt + 1, asked_attempt=one.attempt + 1 if stands else one.asked_attempt)


def proof_of(one: Action) -> Proof | None:
    """Where the word that asked for this attempt stands in history; None if nobody's word is the yes to it."""
    if not asked_for(one):
        return None
    return Proof(one.asked_run, "update" if one.asked_update else "signal", one.asked_update)


def done(say: Saying) -> State:
    """Somebody carried an order out elsewhere. It counts as verified only if it was read back so."""
    state, seen, wanted = say.state, say.seen, say.command["done_outside"]
    one = action(state, wanted)
    if one is None:
        known = [each.order.id for each in state.actions]
        raise Refused("UnknownAction", f"No action {wanted!r}: {near(wanted, known)}")
    title = one.order.title
    if one.status in _IN_FORCE and not one.held:
        under = (
            "is in force already, read back" if one.status == "verified" else "is being carried out by Halon just now"
        )
        raise Refused("NothingNew", f"{title} {under}; write what you did with a plain `note`.")
    if seen is None:
        raise Refused("NotLookedUp", f"{title} could not be read back: say it again in a moment.")
    wrote = f"{say.named()} wrote: {say.command['text']}"
    if seen.holds is False:
        raise Refused(
            "NotInForce",
            f"{title} reads back otherwise ({seen.note or 'it is not as it should be'}), so it does not count as done; "
            f"it stays {one.status}. {wrote}",
        )
    if seen.holds:
        changed = replace(one, status="verified", verified_at=seen.at, failed_as="", failure="")
        told = f"Done by hand by {say.named()}, read back: {title}."
    else:
        why = seen.note or "no answer"
        changed = replace(
            one,
            status="unverified",
            failed_as=CLAIMED,
            failure=f"done by hand, as {say.by} says; it can't be read back: {why}",
        )
        told = f"Claimed by {say.named()}, not verified: {title} was done by hand. It can't be read back ({why})."
    if (not one.order.reversible or one.order.touches_evidence) and not state.evidence:
        told += " It was done before any evidence was sealed: what it removed may be lost."
    state = with_action(state, replace(changed, by_hand=say.by, applied_at=say.now, undone_at="", held=""))
    state = _void(state, one, f"done by hand by {say.by}", say.now)
    return note(state, say.now, "by-hand", "contain", f"{told} {wrote}", actor=say.by,
                data={"action": wanted, "read_back": seen.holds, "evidence_sealed": bool(state.evidence)})  # fmt: skip


def _asked(state: State, order: Order, say: Saying) -> State:
    """``state`` with the order to be carried out because somebody asks for exactly this."""
    old = action(state, order.id) or Action(order)
    under_way = watching.giving_back(state, old)
    if old.undo_requested_by:  # what is just being given back is kept, or taken again
        state = _void(state, old, f"{say.by} stops the agent by hand", say.now, kind="restore")
    if old.status in _IN_FORCE:
        # The last look may be hours old: what counts as in force is read back for whoever asks, and until then is only done.
        # What is just being given back otherwise than read is seen to by the restore, which knows how far it came.
        status: OrderStatus = "applied" if old.status == "verified" and not under_way else old.status
        return with_action(state, _by_word(replace(old, status=status), say))
    fresh = replace(old, order=order, status="planned", failed_as="", failure="", by_hand="", verified_at="")
    if old.applied_at or old.undone_at:  # a new attempt has a key of its own
        fresh = replace(fresh, attempt=old.attempt + 1, applied_at="", undone_at="", undo_attempt=old.undo_attempt + 1,
                        undo_requested_by="")  # fmt: skip
    state = with_action(state, _by_word(fresh, say))
    return _void(state, old, f"{say.by} asks for it by hand", say.now) if order.gate is None else state


def _by_word(one: Action, say: Saying) -> Action:
    return replace(one, asked_by=say.by, asked_at=say.now, asked_attempt=one.attempt, asked_run=say.proof.run_id,
                   asked_update=say.proof.update_id, undo_uncertain="")  # fmt: skip


def _void(state: State, one: Action, why: str, now: str, kind: str = "contain") -> State:
    subject = one.order.id if kind == "contain" else f"restore-{one.order.id}"
    for gate in state.gates:
        if gate.subject == subject and gate.kind == kind and gate.status in _ANSWERABLE:
            state = _voided(state, gate, why, now)
    return state


def _voided(state: State, gate: Gate, why: str, now: str) -> State:
    state = with_gate(state, replace(gate, status="void", settled_at=now))
    return note(state, now, "gate", "contain", f"Gate {gate.id} is void: {why}.", data={"gate": gate.id})


def _answer(say: Saying, ready: Ready) -> str:
    titles = ", ".join(one.title for one in ready.orders)
    state = say.state
    if ready.mode == "observe":
        ids = " or ".join(one.id for one in ready.orders)
        return (
            f"{say.named()} asks to stop {state.agent}{say.because()}. It is only observed (mode observe), so Halon switches "
            f"nothing off: {titles}. Do it by hand and say `note` with done_outside {ids}; or set mode: act for it in the "
            "kit and say `kit`, and it is done."
        )
    told = f"{say.named()} stops {state.agent} by hand{say.because()}: {titles}."
    asks = [one.title for one in ready.orders if one.gate is not None]
    if asks:
        told += f" The kit puts a gate of its own before this, which is asked now: {', '.join(asks)}."
    if ready.left:
        told += f" Not stopped by it: {', '.join(ready.left)}."
    return told
