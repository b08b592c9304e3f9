"""Roles that must be among those who agree, vetoes and a broken glass, counted again from history right before the effect."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from halon.incident.gates import Answer
from halon.incident.orders import GatePolicy, Order
from halon_activities.hands import Hands

NOW = "2026-11-22T08:00:00Z"
TWO = GatePolicy(("security_lead",), every=("privacy_officer",))
GLASS = GatePolicy(("security_lead",), break_glass=2, break_glass_roles=("commander", "technical_lead"))


def under(orders: Mapping[str, Order], policy: GatePolicy) -> Order:
    return replace(orders["revoke-token"], gate=policy)


async def said(incident: Any, asked: Any, command: str, by: str, gate: str, *, glass: bool = False) -> Answer:
    """What ``by`` really said in the history, as the answer that a gate holds of it."""
    proof = await incident.say(command, f"{command}-{by}", by=by, gate=gate, reason="now")
    return replace(asked.answer(by, proof), glass=glass)


async def test_each_role_that_must_be_there_is_there_in_history(
    incident: Any, hands: Hands, orders: Mapping[str, Order], asked: Any
) -> None:
    """A quorum alone is not enough: what is missing is named, and whoever holds that role may answer."""
    order = under(orders, TWO)
    name = asked.gate(order, incident.incident_id).id
    sue = await said(incident, asked, "approve", "sue", name)
    why = await asked.applied(incident, hands, order, asked.gate(order, incident.incident_id, sue))
    assert "history shows sue" in why
    assert "a privacy_officer still has to agree" in why
    pat = await said(incident, asked, "approve", "pat", name)
    assert await asked.applied(incident, hands, order, asked.gate(order, incident.incident_id, sue, pat)) == ""


async def test_roles_are_those_that_people_hold_now(
    incident: Any, hands: Hands, orders: Mapping[str, Order], asked: Any
) -> None:
    """Roles written into the answer are not believed, so nobody stands for two."""
    order = under(orders, TWO)
    name = asked.gate(order, incident.incident_id).id
    sue = await said(incident, asked, "approve", "sue", name)
    ann = await said(incident, asked, "approve", "ann", name)
    forged = [replace(one, roles=("security_lead", "privacy_officer")) for one in (sue, ann)]
    why = await asked.applied(incident, hands, order, asked.gate(order, incident.incident_id, *forged))
    assert "ann: holds commander" in why
    assert "a privacy_officer still has to agree" in why


async def test_a_broken_glass_is_read_from_history(
    incident: Any, hands: Hands, orders: Mapping[str, Order], asked: Any
) -> None:
    """As many as the kit says, each with the role, and said as break-glass there: a plain approve does not serve for it."""
    order = under(orders, GLASS)
    name = asked.gate(order, incident.incident_id).id
    tom = await said(incident, asked, "break-glass", "tom", name, glass=True)
    assert "1 more of security_lead" in await asked.applied(
        incident, hands, order, asked.gate(order, incident.incident_id, tom)
    )
    plain = replace(await said(incident, asked, "approve", "ann", name), glass=True)
    why = await asked.applied(incident, hands, order, asked.gate(order, incident.incident_id, tom, plain))
    assert "ann: no such approval stands in the history" in why
    ann = await said(incident, asked, "break-glass", "ann", name, glass=True)
    assert await asked.applied(incident, hands, order, asked.gate(order, incident.incident_id, tom, ann)) == ""


@pytest.mark.parametrize(
    ("policy", "by", "proposer", "words"),
    [
        (replace(GLASS, break_glass=0), "tom", "halon", "tom: holds technical_lead, and may not break the glass"),
        (replace(GLASS, break_glass=1), "pat", "halon", "pat: holds privacy_officer, and may not break the glass"),
        (replace(GLASS, break_glass=1), "tom", "tom", "tom: proposed it, and somebody else must agree"),
    ],
)
async def test_a_glass_that_is_none_is_never_broken(
    incident: Any, hands: Hands, orders: Mapping[str, Order], asked: Any, policy: GatePolicy, by: str, proposer: str,
    words: str,
) -> None:  # fmt: skip
    """Not where the kit has none, not by others than it names, not by whoever proposed it."""
    order = under(orders, policy)
    gate = asked.gate(order, incident.incident_id, proposer=proposer)
    answer = await said(incident, asked, "break-glass", by, gate.id, glass=True)
    assert words in await asked.applied(incident, hands, order, replace(gate, answers=(answer,)))


async def test_an_ordinary_yes_serves_with_a_broken_glass_and_only_the_right_no_ends_it(
    incident: Any, hands: Hands, orders: Mapping[str, Order], asked: Any
) -> None:
    """Where the kit names who may say no, another's no stops nothing; theirs does."""
    order = under(orders, replace(GLASS, quorum=2, veto=("privacy_officer",)))
    name = asked.gate(order, incident.incident_id).id
    await said(incident, asked, "reject", "ann", name)
    sue = await said(incident, asked, "approve", "sue", name)
    tom = await said(incident, asked, "break-glass", "tom", name, glass=True)
    gate = asked.gate(order, incident.incident_id, sue, tom)
    assert await asked.applied(incident, hands, order, gate) == ""
    other = under(orders, replace(GLASS, break_glass=1, veto=("privacy_officer",)))
    name = asked.gate(other, incident.incident_id).id
    await incident.say("reject", "no-of-pat", by="pat", gate=name, reason="no")
    tom = replace(
        asked.answer("tom", await incident.say("break-glass", "glass-of-tom", by="tom", gate=name)), glass=True
    )
    assert "pat said no to gate" in await asked.applied(
        incident, hands, other, asked.gate(other, incident.incident_id, tom)
    )


async def test_the_no_of_whoever_proposed_it_counts(
    incident: Any, hands: Hands, orders: Mapping[str, Order], asked: Any
) -> None:
    """They may always say no, whatever role they hold."""
    order = under(orders, GatePolicy(("security_lead",)))
    gate = asked.gate(order, incident.incident_id, proposer="cus")
    await incident.say("reject", "no-of-cus", by="cus", gate=gate.id, reason="a mistake")
    sue = await said(incident, asked, "approve", "sue", gate.id)
    assert "cus said no to gate" in await asked.applied(incident, hands, order, replace(gate, answers=(sue,)))
