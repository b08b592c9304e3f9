"""Which action stands on which rung, and why, by example; and how long it takes to say so."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from time import process_time
from typing import Any

import pytest

from halon.incident.assessment import Mode
from halon.incident.orders import Call, GatePolicy, Order
from halon.judgement.containment import Allowed, Plan, Prepared, plan
from halon.judgement.planner import Ready, place
from halon.judgement.predicates import ALWAYS, Leaf, Not, Tree
from halon.judgement.surface import Held, Surface
from halon.judgement.ways import Way
from halon.judgement.ways_told import CUT_SHORT

CALL = Call("GET", "http://127.0.0.1:1/x", ("127.0.0.1",))


ASK, OWN = GatePolicy(roles=("commander",)), GatePolicy(roles=("security_lead",))


NOT_SETTLED, FALSE = Leaf("agent_deceived", "is", True), Not(ALWAYS)


TOOLS = ["mail", "refund", "shell"]


SURFACE = Surface(
    dict.fromkeys(TOOLS, "write"), (Held("credential", "key"),), (Held("output", "chat"),), (Held("source", "wiki"),)
)


HARM = {"confirmed": True, "unauthorised_tool_actions": TOOLS, "external_recipient": True}


def order(
    name: str, *covers: str, undo: bool = True, rung: int = 1, much: int = 1, gate: GatePolicy | None = None
) -> Order:
    """An order that closes ``covers``."""
    return Order(name, name, name, "bot", "it", undo, "keyed", CALL, CALL, rung=rung, disruption=much, covers=covers,
                 gate=gate)  # fmt: skip


def planned(prepared: list[Prepared], facts: dict[str, Any], allowed: int = 4) -> Plan:
    """In mode act."""
    return plan(prepared, facts, "act", ASK, surface=SURFACE, allowed=Allowed(allowed, "SEV3"))


def rungs(*some: Order, allowed: int = 4, when: Tree = ALWAYS, **facts: Any) -> dict[str, int]:
    """The rung of each order, in the order in which they run."""
    found = planned([Prepared(one, when) for one in some], {**HARM, "credential_exposed": False, **facts}, allowed)
    return {one.id: one.rung for one in found.orders}


def reasons(*some: Order, allowed: int = 4, **facts: Any) -> dict[str, tuple[str, ...]]:
    """Why each order stands where it stands."""
    known = {**HARM, "untrusted_instruction": False, **facts}
    return {one.id: one.told for one in planned([Prepared(one, ALWAYS) for one in some], known, allowed).orders}


OFF = order("off", "tool:mail")


QUIET: dict[str, Any] = {
    "unauthorised_tool_actions": ["mail"],
    "external_recipient": False,
    "untrusted_instruction": False,
}


READ_ONLY, STOP = order("read-only", "tool:*", much=2), order("stop", "agent:", rung=2, much=4)


REVOKE = order("revoke", "credential:key", undo=False, much=3, gate=OWN)


def test_one_tool_is_switched_off_and_the_agent_stopped_only_after_that() -> None:
    """The least first; what also would have done it follows rung by rung, the kit's own rung at the least."""
    assert rungs(OFF, READ_ONLY, STOP, **QUIET) == {"off": 1, "read-only": 2, "stop": 3}
    assert rungs(OFF, STOP, **QUIET) == {"off": 1, "stop": 2}
    assert rungs(OFF, READ_ONLY, STOP, unauthorised_tool_actions=["mail", "refund"]) == {
        "read-only": 1,
        "off": 2,
        "stop": 2,
    }


