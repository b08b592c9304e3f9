"""Containment: which orders, in which order, behind which gate."""

from __future__ import annotations

from typing import Any

from halon.incident.orders import Call, GatePolicy, Order
from halon.judgement.containment import Prepared, plan
from halon.judgement.predicates import ALWAYS, Any_, Leaf

CALL = Call("GET", "http://127.0.0.1:1/x", ("127.0.0.1",))
ASK = GatePolicy(roles=("commander",))
OWN = GatePolicy(roles=("security_lead",))
CONFIRMED = Leaf("confirmed", "is", True)


def order(name: str, *, reversible: bool = True, rung: int = 1, disruption: int = 1) -> Order:
    gate = None if reversible else OWN
    return Order(
        name, name, name, "bot", "it", reversible, "keyed", CALL, CALL, rung=rung, disruption=disruption, gate=gate
    )


def test_reversible_first_then_rung_by_rung() -> None:
    """Within a rung, what can be undone and disturbs least comes first."""
    prepared = [
        Prepared(order("kill", rung=2, disruption=4), ALWAYS),
        Prepared(order("revoke", reversible=False, disruption=0), ALWAYS),
        Prepared(order("limit", disruption=2), ALWAYS),
        Prepared(order("disable", disruption=1), ALWAYS),
    ]
    planned = plan(prepared, {}, "act", ASK)
    assert [one.id for one in planned.orders] == ["disable", "limit", "revoke", "kill"]


def test_what_the_runbook_prefers_comes_first_among_equals() -> None:
    """A preference breaks a tie; it never puts the more disruptive first."""
    prepared = [Prepared(order(name), ALWAYS) for name in ("a", "b", "c")] + [
        Prepared(order("d", disruption=0), ALWAYS)
    ]
    planned = plan(prepared, {}, "act", ASK, preferred=("c", "b", "not-planned"))
    assert [one.id for one in planned.orders] == ["d", "c", "b", "a"]


def test_what_the_facts_rule_out_is_not_planned() -> None:
    """A condition that is false leaves the order out."""
    assert plan([Prepared(order("disable"), CONFIRMED)], {"confirmed": False}, "act", ASK).orders == ()


def test_undecided_and_reversible_is_planned_in_mode_act() -> None:
    """What can be undone does not wait for certainty; the reason says so, and the need is named."""
    planned = plan([Prepared(order("disable"), CONFIRMED)], {}, "act", ASK)
    assert planned.orders[0].gate is None
    assert planned.orders[0].reasons[0] == "planned although not settled yet, because it can be undone"
    assert planned.needs == ("confirmed",)


def test_undecided_and_irreversible_is_only_suggested_behind_its_gate() -> None:
    """What can't be undone is a suggestion until the facts are in, and always asks."""
    planned = plan([Prepared(order("revoke", reversible=False), CONFIRMED)], {}, "act", ASK)
    assert planned.orders[0].gate == OWN
    assert planned.orders[0].reasons[0].startswith("suggested only")


def test_mode_suggest_asks_for_everything() -> None:
    """In mode suggest even what can be undone asks, by the kit's common gate; an own gate stays."""
    prepared = [Prepared(order("disable"), ALWAYS), Prepared(order("revoke", reversible=False), ALWAYS)]
    assert [one.gate for one in plan(prepared, {}, "suggest", ASK).orders] == [ASK, OWN]


def test_an_irreversible_order_without_gate_still_gets_one() -> None:
    """Promise 3 does not hang on the kit having been checked: a missing gate becomes the common one."""
    bare = Order("drop", "drop", "drop", "bot", "it", False, "once", CALL, CALL)
    assert plan([Prepared(bare, ALWAYS)], {}, "act", ASK).orders[0].gate == ASK


EXPOSED = Any_((Leaf("credential_exposed", "is", True), CONFIRMED))


def proposed(facts: dict[str, Any], without: dict[str, dict[str, Any]], *, reversible: bool = False) -> tuple[str, ...]:
    """Who is named as the proposer of an order whose condition is ``EXPOSED``."""
    planned = plan([Prepared(order("revoke", reversible=reversible), EXPOSED)], facts, "act", ASK, without)
    return planned.orders[0].proposed_by


def test_on_whose_word_alone_something_irreversible_is_planned_has_proposed_it() -> None:
    """Without that word it would not be in the plan, or not for certain; what can be undone has no proposer."""
    facts = {"credential_exposed": True, "confirmed": False}
    assert proposed(facts, {"sue": {"confirmed": False}}) == ("sue",)
    assert proposed(facts, {"sue": {"confirmed": False, "credential_exposed": False}}) == ("sue",)
    assert proposed(facts, {"sue": {"confirmed": False}}, reversible=True) == ()


def test_a_word_that_changes_nothing_proposes_nothing() -> None:
    """Seen by a machine as well, or said by two: nobody alone brought it into the plan."""
    both = {"credential_exposed": True, "confirmed": True}
    assert proposed(both, {"sue": {"confirmed": True}}) == ()
    assert proposed(both, {"sue": {"credential_exposed": True}, "ann": {"confirmed": True}}) == ()
    assert proposed({"confirmed": True}, {}) == ()
