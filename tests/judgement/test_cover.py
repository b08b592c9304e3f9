"""The least disruptive cover: never beaten by another set, never irreversible without need, the same each time."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from halon.judgement.cover import Budget, Candidate, cover

WAYS = ("agent:", "credential:token", "output:mail", "source:wiki", "tool:mail", "tool:refund")
candidate = st.builds(
    Candidate,
    id=st.sampled_from("abcdefghij"),
    covers=st.frozensets(st.sampled_from(WAYS), max_size=4),
    reversible=st.booleans(),
    disruption=st.integers(0, 4),
)
candidates = st.lists(candidate, max_size=8, unique_by=lambda one: one.id)
ways = st.lists(st.sampled_from(WAYS), max_size=6)


def cost(chosen: tuple[Candidate, ...]) -> tuple[int, int, int, int, list[str]]:
    """The order that the module's words name, written again."""
    disruptions = [one.disruption for one in chosen]
    names = sorted(one.id for one in chosen)
    return sum(not one.reversible for one in chosen), max(disruptions, default=0), sum(disruptions), len(chosen), names


def covered(chosen: tuple[Candidate, ...]) -> set[str]:
    """Every way that one of them covers."""
    return {way for one in chosen for way in one.covers}


@given(ways, candidates, st.integers(0, 4))
@settings(max_examples=300, deadline=None)
def test_no_other_set_is_better(wanted: list[str], given_: list[Candidate], allowed: int) -> None:
    """Against every subset there is: as many ways are covered, and no set that covers them costs less."""
    found = cover(wanted, given_, allowed)
    able = [one for one in given_ if one.disruption <= allowed]
    reachable = covered(tuple(able)) & set(wanted)
    assert set(found.uncovered) == set(wanted) - reachable
    every = (some for size in range(len(able) + 1) for some in combinations(able, size))
    best = min((some for some in every if reachable <= covered(some)), key=cost)
    assert sorted(found.chosen) == cost(best)[4]
    assert found.exact


@given(ways, candidates)
@settings(max_examples=200, deadline=None)
def test_what_can_be_undone_comes_first(wanted: list[str], given_: list[Candidate]) -> None:
    """An action that can't be undone is chosen only for a way that none which can be undone covers."""
    by_id = {one.id: one for one in given_}
    undoable = covered(tuple(one for one in given_ if one.reversible))
    for name in cover(wanted, given_).chosen:
        if not by_id[name].reversible:
            assert by_id[name].covers & set(wanted) - undoable


@given(ways, candidates, st.randoms())
@settings(max_examples=200, deadline=None)
def test_the_order_of_the_question_changes_nothing(wanted: list[str], given_: list[Candidate], random: object) -> None:
    """Shuffled and repeated, it is the same answer."""
    mixed, asked = list(given_), [*wanted, *wanted]
    random.shuffle(mixed)  # type: ignore[attr-defined]
    random.shuffle(asked)  # type: ignore[attr-defined]
    assert cover(asked, mixed) == cover(wanted, given_)


@given(ways, candidates)
@settings(max_examples=200, deadline=None)
def test_a_search_without_steps_covers_as_much_and_says_that_it_was_cut_short(
    wanted: list[str], given_: list[Candidate]
) -> None:
    """The best found at once: everything is covered that can be, nothing in it is needless, no worse disruption."""
    found, best = cover(wanted, given_, budget=Budget(0)), cover(wanted, given_)
    by_id = {one.id: one for one in given_}
    chosen = [by_id[name] for name in found.chosen]
    assert found.uncovered == best.uncovered
    assert found.exact is not bool(found.chosen)
    for one in chosen:
        rest = covered(tuple(other for other in chosen if other is not one)) & set(wanted)
        assert rest != covered(tuple(chosen)) & set(wanted)
    if all(by_id[name].reversible for name in best.chosen):
        assert cost(tuple(chosen))[:2] == cost(tuple(by_id[name] for name in best.chosen))[:2]


def test_two_hundred_actions_are_searched_to_the_end() -> None:
    """The sizes that occur are exact: twelve ways, two hundred actions that overlap."""
    wanted = [f"tool:t{number}" for number in range(12)]
    many = [
        Candidate(f"a{number:03}", frozenset(wanted[(number * 7 + step * (1 + number % 5)) % 12] for step in range(1 + number % 4)),
                  number % 3 != 0, number % 5)
        for number in range(200)
    ]  # fmt: skip
    assert cover(wanted, many).exact
    assert cover(wanted, many).uncovered == ()