@pytest.mark.parametrize(
    ("mode", "held", "rung"),
    [("act", "", {"blunt": 1, "gentle": 2}), ("observe", "", {"blunt": 1, "gentle": 2}),
     ("observe", "nobody vouches for it", {"blunt": 1, "gentle": 2}), ("suggest", "", {"gentle": 1, "blunt": 2}),
     ("act", "nobody vouches for it", {"gentle": 1, "blunt": 2})],
)  # fmt: skip
def test_where_everything_asks_the_gentlest_is_asked_for(mode: Mode, held: str, rung: dict[str, int]) -> None:
    """What would otherwise run by itself has no head start where it needs people as well."""
    blunt, gentle = order("blunt", "tool:mail", much=2), order("gentle", "tool:mail", gate=OWN)
    known = {**QUIET, "credential_exposed": False}
    found = plan([Prepared(one, ALWAYS) for one in (blunt, gentle)], known, mode, ASK, held=held, surface=SURFACE)
    assert {one.id: one.rung for one in found.orders} == rung
    if mode == "suggest" or (held and mode == "act"):
        assert all(one.gate for one in found.orders)
        assert found.orders[0].why[-2] == "covers tool:mail; nothing gentler covers it"


def test_what_is_in_force_is_not_done_again_by_something_else() -> None:
    """Everything may be read only by now: a fact that calls for switching one tool off as well changes nothing."""
    both = [Prepared(one, ALWAYS) for one in (OFF, READ_ONLY, STOP)]
    known = {**QUIET, "credential_exposed": False}
    found = plan(both, known, "act", ASK, surface=SURFACE, in_force=["read-only"])
    assert {one.id: one.rung for one in found.orders} == {"read-only": 1, "off": 2, "stop": 3}
    ruled_out = plan(
        [Prepared(READ_ONLY, FALSE), *both[:1]], known, "act", ASK, surface=SURFACE, in_force=["read-only"]
    )
    assert {one.id: one.rung for one in ruled_out.orders} == {"off": 2}
    failed = plan(both, known, "act", ASK, surface=SURFACE, failed=["off"])
    assert {one.id: one.rung for one in failed.orders} == {"off": 1, "read-only": 1, "stop": 2}


def test_the_whole_agent_is_not_stopped_for_what_is_only_perhaps_there() -> None:
    """One tool was misused, and nobody knows yet whether a page steered the agent: the tool goes first, the agent next."""
    kill = replace(STOP, rung=1)
    facts: dict[str, Any] = {**QUIET, "untrusted_instruction": None}
    assert rungs(OFF, kill, **facts) == {"off": 1, "stop": 2}
    assert rungs(OFF, kill, allowed=2, **facts) == {"off": 1, "stop": 2}
    assert rungs(kill, unauthorised_tool_actions=["mail"]) == {"stop": 1}
    told = reasons(OFF, order("block", "source:wiki", much=2), **facts, credential_exposed=False)
    assert told["block"][-1].endswith(
        "only once the harm is seen to go on: it disrupts more than what is certain takes"
    )


def test_what_the_facts_call_for_comes_before_what_is_not_settled() -> None:
    """A mail reached somebody outside, and which tool did it is not known: the mail is closed first, the rest after it."""
    off, read_only = replace(OFF, covers=("tool:mail", "output:chat")), replace(READ_ONLY, covers=("tool:*",))
    facts = {"confirmed": True, "external_recipient": True, "credential_exposed": False, "untrusted_instruction": False}
    found = planned([Prepared(off, ALWAYS), Prepared(read_only, NOT_SETTLED), Prepared(STOP, ALWAYS)], facts)
    assert {one.id: one.rung for one in found.orders} == {"off": 1, "read-only": 2, "stop": 2}


def test_what_runs_by_itself_comes_before_what_waits_for_people() -> None:
    """A gentler action that asks does not hold back one that can begin at once."""
    asks = replace(OFF, id="asks", gate=OWN, disruption=0)
    assert rungs(asks, READ_ONLY, **QUIET) == {"read-only": 1, "asks": 2}


def test_a_credential_is_asked_for_though_nobody_knows_yet_whether_it_is_exposed() -> None:
    """A tool was misused that signs in with it: what can be undone is done, and where nothing can, people are asked."""
    narrow = order("narrow", "credential:key", much=2)
    facts: dict[str, Any] = {**QUIET, "credential_exposed": None}
    assert rungs(OFF, REVOKE, STOP, **facts) == {"off": 1, "revoke": 1, "stop": 2}
    assert rungs(OFF, REVOKE, STOP, narrow, **facts) == {"off": 1, "narrow": 1, "revoke": 2, "stop": 2}
    assert rungs(OFF, REVOKE, when=NOT_SETTLED, **facts) == {"off": 1, "revoke": 1}


