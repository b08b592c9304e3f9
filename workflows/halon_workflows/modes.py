"""The agent's mode may change under an open incident: stronger begins what was only noted, weaker begins nothing new."""

from __future__ import annotations

from dataclasses import replace

from halon.incident.orders import Action
from halon.incident.standing import open_gates, with_action
from halon.incident.stopped import stopped_at
from halon_workflows import gating, patches
from halon_workflows.durable import Durable

HELD_BACK = "the agent's mode is observe now."


def only_observed(inc: Durable) -> bool:
    """Whether Halon may only note what it would do."""
    return inc.state.assessment is None or inc.state.assessment.mode == "observe"


def may_begin(inc: Durable) -> bool:
    """Whether something was only noted that the mode allows by now, and the harm goes on."""
    if only_observed(inc) or inc.state.false_alarm_by or stopped_at(inc.state):
        return False
    return bool(_noted(inc))


def begin_what_was_noted(inc: Durable) -> bool:
    """Plan what was only noted; it is then asked for or done as anything else. False: this history knows no such thing."""
    if not may_begin(inc) or not inc.goes(patches.STRONGER):
        return False
    if inc.state.harm_stopped_at:  # an earlier build took it for stopped when it was only observed
        inc.change(harm_stopped_at="", recovered_at="")
    mode = inc.state.assessment.mode if inc.state.assessment else ""
    for one in _noted(inc):
        inc.state = with_action(inc.state, replace(one, status="planned"))
        inc.note("action", "contain", f"The agent's mode is {mode} now, and what was only noted is planned: {one.order.title}.",
                 action=one.order.id, status="planned")  # fmt: skip
    return True


def hold_back(inc: Durable) -> None:
    """The mode became observe: what people were asked is asked no more."""
    asked = [one for one in open_gates(inc.state) if one.kind == "contain"]
    if only_observed(inc) and asked and inc.goes(patches.WEAKER):
        for one in asked:
            gating.void(inc, one, HELD_BACK)


def _noted(inc: Durable) -> list[Action]:
    return [one for one in inc.state.actions if one.status == "would run" and one.order.rung <= inc.state.rung]
