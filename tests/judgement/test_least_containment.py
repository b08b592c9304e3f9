"""The plan as a whole: the first rung is the least that closes every way, and nothing begins that would not have before."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from halon.incident.assessment import Mode
from halon.incident.orders import Call, GatePolicy, Order
from halon.judgement.containment import Allowed, Plan, Prepared, plan
from halon.judgement.planner import Ready, place
from halon.judgement.predicates import ALWAYS, Leaf, Not
from halon.judgement.surface import Held, Surface
from halon.judgement.ways import Way, closes

CALL = Call("GET", "http://127.0.0.1:1/x", ("127.0.0.1",))


ASK, OWN = GatePolicy(roles=("commander",)), GatePolicy(roles=("security_lead",))


NOT_SETTLED, FALSE = Leaf("agent_deceived", "is", True), Not(ALWAYS)


TOOLS = ["mail", "refund", "shell"]


SURFACE = Surface(
    dict.fromkeys(TOOLS, "write"), (Held("credential", "key"),), (Held("output", "chat"),), (Held("source", "wiki"),)
)


HARM = {"confirmed": True, "unauthorised_tool_actions": TOOLS, "external_recipient": True}


COVERS = (
    "agent:",
    "tool:*",
    "tool:mail",
    "tool:refund",
    "tool:shell",
    "credential:key",
    "output:chat",
    "source:wiki",
    "spend:*",
)


def order(
    name: str, *covers: str, undo: bool = True, rung: int = 1, much: int = 1, gate: GatePolicy | None = None
) -> Order:
    """An order that closes ``covers``."""
    return Order(name, name, name, "bot", "it", undo, "keyed", CALL, CALL, rung=rung, disruption=much, covers=covers,
                 gate=gate)  # fmt: skip


orders = st.lists(
    st.builds(
        lambda name, covers, undo, rung, much, gate, when: Prepared(
            order(name, *covers, undo=undo, rung=rung, much=much, gate=gate), when
        ),
        st.sampled_from("abcdefgh"),
        st.lists(st.sampled_from(COVERS), max_size=3, unique=True),
        st.booleans(),
        st.sampled_from([1, 1, 1, 2, 3]),
        st.integers(0, 4),
        st.sampled_from([None, None, OWN]),
        st.sampled_from([ALWAYS, ALWAYS, NOT_SETTLED, FALSE]),
    ),
    max_size=6,
    unique_by=lambda one: one.order.id,
)


harm = st.fixed_dictionaries(
    {},
    optional={
        "confirmed": st.just(True),
        "unauthorised_tool_actions": st.lists(st.sampled_from(TOOLS), unique=True),
        "credential_exposed": st.booleans(),
        "external_recipient": st.booleans(),
        "untrusted_instruction": st.booleans(),
        "spend_times_budget": st.sampled_from([1, 9]),
    },
)


levels = st.integers(0, 4)


def planned(prepared: list[Prepared], facts: dict[str, Any], allowed: int = 4) -> Plan:
    """In mode act."""
    return plan(prepared, facts, "act", ASK, surface=SURFACE, allowed=Allowed(allowed, "SEV3"))


def shut(one: Order, ways: tuple[Way, ...]) -> set[str]:
    """The ways that an order closes."""
    return {way.key for way in ways if closes(one.covers, way)}


def all_shut(some: Any, ways: tuple[Way, ...]) -> set[str]:
    """The ways that at least one of them closes."""
    return {key for one in some for key in shut(one, ways)}


def certain_of(found: Plan) -> tuple[Way, ...]:
    """The ways that are certain."""
    return tuple(way for way in found.ways if not way.perhaps)


def live(prepared: list[Prepared]) -> list[Order]:
    """What the facts do not rule out, as the kit has it."""
    return [one.order for one in prepared if one.when is not FALSE]


def by_itself(one: Order, allowed: int) -> bool:
    """Whether it begins on the first rung without asking anybody, going by the kit."""
    return one.reversible and one.gate is None and one.disruption <= allowed and one.rung == 1


@given(orders, harm, levels)
@settings(max_examples=100, deadline=None)
def test_what_begins_by_itself_is_never_beaten(prepared: list[Prepared], facts: dict[str, Any], allowed: int) -> None:
    """Against every other set that may begin by itself: none closes the same ways, all of them certain, with less."""
    facts = {**facts, "credential_exposed": False, "untrusted_instruction": False, "unauthorised_tool_actions": TOOLS}
    found = planned(prepared, facts, allowed)
    may = [one for one in live(prepared) if by_itself(one, allowed) and shut(one, found.ways)]
    reach = all_shut(may, found.ways)
    names = [one.id for one in found.orders if one.rung == 1 and one.gate is None and shut(one, found.ways)]
    assert certain_of(found) == found.ways

    def cost(some: tuple[Order, ...]) -> tuple[int, int, int, list[str]]:
        much = [one.disruption for one in some]
        return max(much, default=0), sum(much), len(some), sorted(one.id for one in some)

    mine = {one.id: shut(one, found.ways) for one in may}
    every = (some for size in range(len(may) + 1) for some in combinations(may, size))
    best = min((some for some in every if set().union(*(mine[one.id] for one in some)) >= reach), key=cost)
    assert sorted(names) == cost(best)[3]


@given(orders, harm, levels)
@settings(max_examples=100, deadline=None)
def test_nothing_irreversible_where_what_can_be_undone_suffices(
    prepared: list[Prepared], facts: dict[str, Any], allowed: int
) -> None:
    """On the first rung it closes a way that nothing does which can be undone and disrupts no more than is allowed."""
    found = planned(prepared, facts, allowed)
    gentle = [one for one in live(prepared) if one.reversible and one.rung == 1 and one.disruption <= allowed]
    for one in found.orders:
        if one.rung == 1 and not one.reversible and shut(one, found.ways):
            assert shut(one, found.ways) - all_shut(gentle, found.ways)


@given(orders, harm, levels)
@settings(max_examples=100, deadline=None)
def test_the_first_rung_leaves_open_only_what_nothing_closes(
    prepared: list[Prepared], facts: dict[str, Any], allowed: int
) -> None:
    """What the kit has on its first rung for a certain way is begun or asked for there; what closes no way stands as in the kit."""
    found = planned(prepared, facts, allowed)
    certain = certain_of(found)
    first = [one for one in found.orders if one.rung == 1]
    ready = live(prepared)
    assert all_shut(first, certain) == all_shut((one for one in ready if one.rung == 1), certain)
    unasked = [one for one in ready if by_itself(one, allowed)]
    assert all_shut((one for one in first if one.gate is None), certain) == all_shut(unasked, certain)
    assert {one.way for one in found.uncovered} == {
        str(way) for way in found.ways if way.key not in all_shut(ready, found.ways)
    }
    kit = {one.id: one.rung for one in ready}
    assert {one.id for one in found.orders} == set(kit)
    for one in found.orders:
        assert kit[one.id] <= one.rung <= 9
        assert one.rung == kit[one.id] or shut(one, found.ways)


@given(orders, harm, levels)
@settings(max_examples=150, deadline=None)
def test_what_is_only_perhaps_there_sets_off_nothing_more_disruptive(
    prepared: list[Prepared], facts: dict[str, Any], allowed: int
) -> None:
    """What closes the certain ways by itself is the same with and without the others, and they make no more stand still.

    Where nothing is certain, or no look would see it, part may stand still; a question costs nothing.
    """
    found = planned(prepared, facts, allowed)
    first = [one for one in found.orders if one.rung == 1 and one.gate is None and shut(one, found.ways)]
    ready = [
        Ready(
            one.id,
            one.covers,
            True,
            one.reversible,
            one.gate is not None or not one.reversible,
            one.disruption,
            one.rung,
        )
        for one in live(prepared)
    ]
    alone = place(certain_of(found), ready, allowed)
    least = {one.id for one in live(prepared) if by_itself(one, allowed) and alone.rung.get(one.id) == 1}
    assert least <= {one.id for one in first}
    worst = max((one.disruption for one in first if one.id in least), default=2)
    outside = tuple(way for way in found.ways if way.outside)
    for one in first:
        assert one.disruption <= (max(worst, 2) if shut(one, outside) else worst)


@given(orders, harm, levels)
@settings(max_examples=150, deadline=None)
def test_nothing_gentler_waits_behind_what_is_more_disruptive(
    prepared: list[Prepared], facts: dict[str, Any], allowed: int
) -> None:
    """After the first rung, on which the least set stands: what runs by itself and closes a way is never after the blunter."""
    found = planned(prepared, facts, allowed)
    alone = [one for one in found.orders if one.gate is None and one.reversible and shut(one, found.ways)]
    kit = {one.order.id: one.order.rung for one in prepared}
    for one in alone:
        for blunter in alone:
            if blunter.disruption > one.disruption and blunter.rung >= max(2, kit[one.id]):
                assert one.rung <= blunter.rung


@given(orders, harm, levels)
@settings(max_examples=100, deadline=None)
def test_whoever_was_asked_before_is_asked_still(prepared: list[Prepared], facts: dict[str, Any], allowed: int) -> None:
    """No gate is lost; what can't be undone always has one; what disrupts too much for the severity gets one."""
    kit = {one.order.id: one.order for one in prepared}
    for one in planned(prepared, facts, allowed).orders:
        mine = kit[one.id]
        assert one.gate == mine.gate or (mine.gate is None and one.gate == ASK)
        assert one.gate is not None or one.reversible
        assert (one.gate is not None) == (mine.gate is not None or not mine.reversible or (
            mine.disruption > allowed and mine.rung == 1
        ))  # fmt: skip
        assert replace(one.as_agreed(), gate=None, rung=1, reasons=(), proposed_by=()) == replace(
            mine, gate=None, rung=1
        )
        assert one.reasons