def test_beyond_what_the_severity_allows_nothing_comes_before_what_it_allows() -> None:
    """For a way that is certain, what can't be undone is asked for before what disrupts too much; for a perhaps, never."""
    suspend = order("suspend", "credential:key", much=4)
    assert rungs(REVOKE, suspend, allowed=3, credential_exposed=True) == {"revoke": 1, "suspend": 2}
    assert rungs(REVOKE, suspend, allowed=4, credential_exposed=True) == {"suspend": 1, "revoke": 2}
    assert rungs(REVOKE, suspend, allowed=3, credential_exposed=None) == {"suspend": 1, "revoke": 2}


def test_the_kill_switch_does_not_close_a_credential_in_other_hands() -> None:
    """So the token is asked for on the first rung also where the whole agent is stopped there."""
    assert rungs(replace(STOP, rung=1), REVOKE, credential_exposed=True) == {"stop": 1, "revoke": 1}
    found = planned([Prepared(STOP, ALWAYS)], {"credential_exposed": True, "unauthorised_tool_actions": []})
    (left,) = found.uncovered
    assert left.told == "Nothing in the kit stops credential:key."
    assert (left.because, left.perhaps) == ("credential_exposed is true", False)
    assert left.do == "revoke or rotate it where it was issued; then add an action that covers it in actions.yaml"


def test_what_disrupts_more_than_the_severity_allows_asks_first_and_says_why() -> None:
    """On the first rung; where the kit put it on a later one, it follows by itself when the harm is seen to go on."""
    stop = replace(STOP, rung=1)
    (found,) = planned([Prepared(stop, ALWAYS)], HARM, 2).orders
    assert (found.rung, found.gate) == (1, ASK)
    assert found.why[0] == "asks first: disruption 4 is more than SEV3 allows (2)"
    (later,) = planned([Prepared(STOP, ALWAYS)], HARM, 2).orders
    assert (later.rung, later.gate) == (2, None)
    (observed,) = plan([Prepared(stop, ALWAYS)], HARM, "observe", ASK, surface=SURFACE, allowed=Allowed(2)).orders
    assert observed.gate is None


def test_each_order_says_what_it_covers_and_why_nothing_gentler_does() -> None:
    """In words that a tired approver can check, beside the reasons that they agree to."""
    facts: dict[str, Any] = {**QUIET, "credential_exposed": None}
    told = reasons(OFF, REVOKE, STOP, **facts)
    assert told["off"][-2:] == ("covers tool:mail; nothing gentler covers it", "if the harm goes on, rung 2: stop")
    assert told["revoke"][-1] == "covers perhaps credential:key; nothing that can be undone covers it"
    assert told["stop"][-1] == "covers tool:mail; only if the harm goes on after off"
    both = reasons(
        OFF, READ_ONLY, **{**QUIET, "unauthorised_tool_actions": ["mail", "refund"], "credential_exposed": False}
    )
    assert both["read-only"][-2] == "covers tool:mail, tool:refund; nothing gentler covers tool:refund"
    hold = reasons(order("hold", "spend:*"), order("legal"), **QUIET)
    assert hold["hold"][-1] == "closes no way of harm that is known; the kit plans it all the same"
    assert hold["legal"] == ("the kit plans it for every incident of this agent",)


def test_a_fact_that_opens_another_way_leaves_what_was_agreed_as_it_was() -> None:
    """The approval of an action is bound to what it does and why the facts call for it, not to what else is known."""
    stop = replace(REVOKE, covers=("credential:key", "tool:refund"))
    facts: dict[str, Any] = {**QUIET, "credential_exposed": True}
    (before,) = planned([Prepared(stop, ALWAYS)], facts).orders
    (after,) = planned([Prepared(stop, ALWAYS)], {**facts, "unauthorised_tool_actions": ["mail", "refund"]}).orders
    assert before.why != after.why
    assert (before.as_agreed(), before.digest_for("i", "apply")) == (after.as_agreed(), after.digest_for("i", "apply"))


