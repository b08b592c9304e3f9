"""Restore: everything that was taken is given back, each through its own gate (promise 3), where the kit says so in stages."""

from __future__ import annotations

from dataclasses import replace

from temporalio.exceptions import ActivityError

from halon.incident import calls, gate_question, watching
from halon.incident.gates import Gate
from halon.incident.orders import Order
from halon.incident.settling import offer, proved, to_offer_back
from halon.incident.standing import with_action, with_gate
from halon.incident.times import span
from halon_workflows import gating, halts, restore_stages, taken
from halon_workflows.contain import PERHAPS_DONE
from halon_workflows.durable import Durable, reason_of


async def give_back(inc: Durable) -> None:
    """Every undo that was asked for, each behind its own gate (promise 3)."""
    while not inc.finished:
        _offer(inc)
        for one in inc.state.actions:
            if one.undo_requested_by:
                name = one.order.id
                inc.spawn(f"restore.{name}", lambda name=name: _restore(inc, name))  # type: ignore[misc]
        asked = _asked(inc)
        await inc.until(lambda asked=asked: inc.finished or bool(to_offer_back(inc.state)) or _asked(inc) != asked)  # type: ignore[misc]


def _offer(inc: Durable) -> None:
    for one in to_offer_back(inc.state):
        inc.mark(offer(one))
        inc.state = with_action(inc.state, replace(one, undo_requested_by="halon"))


async def _restore(inc: Durable, name: str) -> None:
    one = taken.get(inc, name)
    order = one.order
    policy = order.restore_gate
    if policy is None or order.undo is None:
        taken.put(inc, replace(one, undo_requested_by="", note="no restore gate in the kit"))
        inc.note("undo", "remediate", f"{order.title} stays: the kit has no gate or no undo for it.")
        return
    digest = order.digest_for(inc.state.incident_id, "undo")
    if one.restore_stage:
        await restore_stages.give_back(inc, name, taken.gate_for(inc, digest))
        return
    if one.undo_applied_at:
        await _read_back(inc, name, taken.gate_for(inc, digest))
        return
    question = (
        f"Why: {'the fix is proved' if proved(inc.state) else 'asked for by ' + one.undo_requested_by}",
        *calls.to_undo(order),
        *_stages_in_words(order),
        f"It takes back: {order.title}",
        *gate_question.before_giving_back(inc.state, order, policy),
        f"If nobody answers: {policy.otherwise}",
    )
    asked = await gating.ask(
        inc, "restore", f"restore-{order.id}", digest, policy, f"restore: take back {order.title}", question,
        proposer=one.undo_requested_by,
    )  # fmt: skip
    if asked.status != "granted":
        inc.state = with_gate(inc.state, replace(asked, status="void"))  # `undo` asks anew
        taken.give_up(inc, name, f"{order.title} stays in force: gate {asked.id} {asked.status}.")
        return
    if order.restore_stages:
        taken.put(inc, replace(taken.not_begun(taken.get(inc, name)), restore_stage=1))
        await restore_stages.give_back(inc, name, asked)
        return
    try:
        done = await halts.undo(inc, name, taken.step(inc, one, asked), f"undo: {order.title}")
    except halts.Overtaken as why:
        restore_stages.kept(inc, name, asked, str(why))
        return
    except ActivityError as error:
        gating.spend(inc, asked)
        kind, text = reason_of(error)
        if kind in PERHAPS_DONE and watching.judged_here(inc.state):
            inc.note(
                "undo", "remediate", f"{order.title}: giving it back may have arrived ({kind}: {text}); reading back."
            )
            taken.put(inc, replace(taken.get(inc, name), undo_applied_at=inc.now))
            await _read_back(inc, name, asked)
            return
        told = f"{order.title} could not be taken back ({': '.join(reason_of(error))}). Say `undo` to try again."
        taken.give_up(inc, name, told)
        return
    gating.spend(inc, asked)
    taken.put(inc, replace(taken.get(inc, name), undo_applied_at=done.at))
    await _read_back(inc, name, asked)


async def _read_back(inc: Durable, name: str, asked: Gate | None) -> None:
    one = taken.get(inc, name)
    title = one.order.title
    read = await taken.read_back(inc, name, asked, f"verify undo: {title}")
    if restore_stages.taken_again(inc, name, asked):
        return
    if read.holds:
        restore_stages.given_back(inc, name, read.at)
        inc.note("undo", "remediate", f"Given back and read back: {title}.", seen=str(read.seen)[:400])
    else:
        taken.give_up(
            inc, name, f"{title}: the undo was sent, and reading back does not show it. {read.note}", uncertain=True
        )


def _stages_in_words(order: Order) -> tuple[str, ...]:
    """What one yes to all stages means."""
    if not order.restore_stages:
        return ()
    parts = []
    for one in order.restore_stages:
        share = "all of it" if one.share == 100 else f"{one.share} percent"
        parts.append(share + (f", watched for {span(one.watch)}" if one.watch else ""))
    return (
        f"In stages: first {'; then '.join(parts)}. Each is read back.",
        "If the harm is seen again meanwhile: it is applied again at once, and you are asked anew.",
    )


def _asked(inc: Durable) -> tuple[tuple[str, str], ...]:
    return tuple((one.order.id, one.undo_requested_by) for one in inc.state.actions)
