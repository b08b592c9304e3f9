"""Which other incidents of this agent there are: looked up at the opening, and again before somebody outside is told."""

from __future__ import annotations

from temporalio.exceptions import ActivityError

from halon.incident.looking_back import looked_back
from halon.incident.others import traces_of
from halon.ports import detect
from halon_workflows import patches
from halon_workflows.durable import Durable, reason_of

OPENING = "others"


async def look(inc: Durable, step: str = OPENING) -> None:
    """One look for each ``step``. It is beside the way to containment, and what can't be listed stops nothing."""
    if inc.done(step) or not inc.goes(patches.OTHERS):
        return
    state = inc.state
    since, _ = looked_back(state.alerts, state.opened_at)
    request = detect.Others(state.incident_id, state.agent, since, traces_of(state)[:100], state.drill,
                            state.group)  # fmt: skip
    try:
        known = await inc.act(detect.others, request, "look for other incidents of this agent", step=step)
    except ActivityError as error:
        inc.note(
            "unknown",
            "detect",
            f"Other incidents of this agent could not be looked up ({': '.join(reason_of(error))}).",
        )
        inc.mark(step)
        return
    new = [
        one
        for one in known.others
        if one.related and one.in_words() not in {had.in_words() for had in inc.state.others}
    ]
    inc.change(others=known.others)
    for one in new:
        inc.note("others", "detect", f"It may be about the same deeds: {one.in_words()}.", workflow_id=one.workflow_id)
    inc.mark(step)