def test_a_way_that_an_action_closes_whose_condition_is_false_says_so() -> None:
    """Or that of a planned action the kit doesn't say what it covers."""
    ruled_out = planned([Prepared(OFF, FALSE)], HARM).uncovered[0]
    assert ruled_out.do == "off would, and its condition does not hold: look at it in actions.yaml"
    silent = planned([Prepared(order("block"), ALWAYS)], HARM).uncovered[0]
    assert (
        silent.do == "take the tool away from the agent by hand; if block does, say so under its covers in actions.yaml"
    )


def test_the_runbook_breaks_a_tie_and_nothing_else() -> None:
    """Of two that close the same and disrupt the same, the one that the runbook names; never the more disruptive one."""
    one, other, more = (order(name, "tool:mail", much=much) for name, much in (("a", 1), ("b", 1), ("c", 2)))
    prepared = [Prepared(each, ALWAYS) for each in (one, other, more)]
    facts: dict[str, Any] = {**QUIET, "untrusted_instruction": False, "credential_exposed": False}
    found = plan(prepared, facts, "act", ASK, preferred=("c", "b"), surface=SURFACE)
    assert [(each.id, each.rung) for each in found.orders] == [("b", 1), ("a", 2), ("c", 3)]


@pytest.mark.parametrize("tools", [12, 400])
def test_a_plan_over_two_hundred_actions_is_exact(tools: int) -> None:
    """No search is cut short: many actions that overlap, and a list of tools as long as a fact may be."""
    ways = [Way("tool", f"t{number}", "used") for number in range(tools)]
    ready = [
        Ready(f"a{number:03}", tuple(f"tool:t{(number * 7 + step * (1 + number % 5)) % 12}" for step in range(1 + number % 4)),
              reversible=number % 3 != 0, asks=number % 3 == 0, disruption=number % 5)
        for number in range(200)
    ]  # fmt: skip
    found = place(ways, ready, 3)
    assert found.exact
    assert len(found.rung) == 200
    assert len(found.uncovered) == max(0, tools - 12)


@pytest.mark.parametrize(("number", "exact"), [(12, True), (16, True), (20, True), (60, False)])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_actions_that_overlap_at_random_are_planned_at_once(number: int, exact: bool, seed: int) -> None:
    """Exact for the sizes that occur; beyond them the search ends all the same, covers everything, and says so."""
    dice = Random(seed)
    ways = [Way("tool", f"t{place}", "used") for place in range(number)]
    ready = [
        Ready(f"a{place:03}", tuple({f"tool:t{dice.randrange(number)}" for _ in range(dice.randint(1, 4))}),
              reversible=dice.random() < 0.8, asks=dice.random() < 0.2, disruption=dice.randint(0, 3))
        for place in range(200)
    ]  # fmt: skip
    began = process_time()
    found = place(ways, ready, 3)
    assert process_time() - began < 0.25
    assert found.exact is exact
    by_id = {one.id: one for one in ready}
    first = {cover for name, rung in found.rung.items() if rung == 1 for cover in by_id[name].covers}
    assert first == {cover for one in ready for cover in one.covers}
    prepared = [Prepared(order(one.id, *one.covers, much=one.disruption), ALWAYS) for one in ready]
    told = plan(prepared, {"unauthorised_tool_actions": [way.name for way in ways]}, "act", ASK).orders
    assert exact or any(CUT_SHORT in one.why for one in told)


def test_there_are_nine_rungs_at_most() -> None:
    """However many actions close the same way: what is left stands on the last rung."""
    found = place([Way("tool", "mail", "used")], [Ready(f"a{number:02}", ("tool:mail",)) for number in range(30)], 4)
    assert sorted(set(found.rung.values())) == list(range(1, 10))
    assert [name for name, rung in found.rung.items() if rung < 9] == [f"a{number:02}" for number in range(8)]
