"""One spelling for each JSON value."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from halon.incident.canonical import NotCanonical, canonical, digest, plain
from halon.record import verify

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT
)
JSON = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4))
ANYTHING = st.recursive(
    LEAVES | st.floats() | st.integers() | st.text(st.characters()) | st.binary() | st.just(object),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(st.characters()) | st.integers() | st.none(), inner, max_size=4)
    ),
)


@given(JSON)
def test_reading_the_canonical_form_gives_the_value_back(value: Any) -> None:
    """Nothing is lost: not the sign of a zero, not the last digit of a float."""
    read = json.loads(canonical(value))
    assert (value, repr(value) if isinstance(value, float) else "") == (
        read,
        repr(read) if isinstance(value, float) else "",
    )
    assert canonical(value) == canonical(read)


@given(JSON)
def test_the_verifier_that_leaves_the_house_spells_values_the_same_way(value: Any) -> None:
    """The verifier repeats the rules on purpose; both must agree on every value."""
    assert canonical(value) == verify.canonical(value)


@given(ANYTHING)
def test_plain_gives_anything_a_canonical_form(value: Any) -> None:
    """Unchecked input can't make the record fail."""
    tamed = plain({"data": value})
    assert json.loads(canonical(tamed)) == tamed
    assert plain(tamed) == tamed


@given(JSON)
def test_plain_leaves_a_canonical_value_as_it_is(value: Any) -> None:
    """Taming changes only what has no canonical form."""
    assert plain(value) == value


def test_the_order_of_keys_and_white_space_do_not_matter() -> None:
    """Two spellings of one object have one digest, and it is the SHA-256 of these bytes."""
    assert canonical({"b": [1, 2.5], "a": "ü"}) == b'{"a":"\xc3\xbc","b":[1,2.5]}'
    assert digest(json.loads('{ "b": 1, "a": 2 }')) == digest({"a": 2, "b": 1})
    assert digest({}) == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"


@pytest.mark.parametrize(
    ("value", "named"),
    [
        ({"a": [math.nan]}, "value.a[0]"),
        (math.inf, "value"),
        (2**63, "64 bits"),
        ("\ud800", "surrogate"),
        ({1: "x"}, "not text"),
        ({"x": b"bytes"}, "bytes"),
    ],
)
def test_a_value_without_canonical_form_is_refused_with_its_place(value: Any, named: str) -> None:
    """What can't be spelled in one way is refused, and the message says where it is."""
    with pytest.raises(NotCanonical, match=named.replace("[", r"\[").replace("]", r"\]")):
        canonical(value)


def test_nesting_is_bounded_instead_of_ending_in_a_recursion_error() -> None:
    """A value nested ten thousand deep is refused by one and cut by the other."""
    deep: Any = "end"
    for _ in range(10_000):
        deep = [deep]
    with pytest.raises(NotCanonical, match="64 levels"):
        canonical(deep)
    assert b"[too deep]" in canonical(plain(deep))


def test_keys_that_become_the_same_text_both_stay() -> None:
    """No item vanishes because its key had to be spelled."""
    assert plain({1: "a", "1": "b"}) != plain({"1": "b"})
    assert sorted(plain({"\ud800": "a", "\ufffd\ufffd\ufffd": "b"}).values()) == ["a", "b"]
