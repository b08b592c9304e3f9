"""Somebody asks for what is in force already: it is read back for them, and done anew where it is not so any more."""

from __future__ import annotations

from dataclasses import replace

from halon.incident import watching
from halon.incident.by_hand import another_attempt
from halon.incident.orders import Action
from halon.incident.standing import with_action
from halon.incident.watches import FLIPPED, Watched
from halon.ports import contain as port
from halon_workflows import looking
from halon_workflows.durable import Durable


def to_read(one: Action) -> bool:
    """Whether the action was in force as far as anybody knew, and somebody asked for it since it was read back last."""
    known = one.verified_at if one.status == "applied" else ""
    return bool(known) and one.asked_at > max(known, one.applied_at)


def put_back(inc: Durable, one: Action, read: port.Verified) -> None:
    """It was switched back meanwhile: said aloud, and planned as a fresh attempt, whether or not anything is watched."""
    name, title, seen = one.order.id, one.order.title, read.note or "it is not as it should be"
    kept = inc.state.watched.get(name) or Watched(one.verified_at)
    number = kept.flipped + 1
    told = (
        f"SWITCHED BACK behind our back: {title}. It was in force since {one.verified_at}, and reads back otherwise, as "
        f"{one.asked_by} asks for it: {seen}"
    )
    anew = replace(another_attempt(one, one.verified_at), status="planned", applied_at="", verified_at="", by_hand="",
                   failed_as=FLIPPED, failure=f"in force since {one.verified_at}, then: {seen}"[:400])  # fmt: skip
    inc.state = watching.put(with_action(inc.state, anew), name, replace(kept, at="", flipped=number))
    inc.note("flipped", "contain", told, action=name, status="planned", times=number, seen=str(read.seen)[:400])
    looking.tell_lead(inc, f"flipped:{name}:{number}", f"SWITCHED BACK: {title}", f"{told}. It is put in force again.",
                      asked="It is put in force again, as asked by hand. Find out who switches it back")  # fmt: skip
