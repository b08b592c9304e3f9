"""What went wrong with an action, in one line with the next step, as ``status`` says it."""

from __future__ import annotations

from halon.incident.orders import Action
from halon.incident.state import State

LONGEST = 400
_OPEN = ("planned", "waiting", "applying", "failed", "unverified")
_STEPS = {
    "MissingSecret": "restart the worker once it is set",
    "Unreachable": "see that the agent runs and that control_url leads to it",
    "NoAnswer": "look at the agent: it may have taken effect",
    "Refused": "name the host in the kit, or correct control_url",
    "Unexpected": "compare the answer with the connector in the kit",
    "Uncertain": "look at the agent, then say what you saw with `note`",
    "NotInForce": "look at the agent: something switches it back, or the call changes something else",
    "Claimed": "look at the agent yourself; if it is not so, say `fact` ongoing=true",
    "FlippedBack": "find out who or what switches it back; do it by hand and say `note` with done_outside",
    "GivenBackLate": "say `undo` if it is to stay given back, else `contain`, or do it by hand and say `note` with done_outside",
    "Unread": "look at the agent, make sure by hand, and say `note` with done_outside",
    "EvidenceMissing": "seal the evidence first, or `override` what=evidence",
    "ProofMissing": "approve its gate again",
}
"""The next step by the failure's type. A message that has one of its own begins it after a semicolon or a full stop."""


def troubles(state: State) -> list[dict[str, str]]:
    """The actions that did not do what they should, each with why and the next step. Empty once they are in force."""
    return [
        {"action": one.order.id, "title": one.order.title, "type": one.failed_as, "why": one.failure, "next": next_step(one)}
        for one in state.actions if one.failure and one.status in _OPEN
    ]  # fmt: skip


def next_step(action: Action) -> str:
    """What to do about the action's failure."""
    return _STEPS.get(action.failed_as, "look at the worker's log")
