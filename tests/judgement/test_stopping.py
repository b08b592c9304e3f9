"""What stops an agent on one word: all of it where the kit can, else what covers most, and only what can be undone."""

from __future__ import annotations

from typing import Any

from halon.incident.orders import Call, GatePolicy, Order
from halon.judgement.containment import Prepared
from halon.judgement.policy import AgentPolicy
from halon.judgement.stopping import stopping
from halon.judgement.surface import Surface

CALL = Call("PUT", "https://agent.example/x", ("agent.example",))
GATE = GatePolicy(("security_lead",))


def order(name: str, *covers: str, **fields: Any) -> Order:
    told = {"id": name, "action": name, "title": name, "agent": "bot", "target": "t", "reversible": True, "effect": "keyed",
            "apply": CALL, "verify": CALL, "undo": CALL, "covers": covers}  # fmt: skip
    return Order(**{**told, **fields})


def ready(*orders: Order, mode: Any = "act", **fields: Any) -> Any:
    prepared = tuple(Prepared(one, {}) for one in orders)
    return stopping("bot", {"bot": AgentPolicy("bot", "Bot", "acme", mode, prepared, **fields)})


def ids(found: Any) -> list[str]:
    return [one.id for one in found.orders]


def test_the_whole_agent_before_any_part_of_it() -> None:
    """One order that stops all of it is enough, however many parts could be switched off."""
    found = ready(order("mail", "tool:mail"), order("kill", "agent:", disruption=4))
    assert (ids(found), found.whole, found.left) == (["kill"], True, ())


def test_the_strongest_that_needs_nobody_else() -> None:
    """Of several the one that disrupts most; one that the kit puts a gate before only if there is no other."""
    drain, kill = order("drain", "agent:", disruption=2), order("kill", "agent:", disruption=4)
    gated = order("hard", "agent:", disruption=4, gate=GATE)
    assert ids(ready(drain, kill)) == ["kill"]
    assert ids(ready(drain, gated)) == ["drain"]
    assert ids(ready(gated)) == ["hard"]


def test_never_what_can_not_be_undone() -> None:
    """Neither as the whole nor as a part; where nothing else is ready, nothing is."""
    final = order("wipe", "agent:", "tool:mail", reversible=False, undo=None)
    assert ids(ready(final)) == []
    assert ids(ready(final, order("mail", "tool:mail"))) == ["mail"]


def test_else_the_least_set_that_covers_most_and_what_it_leaves_is_named() -> None:
    """Two tools need two orders, one that covers both needs one; what nobody prepared is said."""
    surface = Surface(tools={"mail": "external", "refund": "money", "search": "read", "shell": "code"})
    both = order("read-only", "tool:mail", "tool:refund", disruption=2)
    found = ready(order("mail", "tool:mail"), order("refund", "tool:refund"), both, surface=surface)
    assert set(ids(found)) in ({"mail", "refund"}, {"read-only"})
    assert not found.whole
    assert "tool:shell" in found.left
    assert "tool:search" not in found.left, "what only reads is no way of harm by itself"


def test_the_order_of_the_kit_changes_nothing() -> None:
    """The same question has the same answer."""
    some = [order("a", "tool:x"), order("b", "tool:x"), order("c", "tool:y")]
    assert ids(ready(*some)) == ids(ready(*reversed(some)))


def test_the_mode_and_a_stranger() -> None:
    """What the kit says of the agent; one that it does not know is observed, and nothing is ready."""
    assert ready(order("kill", "agent:"), mode="observe").mode == "observe"
    assert stopping("ghost", {}).mode == "observe"