@given(orders, harm, levels, st.randoms())
@settings(max_examples=60, deadline=None)
def test_the_same_question_has_the_same_plan(
    prepared: list[Prepared], facts: dict[str, Any], allowed: int, random: Any
) -> None:
    """Whatever the order of the kit's actions and of the facts, and however often it is asked."""
    mixed, said = list(prepared), list(facts.items())
    random.shuffle(mixed)
    random.shuffle(said)
    again = planned(mixed, dict(said), allowed)
    assert again.orders == planned(prepared, facts, allowed).orders
    assert again.uncovered == planned(prepared, facts, allowed).uncovered


@given(orders, st.lists(st.sampled_from(TOOLS), min_size=1, unique=True), st.sampled_from(TOOLS), levels)
@settings(max_examples=60, deadline=None)
def test_more_harm_is_never_answered_with_less(
    prepared: list[Prepared], used: list[str], more: str, allowed: int
) -> None:
    """One more tool that was misused: the first rung closes all that it closed before."""
    before = planned(prepared, {"unauthorised_tool_actions": used}, allowed)
    after = planned(prepared, {"unauthorised_tool_actions": [*used, more]}, allowed)
    first = [[one for one in found.orders if one.rung == 1] for found in (before, after)]
    assert all_shut(first[0], before.ways) <= all_shut(first[1], after.ways)


