"""A Signal that the incident refused stops nothing: history does not mark it, and the effect must not count it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from halon.incident.gates import Answer, Proof
from halon.incident.orders import GatePolicy, Order
from halon_activities.hands import Hands

NOW = "2026-11-22T08:00:00Z"
EITHER = GatePolicy(("security_lead", "commander"), quorum=2)


async def yes(incident: Any, asked: Any, by: str, gate: str) -> Answer:
    found: Answer = asked.answer(by, await incident.say("approve", f"yes-of-{by}", by=by, gate=gate))
    return found


async def signal(incident: Any, command: str, by: str, gate: str, **fields: Any) -> None:
    """A Signal that anybody may send who reaches Temporal, under any name."""
    await incident.handle.signal(command, {"by": by, "gate": gate, "reason": "anybody typed this", **fields})


async def test_a_no_by_signal_after_the_own_yes_stops_nothing(
    incident: Any, hands: Hands, orders: Mapping[str, Order], asked: Any
) -> None:
    """The incident refuses it as answered already, so the quorum that it grants runs; before or after the last yes."""
    order = replace(orders["revoke-token"], gate=EITHER)
    name = asked.gate(order, incident.incident_id).id
    sue = await yes(incident, asked, "sue", name)
    await signal(incident, "reject", "sue", name)
    ann = await yes(incident, asked, "ann", name)
    await signal(incident, "reject", "ann", name)
    assert await asked.applied(incident, hands, order, asked.gate(order, incident.incident_id, sue, ann)) == ""


async def test_a_no_by_signal_counts_as_far_as_the_incident_took_it(
    incident: Any, hands: Hands, orders: Mapping[str, Order], asked: Any
) -> None:
    """One from somebody who may not see the incident is not among the gate's answers; one that is there stops it."""
    order = replace(orders["revoke-token"], gate=replace(EITHER, quorum=1))
    name = asked.gate(order, incident.incident_id).id
    await signal(incident, "reject", "ann", name)
    sue = await yes(incident, asked, "sue", name)
    no = asked.answer("ann", Proof(incident.run_id, "signal"), approve=False)
    assert "ann said no" in await asked.applied(
        incident, hands, order, asked.gate(order, incident.incident_id, no, sue)
    )
    assert await asked.applied(incident, hands, order, asked.gate(order, incident.incident_id, sue)) == ""


async def test_taking_back_by_signal_counts_where_it_is_a_command(
    incident: Any, hands: Hands, orders: Mapping[str, Order], asked: Any
) -> None:
    """A malformed one was refused unread; a good one keeps what was allowed from running."""
    order = replace(orders["revoke-token"], gate=replace(EITHER, quorum=1))
    gate = asked.gate(order, incident.incident_id)
    sue = await yes(incident, asked, "sue", gate.id)
    granted = asked.gate(order, incident.incident_id, sue)
    await signal(incident, "withdraw", "sue", gate.id, colour="red")
    assert await asked.applied(incident, hands, order, granted) == ""
    await signal(incident, "withdraw", "sue", gate.id)
    other = replace(order, target=f"{order.target}-2")
    again = asked.gate(other, incident.incident_id)
    lee = await yes(incident, asked, "lee", again.id)
    await signal(incident, "withdraw", "lee", again.id)
    assert "took it back" in await asked.applied(incident, hands, other, asked.gate(other, incident.incident_id, lee))
