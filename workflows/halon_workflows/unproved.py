"""A gate whose approval history does not show when its action is to run: it is void, and asked anew of the same people."""

from __future__ import annotations

from halon.incident.gates import Gate
from halon.incident.orders import Action
from halon.incident.standing import gate
from halon_workflows import gating, looking, patches
from halon_workflows.durable import Durable

MISSING = "ProofMissing"
"""The type of the failure; it comes before anything is sent."""


def void(inc: Durable, one: Action, allowed: Gate | None, kind: str, text: str) -> bool:
    """Whether the gate that allowed ``one`` proved nothing, and is void by now; the action waits for a new yes.

    A gate that stayed granted could neither be answered again nor taken back. ``kind`` and ``text`` are the failure's.
    """
    if allowed is None or kind != MISSING or not inc.goes(patches.UNPROVED):
        return False
    asked = gate(inc.state, allowed.id) or allowed
    gating.void(inc, asked, f"nothing was sent, because {text}. It is asked again.")
    looking.tell_lead(
        inc, f"unproved:{asked.id}:{inc.now}", f"{one.order.title} was approved and is not proved",
        f"{text}. Nothing was sent; its gate is asked again.",
        asked=f"Nothing was sent: {one.order.title} was approved and is not proved. Its gate is asked again",
    )  # fmt: skip
    return True