@given(orders, harm, levels, st.sampled_from(["suggest", "act"]))
@settings(max_examples=80, deadline=None)
def test_where_everything_asks_the_least_is_asked_for(
    prepared: list[Prepared], facts: dict[str, Any], allowed: int, mode: Mode
) -> None:
    """In mode suggest, and where what called for it is not trusted: every certain way, by no more than it takes."""
    held = "nobody vouches for it" if mode == "act" else ""
    found = plan(prepared, facts, mode, ASK, held=held, surface=SURFACE, allowed=Allowed(allowed))
    certain = certain_of(found)
    may = [one for one in live(prepared) if one.reversible and one.rung == 1 and one.disruption <= allowed]
    assert all(one.gate for one in found.orders)
    first = [one for one in found.orders if one.rung == 1 and one.reversible and one.disruption <= allowed]
    assert all_shut(may, certain) <= all_shut(first, certain)
    for one in first:
        if mine := shut(one, certain):
            others = [other for other in first if other.id != one.id]
            assert shut(one, found.ways) - mine or mine - all_shut(others, certain)


@given(orders, harm, levels)
@settings(max_examples=100, deadline=None)
def test_judged_again_with_its_first_rung_in_force_nothing_more_begins(
    prepared: list[Prepared], facts: dict[str, Any], allowed: int
) -> None:
    """Two judgements of the same facts: what runs by itself on the first rung is the same set, and it stays the same."""

    def unasked(found: Plan) -> set[str]:
        return {one.id for one in found.orders if one.rung == 1 and one.gate is None and shut(one, found.ways)}

    before = unasked(planned(prepared, facts, allowed))
    after = plan(prepared, facts, "act", ASK, surface=SURFACE, allowed=Allowed(allowed), in_force=sorted(before))
    assert unasked(after) == before
