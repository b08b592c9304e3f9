"""Who suffices for a gate: a quorum of roles, and beside it each role that must be among them, in a person of its own."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from halon.incident import quorum
from halon.incident.orders import GatePolicy

ROLES = ("sec", "dpo", "lead", "cmd")
people = st.dictionaries(st.sampled_from("abcdef"), st.lists(st.sampled_from(ROLES), max_size=3).map(tuple), max_size=6)
every = st.lists(st.sampled_from(ROLES), max_size=4, unique=True).map(tuple)


def policy(roles: tuple[str, ...] = ("sec",), number: int = 1, **fields: object) -> GatePolicy:
    return GatePolicy(roles, number, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("asked", "there", "short", "lacks"),
    [
        (policy(), {}, 1, "1 more of sec still has to agree"),
        (policy(), {"a": ("sec",)}, 0, ""),
        (policy(("sec", "cmd"), 3), {"a": ("sec",)}, 2, "2 more of sec or cmd still have to agree"),
        (policy(every=("dpo",)), {"a": ("sec",)}, 1, "a dpo still has to agree"),
        (policy(every=("sec", "dpo")), {"a": ("sec", "dpo")}, 1, "one more of sec or dpo still has to agree"),
        (policy(every=("sec", "dpo")), {"a": ("sec", "dpo"), "b": ("dpo",)}, 0, ""),
        (policy(every=("sec", "dpo")), {"a": ("sec", "dpo"), "b": ("sec",)}, 0, ""),
        (policy(every=("sec", "dpo")), {"a": ("sec", "dpo"), "b": ("cmd",)}, 1, "one more of sec or dpo still has to agree"),
        (policy(("cmd",), 1, every=("sec",)), {"a": ("sec",)}, 1, "1 more of cmd still has to agree"),
        (policy(("cmd",), 2, every=("ops",)), {}, 2, "2 more of cmd and an ops still have to agree"),
        (policy(("cmd",), 1, every=("cmd",)), {"a": ("cmd",)}, 0, ""),
    ],
)  # fmt: skip
def test_who_is_still_missing(asked: GatePolicy, there: dict[str, tuple[str, ...]], short: int, lacks: str) -> None:
    """One person counts for the quorum and for one of the roles that must be there, never for two of these."""
    assert quorum.short_of(asked, there) == short
    assert quorum.enough(asked, there) is (short == 0)
    assert quorum.lacking(asked, there) == lacks


def by_trying(wanted: tuple[str, ...], there: dict[str, tuple[str, ...]]) -> bool:
    """Whether distinct people can stand for the roles, found by trying every order of them."""
    return any(
        all(role in there[name] for role, name in zip(wanted, order, strict=True))
        for order in permutations(there, len(wanted))
    )


@settings(max_examples=400, deadline=None)
@given(every, people)
def test_people_are_matched_to_roles_exactly(wanted: tuple[str, ...], there: dict[str, tuple[str, ...]]) -> None:
    """Whoever holds several roles is put where they are needed; nobody stands for two."""
    found = quorum.matched(wanted, there)
    assert len(set(found.values())) == len(found)
    assert all(wanted[at] in there[name] for at, name in found.items())
    assert (len(found) == len(wanted)) is by_trying(wanted, there)


@settings(max_examples=200, deadline=None)
@given(every, people, st.integers(1, 3))
def test_who_is_said_to_be_missing_would_help(
    wanted: tuple[str, ...], there: dict[str, tuple[str, ...]], number: int
) -> None:
    """A newcomer of any role that is named brings the matching on, one of another role does not; more people never harm."""
    asked = policy(("sec",), number, every=wanted)
    found = len(quorum.matched(wanted, there))
    named = quorum.wanted(wanted, there, found)
    for role in ROLES:
        assert (len(quorum.matched(wanted, {**there, "z": (role,)})) > found) is (role in named)
        assert quorum.short_of(asked, {**there, "z": (role,)}) <= quorum.short_of(asked, there)
    assert bool(quorum.lacking(asked, there)) is not quorum.enough(asked, there)


def test_whoever_holds_a_role_that_must_be_there_may_answer() -> None:
    """Of those who may say no the kit may name fewer; breaking the glass is for those it names, or else for all of them."""
    asked = policy(every=("dpo",), veto=("dpo",), break_glass=2)
    assert [quorum.may_answer(asked, (role,)) for role in ROLES] == [True, True, False, False]
    assert [quorum.may_refuse(asked, (role,)) for role in ROLES] == [False, True, False, False]
    assert [quorum.may_break(asked, (role,)) for role in ROLES] == [True, True, False, False]
    named = policy(break_glass=1, break_glass_roles=("lead",))
    assert [quorum.may_break(named, (role,)) for role in ROLES] == [False, False, True, False]
    assert not quorum.may_break(policy(), ROLES)
    assert quorum.may_refuse(policy(), ("sec",))
    assert quorum.needed(asked) == "1 of sec, and among them a dpo"
    assert quorum.in_short(policy(every=("dpo", "cmd"))) == "sec, and a dpo and a cmd"
