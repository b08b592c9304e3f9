"""Looking into answers by JSON pointer."""

from __future__ import annotations

from typing import Any

import pytest

from halon.connectors.pointers import MISSING, lookup, unmet

DOCUMENT = {"a": {"b": [10, {"c/d": None}], "~": 1}, "on": True}


@pytest.mark.parametrize(
    ("pointer", "found"),
    [("", DOCUMENT), ("/on", True), ("/a/b/0", 10), ("/a/b/1/c~1d", None), ("/a/~0", 1), ("/a/b/2", MISSING),
     ("/a/b/01", MISSING), ("/a/b/-1", MISSING), ("/on/x", MISSING), ("/none", MISSING)],
)  # fmt: skip
def test_pointers_follow_rfc_6901(pointer: str, found: object) -> None:
    """A pointer finds a value, null among them, or that there is none."""
    assert lookup(DOCUMENT, pointer) == found


def test_what_is_not_as_expected_is_said_in_words() -> None:
    """Each expectation that is not met gives a sentence with the place, what is there, and what should be."""
    reasons = unmet({"/on": False, "/none": 1, "/a/b/0": 10}, DOCUMENT)
    assert reasons == ("/on is true; false was expected", "/none is missing; 1 was expected")


def test_true_is_not_one() -> None:
    """Types count, while 1 and 1.0 are one number and the order of keys does not matter."""
    assert unmet({"/x": 1}, {"x": True}) == ("/x is true; 1 was expected",)
    assert unmet({"/x": 1.0, "/y": {"a": 1, "b": 2}}, {"x": 1, "y": {"b": 2, "a": 1}}) == ()


def test_a_text_that_is_no_pointer_is_an_error() -> None:
    """A pointer starts with a slash."""
    with pytest.raises(ValueError, match="starts with /"):
        lookup({}, "on")


@pytest.mark.parametrize(
    ("document", "pointer", "found"),
    [
        ([{"id": 7, "on": True}, {"id": 70}], "/[id=7]/on", True),
        ({"items": [{"name": "a/b"}]}, "/items/[name=a~1b]/name", "a/b"),
        ({"member": {"Id": "x", "Status": "Off"}}, "/member/[Id=x]/Status", "Off"),
        ([{"id": 7}, {"id": "7"}], "/[id=7]", MISSING),
        ([{"id": 70}], "/[id=7]", MISSING),
        ([{"id": True}], "/[id=true]/id", True),
        ({"[id=7]": 1}, "/[id=7]", MISSING),
        ("text", "/[id=7]", MISSING),
    ],
)
def test_the_one_item_of_a_list_is_found_by_what_it_is(document: Any, pointer: str, found: Any) -> None:
    """One item that fits is found; none, or several, is nothing. XML reads a list of one as the item itself."""
    assert lookup(document, pointer) == found


@pytest.mark.parametrize(
    ("document", "pointer", "fits"),
    [
        ([], "/[id=7]", True), ([{"id": 8}], "/[id=7]", True), ([{"id": 7}], "/[id=7]", False), ({}, "/[id=7]", False),
        (None, "/0", False), ([], "/0", True), ([1], "/0", False), ({}, "/0", False),
        ({"spec": {}}, "/spec/egress", True), ({"spec": {"egress": []}}, "/spec/egress", False),
        ({}, "/spec/egress", False), ({"error": "no"}, "/items/0", False), ({"items": []}, "/items/0", True),
    ],
)  # fmt: skip
def test_that_nothing_is_there_is_seen_only_where_something_could_be(document: Any, pointer: str, fits: bool) -> None:
    """An empty list lacks the item; an error page, or an answer about something else, says nothing of it."""
    assert (unmet({f"!{pointer}": None}, document) == ()) is fits
