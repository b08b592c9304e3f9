"""Whether to go on to the next rung, or to begin sooner what closes the same ways as something that is not in force.

More disruption comes once the harm is seen to go on: by a look, or by a person who says so. A control that fails says
nothing about the harm, and a person's no even less.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from halon.incident import watching
from halon.incident.assessment import WATCHED
from halon.incident.orders import Action
from halon.incident.standing import with_action
from halon.incident.stopped import word_for_going_on
from halon.ports.contain import Harm
from halon_workflows.durable import Durable

STOPS_ALL = "agent:"
_OUTSIDE = ("credential", "spread")
"""Kinds of ways in which harm goes on also while the agent stands still."""
BROKEN = ("failed", "unverified", "denied")


def judged_so(inc: Durable) -> bool:
    """Whether the plan is of the form in which an order says what it covers; earlier ones climb as they did."""
    return inc.state.assessment is not None and inc.state.assessment.form >= WATCHED


def goes_on_by_word(inc: Durable, since: str) -> bool:
    """Whether a person said after ``since`` (ISO 8601 UTC) that the harm goes on, and nothing followed from that yet."""
    said = word_for_going_on(inc.state, since)
    return judged_so(inc) and bool(said) and not inc.done(_step(said))


def with_word(inc: Durable, seen: Harm, since: str) -> Harm:
    """What is known: ``seen``, or that it goes on where a person said so since the last read-back. One word counts once."""
    if not goes_on_by_word(inc, since):
        return seen
    inc.mark(_step(word_for_going_on(inc.state, since)))
    inc.change(look_at="")
    return seen if seen.goes_on else Harm(goes_on=True, at=inc.now, note="a person says that the harm goes on")


def may_climb(inc: Durable, seen: Harm) -> bool:
    """Whether the next rung begins after this look."""
    return bool(seen.goes_on) if judged_so(inc) else seen.goes_on is not None


def begin_sooner(inc: Durable) -> bool:
    """Move onto this rung what is next for the ways of an order that is not in force. Whether there was anything.

    Not what disrupts more than the severity allows and only follows harm that is seen. After a person's no, or no answer,
    only what asks people too.
    """
    if not judged_so(inc):
        return False
    broken = [one for one in inc.state.actions if one.order.rung <= inc.state.rung and _not_in_force(inc, one)]
    able = [one for one in waiting(inc) if not one.order.if_seen and any(_instead(one, other) for other in broken)]
    first = min((one.order.rung for one in able), default=0)
    for one in able:
        if one.order.rung == first:
            inc.state = with_action(inc.state, replace(one, order=replace(one.order, rung=inc.state.rung)))
            inc.note("rung", "contain", f"Next for what is still open: {one.order.title}.", action=one.order.id)
    return bool(able)


def waiting(inc: Durable) -> list[Action]:
    """What stands on a rung that is not reached yet."""
    return [one for one in inc.state.actions if one.order.rung > inc.state.rung and one.status == "planned"]


def next_if_it_goes_on(inc: Durable) -> str:
    """What begins as soon as the harm is seen to go on, in words; empty if nothing would."""
    if not judged_so(inc):
        return ""
    held = waiting(inc)
    first = min((one.order.rung for one in held), default=0)
    titles = ", ".join(one.order.title for one in held if one.order.rung == first)
    return f"If the harm goes on, say `fact` ongoing=true: next is {titles}." if titles else ""


def _not_in_force(inc: Durable, one: Action) -> bool:
    """Whether it is not in force and nothing says that it will be soon: it went wrong, or was waited for long enough."""
    slow = one.status in ("planned", "applying", "applied") and inc.done(watching.slow_step(one))
    return one.status in BROKEN or slow


def _instead(one: Action, other: Action) -> bool:
    """Whether ``one`` may begin because ``other`` is not in force."""
    asks = one.order.gate is not None or not one.order.reversible
    return _overlap(one.order.covers, other.order.covers) and (asks or other.status != "denied")


def _overlap(some: Iterable[str], others: Iterable[str]) -> bool:
    """Whether there may be a way that something of both closes: the same, all of its kind, or the whole agent."""
    return any(_alike(one, other) or _alike(other, one) for one in some for other in others)


def _alike(one: str, other: str) -> bool:
    kind = other.partition(":")[0]
    return one in (other, f"{kind}:*") or (one == STOPS_ALL and kind not in _OUTSIDE)


def _step(said: str) -> str:
    return f"goes-on:{said}"
