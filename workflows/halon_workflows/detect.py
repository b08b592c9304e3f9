"""Detect: is it real? The agent's own traces confirm or they don't; what can't be seen stays unknown."""

from __future__ import annotations

from temporalio.exceptions import ActivityError

from halon.incident.counting import counted
from halon.incident.ids import successor_id
from halon.incident.learning import learn
from halon.incident.looking_back import looked_back
from halon.incident.sheaves import is_sheaf, number
from halon.incident.standing import with_phase
from halon.incident.state import State
from halon.ports import detect
from halon_workflows.durable import Durable, reason_of

AT_ONCE = 500
"""Alerts handed on in one go: Temporal refuses a payload over 2 MB."""


async def corroborate(inc: Durable) -> None:
    """Look at the agent's traces and action log once, and keep what they show."""
    if inc.done("corroborated"):
        return
    inc.state = with_phase(inc.state, "detect", "running", inc.now)
    await look(inc)
    inc.mark("corroborated")
    inc.state = with_phase(inc.state, "detect", "done", inc.now)


def request(state: State) -> detect.Look:
    """What to look for."""
    since, traces = looked_back(state.alerts, state.opened_at)
    return detect.Look(state.incident_id, state.agent, since, traces)


async def look(inc: Durable) -> bool:
    """One look. What can't be reached leaves everything unknown, and says so: then False."""
    seen = inc.early.take_seen() if inc.early else None
    if seen is None:
        try:
            seen = await inc.act(detect.corroborate, request(inc.state), "corroborate from the agent's traces")
        except ActivityError as error:
            seen = detect.Seen(reachable=False, note=": ".join(reason_of(error)))
    if not seen.reachable:
        inc.note("unknown", "detect", f"The agent could not be looked at: {seen.note}. Nothing is confirmed yet.")
        return False
    inc.state = learn(inc.state, seen.facts, inc.now)
    inc.note("corroborated", "detect", seen.note or "Looked at the agent's traces and action log.",
             traces=list(seen.trace_ids)[:20])  # fmt: skip
    return True


async def forward(inc: Durable) -> None:
    """Hand alerts that came after the join window to the successor, which has its own clocks."""
    while not inc.finished:
        await inc.until(lambda: bool(inc.state.forwarding) or inc.finished)
        if inc.state.forwarding:
            await hand_on(inc)


async def hand_on(inc: Durable) -> None:
    """One batch to the successor, also while the run ends: what Temporal holds is not dropped."""
    batch = inc.state.forwarding[: inc.state.forwarding_sent or AT_ONCE]
    if batch:
        if any(map(is_sheaf, batch)):  # these would grow while they are handed on
            inc.change(forwarding_sent=len(batch))
        many = counted(number(batch), "alert")
        successor = inc.state.successor or successor_id(inc.state.workflow_id)
        sent = await inc.act_now(
            detect.forward,
            detect.Forward(successor, inc.state.workflow_id, batch, inc.state.drill),
            f"hand {many} on",
        )
        inc.change(forwarding=inc.state.forwarding[len(batch) :], forwarding_sent=0, successor=sent.workflow_id)
        word = "opened" if sent.opened else "joined"
        inc.note("successor", "detect", f"{many} went to {sent.workflow_id} ({word}).")
